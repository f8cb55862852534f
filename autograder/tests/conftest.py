"""The toy course the engine is tested on, and one warm grader for it."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from autograder.authoring.grading import Grader

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
# The same examples every time in CI; the long profile searches anew.
settings.register_profile(
    "kit", max_examples=150, deadline=None, derandomize=True, suppress_health_check=_SLOW
)
settings.register_profile("long", max_examples=100_000, deadline=None, suppress_health_check=_SLOW)


def pytest_configure(config):
    if not config.getoption("--hypothesis-profile"):
        settings.load_profile("kit")


TOY = Path(__file__).parent / "toy_course"


@pytest.fixture(scope="session")
def toy():
    """The toy assignment with a warm, sandboxed template to fork workers from."""
    with Grader(TOY, "toy") as grader:
        yield grader


@pytest.fixture
def submit(tmp_path):
    """Write a submission: the toy's reference with some files replaced (None: left out)."""

    def write(**changed):
        folder = tmp_path / "submission"
        folder.mkdir(exist_ok=True)
        for name in ("scale", "stack"):
            shutil.copy(TOY / "solutions" / "toy" / f"{name}.py", folder)
        for name, text in changed.items():
            path = folder / f"{name}.py"
            if text is None:
                path.unlink()
            else:
                path.write_text(text)
        return folder

    return write


@pytest.fixture
def scale_with(submit):
    """Write a submission whose Scale.forward begins with the given statement."""

    def write(statement):
        text = (TOY / "solutions" / "toy" / "scale.py").read_text()
        head = "        return x * self.weight + self.bias"
        assert head in text
        return submit(scale=text.replace(head, f"        {statement}\n{head}"))

    return write


@pytest.fixture
def grade_cells(toy, tmp_path):
    """Grade a notebook of these cells, or one file where its name is given."""

    def run(*cells, name="homework.ipynb"):
        path = tmp_path / name
        book = {"cells": [{"cell_type": "code", "source": c} for c in cells], "nbformat": 4}
        path.write_text(json.dumps(book) if name.endswith(".ipynb") else "\n\n".join(cells))
        return toy.grade(path)

    return run


def points_by_layer(result):
    """Points won by layer."""
    won = {}
    for check in result.checks:
        won[check.layer] = won.get(check.layer, 0) + check.points
    return won


@pytest.fixture(name="points_by_layer")
def provide_points_by_layer():
    return points_by_layer


@pytest.fixture
def write_class(tmp_path):
    """Write a class of the toy's reference: every so many has a mistake, and one zip is none."""

    def write(count, *, wrong_every):
        folder = tmp_path / "class"
        for number in range(count):
            one = folder / f"student{number:02d}"
            one.mkdir(parents=True)
            for name in ("scale.py", "stack.py"):
                text = (TOY / "solutions" / "toy" / name).read_text()
                wrong = number % wrong_every == 0
                (one / name).write_text(text.replace(" + self.bias", "") if wrong else text)
        (folder / "empty.zip").write_bytes(b"no zip")
        return folder

    return write


@pytest.fixture
def stored():
    """Read the results in a folder by file name, without what differs from run to run."""

    def read(out):
        return {
            path.name: {
                key: value
                for key, value in json.loads(path.read_text(encoding="utf-8")).items()
                if key != "wall_clock_s"
            }
            for path in sorted(out.glob("*.json"))
        }

    return read
