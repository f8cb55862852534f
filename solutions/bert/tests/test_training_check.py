"""What the training check promises. The full evidence is `benchmarks/mini_training_study.py`."""

import math
import shutil
from pathlib import Path

import pytest
import torch

from autograder.untrusted.training import train_and_predict
from solutions.bert.classifier import SimplifiedBertClassifier
from solutions.bert.training_check import (
    ACCURACY_FLOOR,
    UNUSED_ID,
    build_training_task,
    measure_accuracy,
    required_accuracy,
    train_reference,
)

SEED = 31
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """The model is so small that a second thread only gets in the way."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def task():
    return build_training_task(SEED)


def train_patched(task, patch):
    model = SimplifiedBertClassifier(**task.model_kwargs)
    model.load_state_dict(dict(task.initial_state), strict=False)
    patch(model)
    logits = train_and_predict(model, **task.worker_tensors(), **task.worker_settings())
    return measure_accuracy(logits, task.test_labels)


def test_equal_seeds_give_equal_tasks(task):
    again = build_training_task(SEED)
    assert again.model_kwargs == task.model_kwargs
    assert again.worker_settings() == task.worker_settings()
    assert torch.equal(again.test_labels, task.test_labels)
    for name, value in task.worker_tensors().items():
        assert torch.equal(again.worker_tensors()[name], value), name
    for name, value in task.initial_state.items():
        assert torch.equal(again.initial_state[name], value), name


def test_another_seed_gives_other_ids_weights_and_tweets(task):
    other = build_training_task(SEED + 1)
    assert not torch.equal(other.train_ids[:, 0], task.train_ids[:, 0])
    rows = slice(0, 100)
    assert not torch.equal(other.test_labels[rows], task.test_labels[rows])
    name = "embedding.word_embeddings.weight"
    assert not torch.equal(other.initial_state[name][:5], task.initial_state[name][:5])


def test_a_submission_is_never_given_the_test_labels(task):
    given = task.worker_tensors() | task.worker_settings()
    assert "test_labels" not in given
    assert not any(value is task.test_labels for value in given.values())
    assert set(task.worker_tensors()) == {
        "train_ids", "train_mask", "train_labels", "batch_order", "test_ids", "test_mask",
    }  # fmt: skip


def test_test_tweets_are_not_among_the_training_tweets(task):
    def real_tokens(ids, mask):
        return {
            tuple(row[: int(length)]) for row, length in zip(ids.tolist(), mask.sum(1), strict=True)
        }

    train = real_tokens(task.train_ids, task.train_mask)
    assert train.isdisjoint(real_tokens(task.test_ids, task.test_mask))


def test_labels_are_balanced_and_follow_no_order(task):
    for labels in (task.train_labels, task.test_labels):
        count = len(labels)
        assert int(labels.sum()) * 2 == count
        signs = 2 * labels.double() - 1
        # 4.5 standard deviations of a fair coin, for neighbours and for the two halves.
        allowance = 4.5 / math.sqrt(count)
        assert abs((signs[1:] * signs[:-1]).mean()) < allowance
        assert abs(signs[: count // 2].mean()) < allowance * math.sqrt(2)


def test_length_and_first_word_do_not_give_the_label_away(task):
    signs = 2 * task.train_labels.double() - 1
    lengths = task.train_mask.sum(1)
    for trait in (lengths, task.train_ids[:, 1]):
        for value in trait.unique():
            members = signs[trait == value]
            assert abs(members.mean()) < 4.5 / math.sqrt(len(members))


def test_rows_begin_alike_and_padding_holds_real_words(task):
    assert len(task.train_ids[:, 0].unique()) == 1
    padded = task.train_mask == 0
    assert 0.1 < padded.double().mean() < 0.6
    assert int(task.train_ids[padded].min()) > UNUSED_ID
    assert int(task.train_ids.max()) < task.model_kwargs["vocab_size"]
    assert bool((task.train_mask.diff(dim=1) <= 0).all())


def test_the_first_batches_hold_one_clause_tweets_only(task):
    lengths = task.train_mask.sum(1)
    early, late = lengths[task.batch_order[:10]], lengths[task.batch_order[-10:]]
    assert int(early.max()) < int(late.max())


def test_the_reference_and_its_initial_weights_have_the_same_parameters(task):
    model = SimplifiedBertClassifier(**task.model_kwargs)
    assert {k: v.shape for k, v in model.named_parameters()} == {
        k: v.shape for k, v in task.initial_state.items()
    }
    assert all(value.dtype == torch.float32 for value in task.initial_state.values())


def test_a_task_for_a_gpu_is_larger_and_runs_in_bfloat16(task):
    larger = build_training_task(SEED, "cuda")
    assert larger.autocast_bf16
    assert not task.autocast_bf16
    assert larger.model_kwargs["emb_size"] > task.model_kwargs["emb_size"]
    assert len(larger.train_ids) > len(task.train_ids)


def test_rows_that_are_not_finite_are_wrong():
    labels = torch.tensor([0, 1, 1])
    logits = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, math.inf]])
    assert measure_accuracy(logits, labels) == pytest.approx(2 / 3)
    assert measure_accuracy(torch.full((3, 2), math.nan), labels) == 0.0


def test_what_is_required_never_falls_below_the_floor():
    assert required_accuracy(0.5) == ACCURACY_FLOOR
    assert ACCURACY_FLOOR < required_accuracy(1.0) < 1.0


def test_a_model_of_which_nothing_can_be_trained_predicts_all_the_same(task):
    assert train_patched(task, lambda model: model.requires_grad_(False)) < ACCURACY_FLOOR


def test_a_model_that_cuts_every_gradient_predicts_all_the_same(task):
    def detach(model):
        model.register_forward_hook(lambda _module, _inputs, logits: logits.detach())

    assert train_patched(task, detach) < ACCURACY_FLOOR


@pytest.mark.slow
def test_the_reference_learns_and_twice_the_same(task):
    logits = train_reference(task)
    assert logits.shape == (len(task.test_labels), 2)
    assert logits.dtype == torch.float32
    accuracy = measure_accuracy(logits, task.test_labels)
    assert accuracy > 0.95
    assert accuracy >= required_accuracy(accuracy)
    assert torch.equal(train_reference(task), logits)


@pytest.mark.slow
def test_a_model_that_ignores_the_mask_or_the_order_falls_short(task):
    def ignore_mask(model):
        encode = model.encoder.forward
        model.encoder.forward = lambda emb, _: encode(emb, None)

    def ignore_order(model):
        layer = model.embedding
        layer.forward = lambda ids: layer.ln(layer.word_embeddings(ids))

    assert train_patched(task, ignore_mask) < ACCURACY_FLOOR
    assert train_patched(task, ignore_order) < ACCURACY_FLOOR


@pytest.mark.slow
def test_what_training_leaves_outside_the_parameters_never_predicts(bert, tmp_path):
    # A class may keep whatever it likes of the labels it is trained on: who predicts has not seen
    # them. Here that spares a model which would answer nonsense once it has been trained.
    for path in (ROOT / "solutions" / "bert").glob("*.py"):
        if path.name != "training_check.py":
            shutil.copy(path, tmp_path)
    classifier = tmp_path / "classifier.py"
    head = "        return self.classifier(self.dropout(pooled))"
    text = classifier.read_text(encoding="utf-8")
    assert head in text
    kept = "        self.__dict__.setdefault('steps', 0)\n        self.steps += self.training\n"
    nonsense = (
        "        if self.steps > 50 and not self.training:\n            return 0 * input_ids\n"
    )
    classifier.write_text(text.replace(head, kept + nonsense + head), encoding="utf-8")
    result = bert.grade(tmp_path, training=True)
    assert [check.points for check in result.checks if "learns" in check.id] == [6]
