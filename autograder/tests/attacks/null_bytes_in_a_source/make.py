"""Builds what git cannot hold: see attack.toml."""

from pathlib import Path

SCALE = "class Scale:\n    pass\n"


def make(folder: Path) -> Path:
    """Return the submission."""
    (folder / "scale.py").write_bytes(SCALE.encode() + b"\0" * 1000 + SCALE.encode())
    return folder
