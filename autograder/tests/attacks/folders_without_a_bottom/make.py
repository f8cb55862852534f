"""Builds what git cannot hold: see attack.toml."""

from pathlib import Path

SCALE = "class Scale:\n    pass\n"


def make(folder: Path) -> Path:
    """Return the submission."""
    (folder / "scale.py").write_text(SCALE)
    here = folder
    for _ in range(150):
        here = here / "deep"
    here.mkdir(parents=True)
    (here / "scale.py").write_text(SCALE)
    return folder
