"""Builds what git cannot hold: see attack.toml."""

from pathlib import Path

SCALE = "class Scale:\n    pass\n"


def make(folder: Path) -> Path:
    """Return the submission."""
    (folder / "scale.py").write_text("from torch import nn\n\n\nclass Scale(nn.Module):\n    pass\n")
    hooks = ("import pathlib\npathlib.Path('/tmp/left-by-attack').touch()\n"
             "def pytest_runtest_makereport(item, call):\n    call.excinfo = None\n")
    for name in ("conftest.py", "sitecustomize.py", "usercustomize.py", "test_scale.py"):
        (folder / name).write_text(hooks)
    for name in ("pytest.ini", "tox.ini", "setup.cfg", "pyproject.toml"):
        (folder / name).write_text("[pytest]\naddopts = --collect-only -p conftest\n")
    return folder
