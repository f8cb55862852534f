"""What a class looks like to those who graded it, and what each student can be sent."""

import io
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from autograder import cli
from autograder.manifest import load_kit
from autograder.reports.class_summary import show_class
from autograder.results import CheckResult, Result

TOY = Path(__file__).parent / "toy_course"
KIT = load_kit(TOY, "toy")


def grade(*arguments):
    # One grader starts sooner than two, and these classes are small.
    jobs = ("--jobs", "1") if "--out" in arguments else ()
    return cli.main(["--kit", str(TOY), "--seed", "5", *map(str, (*arguments, *jobs))])


def body(text):
    """A report without its last line, which tells how long grading took."""
    return text.strip().rsplit("\n", 1)[0].strip()


def stored(*points):
    worth = zip(KIT.groups, points, (50, 40, 10), strict=False)
    checks = [CheckResult(f"{layer}.a", layer, "passed", won, most) for layer, won, most in worth]
    return Result("ada", "toy", 1, "x", checks).to_json()


def pictures(*graded, unicode=True):
    console = Console(file=io.StringIO(), width=100)
    show_class(console, graded, KIT, unicode=unicode)
    return console.file.getvalue()


@pytest.fixture
def school(tmp_path, write_class):
    school = write_class(2, wrong_every=2)
    (school / "eve.rar").write_text("")
    return school


def test_a_result_read_back_is_the_result_that_was_written():
    check = CheckResult("a.b", "Scale", "failed", 1, 2, "m", {"id": "x"}, ["scale.py, line 3"])
    result = Result("ada", "toy", 3, "namespaces", [check], ["n"], {"Scale": "s"}, "none",
                    hints={"Scale": ["h"]})  # fmt: skip
    data = result.to_json()
    assert Result.from_json({**data, "key": "ada", "fingerprint": {}}) == result
    assert Result.from_json(data).to_json() == data


@pytest.mark.slow
def test_a_report_in_the_folder_says_what_grading_alone_says_and_is_never_out_of_date(
    school, tmp_path, capsys
):
    out = tmp_path / "out"
    right = sorted(path for path in school.iterdir() if path.is_dir())[1]
    assert grade(school, "--out", out, "--reports") == 0
    capsys.readouterr()
    assert grade(right) == 0
    alone = capsys.readouterr().out
    assert "100 of 100" in alone
    report = out / f"{right.name}.report.txt"
    assert body(report.read_text("utf-8")) == body(alone)
    unreadable = out / "eve.rar.report.txt"
    assert unreadable.read_text("utf-8").startswith("eve.rar: not graded: handed in")
    unreadable.unlink()
    shutil.copy(TOY / "assignments" / "toy" / "scale.py", right)
    assert grade(school, "--out", out) == 0
    assert "100 of 100" not in report.read_text("utf-8")
    assert not unreadable.exists()


def test_the_picture_of_a_class_shows_every_score_once():
    shown = pictures(stored(50, 40, 10), stored(50, 40, 10), stored(25, 40, 0))
    assert "Scores of 3, of 100: mean 88.3, median 100" in shown
    bars = [line.split() for line in shown.splitlines() if " to " in line]
    assert [bar[-1] for bar in bars if "█" in "".join(bar)] == ["2", "1"]
    assert [bar[2] for bar in bars if len(bar) > 3] == ["100", "70"]


def test_the_picture_of_a_class_shows_what_was_won_of_each_layer():
    shown = pictures(stored(50, 40, 10), stored(25, 40, 0))
    assert {line.split()[0]: line.split()[-4:] for line in shown.splitlines() if "%" in line} == {
        "Scale": ["75%", "1", "of", "2"],
        "Stack": ["100%", "2", "of", "2"],
        "EndToEnd": ["50%", "1", "of", "2"],
    }


def test_a_layer_that_was_not_asked_is_not_in_the_picture():
    shown = pictures(stored(50), stored(0))
    assert "Scale" in shown
    assert "Stack" not in shown


def test_where_no_letters_but_english_can_be_shown_the_picture_has_none():
    assert pictures(stored(50, 40, 10), stored(0, 0, 0), unicode=False).isascii()


def test_a_class_of_one_has_no_picture():
    assert pictures(stored(50, 40, 10)) == ""
