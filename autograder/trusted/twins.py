"""Twins: a student's module beside the reference's, with the same weights.

Runs on the trusted side; the student's half lives in a worker. This is what checks hold.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from autograder.manifest import Kit
from autograder.trusted.compare import EXACT, MIXED, SINGLE, Tolerance, agree, expect_same
from autograder.trusted.evidence import BuildRecord, RunRecord, Translate
from autograder.trusted.matching import match_parameters, match_tree
from autograder.trusted.outcomes import CheckEnded, CheckFailed, StudentRaised, clean_text
from autograder.trusted.parameters import Match, Parameter, Reading, reference_parameters
from autograder.trusted.reference import Draw, Reference, Run, draw_lively
from autograder.trusted.submission import LoadedLayer

Inputs = Sequence[Tensor | None]


class Built:
    """A student's module in a worker: what it consists of, by its own claim."""

    def __init__(
        self,
        loaded: LoadedLayer,
        arguments: Mapping[str, Any],
        *,
        style: str = "adaptive",
        dtype: str = "float64",
        seed: int = 1,
    ) -> None:
        self.loaded = loaded
        self.handle = loaded.next_handle()
        kit = loaded.submission.kit
        self.recipe = {
            "arguments": [[name, value] for name, value in arguments.items()],
            "extra": {k: v for k, v in kit.constants.items() if k not in arguments},
            "style": style,
            "dtype": dtype,
            "seed": seed,
            "attributes": list(kit.by_name[loaded.name].attributes),
        }
        self.dtype = dtype
        # What the student's module holds, by the reference's names, once a twin has set it.
        self.meaning: Mapping[str, Tensor] | None = None
        self.translate: Translate | None = None
        self.record = BuildRecord(self.handle, self.recipe)
        loaded.evidence.builds.append(self.record)
        try:
            facts, _ = loaded.ask({"op": "build", "handle": self.handle, **self.recipe})
        except CheckEnded as ended:
            self.record.ended = ended
            raise
        self.parameters = _read_parameters(facts)
        self.trainable = {
            str(p.get("name")): bool(p.get("trainable")) for p in _dicts(facts, "parameters")
        }
        self.attributes: dict[str, str] = _mapping(facts, "attributes")
        self.doubles = _dicts(facts, "doubles")
        unregistered = facts.get("unregistered")
        self.unregistered = [
            clean_text(str(name), 80)
            for name in (unregistered if isinstance(unregistered, list) else [])
        ]
        self.record.parameters, self.record.doubles = self.parameters, self.doubles
        self.record.frozen = [name for name, trainable in self.trainable.items() if not trainable]
        modules = facts.get("modules")
        self.modules = {
            str(entry[0]): str(entry[1])
            for entry in (modules if isinstance(modules, list) else [])
            if isinstance(entry, list) and len(entry) == 2
        }

    def run(self, inputs: Inputs, *, weights: Mapping[str, Tensor] | None = None,
            cotangent: Tensor | None = None, training: bool = False, seed: int = 1,
            names: Sequence[str] = (), strided: bool = False) -> Run:  # fmt: skip
        """Call the student's module once. Raises CheckFailed when it gives no tensor."""
        record = RunRecord(
            self.handle, inputs, cotangent, training, seed, names, strided,
            self.meaning, self.translate,
        )  # fmt: skip
        self.loaded.evidence.runs.append(record)
        tensors = {f"input.{i}": value for i, value in enumerate(inputs) if value is not None}
        tensors |= {f"weight.{name}": value for name, value in (weights or {}).items()}
        if cotangent is not None:
            tensors["cotangent"] = cotangent
        request = {
            "op": "run",
            "handle": self.handle,
            "arguments": ["strided" if strided else "plain"] * len(inputs),
            "names": list(names),
            "training": training,
            "seed": seed,
        }
        try:
            facts, results = self.loaded.ask(request, tensors)
            record.run = self._read_run(facts, results)
        except CheckEnded as ended:
            record.ended = ended
            raise
        return record.run

    def _read_run(self, facts: dict[str, Any], results: dict[str, Tensor]) -> Run:
        described = _mapping(facts, "output")
        if described.get("kind") != "Tensor" or "output" not in results:
            kind = clean_text(str(described.get("kind")), 80)
            raise CheckFailed(
                f"{self.loaded.name}.forward returned {kind}, where a tensor is expected"
            )
        run = Run(results["output"], facts=facts)
        for name, value in results.items():
            if name.startswith("grad.param."):
                run.gradients[name.removeprefix("grad.param.")] = value
            elif name.startswith("grad.input.") and name[11:].isdigit():
                run.input_gradients[int(name[11:])] = value
        for call in _dicts(facts, "calls"):
            arguments = {
                str(name): results.get(str(given.get("tensor"))) if "tensor" in given else None
                for name, given in _mapping(call, "arguments").items()
                if isinstance(given, dict)
            }
            run.calls.append({"class": str(call.get("class")), "arguments": arguments})
        return run

    def copy_by_state_dict(self) -> "Built":
        """Return a second module made by the same recipe, with this one's state_dict loaded."""
        other = object.__new__(Built)
        vars(other).update(vars(self))
        other.handle = self.loaded.next_handle()
        build = {**self.recipe, "seed": int(self.recipe["seed"]) + 1}  # type: ignore[call-overload]
        other.record = BuildRecord(other.handle, build, copy_of=self.handle)
        self.loaded.evidence.builds.append(other.record)
        try:
            self.loaded.ask(
                {"op": "copy", "handle": self.handle, "copy_handle": other.handle, "build": build}
            )
        except CheckEnded as ended:
            other.record.ended = ended
            raise
        other.record.parameters, other.record.frozen = self.parameters, self.record.frozen
        return other


