"""One warm grader for all tests of the real exercise."""

from pathlib import Path

import pytest

from autograder.authoring.grading import Grader

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def bert():
    """The kit's own assignment with a warm template to fork workers from."""
    with Grader(ROOT, "bert") as grader:
        yield grader


def pytest_collection_modifyitems(items):
    """Let what takes minutes begin first: begun last, one process would wait for it alone."""
    items.sort(key=lambda item: "test_the_solution_s_source" not in item.nodeid)
