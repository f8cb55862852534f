"""Recognise in what way two tensors differ, and under which conditions a layer is wrong.

Runs on the trusted side. What is told is the pattern, never a hidden number.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from autograder.trusted.compare import MIXED, agree, tell_where
from autograder.trusted.evidence import RunRecord

Letters = Mapping[int, str]
# What share of a tensor's values must differ from each other for their order to tell something.
_DISTINCT_MIN = 0.9


def describe_difference(
    got: Tensor, want: Tensor, inputs: Sequence[Tensor | None], letters: Letters
) -> str:
    """Return how ``got`` differs from ``want``, as the end of a sentence; '' without a pattern."""
    if got.shape != want.shape:
        return _other_shape(got, want)
    if not bool(torch.isfinite(got).all()):
        return "some of its values are NaN" if bool(torch.isnan(got).any()) else "it is infinite"
    if agree(got, want, MIXED):
        return ""
    for rule in (_constant, _sign, _factor, _offset_by_input, _same_numbers):
        told = rule(got, want, inputs, letters)
        if told:
            return told
    return _places(got, want, inputs)


def _other_shape(got: Tensor, want: Tensor) -> str:
    shapes = f"its shape is {tuple(got.shape)}, not {tuple(want.shape)}"
    if got.dim() == want.dim() and sorted(got.shape) == sorted(want.shape):
        for one in range(got.dim()):
            for other in range(one + 1, got.dim()):
                if agree(got.transpose(one, other), want, MIXED):
                    return f"{shapes}: axes {one} and {other} have changed places"
    return shapes


def _factor(got: Tensor, want: Tensor, _: Sequence[Tensor | None], letters: Letters) -> str:
    solid = want.abs() > 1e-3 * float(want.abs().max())
    if int(solid.sum()) < 4:
        return ""
    ratios = got.double()[solid] / want.double()[solid]
    factor = float(ratios.median())
    if (
        factor == 0
        or abs(factor - 1) < 1e-4
        or float((ratios - factor).abs().max()) > 1e-6 * max(1.0, abs(factor))
    ):
        return ""
    return f"it is what it should be times {factor:.3g}{_name_factor(factor, letters)}"


def _name_factor(factor: float, letters: Letters) -> str:
    """Return what a factor is, where it is a whole number, a root, or one over such."""
    for size in range(2, 129):
        for value, root in ((math.sqrt(size), "√"), (float(size), "")):
            for over, number in (("", value), ("1/", 1 / value)):
                if abs(factor - number) < 1e-6:
                    known = f", {over}{root}{letters[size]}" if size in letters else ""
                    return f" (= {over}{root}{size}{known})"
    return ""


def _offset_by_input(got: Tensor, want: Tensor, inputs: Sequence[Tensor | None], _: Letters) -> str:
    for value in inputs:
        if value is None or value.shape != want.shape or not value.is_floating_point():
            continue
        offset = got.double() - want.double()
        if agree(offset, value.double(), MIXED):
            return "the layer's input is added once too often"
        if agree(offset, -value.double(), MIXED):
            return "the layer's input is missing in it: it is off by the residual"
    return ""


def _constant(got: Tensor, want: Tensor, _: Sequence[Tensor | None], __: Letters) -> str:
    if got.numel() > 1 and _is_one_number(got) and not _is_one_number(want):
        return "it is one number everywhere: nothing is left in it of what came in"
    return ""


def _is_one_number(tensor: Tensor) -> bool:
    return bool((tensor == tensor.flatten()[0]).all())


def _sign(got: Tensor, want: Tensor, _: Sequence[Tensor | None], __: Letters) -> str:
    return "its sign is turned round" if agree(got, -want, MIXED) else ""


def _same_numbers(got: Tensor, want: Tensor, _: Sequence[Tensor | None], __: Letters) -> str:
    ordered = want.flatten().sort().values
    # Of values that are dropped, or few, too many orders are alike.
    telling = int((ordered.diff() != 0).sum()) > _DISTINCT_MIN * want.numel() - 1
    if want.numel() > 1 and telling and agree(got.flatten().sort().values, ordered, MIXED):
        return "it holds the right numbers in another order: axes were mixed up on the way"
    return ""


def _places(got: Tensor, want: Tensor, inputs: Sequence[Tensor | None]) -> str:
    scale = max(1.0, float(want.abs().max()))
    wrong = (got.double() - want.double()).abs() > MIXED.allowance * scale
    if bool(wrong.all()) or got.dim() < 2:
        return ""
    mask = next((v for v in inputs if v is not None and v.dim() == 2), None)
    padded = None if mask is None else mask == 0
    if padded is not None and got.shape[:-1] == padded.shape and bool(padded.any()):
        rows = wrong.any(dim=-1)
        if bool((rows == padded).all()):
            return "only padded positions are wrong"
        if not bool(rows[padded].any()):
            tweets, short = rows.any(dim=-1), padded.any(dim=-1)
            if bool(tweets[short].any()):
                return "only real tokens are wrong, padded positions are right"
            # Where padded tweets are right altogether, it is not their padding that is.
            if bool((tweets == ~short).all()):
                return "only tweets without padding are wrong"
    for axis, name in _name_axes(got):
        hit = wrong.any(dim=[d for d in range(wrong.dim()) if d != axis])
        first = int(hit.nonzero()[0])
        if bool(hit[first:].all()) and first > 0:
            return f"it is right up to {name} {first - 1} and wrong from {name} {first} on (from 0)"
        if 0 < int(hit.sum()) < hit.numel():
            return f"it is wrong {tell_where(hit, name)}"
    return ""


def _name_axes(tensor: Tensor) -> list[tuple[int, str]]:
    """Return axes to look along, with what one place on each is called."""
    axes = tensor.dim()
    if axes == 2 and not tensor.is_floating_point():
        return [(1, "token"), (0, "row of the batch")]  # ids
    if axes == 4 and tensor.shape[-1] == tensor.shape[-2]:
        return [(3, "key"), (2, "query"), (1, "head"), (0, "row of the batch")]
    tokens = [(1, "token")] if axes > 2 else []
    return [(axes - 1, "feature"), *tokens, (0, "row of the batch")]


def find_condition(departing: Sequence[RunRecord], agreeing: Sequence[RunRecord]) -> str:
    """Return the circumstance that all wrong answers share and no right one has; '' without.

    Where there is none, the mask: without it all is right, and with it some may be so by chance.
    """
    if not departing or len(agreeing) < 2:
        return ""
    for told, holds in _CONDITIONS.items():
        if all(holds(r) for r in departing) and not any(holds(r) for r in agreeing):
            return told
    without = sum(_mask(r) is None for r in agreeing)
    if 2 * without > len(agreeing) and not any(_mask(r) is None for r in departing):
        return "only where it is given a mask, whatever that hides"
    return ""


def _mask(record: RunRecord) -> Tensor | None:
    masks = [v for v in record.inputs[1:] if v is not None and v.dim() == 2]
    return masks[0] if masks else None


def _tokens(record: RunRecord) -> int:
    first = record.inputs[0]
    return int(first.shape[1]) if first is not None and first.dim() > 1 else 0


def _is_mask_of(kind: str) -> Callable[[RunRecord], bool]:
    def holds(record: RunRecord) -> bool:
        mask = _mask(record)
        return mask is not None and str(mask.dtype) == f"torch.{kind}"

    return holds


def _has_padding(record: RunRecord) -> bool:
    mask = _mask(record)
    return mask is not None and bool((mask == 0).any())


_CONDITIONS: dict[str, Callable[[RunRecord], bool]] = {
    "only in train mode": lambda r: r.training,
    "only in evaluation mode": lambda r: not r.training,
    "only where a mask hides something": _has_padding,
    "only for a mask of booleans": _is_mask_of("bool"),
    "only for a mask of floats": lambda r: _is_mask_of("float32")(r) or _is_mask_of("float64")(r),
    "only for a mask that is not boolean": lambda r: (
        _mask(r) is not None and not _is_mask_of("bool")(r)
    ),
    "only where a mask that is not boolean hides something": lambda r: (
        _has_padding(r) and not _is_mask_of("bool")(r)
    ),
    "only where a mask of booleans hides something": lambda r: (
        _has_padding(r) and _is_mask_of("bool")(r)
    ),
    "only without a mask": lambda r: len(r.inputs) > 1 and _mask(r) is None,
    "only for an input that is not contiguous in memory": lambda r: r.strided,
    "only for a single tweet (B = 1)": lambda r: len(r.inputs[0]) == 1,  # type: ignore[arg-type]
    "only for a single token (T = 1)": lambda r: _tokens(r) == 1,
    "only for tweets of more than one token": lambda r: _tokens(r) > 1,
    "only for long tweets": lambda r: _tokens(r) >= 64,
    "only in the gradient: the forward pass is right": lambda r: r.cotangent is not None,
}
