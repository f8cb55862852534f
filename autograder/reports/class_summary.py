"""How a class did, to look at: how many have which score, and how much of each layer was won.

Runs on the trusted side, on stored results.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import mean, median
from typing import Any

from rich.console import Console
from rich.text import Text

from autograder.manifest import Kit
from autograder.reports.report import format_points

_BAR_WIDTH = 30
_STEPS = 10


def show_class(
    console: Console, graded: Sequence[Mapping[str, Any]], kit: Kit, *, unicode: bool
) -> None:
    """Print two pictures of a class's graded results: the scores, and the layers."""
    if len(graded) < 2:
        return
    block = "█" if unicode else "#"
    most = max(one["max_score"] for one in graded)
    scores = [one["score"] for one in graded]
    console.print(
        Text(f"\nScores of {len(graded)}, of {format_points(most)}: mean "
             f"{format_points(round(mean(scores), 1))}, median {format_points(median(scores))}")
    )  # fmt: skip
    counts = [0] * _STEPS
    for score in scores:
        counts[min(_STEPS - 1, int(_STEPS * score / most)) if most else 0] += 1
    for step in reversed(range(_STEPS)):
        low, high = most * step / _STEPS, most * (step + 1) / _STEPS
        within = f"{format_points(low)} to {format_points(high)}"
        console.print(Text(f"  {within:>12}  {_bar(counts[step] / max(counts), block)} "
                           f"{counts[step] or ''}".rstrip()))  # fmt: skip
    console.print(Text("\nWon of each layer, on average, and by how many wholly"))
    width = max(map(len, kit.groups))
    by_group = _shares(graded)
    for group in kit.groups:
        shares = by_group.get(group, [])
        if shares:
            won = f"{mean(shares):>4.0%}  {sum(s >= 1 for s in shares):>5} of {len(shares)}"
            console.print(Text(f"  {group:<{width}}  {_bar(mean(shares), block)} {won}"))
    console.print()


def _bar(share: float, block: str) -> str:
    # What is there at all is seen.
    length = max(round(_BAR_WIDTH * share), 1 if share else 0)
    return f"{block * length:<{_BAR_WIDTH}}"


def _shares(graded: Sequence[Mapping[str, Any]]) -> dict[str, list[float]]:
    """Return by layer what part of its points each of those won who were asked it."""
    shares: dict[str, list[float]] = defaultdict(list)
    for stored in graded:
        won: dict[str, float] = defaultdict(float)
        most: dict[str, float] = defaultdict(float)
        for check in stored["checks"]:
            won[check["layer"]] += check["points"]
            most[check["layer"]] += check["max_points"]
        for group, points in most.items():
            if points:
                shares[group].append(won[group] / points)
    return shares
