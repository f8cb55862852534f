"""Which of one student's files are graded: names and contents decide, and the rest is said."""

import json
import zipfile

import pytest

from autograder.batch.discovery import discover
from autograder.batch.staging import stage_entry
from autograder.manifest import load_kit
from autograder.tests.class_layouts import FILES, TOY, found, lay_out

_WHEN = "39-25 - Ada Lovelace - Sep {day}, 2024 926 PM - {file}"
_CANVAS = "ada_1234_500{}_{}"
_MOODLE = "Ada_7_assignsubmission_file_{1}"


def stage(folder):
    """Lay hold of the one submission in a class folder: its paths, its note, or its problem."""
    (entry,) = discover(folder, FILES)[0]
    entry, staged, problem = stage_entry(load_kit(TOY, "toy"), entry)
    return (staged.paths, entry.note, staged.notes) if staged else problem


def test_of_several_attempts_the_last_one_counts(tmp_path):
    for name in ("ada_1_10_hw.zip", "ada_1_11_hw-1.zip", "ada_1_12_hw-2.zip", "bob_2_13_hw.zip"):
        (tmp_path / name).write_text("")
    entries, notes = discover(tmp_path, FILES)
    assert [e.location.name for e in entries] == ["ada_1_12_hw-2.zip", "bob_2_13_hw.zip"]
    assert notes == ["of what ada handed in, taken: hw-2.zip; passed over: hw.zip, hw-1.zip"]


def test_files_that_came_one_by_one_are_one_submission_under_their_own_names(tmp_path):
    lay_out(tmp_path, "ada_1234_5001_scale.py", "ada_1234_5002_stack.py", "bob_1235_5003_hw.zip")
    entries = discover(tmp_path, FILES)[0]
    assert [(e.student, len(e.parts)) for e in entries] == [("ada", 2), ("bob", 0)]
    assert [name for _, name in entries[0].parts] == ["scale.py", "stack.py"]


def test_of_files_handed_in_again_the_newest_of_each_counts(tmp_path):
    # Canvas numbers only names that were used before.
    lay_out(tmp_path, "ada_1234_5001_scale.py", "ada_1234_5003_scale-1.py",
            "ada_LATE_1234_5004_stack.py")  # fmt: skip
    (entry,) = discover(tmp_path, FILES)[0]
    assert {name: path.name for path, name in entry.parts} == {
        "scale.py": "ada_1234_5003_scale-1.py",
        "stack.py": "ada_LATE_1234_5004_stack.py",
    }
    assert entry.late


@pytest.mark.parametrize(
    ("names", "graded"),
    [
        (["ada_1234_5001_scale.py", "ada_1234_5002_work.ipynb"], ["scale.py", "work.ipynb"]),
        (["ada_1234_5001_work.ipynb", "ada_1234_5002_scale.py"], ["scale.py", "work.ipynb"]),
        ([f"Ada_7_assignsubmission_file_{n}" for n in ("a.ipynb", "scale.py", "z.ipynb")],
         ["scale.py", "z.ipynb"]),
        ([_WHEN.format(day=24, file="scale.py"), _WHEN.format(day=24, file="work.ipynb")],
         ["scale.py", "work.ipynb"]),
        ([_WHEN.format(day=24, file="work.ipynb"), _WHEN.format(day=25, file="scale.py")],
         ["scale.py"]),
        (["ada_1234_5001_scale.py", "ada_1234_5002_hw.zip"], []),
    ],
)  # fmt: skip
def test_modules_and_a_notebook_that_came_together_are_one_submission(tmp_path, names, graded):
    (entry,) = discover(lay_out(tmp_path, *names), FILES)[0]
    assert [name for _, name in entry.parts] == graded


def test_a_newer_notebook_replaces_modules_where_attempts_are_told_apart(tmp_path):
    newer = _WHEN.format(day=25, file="work.ipynb")
    entries, notes = discover(
        lay_out(tmp_path, _WHEN.format(day=24, file="scale.py"), newer), FILES
    )
    assert [(e.location.name, e.parts) for e in entries] == [(newer, ())]
    assert len(notes) == 1


