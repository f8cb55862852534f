"""Question a student's layer whose parameters are not the reference's.

Runs on the trusted side; the student's half answers from its worker. The checks could compare
nothing, as the reference's weights do not fit. A wrong version with the same parameters can lend
its own: then the two are twins, and can be compared after all.
"""

from typing import Any

import torch
from torch import Tensor

from autograder.misconceptions import Version
from autograder.trusted.candidates import Candidate, same_end, same_run
from autograder.trusted.compare import MIXED
from autograder.trusted.evidence import RunRecord
from autograder.trusted.examination import Examination
from autograder.trusted.layer_matching import match_layer
from autograder.trusted.outcomes import CheckEnded
from autograder.trusted.parameters import Reading
from autograder.trusted.twins import Stranger

_STRANGERS_MAX = 4


def explains_strangers(examination: Examination, version: Version) -> bool:
    """Whether a version and every such module of the student's answer new questions alike."""
    candidate: Candidate | None = None
    seen: list[Any] = []
    for handle, stranger in examination.strangers.items():
        if len(seen) >= _STRANGERS_MAX or (stranger.arguments, stranger.draw) in seen:
            continue
        seen.append((stranger.arguments, stranger.draw))
        candidate = candidate or Candidate(examination.kit, examination.loaded.name, version)
        if not _explains(examination, candidate, stranger, handle):
            return False
    return True


def _explains(
    examination: Examination, candidate: Candidate, stranger: Stranger, handle: int
) -> bool:
    build = next(b for b in examination.evidence.builds if b.handle == handle)
    candidate.build(build)
    module = candidate.module(handle)
    generator = torch.Generator().manual_seed(handle)
    weights = {
        name: stranger.draw(name, tuple(value.shape), generator).double()
        for name, value in module.named_parameters()
    }
    match = match_layer(examination.kit, stranger.built, module, stranger.arguments)
    return any(
        _agrees(candidate, stranger, weights, reading, generator) for reading in match.readings[:4]
    )


def _agrees(
    candidate: Candidate,
    stranger: Stranger,
    weights: dict[str, Tensor],
    reading: Reading,
    generator: torch.Generator,
) -> bool:
    built = stranger.built
    shapes = {p.name: p.shape for p in built.parameters}
    theirs: dict[str, Tensor] | None = reading.translate(weights, shapes)
    example = [_fit(value, built.dtype) for value in stranger.example]
    cotangent = None
    for training in (False, True, False):
        record = RunRecord(
            built.handle, example, cotangent, training, 1, (), False, weights,
            lambda values: reading.translate(values, shapes), tolerance=MIXED,
        )  # fmt: skip
        try:
            record.run = built.run(
                example, weights=theirs, cotangent=cotangent, training=training, seed=1
            )
        except CheckEnded as ended:
            record.ended = ended
        theirs = None
        try:
            answer = candidate.run(record)
        except Exception as error:  # noqa: BLE001  (a wrong version may raise anything)
            if not same_end(record.ended, error):
                return False
            continue
        if record.run is None or not (
            same_run(record.run, answer, record)
            or (training and answer.facts["rng_kept"] is record.run.facts.get("rng_kept") is False)
        ):
            return False
        if built.dtype == "float64":
            cotangent = torch.randn(answer.output.shape, generator=generator, dtype=torch.float64)
    return True


def _fit(value: Tensor | None, dtype: str) -> Tensor | None:
    if value is None or not value.is_floating_point() or dtype == "float64":
        return value
    return value.float()
