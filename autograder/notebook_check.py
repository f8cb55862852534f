"""Check a class from inside a notebook: what ``grade.py --layer`` would say, below the cell.

Runs in the student's own kernel; the grading itself is done by ``grade.py`` in another process.

    from autograder.notebook_check import check
    check(MultiHeadAttention)
"""

import inspect
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

_LIMIT_S = 300.0
_PACKAGE_ROOT = Path(__file__).resolve().parents[1]


def check(layer: type | str | None = None, *, assignment: str = "bert") -> None:
    """Print what the grader says of one class as it stands in this kernel, or of all of them.

    Arguments:
        layer: a class, or its name; None checks everything, without the short training.
        assignment: which exercise.

    Prints a sentence, and raises nothing, where the class is no class of the exercise or the
    checks are not on this machine.
    """
    root = find_kit(assignment)
    if root is None:
        print("The checks are not on this machine: hand in your work where your course grades it.")
        return
    if layer is not None and not isinstance(layer, type | str):
        print("check takes a class, as in check(Pooler); it was given something else.")
        return
    name = layer.__name__ if isinstance(layer, type) else layer
    sources = collect_sources(layer if isinstance(layer, type) else None)
    if not sources:
        print("There is nothing to check yet: run the cell that defines the class first.")
        return
    print(grade_sources(root, assignment, sources, name))


def find_kit(assignment: str) -> Path | None:
    """Return the folder that holds the exercise's checks, or None where they are not at hand."""
    places = [Path.cwd(), *Path.cwd().parents, _PACKAGE_ROOT]
    for folder in places:
        if (folder / "solutions" / assignment / "rubric.toml").is_file():
            return folder
    return None


def collect_sources(layer: type | None) -> list[str]:
    """Return the code that was run in this kernel, in order; without one, the class's own text."""
    try:
        from IPython import get_ipython
    except ImportError:
        shell = None
    else:
        shell = get_ipython()  # type: ignore[no-untyped-call]
    history = shell.user_ns.get("In", []) if shell is not None else []
    cells = [cell for cell in history if isinstance(cell, str) and cell.strip()]
    if cells:
        return cells
    if layer is None:
        return []
    try:
        module = inspect.getmodule(layer)
        return [inspect.getsource(module if module is not None else layer)]
    except (OSError, TypeError):
        return []


def grade_sources(root: Path, assignment: str, sources: Sequence[str], name: str | None) -> str:
    """Write the sources as a notebook, grade it in a process of its own, return the report."""
    cells = [{"cell_type": "code", "source": text, "metadata": {}} for text in sources]
    with tempfile.TemporaryDirectory() as scratch:
        notebook = Path(scratch) / "this notebook.ipynb"
        notebook.write_text(
            json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}),
            encoding="utf-8",
        )
        command = [
            sys.executable, "-m", "autograder.cli", str(notebook), "--kit", str(root),
            "--assignment", assignment, "--no-training",
        ]  # fmt: skip
        command += ["--layer", name] if name else []
        paths = [str(_PACKAGE_ROOT), os.environ.get("PYTHONPATH", "")]
        # A kernel asks its children for colours, which would stand in the output as codes.
        own = {k: v for k, v in os.environ.items() if k not in ("FORCE_COLOR", "CLICOLOR_FORCE")}
        environment = {**own, "PYTHONPATH": os.pathsep.join(filter(None, paths)),
                       "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"}  # fmt: skip
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, encoding="utf-8", errors="replace",
                timeout=_LIMIT_S, env=environment, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"The check was stopped after {_LIMIT_S:g} s: does a class loop for ever?"
    return (done.stdout.strip() or done.stderr.strip().removeprefix("grade.py: ")).strip()
