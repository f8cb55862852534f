"""Intake takes what students send, refuses what no one can grade, and trusts no byte of it.

What holds for zip files is in test_intake_archives.py, for notebooks in test_intake_notebooks.py.
"""

import os
import time
import zipfile
from pathlib import Path

import pytest

from autograder.tests.intake_helpers import CLASS, notebook, paths, refuse, stage, write_zip
from autograder.trusted.intake import IntakeLimits


def test_a_folder_is_taken_with_its_helpers_and_without_its_litter(tmp_path):
    for name in ("scale.py", "parts/more.py", "__pycache__/x.py", ".git/hook.py", ".hidden.py",
                 "venv/lib.py", "notes.txt", ".ipynb_checkpoints/a.ipynb"):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(CLASS)
    (tmp_path / "venv" / "pyvenv.cfg").write_text("")
    assert paths(stage(tmp_path)) == ["parts/more.py", "scale.py"]


@pytest.mark.parametrize("name", ["homework.py", "HOMEWORK.PY", "scale.py"])
def test_a_single_file_is_a_submission(tmp_path, name):
    (tmp_path / name).write_text(CLASS)
    staged = stage(tmp_path / name)
    assert staged.name == name
    assert staged.files[0].path.endswith(".py")


def test_bytes_pass_through_unchanged(tmp_path):
    content = b"\xef\xbb\xbfclass Scale:\r\n\tpass  # \xe4\xbd\xa0\r\n"
    (tmp_path / "scale.py").write_bytes(content)
    assert stage(tmp_path).files[0].content == content


def test_the_root_is_where_the_expected_files_lie(tmp_path):
    entries = {
        "helper.py": "",
        "src/bert/scale.py": CLASS,
        "src/bert/stack.py": "",
        "old/scale.py": "",
    }
    assert stage(write_zip(tmp_path / "a.zip", entries)).root == "src/bert"


def test_the_digest_tells_contents_apart_and_not_the_way_they_came(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "scale.py").write_text(CLASS)
    zipped = write_zip(tmp_path / "a.zip", {"any/scale.py": CLASS})
    assert stage(folder).digest == stage(zipped).digest
    (folder / "scale.py").write_text(CLASS + "#")
    assert stage(folder).digest != stage(zipped).digest


@pytest.mark.parametrize(
    ("name", "words"),
    [("a.tar.gz", "cannot be graded"), ("a.docx", "cannot be graded"), ("a", "cannot be graded")],
)
def test_another_kind_of_file_is_refused_with_what_is_taken(tmp_path, name, words):
    (tmp_path / name).write_text(CLASS)
    sentence = refuse(tmp_path / name)
    assert words in sentence
    assert ".ipynb" in sentence


def test_an_empty_file_is_refused(tmp_path):
    for name in ("a.py", "a.ipynb", "a.zip"):
        (tmp_path / name).write_bytes(b"")
        assert "empty" in refuse(tmp_path / name)


def test_a_name_the_system_cannot_hold_is_refused(tmp_path):
    assert "not a file name" in refuse(tmp_path / "a\0b")
    assert refuse(tmp_path / ("x" * 5000))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_odd_things_in_a_folder_neither_hang_nor_stop_it(tmp_path):
    (tmp_path / "scale.py").write_text(CLASS)
    os.mkfifo(tmp_path / "stack.py")
    (tmp_path / "attention.py").mkdir()
    (tmp_path / "link.py").symlink_to("/etc/passwd")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "x\x1b[31m\n.py").write_text("")
    (tmp_path / os.fsdecode(b"\xff.py")).write_text("")
    staged = stage(tmp_path)
    assert "scale.py" in paths(staged)
    assert "link.py" not in paths(staged)
    notes = " ".join(staged.notes)
    assert "attention.py is a folder" in notes
    assert "stack.py was left out" in notes
    assert not set(notes) & set("\x1b\n")


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_said(tmp_path):
    (tmp_path / "scale.py").write_text(CLASS)
    (tmp_path / "stack.py").write_text(CLASS)
    (tmp_path / "stack.py").chmod(0)
    assert any("may not be read" in note for note in stage(tmp_path).notes)


def test_a_file_in_utf_16_is_looked_into(tmp_path):
    (tmp_path / "scale.py").write_bytes(CLASS.encode("utf-16"))
    assert stage(tmp_path)


LATIN = CLASS + "# größe\n"


@pytest.mark.parametrize("name", ["all.py", "folder/all.py"])
def test_a_file_in_another_coding_that_is_all_there_is_is_refused_by_name(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / name).write_bytes(LATIN.encode("latin-1"))
    sentence = refuse(tmp_path / name.partition("/")[0])
    assert sentence == f"{tmp_path / name} is not text in UTF-8: save it as UTF-8"
    (tmp_path / name).write_text("# coding: klingon\n" + LATIN)
    assert "klingon, which Python does not know" in refuse(tmp_path / name)


