"""Builds what git cannot hold: see attack.toml."""

import zlib
from pathlib import Path

SCALE = "class Scale:\n    pass\n"


def make(folder: Path) -> Path:
    """Return the submission."""
    packed = zlib.compress(bytes(200 * 2**20))
    (folder / "scale.py").write_bytes(b"# coding: zlib_codec\n# class Scale\n" + packed)
    return folder
