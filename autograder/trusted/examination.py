"""Compare a candidate with the evidence: would it have answered every question the same.

Runs on the trusted side, after a layer has lost points; asks the student's worker nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from autograder.manifest import Kit
from autograder.misconceptions import Version
from autograder.trusted.candidates import gradients_reach_the_same, same_end, same_run
from autograder.trusted.draws import DRAWS, Disturbance, is_alike, measure
from autograder.trusted.evidence import BuildRecord, RunRecord
from autograder.trusted.layer_matching import match_layer
from autograder.trusted.loaded_layer import LoadedLayer
from autograder.trusted.outcomes import CheckEnded, CheckFailed, StudentRaised
from autograder.trusted.parameters import Parameter
from autograder.trusted.reference import Run
from autograder.trusted.rehearsal import Rehearsed
from autograder.trusted.replies import NUMBERS

# Runs on which a wrong version meant for a pair must be right, where the student's layer is.
_AGREEMENTS_MAX = 8
# Of the questions that went wrong, how many are asked to find half of a pair.
_DEPARTURES_MAX = 6
# Below this many values the share of dropped ones says nothing.
_NOISE_VALUES_MIN = 1000
# Of the questions that agree but for the random numbers, how many are asked many times over.
_NOISY_RUNS_MAX = 2


class Examination:
    """The evidence about one layer, in the order in which it separates candidates best."""

    def __init__(self, kit: Kit, loaded: LoadedLayer) -> None:
        self.kit, self.loaded = kit, loaded
        self.evidence = loaded.evidence
        self.strangers = {s.built.handle: s for s in self.evidence.strangers}
        self._runs: dict[int, list[RunRecord]] = {}
        for record in self.evidence.runs:
            self._runs.setdefault(record.handle, []).append(record)
        self.reference = Rehearsed(kit, loaded.name)
        # Versions that gave NaN or infinity where the student's layer did not, or the reverse.
        self.undecided: list[Version] = []
        # By version: the questions whose answers agree in what dropout does, not in every value.
        # Under None, those of the reference.
        self._by_noise: dict[Version | None, list[RunRecord]] = {}
        self._disturbances: dict[int, Disturbance | None] = {}
        self._quiet: dict[int, Run | None] = {}
        self.departing: list[RunRecord] = []
        self.agreeing: list[RunRecord] = []
        self._reference_parameters: dict[int, set[tuple[str, tuple[int, ...]]]] = {}
        self._answer_by_reference()

    def _answer_by_reference(self) -> None:
        for build in self.evidence.builds:
            parameters, _ = self.reference.build(build)
            self._reference_parameters[build.handle] = _as_set(parameters)
            for record in self._runs.get(build.handle, ()):
                answer, error = _answer(self.reference, record)
                alike = self._same(record, answer, error, self.reference)
                (self.agreeing if alike else self.departing).append(record)
        for record in self._loudest(None):
            if not self._same_draws(None, record):
                self.agreeing = [agreed for agreed in self.agreeing if agreed is not record]
                self.departing.append(record)

    @property
    def departs_after_the_first_call(self) -> bool:
        """Whether every module's first answer is right, and every wrong one is a later one."""
        firsts = {id(records[0]) for records in self._runs.values()}
        later = {id(record) for record in self.departing}
        return len(firsts) > 1 and bool(later) and not firsts & later

    @property
    def departs_in_values(self) -> bool:
        """Whether the student's layer has given a wrong value, and not only errors."""
        return any(record.run is not None for record in self.departing)

    @cached_property
    def in_order(self) -> list[BuildRecord]:
        """The modules, those with a wrong answer first; a copy after its original."""
        wrong = {record.handle for record in self.departing}
        wrong |= {b.handle for b in self.evidence.builds if b.ended or b.handle in self.strangers}
        origin = {b.handle: b.copy_of or b.handle for b in self.evidence.builds}
        return sorted(
            self.evidence.builds,
            key=lambda b: (origin[b.handle] not in wrong, origin[b.handle], b.handle),
        )

    @cached_property
    def screen(self) -> list[RunRecord]:
        """A few cheap questions, each the first its module was asked, that tell most apart."""
        firsts = {id(records[0]) for records in self._runs.values()}
        copies = {build.handle for build in self.evidence.builds if build.copy_of}

        def cheapest(records: Sequence[RunRecord], most: int) -> list[RunRecord]:
            fit = [r for r in records if id(r) in firsts and r.handle not in copies]
            return sorted(fit, key=_size)[:most]

        return sorted(cheapest(self.departing, 2) + cheapest(self.agreeing, 3), key=_size)

    def explains(self, version: Version) -> bool:
        """Whether a wrong version would have answered everything as the student's layer did."""
        if not self._answers(Rehearsed(self.kit, self.loaded.name, version), self.screen):
            return False
        candidate = Rehearsed(self.kit, self.loaded.name, version)
        for build in self.in_order:
            if not self._same_build(candidate, build):
                return False
            for record in self._runs.get(build.handle, ()):
                if not self._same_answer(candidate, record):
                    return False
        if self.strangers or any(record.run is not None for record in self.evidence.runs):
            return True
        return self._same_words(candidate)

    def could_take_part(self, version: Version) -> bool:
        """Whether a version is right, where the student's layer is: else it is in no pair."""
        firsts = {id(records[0]) for records in self._runs.values()}
        agreed = [record for record in self.agreeing if id(record) in firsts]
        agreed = sorted(agreed, key=_size)[:_AGREEMENTS_MAX]
        return self._answers(Rehearsed(self.kit, self.loaded.name, version), agreed)

    def explains_in_part(self, version: Version) -> bool:
        """Whether a version alone gives the student's answer to a question that went wrong.

        Of two mistakes, one often shows alone: in evaluation, say, where the other is about
        dropout. Pairs that hold such a version are the ones to try first.
        """
        builds = {build.handle: build for build in self.evidence.builds}
        firsts = {id(records[0]) for records in self._runs.values()}
        wrong = [r for r in self.departing if id(r) in firsts and r.run is not None]
        candidate = Rehearsed(self.kit, self.loaded.name, version)
        alike: dict[str, int] = {}
        for record in sorted(wrong, key=_size)[:_DEPARTURES_MAX]:
            # Constructing takes longest: one module serves for all that were made alike.
            recipe = builds[record.handle].recipe
            key = repr([recipe[part] for part in ("arguments", "extra", "style", "dtype")])
            handle = alike.setdefault(key, record.handle)
            try:
                if handle == record.handle:
                    candidate.build(builds[handle])
                answer = candidate.run(replace(record, handle=handle))
            except Exception:  # noqa: BLE001  (a wrong version may raise anything)
                return False
            if record.run is not None and same_run(record.run, answer, record):
                return True
        return False

    def _answers(self, candidate: Rehearsed, records: Sequence[RunRecord]) -> bool:
        builds = {build.handle: build for build in self.evidence.builds}
        return all(
            self._same_build(candidate, builds[record.handle])
            and self._same_answer(candidate, record)
            for record in records
        )

    def _same_answer(self, candidate: Rehearsed, record: RunRecord) -> bool:
        answer, error = _answer(candidate, record)
        if self._same(record, answer, error, candidate):
            return True
        if answer is not None and record.run is not None and candidate.version is not None:
            theirs, ours = record.run.output, answer.output
            if bool(torch.isfinite(theirs).all()) != bool(torch.isfinite(ours).all()):
                self.undecided.append(candidate.version)
        return False

    def _same_build(self, candidate: Rehearsed, record: BuildRecord) -> bool:
        try:
            parameters, doubles = candidate.build(record)
        except Exception as error:  # noqa: BLE001  (a wrong version may raise anything)
            return same_end(record.ended, error)
        if record.ended is not None:
            return False
        if record.copy_of:
            return True
        ours, reference = _as_set(parameters), self._reference_parameters[record.handle]
        if bool(candidate.frozen(record.handle)) != bool(record.frozen):
            return False
        if not _same_doubles(record.doubles, doubles):
            return False
        stranger = self.strangers.get(record.handle)
        if stranger is None:
            return ours == reference
        if ours == reference:
            return False
        module = candidate.module(record.handle)
        match = match_layer(self.kit, stranger.built, module, stranger.arguments)
        return match.complete

    def _same(
        self, record: RunRecord, answer: Run | None, error: Exception | None, candidate: Rehearsed
    ) -> bool:
        if answer is None or record.run is None:
            if record.ended is not None and error is not None and self.departs_in_values:
                # Which error comes of it is a matter of style, once values have decided.
                return True
            return same_end(record.ended, error)
        if same_run(record.run, answer, record):
            return True
        noisy = record.run.facts.get("rng_kept") is False and answer.facts["rng_kept"] is False
        if not noisy or not self._same_noise(record, record.run.output, answer.output):
            return False
        if not gradients_reach_the_same(record.run, answer, record):
            return False
        self._by_noise.setdefault(candidate.version, []).append(record)
        return True

    def draws_the_same_numbers(self, version: Version) -> bool:
        """Whether a version that explains the layer agrees with it in every single value."""
        return version not in self._by_noise

    def drops_the_same(self, version: Version) -> bool:
        """Whether a version that explains the layer drops what it drops, over many draws."""
        return all(self._same_draws(version, record) for record in self._loudest(version))

    def _loudest(self, version: Version | None) -> list[RunRecord]:
        records = {id(record): record for record in self._by_noise.get(version, ())}
        return sorted(records.values(), key=_size)[-_NOISY_RUNS_MAX:]

    def _same_draws(self, version: Version | None, record: RunRecord) -> bool:
        if record.run is None or record.run.output.numel() < _NOISE_VALUES_MIN:
            return True
        if id(record) not in self._disturbances:
            try:
                draws = [self._ask_again(record, number) for number in range(DRAWS + 1)]
                self._disturbances[id(record)] = measure(torch.stack(draws[1:]), draws[0])
            except (CheckEnded, RuntimeError):  # it may answer with another shape each time
                self._disturbances[id(record)] = None
        theirs = self._disturbances[id(record)]
        if theirs is None:
            return False
        candidate = Rehearsed(self.kit, self.loaded.name, version)
        candidate.build(next(b for b in self.evidence.builds if b.handle == record.handle))
        quiet = candidate.run(_in_evaluation(record)).output
        ours = [candidate.run(record, seed_offset=number).output for number in range(1, DRAWS + 1)]
        return is_alike(theirs, measure(torch.stack(ours), quiet))

    def _ask_again(self, record: RunRecord, number: int) -> Tensor:
        """Return the student's answer under another seed; the first is in evaluation mode."""
        tensors = {
            f"input.{i}": value for i, value in enumerate(record.inputs) if value is not None
        }
        if record.weights is not None and record.translate is not None:
            weights = record.translate(record.weights)
            tensors |= {f"weight.{name}": value for name, value in weights.items()}
        request = {
            "op": "run", "handle": record.handle, "names": list(record.names),
            "arguments": ["strided" if record.strided else "plain"] * len(record.inputs),
            "training": number > 0, "seed": record.seed + number, "calls": False,
        }  # fmt: skip
        _, results = self.loaded.ask(request, tensors)
        output = results.get("output")
        shape = record.run.output.shape if record.run is not None else None
        if output is None or output.dtype not in NUMBERS or output.shape != shape:
            raise CheckFailed("forward gives something else when it is asked again")
        return output

    def _same_noise(self, record: RunRecord, got: Tensor, want: Tensor) -> bool:
        """Whether two outputs with dropout in them are disturbed alike, if not equally."""
        if got.shape != want.shape or got.numel() < _NOISE_VALUES_MIN:
            return got.shape == want.shape
        if id(record) not in self._quiet:
            self._quiet[id(record)], _ = _answer(self.reference, _in_evaluation(record))
        quiet = self._quiet[id(record)]
        if quiet is None or quiet.output.shape != got.shape:
            return False
        one, other = _signature(got, quiet.output), _signature(want, quiet.output)
        return all(abs(a - b) <= 0.03 + 0.1 * abs(b) for a, b in zip(one, other, strict=True))

    def _same_words(self, candidate: Rehearsed) -> bool:
        """Whether a candidate that only ever raises says what the student's layer says."""
        for build in self.evidence.builds:
            for ended, ask in [
                (build.ended, lambda b=build: candidate.build(b)),
                *(
                    (r.ended, lambda r=r: candidate.run(r))
                    for r in self._runs.get(build.handle, ())
                ),
            ]:
                if ended is None:
                    continue
                fault = ended.fault if isinstance(ended, StudentRaised) else None
                try:
                    ask()  # type: ignore[no-untyped-call]
                except CheckEnded as error:
                    return fault is None and error.message in ended.message
                except Exception as error:  # noqa: BLE001  (a wrong version may raise anything)
                    told = " ".join(str(error).split())[:200]
                    return fault is not None and told == fault.text[:200]
        return False


