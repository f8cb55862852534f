"""Expectations on layers that are made of layers, graded with test doubles.

Runs on the trusted side. The doubles wrote down how they were constructed and called; here that
is compared with what the reference does with the same doubles.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from autograder.manifest import KitError
from autograder.trusted.compare import EXACT, agree
from autograder.trusted.outcomes import CheckFailed, clean_text
from autograder.trusted.reference import Run
from autograder.trusted.twins import Twin


def expect_arguments_passed_down(twin: Twin) -> None:
    """Raise CheckFailed unless every sub-layer was constructed with the reference's arguments."""
    wanted: dict[str, list[dict[str, Any]]] = {}
    for double in twin.reference.recorder.made:
        given: dict[str, Any] = vars(double)["given"]
        wanted.setdefault(type(double).__name__, []).append(given)
    for kind, expected in wanted.items():
        made = [
            (entry.get("given"), entry.get("otherwise"))
            for entry in twin.student.doubles
            if entry.get("class") == kind and entry.get("place") is not None
        ]
        if len(made) != len(expected):
            raise CheckFailed(
                f"{twin.name} should hold {len(expected)} {kind}, it holds {len(made)}"
            )
        for readings in made:
            claims = [claim if isinstance(claim, dict) else {} for claim in readings]
            if any(all(c.get(n) == v for n, v in expected[0].items()) for c in claims):
                continue
            given = claims[0]
            for name, value in expected[0].items():
                got = given.get(name)
                if got != value:
                    raise CheckFailed(
                        f"{kind} is constructed with {name}={clean_text(str(got), 40)}, where "
                        f"{name}={value} was asked for: the argument is not passed down"
                    )


def _calls_of(run: Run) -> list[dict[str, Any]]:
    if run.calls is None:
        raise KitError("a check reads how doubles were called: it must ask with calls=True")
    return run.calls


def expect_called_once_each(twin: Twin, run: Run, kinds: Iterable[str], times: int = 1) -> None:
    """Raise CheckFailed unless each kind of sub-layer was called as often as it should be."""
    for kind in kinds:
        count = sum(1 for call in _calls_of(run) if call["class"] == kind)
        if count != times:
            raise CheckFailed(
                f"{twin.name}.forward should call {kind} {_times(times)}, "
                f"it calls it {_times(count)}"
            )


def _times(count: int) -> str:
    return {0: "not at all", 1: "once"}.get(count, f"{count} times")


def expect_mask_passed_on(run: Run, kind: str, argument: str, mask: Tensor | None) -> None:
    """Raise CheckFailed unless every call of ``kind`` got a mask that means the same."""
    calls = [call for call in _calls_of(run) if call["class"] == kind]
    if not calls:
        raise CheckFailed(f"{kind} is never called")
    for number, call in enumerate(calls):
        got = call["arguments"].get(argument)
        if not _same_mask(got, mask) or not _fits_the_tokens(got, call["arguments"]):
            which = f"call {number} of {kind} (counting from 0)" if len(calls) > 1 else kind
            what = "no mask" if got is None else "another mask than the one given"
            if mask is None and not _fits_the_tokens(got, call["arguments"]):
                what = f"a mask of shape {tuple(got.shape)}, as another batch may have had it"
            elif mask is not None and isinstance(got, Tensor) and got.shape != mask.shape:
                what = f"a mask of shape {tuple(got.shape)}, not {tuple(mask.shape)}"
            raise CheckFailed(f"{which} gets {what}: it must get the one forward was given")


def _same_mask(got: Any, mask: Tensor | None) -> bool:
    """Whether two masks hide the same tokens; no mask hides none, like a mask of ones."""
    if mask is None:
        return got is None or (isinstance(got, Tensor) and bool((got != 0).all()))
    if not isinstance(got, Tensor):
        return False
    # In another shape it is not what the hand-out's signature asks for, whoever gets it.
    return got.shape == mask.shape and bool(((got == 0) == (mask == 0)).all())


def _fits_the_tokens(mask: Any, arguments: Mapping[str, Any]) -> bool:
    """Whether a mask is as large as the batch that a call is given with it."""
    hidden = [v for v in arguments.values() if isinstance(v, Tensor) and v.dim() == 3]
    if not isinstance(mask, Tensor) or mask.dim() != 2 or not hidden:
        return True
    return mask.shape == hidden[0].shape[:2]


def expect_randomness_untouched(run: Run) -> None:
    """Raise CheckFailed where a layer draws or seeds by itself in train mode: its doubles do not.

    Its parts drop values there, and by one seed all of them would drop the same.
    """
    if run.facts.get("rng_kept") is not True:
        raise CheckFailed("forward in train mode draws random numbers of its own, or sets a seed")


def expect_chain(run: Run, want: Run, kind: str, argument: str) -> None:
    """Raise CheckFailed unless each call of ``kind`` was fed what the reference feeds it."""
    got = [c["arguments"].get(argument) for c in _calls_of(run) if c["class"] == kind]
    expected = [c["arguments"][argument] for c in _calls_of(want) if c["class"] == kind]
    if len(got) != len(expected):
        raise CheckFailed(f"{kind} is called {len(got)} times instead of {len(expected)}")
    for number, (given, right) in enumerate(zip(got, expected, strict=True)):
        fits = isinstance(given, Tensor) and given.shape == right.shape
        if not fits or not agree(torch.as_tensor(given).double(), right.double(), EXACT):
            which = f"call {number} of {kind} (counting from 0)" if len(expected) > 1 else kind
            raise CheckFailed(f"{which} does not get what the step before it gave")
