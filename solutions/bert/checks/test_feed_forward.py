"""Checks of PositionWiseFeedForward. Runs on the trusted side; the student's layer in a worker."""

import pytest
import torch
from torch import Tensor

from autograder.trusted.chance import expect_drop_rate, expect_kept_or_dropped, recover_branch
from autograder.trusted.promises import LayerPromises, Subject, expect_same_twice, make_twin
from autograder.trusted.reference import draw_lively
from autograder.trusted.student import Student

pytestmark = pytest.mark.layer("PositionWiseFeedForward")

C, I = 15, 22


def draw_quiet(name: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """A branch that adds next to nothing: what is wrong in it is for other checks to judge."""
    value = draw_lively(name, shape, generator)
    return 1e-6 * value if name.startswith("fc2") else value


class TestPositionWiseFeedForward(LayerPromises):
    """fc1, GELU, fc2, dropout, residual, LayerNorm."""

    subject = Subject(
        name="PositionWiseFeedForward",
        arguments={"emb_size": C, "intermediate_size": I, "dropout": 0.0},
        inputs=lambda student, batch, tokens: [student.normal(batch, tokens, C)],
        output=lambda batch, tokens: (batch, tokens, C),
        letters="B, T, C",
        sizes=(4, 6),
        other_sizes=((3, 9), (1, 6), (4, 1), (1, 1), (2, 100), (1, 128)),
    )

    @pytest.mark.points(3)
    def test_values_are_those_of_the_formula(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        twin.expect_output(self.subject.example(student))

    @pytest.mark.points(1)
    def test_gelu_is_the_exact_one(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        # Pre-activations around ±2, where the usual approximations are furthest off.
        twin.expect_output([2.0 * student.normal(4, 6, C)], "the output for larger inputs")

    @pytest.mark.points(1.5)
    def test_quiet_rows_show_the_right_eps(self, student: Student) -> None:
        quiet = [0.01 * student.normal(4, 6, C)]
        eps = student.eps()
        for change in ({}, {"layer_norm_eps": eps}):
            twin = make_twin(self.subject, student, change=change, draw=draw_quiet)
            what = "the output for an input of small variance"
            twin.expect_output(
                quiet, what if not change else f"{what}, with layer_norm_eps={eps:g}"
            )

    @pytest.mark.points(2)
    def test_dropout_acts_on_the_branch_in_train_mode_only(self, student: Student) -> None:
        p, loud = student.rate(), C // 2
        twin = make_twin(self.subject, student, change={"dropout": p})
        weights = dict(twin.weights)
        weights["ln.weight"], weights["ln.bias"] = torch.ones(C).double(), torch.zeros(C).double()
        for name in ("fc2.weight", "fc2.bias"):
            weights[name] = weights[name].clone()
            weights[name][loud:] = 0.0
        twin.set_weights(weights)
        att_out = student.normal(32, 8, C, purpose="batch for dropout")
        # First of all, so that what it drops is known to the diagnosis also where values are wrong.
        got = twin.run([att_out], training=True, seed=student.worker_seed).output
        expect_same_twice(twin, [att_out])
        twin.expect_output([att_out], f"the output in evaluation mode with dropout={p:g}")
        full = recover_branch(twin.want([att_out]).output, att_out, slice(loud, None))
        branch = recover_branch(got, att_out, slice(loud, None))
        dropped = expect_kept_or_dropped(
            branch[..., :loud], full[..., :loud], p, "the values of fc2's output"
        )
        expect_drop_rate(dropped, p, "the values of fc2's output")

    @pytest.mark.points(0.5)
    def test_no_dropout_at_rate_zero(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        inputs = self.subject.example(student)
        twin.expect_output(inputs, "the output in train mode with dropout=0", training=True)
