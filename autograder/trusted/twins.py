"""Twins: a student's module beside the reference's, with the same weights.

Runs on the trusted side; the student's half lives in a worker. This is what checks hold.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from autograder.trusted.built import Built, Inputs
from autograder.trusted.compare import MIXED, Tolerance, agree, expect_same
from autograder.trusted.evidence import Aside
from autograder.trusted.layer_matching import explain_mismatch, find_unlearned, recall_match
from autograder.trusted.loaded_layer import LoadedLayer
from autograder.trusted.outcomes import CheckEnded, CheckFailed, StudentRaised, clean_text
from autograder.trusted.parameters import Reading
from autograder.trusted.reference import (
    Draw,
    Run,
    draw_lively,
    prepare_reference,
    weigh_reference,
)
from autograder.trusted.renamed import tell_renamed
from autograder.trusted.replies import NUMBERS


@dataclass(frozen=True)
class Stranger:
    """A student's module whose parameters are not the reference's."""

    built: Built
    arguments: Mapping[str, Any]
    example: Inputs
    draw: Draw
    # A tensor that could be a missing parameter and does not learn, if there is one.
    unlearned: str = ""


class Twin:
    """A student's module and the reference's with the same sizes and the same weights."""

    def __init__(self, loaded: LoadedLayer, arguments: Mapping[str, Any],
                 seed: int, example: Inputs, *, draw: Draw = draw_lively,
                 dtype: str = "float64", style: str = "adaptive") -> None:  # fmt: skip
        self.name = loaded.name
        self.loaded = loaded
        self.student = Built.recall(loaded, arguments, dtype=dtype, style=style, example=example)
        kit = loaded.submission.kit
        self._arguments = arguments
        self._example = example
        self.reference = prepare_reference(
            kit, loaded.name, arguments, alone=loaded.alone, draw=draw, seed=seed
        )
        self.weights = self.reference.weights
        self.match = recall_match(kit, self.student, self.reference.module, arguments)
        self._pending: dict[str, Tensor] | None = None
        self._shapes = {p.name: p.shape for p in self.student.parameters}
        if not self.match.complete:
            kept = find_unlearned(self.student, self.match)
            name = clean_text(kept[0].name, 60) if kept else ""
            stranger = Stranger(self.student, arguments, example, draw, name)
            loaded.evidence.strangers.append(stranger)
            if not self._computes_the_same(example):
                raise CheckFailed(explain_mismatch(self.student, self.match))
        self._settle_reading(example)
        self._remark_names()

    @property
    def reading(self) -> Reading:
        """How the student's parameters are read as the reference's."""
        number = self.loaded.readings.get(self.match.layout, 0)
        return self.match.readings[min(number, len(self.match.readings) - 1)]

    def set_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Give both modules these weights, by the reference's names."""
        kit, alone = self.loaded.submission.kit, self.loaded.alone
        self.reference = weigh_reference(kit, self.name, self._arguments, weights, alone=alone)
        self.weights = self.reference.weights
        self._hand_over()

    def _hand_over(self) -> None:
        """Let the student's module have the reference's weights with the next question."""
        reading, shapes = self.reading, self._shapes
        weights = self.reference.weights_read_as(reading, shapes)
        self._pending = None if self.student.holds(weights) else weights
        self.student.meaning = self.weights
        self.student.translate = lambda values: reading.translate(values, shapes)

    def _settle_reading(self, example: Inputs) -> None:
        """Find the reading under which the student's output is the reference's, once per layout."""
        if self.match.layout not in self.loaded.readings and len(self.match.readings) > 1:
            self._try_readings(example)
        self._hand_over()

    def _try_readings(self, example: Inputs) -> bool:
        """Settle on the first reading that gives the reference's output; False: none does.

        Another module is asked, in another worker. The one that is judged sees the settled reading
        only: who is asked reading after reading learns which of his answers was right.
        """
        settled, layout = self.loaded.readings, self.match.layout
        settled[layout] = 0
        recipe = self.student.recipe
        with contextlib.suppress(CheckEnded):
            scout = Built(
                self.loaded.scout(), self._arguments, style=str(recipe["style"]),
                dtype=self.student.dtype, example=self._example,
            )  # fmt: skip
            for number, reading in enumerate(self.match.readings):
                weights = self.reference.weights_read_as(reading, self._shapes)
                if self._agrees(scout, example, weights):
                    settled[layout] = number
                    return True
        return False

    def _agrees(self, scout: Built, example: Inputs, weights: Mapping[str, Tensor]) -> bool:
        """Whether a module of the student's with these weights gives the reference's output."""
        try:
            return agree(scout.run(example, weights=weights).output, self.want(example).output)
        except (CheckFailed, StudentRaised):
            return False

    def _computes_the_same(self, example: Inputs) -> bool:
        """Whether the student's module gives the reference's output, for all that it has besides.

        What it has besides the reference's parameters stays as it was made.
        """
        if self.match.missing or not self.match.readings[0].covers(self.weights):
            return False
        known = self.loaded.right_for_all_its_surplus
        key = (self.match.layout, tuple(self.match.surplus))
        if key not in known:
            known[key] = self._try_readings(example)
        return known[key]

    def _remark_names(self) -> None:
        """Mention, without charge, what goes by another name than in the hand-out."""
        if not self.loaded.alone:
            return
        absent = self.student.absent
        if not self.reading.renamed:
            if absent:
                self.loaded.submission.remark(
                    f"{self.name}: attributes of the hand-out that are not there: "
                    f"{', '.join(absent)}"
                )
            return
        told = tell_renamed(self.reading, self.student.doubles)
        if told:
            self.loaded.submission.remark(
                f"{self.name}: parameters under other names were recognised: {told}"
            )

    def run(self, inputs: Inputs, **options: Any) -> Run:
        """Run the student's module; options as in ``Built.run``."""
        return self.student.run(inputs, weights=self._take_pending(), **options)

    def run_in_float32s_world(self, inputs: Inputs) -> Tensor | None:
        """Run the student's module, as in ``Built.run_in_float32s_world``."""
        return self.student.run_in_float32s_world(inputs, self._take_pending())

    def run_in_a_row(
        self, inputs: Inputs, steps: Sequence[tuple[str, int | None]]
    ) -> tuple[list[Tensor], dict[int, Tensor]]:
        """Run the student's module several times, as in ``Built.run_in_a_row``."""
        return self.student.run_in_a_row(inputs, steps, self._take_pending())

    def _take_pending(self) -> dict[str, Tensor] | None:
        pending, self._pending = self._pending, None
        return pending

    def witness(self, inputs: Inputs, **options: Any) -> None:
        """Ask without judging: a check that fails later leaves this for the diagnosis."""
        with contextlib.suppress(CheckEnded):
            self.run(inputs, **options)

    def train(self, tensors: Mapping[str, Tensor], settings: Mapping[str, Any]) -> Tensor:
        """Train the student's module, and return its logits for the test rows.

        It trains in its worker and gives back weights; a fresh worker, which never saw a label,
        predicts with them. ``test_*`` tensors go there, the others and all settings to the first.
        """
        held_out = {name: value for name, value in tensors.items() if name.startswith("test_")}
        seen = {name: value for name, value in tensors.items() if name not in held_out}
        pending = self._take_pending() or {}
        self.student.forget()
        _, results = self.loaded.ask(
            {"op": "train", "handle": self.student.handle, "settings": dict(settings)},
            {**seen, **{f"weight.{name}": value for name, value in pending.items()}},
            self.loaded.limits.training_wall_clock_s,
        )
        trained = {f"weight.{name}": results.get(f"trained.{name}") for name in self._shapes}
        weights = {name: value for name, value in trained.items() if value is not None}
        if any(
            value is None or value.shape != shape or value.dtype not in NUMBERS
            for value, shape in zip(trained.values(), self._shapes.values(), strict=True)
        ):
            raise CheckFailed("the trained model's parameters are not those it began with")
        fresh = self.loaded.anew()
        try:
            recipe = self.student.recipe
            built = Built(
                fresh,
                self._arguments,
                style=str(recipe["style"]),
                dtype=self.student.dtype,
                example=self._example,
            )
            chosen = {key: settings[key] for key in ("device", "autocast_bf16")}
            request = {"op": "predict", "handle": built.handle, "settings": chosen}
            _, results = fresh.ask(
                request, {**held_out, **weights}, self.loaded.limits.training_wall_clock_s
            )
        finally:
            fresh.close()
        if "predictions" not in results:
            raise CheckFailed("the trained model gives no predictions")
        predictions = results["predictions"]
        if predictions.dtype not in NUMBERS:
            raise CheckFailed("the trained model's logits are no floating-point numbers")
        if not bool(torch.isfinite(predictions).all()):
            raise CheckFailed("the trained model's logits are not all finite")
        return predictions

    def expect_nothing_besides(self) -> None:
        """Raise CheckFailed where the student's module has parameters the reference has not."""
        if self.match.surplus:
            names = ", ".join(clean_text(p.name, 60) for p in self.match.surplus[:4])
            places = tuple(f"{d['place']}." for d in self.student.doubles if d.get("place"))
            inside = all(p.name.startswith(places) for p in self.match.surplus)
            self.loaded.evidence.asides.append(Aside("inserted" if inside else "besides", names))
            raise CheckFailed(explain_mismatch(self.student, self.match))

    def want(
        self, inputs: Inputs, cotangent: Tensor | None = None, *, training: bool = False
    ) -> Run:
        """Run the reference."""
        wide = [
            v.double() if v is not None and v.is_floating_point() and v.dim() == 3 else v
            for v in inputs
        ]
        return self.reference.run(wide, cotangent, training=training)

    def expect_output(self, inputs: Inputs, what: str = "the output", *, axes: str = "BTC",
                      only: Tensor | None = None, tolerance: Tolerance = MIXED,
                      **options: Any) -> Run:  # fmt: skip
        """Raise CheckFailed unless the student's output equals the reference's.

        ``only`` selects the positions (B, T) that count: real tokens, say.
        """
        got = self.run(inputs, **options)
        self.compare_output(got, inputs, what, axes=axes, only=only, tolerance=tolerance)
        return got

    def compare_output(self, got: Run, inputs: Inputs, what: str = "the output", *,
                       axes: str = "BTC", only: Tensor | None = None,
                       tolerance: Tolerance = MIXED) -> None:  # fmt: skip
        """Raise CheckFailed unless ``got``, the last run, gave the reference's output."""
        want = self.want(inputs)
        self.loaded.evidence.runs[-1].tolerance = tolerance
        result, wanted = got.output, want.output
        if len(axes) > wanted.dim():
            axes = axes[:1]  # of a layer that gives one vector for each tweet
        if result.shape != wanted.shape:
            raise CheckFailed(
                f"{what}: wrong shape, expected {_letters(axes, wanted)}, got {tuple(result.shape)}"
            )
        if only is not None:
            result, wanted = result[only], wanted[only]
            axes = ""
        expect_same(result, wanted, what, tolerance, axes)

    def expect_gradients(
        self, inputs: Inputs, cotangent: Tensor, *, training: bool = False,
        tolerance: Tolerance = MIXED,
    ) -> None:  # fmt: skip
        """Raise CheckFailed unless every gradient equals the reference's.

        In train mode too they are held beside the reference's of evaluation mode: for layers that
        are to drop nothing. What such a layer computes there is for other checks to judge, so where
        it is something else nothing is said of its gradients.
        """
        plain = None if training else self.run(inputs).output
        got = self.run(inputs, cotangent=cotangent, training=training)
        want = self.want(inputs, cotangent)
        mode = " in train mode" if training else ""
        if got.output.shape != want.output.shape:
            raise CheckFailed("the output has the wrong shape, so no gradient can be compared")
        if training and not agree(got.output, want.output, tolerance):
            return
        if plain is not None and not agree(got.output.nan_to_num(), plain.nan_to_num(), MIXED):
            raise CheckFailed("where gradients are wanted forward computes something else")
        if not got.facts.get("differentiable"):
            raise CheckFailed(f"no gradient flows{mode}: the output is cut off from the parameters")
        wanted = self.reading.translate(want.gradients, self._shapes)
        _expect_to_arrive(got, wanted, want, mode)
        for index, gradient in want.input_gradients.items():
            _expect_gradient(got.input_gradients[index], gradient, f"the input{mode}", tolerance)
        for name, gradient in wanted.items():
            if name in got.gradients:
                what = f"{clean_text(name, 80)}{mode}"
                _expect_gradient(got.gradients[name], gradient, what, tolerance)

    def expect_gradients_while_dropping(self, inputs: Inputs, cotangent: Tensor, seed: int) -> None:
        """Raise CheckFailed unless gradients arrive everywhere where dropout acts.

        What they are depends on what was dropped; that they are there does not.
        """
        got = self.run(inputs, cotangent=cotangent, training=True, seed=seed)
        if got.output.shape != cotangent.shape:
            raise CheckFailed("the output has the wrong shape, so no gradient can be asked for")
        mode = " in train mode, where dropout acts"
        if not got.facts.get("differentiable"):
            raise CheckFailed(f"no gradient flows{mode}: the output is cut off from the parameters")
        want = self.want(inputs, cotangent)
        _expect_to_arrive(got, self.reading.translate(want.gradients, self._shapes), want, mode)


def _expect_to_arrive(got: Run, wanted: Mapping[str, Tensor], want: Run, mode: str) -> None:
    """Raise CheckFailed unless every gradient that the reference has is there, whatever it is."""
    for name in wanted:
        if name not in got.gradients and bool((wanted[name] != 0).any()):
            raise CheckFailed(f"the parameter {clean_text(name, 80)} receives no gradient{mode}")
    if any(index not in got.input_gradients for index in want.input_gradients):
        raise CheckFailed(f"no gradient reaches the input{mode}")


def _expect_gradient(got: Tensor, want: Tensor, name: str, tolerance: Tolerance) -> None:
    expect_same(got, want, f"the gradient of {name}", tolerance)


def _letters(axes: str, tensor: Tensor) -> str:
    named = len(axes) == tensor.dim()
    return f"({', '.join(axes)}) = {tuple(tensor.shape)}" if named else str(tuple(tensor.shape))
