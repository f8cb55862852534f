"""What a student puts into a folder makes no class of it, and takes nobody's place."""

import json
import shutil
import sys

import pytest

from autograder.batch.class_folder import is_class_folder
from autograder.batch.command import collect_entries
from autograder.cli import main
from autograder.manifest import load_kit
from autograder.tests.class_layouts import TOY, lay_out

KIT = load_kit(TOY, "toy")
SEVEN = tuple(f"layer_{letter}.py" for letter in "abcdefg")
FORGED = ("lovelaceada_1234567_7654321_homework.zip", "babbagecharles_1234568_7654322_h.zip")


def names_of(*locations, out=None):
    return [
        entry.location.name for entry in collect_entries(list(map(str, locations)), KIT, out)[0]
    ]


@pytest.mark.parametrize(
    "inside", [FORGED, ("one.ipynb", "two.ipynb"), ("submission_metadata.yml",)]
)
def test_one_of_several_that_a_shell_names_is_one_submission(tmp_path, inside):
    ada = lay_out(tmp_path / "ada", "scale.py", "stack.py")
    mallory = lay_out(tmp_path / "mallory", *inside)
    assert names_of(ada, mallory) == ["ada", "mallory"]


def test_several_classes_from_one_folder_are_all_opened(tmp_path):
    for section in ("monday", "tuesday"):
        lay_out(tmp_path / section, f"{section}1/scale.py", f"{section}2/scale.py")
    assert len(names_of(tmp_path / "monday", tmp_path / "tuesday")) == 4


@pytest.mark.parametrize("beside", [FORGED, ("submission_metadata.yml", "submission_1/layer_a.py")])
def test_who_has_most_of_the_exercises_files_is_one_student_whatever_lies_beside(tmp_path, beside):
    lay_out(tmp_path / "mallory", *SEVEN[:4], *beside)
    assert not is_class_folder(tmp_path / "mallory", SEVEN, kept=True)
    # Nor in a class that has nobody else.
    assert not is_class_folder(tmp_path, SEVEN, kept=False)


def test_folders_that_hold_each_a_part_of_the_exercise_are_one_students(tmp_path):
    lay_out(tmp_path / "ada", *(f"model/{name}" for name in SEVEN[:3]))
    assert not is_class_folder(tmp_path / "ada", SEVEN)
    lay_out(tmp_path / "ada", *(f"layers/{name}" for name in SEVEN[3:]))
    assert not is_class_folder(tmp_path / "ada", SEVEN)
    # What is there twice is of two people; and with a folder for results it is a class.
    assert is_class_folder(tmp_path / "ada", SEVEN, kept=True)
    lay_out(tmp_path / "ada", f"layers/{SEVEN[0]}")
    assert is_class_folder(tmp_path / "ada", SEVEN)


@pytest.mark.skipif(sys.platform == "win32", reason="paths are shorter there")
@pytest.mark.slow
def test_folders_in_folders_by_the_thousand_stop_nobody(tmp_path):
    lay_out(
        tmp_path / "class",
        "ada/scale.py",
        "ada/stack.py",
        "grace/scale.py",
        "mallory/gradebook.csv",
    )
    deep = tmp_path / "class" / "mallory"
    for _ in range(5):  # moved into each other, as a path may not be as long
        inner = tmp_path / "inner"
        (inner / "/".join("d" * 300)).mkdir(parents=True)
        shutil.move(deep, inner / "/".join("d" * 300))
        shutil.move(inner, deep)
    try:
        assert names_of(tmp_path / "class") == ["ada", "grace", "mallory"]
    finally:
        _remove_deep(deep)


@pytest.mark.slow
def test_a_submission_that_was_graded_as_one_is_never_opened_later(tmp_path):
    people, out = tmp_path / "class", tmp_path / "out"
    lay_out(people / "ada", "scale.py")
    lay_out(people / "zoe", "draft.ipynb", "final.ipynb")
    assert main(["--kit", str(TOY), str(people), "--out", str(out), "--quiet"]) in (0, 2)
    kept = {path.name for path in out.glob("*.json")}
    main(["--kit", str(TOY), str(people / "zoe"), "--out", str(out), "--quiet"])
    assert {path.name for path in out.glob("*.json")} == kept == {"ada.json", "zoe.json"}


@pytest.mark.slow
def test_a_result_that_is_newer_than_what_is_given_now_stays_in_the_gradebook(tmp_path):
    out = tmp_path / "out"
    first, second = (f"lovelaceada_1234567_765432{number}_work.zip" for number in (1, 2))
    for name in (second, first):
        lay_out(tmp_path / name[-10:], name)
        main(["--kit", str(TOY), str(tmp_path / name[-10:]), "--out", str(out), "--quiet"])
        shutil.rmtree(tmp_path / name[-10:])
    book = (out / "gradebook.csv").read_text(encoding="utf-8")
    assert [line.partition(",")[0] for line in book.splitlines()[1:]] == ['"lovelaceada"'] * 2
    assert len([json.loads(p.read_text()) for p in out.glob("*.json")]) == 2


def _remove_deep(folder):
    """Remove what is too deep for shutil: pull it up bit by bit."""
    while folder.exists():
        inner = folder
        for _ in range(300):
            below = [p for p in inner.iterdir() if p.is_dir()]
            if not below:
                break
            inner = below[0]
        rest = folder.parent / "rest"
        if inner != folder:
            shutil.move(inner, rest)
        shutil.rmtree(folder)
        if rest.exists():
            shutil.move(rest, folder)
        else:
            break
