"""The command line: exit statuses, one sentence for bad input, whole files or none."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from autograder import cli

ROOT = Path(__file__).resolve().parents[2]
TOY = Path(__file__).parent / "toy_course"
SOLUTION = TOY / "solutions" / "toy"


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, "grade.py", "--kit", str(TOY), *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, **options,
    )  # fmt: skip


def refuse(capsys, *arguments):
    """Run in this process; return the one sentence of a refusal."""
    status = cli.main(["--kit", str(TOY), *map(str, arguments)])
    written = capsys.readouterr()
    assert status == 2
    assert "Traceback" not in written.err
    return " ".join(written.err.split())


@pytest.mark.slow
def test_a_graded_submission_ends_with_0_and_writes_the_schema(tmp_path):
    target = tmp_path / "result.json"
    done = run(SOLUTION, "--json", target, "--seed", 5)
    assert done.returncode == 0, done.stderr
    assert "100 of 100 points" in done.stdout
    data = json.loads(target.read_text())
    assert {"schema", "submission", "assignment", "score", "max_score", "seed", "isolation",
            "checks"} <= data.keys()  # fmt: skip
    assert (data["schema"], data["score"], data["seed"]) == (1, 100.0, 5)
    assert {"id", "layer", "status", "points", "max_points", "message", "diagnosis"} <= (
        data["checks"][0].keys()
    )


@pytest.mark.slow
def test_several_submissions_give_a_list_and_an_unreadable_one_is_not_a_zero(tmp_path):
    target = tmp_path / "result.json"
    done = run(SOLUTION, tmp_path / "nowhere", "--json", target)
    assert done.returncode == 2
    first, second = json.loads(target.read_text())
    assert first["score"] == 100
    assert second["gradable"] is False
    assert "does not exist" in second["problem"]
    assert second["checks"] == []


def test_what_does_not_exist_is_refused(capsys, tmp_path):
    assert "does not exist" in refuse(capsys, tmp_path / "nowhere")


def test_an_empty_path_is_refused_as_that(capsys):
    assert "the path of a submission is empty" in refuse(capsys, "")


def test_of_a_class_and_a_path_that_is_not_there_the_path_is_named(capsys, tmp_path):
    for name in ("ada", "bob"):
        (tmp_path / name).mkdir()
        for file in SOLUTION.glob("s*.py"):
            shutil.copy(file, tmp_path / name)
    assert "nofile does not exist" in refuse(capsys, tmp_path, "nofile")


def test_a_name_that_no_file_can_have_is_refused(capsys):
    assert "name is too long" in refuse(capsys, "n" * 300)


def test_an_empty_folder_is_refused(capsys, tmp_path):
    assert "holds no .py file and no notebook" in refuse(capsys, tmp_path)


def test_a_folder_without_any_class_of_the_exercise_is_refused(capsys, tmp_path):
    (tmp_path / "main.py").write_text("print('hello')\n")
    assert "none of the exercise's classes" in refuse(capsys, tmp_path)


def test_a_truncated_notebook_is_refused(capsys, tmp_path):
    path = tmp_path / "work.ipynb"
    path.write_text('{"cells": [{"cell_type": "code", "source": "class Scale')
    assert "not complete JSON" in refuse(capsys, path)


def test_a_corrupt_zip_is_refused(capsys, tmp_path):
    path = tmp_path / "work.zip"
    path.write_bytes(b"PK\3\4 this is no archive")
    assert "no intact zip" in refuse(capsys, path)


def test_a_zip_that_climbs_is_refused(capsys, tmp_path):
    path = tmp_path / "work.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../scale.py", "class Scale: pass")
    assert "points outside the archive" in refuse(capsys, path)


def test_an_encrypted_zip_is_refused(capsys, tmp_path):
    path = tmp_path / "work.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("scale.py", "class Scale: pass")
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag in the local header, then the one in the directory
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    assert "password" in refuse(capsys, path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--layer", "Nothing"], "there is no such layer; it is one of Scale, Stack, EndToEnd"),
        (["--seed", "-1"], "--seed takes a whole number"),
        (["--json", "/nowhere/at/all.json"], "the folder it is to be written to is missing"),
        (["--assignment", "other"], "there is no assignment other; there is: toy"),
        (["--assignment", "../toy"], "there is no assignment ../toy; there is: toy"),
    ],
)
def test_bad_arguments_are_refused_with_one_sentence(capsys, arguments, words):
    status = cli.main(["--kit", str(TOY), str(SOLUTION), *arguments])
    written = capsys.readouterr().err
    assert status == 2
    assert words in " ".join(written.split())


def test_an_unknown_option_ends_with_2(capsys):
    assert cli.main(["--nonsense"]) == 2


@pytest.mark.slow
def test_without_isolation_a_run_that_requires_it_is_refused():
    done = run(SOLUTION, "--require-isolation", "--sandbox", "none")
    assert done.returncode == 2
    assert "--require-isolation" in done.stderr


@pytest.mark.slow
def test_cuda_where_there_is_none_is_refused():
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    done = run(SOLUTION, "--device", "cuda")
    assert done.returncode == 2
    assert "finds no CUDA device" in done.stderr


@pytest.mark.slow
def test_a_result_that_cannot_be_written_is_said_and_the_old_file_stays(tmp_path):
    target = tmp_path / "result.json"
    target.write_text("old")
    if os.path.exists("/dev/full"):
        # A file system with no room at all, made by a limit on the size of files.
        done = run(SOLUTION, "--json", target, preexec_fn=limit_file_size)
        assert done.returncode == 2
        assert "cannot be written" in done.stderr
        assert "100 of 100" in done.stdout
        assert target.read_text() == "old"
        assert [p.name for p in tmp_path.iterdir()] == ["result.json"]


def limit_file_size():
    import resource
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16))


@pytest.mark.slow
def test_the_report_has_no_control_characters_of_a_student(tmp_path):
    (tmp_path / "scale.py").write_text(
        "class Scale:\n    def __init__(self, width):\n"
        "        raise ValueError('\\x1b[31m[bold]red[/bold]\\n=HYPERLINK(1)\\u202e')\n"
    )
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
    assert "[bold]red[/bold]" in done.stdout
