"""Builds what git cannot hold: see attack.toml."""

import os
import socket
from pathlib import Path

SCALE = "class Scale:\n    pass\n"


def make(folder: Path) -> Path:
    """Return the submission."""
    os.mkfifo(folder / "scale.py")
    os.mkfifo(folder / "work.ipynb")
    with socket.socket(socket.AF_UNIX) as made:
        here = os.open(folder, os.O_RDONLY)
        made.bind(f"/proc/self/fd/{here}/more.py")
        os.close(here)
    return folder
