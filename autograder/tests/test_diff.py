"""What --diff promises: it follows a student from file to file, and calls nothing a zero."""

import shutil
from pathlib import Path

import pytest

from autograder import cli
from autograder.batch.comparison import compare_results

TOY = Path(__file__).parent / "toy_course"


def result(key, score, student="", number="", *, status="graded", most=100, **mark):
    points = {"scale.a": min(score, 50), "scale.b": max(0, score - 50)}
    checks = [
        {"id": each, "points": won, "max_points": 50, "message": ""} for each, won in points.items()
    ]
    fingerprint = {"submission": key, "kit": "k", "seed": 1, "options": "all", **mark}
    return {"key": key, "submission": key, "student": student, "student_id": number,
            "score": score, "status": status,
            "max_score": most, "fingerprint": fingerprint,
            "checks": checks if status == "graded" else []}  # fmt: skip


def test_when_nothing_moved_that_is_said():
    assert compare_results([result("ada", 90)], [result("ada", 90)]) == ["no score moved"]


def test_a_score_that_moved_comes_with_its_reason_and_its_checks():
    assert compare_results([result("ada", 41.5)], [result("ada", 100, kit="l")]) == [
        "ada: 41.5 -> 100 (the kit changed)",
        "    scale.a: 41.5 -> 50",
        "    scale.b: 0 -> 50",
    ]


def test_checks_that_moved_against_each_other_are_listed_too():
    old, new = result("ada", 50), result("ada", 50, seed=2)
    new["checks"][0]["points"], new["checks"][1]["points"] = 0, 50
    assert compare_results([old], [new]) == [
        "ada: 50 -> 50 (the seed changed)",
        "    scale.a: 50 -> 0",
        "    scale.b: 0 -> 50",
    ]


def test_where_a_check_is_worth_less_both_sums_are_shown():
    old, new = result("ada", 50), result("ada", 40, most=90, kit="l")
    new["checks"][0]["max_points"] = 40
    assert compare_results([old], [new]) == [
        "ada: 50 of 100 -> 40 of 90 (the kit changed)", "    scale.a: 50 of 50 -> 40 of 40"
    ]  # fmt: skip


def test_checks_that_came_and_went_are_listed_unless_other_layers_were_asked():
    old, new = result("ada", 60), result("ada", 57, kit="l")
    old["checks"][1]["id"], new["checks"][1]["id"] = "scale.old", "scale.new"
    new["checks"][1]["points"] = 7
    assert compare_results([old], [new]) == [
        "ada: 60 -> 57 (the kit changed)",
        "    scale.new: new, 7",
        "    scale.old: gone, was 10",
    ]
    new["fingerprint"]["options"] = "Scale"
    assert compare_results([old], [new]) == [
        "ada: 60 -> 57 (the kit and the options changed)",
    ]


def test_where_the_grader_failed_nothing_else_is_blamed():
    failed = result("ada", 0, status="not gradable", most=0, submission="", kit="",
                    options="given up")  # fmt: skip
    assert compare_results([failed], [result("ada", 90)]) == [
        "ada: not gradable -> 90 (the grader itself failed on it once)"
    ]


def test_a_canvas_resubmission_is_followed_by_the_student_s_number():
    old = [result("ada_17_1_hw.zip", 41.5, "ada", "17"), result("bob_18_2_hw.zip", 80, "bob", "18")]
    new = [result("ada_17_9_hw-1.zip", 100, "ada", "17"), old[1]]
    assert compare_results(old, new)[0] == (
        "ada_17_9_hw-1.zip: 41.5 -> 100 (the submission changed)"
    )
    assert not any("new" in line or "gone" in line for line in compare_results(old, new))


def test_a_key_that_another_submission_had_before_is_not_followed():
    old, new = result("ada_", 10), [result("ada_", 100), result("ada_~12ab34cd", 20)]
    old["submission"] = new[1]["submission"] = "ada!"
    assert compare_results([old], new)[:2] == [
        "ada_: new, 100", "ada_~12ab34cd: 10 -> 20 (the submission changed)"
    ]  # fmt: skip


def test_without_numbers_a_name_that_is_unique_is_followed():
    lines = compare_results([result("ada.zip", 41.5, "ada")], [result("ada", 100, "ada")])
    assert lines[0] == "ada: 41.5 -> 100 (the submission changed)"


def test_a_name_that_two_students_have_is_not_followed():
    old = [result("a.zip", 10, "ada"), result("b.zip", 20, "ada")]
    lines = compare_results(old, [result("c.zip", 100, "ada")])
    assert lines == ["c.zip: new, 100", "a.zip: gone, was 10", "b.zip: gone, was 20"]


def test_two_students_of_one_name_and_different_numbers_are_two_students():
    lines = compare_results([result("a", 10, "ada", "1")], [result("b", 100, "ada", "2")])
    assert lines == ["b: new, 100", "a: gone, was 10"]


def test_what_became_ungradable_is_no_zero():
    old, new = result("ada", 100), result("ada", 0, status="not gradable", most=0, submission="x")
    assert compare_results([old], [new]) == ["ada: 100 -> not gradable (the submission changed)"]
    assert compare_results([new], [old]) == ["ada: not gradable -> 100 (the submission changed)"]
    assert compare_results([], [new]) == ["ada: new, not gradable"]
    assert compare_results([new], []) == ["ada: gone, was not gradable"]


def test_where_fewer_points_could_be_won_both_sums_are_shown():
    lines = compare_results([result("ada", 50)], [result("ada", 50, most=50, options="Scale")])
    assert lines == ["ada: 50 of 100 -> 50 of 50 (the options changed)"]


def grade(*arguments):
    # One grader starts sooner than two, and these classes are small.
    jobs = ("--jobs", "1") if "--out" in arguments else ()
    return cli.main(["--kit", str(TOY), "--no-training", *map(str, (*arguments, *jobs))])


def test_an_old_folder_without_results_is_refused(tmp_path, submit, capsys):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "ada.json").write_text("{}")
    assert grade(submit(), "--out", tmp_path / "out", "--diff", tmp_path / "old") == 2
    assert "holds no results" in " ".join(capsys.readouterr().err.split())
    assert not list((tmp_path / "out").glob("*.json"))


@pytest.mark.slow
def test_the_same_folder_is_compared_with_what_it_held_and_the_removed_are_gone(
    tmp_path, write_class, capsys
):
    school, out = write_class(4, wrong_every=4), tmp_path / "out"
    assert grade(school, "--out", out) == 0
    capsys.readouterr()
    assert grade(school, "--out", out, "--diff", out) == 0
    assert "no score moved" in capsys.readouterr().out
    shutil.copy(school / "student01" / "scale.py", school / "student00")
    shutil.rmtree(school / "student01")
    assert grade(school, "--out", out, "--diff", out) == 0
    said = capsys.readouterr().out
    assert "(the submission changed)" in said
    assert "student01: gone, was " in said
