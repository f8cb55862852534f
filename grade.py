"""Grade a submission: ``python grade.py SUBMISSION``."""

import sys

if __name__ == "__main__":
    try:
        # Imported here: Ctrl-C while the grader is still being read is a sentence too.
        from autograder.cli import main

        sys.exit(main())
    except KeyboardInterrupt:
        sys.stderr.write("grade.py: stopped before anything was graded\n")
        sys.exit(130)
