"""Builds what git cannot hold: see attack.toml."""

from pathlib import Path

SCALE = "class Scale:\n    pass\n"


def make(folder: Path) -> Path:
    """Return the submission."""
    path = folder / "work.ipynb"
    cell = '{"cell_type": "code", "source": "class Scale: pass"}'
    path.write_text('{"cells": [' + cell + '], "x": [' + "[],{}," * 5_000_000 + "0]}")
    return path
