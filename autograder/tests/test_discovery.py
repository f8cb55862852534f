"""Whose each submission of a class is, and what is one: read from names only, never guessed."""

import os
import zipfile
from pathlib import Path

import pytest
import yaml

from autograder import cli
from autograder.batch import gradescope
from autograder.batch.class_folder import Ambiguous, is_class_folder
from autograder.batch.command import collect_entries
from autograder.batch.discovery import discover, name_given
from autograder.batch.platform_names import explain_several
from autograder.manifest import load_kit
from autograder.tests.class_layouts import FILES, TOY, found, lay_out


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
        (["layers.py", "homework.ipynb"], False),
        (["layers.py", "model.py"], False),
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
        ("eve_LATE_12_345678_x_1234567_9999999_hw.zip", "eve", "12", True),
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


@pytest.mark.parametrize(
    "names",
    [
        [f"HW1_{who}_smith_attempt_2026-09-24-21-26-00_hw.zip" for who in "aj"],
        [f"39806{n}-25 - John Smith - Sep 24, 2026 926 PM - hw.zip" for n in "12"],
    ],
)
def test_two_of_one_name_whom_the_platform_tells_apart_are_two(tmp_path, names):
    assert len(discover(lay_out(tmp_path, *names), FILES)[0]) == 2


def test_who_writes_a_list_of_names_for_their_own_is_one_person(tmp_path):
    lay_out(tmp_path, "submission_1/scale.py")
    (tmp_path / "submission_metadata.yml").write_text(
        "submission_1:\n  :submitters:\n  - :name: Eve; Ada L\n    :sid: '7; 99'\n"
    )
    entry = discover(tmp_path, FILES)[0][0]
    assert (entry.student, entry.student_id) == ("Eve, Ada L", "7, 99")


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
