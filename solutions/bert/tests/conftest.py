"""One warm grader for all tests of the real exercise."""

import shutil
from pathlib import Path

import pytest

from autograder.authoring.grading import Grader

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = ROOT / "solutions" / "bert"


@pytest.fixture(scope="session")
def bert():
    """The kit's own assignment with a warm template to fork workers from."""
    with Grader(ROOT, "bert") as grader:
        yield grader


@pytest.fixture
def submit(tmp_path, bert):
    """Write a submission: the reference, and for some files what a function makes of its text."""

    def write(**changed):
        folder = tmp_path / "submission"
        folder.mkdir(exist_ok=True)
        for layer in bert.kit.layers:
            shutil.copy(REFERENCE / layer.file, folder)
        for name, change in changed.items():
            path = folder / f"{name}.py"
            path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
        return folder

    return write


def pytest_collection_modifyitems(items):
    """Let what takes minutes begin first: begun last, one process would wait for it alone."""
    items.sort(key=lambda item: "test_the_solution_s_source" not in item.nodeid)