@pytest.mark.parametrize("coding", ["latin-1", "utf-16-le", "utf-16-be"])
def test_a_file_in_another_coding_beside_good_ones_is_said(tmp_path, coding):
    (tmp_path / "scale.py").write_text(CLASS)
    (tmp_path / "all.py").write_bytes(LATIN.encode(coding))
    assert stage(tmp_path).notes == ("all.py is not text in UTF-8: save it as UTF-8",)


@pytest.mark.parametrize(
    ("begin", "coding"),
    [("# -*- coding: latin-1 -*-\n", "latin-1"), ("#!/x\r# vim: coding=cp1252\r", "cp1252"),
     ("\n# coding: gbk\n", "gbk"), ("# coding: utf_7\n", "utf-7"), ("", "utf-8-sig")],
)  # fmt: skip
def test_a_coding_that_is_declared_is_as_good(tmp_path, begin, coding):
    text = begin + (LATIN if coding != "gbk" else CLASS + "# 作业")
    (tmp_path / "all.py").write_bytes(text.encode(coding))
    assert stage(tmp_path).notes == ()


@pytest.mark.parametrize(
    "text", ["class Scale(Base):", "  class Stack :", "Scale = Other", "from x import Scale"]
)
def test_any_way_to_define_a_class_is_enough_to_be_graded(tmp_path, text):
    (tmp_path / "main.py").write_text(text)
    assert stage(tmp_path)


def test_a_definition_may_lie_in_any_line_ending_and_over_two_lines(tmp_path):
    for text in ("x = 1\rclass Scale:\r    pass", "x = 1\r\nclass  Scale :", "class \\\n  Scale:",
                 "from x import (\n    Other,\n    Scale,\n)"):  # fmt: skip
        (tmp_path / "main.py").write_bytes(text.encode())
        assert stage(tmp_path)


@pytest.mark.parametrize(
    "text", ["x = 1", "class Scales: pass", "import x\nprint(Scale)", "# the Scale", "Scale(3)"]
)
def test_a_file_without_any_of_the_classes_is_refused(tmp_path, text):
    (tmp_path / "main.py").write_text(text)
    sentence = refuse(tmp_path)
    assert "class Scale" in sentence
    assert "scale.py" in sentence


