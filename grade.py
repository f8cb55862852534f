"""Grade a submission: ``python grade.py SUBMISSION``."""

import sys

from autograder.cli import main

if __name__ == "__main__":
    sys.exit(main())
