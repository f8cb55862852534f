"""Checks of the whole model: the student's own parts together, and a short training.

Runs on the trusted side; the student's model lives in a worker, which is never given a test label.
"""

from typing import Any

import pytest
import torch

from autograder.trusted.compare import DEEP, expect_same
from autograder.trusted.outcomes import CheckEnded, CheckFailed
from autograder.trusted.promises import expect_no_side_effects
from autograder.trusted.student import Student
from autograder.trusted.twins import Twin

pytestmark = pytest.mark.layer("EndToEnd")

NAME = "SimplifiedBertClassifier"
V, CLASSES, B, T = 29, 7, 4, 6
SIZES = {
    "vocab_size": V,
    "emb_size": 15,
    "n_layers": 2,
    "n_heads": 3,
    "intermediate_size": 22,
    "dropout": 0.0,
    "n_classes": CLASSES,
}


def draw_batch(student: Student, tokens: int = T) -> list[Any]:
    """Token ids 1 … V-1 and a mask with another length in every row."""
    ids = torch.randint(1, V, (B, tokens), generator=student.generator(f"ids{tokens}"))
    lengths = torch.tensor([tokens, tokens - 2, max(1, tokens - 4), tokens - 1])
    return [ids, (torch.arange(tokens)[None, :] < lengths[:, None]).long()]


def make_whole(student: Student, **change: Any) -> Twin:
    """Return the student's whole model and the reference's, with the same weights."""
    return student.whole_model(NAME, {**SIZES, **change}, draw_batch(student))


class TestWholeModel:
    """What the student's own seven classes do together."""

    @pytest.mark.points(3)
    def test_logits_are_right(self, student: Student) -> None:
        twin = make_whole(student)
        twin.expect_output(
            draw_batch(student), "the logits of the whole model", axes="B", tolerance=DEEP
        )
        ids, _ = draw_batch(student)
        twin.expect_output([ids, None], "the logits without a mask", axes="B", tolerance=DEEP)

    @pytest.mark.points(2)
    def test_gradients_reach_every_layer(self, student: Student) -> None:
        twin = make_whole(student)
        cotangent = student.normal(B, CLASSES, purpose="cotangent")
        for training in (False, True):
            twin.expect_gradients(draw_batch(student), cotangent, training=training, tolerance=DEEP)

    @pytest.mark.points(1.5)
    def test_padding_changes_no_logit(self, student: Student) -> None:
        twin = make_whole(student)
        ids, mask = draw_batch(student)
        first = twin.expect_output(
            [ids, mask], "the logits of padded tweets", axes="B", tolerance=DEEP
        ).output
        others = torch.randint(1, V, ids.shape, generator=student.generator("padding"))
        garbage = torch.where(mask.bool(), ids, others)
        second = twin.run([garbage, mask]).output
        expect_same(second, first, "the logits, when only the padding's ids change")
        longer = torch.cat([ids, others[:, :3]], dim=1)
        longer_mask = torch.cat([mask, torch.zeros(B, 3).long()], dim=1)
        third = twin.run([longer, longer_mask]).output
        expect_same(third, first, "the logits, when only padding is added")

    @pytest.mark.points(0.5)
    def test_takes_the_longest_tweet(self, student: Student) -> None:
        twin = make_whole(student)
        two = [value[:2] for value in draw_batch(student, 128)]
        twin.expect_output(two, "the logits of 128 tokens", axes="B", tolerance=DEEP)

    @pytest.mark.points(1)
    def test_evaluation_is_repeatable_and_training_is_not(self, student: Student) -> None:
        p = student.rate()
        twin = make_whole(student, dropout=p)
        batch = draw_batch(student)
        first = twin.expect_output(batch, "the logits in evaluation mode", axes="B", tolerance=DEEP)
        expect_no_side_effects(first.facts)
        second = twin.run(batch, seed=student.worker_seed)
        expect_same(second.output, first.output, "the logits of a second, equal call")
        noisy = [twin.run(batch, training=True, seed=s).output for s in (1, 2)]
        if noisy[0].shape == noisy[1].shape and bool(torch.equal(noisy[0], noisy[1])):
            raise CheckFailed(
                f"in train mode with dropout={p:g} nothing is dropped in the whole model"
            )


class TestTraining:
    """A short training on generated tweets whose sentiment needs every layer."""

    @pytest.mark.training
    @pytest.mark.points(6)
    def test_learns_as_well_as_the_reference(self, student: Student) -> None:
        # A GPU may fail for reasons that are nobody's mistake: then the CPU decides.
        for device in dict.fromkeys((student.device, "cpu")):
            try:
                self._train_and_judge(student, device)
            except CheckEnded:
                if device == "cpu":
                    raise
            else:
                return

    def _train_and_judge(self, student: Student, device: str) -> None:
        from solutions.bert.training_check import (  # after the kit's root is on the path
            build_training_task,
            required_accuracy,
            train_reference,
        )

        task = build_training_task(student.seed, device)
        example = [task.train_ids[:4], task.train_mask[:4]]
        twin = student.whole_model(NAME, task.model_kwargs, example, dtype="float32")
        reference = student.compute_once(f"training on {device}", lambda: train_reference(task))
        try:
            twin.set_weights(task.initial_state)
            predictions = twin.train(task.worker_tensors(), task.worker_settings())
        finally:
            expected = reference()
        if predictions.shape != (len(task.test_labels), 2):
            raise CheckFailed("the trained model does not give two logits per tweet")
        right = float((predictions.argmax(dim=1) == task.test_labels).double().mean())
        wanted = float((expected.argmax(dim=1) == task.test_labels).double().mean())
        needed = required_accuracy(wanted)
        if right < needed:
            raise CheckFailed(
                f"after a short training the model labels {right:.0%} of unseen tweets right; "
                f"from the same start a correct one passes {needed:.0%}"
            )
