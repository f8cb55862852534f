"""Builds what git cannot hold: see attack.toml."""

from pathlib import Path

SCALE = "class Scale:\n    pass\n"


def make(folder: Path) -> Path:
    """Return the submission."""
    deep = "x = " + "-" * 90_000 + "1\ny = " + "(" * 150 + ")" * 150 + "\nz = " + "a." * 90_000 + "a\n"
    (folder / "scale.py").write_text(SCALE + deep)
    return folder