def _answer(candidate: Rehearsed, record: RunRecord) -> tuple[Run | None, Exception | None]:
    try:
        return candidate.run(record), None
    except Exception as error:  # noqa: BLE001  (a wrong version may raise anything)
        return None, error


def _size(record: RunRecord) -> int:
    return sum(value.numel() for value in record.inputs if value is not None)


def _in_evaluation(record: RunRecord) -> RunRecord:
    return RunRecord(
        record.handle, record.inputs, None, False, record.seed, record.names, record.strided,
        record.weights, record.translate,
    )  # fmt: skip


def _signature(noisy: Tensor, quiet: Tensor) -> list[float]:
    """Return what dropout did, in numbers that do not depend on which values it dropped."""
    apart = (noisy.double() - quiet.double()).abs()
    untouched = apart < 1e-9
    rows = apart.flatten(0, -2).mean(dim=-1)
    return [
        float(apart.mean()),
        float(apart.std()),
        float(untouched.double().mean()),
        float((noisy == 0).double().mean()),
        float(rows.std() / rows.mean().clamp_min(1e-9)),
        float(torch.isfinite(noisy).double().mean()),
    ]


def _as_set(parameters: Sequence[Parameter]) -> set[tuple[str, tuple[int, ...]]]:
    return {(parameter.name, parameter.shape) for parameter in parameters}


def _same_doubles(theirs: Sequence[dict[str, Any]], ours: Sequence[dict[str, Any]]) -> bool:
    """Whether the same sub-layers were constructed with the same arguments, in any order."""
    if len(theirs) != len(ours):
        return False
    known = {name for double in ours for name in double["given"]}
    return sorted(_words(double, known) for double in theirs) == sorted(
        _words(double, known) for double in ours
    )


def _words(double: dict[str, Any], known: set[str]) -> str:
    given = double.get("given")
    given = given if isinstance(given, dict) else {}
    kept = [f"{name}={given[name]}" for name in sorted(given) if name in known]
    return f"{double.get('class')} {double.get('place') is not None} {' '.join(kept)}"
