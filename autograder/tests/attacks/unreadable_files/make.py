"""Builds what git cannot hold: see attack.toml."""

from pathlib import Path

SCALE = "class Scale:\n    pass\n"


def make(folder: Path) -> Path:
    """Return the submission."""
    for name in ("locked.py", "scale.py"):
        (folder / name).write_text(SCALE)
        (folder / name).chmod(0)
    (folder / "inner").mkdir(mode=0)
    return folder
