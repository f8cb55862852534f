"""Writes a submission whose failing line holds control characters."""

from pathlib import Path

SOURCE = (
    "from torch import nn\n\n\nclass Scale(nn.Module):\n    def __init__(self, width):\n"
    "        raise ValueError('x')  # \x1b[31mred\x1b]0;t\x07 \u202e \x9b <script>\n"
)


def make(folder: Path) -> Path:
    """Return the folder of the submission."""
    (folder / "scale.py").write_text(SOURCE, encoding="utf-8")
    return folder
