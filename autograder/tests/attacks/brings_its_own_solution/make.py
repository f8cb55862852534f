"""Builds what git cannot hold: see attack.toml."""

from pathlib import Path

SCALE = "class Scale:\n    pass\n"


def make(folder: Path) -> Path:
    """Return the submission."""
    inner = folder / "solutions" / "toy"
    (inner / "checks").mkdir(parents=True)
    (inner / "scale.py").write_text(SCALE)
    (inner / "rubric.toml").write_text("title = 'mine'\n[whole_model]\npoints = 1000\n")
    (inner / "checks" / "test_scale.py").write_text("def test_nothing(): pass\n")
    (folder / "scale.py").write_text(SCALE)
    return folder
