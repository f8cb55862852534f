"""Checks of EmbeddingLayer. Runs on the trusted side; the student's layer lives in a worker."""

from typing import Any

import pytest
import torch
from torch import Tensor

from autograder.trusted.chance import expect_drop_rate, expect_kept_or_dropped
from autograder.trusted.outcomes import CheckFailed
from autograder.trusted.promises import LayerPromises, Subject, expect_same_twice, make_twin
from autograder.trusted.reference import draw_lively
from autograder.trusted.student import Student

pytestmark = pytest.mark.layer("EmbeddingLayer")

V, C, MAX, LONG = 29, 15, 11, 128


def draw_ids(student: Student, batch: int, tokens: int) -> list[Any]:
    """Token ids 1 … V-1. Not 0: whether the padding row learns is left to the student."""
    generator = student.generator(f"ids{batch}x{tokens}")
    return [torch.randint(1, V, (batch, tokens), generator=generator)]


def draw_quiet(name: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Tables so quiet that LayerNorm's eps shows: rows of standard deviation about 0.01."""
    value = draw_lively(name, shape, generator)
    return 0.006 * value if len(shape) == 2 else value


class TestEmbeddingLayer(LayerPromises):
    """Word plus position, LayerNorm, dropout."""

    subject = Subject(
        name="EmbeddingLayer",
        arguments={"vocab_size": V, "emb_size": C, "max_seq_length": MAX, "dropout": 0.0},
        inputs=draw_ids,
        output=lambda batch, tokens: (batch, tokens, C),
        letters="B, T, C",
        sizes=(4, 6),
        other_sizes=((3, MAX), (1, 6), (4, 1), (1, 1)),
    )

    @pytest.mark.points(0.5)
    def test_output_has_the_right_shape_for_every_batch(self, student: Student) -> None:
        super().test_output_has_the_right_shape_for_every_batch(student)
        # As long as the course's tweets may be.
        long = make_twin(self.subject, student, change={"max_seq_length": LONG})
        what = f"the output for {LONG} tokens"
        long.expect_output(self.subject.draw(student, 2, LONG), what)

    @pytest.mark.points(3)
    def test_values_are_word_plus_position_normalised(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        ids = self.subject.example(student)[0]
        with_zeros = torch.where(ids % 3 == 0, 0, ids)
        twin.witness([with_zeros])
        twin.expect_output([ids])
        # Token 0 is a token like any other here: hiding padding is the attention's business.
        twin.expect_output([with_zeros], "the output for ids with 0 in them")

    @pytest.mark.points(1.5)
    def test_quiet_rows_show_the_right_eps(self, student: Student) -> None:
        ids = self.subject.example(student)
        eps = student.eps()
        for change in ({}, {"layer_norm_eps": eps}):
            twin = make_twin(self.subject, student, change=change, draw=draw_quiet)
            what = "the output for word and position vectors of small variance"
            twin.expect_output(ids, what if not change else f"{what}, with layer_norm_eps={eps:g}")

    @pytest.mark.points(2)
    def test_dropout_acts_in_train_mode_only_and_once(self, student: Student) -> None:
        p = student.rate()
        twin = make_twin(self.subject, student, change={"dropout": p})
        ids = self.subject.draw(student, 32, 10)
        # First of all, so that what it drops is known to the diagnosis also where values are wrong.
        got = twin.run(ids, training=True, seed=student.worker_seed).output
        expect_same_twice(twin, ids)
        twin.expect_output(ids, f"the output in evaluation mode with dropout={p:g}")
        full = twin.want(ids).output
        if got.shape != full.shape:
            raise CheckFailed(f"the output in train mode has the wrong shape {tuple(got.shape)}")
        dropped = expect_kept_or_dropped(got, full, p, "the output values")
        expect_drop_rate(dropped, p, "the output values")

    @pytest.mark.points(0.5)
    def test_no_dropout_at_rate_zero(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        ids = self.subject.example(student)
        twin.expect_output(ids, "the output in train mode with dropout=0", training=True)
