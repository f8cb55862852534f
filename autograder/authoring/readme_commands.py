"""Print a command of the README, so that CI and tests run what readers are told to run.

``python -m autograder.authoring.readme_commands README.md student`` prints the code block that
follows the line ``<!-- command: student -->``. Standard library only: it runs before anything is
installed.
"""

import re
import sys
from pathlib import Path


def find_command(text: str, name: str) -> str:
    """Return the code block marked ``name``. Raises LookupError where there is none."""
    pattern = rf"<!-- command: {re.escape(name)} -->\n+```\w*\n(.*?)```"
    found = re.search(pattern, text, re.DOTALL)
    if found is None:
        message = f"no code block is marked <!-- command: {name} -->"
        raise LookupError(message)
    return found.group(1)


if __name__ == "__main__":
    try:
        print(find_command(Path(sys.argv[1]).read_text(encoding="utf-8"), sys.argv[2]), end="")
    except (LookupError, OSError, IndexError) as error:
        sys.exit(f"readme_commands: {error}")
