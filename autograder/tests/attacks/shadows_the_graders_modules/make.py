"""Builds what git cannot hold: see attack.toml."""

from pathlib import Path

SCALE = "class Scale:\n    pass\n"


def make(folder: Path) -> Path:
    """Return the submission."""
    (folder / "scale.py").write_text("import json\nimport torch\n\n" + SCALE)
    names = ("json", "torch", "pytest", "autograder", "safetensors", "solutions", "struct", "os")
    for name in names:
        (folder / f"{name}.py").write_text("raise RuntimeError('SHADOWED')\n")
    for path in ("autograder/untrusted/worker.py", "solutions/toy/scale.py"):
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text("raise RuntimeError('SHADOWED')\n")
    return folder
