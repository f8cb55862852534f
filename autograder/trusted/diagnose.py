"""Say why a layer is wrong: which known wrong version, or pair of them, it is.

Runs on the trusted side, for layers that lost points only. A name is given on a match across
everything the checks asked, never on likeness: a wrong name is worse than none.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from autograder.manifest import WHOLE_MODEL, Kit
from autograder.misconceptions import Misconception, Version, in_dialects, pairs, versions
from autograder.results import CheckResult
from autograder.trusted.advice import advise
from autograder.trusted.cross_examination import explains_strangers
from autograder.trusted.evidence import Aside
from autograder.trusted.examination import Examination
from autograder.trusted.general_causes import (
    explain_asides,
    explain_effects,
    explain_order,
    explain_parameters,
    explain_return,
    explain_slowness,
)
from autograder.trusted.loaded_layer import LoadedLayer
from autograder.trusted.locate import locate
from autograder.trusted.situation import Letters, read_letters
from autograder.trusted.submission import Submission

# How long to look for a pair before nothing is said.
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
        return {
            "id": self.id,
            "explanation": self.explanation,
            "kind": self.kind,
            "also": list(self.also),
        }


def explain_losses(submission: Submission, results: Sequence[CheckResult]) -> list[CheckResult]:
    """Return the results, those of layers that lost points with a diagnosis where there is one."""
    explained = list(results)
    for layer in submission.kit.layers:
        lost = [
            index
            for index, result in enumerate(results)
            if result.layer == layer.name and result.points < result.max_points
        ]
        if not lost or layer.name not in submission.places:
            continue
        loaded = submission.layer(layer.name)
        try:
            diagnosis = explain_layer(submission.kit, loaded)
        except Exception as error:  # noqa: BLE001  (a fault of ours must not cost a finished grade)
            submission.remark(f"no diagnosis of {layer.name}: it failed ({type(error).__name__})")
            diagnosis = None
        lines = next((f.lines for f in loaded.evidence.all_faults() if f.lines), ())
        for index in lost:
            explained[index] = replace(
                explained[index],
                diagnosis=diagnosis.to_json() if diagnosis else None,
                traceback=[str(line) for line in lines],
            )
    explained = _point_to_layers(submission.kit, explained)
    wrong = {result.layer for result in results if result.points < result.max_points}
    asked = {result.layer for result in results}
    heavily = [layer.name for layer in submission.kit.layers if _lost_half(layer.name, results)]
    if heavily and WHOLE_MODEL in asked - wrong:
        submission.remark(
            f"wrong alone: {', '.join(heavily)}; and the whole model is right: worth a "
            "look by a person"
        )
    if wrong == {WHOLE_MODEL} and len(asked) > 1:
        submission.remark(
            "every layer is right by itself and the whole model is not: worth a look by a person"
        )
    return explained


def _lost_half(layer: str, results: Sequence[CheckResult]) -> bool:
    own = [result for result in results if result.layer == layer]
    possible = sum(result.max_points for result in own)
    return bool(own) and sum(result.points for result in own) <= possible / 2


def _point_to_layers(kit: Kit, results: Sequence[CheckResult]) -> list[CheckResult]:
    """Say of the whole model's losses that wrong layers come first, where there are any."""
    lost = {result.layer for result in results if result.points < result.max_points}
    wrong = [layer.name for layer in kit.layers if layer.name in lost]
    if not wrong or WHOLE_MODEL not in lost:
        return list(results)
    names = " and ".join([", ".join(wrong[:-1]), wrong[-1]] if len(wrong) > 1 else wrong)
    told = Diagnosis(
        "layers",
        f"The whole model is made of your layers: repair {names} first, then look here again.",
        "layers",
    )
    return [
        replace(result, diagnosis=told.to_json())
        if result.layer == WHOLE_MODEL and result.points < result.max_points
        else result
        for result in results
    ]


def explain_layer(kit: Kit, loaded: LoadedLayer) -> Diagnosis | None:
    """Say why a layer is wrong: a known mistake, an error explained, or where it departs."""
    if not loaded.evidence.builds:
        return None
    with torch.random.fork_rng(devices=[]):
        examination = Examination(kit, loaded)
        asides = [] if examination.departing else loaded.evidence.asides
        if asides and not examination.strangers:
            return _tell_asides(asides)
        named = name_misconception(kit, loaded, examination)
        if named is not None:
            return named
        if any(aside.kind in ("besides", "inserted") for aside in asides):
            return _tell_asides(asides)
        order = explain_order(kit, examination)
        if order:
            return Diagnosis("place", order, "place")
        letters = _letters(kit, examination)
        for fault in loaded.evidence.faults():
            advice = advise(kit, loaded.name, fault, letters)
            if advice is not None:
                return Diagnosis(advice[0], advice[1], "error")
        told = (
            explain_return(loaded.evidence)
            or explain_slowness(kit, loaded.evidence)
            or explain_parameters(examination)
            or explain_effects(examination)
            or locate(examination, letters)
            or explain_asides(loaded.evidence.asides)
        )
        return Diagnosis("place", told, "place") if told else None


def _tell_asides(asides: Sequence[Aside]) -> Diagnosis:
    explanation = explain_asides(asides)
    if all(aside.kind == "dtype" for aside in asides):
        return Diagnosis("error.wrong_dtype", explanation, "error")
    return Diagnosis("place", explanation, "place")


def _letters(kit: Kit, examination: Examination) -> Letters:
    evidence = examination.evidence
    ended = [record for record in evidence.runs if record.ended is not None]
    record = next(iter(ended or examination.departing or evidence.runs), None)
    handle = record.handle if record else evidence.builds[0].handle
    build = next(b for b in evidence.builds if b.handle == handle)
    inputs = record.inputs if record else ()
    return read_letters(kit, dict(build.recipe["arguments"]), inputs)


def name_misconception(kit: Kit, loaded: LoadedLayer, examination: Examination) -> Diagnosis | None:
    """Return the misconception, or pair, that is exactly the student's layer; None without one."""
    found = versions(kit, loaded.name)
    if not found:
        return None
    matches = _find(examination, found)
    if not matches:
        # Only where undefined results differ can another dialect make a difference.
        matches = _find(examination, list(in_dialects(kit, loaded.name, examination.undecided)))
    if matches:
        return _tell_one(matches)
    if not (examination.departs_in_values or examination.strangers):
        return None  # errors alone cannot tell two mistakes from one
    parts = [v for v in found if examination.could_take_part(v)]
    matched = []
    # Those that explain something alone come first: time may end before all pairs are tried.
    halves = [v for v in parts if examination.explains_in_part(v)]
    started = time.process_time()
    for both in pairs(parts, first=halves):
        if time.process_time() - started > _CPU_S_MAX:
            break
        if _explains(examination, both):
            matched.append(both)
    exact = [both for both in matched if examination.draws_the_same_numbers(both)]
    return _tell_pair(exact or [both for both in matched if examination.drops_the_same(both)])


def _explains(examination: Examination, version: Version) -> bool:
    return examination.explains(version) and explains_strangers(examination, version)


def _find(examination: Examination, found: Iterable[Version]) -> list[Misconception]:
    """Return the misconceptions that explain the layer, those to the last value before others."""
    matches = [version for version in found if _explains(examination, version)]
    exact = [version for version in matches if examination.draws_the_same_numbers(version)]
    return _distinct(exact or (v for v in matches if examination.drops_the_same(v)))


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
