"""Promises every layer must keep, whatever it computes: a base class for check files.

Runs on the trusted side. A check file says once what its layer is built from and fed with
(``Subject``), inherits these checks, and adds its own. Each check is worth the points of its
marker.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from autograder.trusted.built import Built, Inputs
from autograder.trusted.compare import MIXED, agree, expect_same
from autograder.trusted.evidence import Aside
from autograder.trusted.outcomes import AskedInVain, CheckEnded, CheckFailed, clean_text
from autograder.trusted.student import Student
from autograder.trusted.twins import Twin

# Of one layer, for one seed or two.
_DRAWN_MAX = 32


@dataclass(frozen=True)
class Subject:
    """A layer under test: constructor arguments, and inputs for any B and T."""

    name: str
    arguments: dict[str, Any]
    inputs: Callable[[Student, int, int], list[Any]]
    output: Callable[[int, int], tuple[int, ...]]
    letters: str
    sizes: tuple[int, int]
    other_sizes: tuple[tuple[int, int], ...]
    _drawn: dict[tuple[int, int, int], list[Any]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def example(self, student: Student) -> list[Any]:
        """Return inputs of the ordinary size."""
        return self.draw(student, *self.sizes)

    def draw(self, student: Student, batch: int, tokens: int) -> list[Any]:
        """Return inputs of any size, for one seed always the same: nobody may change them."""
        key = (student.submission.seed, batch, tokens)
        if key not in self._drawn:
            if len(self._drawn) >= _DRAWN_MAX:
                self._drawn.clear()
            self._drawn[key] = self.inputs(student, batch, tokens)
        return list(self._drawn[key])


def make_twin(subject: Subject, student: Student, **options: Any) -> Twin:
    """Return student's and reference's module with the same weights."""
    changed = options.pop("change", {})
    return student.twin(
        subject.name, {**subject.arguments, **changed}, subject.example(student), **options
    )


def cotangent_for(subject: Subject, student: Student, batch: int, tokens: int) -> torch.Tensor:
    """Return what the output's gradient is to be: random, so that no fault cancels."""
    return student.normal(*subject.output(batch, tokens), purpose="cotangent")


