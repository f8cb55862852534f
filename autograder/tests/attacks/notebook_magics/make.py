"""Builds what git cannot hold: see attack.toml."""

import json
from pathlib import Path

SCALE = "class Scale:\n    pass\n"


def make(folder: Path) -> Path:
    """Return the submission."""
    lines = ["!touch /tmp/left-by-attack", "%run /tmp/left-by-attack", "%%bash", "touch left-by-attack",
             "get_ipython().system('touch /tmp/left-by-attack')"]
    cells = [{"cell_type": "code", "source": line} for line in lines]
    cells.append({"cell_type": "code", "source": "!touch /tmp/left-by-attack\n" + SCALE})
    cells.append({"cell_type": "code", "source": SCALE})
    path = folder / "work.ipynb"
    path.write_text(json.dumps({"cells": cells, "nbformat": 4}))
    return path
