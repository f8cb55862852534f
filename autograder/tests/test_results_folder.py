"""What a folder of results promises: what is there is kept, and what is wrong is named."""

import errno
import os
from pathlib import Path

import pytest

from autograder import cli
from autograder.results import write_atomically

TOY = Path(__file__).parent / "toy_course"


def grade(*arguments):
    return cli.main(["--kit", str(TOY), *map(str, arguments)])


def said(capsys):
    written = capsys.readouterr()
    assert "Traceback" not in written.err
    return " ".join(written.err.split())


@pytest.mark.parametrize("name", ["submission.json", "gradebook.csv"])
def test_a_folder_where_a_file_is_to_be_written_is_named_before_anything_is_graded(
    tmp_path, submit, capsys, name
):
    out = tmp_path / "out"
    (out / name).mkdir(parents=True)
    assert grade(submit(), "--out", out) == 2
    assert f"{out / name} is a folder" in said(capsys)
    assert [path.name for path in out.iterdir()] == [name]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_is_read_only_is_named(tmp_path, submit, capsys):
    out = tmp_path / "out"
    out.mkdir(mode=0o500)
    assert grade(submit(), "--out", out) == 2
    assert f"{out / '.lock'} cannot be written: Permission denied" in said(capsys)


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failed_write_names_the_file_and_leaves_the_old_one(tmp_path, monkeypatch, step):
    path = tmp_path / "ada.json"
    path.write_text("old")

    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match="No space") as caught:
        write_atomically(path, "new")
    assert caught.value.filename == str(path)
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["ada.json"]
