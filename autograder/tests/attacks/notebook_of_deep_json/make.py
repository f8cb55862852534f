"""Builds what git cannot hold: see attack.toml."""

from pathlib import Path

SCALE = "class Scale:\n    pass\n"


def make(folder: Path) -> Path:
    """Return the submission."""
    path = folder / "work.ipynb"
    path.write_text('{"cells": ' + "[" * 200_000 + '"class Scale"' + "]" * 200_000 + "}")
    return path
