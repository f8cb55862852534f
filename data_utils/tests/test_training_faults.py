"""What a student's loader, labels, model or optimizer gets wrong is told in a sentence."""

import math

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from data_utils.errors import DataProblem
from data_utils.tests.tiny_runs import (
    CRITERION,
    TOKENS,
    CountsWords,
    make_loader,
    make_run,
    make_tweets,
    run,
    weights_of,
)
from data_utils.training import evaluate, train


@pytest.mark.parametrize("which", ["train_loader", "val_loader"])
@pytest.mark.parametrize("empty", [[], iter([])], ids=["knows its length", "does not"])
def test_a_loader_without_batches_is_named(which, empty):
    loaders = {"train_loader": make_loader(), "val_loader": make_loader(), which: empty}
    model, optimizer = make_run()
    with pytest.raises(DataProblem, match="no batch"):
        train(
            model,
            loaders["train_loader"],
            loaders["val_loader"],
            optimizer,
            CRITERION,
            "cpu",
            1,
            progress=False,
        )
    with pytest.raises(DataProblem, match="no batch"):
        evaluate(model, empty, CRITERION, "cpu")


@pytest.mark.parametrize("label", [-1, 2, 4])
def test_a_label_without_a_logit_is_named(label):
    tweets = make_tweets(16)
    tweets[3]["labels"] = torch.tensor(label)
    with pytest.raises(DataProblem, match=rf"label {label}, but the model's 2 logits"):
        run(*make_run(), DataLoader(tweets, batch_size=8))


def test_a_loss_that_is_not_finite_stops_the_run_at_its_step():
    calls = []

    def criterion(logits, labels):
        calls.append(1)
        return CRITERION(logits, labels) * (math.nan if len(calls) == 3 else 1.0)

    model, optimizer = make_run()
    with pytest.raises(DataProblem, match=r"epoch 1/3, step 3: the loss is nan; try a smaller"):
        run(model, optimizer, criterion=criterion)
    assert weights_of(model).isfinite().all()


def test_a_tweet_of_padding_only_is_what_a_bad_loss_is_blamed_on():
    tweets = make_tweets(8)
    tweets[2]["attention_mask"] = torch.zeros(TOKENS, dtype=torch.int64)

    class DividesByLength(CountsWords):
        def forward(self, input_ids, attention_mask):
            return super().forward(input_ids, attention_mask) / attention_mask.sum(1, keepdim=True)

    with pytest.raises(DataProblem, match="an attention_mask of zeros only"):
        run(*make_run(DividesByLength), DataLoader(tweets, batch_size=8))


class ForgetsAxis(CountsWords):
    def forward(self, input_ids, attention_mask):
        return super().forward(input_ids, attention_mask)[:, 0]


class Detaches(CountsWords):
    def forward(self, input_ids, attention_mask):
        return super().forward(input_ids, attention_mask).detach()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (ForgetsAxis, r"logits of shape \(8, n_classes\).* gave \(8,\)"),
        (Detaches, "the loss depends on no weight that can be trained"),
    ],
)
def test_a_model_with_a_fault_is_told_which(kind, message):
    with pytest.raises(DataProblem, match=message):
        run(*make_run(kind))


def test_an_optimizer_of_an_earlier_model_is_refused():
    _, optimizer = make_run()
    with pytest.raises(DataProblem, match="none of this model's weights"):
        run(make_run()[0], optimizer)


def test_batches_that_are_no_dicts_are_refused():
    with pytest.raises(DataProblem, match="a dict with input_ids.* this is a tuple"):
        run(*make_run(), [(torch.zeros(1, 2), torch.zeros(1))])
    with pytest.raises(DataProblem, match="this is a dict with input_ids"):
        run(*make_run(), [{"input_ids": torch.zeros(1, 2)}])


def test_a_loss_for_each_tweet_is_refused():
    with pytest.raises(DataProblem, match="reduction='mean'"):
        run(*make_run(), criterion=nn.CrossEntropyLoss(reduction="none"))
