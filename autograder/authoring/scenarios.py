"""Scenarios: submissions as folders, each with what must come out of grading it.

For staff and tests. A scenario is a folder with the submission's files and an ``expected.toml``:

    about = "one sentence: what this student did"
    base = "reference"      # files that are absent come from the reference; "none": from nowhere
    loses = ["Scale"]       # the class layers that must lose points; all others must not
    score = 100             # optional: the exact score
    cause = "..."           # optional: the mistake in a few words
    keywords = [["mask"]]   # optional, per layer lost: words of which its report must hold one
    untold = "..."          # optional: why the report does not tell the cause

The whole model (EndToEnd) may or may not suffer from a layer's fault and is not compared.
"""

import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.manifest import WHOLE_MODEL, Kit
from autograder.results import Result

EXPECTED = "expected.toml"


@dataclass(frozen=True)
class Scenario:
    """One submission and what must come out."""

    name: str
    folder: Path
    base: str
    loses: tuple[str, ...]
    score: float | None
    about: str
    cause: str
    # For each layer of ``loses``: words of which the report on that layer must hold one.
    keywords: tuple[tuple[str, ...], ...]
    # Why the cause is not told, where it is not: then the words are not asked for.
    untold: str


def read_scenarios(folder: Path) -> list[Scenario]:
    """Return every scenario below ``folder``, by name."""
    return [_read(path.parent, folder) for path in sorted(folder.rglob(EXPECTED))]


def _read(folder: Path, top: Path) -> Scenario:
    data: dict[str, Any] = tomllib.loads((folder / EXPECTED).read_text(encoding="utf-8"))
    return Scenario(
        name=folder.relative_to(top).as_posix(),
        folder=folder,
        base=data.get("base", "none"),
        loses=tuple(data.get("loses", ())),
        score=data.get("score"),
        about=data.get("about", ""),
        cause=data.get("cause", "; ".join(data.get("causes", ()))),
        keywords=tuple(tuple(words) for words in data.get("keywords", ())),
        untold=data.get("untold", ""),
    )


def lay_out(kit: Kit, scenario: Scenario, target: Path) -> Path:
    """Build the submission in ``target`` and return the folder to grade."""
    shutil.copytree(scenario.folder, target, ignore=shutil.ignore_patterns(EXPECTED, "__pycache__"))
    if scenario.base == "reference":
        for layer in kit.layers:
            if not (target / layer.file).exists():
                shutil.copy(kit.staff_folder / layer.file, target / layer.file)
    return target


def find_disagreements(scenario: Scenario, result: Result) -> list[str]:
    """Return a sentence for everything that came out otherwise than expected."""
    lost = {check.layer for check in result.checks if check.points < check.max_points}
    wanted = set(scenario.loses)
    found = [f"{name} should lose points and does not" for name in sorted(wanted - lost)]
    for name in sorted(lost - wanted - ({WHOLE_MODEL} if wanted else set())):
        first = next(c for c in result.checks if c.layer == name and c.points < c.max_points)
        found.append(f"{name} loses points for nothing: {first.id}: {first.message}")
    if not scenario.untold:
        found += _find_untold(scenario, result)
    if scenario.score is not None and result.score != scenario.score:
        found.append(f"the score is {result.score:g}, not {scenario.score:g}")
    return found


def _find_untold(scenario: Scenario, result: Result) -> list[str]:
    """Return a sentence for each layer whose report holds none of the words of its cause."""
    found = []
    for layer, words in zip(scenario.loses, scenario.keywords, strict=False):
        told = read_report(result, layer).lower()
        if not any(word.lower() in told for word in words):
            found.append(f"{layer}: nothing of {', '.join(words)} in «{told[:400]}»")
    return found


def read_report(result: Result, layer: str) -> str:
    """Return all a student reads about a layer's losses: diagnosis and messages."""
    lost = [c for c in result.checks if c.layer == layer and c.points < c.max_points]
    told = [check.diagnosis["explanation"] for check in lost[:1] if check.diagnosis]
    return " ".join([*told, *(check.message for check in lost)])
