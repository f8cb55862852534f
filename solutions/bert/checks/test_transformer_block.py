"""Checks of TransformerBlock, with doubles for attention and feed-forward.

Runs on the trusted side; the student's layer lives in a worker. A broken attention.py costs
nothing here.
"""

from typing import Any

import pytest
import torch

from autograder.trusted.composites import (
    expect_arguments_passed_down,
    expect_called_once_each,
    expect_chain,
    expect_mask_passed_on,
    expect_randomness_untouched,
)
from autograder.trusted.promises import LayerPromises, Subject, make_twin
from autograder.trusted.student import Student

pytestmark = pytest.mark.layer("TransformerBlock")

C = 15


def draw_inputs(student: Student, batch: int, tokens: int) -> list[Any]:
    """Hidden states and a mask with another length in every row."""
    lengths = torch.tensor([max(1, tokens - (2 * row) % tokens) for row in range(batch)])
    mask = (torch.arange(tokens)[None, :] < lengths[:, None]).long()
    return [student.normal(batch, tokens, C), mask]


class TestTransformerBlock(LayerPromises):
    """Attention, then feed-forward."""

    subject = Subject(
        name="TransformerBlock",
        arguments={
            "emb_size": C, "n_heads": 3, "intermediate_size": 22, "dropout": 0.4,
            "layer_norm_eps": 0.003,
        },
        inputs=draw_inputs,
        output=lambda batch, tokens: (batch, tokens, C),
        letters="B, T, C",
        sizes=(4, 6),
        other_sizes=((2, 9), (1, 6), (4, 1), (1, 1), (2, 128)),
    )  # fmt: skip

    @pytest.mark.points(2)
    def test_feeds_attention_then_feed_forward_and_adds_nothing(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        inputs = self.subject.example(student)
        seed = student.worker_seed  # none that somebody sets
        for training in (False, True):
            mode = "train" if training else "evaluation"
            what = f"the output in {mode} mode"
            got = twin.expect_output(inputs, what, training=training, calls=True, seed=seed)
            if training:
                expect_randomness_untouched(got)
            expect_called_once_each(twin, got, ("MultiHeadAttention", "PositionWiseFeedForward"))
            want = twin.want(inputs)
            expect_chain(got, want, "MultiHeadAttention", "emb")
            expect_chain(got, want, "PositionWiseFeedForward", "att_out")

    @pytest.mark.points(1)
    def test_mask_reaches_the_attention(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        emb, mask = self.subject.example(student)
        for given, training in ((mask, False), (mask, True), (mask.bool(), False), (None, False)):
            run = twin.run([emb, given], training=training, calls=True)
            expect_mask_passed_on(run, "MultiHeadAttention", "att_mask", given)
        # A tweet that is alone in its batch may be padded as well.
        run = twin.run([emb[1:2], mask[1:2]], calls=True)
        expect_mask_passed_on(run, "MultiHeadAttention", "att_mask", mask[1:2])
        expect_mask_passed_on(twin.run([emb], calls=True), "MultiHeadAttention", "att_mask", None)

    @pytest.mark.points(1)
    def test_constructor_arguments_reach_both_parts(self, student: Student) -> None:
        expect_arguments_passed_down(make_twin(self.subject, student))
