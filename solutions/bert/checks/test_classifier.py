"""Checks of SimplifiedBertClassifier, with doubles for embedding, encoder and pooler.

Runs on the trusted side; the student's class lives in a worker. A broken layer below costs
nothing here.
"""

from typing import Any

import pytest
import torch

from autograder.trusted.chance import expect_drop_rate, expect_kept_or_dropped
from autograder.trusted.composites import (
    expect_arguments_passed_down,
    expect_called_once_each,
    expect_chain,
    expect_mask_passed_on,
)
from autograder.trusted.outcomes import CheckFailed
from autograder.trusted.promises import LayerPromises, Subject, expect_same_twice, make_twin
from autograder.trusted.student import Student

pytestmark = pytest.mark.layer("SimplifiedBertClassifier")

V, C, CLASSES = 29, 15, 7
PARTS = ("EmbeddingLayer", "EncoderBlock", "Pooler")


def draw_inputs(student: Student, batch: int, tokens: int) -> list[Any]:
    """Token ids 1 … V-1 and a mask with another length in every row."""
    ids = torch.randint(1, V, (batch, tokens), generator=student.generator(f"ids{batch}x{tokens}"))
    lengths = torch.tensor([max(1, tokens - (2 * row) % tokens) for row in range(batch)])
    return [ids, (torch.arange(tokens)[None, :] < lengths[:, None]).long()]


class TestSimplifiedBertClassifier(LayerPromises):
    """Embedding, encoder, pooler, dropout, linear."""

    subject = Subject(
        name="SimplifiedBertClassifier",
        arguments={
            "vocab_size": V, "emb_size": C, "n_layers": 2, "n_heads": 3, "intermediate_size": 22,
            "dropout": 0.0, "n_classes": CLASSES,
        },
        inputs=draw_inputs,
        output=lambda batch, tokens: (batch, CLASSES),
        letters="B, n_classes",
        sizes=(4, 6),
        other_sizes=((3, 9), (1, 6), (4, 1), (1, 1), (2, 128)),
    )  # fmt: skip

    @pytest.mark.points(0.5)
    def test_output_has_the_right_shape_for_every_batch(self, student: Student) -> None:
        super().test_output_has_the_right_shape_for_every_batch(student)
        # A single score, as for a regression, is still a column; two classes have a score each.
        for classes in (1, 2):
            twin = make_twin(self.subject, student, change={"n_classes": classes})
            what = f"the output with n_classes={classes}"
            twin.expect_output(self.subject.example(student), what, axes="")

    @pytest.mark.points(1)
    def test_each_part_gets_what_the_part_before_gave(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        for batch, tokens in (self.subject.sizes, (2, 128)):
            inputs = self.subject.draw(student, batch, tokens)
            what = f"the logits of {tokens} tokens"
            got = twin.expect_output(inputs, what, axes="B", calls=True)
            expect_called_once_each(twin, got, PARTS)
            want = twin.want(inputs)
            for part, argument in zip(PARTS, ("input_ids", "emb", "encoder_out"), strict=True):
                expect_chain(got, want, part, argument)

    @pytest.mark.points(0.5)
    def test_mask_reaches_the_encoder(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        ids, mask = self.subject.example(student)
        twin.witness([ids, mask], training=True)
        for given in (mask, mask.bool(), mask.float(), None):
            run = twin.run([ids, given], calls=True)
            expect_mask_passed_on(run, "EncoderBlock", "att_mask", given)
        # A tweet that is alone in its batch may be padded as well.
        run = twin.run([ids[1:2], mask[1:2]], calls=True)
        expect_mask_passed_on(run, "EncoderBlock", "att_mask", mask[1:2])
        run = twin.run([ids, mask], training=True, calls=True)
        expect_mask_passed_on(run, "EncoderBlock", "att_mask", mask)
        noisy = make_twin(self.subject, student, change={"dropout": student.rate()})
        run = noisy.run([ids, mask], training=True, calls=True)
        expect_mask_passed_on(run, "EncoderBlock", "att_mask", mask)

    @pytest.mark.points(0.5)
    def test_mask_may_be_left_out(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        ids, mask = self.subject.example(student)
        twin.run([ids, mask])  # nothing of it may be left
        # Token 0 among them: without a mask nothing is padding, whatever the ids are.
        ids = torch.where(ids % 3 == 0, 0, ids)
        longer = self.subject.draw(student, *self.subject.other_sizes[0])[0]
        for given, what in ((ids, "the logits"), (longer, "the logits of another batch")):
            run = twin.expect_output(
                [given], f"{what} without attention_mask", axes="B", calls=True
            )
            expect_mask_passed_on(run, "EncoderBlock", "att_mask", None)

    @pytest.mark.points(1)
    def test_constructor_arguments_reach_every_part(self, student: Student) -> None:
        expect_arguments_passed_down(make_twin(self.subject, student, change={"dropout": 0.4}))

    @pytest.mark.points(1)
    def test_dropout_acts_on_the_pooled_vector_in_train_mode_only(self, student: Student) -> None:
        p = student.rate()
        # As many classes as features and the identity for a head: the logits show what it reads,
        # and the bias whether dropout comes before the head or after it.
        twin = make_twin(self.subject, student, change={"dropout": p, "n_classes": C})
        weights = dict(twin.weights)
        weights["classifier.weight"] = torch.eye(C, dtype=torch.float64)
        weights["classifier.bias"] = torch.full((C,), 0.5, dtype=torch.float64)
        twin.set_weights(weights)
        inputs = self.subject.draw(student, 96, 4)
        # First of all, so that what it drops is known to the diagnosis also where values are wrong.
        got, without_mask = (
            twin.run(given, training=True, seed=student.worker_seed).output
            for given in (inputs, [inputs[0], None])
        )
        expect_same_twice(twin, inputs)
        twin.expect_output(inputs, f"the logits in evaluation mode with dropout={p:g}", axes="B")
        full = twin.want(inputs).output
        if got.shape != full.shape:
            raise CheckFailed("the output in train mode has the wrong shape")
        dropped = expect_kept_or_dropped(got - 0.5, full - 0.5, p, "the pooled values")
        expect_drop_rate(dropped, p, "the pooled values")
        what = "the pooled values, without a mask,"
        dropped = expect_kept_or_dropped(without_mask - 0.5, full - 0.5, p, what)
        expect_drop_rate(dropped, p, what)
