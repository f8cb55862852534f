"""Builds what git cannot hold: see attack.toml."""

import zipfile
from pathlib import Path

SCALE = "class Scale:\n    pass\n"


def make(folder: Path) -> Path:
    """Return the submission."""
    path = folder / "work.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("/tmp/left-by-attack.py", SCALE)
        archive.writestr("scale.py", SCALE)
    return path
