"""Build a notebook from its text source: the student's, or the one with solutions.

For staff. Class code comes from the stubs or from the reference, so that nothing exists twice. The
same source gives the same bytes.
"""

import argparse
import ast
import base64
import hashlib
import io
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.authoring.notebook.source import (
    NotebookSourceError,
    SourceCell,
    Version,
    choose_prose,
    read_source,
)
from autograder.cli import BadArguments, only_assignment
from autograder.manifest import Kit, KitError, load_kit
from autograder.results import write_atomically

_FIGURE = re.compile(r"!\[([^\]]*)\]\(figure:([\w-]+)\)")
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def build_notebook(source: Path, version: Version) -> NotebookNode:
    """Return the notebook that ``source`` describes. Raises NotebookSourceError, KitError."""
    kit = find_kit_of(source)
    cells = [cell for cell in read_source(source) if version in cell.versions]
    built = [_build_cell(kit, cell, version, source.name, n) for n, cell in enumerate(cells)]
    used = {cell.fill_class for cell in cells} - {""}
    missing = [layer.name for layer in kit.layers if layer.name not in used]
    if missing:
        raise NotebookSourceError(f"{source.name} never shows the class {missing[0]}")
    return nbformat.from_dict(  # type: ignore[no-untyped-call,no-any-return]
        {
            "cells": [cell for cell in built if cell is not None],
            "metadata": _METADATA,
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )


def find_kit_of(source: Path) -> Kit:
    """Return the assignment in whose staff folder a source lies. Raises NotebookSourceError."""
    for folder in source.resolve().parents:
        if (folder / "rubric.toml").is_file():
            return load_kit(folder.parents[1], folder.name)
    raise NotebookSourceError(
        f"{source} does not lie in a staff folder: none of the folders above it has a rubric.toml"
    )


def _build_cell(
    kit: Kit, cell: SourceCell, version: Version, name: str, number: int
) -> dict[str, Any] | None:
    attachments: dict[str, Any] = {}
    if cell.kind == "markdown":
        text = choose_prose(cell, version, name)
        if not text.strip():
            return None
        text = _FIGURE.sub(lambda m: _attach(m, attachments, cell, name), text)
    elif cell.fill_class:
        text = read_class(kit, cell.fill_class, version, cell, name)
    elif cell.fill_file:
        text = read_constants(kit, cell.fill_file, cell, name)
    else:
        text = cell.text
    digest = hashlib.sha256(f"{number} {cell.kind} {text}".encode()).hexdigest()
    built: dict[str, Any] = {
        "cell_type": cell.kind,
        "id": digest[:12],
        "metadata": {"tags": list(cell.tags)} if cell.tags else {},
        "source": text,
    }
    if attachments:
        built["attachments"] = attachments
    if cell.kind == "code":
        built |= {"execution_count": None, "outputs": []}
    return built


def read_class(kit: Kit, class_name: str, version: Version, cell: SourceCell, name: str) -> str:
    """Return the source of a class: from the stub for students, else from the reference."""
    layer = kit.by_name.get(class_name)
    if layer is None:
        raise NotebookSourceError(
            f"{name}, line {cell.line}: the exercise has no class {class_name}; it has "
            f"{', '.join(kit.by_name)}"
        )
    folder = kit.student_folder if version == "student" else kit.staff_folder
    text = (folder / layer.file).read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef) and node.name == class_name:
            found = ast.get_source_segment(text, node)
            if found:
                return found
    raise KitError(f"{folder / layer.file} does not define {class_name}")


def read_constants(kit: Kit, file: str, cell: SourceCell, name: str) -> str:
    """Return the assignments of a file that is handed out ready-made."""
    if file not in kit.given:
        raise NotebookSourceError(f"{name}, line {cell.line}: {file} is not handed out ready-made")
    text = (kit.student_folder / file).read_text(encoding="utf-8")
    wanted = (ast.Assign, ast.AnnAssign)
    parts = [ast.get_source_segment(text, n) for n in ast.parse(text).body if isinstance(n, wanted)]
    return "\n".join(part for part in parts if part)


def _attach(
    match: "re.Match[str]", attachments: dict[str, Any], cell: SourceCell, name: str
) -> str:
    from data_utils.diagrams import draw  # matplotlib, wanted for pictures only

    words, figure_name = match.groups()
    try:
        figure = draw(figure_name)
    except ValueError as error:
        raise NotebookSourceError(f"{name}, line {cell.line}: {error}") from None
    stream = io.BytesIO()
    # No date and no version in the file: the same figure is the same bytes.
    figure.savefig(stream, format="png", dpi=110, bbox_inches="tight", metadata={"Software": None})
    file = f"{figure_name}.png"
    attachments[file] = {"image/png": base64.b64encode(stream.getvalue()).decode("ascii")}
    return f"![{words}](attachment:{file})"


def has_source(kit: Kit) -> bool:
    """Whether an assignment has a notebook."""
    return any((kit.staff_folder / "notebook").glob("*.md"))


def find_source(kit: Kit) -> Path:
    """Return an assignment's notebook source. Raises NotebookSourceError where it has none."""
    folder = kit.staff_folder / "notebook"
    for path in sorted(folder.glob("*.md")):
        return path
    raise NotebookSourceError(f"{folder} holds no source of a notebook (a .md file)")


def student_notebook_path(kit: Kit, source: Path) -> Path:
    """Return where the built student notebook is kept."""
    return kit.student_folder / f"{source.stem}.ipynb"


def write_notebook(notebook: NotebookNode) -> str:
    """Return a notebook's file as text."""
    return str(nbformat.writes(notebook)).rstrip() + "\n"  # type: ignore[no-untyped-call]


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the student notebook that is handed out; 0, or 3 with one sentence."""
    parser = argparse.ArgumentParser(prog="build-notebook", description=main.__doc__)
    parser.add_argument("--kit", type=Path, default=Path.cwd(), metavar="FOLDER")
    parser.add_argument("--assignment", metavar="NAME")
    options = parser.parse_args(arguments)
    try:
        kit = load_kit(options.kit.resolve(), options.assignment or only_assignment(options.kit))
        source = find_source(kit)
        path = student_notebook_path(kit, source)
        write_atomically(path, write_notebook(build_notebook(source, "student")))
    except (BadArguments, KitError, NotebookSourceError, OSError) as error:
        print(f"build-notebook: {error}", file=sys.stderr)
        return 3
    print(f"written: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
