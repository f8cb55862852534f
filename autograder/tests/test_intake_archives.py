"""Intake reads zip files as students pack them, and refuses those made to do harm."""

import contextlib
import io
import json
import random
import stat
import struct
import tracemalloc
import zipfile

import pytest

from autograder.tests.intake_helpers import (
    CLASS,
    paths,
    refuse,
    stage,
    write_zip,
)
from autograder.trusted.errors import UngradableSubmission


def overwrite(path, mark, offset, value):
    """Change bytes at ``offset`` in every record that begins with ``mark``."""
    data, place = bytearray(path.read_bytes()), -1
    while (place := data.find(mark, place + 1)) >= 0:
        data[place + offset : place + offset + len(value)] = value
    path.write_bytes(data)


def test_wrapping_folders_of_a_zip_are_taken_off(tmp_path):
    path = write_zip(
        tmp_path / "a.zip", {"x/y/scale.py": CLASS, "x/y/z/help.py": "", "x/r.pdf": ""}
    )
    assert paths(stage(path)) == ["scale.py", "z/help.py"]


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


def test_a_link_that_is_no_source_costs_nothing(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"scale.py": CLASS, "venv/pyvenv.cfg": "home = /usr"})
    with zipfile.ZipFile(path, "a") as archive:
        for name in ("venv/bin/python3", "venv/lib/six.py", "data"):
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, "/etc/passwd")
    assert [file.path for file in stage(path).files] == ["scale.py"]


def test_a_zip_bomb_is_refused_by_what_comes_out_not_by_what_it_says(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"scale.py": "#" * 50_000_000})
    sentence, mib = refuse_and_measure(path)
    assert "unpacks to more than" in sentence
    assert mib < 10
    overwrite(path, b"PK\3\4", 22, struct.pack("<L", 10))
    overwrite(path, b"PK\1\2", 24, struct.pack("<L", 10))
    sentence, mib = refuse_and_measure(path)
    assert "no intact zip" in sentence
    assert mib < 10


def refuse_and_measure(path):
    """Return the refusal and how much memory it took at most."""
    tracemalloc.start()
    try:
        return refuse(path), tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_take_memory_as_they_like_are_refused(tmp_path, method):
    path = write_zip(tmp_path / "a.zip", {"scale.py": "#" * 50_000_000}, method)
    sentence, mib = refuse_and_measure(path)
    assert "ordinary zip" in sentence
    assert mib < 10


def test_a_table_of_contents_too_large_to_hold_is_refused_unread(tmp_path):
    entry = struct.pack(
        "<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0
    )
    table = (entry + b"a") * 300_000
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(table), 0, 0)
    (tmp_path / "a.zip").write_bytes(table + end)
    sentence, mib = refuse_and_measure(tmp_path / "a.zip")
    assert "too many entries" in sentence
    assert mib < 30


def test_files_that_overlap_in_a_zip_count_each_time_they_come_out(tmp_path):
    names = {f"f{number}.py": "" for number in range(9)}
    path = write_zip(tmp_path / "a.zip", {**names, "scale.py": "#" * 60_000}, zipfile.ZIP_STORED)
    with zipfile.ZipFile(path) as archive:
        last = archive.getinfo("scale.py")
    for offset, value in ((16, last.CRC), (20, last.file_size), (24, last.file_size),
                          (42, last.header_offset)):  # fmt: skip
        overwrite(path, b"PK\1\2", offset, struct.pack("<L", value))
    refuse(path)


def test_a_name_with_a_nul_in_it_is_refused(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"scale.pyX.txt": CLASS})
    path.write_bytes(path.read_bytes().replace(b".pyX", b".py\0"))
    assert "no file can have" in refuse(path)


def test_an_encrypted_source_is_refused_and_an_encrypted_picture_is_not(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"scale.py": CLASS})
    overwrite(path, b"PK\1\2", 8, b"\1")
    assert "password" in refuse(path)
    path = write_zip(tmp_path / "b.zip", {"p.png": "x", "scale.py": CLASS})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\1\2") + 8] = 1  # the first entry only
    path.write_bytes(data)
    assert paths(stage(path)) == ["scale.py"]


@pytest.mark.parametrize("method", [9, 98, 99, 1234])
def test_a_method_python_does_not_know_is_refused(tmp_path, method):
    path = write_zip(tmp_path / "a.zip", {"scale.py": CLASS})
    overwrite(path, b"PK\1\2", 10, struct.pack("<H", method))
    assert "ordinary zip" in refuse(path)


def test_litter_in_a_zip_is_passed_over(tmp_path):
    litter = (
        "x/__MACOSX/._scale.py", "x/._scale.py", "x/.DS_Store", "x/report.pdf", "x/data.csv",
        "x/__pycache__/scale.cpython-311.pyc", "x/env/pyvenv.cfg", "x/env/bin/activate_this.py",
        "x/.ipynb_checkpoints/a.ipynb", "x/stack.py/",
    )  # fmt: skip
    entries = dict.fromkeys(litter, "class Litter: pass")
    staged = stage(write_zip(tmp_path / "A.ZIP", {**entries, "x/scale.py": CLASS}))
    assert paths(staged) == ["scale.py"]
    assert any("stack.py is a folder" in note for note in staged.notes)


def test_a_zip_in_a_zip_is_not_opened(tmp_path):
    inner = write_zip(tmp_path / "inner.zip", {"scale.py": CLASS}).read_bytes()
    assert "inner.zip: unpack that" in refuse(write_zip(tmp_path / "a.zip", {"inner.zip": inner}))


def test_a_path_of_ten_thousand_folders_is_left_out(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"d/" * 10_000 + "stack.py": CLASS, "scale.py": CLASS})
    staged = stage(path)
    assert paths(staged) == ["scale.py"]
    assert "too many folders deep" in staged.notes[0]


def test_a_notebook_in_a_zip_is_read(tmp_path):
    cell = {"cell_type": "code", "source": CLASS}
    path = write_zip(tmp_path / "a.zip", {"n/a.ipynb": json.dumps({"cells": [cell]})})
    assert stage(path).notebooks[0].cells[0].source == CLASS


def test_a_zip_altered_anywhere_is_graded_or_refused_and_nothing_else(tmp_path):
    path, dice = tmp_path / "a.zip", random.Random(20)
    intact = write_zip(path, {"a/scale.py": CLASS * 9, "a/b.ipynb": "{}"}).read_bytes()
    for _ in range(500):
        data = bytearray(intact)
        for _ in range(dice.choice((1, 2, 5))):
            place = dice.randrange(len(data))
            data[place : place + dice.choice((1, 4))] = dice.randbytes(dice.choice((0, 1, 4)))
        path.write_bytes(data)
        # Anything but a refusal would come through and fail the test.
        with contextlib.suppress(UngradableSubmission):
            stage(path)


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
