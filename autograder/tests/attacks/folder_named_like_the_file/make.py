"""Builds what git cannot hold: see attack.toml."""

from pathlib import Path

SCALE = "class Scale:\n    pass\n"


def make(folder: Path) -> Path:
    """Return the submission."""
    (folder / "scale.py").mkdir()
    (folder / "scale.py" / "__init__.py").write_text(SCALE)
    (folder / "stack.py").mkdir()
    (folder / "scale.py" / "scale.py").write_text("class Scale: pass")
    return folder
