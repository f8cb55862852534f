"""The reference's side of a comparison: build it, weigh it, run it.

Runs on the trusted side; no student code is near. Composite layers get the same test doubles
the student's version gets.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn

from autograder.boundary.tensors import bytes_of
from autograder.manifest import Kit
from autograder.trusted.parameters import Reading
from autograder.untrusted.construct import default_dtype
from autograder.untrusted.doubles import Recorder, make_double

Draw = Callable[[str, tuple[int, ...], torch.Generator], Tensor]

# More than one run of the checks asks for; a few megabytes.
_PREPARED_MAX = 512
_READINGS_MAX = 4
# The standard deviation of what is drawn: at BERT's 0.02 most faults would hide. In a table it is
# 1: its rows are normalised, and LayerNorm's eps is to show where a check draws quiet ones alone.
_LIVELY_STD = 0.3
_TABLE_SCALE = 1 / _LIVELY_STD
_prepared: dict[tuple[Any, ...], "Reference"] = {}


@dataclass
class Run:
    """What one forward (and backward) pass gave."""

    output: Tensor
    gradients: dict[str, Tensor] = field(default_factory=dict)
    input_gradients: dict[int, Tensor] = field(default_factory=dict)
    # How the doubles were called, in order; None where that was not asked for.
    calls: list[dict[str, Any]] | None = None
    facts: dict[str, Any] = field(default_factory=dict)


class Reference:
    """A module of the staff's, in evaluation mode, with its doubles' recorder."""

    def __init__(self, kit: Kit, name: str, arguments: Mapping[str, Any], *, alone: bool) -> None:
        self.recorder = Recorder()
        self.weights: dict[str, Tensor] = {}
        self._answers: dict[bytes, Run] = {}
        # With the reading itself, so that no other gets its id.
        self._read_as: dict[int, tuple[Reading, dict[str, Tensor]]] = {}
        module = kit.reference_module(name)
        with ExitStack() as stack:
            if alone:
                doubles = {
                    layer.name: make_double(kit.double_spec(layer.name), self.recorder)
                    for layer in kit.layers
                    if layer.double and layer.name != name and hasattr(module, layer.name)
                }
                stack.enter_context(patch.dict(vars(module), doubles))
            stack.enter_context(default_dtype(wide=True))
            self.module: nn.Module = kit.reference_class(name)(**arguments)
        self.module.double().eval()

    def draw_weights(self, draw: Draw, generator: torch.Generator) -> None:
        """Give every parameter a fresh value (float64); tables in the scale of what they give."""
        tables = {
            f"{place}.weight"
            for place, part in self.module.named_modules()
            if isinstance(part, nn.Embedding)
        }
        self.set_weights(
            {
                name: draw(name, tuple(value.shape), generator).double()
                * (_TABLE_SCALE if name in tables else 1.0)
                for name, value in self.module.named_parameters()
            }
        )

    def set_weights(self, values: Mapping[str, Tensor]) -> None:
        """Copy the given values into the parameters of the same names."""
        with torch.no_grad():
            for name, value in self.module.named_parameters():
                value.copy_(values[name])
        self.weights = dict(values)
        self._answers.clear()
        self._read_as.clear()

    def weights_read_as(
        self, reading: Reading, shapes: Mapping[str, tuple[int, ...]]
    ) -> dict[str, Tensor]:
        """Return its weights by a student's names, as the reading says.

        ``shapes`` are those of the parameters that the reading was made for. In a class most
        submissions are read alike, so the last few answers are kept.
        """
        known = self._read_as.pop(id(reading), None)
        if known is None:
            known = reading, reading.translate(self.weights, shapes)
        self._read_as[id(reading)] = known  # the last used stands last
        if len(self._read_as) > _READINGS_MAX:
            del self._read_as[next(iter(self._read_as))]
        return known[1]

    def run(
        self,
        inputs: list[Tensor | None],
        cotangent: Tensor | None = None,
        *,
        training: bool = False,
    ) -> Run:
        """Run the module once; with a cotangent, differentiate like the worker does.

        In evaluation mode a question asked before gets the answer given before: a class graded
        with one seed asks every submission the same.
        """
        if training:
            return self._run(inputs, cotangent, training=True)
        question = digest_question([*inputs, cotangent])
        if question not in self._answers:
            self._answers[question] = self._run(inputs, cotangent, training=False)
        return self._answers[question]

    def _run(self, inputs: list[Tensor | None], cotangent: Tensor | None, *, training: bool) -> Run:
        self.module.train(training)
        self.recorder.calls.clear()
        entered = [
            value.detach().requires_grad_(True)
            if value is not None and value.is_floating_point() and value.dim() == 3
            else value
            for value in inputs
        ]
        wide = any(value.dtype == torch.float64 for value in self.module.parameters())
        with default_dtype(wide=wide), torch.set_grad_enabled(cotangent is not None):
            output = self.module(*entered)
        run = Run(output.detach(), calls=[
            {"class": type(double).__name__, "arguments": dict(given)}
            for double, given in self.recorder.calls
        ])  # fmt: skip
        if cotangent is not None:
            named = dict(self.module.named_parameters())
            leaves = {i: v for i, v in enumerate(entered) if v is not None and v.requires_grad}
            found = torch.autograd.grad(
                (output * cotangent).sum(), [*named.values(), *leaves.values()], allow_unused=True
            )
            whole = [
                torch.zeros_like(value) if gradient is None else gradient
                for value, gradient in zip([*named.values(), *leaves.values()], found, strict=True)
            ]
            run.gradients = dict(zip(named, whole, strict=False))
            run.input_gradients = dict(zip(leaves, whole[len(named) :], strict=True))
        return run


def prepare_reference(
    kit: Kit, name: str, arguments: Mapping[str, Any], *, alone: bool, draw: Draw, seed: int
) -> Reference:
    """Return a reference with weights drawn from ``seed``, the same one for the same request.

    Nobody may set its weights: who needs others asks ``weigh_reference``.
    """
    # Check files are read anew for every submission, so a function is known by what it does.
    known_as = draw if getattr(draw, "__closure__", None) else getattr(draw, "__code__", draw)
    key = (kit.reference_class(name), tuple(arguments.items()), alone, known_as, seed)
    return _recall(
        key, kit, name, arguments, alone=alone,
        weigh=lambda made: made.draw_weights(draw, torch.Generator().manual_seed(seed)),
    )  # fmt: skip


def weigh_reference(
    kit: Kit, name: str, arguments: Mapping[str, Any], weights: Mapping[str, Tensor], *, alone: bool
) -> Reference:
    """Return a reference with these weights (by its own names), for equal ones the same.

    Nobody may set its weights, as with ``prepare_reference``.
    """
    known_as = (tuple(weights), digest_question(list(weights.values())))
    key = (kit.reference_class(name), tuple(arguments.items()), alone, known_as)
    return _recall(
        key, kit, name, arguments, alone=alone, weigh=lambda made: made.set_weights(weights)
    )


def _recall(
    key: tuple[Any, ...], kit: Kit, name: str, arguments: Mapping[str, Any], *, alone: bool,
    weigh: Callable[[Reference], None],
) -> Reference:  # fmt: skip
    """Return the reference known by ``key``, or make and weigh it."""
    reference = _prepared.pop(key, None)
    if reference is None:
        reference = Reference(kit, name, arguments, alone=alone)
        weigh(reference)
    _prepared[key] = reference  # the last used stands last
    if len(_prepared) > _PREPARED_MAX:
        del _prepared[next(iter(_prepared))]
    return reference


def digest_question(tensors: Sequence[Tensor | None]) -> bytes:
    """Return a short name for what a module is called with."""
    digest = hashlib.blake2b(digest_size=16)
    for value in tensors:
        if value is None:
            digest.update(b"none")
        else:
            digest.update(f"{value.dtype}{tuple(value.shape)}".encode())
            digest.update(bytes_of(value))
    return digest.digest()


def draw_lively(name: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Draw a parameter of standard deviation 0.3: at BERT's 0.02 most faults would hide.

    Vectors called ``weight`` scale something (LayerNorm's), so they are drawn around 1.
    """
    value = _LIVELY_STD * torch.randn(shape, generator=generator, dtype=torch.float64)
    return value + 1.0 if len(shape) == 1 and name.endswith("weight") else value
