"""Bounds for what is random by design: how many of n values dropout may drop.

Runs on the trusted side.
"""

import functools
import math

import torch
from torch import Tensor

from autograder.trusted.compare import MIXED
from autograder.trusted.outcomes import CheckFailed

# A correct layer is accused less than once in ten million counts.
FALSE_ALARM_RATE = 1e-7
# Dropped as well by a second, right dropout, a value cannot be seen: less than half of all.
SEEN_SHARE_MIN = 0.25


@functools.lru_cache(maxsize=256)
def binomial_bounds(
    n: int, p: float, false_alarm_rate: float = FALSE_ALARM_RATE
) -> tuple[int, int]:
    """Return (low, high) such that a Binomial(n, p) count leaves [low, high] less often than that.

    Chernoff's bound in its relative-entropy form (Hoeffding 1963, theorem 1): on either side
    P(count/n beyond q) <= exp(-n KL(q, p)), so the rate is a guarantee, not an approximation.
    """
    if not 0.0 < p < 1.0:
        return round(n * p), round(n * p)
    needed = math.log(2.0 / false_alarm_rate)

    def surprise(count: int) -> float:
        q = count / n
        left = q * math.log(q / p) if q > 0 else 0.0
        right = (1 - q) * math.log((1 - q) / (1 - p)) if q < 1 else 0.0
        return n * (left + right)

    low = high = round(n * p)
    while low > 0 and surprise(low - 1) < needed:
        low -= 1
    while high < n and surprise(high + 1) < needed:
        high += 1
    return low, high


def expect_drop_rate(dropped: Tensor, p: float, what: str, seen: Tensor | None = None) -> None:
    """Raise CheckFailed unless a boolean tensor looks like independent drops at rate ``p``.

    ``seen`` tells where the drops can be known at all; default everywhere.
    """
    seen = torch.ones_like(dropped) if seen is None else seen
    n, count = int(seen.sum()), int((dropped & seen).sum())
    if n < SEEN_SHARE_MIN * seen.numel():
        raise CheckFailed(f"in train mode too little comes out to see what becomes of {what}")
    low, high = binomial_bounds(n, p)
    if not low <= count <= high:
        raise CheckFailed(
            f"in train mode {count / max(n, 1):.1%} of {what} are dropped, where dropout={p:g} "
            "was asked for"
        )
    for axis in range(dropped.dim()):
        _expect_independent(dropped, seen, axis, p, what)


def _expect_independent(dropped: Tensor, seen: Tensor, axis: int, p: float, what: str) -> None:
    """Compare the two halves along one axis, in pairs that share no member.

    Two independent drops agree with probability p² + (1-p)²; one drop shared by both, always.
    """
    half = dropped.shape[axis] // 2
    if half == 0:
        return
    both = seen.narrow(axis, 0, half) & seen.narrow(axis, half, half)
    agreeing = (dropped.narrow(axis, 0, half) == dropped.narrow(axis, half, half)) & both
    low, high = binomial_bounds(int(both.sum()), p * p + (1 - p) * (1 - p))
    if not low <= int(agreeing.sum()) <= high:
        raise CheckFailed(f"in train mode {what} are not dropped independently of each other")


def expect_kept_or_dropped(values: Tensor, full: Tensor, p: float, what: str) -> Tensor:
    """Return where ``values`` is 0; raise CheckFailed unless each is 0 or ``full``/(1-p)."""
    if values.shape != full.shape:
        raise CheckFailed(f"in train mode {what} come out in another shape than in evaluation mode")
    allowed = MIXED.allowance * (1.0 + full.abs())
    kept = (values - full / (1.0 - p)).abs() <= allowed
    dropped = values.abs() <= 1e-6
    if bool((kept | dropped).all()) and bool(torch.isfinite(values).all()):
        return dropped
    unscaled = (values - full).abs() <= allowed
    if bool((unscaled | dropped).all()) and bool(dropped.any()):
        raise CheckFailed(f"in train mode {what} that survive dropout are not scaled by 1/(1-p)")
    if bool(unscaled.all()):
        raise CheckFailed(f"in train mode nothing is dropped of {what}")
    scale = float((values / full)[~dropped & (full != 0)].nan_to_num().median())
    rescaled = (values - scale * full).abs() <= allowed
    if scale > 1.0 and bool(dropped.any()) and bool((rescaled | dropped).all()):
        raise CheckFailed(
            f"in train mode what survives of {what} is scaled by {scale:.4g}: as by a dropout of "
            f"{1 - 1 / scale:.3g}, or by one too many, where dropout={p:g} was asked for"
        )
    raise CheckFailed(
        f"in train mode {what} are neither dropped nor scaled by 1/(1-p): dropout is at another "
        "place than the specification names, or there is one too many"
    )


def recover_branch(output: Tensor, residual: Tensor, quiet: slice) -> Tensor:
    """Undo the last LayerNorm (weight 1, bias 0) of ``LayerNorm(branch + residual)``.

    In the columns ``quiet`` the branch is 0 by construction, so there output and residual are
    related by each row's mean and deviation alone; solving for those two gives the branch in all
    other columns, whatever dropout did to it. Raises CheckFailed where no such row exists.
    """
    if output.shape != residual.shape:
        raise CheckFailed("in train mode the output has the wrong shape")
    x, z = residual[..., quiet], output[..., quiet]
    x_mean, z_mean = x.mean(-1, keepdim=True), z.mean(-1, keepdim=True)
    slope = ((x - x_mean) * (z - z_mean)).sum(-1, keepdim=True)
    slope = slope / ((x - x_mean) ** 2).sum(-1, keepdim=True)
    shift = z_mean - slope * x_mean
    if not bool(torch.isfinite(slope).all()) or not bool((slope > 0).all()):
        raise CheckFailed("in train mode the output is no LayerNorm of input plus branch")
    if float((slope * x + shift - z).abs().max()) > 1e-6:
        raise CheckFailed(
            "in train mode the residual is changed as well: dropout acts on more than the branch, "
            "or after LayerNorm"
        )
    return (output - shift) / slope - residual