class LayerPromises:
    """The checks every layer has."""

    subject: ClassVar[Subject]

    @pytest.mark.points(0.5)
    def test_constructs_by_position_and_by_keyword(self, student: Student) -> None:
        # Odd values, so that two arguments in exchanged places show.
        odd = {**self.subject.arguments, "dropout": student.rate(), "layer_norm_eps": student.eps()}
        arguments = student.all_arguments(self.subject.name, odd)
        example = self.subject.example(student)
        outputs, parts = [], []
        for style in ("positional", "keyword"):
            twin = student.twin(self.subject.name, arguments, example, style=style)
            expect_defaults(twin.student)
            # Of a layer made of layers: doubles compute the same, whatever else they are given.
            parts.append([(part.get("class"), part.get("given")) for part in twin.student.doubles])
            try:
                outputs.append(twin.run(example).output)
            except CheckEnded:
                if _runs(make_twin(self.subject, student), example):
                    raise
                return  # constructs, and that is all this check is about
        # Two equal NaNs are another check's business.
        by_position, by_name = (output.nan_to_num() for output in outputs)
        if parts[0] != parts[1]:
            raise CheckFailed(
                "constructed by position the layer gives its parts something else than constructed "
                "by name: its arguments stand in another order than in the hand-out"
            )
        if by_position.shape != by_name.shape or not agree(by_position, by_name):
            raise CheckFailed(
                "constructed by position the layer computes something else than constructed by "
                "name: its arguments stand in another order than in the hand-out"
            )

    @pytest.mark.points(1)
    def test_has_the_parameters_of_the_specification(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        twin.expect_nothing_besides()
        expect_trainable(twin.student)

    @pytest.mark.points(0.5)
    def test_output_has_the_right_shape_for_every_batch(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        for batch, tokens in (self.subject.sizes, *self.subject.other_sizes):
            inputs = self.subject.draw(student, batch, tokens)
            got = twin.run(inputs)
            wanted = self.subject.output(batch, tokens)
            if tuple(got.output.shape) != wanted:
                raise CheckFailed(
                    f"{self.subject.name}: for B={batch}, T={tokens} the output should be "
                    f"({self.subject.letters}) = {wanted}, got {tuple(got.output.shape)}"
                )
            twin.compare_output(got, inputs, f"the output for B={batch}, T={tokens}", axes="")

    @pytest.mark.points(0.5)
    def test_input_may_be_laid_out_in_memory_in_any_way(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        inputs = self.subject.example(student)
        twin.expect_output(inputs, "the output for a non-contiguous input", strided=True)

    @pytest.mark.points(0.5)
    def test_works_in_every_type_of_float_and_on_another_device(self, student: Student) -> None:
        twin = make_twin(self.subject, student, dtype="float32")
        inputs = [
            v.float() if v is not None and v.is_floating_point() and v.dim() == 3 else v
            for v in self.subject.example(student)
        ]
        expect_dtype(twin.student, twin.expect_output(inputs, "the output in float32").output)
        # And in the other direction: a result collected in torch.zeros(...) is always float32.
        double = make_twin(self.subject, student)
        given = double.run_in_float32s_world(self.subject.example(student))
        if given is not None:
            expect_dtype(double.student, given)
        rate = {"dropout": student.rate()}  # no dropout of the student's own draws at rate zero
        expect_to_move(double.student, self.subject.example(student), rate)

    @pytest.mark.points(1)
    def test_gradients_reach_every_parameter_and_the_input(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        inputs = self.subject.example(student)
        cotangent = cotangent_for(self.subject, student, *self.subject.sizes)
        for training in (False, True):
            twin.expect_gradients(inputs, cotangent, training=training)
        if "dropout" in student.kit.arguments_of(self.subject.name):
            noisy = make_twin(self.subject, student, change={"dropout": student.rate()})
            noisy.expect_gradients_while_dropping(inputs, cotangent, student.worker_seed)

    @pytest.mark.points(0.5)
    def test_leaves_everything_as_it_found_it(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        inputs = self.subject.example(student)
        first = twin.expect_output(inputs, "the output of the first call")
        expect_no_side_effects(first.facts)
        has_dropout = "dropout" in student.kit.arguments_of(self.subject.name)
        noisy = twin
        if has_dropout:
            noisy = make_twin(self.subject, student, change={"dropout": student.rate()})
        expect_nothing_left_behind(noisy, inputs, student.worker_seed)
        # Another batch of the same size, and one of another: nothing may be left of the last one.
        flipped = [value if value is None else value.flip(0) for value in inputs]
        twin.expect_output(flipped, "the output of a second, other batch of the same size")
        batch, tokens = self.subject.other_sizes[0]
        trained = twin.run(self.subject.draw(student, batch, tokens), training=True)
        # In train mode it may draw random numbers, and nothing else.
        expect_no_side_effects({**trained.facts, "rng_kept": True})
        third = twin.run(inputs)
        expect_same(third.output, first.output, "the output after another batch in between")
        # As after a training step: nothing may be kept that was computed from the old weights.
        twin.set_weights({name: 0.7 * value for name, value in twin.weights.items()})
        twin.expect_output(inputs, "the output after the weights have changed")

    @pytest.mark.points(0.5)
    def test_state_dict_survives_a_round_trip(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        inputs = self.subject.example(student)
        first = twin.expect_output(inputs, "the output")
        copy = twin.student.copy_by_state_dict().run(inputs)
        expect_same(copy.output, first.output, "the output after saving and loading state_dict")


def _runs(twin: Twin, inputs: Inputs) -> bool:
    try:
        twin.run(inputs)
    except CheckEnded:
        return False
    return True


def expect_defaults(built: Built) -> None:
    """Raise CheckFailed where an argument's default is another number than the hand-out's.

    A default that is no number, or not there, is a matter of style: the argument can be given.
    """
    layer = built.loaded.name
    for name, argument in built.loaded.submission.kit.arguments_of(layer).items():
        theirs, ours = built.defaults.get(name), argument.default
        if theirs not in (None, ours) and ours is not argument.empty:
            built.loaded.evidence.asides.append(Aside("default", name))
            raise CheckFailed(
                f"{layer}: {name} is {theirs:g} unless it is given; in the hand-out it is {ours:g}"
            )


def expect_trainable(built: Built) -> None:
    """Raise CheckFailed if a parameter is frozen or modules hide in a plain list."""
    for name, trainable in built.trainable.items():
        if not trainable:
            raise CheckFailed(
                f"the parameter {clean_text(name, 80)} is frozen (requires_grad is False)"
            )


def expect_dtype(built: Built, got: Tensor) -> None:
    """Raise CheckFailed unless a layer's output has the dtype of its weights and inputs."""
    given = str(got.dtype).removeprefix("torch.")
    if given != built.dtype:
        built.loaded.evidence.asides.append(Aside("dtype"))
        raise CheckFailed(
            f"for {built.dtype} weights and inputs the output is {given}: somewhere forward makes "
            "a tensor without asking for the dtype of its input"
        )


def expect_to_move(built: Built, inputs: Inputs, change: dict[str, Any]) -> None:
    """Raise CheckFailed where a tensor would stay behind when the layer is moved to a GPU."""
    mixing = built.mixes_devices(inputs, change)
    if mixing:
        built.loaded.evidence.asides.append(Aside("device"))
        raise CheckFailed(
            f"moved to a GPU the layer would fail: in {mixing} one tensor is on the layer's device "
            "and one has stayed on the CPU"
        )


def expect_no_side_effects(facts: dict[str, Any]) -> None:
    """Raise CheckFailed unless forward left input, randomness, dtype and modes alone."""
    promises = {
        "input_kept": "forward changes its input in place",
        "rng_kept": "forward in evaluation mode draws random numbers, or sets their seed",
        "default_dtype_kept": "forward changes torch's default dtype",
        "modes_kept": "forward switches a module between train and eval mode",
        "grad_mode_kept": "forward switches gradients on or off for the caller",
    }
    for key, sentence in promises.items():
        if facts.get(key) is not True:
            raise CheckFailed(sentence)


def expect_nothing_left_behind(twin: Twin, inputs: Inputs, seed: int) -> None:
    """Raise CheckFailed where a call shows in what the calls after it give, or in their inputs.

    What ``expect_no_side_effects`` reads is the student's process's own word; this is not.
    """
    steps = [("eval", seed), ("", None), ("train", None), ("", None), ("train", seed)]
    (first, second, drawn, anew, repeated), after = twin.run_in_a_row(inputs, steps)
    want = twin.want(inputs).output
    expect_same(first, want, "the output of the first of several calls", MIXED)
    expect_same(second, want, "the output of a second call on the same tensors", MIXED)
    for index, value in enumerate(inputs):
        if value is not None and not _is_equal(after.get(index), value):
            which = "its mask" if index else "its input"
            raise CheckFailed(f"forward changes {which} in place")
    # What train mode computes, NaN included, is other checks' business: here it is to be the same.
    asides = twin.loaded.evidence.asides
    if not _give_the_same(repeated, drawn) and _gives_the_same_for_a_seed(twin, inputs, seed):
        asides.append(Aside("random"))
        raise CheckFailed("forward in evaluation mode draws random numbers, or sets their seed")
    if torch.equal(drawn, anew) and not agree(drawn, first, MIXED) and not drawn.isnan().any():
        asides.append(Aside("seed"))
        raise CheckFailed("in train mode every call drops the same: forward sets a seed of its own")


def _gives_the_same_for_a_seed(twin: Twin, inputs: Inputs, seed: int) -> bool:
    """Whether a seed decides what train mode gives: not with a generator of the layer's own."""
    try:
        (first, second), _ = twin.run_in_a_row(inputs, [("train", seed), ("train", seed)])
    except AskedInVain:  # no right layer was asked this: it is asked again, alone
        return True
    return _give_the_same(first, second)


def _give_the_same(first: Tensor, second: Tensor) -> bool:
    return agree(first.double().nan_to_num(), second.double().nan_to_num(), MIXED)


def _is_equal(got: Tensor | None, want: Tensor) -> bool:
    return got is not None and got.dtype == want.dtype and torch.equal(got, want)


def expect_same_twice(twin: Twin, inputs: Inputs) -> None:
    """Raise CheckFailed unless two calls in evaluation mode with other seeds agree."""
    first, second = twin.run(inputs, seed=1), twin.run(inputs, seed=2)
    expect_same(second.output, first.output, "the output of a second call in evaluation mode")
