"""What a folder of results promises: what is there is kept, and what is wrong is named."""

import csv
import errno
import os
import shutil
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest

from autograder import cli
from autograder.batch import command, results_folder
from autograder.batch.discovery import Entry, name_given
from autograder.batch.grader import Done, Job
from autograder.batch.kept import count_of, explain_others, find_other_scope, list_kept
from autograder.batch.key_choice import make_keys_unique
from autograder.batch.keys import make_key
from autograder.batch.results_folder import Fingerprint, ResultsFolder, describe, fingerprint_kit
from autograder.manifest import load_kit
from autograder.results import CheckResult, Result, write_atomically

TOY = Path(__file__).parent / "toy_course"


def grade(*arguments):
    # One grader starts sooner than two, and these classes are small.
    jobs = ("--jobs", "1") if "--out" in arguments else ()
    return cli.main(["--kit", str(TOY), *map(str, (*arguments, *jobs))])


def rows(out):
    with open(out / "gradebook.csv", encoding="utf-8-sig", newline="") as stream:
        return {row["submission"]: row for row in csv.DictReader(stream)}


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
    assert said(capsys).endswith(
        f"--out {out} cannot be written to: Permission denied; nothing was graded"
    )


def test_a_folder_that_cannot_be_locked_is_named_and_nothing_more_is_said(
    tmp_path, submit, capsys, monkeypatch
):
    def fail(*_):
        raise OSError(errno.EACCES, "Permission denied", "somewhere")

    monkeypatch.setattr(command, "hold_folder", fail)
    assert grade(submit(), "--out", tmp_path) == 2
    assert said(capsys).endswith("cannot be written to: Permission denied; nothing was graded")


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


@pytest.fixture
def job(tmp_path):
    return Job(root=TOY, assignment="toy", out=tmp_path, seed=1, layers=(), training=True,
               device="cpu", hint=0, sandbox="auto", require_isolation=False,
               kit_digest="kit")  # fmt: skip


@pytest.fixture
def keep(tmp_path, job):
    """Store a result as a run with ``job`` would, or with some of its options changed."""

    def store(key, number="", student="", *, gradable=True, submission="", **changed):
        entry, other = Entry(Path(key), key, student or key, number), replace(job, **changed)
        checks = [CheckResult("scale.a", "Scale", "passed", 1, 1)] if gradable else []
        result = Result(submission or key, "toy", other.seed, "", checks, gradable=gradable)
        mark = Fingerprint(key, other.kit_digest, other.seed, other.options)
        return Done(entry, ResultsFolder(tmp_path).write(entry, mark, result), fresh=True)

    return store


def test_the_gradebook_lists_every_kept_result_and_notes_what_was_not_given(tmp_path, job, keep):
    ada, _ = keep("ada"), keep("bob")
    kept = list_kept(ResultsFolder(tmp_path), job, [ada.entry], [ada])
    assert {row["key"]: row["note"] for row in kept.rows} == {
        "ada": "", "bob": "not among the submissions given last"}  # fmt: skip
    assert (kept.given, kept.not_given, kept.replaced) == (1, 1, 0)


def test_what_a_later_submission_of_the_same_student_replaced_is_not_in_the_gradebook(
    tmp_path, job, keep
):
    keep("ada_17_1_hw.zip", "17", "ada")
    keep("bob_18_1_hw.zip", "18", "bob")
    new = keep("ada_17_2_hw-1.zip", "17", "ada")
    kept = list_kept(ResultsFolder(tmp_path), job, [new.entry], [new])
    assert [row["key"] for row in kept.rows] == ["ada_17_2_hw-1.zip", "bob_18_1_hw.zip"]
    assert kept.replaced == 1


def test_who_writes_another_s_number_for_their_own_hides_no_result(tmp_path, job, keep):
    keep("submission_1", "17", "Ada")
    eve = keep("submission_2", "17", "Eve")
    kept = list_kept(ResultsFolder(tmp_path), job, [eve.entry], [eve])
    assert [row["student"] for row in kept.rows] == ["Eve", "Ada"]
    assert kept.replaced == 0


