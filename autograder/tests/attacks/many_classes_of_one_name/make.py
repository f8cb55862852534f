"""Builds what git cannot hold: see attack.toml."""

from pathlib import Path

SCALE = "class Scale:\n    pass\n"


def make(folder: Path) -> Path:
    """Return the submission."""
    for number in range(1500):
        (folder / f"copy{number}.py").write_text(SCALE * 20)
    (folder / "scale.py").write_text(SCALE * 1000)
    return folder
