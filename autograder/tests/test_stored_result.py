"""A stored result is taken for one only when it is wholly as we wrote it."""

import json
import os
from pathlib import Path

import pytest

from autograder.batch.discovery import Entry
from autograder.batch.results_folder import Earlier, Fingerprint, ResultsFolder
from autograder.batch.stored_result import parse_stored, read_facts, read_stored
from autograder.results import CheckResult, Result

MARK = Fingerprint("digest", "kit", 3, "all layers; training; cpu; hint 0")
ENTRY = Entry(Path("ada"), "ada", "Ada", "17")


@pytest.fixture
def folder(tmp_path):
    """A folder that holds one good result, ada's."""
    results = ResultsFolder(tmp_path)
    checks = [
        CheckResult("scale.a", "Scale", "passed", 0.1, 0.1),
        CheckResult("scale.b", "Scale", "failed", 0.2, 0.7, "wrong",
                    {"id": "no_bias", "kind": "misconception", "explanation": "..."}),
    ]  # fmt: skip
    results.write(ENTRY, MARK, Result("ada", "toy", 3, "", checks))
    return results


def edit(folder, change):
    """Change ada's stored result as a text editor would."""
    path = folder.path_of(ENTRY)
    stored = json.loads(path.read_text())
    change(stored)
    path.write_text(json.dumps(stored))


def test_what_was_written_is_read_back(folder):
    assert folder.holds(ENTRY, MARK)["score"] == pytest.approx(0.3)


@pytest.mark.parametrize("name", [
    "schema", "submission", "score", "max_score", "seed", "isolation", "checks", "key", "student",
    "student_id", "late", "status", "note", "fingerprint", "notes", "sources", "hints", "training",
    "wall_clock_s",
])  # fmt: skip
def test_a_result_that_lacks_a_field_counts_as_absent(folder, name):
    edit(folder, lambda stored: stored.pop(name))
    assert folder.read(ENTRY) is None
    assert list(folder.read_all()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("schema", 0), ("schema", True), ("schema", 1.0), ("score", 999), ("score", "0.3"),
        ("score", float("nan")), ("score", 10**400), ("max_score", 1), ("seed", "3"),
        ("late", 0), ("late", "no"), ("status", "fine"), ("student", None), ("key", "bob"),
        ("checks", {}), ("checks", [[]]), ("fingerprint", {}), ("fingerprint", None),
        ("fingerprint", {"submission": "d", "kit": "k", "seed": "3", "options": ""}),
        ("hints", {"Scale": 1}), ("notes", "none"), ("wall_clock_s", "soon"),
    ],
)  # fmt: skip
def test_a_result_edited_by_hand_counts_as_absent(folder, name, value):
    edit(folder, lambda stored: stored.update({name: value}))
    assert folder.read(ENTRY) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("points", 0.7), ("points", -1), ("points", 8), ("points", None), ("max_points", True),
        ("layer", 1), ("message", None), ("diagnosis", "no_bias"), ("diagnosis", {"id": "x"}),
    ],
)  # fmt: skip
def test_a_check_edited_by_hand_makes_its_result_count_as_absent(folder, name, value):
    edit(folder, lambda stored: stored["checks"][1].update({name: value}))
    assert folder.read(ENTRY) is None


def test_a_check_without_a_diagnosis_field_makes_its_result_count_as_absent(folder):
    edit(folder, lambda stored: stored["checks"][0].pop("diagnosis"))
    assert folder.read(ENTRY) is None


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"3", b'"ada"', b"\xff\xfe{}", b'{"fingerprint": {}}',
        b"[" * 200_000, b'{"a":' * 200_000, b'{"score": ' + b"9" * 5000 + b"}",
    ],
)  # fmt: skip
def test_a_file_that_is_no_result_counts_as_absent(folder, content):
    folder.path_of(ENTRY).write_bytes(content)
    assert parse_stored(content) is None
    assert folder.holds(ENTRY, MARK) is None
    assert folder.read_earlier([ENTRY]) == []


def test_the_facts_of_a_result_are_read_without_its_checks(folder):
    whole = folder.read(ENTRY)
    assert read_facts(folder.path_of(ENTRY)) == {**whole, "checks": []}
    assert folder.read_earlier([ENTRY]) == [Earlier(3, graded=True, options=MARK.options)]


def test_a_result_whose_facts_stand_behind_its_checks_is_read_whole(folder):
    path = folder.path_of(ENTRY)
    stored = json.loads(path.read_text())
    stored["fingerprint"] = stored.pop("fingerprint")
    path.write_text(json.dumps(stored, indent=1))
    assert read_facts(path) == folder.read(ENTRY) == stored


@pytest.mark.parametrize("text", ['\n "checks": [', '\n "checks": []}', "\\", '"'])
def test_no_text_of_a_submission_is_taken_for_where_the_checks_begin(folder, text):
    folder.write(ENTRY, MARK, Result(text, "toy", 3, text, [], [text], {"a.py": text}))
    assert read_facts(folder.path_of(ENTRY)) == folder.read(ENTRY)
    assert folder.read(ENTRY)["submission"] == text


def test_another_s_result_under_a_student_s_name_is_not_that_student_s(folder):
    folder.path_of(ENTRY).rename(folder.folder / "bob.json")
    assert read_stored(folder.folder / "bob.json") is None
    assert read_facts(folder.folder / "bob.json") is None


def test_a_field_that_a_later_kit_adds_does_no_harm(folder):
    edit(folder, lambda stored: stored.update(attempt=2))
    assert folder.holds(ENTRY, MARK) is not None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes among the files here")
def test_a_pipe_among_the_results_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "ada.json")
    assert read_stored(tmp_path / "ada.json") is None