@pytest.mark.parametrize(
    "piece", ["\n", "import ", "Scale ", "class ", " ", "import (", "\\\n", "\f"]
)
def test_looking_for_a_class_takes_time_in_proportion_to_the_text(tmp_path, piece):
    (tmp_path / "main.py").write_text("x" + piece * (3_000_000 // len(piece)))
    begin = time.monotonic()
    refuse(tmp_path / "main.py", IntakeLimits())
    assert time.monotonic() - begin < 10  # a pattern that looks twice would take an hour


def test_when_nothing_can_be_read_the_refusal_says_why(tmp_path):
    for name in ("a.ipynb", "b.ipynb"):
        (tmp_path / name).write_text('{"cells":')
    assert "not complete JSON" in refuse(tmp_path)


def test_a_folder_that_holds_only_one_zip_is_what_the_zip_holds(tmp_path):
    with zipfile.ZipFile(tmp_path / "homework.zip", "w") as archive:
        archive.writestr("bert/a.py", CLASS)
    staged = stage(tmp_path)
    assert [file.path for file in staged.files] == ["a.py"]
    assert staged.notes == ("taken from homework.zip",)
    (tmp_path / "homework.zip").write_bytes(b"PK")
    assert "homework.zip is no intact zip file" in refuse(tmp_path)


def test_a_folder_of_other_or_several_archives_says_to_unpack_them(tmp_path):
    (tmp_path / "homework.tar.gz").write_bytes(b"")
    assert "homework.tar.gz: unpack that" in refuse(tmp_path)
    for name in ("a.zip", "b.zip"):
        write_zip(tmp_path / name, {"scale.py": CLASS})
    assert "3 archives, such as a.zip: unpack the one that counts" in refuse(tmp_path)
    (tmp_path / "main.py").write_text("print(1)")
    assert "a.zip beside it was not opened: unpack that" in refuse(tmp_path)


def test_of_files_and_a_zip_side_by_side_what_has_more_of_the_classes_counts(tmp_path):
    write_zip(tmp_path / "work.zip", {"scale.py": CLASS})
    (tmp_path / "all.ipynb").write_text(notebook(CLASS))
    staged = stage(tmp_path)
    assert (staged.paths, staged.passed_over) == (["all.ipynb"], "passed over: work.zip")
    assert staged.notes == ("passed over: work.zip",)
    write_zip(tmp_path / "work.zip", {"scale.py": CLASS, "stack.py": "class Stack: pass"})
    staged = stage(tmp_path)
    assert (paths(staged), staged.passed_over) == (
        ["scale.py", "stack.py"],
        "passed over: all.ipynb",
    )
    assert staged.notes == ("passed over: all.ipynb", "taken from work.zip")
    (tmp_path / "work.zip").write_bytes(b"PK")
    assert stage(tmp_path).paths == ["all.ipynb"]


def test_a_zip_counts_where_what_lies_beside_it_is_no_part_of_the_exercise(tmp_path):
    write_zip(tmp_path / "work.zip", {"scale.py": CLASS})
    (tmp_path / "plot.py").write_text("print(1)")
    (tmp_path / "old.rar").write_bytes(b"")
    staged = stage(tmp_path)
    assert (paths(staged), staged.passed_over) == (["scale.py"], "passed over: plot.py, old.rar")


def test_a_folder_without_sources_says_what_is_in_it(tmp_path):
    assert "is empty: it holds no .py file and no notebook" in refuse(tmp_path)
    (tmp_path / ".DS_Store").write_text("")
    assert "is empty" in refuse(tmp_path)
    (tmp_path / "report.pdf").write_text("")
    assert "holds no .py file and no notebook, only report.pdf" in refuse(tmp_path)
    (tmp_path / "report.pdf").unlink()
    write_zip(tmp_path / "work.zip", {"bert/report.pdf": ""})
    assert "holds no .py file and no notebook, only report.pdf" in refuse(tmp_path)


def test_what_does_not_exist_or_is_empty_is_refused(tmp_path):
    (tmp_path / "a.py").write_text(CLASS)
    assert "does not exist" in refuse(tmp_path / "nothing")
    assert "does not exist" in refuse(tmp_path / "a.py" / "nothing")
    (tmp_path / "empty").mkdir()
    assert "holds no .py file and no notebook" in refuse(tmp_path / "empty")


def test_the_display_name_of_a_dot_is_the_folders(tmp_path, monkeypatch):
    folder = tmp_path / "ada"
    (folder / "deep").mkdir(parents=True)
    (folder / "scale.py").write_text(CLASS)
    monkeypatch.chdir(folder)
    assert stage(Path()).name == "ada"
    monkeypatch.chdir(folder / "deep")
    assert stage(Path("..")).name == "ada"


def test_paths_are_safe_to_show_and_each_is_there_once(tmp_path):
    (tmp_path / "a\x1b\u202e.py").write_text(CLASS)
    (tmp_path / "a__.py").write_text(CLASS + "# ours")
    (tmp_path / os.fsdecode(b"\xff.PY")).write_text("")
    staged = stage(tmp_path)
    assert paths(staged) == ["_.py", "a__.py"]
    assert staged.files[1].content.endswith(b"# ours")
    assert any("nearly the same name" in note for note in staged.notes)


def test_links_in_a_folder_are_left_out_with_a_note_wherever_they_point(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "scale.py").write_text(CLASS)
    (tmp_path / "stack.py").write_text(CLASS)
    (inside / "stack.py").symlink_to(tmp_path / "stack.py")
    (inside / "more").symlink_to(tmp_path)
    (inside / "circle.py").symlink_to("circle.py")
    staged = stage(inside)
    assert paths(staged) == ["scale.py"]
    assert sum("is a link" in note for note in staged.notes) == 3


def test_too_much_is_refused_and_says_what_to_give(tmp_path):
    for number in range(8):
        (tmp_path / f"f{number}.py").write_text(CLASS + "#" * 90_000)
    assert "0.3 MiB of sources" in refuse(tmp_path)
    assert "0.5 MiB of code" in refuse(tmp_path, IntakeLimits(code_mib_max=0.5))
    assert "more than 7 sources" in refuse(tmp_path, IntakeLimits(files_max=7))
    assert "more than 7 files" in refuse(tmp_path, IntakeLimits(entries_max=7))


def test_a_file_too_large_is_left_out_and_the_rest_is_graded(tmp_path):
    (tmp_path / "scale.py").write_text(CLASS)
    (tmp_path / "data.py").write_text("#" * 200_000)
    staged = stage(tmp_path)
    assert paths(staged) == ["scale.py"]
    assert "data.py was left out: it is larger than 0.1 MiB" in staged.notes[0]
    assert "larger than" in refuse(tmp_path / "data.py")


def test_folders_nested_without_end_are_not_followed_to_it(tmp_path):
    (tmp_path / "scale.py").write_text(CLASS)
    deep = tmp_path
    for _ in range(30):
        deep /= "d"
    deep.mkdir(parents=True)
    (deep / "stack.py").write_text(CLASS)
    staged = stage(tmp_path)
    assert paths(staged) == ["scale.py"]
    assert "24 folders deep" in staged.notes[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_given_as_a_submission_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "scale.py")
    assert "no ordinary file" in refuse(tmp_path / "scale.py")


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_entered_costs_only_itself(tmp_path):
    (tmp_path / "scale.py").write_text(CLASS)
    for name, mode in (("locked", 0), ("listed", 0o400)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "stack.py").write_text(CLASS)
        (tmp_path / name).chmod(mode)
    try:
        staged = stage(tmp_path)
        assert "may not be read" in refuse(tmp_path / "locked")
    finally:
        for name in ("locked", "listed"):
            (tmp_path / name).chmod(0o700)
    assert paths(staged) == ["scale.py"]
    assert any("locked was left out: it may not be read" in note for note in staged.notes)
