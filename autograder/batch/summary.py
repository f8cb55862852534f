"""What a terminal shows of a class: a line per submission, and a summary in the end.

Runs on the trusted side.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from autograder.batch.grader import Done, is_weakly_isolated
from autograder.batch.kept import count_of
from autograder.manifest import Kit
from autograder.reports.class_summary import show_class
from autograder.reports.output import Output

_NAMED = ("misconception", "one of", "pair")
_COMMON_MAX = 8


def describe_done(one: Done) -> str:
    """Return a line on one submission: its score, and which layers are wrong."""
    stored = one.stored
    name = one.entry.student or one.entry.key
    if stored["status"] != "graded":
        return f"{name}: not graded: {stored['note']}"
    lost = _wrong_layers(stored)
    wrong = f"; wrong: {', '.join(lost)}" if lost else ""
    return f"{name}: {stored['score']:g} of {stored['max_score']:g}{wrong}"


def _wrong_layers(stored: dict[str, Any]) -> list[str]:
    return list(
        dict.fromkeys(c["layer"] for c in stored["checks"] if c["points"] < c["max_points"])
    )


def count_misconceptions(stored: Sequence[dict[str, Any]]) -> list[tuple[str, int]]:
    """Return how many submissions have each known mistake, the commonest first."""
    counts: Counter[str] = Counter()
    for one in stored:
        named = {
            part
            for check in one["checks"]
            if check["diagnosis"] and check["diagnosis"]["kind"] in _NAMED
            for part in check["diagnosis"]["id"].split(" + ")
        }
        counts.update(named)
    return counts.most_common()


def summarise(done: Sequence[Done], out: Path, gradebook: Path, console: Output, kit: Kit) -> None:
    """Show how a class did, where its results are, and what it gets wrong most."""
    graded = [one for one in done if one.stored["status"] == "graded"]
    unicode = console.encoding.lower().startswith("utf")
    show_class(console, [one.stored for one in graded], kit, unicode=unicode)
    fresh = sum(1 for one in graded if one.fresh)
    console.print(
        Text(
            f"{count_of(len(done), 'submission')}: {fresh} graded now, {len(graded) - fresh} "
            f"unchanged since last time, {len(done) - len(graded)} not gradable. Results: {out}, "
            f"{gradebook}"
        )
    )
    common = count_misconceptions([one.stored for one in done])
    if common:
        told = ", ".join(f"{name} ({count})" for name, count in common[:_COMMON_MAX])
        console.print(Text(f"Most common mistakes: {told}"))
    weak = [one.stored for one in done if is_weakly_isolated(one.stored)]
    if weak:
        console.print(
            Text(
                f"Isolation was weak for {len(weak)} of them: {weak[0]['isolation']}.",
                style="yellow",
            )
        )
    for one in done:
        if one.fault:
            console.print(Text(f"the grader itself failed on {one.entry.key}: {one.fault}"))