@dataclass(frozen=True)
class Stranger:
    """A student's module whose parameters are not the reference's: nothing could be compared."""

    built: Built
    arguments: Mapping[str, Any]
    example: Inputs
    draw: Draw


class Twin:
    """A student's module and the reference's with the same sizes and the same weights."""

    def __init__(self, loaded: LoadedLayer, arguments: Mapping[str, Any],
                 generator: torch.Generator, example: Inputs, *, draw: Draw = draw_lively,
                 dtype: str = "float64", style: str = "adaptive") -> None:  # fmt: skip
        self.name = loaded.name
        self.loaded = loaded
        self.student = Built(loaded, arguments, dtype=dtype, style=style)
        kit = loaded.submission.kit
        self.reference = Reference(kit, loaded.name, arguments, alone=loaded.alone)
        self.weights = self.reference.draw_weights(draw, generator)
        self.match = match_layer(kit, self.student, self.reference, arguments)
        self._pending: dict[str, Tensor] | None = None
        if not self.match.complete:
            stranger = Stranger(self.student, arguments, example, draw)
            loaded.evidence.strangers.append(stranger)
            raise CheckFailed(explain_mismatch(self.student, self.match))
        self._shapes = {p.name: p.shape for p in self.student.parameters}
        self._remark_names()
        self._settle_reading(example)

    @property
    def reading(self) -> Reading:
        """How the student's parameters are read as the reference's."""
        number = max(0, min(self.loaded.reading, len(self.match.readings) - 1))
        return self.match.readings[number]

    def set_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Give both modules these weights, by the reference's names."""
        self.weights = dict(weights)
        self.reference.set_weights(self.weights)
        reading, shapes = self.reading, self._shapes
        self._pending = reading.translate(self.weights, shapes)
        self.student.meaning = self.weights
        self.student.translate = lambda values: reading.translate(values, shapes)

    def _settle_reading(self, example: Inputs) -> None:
        """Find the reading under which the student's output is the reference's, once per layer."""
        if self.loaded.reading < 0 and len(self.match.readings) > 1:
            self.loaded.reading = 0
            want = self.want(example)
            asked = len(self.loaded.evidence.runs)
            for number in range(len(self.match.readings)):
                self.loaded.reading = number
                self.set_weights(self.weights)
                try:
                    if agree(self.run(example).output, want.output, MIXED):
                        break
                except (CheckFailed, StudentRaised):
                    continue
            else:
                self.loaded.reading = 0
            # Asked under readings that turned out wrong: no evidence.
            del self.loaded.evidence.runs[asked:]
        self.set_weights(self.weights)

    def _remark_names(self) -> None:
        """Mention, without charge, what goes by another name than in the hand-out."""
        if not self.loaded.alone:
            return
        absent = [name for name, kind in self.student.attributes.items() if not kind]
        if not self.reading.renamed:
            if absent:
                self.loaded.submission.remark(
                    f"{self.name}: attributes of the hand-out that are not there: "
                    f"{', '.join(absent)}"
                )
            return
        theirs = [
            f"{clean_text(name, 60)} as {' and '.join(source.names)}"
            for name, source in self.reading.sources.items()
            if source.names != (name,)
        ]
        more = f" and {len(theirs) - 3} more" if len(theirs) > 3 else ""
        self.loaded.submission.remark(
            f"{self.name}: parameters under other names were recognised: "
            f"{', '.join(theirs[:3])}{more}"
        )

    def run(self, inputs: Inputs, **options: Any) -> Run:
        """Run the student's module; options as in ``Built.run``."""
        pending, self._pending = self._pending, None
        return self.student.run(inputs, weights=pending, **options)

    def witness(self, inputs: Inputs, **options: Any) -> None:
        """Ask without judging: a check that fails later leaves this for the diagnosis."""
        with contextlib.suppress(CheckEnded):
            self.run(inputs, **options)

    def train(self, tensors: Mapping[str, Tensor], settings: Mapping[str, Any]) -> Tensor:
        """Train the student's module in its worker; return its logits for the test rows."""
        own = {f"weight.{name}": value for name, value in (self._pending or {}).items()}
        _, results = self.loaded.ask(
            {"op": "train", "handle": self.student.handle, "settings": dict(settings)},
            {**tensors, **own},
            self.loaded.limits.training_wall_clock_s,
        )
        if "predictions" not in results:
            raise CheckFailed("the trained model gives no predictions")
        predictions = results["predictions"]
        if not bool(torch.isfinite(predictions).all()):
            raise CheckFailed("the trained model's logits are not all finite")
        return predictions

    def want(
        self, inputs: Inputs, cotangent: Tensor | None = None, *, training: bool = False
    ) -> Run:
        """Run the reference."""
        wide = [
            v.double() if v is not None and v.is_floating_point() and v.dim() == 3 else v
            for v in inputs
        ]
        return self.reference.run(wide, cotangent, training=training)

    @property
    def tolerance(self) -> Tolerance:
        """The tolerance that fits the dtype under test."""
        return SINGLE if self.student.dtype == "float32" else EXACT

    def expect_output(self, inputs: Inputs, what: str = "the output", *, axes: str = "BTC",
                      only: Tensor | None = None, tolerance: Tolerance | None = None,
                      **options: Any) -> Run:  # fmt: skip
        """Raise CheckFailed unless the student's output equals the reference's.

        ``only`` selects the positions (B, T) that count: real tokens, say.
        """
        got, want = self.run(inputs, **options), self.want(inputs)
        self.loaded.evidence.runs[-1].tolerance = tolerance or self.tolerance
        result, wanted = got.output, want.output
        if result.shape != wanted.shape:
            raise CheckFailed(
                f"{what}: wrong shape, expected {_letters(axes, wanted)}, got {tuple(result.shape)}"
            )
        if only is not None:
            result, wanted = result[only], wanted[only]
            axes = ""
        tolerance = tolerance or self.tolerance
        if tolerance is EXACT and agree(result, wanted, MIXED):
            tolerance = MIXED
        expect_same(result, wanted, what, tolerance, axes)
        return got

    def expect_gradients(self, inputs: Inputs, cotangent: Tensor) -> None:
        """Raise CheckFailed unless every gradient equals the reference's."""
        got, want = self.run(inputs, cotangent=cotangent), self.want(inputs, cotangent)
        if got.output.shape != want.output.shape:
            raise CheckFailed("the output has the wrong shape, so no gradient can be compared")
        if not got.facts.get("differentiable"):
            raise CheckFailed("no gradient flows: the output is cut off from the parameters")
        wanted = self.reading.translate(want.gradients, self._shapes)
        for name in wanted:
            if name not in got.gradients and bool((wanted[name] != 0).any()):
                raise CheckFailed(f"the parameter {clean_text(name, 80)} receives no gradient")
        for index, gradient in want.input_gradients.items():
            if index not in got.input_gradients:
                raise CheckFailed("no gradient reaches the input")
            _expect_gradient(got.input_gradients[index], gradient, "the input")
        for name, gradient in wanted.items():
            if name in got.gradients:
                _expect_gradient(got.gradients[name], gradient, clean_text(name, 80))


