"""Builds what git cannot hold: see attack.toml."""

import json
from pathlib import Path

REFERENCE = Path(__file__).parents[2] / "toy_course" / "solutions" / "toy"


def make(folder: Path) -> Path:
    """Return the submission."""
    scale, stack = ((REFERENCE / f"{name}.py").read_text() for name in ("scale", "stack"))
    stack = stack.replace("from .scale import Scale\n", "")
    cells = [scale + "\nx = " + "-" * 90_000 + "1\n", "!pip install torch\n" + stack]
    path = folder / "homework.ipynb"
    book = {"cells": [{"cell_type": "code", "source": cell} for cell in cells], "nbformat": 4}
    path.write_text(json.dumps(book))
    return path
