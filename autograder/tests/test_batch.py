"""What grading a class promises: found by name, kept one by one, taken up again, nothing twice."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.batch.gradebook import safe_cell

ROOT = Path(__file__).resolve().parents[2]
TOY = Path(__file__).parent / "toy_course"
FILES = ["scale.py", "stack.py"]


def grade(*arguments, cwd=None):
    return subprocess.run(
        [
            sys.executable,
            str(ROOT / "grade.py"),
            "--kit",
            str(TOY),
            "--no-training",
            *map(str, arguments),
        ],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=120,
    )


def rows(out):
    with open(out / "gradebook.csv", encoding="utf-8-sig", newline="") as stream:
        return {row["submission"]: row for row in csv.DictReader(stream)}


@pytest.fixture
def school(tmp_path):
    """A folder of submissions: three right ones, one wrong, one that holds nothing of use."""
    folder = tmp_path / "class"
    for name in ("ada", "grace", "alan", "wrong"):
        shutil.copytree(TOY / "solutions" / "toy", folder / name, ignore=shutil.ignore_patterns(
            "checks", "misconceptions", "rubric.toml", "__pycache__"))  # fmt: skip
    scale = folder / "wrong" / "scale.py"
    scale.write_text(scale.read_text().replace(" + self.bias", ""))
    (folder / "empty.zip").write_bytes(b"not a zip")
    return folder


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        " =1",
        "|x",
        "%x",
        "\r=1",
        "\u2060=1",
        "\ufeff=1",
        "\uff1d1",
        "\u202e =1",
        "x;=1+1;",
        "x;\u00a0@y",
    ],
)
def test_no_cell_is_run_by_a_spreadsheet(text):
    cell = safe_cell(text)
    assert cell.startswith("'")
    assert ";" not in cell


def test_numbers_stay_numbers():
    assert [safe_cell(v) for v in (12, 3.5, 1966987654, -1.0, True)] == [
        12, 3.5, 1966987654, -1, "yes"]  # fmt: skip


@pytest.mark.slow
def test_a_class_is_graded_kept_and_not_graded_again(school, tmp_path, stored):
    out = tmp_path / "results"
    first = grade(school, "--out", out, "--seed", 3)
    assert first.returncode == 0, first.stderr
    assert "wrong: 92" not in first.stdout
    assert rows(out)["ada"]["score"] == "100"
    assert rows(out)["empty.zip"]["status"] == "not gradable"
    assert float(rows(out)["wrong"]["score"]) < 100
    kept = stored(out)
    times = {path: path.stat().st_mtime_ns for path in out.glob("*.json")}
    second = grade(school, "--out", out)
    assert "0 graded now, 4 unchanged since last time, 1 not gradable" in second.stdout
    assert {path: path.stat().st_mtime_ns for path in out.glob("*.json")} == times
    # What changes is graded again, and only that; --diff says what moved and why.
    shutil.copytree(out, tmp_path / "old")
    shutil.copy(school / "ada" / "scale.py", school / "wrong" / "scale.py")
    third = grade(school, "--out", out, "--diff", tmp_path / "old")
    assert "1 graded now, 3 unchanged since last time, 1 not gradable" in third.stdout
    assert "-> 100 (the submission changed)" in third.stdout
    again = grade(school, "--out", out, "--regrade")
    assert "4 graded now, 0 unchanged" in again.stdout
    assert stored(out)["ada.json"] == kept["ada.json"]


@pytest.mark.slow
def test_the_gradebook_has_a_row_without_points_for_who_handed_in_nothing(school, tmp_path):
    for left_out in ("grace", "alan", "wrong"):
        shutil.rmtree(school / left_out)
    roster, out = tmp_path / "roster.csv", tmp_path / "results"
    roster.write_text("student,student_id\nada,1\n=Mary,2\n")
    done = grade(school, "--out", out, "--roster", roster)
    assert "missing: =Mary 2" in done.stdout
    assert rows(out)["ada"]["status"] == "graded"
    row = rows(out)[""]
    told = {"student": "'=Mary", "student_id": "2", "status": "missing", "score": "", "late": ""}
    assert {name: row[name] for name in told} == told
    # Who was graded before is not missing where the others alone are given.
    shutil.move(school / "ada", tmp_path / "ada")
    done = grade(school, "--out", out, "--roster", roster)
    assert "missing: ada" not in done.stdout
    assert {row["status"] for row in rows(out).values()} == {"graded", "missing", "not gradable"}


@pytest.mark.slow
def test_a_submission_in_a_class_gets_what_it_gets_alone(school, tmp_path, stored):
    out = tmp_path / "results"
    grade(school, "--out", out, "--seed", 11, "--jobs", 2)
    alone = tmp_path / "alone.json"
    grade(school / "wrong", "--json", alone, "--seed", 11, "--quiet")
    one, other = json.loads(alone.read_text()), stored(out)["wrong.json"]
    assert one["checks"] == other["checks"]
    assert one["score"] == other["score"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--jobs", "2"], "--jobs goes with --out"),
        (["--regrade"], "--regrade goes with --out"),
        (["--out", "{file}"], "is a file; name a folder"),
        (["{out}", "--out", "{out}"], "is what is to be graded: name another"),
        (["--out", "{out}", "--diff", "nowhere"], "there is no such folder"),
        (["--out", "{out}", "--roster", "nowhere.csv"], "cannot be read"),
        (["--out", "{out}", "--jobs", "-1"], "--jobs takes a whole number"),
        (["--out", "{out}", "--jobs", "0"], "--jobs takes a whole number from 1"),
        (["--out", "{out}", "--json", "{out}/ada.json"], "that file is one of --out's own"),
        (["--cluster", "tcp://127.0.0.1:9"], "--cluster goes with --out"),
        (["--out", "{out}", "--require-isolation", "--sandbox", "none"], "offers only «limited"),
        ([], "say with --out FOLDER"),
        (["{out}/nope", "--out", "{out}"], "nope does not exist"),
        (["n" * 300, "--out", "{out}"], "cannot be read: File name too long"),
    ],
)
def test_bad_arguments_of_a_batch_are_one_sentence(school, tmp_path, arguments, words):
    file = tmp_path / "file"
    file.write_text("")
    (tmp_path / "out").mkdir()
    arguments = [a.format(file=file, out=tmp_path / "out") for a in arguments]
    done = grade(school, *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("out/*.json")), "nothing was graded"


def test_a_class_of_which_nothing_can_be_graded_is_unreadable_input(tmp_path):
    for name in ("ada.zip", "bob.zip", "eve.zip"):
        (tmp_path / "class").mkdir(exist_ok=True)
        (tmp_path / "class" / name).write_bytes(b"no zip")
    done = grade(tmp_path / "class", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert rows(tmp_path / "out")["ada.zip"]["status"] == "not gradable"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
def test_what_was_graded_with_less_isolation_is_said_and_not_taken_for_isolated(tmp_path, school):
    out = tmp_path / "out"
    weak = grade(school, "--out", out, "--sandbox", "none")
    assert "Isolation was weak for 4 of them: limited child process only" in weak.stdout
    refused = grade(school, "--out", out, "--sandbox", "none", "--require-isolation")
    assert refused.returncode == 2
    strict = grade(school, "--out", out, "--require-isolation")
    assert "4 graded now, 0 unchanged" in strict.stdout
    assert "weak" not in strict.stdout
    assert "namespaces, read-only files" in rows(out)["ada"]["isolation"]


@pytest.mark.slow
def test_files_that_came_one_by_one_are_graded_together(tmp_path):
    school, reference = tmp_path / "class", TOY / "solutions" / "toy"
    school.mkdir()
    for number, name in enumerate(FILES):
        shutil.copy(reference / name, school / f"ada_1234_500{number}_{name}")
        shutil.copy(reference / name, school / f"bob_LATE_1235_600{number}_{name}")
    notebook = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    (school / "bob_LATE_1235_6009_notes.ipynb").write_text(notebook)
    (school / "eve_1236_7001_work.rar").write_text("")
    done = grade(school, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    found = {row["student"]: row for row in rows(tmp_path / "out").values()}
    assert [found[name]["score"] for name in ("ada", "bob", "eve")] == ["100", "100", ""]
    assert [found[name]["late"] for name in ("ada", "bob")] == ["no", "yes"]
    assert "handed in work.rar" in found["eve"]["note"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a pipe as POSIX has it")
def test_a_reader_who_goes_away_decides_nothing_and_json_holds_the_whole_class(school, tmp_path):
    out, target = tmp_path / "out", tmp_path / "class.json"
    command = [sys.executable, str(ROOT / "grade.py"), "--kit", str(TOY), str(school), "--out",
               str(out), "--no-training", "--json", str(target)]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait(timeout=120) == 0
    assert said == b""
    assert len(rows(out)) == 5
    found = json.loads(target.read_text(encoding="utf-8"))
    assert [one["submission"] for one in found] == ["ada", "alan", "empty.zip", "grace", "wrong"]
    assert all(one["schema"] == 1 and "checks" in one for one in found)
    assert found[2]["gradable"] is False


def test_a_class_that_is_moved_is_not_judged_anew(tmp_path):
    school, out = tmp_path / "class", tmp_path / "out"
    school.mkdir()
    for name in ("ada.zip", "bob.zip", "eve.zip"):
        (school / name).write_bytes(b"no zip")
    grade(school, "--out", out, "--seed", 1)
    times = {path: path.stat().st_mtime_ns for path in out.glob("*.json")}
    school.rename(tmp_path / "elsewhere")
    grade(tmp_path / "elsewhere", "--out", out)
    assert len(times) == 3
    assert {path: path.stat().st_mtime_ns for path in out.glob("*.json")} == times
    assert rows(out)["ada.zip"]["note"].startswith("ada.zip")
    assert str(tmp_path) not in (out / "gradebook.csv").read_text()
