"""Submissions of the real exercise, a folder each, and what must come out of grading them."""

from pathlib import Path

import pytest

from autograder.authoring.scenarios import find_disagreements, lay_out, read_scenarios

SCENARIOS = {s.name: s for s in read_scenarios(Path(__file__).parent / "submissions")}


def marked(name):
    """Mistakes of one layer are so many that they are the long part's."""
    marks = [pytest.mark.slow, *([pytest.mark.long] if name.startswith("mistakes/") else [])]
    return pytest.param(name, marks=marks)


@pytest.mark.parametrize("name", [marked(name) for name in SCENARIOS])
def test_a_submission_is_charged_where_it_is_wrong_and_nowhere_else(name, tmp_path, bert):
    scenario = SCENARIOS[name]
    # Of a wrong submission without a stated score, the whole model says nothing that is compared.
    layers = tuple(bert.kit.by_name) if scenario.loses and scenario.score is None else ()
    result = bert.grade(lay_out(bert.kit, scenario, tmp_path / "submission"), layers=layers)
    assert find_disagreements(scenario, result) == []
    if not scenario.loses:
        assert not any(check.diagnosis for check in result.checks)
