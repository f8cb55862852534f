"""Read the code cells of a notebook file.

Runs on the trusted side, on hostile bytes: only JSON is read here; the cells' Python is parsed in
the sandbox.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from autograder.trusted.codings import NOT_UTF_8

# Every value in JSON but the first follows a comma or a bracket, and takes up to about a hundred
# bytes of memory for the few it has in the file: this many cost a third of a GiB, briefly. A large
# notebook is large by its pictures, which are long texts without commas.
_VALUES_MAX = 3_000_000
_ZIP = b"PK\3\4"
# How files of gzip, bzip2, xz and 7z begin.
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf")
# What git writes between two versions of a file that it could not merge.
_UNMERGED = re.compile(rb"^[ \t]{0,8}<{7} ", re.MULTILINE)


class UnreadableNotebook(Exception):
    """The bytes are no notebook; the sentence says what to do."""


@dataclass(frozen=True)
class NotebookCell:
    """A code cell: its place among all cells, counted from 1, and its text."""

    number: int
    source: str


@dataclass(frozen=True)
class Notebook:
    """The code cells of a notebook, in order; ``malformed`` numbers those no one could read."""

    path: str
    cells: tuple[NotebookCell, ...]
    malformed: tuple[int, ...] = ()


def read_notebook_cells(path: str, content: bytes) -> Notebook:
    """Return the code cells of a notebook of format 3 or 4, or raise UnreadableNotebook."""
    if not content.strip():
        raise UnreadableNotebook("the notebook is empty: was it saved before it was sent?")
    if content.startswith(_ZIP):
        raise UnreadableNotebook("it is a zip archive, not a notebook: let its name end in .zip")
    if content.startswith(_PACKED):
        raise UnreadableNotebook("it is packed or compressed, and no notebook as it is: unpack it")
    if sum(map(content.count, (b",", b"[", b"{"))) > _VALUES_MAX:
        raise UnreadableNotebook("the notebook's outputs are too many: clear them and save again")
    try:
        coding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        data = json.loads(content.decode(coding))
    except UnicodeError:
        raise UnreadableNotebook(f"the notebook {NOT_UTF_8}") from None
    except RecursionError:
        raise UnreadableNotebook(
            "the notebook is nested too deeply to be one: save or download it again"
        ) from None
    except (ValueError, MemoryError) as error:
        raise UnreadableNotebook(_explain_other_text(content, error)) from None
    cells, malformed = _code_cells(_all_cells(data))
    return Notebook(path, tuple(cells), tuple(malformed))


def is_notebook(content: bytes) -> bool:
    """Whether a file's content is a notebook, by a glance, whatever it is called."""
    return _begin(content) == b"{" and b'"nbformat"' in content and b'"cells"' in content


def _begin(content: bytes) -> bytes:
    return content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]


def _explain_other_text(content: bytes, error: Exception) -> str:
    """Say what a file that is no JSON seems to be."""
    if _begin(content) == b"<":
        return "the file is a web page, such as one to sign in, and no notebook: download it again"
    if _UNMERGED.search(content):
        return (
            "two versions stand in the notebook side by side, as git leaves them ( <<<<<<< ): keep "
            "one, or hand in a copy from before the merge"
        )
    if _begin(content) != b"{" and content[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return "the file is no notebook: save it as one, or let the name of Python code end in .py"
    if isinstance(error, json.JSONDecodeError) and not _is_cut_off(error):
        return (
            f"the notebook is no JSON from its line {error.lineno} on (edited by hand?): save it "
            "from Jupyter, or download it again"
        )
    return "the notebook is not complete JSON (cut off in transfer?): save or download it again"


def _is_cut_off(error: json.JSONDecodeError) -> bool:
    """Whether all there is of a text may be the beginning of JSON."""
    return error.msg.startswith("Unterminated") or not error.doc[error.pos :].strip()


def _all_cells(data: Any) -> list[Any]:
    cells = data.get("cells") if isinstance(data, dict) else None
    if isinstance(cells, list):
        return cells
    sheets = data.get("worksheets") if isinstance(data, dict) else None
    if isinstance(sheets, list):
        lists = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
        return [cell for found in lists if isinstance(found, list) for cell in found]
    raise UnreadableNotebook(
        "the file is JSON but no notebook, it has no cells: save or download it again"
    )


def _code_cells(cells: list[Any]) -> tuple[list[NotebookCell], list[int]]:
    found, malformed = [], []
    for number, cell in enumerate(cells, start=1):
        kind = cell.get("cell_type") if isinstance(cell, dict) else None
        if isinstance(kind, str) and kind != "code":
            continue
        source = cell.get("source", cell.get("input")) if kind == "code" else None
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            source = "".join(source)
        if isinstance(source, str):
            # A lone surrogate, which JSON can spell, could not be sent on as UTF-8.
            found.append(NotebookCell(number, source.encode("utf-8", "replace").decode("utf-8")))
        else:
            malformed.append(number)
    return found, malformed