def test_no_result_is_stored_over_another_submission_s(tmp_path, keep):
    keep("Ada"), keep("bob~2", submission="bob"), keep("eve_", submission="eve_")
    given = [name_given(Path(name)) for name in ("ada", "bob", "eve_", "eve!")]
    keys = [entry.key for entry in make_keys_unique(given, tmp_path)]
    assert keys == ["ada~2", "bob~2", "eve_", make_key("eve!")]


def test_a_key_whose_letters_are_composed_otherwise_is_another_submission_s(tmp_path, keep):
    keep("\u1100\u1161")  # some file systems take the two for one
    given = [name_given(Path(name)) for name in ("\uac00", "\u1100\u1161")]
    keys = [entry.key for entry in make_keys_unique(given, tmp_path)]
    assert keys == ["\uac00~2", "\u1100\u1161"]


def test_what_is_kept_under_a_key_of_earlier_versions_is_found_there(tmp_path, keep):
    keep("ada_", submission="ada!"), keep("ada_~2", submission="ada?"), keep("eve")
    given = [name_given(Path(name)) for name in ("ada_", "ada!", "ada?", "eve\u200b", "eve")]
    keys = [entry.key for entry in make_keys_unique(given, tmp_path)]
    assert keys == ["ada_~3", "ada_", "ada_~2", make_key("eve\u200b"), "eve"]


@pytest.mark.parametrize(
    ("regrade", "before", "words"),
    [
        (True, 0, "1 of 3 were graded and are kept; without --regrade the same command goes on"),
        (True, 1, "1 of 3 were graded again; earlier results are kept of 1 of the others; without"),
        (False, 1, "2 of 3 are kept; the same command goes on"),
    ],
)
def test_what_is_said_of_a_stop_is_true(tmp_path, job, keep, regrade, before, words):
    done = [keep("ada")]
    others = [keep("bob").entry if before else Entry(Path("bob"), "bob"), Entry(Path("eve"), "eve")]
    entries = [done[0].entry, *others]
    kept = list_kept(ResultsFolder(tmp_path), job, entries, done)
    told = command._say_stopped(kept, done, entries, Namespace(regrade=regrade))
    assert words in told


def test_one_is_no_plural(tmp_path, job, keep):
    keep("ada_17_1_hw.zip", "17", "ada"), keep("bob")
    new = keep("ada_17_2_hw-1.zip", "17", "ada")
    kept = list_kept(ResultsFolder(tmp_path), job, [new.entry], [new])
    assert list(explain_others(kept))[1] == (
        "1 kept result is of earlier submissions of the same student, and is not in the gradebook."
    )
    assert (count_of(1, "submission"), count_of(0, "submission")) == (
        "1 submission",
        "0 submissions",
    )


def test_after_a_stop_what_an_earlier_run_graded_is_listed_and_not_counted(tmp_path, job, keep):
    old, new = keep("ada", kit_digest="old"), keep("bob")
    kept = list_kept(ResultsFolder(tmp_path), job, [old.entry, new.entry], [])
    assert {row["key"]: row["note"] for row in kept.rows} == {
        "ada": "kept from an earlier run: not graded again yet", "bob": ""}  # fmt: skip
    assert kept.given == 1


@pytest.mark.parametrize("changed", [{"layers": ("Scale",)}, {"training": False}])
def test_grades_of_other_layers_or_without_training_are_told_from_this_run_s(
    tmp_path, job, keep, changed
):
    entries = [keep("ada").entry, keep("bob", **changed).entry]
    results = ResultsFolder(tmp_path)
    assert find_other_scope(results.read_earlier(entries[:1]), job) == ""
    assert find_other_scope(results.read_earlier(entries), job) == replace(job, **changed).scope


def test_what_could_not_be_graded_and_other_hints_stand_in_no_run_s_way(tmp_path, job, keep):
    entries = [keep("ada", gradable=False, training=False).entry, keep("bob", hint=1).entry]
    assert find_other_scope(ResultsFolder(tmp_path).read_earlier(entries), job) == ""


