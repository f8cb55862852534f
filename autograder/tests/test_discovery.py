"""Whose each submission of a class is, and what is one: read from names only, never guessed."""

import json
import os
import unicodedata
import zipfile
from pathlib import Path

import pytest
import yaml

from autograder import cli
from autograder.batch import gradescope
from autograder.batch.class_folder import Ambiguous, is_class_folder
from autograder.batch.command import collect_entries
from autograder.batch.discovery import discover, name_given
from autograder.batch.key_choice import make_keys_unique
from autograder.batch.keys import make_key
from autograder.batch.platform_names import explain_several
from autograder.batch.staging import stage_entry
from autograder.manifest import load_kit

TOY = Path(__file__).parent / "toy_course"
FILES = ["scale.py", "stack.py"]


def lay_out(folder, *names):
    """Write empty files; a name that ends in a slash is a folder."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        else:
            path.write_text("")
    return folder


def found(folder):
    return {entry.location.name: entry for entry in discover(folder, FILES)[0]}


@pytest.mark.parametrize(
    ("names", "many"),
    [
        (["ada/scale.py", "grace/scale.py"], True),
        (["a.zip", "b.zip"], True),
        (["a.ipynb", "b.ipynb", "notes.txt"], True),
        (["ada/deep/down/scale.py", "grace/work.ipynb"], True),
        (["submission_1/scale.py", "submission_metadata.yml"], True),
        (["scale.py", "stack.py"], False),
        (["scale.py", "drafts/scale.py", "old/scale.py"], False),
        (["homework/scale.py", "data/tweets.csv"], False),
        (["homework.ipynb", "data/tweets.csv"], False),
        (["homework.ipynb"], False),
    ],
)
def test_a_folder_of_submissions_is_told_from_a_submission(tmp_path, names, many):
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    assert is_class_folder(tmp_path, FILES) is many


@pytest.mark.parametrize(
    ("name", "student", "number", "late"),
    [
        ("lovelaceada_1234_5678_homework.zip", "lovelaceada", "1234", False),
        ("lovelaceada_LATE_1234_5678_home_work-2.zip", "lovelaceada", "1234", True),
        ("Ada Lovelace_777_assignsubmission_file_/scale.py", "Ada Lovelace", "777", False),
        ("Ada King-Noel_777_assignsubmission_file_work.zip", "Ada King-Noel", "777", False),
        ("submission_4242/scale.py", "", "4242", False),
        ("ada.zip", "ada", "", False),
    ],
)
def test_who_handed_in_is_read_from_the_name(tmp_path, name, student, number, late):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    entry = discover(tmp_path, FILES)[0][0]
    assert (entry.student, entry.student_id, entry.late) == (student, number, late)


def test_gradescopes_names_are_read_from_its_list(tmp_path):
    (tmp_path / "submission_1").mkdir()
    (tmp_path / "submission_1" / "scale.py").write_text("")
    (tmp_path / "submission_metadata.yml").write_text(
        "submission_1:\n  :submitters:\n  - :name: Ada L\n    :sid: '99'\n    :email: a@b\n"
    )
    entry = discover(tmp_path, FILES)[0][0]
    assert (entry.student, entry.student_id) == ("Ada L", "99")


@pytest.mark.parametrize("text", ["{", "!!python/object/apply:os.system ['true']", "- 1", "\xff"])
def test_a_hostile_list_of_names_is_ignored(tmp_path, text):
    (tmp_path / "submission_1").mkdir()
    (tmp_path / "submission_1" / "scale.py").write_text("")
    (tmp_path / "submission_metadata.yml").write_bytes(text.encode("latin-1"))
    assert discover(tmp_path, FILES)[0][0].student == ""


def test_of_several_attempts_the_last_one_counts(tmp_path):
    for name in ("ada_1_10_hw.zip", "ada_1_11_hw-1.zip", "ada_1_12_hw-2.zip", "bob_2_13_hw.zip"):
        (tmp_path / name).write_text("")
    entries, notes = discover(tmp_path, FILES)
    assert [e.location.name for e in entries] == ["ada_1_12_hw-2.zip", "bob_2_13_hw.zip"]
    assert notes == ["of what ada handed in, taken: hw-2.zip; passed over: hw.zip, hw-1.zip"]


@pytest.mark.parametrize("name", ["../../etc", "a/b", "=1+1", "\u202egnp.exe", ".", "con\x00"])
def test_a_hostile_name_becomes_a_plain_file_name(name):
    key = make_key(name)
    assert key
    assert not set(key) & set("/\\\x00=\u202e")
    assert not key.startswith(".")


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


def test_what_a_shell_makes_of_a_folder_is_the_same_class(tmp_path):
    lay_out(tmp_path / "canvas", "ada_1234_5001_scale.py", "ada_1234_5002_work.ipynb",
            "bob_1235_5003_hw.zip", "eve_1236_5004_a.pdf")  # fmt: skip
    lay_out(tmp_path / "export", "submission_1/a.zip", "submission_1/b.zip")
    (tmp_path / "export" / gradescope.METADATA).write_text(
        "submission_1: {':submitters': [{':name': Zoe Z, ':sid': 7}]}"
    )
    named = sorted([*(tmp_path / "canvas").iterdir(), *(tmp_path / "export").iterdir()])
    entries, notes = collect_entries(list(map(str, named)), load_kit(TOY, "toy"))
    assert [(e.student, e.student_id, len(e.parts)) for e in entries] == [
        ("ada", "1234", 2), ("bob", "1235", 0), ("eve", "1236", 0), ("Zoe Z", "7", 0)
    ]  # fmt: skip
    assert notes == []


_WHEN = "39-25 - Ada Lovelace - Sep {day}, 2024 926 PM - {file}"


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


_CANVAS = "ada_1234_500{}_{}"
_MOODLE = "Ada_7_assignsubmission_file_{1}"


def stage(folder):
    """Lay hold of the one submission in a class folder: its paths, its note, or its problem."""
    (entry,) = discover(folder, FILES)[0]
    entry, staged, problem = stage_entry(load_kit(TOY, "toy"), entry)
    return (staged.paths, entry.note, staged.notes) if staged else problem


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
        (["Ada_7_assignsubmission_file_/a.ipynb.txt"], "handed in a.ipynb.txt: ask for a .zip"),
        (["Ada_7_assignsubmission_file_/a.rar"], "handed in a.rar: ask for a .zip"),
        (["Ada_7_assignsubmission_onlinetext_/onlinetext.html"], "handed in onlinetext.html: ask"),
        (["Ada_7_assignsubmission_file_/"], "Ada_7_assignsubmission_file_ is empty"),
    ],
)
def test_a_folder_with_nothing_to_grade_says_what_was_handed_in(tmp_path, names, words):
    assert stage(lay_out(tmp_path, *names)).startswith(words)


def test_a_number_in_the_students_own_name_is_no_attempt(tmp_path):
    lay_out(tmp_path, "ada_9876_5001_hw-2024.zip", "ada_9876_5002_hw.zip")
    entries, notes = discover(tmp_path, FILES)
    assert [e.location.name for e in entries] == ["ada_9876_5002_hw.zip"]
    assert len(notes) == 1


@pytest.mark.parametrize(
    ("name", "student", "number"),
    [
        ("o_neilshaun_1236_5001_hw.zip", "o_neilshaun", "1236"),
        ("group_7_1239_5011_hw.zip", "group_7", "1239"),
        ("ada_1234_5678_lab_1_2_final.zip", "ada", "1234"),
        ("anon_Xy12z_5009_hw.zip", "anon_Xy12z", ""),
        ("Default group_assignsubmission_file_/scale.py", "Default group", ""),
        ("Participant_77_assignsubmission_file_/scale.py", "Participant 77", "77"),
        ("39-25 - Ada Lovelace - Sep 24, 2024 926 PM/scale.py", "Ada Lovelace", ""),
        ("HW1_ada_attempt_2024-09-24-21-26-00_hw.zip", "ada", ""),
    ],
)
def test_names_of_platforms_are_read(tmp_path, name, student, number):
    (entry,) = discover(lay_out(tmp_path, name), FILES)[0]
    assert (entry.student, entry.student_id) == (student, number)


@pytest.mark.parametrize("form", ["39-25 - {} - Sep 24, 2024 926 PM", "{}_assignsubmission_file_"])
def test_students_whose_names_only_look_alike_are_not_taken_for_one(tmp_path, form):
    lay_out(
        tmp_path, *(f"{form.format(name)}/scale.py" for name in ("Ada", "A\u00adda", "Ada\u3164"))
    )
    assert [entry.student for entry in discover(tmp_path, FILES)[0]] == ["Ada"] * 3


def test_a_text_typed_beside_a_file_is_no_second_submission(tmp_path):
    lay_out(tmp_path, "Ada_7_assignsubmission_file_/scale.py",
            "Ada_7_assignsubmission_onlinetext_/onlinetext.html")  # fmt: skip
    assert list(found(tmp_path)) == ["Ada_7_assignsubmission_file_"]


def test_what_cannot_be_graded_is_a_row_with_a_sentence(tmp_path):
    lay_out(tmp_path, "ada_1234_5001_work.rar", "bob_1235_5002_hw.zip", "readme.txt")
    entries, notes = discover(tmp_path, FILES)
    assert entries[0].problem == "handed in work.rar: ask for a .zip, .ipynb or .py"
    assert entries[1].problem == ""
    assert notes == ["no submissions, passed over: readme.txt"]


def test_a_student_whose_folder_looks_like_results_is_graded_all_the_same(tmp_path):
    lay_out(tmp_path, "ada/scale.py", "ada/gradebook.csv", "bob/bert/scale.py", "bob/.lock")
    assert list(found(tmp_path)) == ["ada", "bob"]


def test_an_archive_of_another_kind_is_a_row_in_a_class_without_platform_names(tmp_path):
    lay_out(tmp_path, "ada.zip", "bob.tar.gz", "eve.7Z", "zoe.zip", "report.pdf")
    entries, notes = discover(tmp_path, FILES)
    assert [entry.student for entry in entries] == ["ada", "bob", "eve", "zoe"]
    assert entries[1].problem == "handed in bob.tar.gz: ask for a .zip, .ipynb or .py"
    assert notes == ["no submissions, passed over: report.pdf"]


@pytest.mark.parametrize(
    ("names", "many"),
    [
        (["ada_1234_5001_hw.zip"], True),
        (["ada.zip", "bob/scale.py"], True),
        (["ada/scale.py", "bob/"], True),
        (["ada.zip", "bob.zip", "scale.py"], True),
        (["scale.py", "drafts/scale.py"], False),
        (["homework/scale.py", "data/tweets.csv"], False),
        (["export/submission_1/scale.py", "export/submission_metadata.yml"], True),
        (["download/ada.zip", "download/bob.zip"], True),
    ],
)
def test_where_results_are_kept_a_folder_is_sooner_a_class(tmp_path, names, many):
    assert is_class_folder(lay_out(tmp_path, *names), FILES, kept=True) is many


def test_a_class_is_found_below_the_folder_it_was_packed_in(tmp_path):
    lay_out(tmp_path, "export/ada/scale.py", "export/bob/scale.py")
    assert list(found(tmp_path)) == ["ada", "bob"]


def test_a_section_is_never_graded_as_a_student(tmp_path):
    lay_out(tmp_path, *(f"{s}/{who}/scale.py" for s in ("a", "b") for who in ("ada", "bob")))
    with pytest.raises(Ambiguous, match="holds several submissions"):
        discover(tmp_path, FILES)


def test_our_own_results_and_system_folders_are_nobodys_work(tmp_path):
    lay_out(tmp_path, "ada/scale.py", "bob/scale.py", "__MACOSX/scale.py", "__pycache__/x.py",
            "results/gradebook.csv", "results/ada.json", "killed/.lock", "killed/ada.json",
            ".git/x.py", "desktop.ini", "Thumbs.db")  # fmt: skip
    assert list(found(tmp_path)) == ["ada", "bob"]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_link_in_a_class_is_not_followed(tmp_path):
    lay_out(tmp_path, "ada.zip", "bob/scale.py", "secret/scale.py")
    (tmp_path / "eve.zip").symlink_to(tmp_path / "ada.zip")
    (tmp_path / "mal").symlink_to(tmp_path / "secret")
    assert "is a link" in found(tmp_path)["eve.zip"].problem
    assert "is a link" in found(tmp_path)["mal"].problem


@pytest.mark.parametrize("name", ["山" * 84, "字" * 200 + ".zip", "x" * 250])
def test_a_key_fits_into_a_file_name_however_it_is_spelt(tmp_path, name):
    assert len(f".{make_key(name)}.json.temporary".encode()) < 255
    assert make_key(name) != make_key(name + "y")


def test_keys_differ_in_more_than_capitals_and_nothing_is_taken_twice(tmp_path):
    lay_out(tmp_path, "Ada/scale.py", "ada/scale.py")
    named = [name_given(tmp_path / name) for name in ("Ada", "ada", "ada")]
    assert [entry.key for entry in make_keys_unique(named)] == ["Ada", "ada~2"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("ada_", "ada!"), ("ada?", "ada!"), ("a b", "a_b"), (".ada", "ada"), ("ada", "ada\u200b"),
     ("ada…", "ada_"), ("é", "e\u0301"), ("submission", "..."), ("x~2", "x_2")],
)  # fmt: skip
def test_names_that_differ_only_in_what_a_key_leaves_out_have_different_keys(one, other):
    assert make_key(one) != make_key(other)
    assert make_key(one) == make_key(one)


def test_keys_differ_where_a_file_system_takes_letters_apart(tmp_path):
    names = ["\uac00", "\u1100\u1161", "\u212a", "k"]
    keys = [entry.key for entry in make_keys_unique([name_given(tmp_path / n) for n in names])]
    apart = {unicodedata.normalize("NFD", key).casefold() for key in keys}
    assert len(apart) == len(keys)


@pytest.mark.parametrize(
    "text",
    ["submission_1: {':submitters': 5}", "submission_1: !!timestamp foo", "a: &x [1]\nb: *x",
     "submission_1: {':submitters': [{':name': null, ':sid': null}]}"],
)  # fmt: skip
def test_an_odd_list_of_names_gives_none(tmp_path, text):
    lay_out(tmp_path, "submission_1/scale.py")
    (tmp_path / "submission_metadata.yml").write_text(text)
    assert found(tmp_path)["submission_1"].student == ""


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_a_list_with_tags_aliases_and_much_output_gives_names(tmp_path, monkeypatch, loader):
    monkeypatch.setattr(gradescope, "_LOADER", getattr(yaml, loader, yaml.SafeLoader))
    (tmp_path / gradescope.METADATA).write_text(
        "submission_1:\n"
        "  :submitters:\n  - :name: Ada L\n    :sid: 0042\n  - :name: 'Null'\n    :sid: ~\n"
        "  :created_at: !ruby/object:ActiveSupport::TimeWithZone {utc: 2024-09-24 21:26:00 Z}\n"
        "  :results: &r {tests: [{output: [[[[[deep]]]]]}]}\n  :history: [*r, *r]\n"
        "submission_2: {[a, b]: c, ':submitters': [{':name': Bob B, ':sid': 7}]}\n"
    )
    assert gradescope.read_names(tmp_path) == (
        {"submission_1": ("Ada L; Null", "0042"), "submission_2": ("Bob B", "7")}, ""
    )  # fmt: skip


def test_the_folder_one_stands_in_has_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(lay_out(tmp_path / "homework", "scale.py"))
    assert name_given(Path()).student == "homework"


@pytest.mark.parametrize(
    ("paths", "several"),
    [
        (["submission_1/scale.py", "submission_2/scale.py"], True),
        (
            ["all/Ada_1_assignsubmission_file_/a.zip", "all/Bob_2_assignsubmission_file_/b.zip"],
            True,
        ),
        (["ada_1234_5001_scale.py", "ada_1234_5002_stack.py"], False),
        (["bert/scale.py", "bert/run_1_2_a.py", "bert/run_3_4_b.py"], False),
        ([], False),
    ],
)
def test_a_bulk_download_that_is_still_packed_is_not_one_students_work(paths, several):
    told = explain_several("all.zip", paths, FILES)
    assert ("several students: unpack it" in told) is several


@pytest.mark.parametrize("inner", ["submission_{}/scale.py", "submission_{}/work.zip"])
def test_a_packed_class_is_refused_with_and_without_a_folder_for_results(tmp_path, capsys, inner):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for number in (1, 2):
            archive.writestr(f"export/{inner.format(number)}", "class Scale: pass")
    for more in ([], ["--out", str(tmp_path / "out")]):
        assert cli.main(["--kit", str(TOY), str(tmp_path / "all.zip"), *more]) == 2
        output = capsys.readouterr()
        assert "several students: unpack it" in output.out + output.err


@pytest.mark.parametrize(
    ("platform", "own", "number"),
    [
        ("HW1_bob_attempt_2024-09-24-21-26-00_", "x_eve_attempt_2030-01-01-00-00-00_hw.zip", ""),
        ("HW1_bob_attempt_2024-09-24-21-26-00_", "x_3333_assignsubmission_file_hw.zip", ""),
        ("HW1_bob_attempt_2024-09-24-21-26-00_", "x_3333_4444_hw.zip", ""),
        ("bob_1111_2222_", "x_3333_assignsubmission_file_hw.zip", "1111"),
        ("bob_1111_2222_", "x_eve_attempt_2030-01-01-00-00-00_hw.zip", "1111"),
        ("bob_1111_assignsubmission_file_", "x_3333_4444_hw.zip", "1111"),
        ("397-255 - bob - Sep 24, 2024 926 PM - ", "x_3333_assignsubmission_file_hw.zip", ""),
    ],
)
def test_a_students_own_name_for_a_file_makes_nobody_else_of_them(platform, own, number, tmp_path):
    found, _ = discover(lay_out(tmp_path, platform + own, "other.zip"), FILES)
    assert ("bob", number) in [(entry.student, entry.student_id) for entry in found]
