"""Intake takes what students send, refuses what no one can grade, and trusts no byte of it."""

import io
import json
import os
import stat
import zipfile

import pytest

from autograder.trusted.errors import UngradableSubmission
from autograder.trusted.intake import IntakeLimits, stage_submission

NAMES, FILES = ("Scale", "Stack"), ("scale.py", "stack.py")
CLASS = "class Scale:\n    pass\n"
SMALL = IntakeLimits(source_mib_max=0.1, notebook_mib_max=0.2, total_mib_max=0.3, files_max=20)


def stage(path, limits=SMALL):
    return stage_submission(path, NAMES, FILES, limits)


def refuse(path, limits=SMALL):
    with pytest.raises(UngradableSubmission) as refusal:
        stage(path, limits)
    sentence = str(refusal.value)
    assert "\n" not in sentence
    return sentence


def write_zip(path, entries, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, text in entries.items():
            archive.writestr(name, text)
    return path


def notebook(*cells):
    return json.dumps({"cells": [{"cell_type": "code", "source": c} for c in cells], "nbformat": 4})


def paths(staged):
    return sorted(file.path for file in staged.files)


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


def test_wrapping_folders_of_a_zip_are_taken_off(tmp_path):
    path = write_zip(
        tmp_path / "a.zip", {"x/y/scale.py": CLASS, "x/y/z/help.py": "", "x/r.pdf": ""}
    )
    assert paths(stage(path)) == ["scale.py", "z/help.py"]


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


def test_code_cells_keep_their_place_among_all_cells(tmp_path):
    data = {"cells": [{"cell_type": "markdown", "source": "hi"},
                      {"cell_type": "code", "source": ["class Scale:\n", "    pass"]},
                      "no cell", {"cell_type": "code", "source": 3}]}  # fmt: skip
    (tmp_path / "a.ipynb").write_text(json.dumps(data))
    cells = stage(tmp_path / "a.ipynb").notebooks[0].cells
    assert [(cell.number, cell.source) for cell in cells] == [(2, "class Scale:\n    pass")]


def test_a_broken_notebook_beside_good_files_is_left_out_with_a_note(tmp_path):
    (tmp_path / "scale.py").write_text(CLASS)
    (tmp_path / "a.ipynb").write_text("{")
    staged = stage(tmp_path)
    assert paths(staged) == ["scale.py"]
    assert any("a.ipynb was left out" in note for note in staged.notes)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"cells": 3}', '{"nbformat": 4}', "[" * 200_000, '{"cells":' * 5000,
     notebook("class Scale")[:-5], "9" * 10_000, '"\\ud800"'],
)  # fmt: skip
def test_what_is_no_notebook_is_refused_in_one_sentence(tmp_path, content):
    path = tmp_path / "a.ipynb"
    path.write_text(content)
    assert "notebook" in refuse(path, IntakeLimits())


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


@pytest.mark.parametrize(
    "entry",
    ["../scale.py", "a/../../scale.py", "/scale.py", "C:/scale.py", "C:scale.py", "..\\scale.py",
     "\\\\server\\scale.py"],
)  # fmt: skip
def test_a_zip_entry_that_points_outside_is_refused(tmp_path, entry):
    assert "points outside" in refuse(write_zip(tmp_path / "a.zip", {entry: CLASS}))


def test_a_link_in_a_zip_is_refused(tmp_path):
    info = zipfile.ZipInfo("scale.py")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert "link" in refuse(tmp_path / "a.zip")


def test_a_zip_bomb_is_refused_by_what_comes_out_not_by_what_it_says(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"scale.py": "#" * 10_000_000})
    assert "unpacks to more than" in refuse(path)
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        place = data.index(mark) + offset
        data[place : place + 4] = (10).to_bytes(4, "little")
    path.write_bytes(data)
    refuse(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_packing_that_unpacks_without_bounds_is_refused(tmp_path, method):
    path = write_zip(tmp_path / "a.zip", {"scale.py": "#" * 1_000_000}, method)
    assert "packed in a way" in refuse(path)


def test_many_small_entries_are_refused(tmp_path):
    entries = {f"f{number}.py": CLASS for number in range(30)}
    assert "more than 20 sources" in refuse(write_zip(tmp_path / "a.zip", entries))


@pytest.mark.parametrize("cut", [10, 30, 60, -30, -10])
def test_a_zip_cut_off_in_transfer_is_refused(tmp_path, cut):
    path = write_zip(tmp_path / "a.zip", {"scale.py": CLASS * 20})
    path.write_bytes(path.read_bytes()[:cut])
    refuse(path)


def test_a_damaged_entry_is_refused(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"scale.py": CLASS * 50}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[100] ^= 0xFF
    path.write_bytes(data)
    assert "no intact zip" in refuse(path)


def test_of_two_entries_with_one_name_the_last_counts(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("scale.py", "x")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("scale.py", CLASS)
    (tmp_path / "a.zip").write_bytes(buffer.getvalue())
    assert stage(tmp_path / "a.zip").files[0].content == CLASS.encode()


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


@pytest.mark.parametrize(
    "text", ["class Scale(Base):", "  class Stack :", "Scale = Other", "from x import Scale"]
)
def test_any_way_to_define_a_class_is_enough_to_be_graded(tmp_path, text):
    (tmp_path / "main.py").write_text(text)
    assert stage(tmp_path)
