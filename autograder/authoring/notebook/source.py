"""Read a notebook's text source: Markdown with fenced cells, two versions in one file.

For staff; reads text, imports nothing of it. The format:

    ```python                       a code cell; the text between code cells is Markdown
    ```python student               a code cell of one version only (or: solution)
    ```python class=Pooler          filled with the class: the stub's, or the reference's
    ```python file=hyperparameters.py   filled with the constants of a file that is handed out
    ```python tags=a,b              a code cell with tags
    +++                             alone on a line: a new Markdown cell begins
    ::: student  ...  :::           Markdown of one version only (or: solution)
    ![words](figure:NAME)           a picture drawn by data_utils.diagrams
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Version = Literal["student", "solution"]
VERSIONS: tuple[Version, ...] = ("student", "solution")
_FENCE = re.compile(r"^(`{3,})(.*)$")
_KEYS = ("class", "file", "tags")


class NotebookSourceError(Exception):
    """The source cannot be built; one sentence with the line where it goes wrong."""


@dataclass(frozen=True)
class SourceCell:
    """A cell as written: its kind, text, where it begins, and whom it is for."""

    kind: Literal["code", "markdown"]
    text: str
    line: int
    versions: tuple[Version, ...] = VERSIONS
    fill_class: str = ""
    fill_file: str = ""
    tags: tuple[str, ...] = field(default_factory=tuple)


def read_source(path: Path) -> list[SourceCell]:
    """Read a source file. Raises NotebookSourceError with one sentence."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise NotebookSourceError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise NotebookSourceError(f"{path} is not UTF-8") from None
    return parse_source(text, path.name)


def parse_source(text: str, name: str = "the source") -> list[SourceCell]:
    """Cut a source into cells. Raises NotebookSourceError with one sentence."""
    cells: list[SourceCell] = []
    prose: list[str] = []
    began = 1
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        line = lines[number]
        fence = _FENCE.match(line)
        if fence and fence[2].split()[:1] == ["python"]:
            _end_prose(cells, prose, began)
            end = _find_end(lines, number, fence[1], name)
            body = "\n".join(lines[number + 1 : end])
            cells.append(_read_code(fence[2].split()[1:], body, number + 1, name))
            number = end + 1
            began = number + 1
            continue
        if fence:
            # A block of another language is a part of the prose, whatever stands in it.
            end = _find_end(lines, number, fence[1], name)
            prose += lines[number : end + 1]
            number = end + 1
            continue
        if line.strip() == "+++":
            _end_prose(cells, prose, began)
            began = number + 2
        else:
            prose.append(line)
        number += 1
    _end_prose(cells, prose, began)
    for cell in cells:
        if cell.kind == "markdown":
            for version in VERSIONS:
                choose_prose(cell, version, name)
    return cells


def _end_prose(cells: list[SourceCell], prose: list[str], began: int) -> None:
    text = "\n".join(prose).strip("\n")
    if text.strip():
        cells.append(SourceCell("markdown", text, began))
    prose.clear()


def _find_end(lines: list[str], start: int, ticks: str, name: str) -> int:
    for number in range(start + 1, len(lines)):
        if lines[number].rstrip() == ticks:
            return number
    raise NotebookSourceError(f"{name}, line {start + 1}: this block is never closed with {ticks}")


def _read_code(words: list[str], body: str, line: int, name: str) -> SourceCell:
    versions: tuple[Version, ...] = VERSIONS
    values: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if word == "student":
            versions = ("student",)
        elif word == "solution":
            versions = ("solution",)
        elif equals and key in _KEYS and value:
            values[key] = value
        else:
            raise NotebookSourceError(
                f"{name}, line {line}: «{word}» means nothing here; known are student, solution, "
                "class=NAME, file=NAME and tags=A,B"
            )
    if ("class" in values or "file" in values) and body.strip():
        raise NotebookSourceError(f"{name}, line {line}: a cell that is filled in must be empty")
    return SourceCell(
        "code", body.strip("\n"), line, versions, values.get("class", ""), values.get("file", ""),
        tuple(tag for tag in values.get("tags", "").split(",") if tag),
    )  # fmt: skip


def choose_prose(cell: SourceCell, version: Version, name: str = "the source") -> str:
    """Return a Markdown cell's text for one version. Raises NotebookSourceError."""
    kept: list[str] = []
    only = ""
    in_code = ""
    for offset, line in enumerate(cell.text.splitlines()):
        fence = _FENCE.match(line)
        if fence and not in_code:
            in_code = fence[1]
        elif in_code and line.rstrip() == in_code:
            in_code = ""
        elif not in_code and line.startswith(":::"):
            word = line[3:].strip()
            if (only and word) or (not only and word not in VERSIONS):
                raise NotebookSourceError(
                    f"{name}, line {cell.line + offset}: «{line}» is out of place; write "
                    "«::: student» or «::: solution», and close it with «:::»"
                )
            only = word
            continue
        if only in ("", version):
            kept.append(line)
    if only:
        raise NotebookSourceError(
            f"{name}, line {cell.line}: «::: {only}» is not closed before its cell ends"
        )
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n")
