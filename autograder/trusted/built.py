"""A student's module in a worker: built there, called there, described by its own claims.

Runs on the trusted side. What is asked and what comes back is written down as evidence.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from autograder.trusted.error_kinds import names_its_type
from autograder.trusted.evidence import Aside, BuildRecord, RunRecord, Translate
from autograder.trusted.loaded_layer import LoadedLayer
from autograder.trusted.outcomes import CheckEnded, CheckFailed, StudentRaised, clean_text
from autograder.trusted.reference import Run, digest_question
from autograder.trusted.replies import (
    ENTRIES_MAX,
    NAME_CHARS_MAX,
    NUMBERS,
    as_float,
    dicts_in,
    mapping_in,
    read_parameters,
    read_run,
)

Inputs = Sequence[Tensor | None]


@dataclass
class Standing:
    """How a module stands: the weights it was sent last, and what it has answered with them."""

    weights: Mapping[str, Tensor] | None = None
    answers: dict[tuple[Any, ...], Run] = field(default_factory=dict)


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
        example: Inputs = (),
    ) -> None:
        self.loaded = loaded
        self.handle = loaded.next_handle()
        kit = loaded.submission.kit
        self.recipe: dict[str, Any] = {
            "arguments": [[name, value] for name, value in arguments.items()],
            "extra": {k: v for k, v in kit.constants.items() if k not in arguments},
            "style": style,
            "dtype": dtype,
            "seed": seed,
            "attributes": list(kit.by_name[loaded.name].attributes),
            # The shapes of a call, and which inputs are numbers of the layer's own kind.
            "example": [
                None if value is None else [list(value.shape), value.is_floating_point()]
                for value in example
            ],
        }
        self.dtype = dtype
        self._standing = Standing()
        # What it answered in earlier checks, each to be had once by this one.
        self._known: dict[tuple[Any, ...], Run] = {}
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
        self.parameters = read_parameters(facts, loaded.name)
        self.trainable = {
            str(p.get("name")): bool(p.get("trainable")) for p in dicts_in(facts, "parameters")
        }
        held = mapping_in(facts, "attributes")
        # Which of the hand-out's attributes are not there.
        self.absent = [name for name in kit.by_name[loaded.name].attributes if not held.get(name)]
        self.doubles = dicts_in(facts, "doubles")
        # Tensors it keeps that are no parameters.
        self.unlearned = read_parameters({"parameters": facts.get("tensors")}, loaded.name)
        # By the student's names, as far as they are numbers.
        self.defaults = {
            name: as_float(value)
            for name, value in mapping_in(facts, "defaults").items()
            if isinstance(value, int | float)
        }
        unregistered = facts.get("unregistered")
        self.unregistered = [
            clean_text(str(name), 80)
            for name in (unregistered if isinstance(unregistered, list) else [])
        ]
        self.record.parameters, self.record.doubles = self.parameters, self.doubles
        self.record.frozen = [name for name, trainable in self.trainable.items() if not trainable]
        forward = facts.get("forward")
        self.record.forward = [str(name) for name in forward] if isinstance(forward, list) else []
        modules = facts.get("modules")
        self.modules = {
            str(entry[0])[:NAME_CHARS_MAX]: str(entry[1])[:NAME_CHARS_MAX]
            for entry in (modules if isinstance(modules, list) else [])[:ENTRIES_MAX]
            if isinstance(entry, list) and len(entry) == 2
        }

    @classmethod
    def recall(
        cls, loaded: LoadedLayer, arguments: Mapping[str, Any], *, style: str, dtype: str,
        example: Inputs,
    ) -> "Built":  # fmt: skip
        """Return a module that an earlier check is done with, or construct one.

        For checks that set all its weights. Constructing costs more than calling, and a layer that
        is right does not tell whether it was called before: in company one module serves check
        after check. A layer that fails there is asked again alone, and constructed anew each time.
        """
        key = repr((style, dtype, list(arguments.items())))
        idle = loaded.take_idle(key)
        if idle is None:
            built = cls(loaded, arguments, style=style, dtype=dtype, example=example)
        else:
            built = copy.copy(idle)
            built.meaning = built.translate = None
            built.remember()
        loaded.note_taken(key, built)
        return built

    def holds(self, weights: Mapping[str, Tensor]) -> bool:
        """Whether these very weights are the last that were sent."""
        return self._standing.weights is weights

    def run(self, inputs: Inputs, *, weights: Mapping[str, Tensor] | None = None,
            cotangent: Tensor | None = None, training: bool = False, seed: int = 1,
            names: Sequence[str] = (), strided: bool = False,
            calls: bool = False) -> Run:  # fmt: skip
        """Call the student's module once. Raises CheckFailed when it gives no tensor.

        ``calls``: tell how its doubles were called, too. In company a question that an earlier
        check has asked of this module, with the same weights, has the answer it had there.
        """
        record = RunRecord(
            self.handle, inputs, cotangent, training, seed, names, strided,
            self.meaning, self.translate,
        )  # fmt: skip
        self.loaded.evidence.runs.append(record)
        question = None
        if self.loaded.shares and cotangent is None and not training:
            question = (digest_question(inputs), seed, tuple(names), strided)
        if weights is not None:
            self.forget()
        elif question in self._known and not (calls and self._known[question].calls is None):
            record.recalled, record.run = True, self._known.pop(question)
            return record.run
        tensors = _to_send(inputs, weights)
        if cotangent is not None:
            tensors["cotangent"] = cotangent
        request = {
            "op": "run",
            "handle": self.handle,
            "arguments": ["strided" if strided else "plain"] * len(inputs),
            "names": list(names),
            "training": training,
            "seed": seed,
            # A layer that is asked alone may lose points, and its diagnosis reads them.
            "calls": calls or not self.loaded.shares,
        }
        try:
            facts, results = self.loaded.ask(request, tensors)
            record.run = read_run(
                self.loaded.name, facts, results, calls=bool(request["calls"]),
                parameters=None if cotangent is None else self.parameters,
            )  # fmt: skip
        except CheckEnded as ended:
            record.ended = ended
            raise
        if weights is not None:
            self._standing.weights = weights
        if question is not None:
            self._standing.answers[question] = record.run
        return record.run

    def remember(self) -> None:
        """Let the check that begins have what was answered in earlier ones."""
        self._known = dict(self._standing.answers)

    def forget(self) -> None:
        """Take nothing it has answered for known: it is about to have other weights."""
        self._standing.weights = None
        self._standing.answers.clear()
        self._known.clear()

    def run_in_float32s_world(
        self, inputs: Inputs, weights: Mapping[str, Tensor] | None = None
    ) -> Tensor | None:
        """Call the module where torch's default dtype is float32, whatever the module's own is.

        Elsewhere the default goes with the module. What is asked here is no evidence of what the
        layer computes: a constant of its may have no value there, and where it raises for that the
        result is None. Raises StudentRaised where types meet that do not go together, and
        CheckFailed when the module gives no tensor.
        """
        tensors = _to_send(inputs, weights)
        request = {
            "op": "run", "handle": self.handle, "arguments": ["plain"] * len(inputs), "names": [],
            "training": False, "seed": 1, "calls": False, "default": "float32",
        }  # fmt: skip
        if weights is not None:
            self.forget()
        try:
            facts, results = self.loaded.ask(request, tensors)
        except StudentRaised as raised:
            if raised.fault is not None and not names_its_type(raised.fault):
                return None
            self.loaded.evidence.asides.append(Aside("dtype", ended=raised))
            raise
        self._standing.weights = weights or self._standing.weights
        found = read_run(self.loaded.name, facts, results, calls=False, parameters=None)
        return found.output

    def run_in_a_row(
        self,
        inputs: Inputs,
        steps: Sequence[tuple[str, int | None]],
        weights: Mapping[str, Tensor] | None = None,
    ) -> tuple[list[Tensor], dict[int, Tensor]]:
        """Call the module once per step on the same tensors, nothing set back in between.

        A step is a mode ("train", "eval", or "" for what the call before left) and a seed (None:
        likewise). Returns the outputs, and what became of each input that is a tensor.
        """
        tensors = _to_send(inputs, weights)
        request = {"op": "row", "handle": self.handle, "arguments": len(inputs), "steps": steps}
        if weights is not None:
            self.forget()
        _, results = self.loaded.ask(request, tensors)
        self._standing.weights = weights or self._standing.weights
        outputs = [results.get(f"output.{number}") for number in range(len(steps))]
        given = [value for value in outputs if value is not None and value.dtype in NUMBERS]
        if len(given) != len(steps):
            raise CheckFailed(f"{self.loaded.name}.forward does not return a tensor on every call")
        after = {i: results[f"after.{i}"] for i in range(len(inputs)) if f"after.{i}" in results}
        return given, after

    def mixes_devices(self, inputs: Inputs, change: Mapping[str, Any]) -> str:
        """Return the first operation that would fail on a GPU beside tensors left behind, or ''.

        It is constructed with some arguments changed. By the worker's own word: no other process
        can see where its tensors lie.
        """
        given = [[name, change.get(name, value)] for name, value in self.recipe["arguments"]]
        build = {**self.recipe, "arguments": given}
        request = {"op": "elsewhere", "build": build, "arguments": len(inputs)}
        facts, _ = self.loaded.ask(request, _to_send(inputs, None))
        found = facts.get("mixes")
        return clean_text(found, 40) if isinstance(found, str) else ""

    def copy_by_state_dict(self) -> "Built":
        """Return a second module made by the same recipe, with this one's state_dict loaded."""
        other = object.__new__(Built)
        vars(other).update(vars(self), _standing=Standing(), _known={})
        other.handle = self.loaded.next_handle()
        build = {**self.recipe, "seed": int(self.recipe["seed"]) + 1}
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


def _to_send(inputs: Inputs, weights: Mapping[str, Tensor] | None) -> dict[str, Tensor]:
    tensors = {f"input.{i}": value for i, value in enumerate(inputs) if value is not None}
    return tensors | {f"weight.{name}": value for name, value in (weights or {}).items()}
