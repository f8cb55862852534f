"""check(), in a notebook: what grade.py would say of the class as it stands in the kernel."""

from pathlib import Path

import pytest

from autograder import notebook_check
from autograder.notebook_check import check

TOY = Path(__file__).parent / "toy_course"
SCALE = (TOY / "solutions" / "toy" / "scale.py").read_text()


class Shell:
    """What IPython gives: the cells that were run."""

    def __init__(self, *cells):
        self.user_ns = {"In": ["", *cells]}


@pytest.fixture
def kernel(monkeypatch):
    """A kernel in the toy course's folder in which the given cells were run."""

    def run(*cells):
        import IPython

        monkeypatch.setattr(IPython, "get_ipython", lambda: Shell(*cells))
        monkeypatch.chdir(TOY)

    return run


@pytest.mark.slow
def test_the_class_that_was_run_last_is_checked(kernel, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # as a notebook's kernel sets it
    kernel(SCALE.replace(" + self.bias", ""), "x = 1", SCALE, "check(Scale)")
    check("Scale", assignment="toy")
    said = capsys.readouterr().out
    assert "50 of 50 points" in said
    assert "\x1b" not in said


@pytest.mark.slow
def test_a_wrong_class_is_told_why(kernel, capsys):
    kernel(SCALE.replace(" + self.bias", ""))
    check("Scale", assignment="toy")
    assert "The bias is not added." in capsys.readouterr().out


def test_without_the_checks_at_hand_that_is_said(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(notebook_check, "_PACKAGE_ROOT", tmp_path)
    check("Scale", assignment="toy")
    assert capsys.readouterr().out.startswith("The checks are not on this machine")


def test_what_is_no_class_is_refused_in_a_sentence(kernel, capsys):
    kernel(SCALE)
    check(3, assignment="toy")
    assert capsys.readouterr().out == (
        "check takes a class, as in check(Pooler); it was given something else.\n"
    )


@pytest.mark.slow
def test_a_name_that_is_not_in_the_exercise_is_one_sentence(kernel, capsys):
    kernel(SCALE)
    check("Skale", assignment="toy")
    said = capsys.readouterr().out
    assert "there is no such layer" in said
    assert "Traceback" not in said
