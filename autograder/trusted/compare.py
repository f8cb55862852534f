"""Compare what a student's layer gave with what the reference gives.

Runs on the trusted side. Students read where and in what pattern the two differ, never a hidden
number. Every tolerance has a name, a reason and a mutant it must reject.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from autograder.trusted.outcomes import CheckFailed


@dataclass(frozen=True)
class Tolerance:
    """The largest difference allowed, absolute and relative to the reference's largest value."""

    name: str
    allowance: float


# Two correct float64 programs that add in another order differ by about 1e-13 here. For what a
# composite layer hands on unchanged.
EXACT = Tolerance("float64", 1e-8)
# Rounding in float32 is about 1e-6 after these few layers, and a float64 program that takes its
# softmax in float32 is right all the same. A LayerNorm with torch's eps for BERT's is off by 1e-5
# where rows have a variance of 1: that is for one check to judge, on quiet rows, where it is off by
# 0.3. The smallest fault that other checks are to see is 20 times larger than this: exact and
# tanh-approximated GELU differ by 4.7e-4. Computing in float16 is off by 1e-3.
MIXED = Tolerance("some steps in float32", 2e-5)
# The same through the whole model, where every LayerNorm adds its own.
DEEP = Tolerance("the whole model", 2e-4)
# Scores of thousands carry 1e-4 of rounding where the softmax is taken in float32. A mask that is
# too weak for them is off by 0.1 and more.
SHARP = Tolerance("large scores", 5e-3)


def largest_difference(got: Tensor, want: Tensor) -> float:
    """Return max |got - want| over max(1, max |want|); infinite where ``got`` is not finite."""
    if want.numel() == 0:
        return 0.0
    # NaN and infinity survive subtraction and maximum, so one look at the result finds them.
    worst = float((got.double() - want.double()).abs().max())
    return worst / max(1.0, float(want.abs().max())) if math.isfinite(worst) else math.inf


def agree(got: Tensor, want: Tensor, tolerance: Tolerance = MIXED) -> bool:
    """Whether two tensors have one shape and differ by no more than the tolerance allows."""
    if got.shape != want.shape:
        return False
    # Most right answers are the reference's to the last bit, which one look tells.
    if got.dtype == want.dtype and torch.equal(got, want):
        return math.isfinite(float(got.sum())) or bool(torch.isfinite(got).all())
    return largest_difference(got, want) <= tolerance.allowance


def expect_shape(got: Tensor, wanted: tuple[int, ...], letters: str, call: str) -> None:
    """Raise CheckFailed unless ``got`` has the shape ``wanted``."""
    if tuple(got.shape) != wanted:
        raise CheckFailed(f"{call}: expected {letters} = {wanted}, got {tuple(got.shape)}")


def expect_same(
    got: Tensor,
    want: Tensor,
    what: str,
    tolerance: Tolerance = MIXED,
    axes: str = "",
) -> None:
    """Raise CheckFailed unless ``got`` equals ``want``; the message names the pattern only."""
    if got.shape != want.shape:
        raise CheckFailed(
            f"{what}: wrong shape, expected {tuple(want.shape)}, got {tuple(got.shape)}"
        )
    if not bool(torch.isfinite(got).all()):
        kind = "NaN" if bool(torch.isnan(got).any()) else "infinite"
        raise CheckFailed(f"{what}: {kind} values")
    if largest_difference(got, want) <= tolerance.allowance:
        return
    raise CheckFailed(f"{what}: wrong values{describe_pattern(got, want, axes)}")


def describe_pattern(got: Tensor, want: Tensor, axes: str = "") -> str:
    """Return where two tensors of one shape differ, in words; '' when there is no pattern."""
    scale = max(1.0, float(want.abs().max()))
    wrong = (got.double() - want.double()).abs() > MIXED.allowance * scale
    share = float(wrong.double().mean())
    if share > 0.999:
        factor = _constant_factor(got, want)
        return f" everywhere, by the constant factor {factor:.3g}" if factor else " everywhere"
    parts = [f" in {share:.0%} of all places"]
    names = {"B": "row of the batch", "T": "token", "C": "feature"}
    for axis, letter in enumerate(axes[: wrong.dim()]):
        rest = [d for d in range(wrong.dim()) if d != axis]
        hit = wrong.any(dim=rest) if rest else wrong
        if 0 < int(hit.sum()) < hit.numel() and letter in names:
            parts.append(tell_where(hit, names[letter]))
    return ", ".join(parts)


def tell_where(hit: Tensor, name: str) -> str:
    """Say which places of one axis are hit, or which few are not."""
    most = int(hit.sum()) > 2 and 2 * int(hit.sum()) > hit.numel()
    told = ", ".join(str(i) for i in (~hit if most else hit).nonzero().flatten().tolist()[:6])
    return f"at every {name} but {told} (from 0)" if most else f"only at {name} {told} (from 0)"


def _constant_factor(got: Tensor, want: Tensor) -> float | None:
    solid = want.abs() > 1e-3
    if int(solid.sum()) < 4:
        return None
    ratios = got.double()[solid] / want.double()[solid]
    middle = float(ratios.median())
    return middle if float((ratios - middle).abs().max()) < 1e-6 * max(1.0, abs(middle)) else None
