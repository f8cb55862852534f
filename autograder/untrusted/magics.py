"""What Jupyter does with a cell's text before Python sees it: magics, shell lines, written files.

Runs inside the sandbox, on hostile text; executes nothing.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# Cell magics that run their body as the notebook's own Python. Any other runs another language,
# another process (``%%python``), a scope of its own (``%%timeit``) or nothing at all.
_RUN_IN_THE_NOTEBOOK = {"time", "capture", "prun"}
_SHELL_LINE = re.compile(
    # What follows the indentation is no space: else a long line of spaces is read in every way.
    r"^(\s*)(?:[%!?]|[\w.,\[\]][\w.,\s\[\]]*=\s*[%!]).*$|^(\s*)[\w.]+\?{1,2}\s*$"
)
_WRITES_A_FILE = re.compile(r"\s*%%\s*(?:writefile|file)[ \t]+((?:-a|--append)[ \t]+)?(\S.*?)\s*$")
_NAME_CHARS_MAX = 120


@dataclass(frozen=True)
class WrittenText:
    """What one cell writes into a file: lines are counted as in the cell."""

    cell: int
    text: str


def blank_magics(text: str) -> str:
    """Return a cell's text with its magics and shell lines blanked, line numbers unchanged.

    A cell whose first magic binds nothing in the notebook (``%%bash``) comes back empty.
    """
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if not line.strip():
            continue
        magic = re.match(r"\s*%%\s*(\w+)", line)
        if magic is None:
            break
        if magic.group(1) not in _RUN_IN_THE_NOTEBOOK:
            return ""
        lines[index] = ""
    text = "\n".join(lines)
    try:
        ast.parse(text)
    except SyntaxError:
        # Only now: a line that begins with % may be the continuation of an expression.
        text = "\n".join(_blank_shell_lines(text.split("\n")))
    except (ValueError, RecursionError, MemoryError):
        pass  # it nests too deep: who parses it to keep it says so
    return text


def _blank_shell_lines(lines: Iterable[str]) -> Iterator[str]:
    goes_on = False
    for line in lines:
        found = None if goes_on else _SHELL_LINE.match(line)
        if found is not None:
            yield (found.group(1) or found.group(2) or "") + "pass"
        else:
            yield "" if goes_on else line
        # A command may be continued like a statement: on the line after a backslash.
        goes_on = (goes_on or found is not None) and line.rstrip().endswith("\\")


def written_files(cells: Iterable[tuple[int, str]]) -> dict[str, list[WrittenText]]:
    """Return the Python files that a notebook's cells write, by name, as the last cell leaves them.

    The name is relative to where the notebook runs.
    """
    files: dict[str, list[WrittenText]] = {}
    for number, text in cells:
        lines = text.replace("\r\n", "\n").split("\n")
        first = next((index for index, line in enumerate(lines) if line.strip()), 0)
        magic = _WRITES_A_FILE.match(lines[first])
        name = _relative_name(magic.group(2)) if magic else ""
        if magic is None or not name:
            continue
        part = WrittenText(number, "\n" * (first + 1) + "\n".join(lines[first + 1 :]))
        files[name] = [*files.get(name, []), part] if magic.group(1) else [part]
    return files


def _relative_name(given: str) -> str:
    """Return the name of a written Python file, or '' where it is none or cannot be known."""
    path = given.strip("\"'").replace("\\", "/")
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    if path.startswith(("/", "~")):
        # Where a machine of the student's keeps it says nothing here.
        parts = parts[-1:]
    name = "/".join(parts)
    plain = name.isprintable() and len(name) <= _NAME_CHARS_MAX and not set(name) & set("{}$")
    return name if plain and name.endswith(".py") else ""
