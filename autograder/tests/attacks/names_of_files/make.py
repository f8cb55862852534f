"""Writes a submission whose files bear hostile names."""

from pathlib import Path

NAMES = ("\x1b[31mred.py", "=HYPERLINK(1).py", "<script>alert(1).py", "\u202eyp.py", "a\nb.py")


def make(folder: Path) -> Path:
    """Return the folder of the submission, whose own name is hostile too."""
    inside = folder / "\x1b[31m <script>x"
    inside.mkdir()
    for name in NAMES:
        (inside / name).write_text("class Scale:\n    1 / 0\n")
    (inside / "scale.py").write_text("class Scale:\n    1 / 0\n")
    return inside
