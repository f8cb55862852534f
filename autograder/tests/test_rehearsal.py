"""What is kept of wrong versions' answers: the same as they would give, and no more than fits."""

from pathlib import Path

import pytest
import torch

from autograder.manifest import load_kit
from autograder.misconceptions import Version, read_reference, versions
from autograder.trusted import rehearsal
from autograder.trusted.candidates import Candidate
from autograder.trusted.evidence import BuildRecord, RunRecord
from autograder.trusted.rehearsal import Rehearsed

KIT = load_kit(Path(__file__).parent / "toy_course", "toy")
RECIPE = {"arguments": [["width", 3]], "extra": {}, "style": "keyword", "dtype": "float64",
          "seed": 1, "attributes": [], "example": []}  # fmt: skip
WEIGHTS = {"weight": torch.ones(3).double(), "bias": torch.ones(3).double()}


def ask(handle, value, weights=WEIGHTS, **changed):
    """A question: one call of a module, under the name of its own in every submission."""
    entered = torch.full((2, 3), value, dtype=torch.float64)
    asked = {"cotangent": None, "training": False, "seed": 1, "names": (), "strided": False}
    return RunRecord(handle, [entered], **{**asked, **changed}, weights=weights, translate=None)


def changed(before, after):
    """A wrong version of Scale with one edit of the reference."""
    start = read_reference(KIT, "Scale").index(before)
    return Version((), ((start, start + len(before), after),))


@pytest.fixture
def called(monkeypatch):
    """Forget all answers, and count what is constructed and called."""
    counts = {"build": 0, "run": 0}
    monkeypatch.setattr(rehearsal, "_answers", rehearsal._Answers())
    for name in counts:
        plain = getattr(Candidate, name)

        def count(self, *given, _plain=plain, _name=name, **named):
            counts[_name] += 1
            return _plain(self, *given, **named)

        monkeypatch.setattr(Candidate, name, count)
    return counts


def answers(version, handle, *values):
    candidate = Rehearsed(KIT, "Scale", version)
    candidate.build(BuildRecord(handle, RECIPE))
    return [float(candidate.run(ask(handle, value)).output[0, 0]) for value in values]


def test_of_a_class_only_the_first_has_a_known_mistake_constructed_and_called(called):
    version = versions(KIT, "Scale")[0]
    first = answers(version, 4, 1.0, 2.0)
    assert called == {"build": 1, "run": 2}
    assert answers(version, 9, 1.0, 2.0) == first
    assert called == {"build": 1, "run": 2}


def test_what_is_asked_besides_is_answered_as_if_all_had_been_asked(called):
    version = changed("x * self.weight", "self.__dict__.setdefault('first', x) * self.weight")
    assert answers(version, 1, 1.0, 5.0) == [2.0, 2.0]
    # It keeps what it is called with first, so a question means another thing after another one.
    assert answers(version, 1, 5.0) == [6.0]
    assert answers(version, 1, 1.0, 7.0) == [2.0, 2.0]
    assert answers(version, 1, 1.0, 5.0, 3.0) == [2.0, 2.0, 2.0]


def test_what_modules_of_a_version_have_in_common_is_part_of_what_led_to_an_answer(called):
    counts = "super().__init__(); type(self).made = getattr(type(self), 'made', 0) + 1"
    edits = (
        changed("x * self.weight", "0 * x + type(self).made"),
        changed("super().__init__()", counts),
    )
    version = Version((), (*edits[0].spans, *edits[1].spans))
    for handles in ((1,), (1, 2), (1, 2, 3)):
        candidate = Rehearsed(KIT, "Scale", version)
        for handle in handles:
            candidate.build(BuildRecord(handle, RECIPE))
        got = candidate.run(ask(handles[-1], 9.0)).output
        assert float(got[0, 0]) == len(handles) + 1  # the bias


def test_other_weights_modes_seeds_and_gradients_are_other_questions():
    twice = {name: 2 * value for name, value in WEIGHTS.items()}
    questions = [
        ask(1, 1.0), ask(1, 2.0), ask(1, 1.0, twice), ask(1, 1.0, None), ask(1, 1.0, seed=2),
        ask(1, 1.0, training=True), ask(1, 1.0, names=("x",)), ask(1, 1.0, strided=True),
        ask(1, 1.0, cotangent=torch.ones(2, 3)),
    ]  # fmt: skip
    assert len({question.question for question in questions}) == len(questions)
    assert ask(7, 1.0, dict(WEIGHTS)).question == questions[0].question


def test_an_error_is_kept_like_an_answer(called):
    version = changed("x * self.weight", "x.no_such_method() * self.weight")
    for _ in range(2):
        candidate = Rehearsed(KIT, "Scale", version)
        candidate.build(BuildRecord(1, RECIPE))
        with pytest.raises(AttributeError, match="no_such_method"):
            candidate.run(ask(1, 1.0))
    assert called == {"build": 1, "run": 1}


def test_what_is_kept_takes_no_more_memory_than_allowed(called, monkeypatch):
    monkeypatch.setattr(rehearsal, "_KNOWN_BYTES_MAX", 10 * rehearsal._ANSWER_BYTES)
    version = versions(KIT, "Scale")[0]
    answers(version, 1, *map(float, range(30)))
    assert len(rehearsal._answers._kept) < 10
    # What is used stays: the first answers are asked for last.
    assert answers(version, 1, 0.0, 1.0) == answers(version, 1, 0.0, 1.0)
