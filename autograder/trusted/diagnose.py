"""Say why a layer is wrong: which known wrong version, or pair of them, it is.

Runs on the trusted side, for layers that lost points only. A name is given on a match across
everything the checks asked, never on likeness: a wrong name is worse than none.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from autograder.manifest import Kit
from autograder.results import CheckResult
from autograder.misconceptions import Misconception, Version, pairs, versions
from autograder.trusted.cross_examination import explains_strangers
from autograder.trusted.examination import Examination
from autograder.trusted.submission import LoadedLayer, Submission

# How much thought a failing layer may cost before nothing is said.
_CPU_S_MAX = 0.8


@dataclass(frozen=True)
class Diagnosis:
    """Why a layer is wrong, in words for the student."""

    id: str
    explanation: str
    # "misconception", "pair", "one of", "error", "place"
    kind: str
    also: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return what stands in a report."""
        return {"id": self.id, "explanation": self.explanation, "kind": self.kind, "also": list(self.also)}


def explain_losses(submission: Submission, results: Sequence[CheckResult]) -> list[CheckResult]:
    """Return the results, those of layers that lost points with a diagnosis where there is one."""
    explained = list(results)
    for layer in submission.kit.layers:
        lost = [i for i, r in enumerate(explained) if r.layer == layer.name and r.points < r.max_points]
        if not lost or layer.name not in submission.places:
            continue
        diagnosis = explain_layer(submission.kit, submission.layer(layer.name))
        for index in lost if diagnosis else ():
            explained[index] = replace(explained[index], diagnosis=diagnosis.to_json())
    return explained


def explain_layer(kit: Kit, loaded: LoadedLayer) -> Diagnosis | None:
    """Say why a layer is wrong; None where nothing can be said."""
    with torch.random.fork_rng(devices=[]):
        examination = Examination(kit, loaded)
        return name_misconception(kit, loaded, examination)


def name_misconception(kit: Kit, loaded: LoadedLayer, examination: Examination) -> Diagnosis | None:
    """Return the misconception, or pair, that is exactly the student's layer; None without one."""
    found = versions(kit, loaded.name)
    if not found:
        return None
    started = time.process_time()
    matches = _distinct(v for v in found if _explains(examination, v))
    if matches:
        return _tell_one(matches)
    parts = [v for v in found if examination.could_take_part(v)]
    matched = []
    for both in pairs(parts):
        if time.process_time() - started > _CPU_S_MAX:
            break
        if _explains(examination, both):
            matched.append(both)
    return _tell_pair(matched)


def _explains(examination: Examination, version: Version) -> bool:
    return examination.explains(version) and explains_strangers(examination, version)


def _distinct(found: Iterable[Version]) -> list[Misconception]:
    """Return the misconceptions, each once, whatever constant of theirs matched."""
    return list({v.misconceptions[0].id: v.misconceptions[0] for v in found}.values())


def _tell_one(matches: list[Misconception]) -> Diagnosis:
    first = matches[0]
    if len(matches) == 1:
        return Diagnosis(first.id, first.told, "misconception")
    others = "; or: ".join(other.title for other in matches[1:])
    told = f"{first.told} What was tried cannot tell this from: {others}."
    return Diagnosis(first.id, told, "one of", tuple(m.id for m in matches[1:]))


def _tell_pair(matched: list[Version]) -> Diagnosis | None:
    named = {tuple(m.id for m in v.misconceptions): v for v in matched}
    if not named:
        return None
    # Several pairs with one misconception in common are told as that pair which is first in
    # the bank, whose order is that of how often a mistake is made.
    first, second = next(iter(named.values())).misconceptions
    told = f"Two mistakes at once. First: {first.told} Second: {second.told}"
    also = tuple(" + ".join(ids) for ids in list(named)[1:])
    if also:
        told += " (Another pair of mistakes would look the same.)"
    return Diagnosis(f"{first.id} + {second.id}", told, "pair", also)