def _expect_gradient(got: Tensor, want: Tensor, name: str) -> None:
    if agree(got, want, MIXED):
        return
    expect_same(got, want, f"the gradient of {name}", EXACT)


def _letters(axes: str, tensor: Tensor) -> str:
    letters = ", ".join(axes[: tensor.dim()])
    return f"({letters}) = {tuple(tensor.shape)}" if axes else str(tuple(tensor.shape))


def match_layer(
    kit: Kit, student: Built, reference: Reference, arguments: Mapping[str, Any]
) -> Match:
    """Match a student's parameters with the reference's, layer by layer where it holds layers."""
    head_counts = [value for name, value in arguments.items() if name == "n_heads"]
    name = student.loaded.name
    ours = reference_parameters(reference.module)
    inner = {type(part).__name__ for _, part in reference.module.named_modules()} - {name}
    leaves = {
        layer.name: {} if student.loaded.alone else layer.roles
        for layer in kit.layers
        if layer.name in inner and (student.loaded.alone or _is_leaf(kit, layer.name))
    }
    if leaves:
        return match_tree(
            student.parameters, student.modules, reference.module, leaves, head_counts
        )
    return match_parameters(student.parameters, ours, kit.by_name[name].roles, head_counts)


def _is_leaf(kit: Kit, name: str) -> bool:
    """Whether a layer holds no other layer: its module imports none of their classes."""
    module = kit.reference_module(name)
    return not any(hasattr(module, other.name) for other in kit.layers if other.name != name)


def explain_mismatch(student: Built, match: Match) -> str:
    """Say which parameters are missing or superfluous."""
    if student.unregistered and match.missing:
        return (
            f"self.{student.unregistered[0]} keeps modules in a plain list or dict: PyTorch does "
            "not see them there, so their parameters are neither trained nor saved"
        )
    parts = []
    if match.missing:
        some = ", ".join(f"{p.name} {p.shape}" for p in match.missing[:4])
        parts.append(f"{len(match.missing)} missing ({some})")
    if match.surplus:
        some = ", ".join(f"{clean_text(p.name, 60)} {p.shape}" for p in match.surplus[:4])
        parts.append(f"{len(match.surplus)} not expected ({some})")
    return "the parameters are not those of the specification: " + "; ".join(parts)


def _dicts(facts: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    value = facts.get(key)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _mapping(facts: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = facts.get(key)
    return value if isinstance(value, dict) else {}


def _read_parameters(facts: Mapping[str, Any]) -> list[Parameter]:
    found = []
    for entry in _dicts(facts, "parameters"):
        shape = entry.get("shape")
        if isinstance(shape, list) and all(isinstance(size, int) for size in shape):
            found.append(Parameter(str(entry.get("name")), tuple(shape), str(entry.get("owner"))))
    return found
