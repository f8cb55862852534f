"""Transcripts: what layers of a class are asked, and how their checks end on which answers.

Runs on the trusted side. A class is graded with one seed, so the checks of a layer ask every
submission the same, as long as it answers the same. What a layer that lost nothing was asked is
kept: the next submission's layer is asked all of it at once, where two hundred questions one by one
would wake two processes for each. And checks know nothing of a submission but its answers: where
these are, byte for byte, what checks have ended on before, they would end so again, and need not
run. Of answers a digest is kept, and nothing that one submission has answered goes to another.

All this holds in company only. What loses a point there is asked everything alone, one by one.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from autograder.results import CheckResult

if TYPE_CHECKING:
    from autograder.trusted.plugin import Check
    from autograder.trusted.submission import Submission
    from autograder.trusted.workers import Answer

# A class has one seed and some ten groups of checks; several ways of writing a layer are common.
_GROUPS_MAX = 32
_TRANSCRIPTS_MAX = 8
_OUTCOMES_MAX = 64
# The questions of one layer; who makes them longer, by what the submission claims to consist of,
# is asked them one by one.
_QUESTIONS_BYTES_MAX = 2 * 2**20


@dataclass(frozen=True)
class Outcome:
    """How the checks of a layer ended, and what was remarked."""

    results: tuple[CheckResult, ...]
    remarks: tuple[str, ...]


@dataclass
class Dialogue:
    """What one layer was asked and has answered, in order."""

    questions: list[bytes] = field(default_factory=list)
    answers: "list[Answer]" = field(default_factory=list)

    def note(self, question: bytes, answer: "Answer") -> None:
        """Add a question and its answer."""
        self.questions.append(question)
        self.answers.append(answer)


@dataclass
class Transcript:
    """The questions of one layer, and how its checks ended, by the digest of the answers."""

    name: str
    alone: bool
    questions: list[bytes]
    # Whether a layer that began as these had to be asked something else.
    misleads: bool = False
    # What layers have answered to the first question, by which their like are known.
    _begun: dict[bytes, None] = field(default_factory=dict)
    _outcomes: dict[bytes, Outcome] = field(default_factory=dict)

    def begins(self, question: bytes, answer: "Answer") -> bool:
        """Whether a layer that answers so is one of those that were asked these questions."""
        return question == self.questions[0] and _digest([answer]) in self._begun

    def outcome_of(self, answers: "Sequence[Answer]") -> Outcome | None:
        """Return how the checks end on these answers, where they have before."""
        return self._outcomes.get(_digest(answers))

    def note(self, answers: "Sequence[Answer]", outcome: Outcome) -> None:
        """Keep how the checks ended on these answers."""
        self._begun[_digest(answers[:1])] = None
        self._outcomes[_digest(answers)] = outcome
        _forget_the_first(self._begun, _OUTCOMES_MAX)
        _forget_the_first(self._outcomes, _OUTCOMES_MAX)


class Transcripts:
    """The transcripts of a class, by its seed and by the checks that belong together."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], list[Transcript]] = {}

    def ask_ahead(self, submission: "Submission", checks: "Sequence[Check]") -> Outcome | None:
        """Ask a submission what its like were asked; return how these checks end, if known."""
        every = self._known.get(_name_group(submission, checks), [])
        known = [transcript for transcript in every if not transcript.misleads]
        every[:] = known
        if not known:
            return None
        layer = submission.layer(known[0].name, alone=known[0].alone)
        return layer.ask_ahead(known)

    def keep(
        self, submission: "Submission", checks: "Sequence[Check]", results: Sequence[CheckResult]
    ) -> None:
        """Keep what the checks have asked, and how they ended. None of them has lost a point.

        Not where one trains: that takes workers of its own, and asks what it asks at length.
        """
        layer = submission.only_one_in_company()
        if layer is None or any(check.training for check in checks):
            return
        questions = layer.dialogue.questions
        if not questions or sum(map(len, questions)) > _QUESTIONS_BYTES_MAX:
            return
        key = _name_group(submission, checks)
        known = self._known.pop(key, [])
        self._known[key] = known  # the last used stands last
        _forget_the_first(self._known, _GROUPS_MAX)
        same = next((t for t in known if t.questions == questions), None)
        if same is None:
            same = Transcript(layer.name, layer.alone, questions)
            known.insert(0, same)
            del known[_TRANSCRIPTS_MAX:]
        outcome = Outcome(tuple(results), tuple(submission.said_in_group))
        same.note(layer.dialogue.answers, outcome)


def _name_group(submission: "Submission", checks: "Sequence[Check]") -> tuple[object, ...]:
    return (submission.seed, *(check.id for check in checks))


def _forget_the_first(known: dict[Any, Any], most: int) -> None:
    if len(known) > most:
        del known[next(iter(known))]


def _digest(answers: "Sequence[Answer]") -> bytes:
    """Return a short name for answers, other ones for others."""
    digest = hashlib.blake2b(digest_size=32)
    for answer in answers:
        digest.update(b"%d %d " % (len(answer.header), len(answer.payload)))
        digest.update(answer.header)
        digest.update(answer.payload)
    return digest.digest()
