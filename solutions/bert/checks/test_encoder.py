"""Checks of EncoderBlock, with doubles for its transformer blocks.

Runs on the trusted side; the student's layer lives in a worker. A broken transformer_block.py
costs nothing here.
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
from autograder.trusted.promises import LayerPromises, Subject, expect_trainable, make_twin
from autograder.trusted.student import Student

pytestmark = pytest.mark.layer("EncoderBlock")

C, LAYERS = 15, 5
# As many as BERT has: enough for what counts blocks by one digit, or up to a number, to show.
DEEP = 12


def draw_inputs(student: Student, batch: int, tokens: int) -> list[Any]:
    """Hidden states and a mask with another length in every row."""
    lengths = torch.tensor([max(1, tokens - (2 * row) % tokens) for row in range(batch)])
    mask = (torch.arange(tokens)[None, :] < lengths[:, None]).long()
    return [student.normal(batch, tokens, C), mask]


class TestEncoderBlock(LayerPromises):
    """n_layers transformer blocks, one after the other."""

    subject = Subject(
        name="EncoderBlock",
        arguments={
            "emb_size": C, "n_layers": LAYERS, "n_heads": 3, "intermediate_size": 22,
            "dropout": 0.4, "layer_norm_eps": 0.003,
        },
        inputs=draw_inputs,
        output=lambda batch, tokens: (batch, tokens, C),
        letters="B, T, C",
        sizes=(4, 6),
        other_sizes=((2, 9), (1, 6), (4, 1), (1, 1), (2, 128)),
    )  # fmt: skip

    @pytest.mark.points(2)
    def test_each_block_reads_what_the_block_before_wrote(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        inputs = self.subject.example(student)
        seed = student.worker_seed  # none that somebody sets
        for training in (False, True):
            mode = "train" if training else "evaluation"
            what = f"the output in {mode} mode"
            got = twin.expect_output(inputs, what, training=training, calls=True, seed=seed)
            if training:
                expect_randomness_untouched(got)
            expect_called_once_each(twin, got, ("TransformerBlock",), LAYERS)
            expect_chain(got, twin.want(inputs), "TransformerBlock", "emb")

    @pytest.mark.points(1.5)
    def test_n_layers_counts_the_blocks(self, student: Student) -> None:
        inputs = self.subject.example(student)
        for layers in (1, 2, DEEP):
            twin = make_twin(self.subject, student, change={"n_layers": layers})
            what = f"the output with n_layers={layers}"
            got = twin.expect_output(inputs, what, calls=True)
            expect_called_once_each(twin, got, ("TransformerBlock",), layers)
        expect_mask_passed_on(got, "TransformerBlock", "att_mask", inputs[1])
        expect_trainable(twin.student)

    @pytest.mark.points(1.5)
    def test_mask_reaches_every_block(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        emb, mask = self.subject.example(student)
        for given, training in ((mask, False), (mask, True), (mask.bool(), False), (None, False)):
            run = twin.run([emb, given], training=training, calls=True)
            expect_mask_passed_on(run, "TransformerBlock", "att_mask", given)
        # A tweet that is alone in its batch may be padded as well.
        run = twin.run([emb[1:2], mask[1:2]], calls=True)
        expect_mask_passed_on(run, "TransformerBlock", "att_mask", mask[1:2])
        expect_mask_passed_on(twin.run([emb], calls=True), "TransformerBlock", "att_mask", None)

    @pytest.mark.points(1)
    def test_constructor_arguments_reach_every_block(self, student: Student) -> None:
        expect_arguments_passed_down(make_twin(self.subject, student))
