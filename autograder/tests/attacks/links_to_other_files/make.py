"""Builds what git cannot hold: see attack.toml."""

from pathlib import Path

SCALE = "class Scale:\n    pass\n"


def make(folder: Path) -> Path:
    """Return the submission."""
    (folder / "scale.py").symlink_to("/etc/passwd")
    (folder / "more.py").symlink_to(folder.parent / "sibling" / "stack.py")
    (folder / "other").symlink_to(folder.parent / "sibling")
    (folder / "circle").symlink_to(folder)
    (folder / "zero.py").symlink_to("/dev/zero")
    return folder
