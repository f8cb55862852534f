"""Builds what git cannot hold: see attack.toml."""

import io
import zipfile
from pathlib import Path

SCALE = "class Scale:\n    pass\n"


def make(folder: Path) -> Path:
    """Return the submission."""
    content = SCALE.encode()
    for level in range(20):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(f"level{level}.zip" if level else "scale.py", content)
        content = buffer.getvalue()
    path = folder / "work.zip"
    path.write_bytes(content)
    return path
