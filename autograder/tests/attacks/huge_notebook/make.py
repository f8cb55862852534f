"""Builds what git cannot hold: see attack.toml."""

from pathlib import Path

SCALE = "class Scale:\n    pass\n"


def make(folder: Path) -> Path:
    """Return the submission."""
    path = folder / "work.ipynb"
    with path.open("w") as stream:
        stream.write('{"cells": [{"cell_type": "code", "source": "class Scale: pass"}], "x": "')
        for _ in range(80):
            stream.write("x" * 2**20)
        stream.write('"}')
    return path