def test_a_batch_goes_on_with_the_seed_of_its_own_submissions(tmp_path, keep):
    keep("aaa", seed=1)
    bob, eve = keep("bob", seed=2).entry, Entry(Path("eve"), "eve")
    results = ResultsFolder(tmp_path)
    assert results.last_seed(results.read_earlier([bob, eve])) == 2
    assert results.last_seed(results.read_earlier([eve])) in (1, 2)


@pytest.mark.slow
def test_a_part_of_a_class_leaves_the_others_grades_and_other_options_are_refused(
    tmp_path, write_class, capsys
):
    school, out = write_class(2, wrong_every=2), tmp_path / "out"
    assert grade(school, "--out", out, "--seed", 3) == 0
    whole = {path: path.read_bytes() for path in out.glob("*.json")}
    assert len(whole) == 3
    shutil.copytree(school / "student01", school / "student02")
    capsys.readouterr()
    assert grade(school / "student02", "--out", out) == 0
    assert (
        "holds 4 results. Of submissions that were not given this time: 3"
        in capsys.readouterr().out
    )
    assert set(rows(out)) == {"student00", "student01", "student02", "empty.zip"}
    assert {row["seed"] for row in rows(out).values()} == {"3"}
    book = (out / "gradebook.csv").read_bytes()
    assert grade(school, "--out", out, "--layer", "Scale") == 2
    assert "use another --out, or --regrade to replace them" in said(capsys)
    assert grade(school, "--out", out, "--no-training") == 2
    assert (out / "gradebook.csv").read_bytes() == book
    assert {path: path.read_bytes() for path in whole} == whole
    assert grade(school / "student01", "--out", out, "--layer", "Scale", "--regrade") == 0
    assert float(rows(out)["student01"]["max_score"]) < 100


def test_what_the_training_check_trains_with_is_part_of_a_result_s_fingerprint(
    tmp_path, monkeypatch
):
    kit = load_kit(TOY, "toy")
    real = fingerprint_kit(kit)
    shutil.copytree(results_folder._DATA_UTILS, tmp_path / "data_utils")
    monkeypatch.setattr(results_folder, "_DATA_UTILS", tmp_path / "data_utils")
    (tmp_path / "data_utils" / "tests" / "test_corpus.py").write_text("")
    assert fingerprint_kit(kit) == real
    (tmp_path / "data_utils" / "corpus.py").write_text("")
    assert fingerprint_kit(kit) != real


def test_another_release_of_torch_is_another_fingerprint_and_another_build_is_not(monkeypatch):
    kit = load_kit(TOY, "toy")
    found = []
    for release in ("2.6.0+cpu", "2.6.0+cu124", "2.7.0"):
        monkeypatch.setattr(results_folder, "version", lambda _, release=release: release)
        found.append(fingerprint_kit(kit))
    assert found[0] == found[1] != found[2]


def test_what_is_passed_over_of_a_submission_is_noted_beside_what_is_wrong_with_it():
    mark, entry = Fingerprint("d", "kit", 3, "o"), Entry(Path("ada"), "ada", note="passed over: b")
    graded, not_graded = Result("ada", "toy", 3, ""), Result("ada", "toy", 3, "", problem="empty")
    assert describe(entry, mark, graded)["note"] == "passed over: b"
    assert describe(entry, mark, not_graded)["note"] == "empty; passed over: b"


def test_whose_a_kept_result_is_follows_what_the_class_says_now(tmp_path):
    results, mark = ResultsFolder(tmp_path), Fingerprint("digest", "kit", 3, "options")
    results.write(Entry(tmp_path, "ada"), mark, Result("ada", "toy", 3, ""))
    now = Entry(tmp_path, "ada", "Ada Lovelace", "17", late=True)
    for stored in (results.holds(now, mark), results.read(now)):
        assert (stored["student"], stored["student_id"], stored["late"]) == (
            "Ada Lovelace", "17", True,
        )  # fmt: skip
