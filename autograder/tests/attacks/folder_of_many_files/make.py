"""Builds what git cannot hold: see attack.toml."""

from pathlib import Path

SCALE = "class Scale:\n    pass\n"


def make(folder: Path) -> Path:
    """Return the submission."""
    for number in range(21_000):
        (folder / f"x{number}").touch()
    (folder / "scale.py").write_text(SCALE)
    return folder