@pytest.mark.parametrize("form", [_CANVAS, _MOODLE, "Ada_7_assignsubmission_file_/{1}"])
@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
@pytest.mark.parametrize("more", ["hw.zip", "work.ipynb"])
@pytest.mark.parametrize("less", ["class Scale: 1", "class Scales: 1"])
def test_of_a_notebook_and_a_zip_what_defines_more_counts_whatever_the_platform(
    tmp_path, form, order, more, less
):
    both = "class Scale: 1\nclass Stack: 2"
    packed, book = (
        form.format(*pair) for pair in zip(order, ("hw.zip", "work.ipynb"), strict=True)
    )
    lay_out(tmp_path, packed, book)
    cell = {"cell_type": "code", "source": less if more == "hw.zip" else both}
    (tmp_path / book).write_text(json.dumps({"cells": [cell]}))
    with zipfile.ZipFile(tmp_path / packed, "w") as archive:
        archive.writestr("scale.py", both if more == "hw.zip" else less)
    paths, note, notes = stage(tmp_path)
    assert paths[0].endswith("scale.py" if more == "hw.zip" else "work.ipynb")
    assert note.endswith(f"passed over: {'work.ipynb' if more == 'hw.zip' else 'hw.zip'}")
    assert note in notes


@pytest.mark.parametrize(
    ("form", "order", "graded"),
    [(_CANVAS, (1, 2), "work.ipynb"), (_CANVAS, (2, 1), "scale.py"),
     (_MOODLE, (1, 2), "work.ipynb"),
     ("Ada_7_assignsubmission_file_/{1}", (1, 2), "work.ipynb")],
)  # fmt: skip
def test_of_two_that_define_as_much_the_newer_counts_or_else_the_single_files(
    tmp_path, form, order, graded
):
    packed, book = (
        form.format(*pair) for pair in zip(order, ("hw.zip", "work.ipynb"), strict=True)
    )
    lay_out(tmp_path, packed, book)
    cell = {"cell_type": "code", "source": "class Scale: 1"}
    (tmp_path / book).write_text(json.dumps({"cells": [cell]}))
    with zipfile.ZipFile(tmp_path / packed, "w") as archive:
        archive.writestr("scale.py", "class Scale: 1")
    assert stage(tmp_path)[0][0].endswith(graded)


def test_between_several_archives_nobody_guesses_unless_names_tell_the_newest(tmp_path):
    for form in (_MOODLE, "Ada_7_assignsubmission_file_/{1}"):
        folder = lay_out(tmp_path / form[:9] / str(len(form)), *(form.format(0, n) for n in
                         ("a.zip", "b.zip")))  # fmt: skip
        assert "a.zip" in stage(folder)


def test_of_single_files_of_one_name_the_older_is_said_to_be_passed_over(tmp_path):
    lay_out(tmp_path, "ada_1234_5001_scale.py", "ada_1234_5003_scale-1.py", "ada_1234_5002_a.rar")
    entries, notes = discover(tmp_path, FILES)
    told = "of what ada handed in, taken: scale-1.py; passed over: scale.py, a.rar"
    assert (entries[0].note, notes) == (told, [told])


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["Ada_7_assignsubmission_file_/report.pdf"], "handed in report.pdf: ask for a .zip"),
        (
            ["Ada_7_assignsubmission_file_/a.ipynb.txt"],
            "handed in a.ipynb.txt: a notebook by another",
        ),
        (["Ada_7_assignsubmission_file_/a.rar"], "handed in a.rar: ask for a .zip"),
        (["Ada_7_assignsubmission_onlinetext_/onlinetext.html"], "handed in onlinetext.html: ask"),
        (["Ada_7_assignsubmission_file_/"], "Ada_7_assignsubmission_file_ is empty"),
    ],
)
def test_a_folder_with_nothing_to_grade_says_what_was_handed_in(tmp_path, names, words):
    assert stage(lay_out(tmp_path, *names)).startswith(words)


def test_a_text_typed_beside_a_file_is_no_second_submission(tmp_path):
    lay_out(tmp_path, "Ada_7_assignsubmission_file_/scale.py",
            "Ada_7_assignsubmission_onlinetext_/onlinetext.html")  # fmt: skip
    assert list(found(tmp_path)) == ["Ada_7_assignsubmission_file_"]
