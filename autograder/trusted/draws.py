"""Compare what dropout does in two layers that do not draw the same random numbers.

Runs on the trusted side. One draw of each says little: dropout before the second map and dropout
before the first disturb the output by much the same amount. Over many draws they differ.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

DRAWS = 24
# Twice what two sets of so many draws of one and the same layer were seen to differ by, and less
# than what any two places of dropout did (see test_draws.py).
SIZE_TOLERANCE, ROW_TOLERANCE, FEATURE_TOLERANCE = 0.05, 0.08, 0.12
SHARE_TOLERANCE, SPREAD_TOLERANCE = 0.02, 0.1
_QUANTILES = torch.linspace(0.05, 0.95, 19, dtype=torch.float64)


@dataclass(frozen=True)
class Disturbance:
    """What dropout does to an output, in numbers that do not depend on which values it drops."""

    size: float
    by_feature: Tensor
    between_rows: float
    untouched: float
    zero: float
    spread: Tensor


def measure(draws: Tensor, quiet: Tensor) -> Disturbance:
    """Measure outputs in train mode, (draws, ..., C), against the one in evaluation mode."""
    difference = draws.double() - quiet.double()
    apart = difference.abs()
    size = apart.mean().clamp_min(1e-12)
    rows = apart.flatten(0, -2)
    return Disturbance(
        size=float(size),
        by_feature=rows.mean(dim=0) / size,
        between_rows=float(rows.mean(dim=1).std() / size),
        untouched=float((apart < 1e-9).double().mean()),
        zero=float((draws == 0).double().mean()),
        spread=torch.quantile(difference.flatten(), _QUANTILES) / size,
    )


def is_alike(one: Disturbance, other: Disturbance) -> bool:
    """Whether two layers drop the same, as far as many draws can tell."""
    return (
        abs(one.size / other.size - 1) <= SIZE_TOLERANCE
        and abs(one.between_rows - other.between_rows) <= ROW_TOLERANCE * other.between_rows
        and float((one.by_feature - other.by_feature).abs().max()) <= FEATURE_TOLERANCE
        and abs(one.untouched - other.untouched) <= SHARE_TOLERANCE
        and abs(one.zero - other.zero) <= SHARE_TOLERANCE
        and float((one.spread - other.spread).abs().max()) <= SPREAD_TOLERANCE
    )
