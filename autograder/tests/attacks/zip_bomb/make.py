"""Builds what git cannot hold: see attack.toml."""

import zipfile
from pathlib import Path

SCALE = "class Scale:\n    pass\n"


def make(folder: Path) -> Path:
    """Return the submission."""
    path = folder / "work.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("scale.py", SCALE)
        with archive.open("scale2.py", "w") as entry:
            for _ in range(512):
                entry.write(bytes(2**21))
    return path
