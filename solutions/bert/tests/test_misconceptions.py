"""Every misconception of the bank: caught in its own layer, charged to no other, named."""

import re
import tomllib
from pathlib import Path

import pytest

from autograder.authoring.misconception_proof import (
    matrix_file,
    plan_submissions,
    renew_matrix,
    rows_of,
)
from autograder.authoring.scenarios import read_scenarios
from autograder.manifest import load_kit
from autograder.misconceptions import read_bank

ROOT = Path(__file__).resolve().parents[3]
KIT = load_kit(ROOT, "bert")
BANK = [m for layer in KIT.layers for m in read_bank(KIT, layer.name)]
CHUNKS = 12


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_wrong_version_is_caught_in_its_layer_alone_and_named(chunk, bert):
    plan = plan_submissions(KIT, all_forms=False)[chunk::CHUNKS]
    rows = list(rows_of(bert, plan))
    assert [row.problem for row in rows if row.problem] == []
    # The staff's matrix is what is found, mark for mark.
    matrix = matrix_file(KIT).read_text(encoding="utf-8")
    for row in rows:
        found = re.search(rf"^\| {re.escape(row.misconception)} \|(.*)\|$", matrix, re.MULTILINE)
        assert found, f"{row.misconception} is not in the matrix: make it anew"
        assert found[1].split("|").count(" x ") == len(row.caught_by), row.misconception


def test_every_layer_has_misconceptions_and_no_id_stands_twice():
    assert len({m.id for m in BANK}) == len(BANK) >= 80
    assert {m.layer for m in BANK} == set(KIT.by_name)


@pytest.mark.parametrize("misconception", BANK, ids=lambda m: m.id)
def test_what_a_student_reads_is_short_and_gives_no_line_to_type(misconception):
    told = misconception.told
    assert 80 < len(told) < 700
    assert misconception.read
    assert misconception.staff
    reference = (ROOT / "solutions" / "bert" / KIT.by_name[misconception.layer].file).read_text()
    for form in misconception.forms:
        for edit in form:
            for line in edit.before.splitlines():
                assert len(line.strip()) < 12 or line.strip() not in told
    for line in reference.splitlines():
        if "=" in line or "return" in line:
            assert len(line.strip()) < 12 or line.strip() not in told


def test_the_right_cause_is_told_for_most_mistakes_the_bank_was_not_made_from():
    submissions = Path(__file__).parent / "submissions"
    for folder, needed in (("unseen", 0.85), ("unseen_two", 0.7)):
        scenarios = read_scenarios(submissions / folder)
        assert len(scenarios) >= 20
        untold = [s for s in scenarios if "untold" in tomllib.loads(
            (s.folder / "expected.toml").read_text(encoding="utf-8"))]  # fmt: skip
        assert 1 - len(untold) / len(scenarios) >= needed


def test_one_layer_s_table_can_be_made_anew_and_the_others_stay():
    old = matrix_file(KIT).read_text(encoding="utf-8")
    assert renew_matrix(KIT, old, {}) == old
    new = renew_matrix(KIT, old, {"Pooler": "## Pooler\n\nNothing.\n"})
    assert new.count("\n## ") == old.count("\n## ") == 7
    assert "## Pooler\n\nNothing.\n" in new
