"""What known wrong versions have answered before, so that a class asks each of them once.

Runs on the trusted side, on staff's code only. A class is graded with one seed: its wrong layers
were asked the same, and every known mistake is asked that again for each of them. An answer depends
on the version and on all that it was asked before, as some mistakes keep something between calls;
with both it is kept, and the version is constructed and called only where an answer is not known.
"""

import contextlib
import copy
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor, nn

from autograder.manifest import Kit
from autograder.misconceptions import Version
from autograder.trusted.candidates import Candidate
from autograder.trusted.evidence import BuildRecord, RunRecord
from autograder.trusted.parameters import Parameter
from autograder.trusted.reference import Run

_KNOWN_BYTES_MAX = 32 * 2**20
# What an answer takes besides its tensors, roughly.
_ANSWER_BYTES = 4096


class _Answers:
    """Answers by what led to them; those not used for longest are forgotten."""

    def __init__(self) -> None:
        self._kept: dict[bytes, tuple[Any, Exception | None, int]] = {}
        self._bytes = 0

    def find(self, key: bytes) -> tuple[Any, Exception | None] | None:
        """Return an answer, or the error in its place; None where it is not known."""
        if key not in self._kept:
            return None
        found = self._kept[key] = self._kept.pop(key)  # the last used stands last
        return found[:2]

    def keep(self, key: bytes, answer: Any, error: Exception | None) -> None:
        """Keep an answer, or the error in its place."""
        size = _ANSWER_BYTES + sum(t.numel() * t.element_size() for t in _tensors_in(answer))
        self._kept[key] = answer, error, size
        self._bytes += size
        while self._bytes > _KNOWN_BYTES_MAX:
            self._bytes -= self._kept.pop(next(iter(self._kept)))[2]


_answers = _Answers()


class Rehearsed:
    """A candidate that is constructed and called only where its answers are not known."""

    def __init__(self, kit: Kit, layer: str, version: Version | None = None) -> None:
        self.version = version
        self._candidate = Candidate(kit, layer, version)
        # What has not been done, as the answer to it was known.
        self._left: list[Callable[[], Any]] = []
        self._frozen: dict[int, set[str]] = {}
        # By module, numbered as they are built: all that has led to how it stands.
        self._numbers: dict[int, int] = {}
        self._led: dict[int, Any] = {}
        spans = version.spans if version is not None else ()
        about = repr((str(kit.reference_module(layer).__file__), layer, spans))
        self._begin = hashlib.blake2b(about.encode(), digest_size=16)

    def build(self, record: BuildRecord) -> tuple[list[Parameter], list[dict[str, Any]]]:
        """Make the module a build record speaks of; return its parameters and its doubles."""
        self._numbers[record.handle] = len(self._numbers)
        original = self._numbers.get(record.copy_of)
        recipe = {key: value for key, value in record.recipe.items() if key != "attributes"}

        def work() -> Any:
            return *self._candidate.build(record), self._candidate.frozen(record.handle)

        if self.version is None:
            # Modules of the reference have nothing in common.
            led = self._led.get(record.copy_of, self._begin)
            self._led[record.handle] = led.copy()
        question = repr((original, sorted(recipe.items()))).encode()
        parameters, doubles, frozen = self._answer(record.handle, question, work)
        self._frozen[record.handle] = frozen
        return parameters, doubles

    def frozen(self, handle: int) -> set[str]:
        """Return the names of a module's parameters that do not learn."""
        return self._frozen[handle]

    def run(self, record: RunRecord, *, seed_offset: int = 0) -> Run:
        """Answer what a run record asked. Raises what the version raises."""
        question = b"%d %d " % (self._numbers[record.handle], seed_offset) + record.question
        run: Run = self._answer(
            record.handle, question, lambda: self._candidate.run(record, seed_offset=seed_offset)
        )
        return run

    def module(self, handle: int) -> nn.Module:
        """Return a module that was built."""
        self._catch_up()
        return self._candidate.module(handle)

    def _answer(self, handle: int, question: bytes, work: Callable[[], Any]) -> Any:
        led = self._led.get(handle, self._begin)
        led.update(b"%d " % len(question) + question)
        key = led.digest()
        known = _answers.find(key)
        if known is not None:
            self._left.append(work)
        else:
            self._catch_up()
            known = _carry_out(work)
            _answers.keep(key, *known)
        answer, error = known
        if error is not None:
            raise _another(error)
        return answer

    def _catch_up(self) -> None:
        """Do what was left out."""
        for work in self._left:
            with contextlib.suppress(Exception):
                work()
        self._left.clear()


def _carry_out(work: Callable[[], Any]) -> tuple[Any, Exception | None]:
    try:
        return work(), None
    except Exception as error:  # noqa: BLE001  (a wrong version may raise anything)
        # Its frames, and those of what it came of, hold all that was at hand.
        error.__context__ = error.__cause__ = None
        return None, error.with_traceback(None)


def _another(error: Exception) -> Exception:
    """Return an error that says the same: one that is raised takes up its frames, and is kept."""
    try:
        return copy.copy(error)
    except Exception:  # noqa: BLE001  (some can be made by their own module only)
        return error


def _tensors_in(answer: Any) -> Iterator[Tensor]:
    if isinstance(answer, Run):
        yield answer.output
        yield from answer.gradients.values()
        yield from answer.input_gradients.values()
        for call in answer.calls or ():
            yield from (v for v in call["arguments"].values() if isinstance(v, Tensor))
