"""Ask a trained model about a tweet, or about many.

Runs in a notebook or a script, on any device of torch, with either model of the exercise (see
`evaluation.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import torch
from torch import Tensor, nn

from data_utils.errors import DataProblem
from data_utils.evaluation import run_model
from data_utils.tokenisation import preprocess

NAMES = ("negative", "positive")  # by label

# Enough to keep a GPU busy, few enough for a laptop with BERT's full size.
TWEETS_PER_PASS = 32


@dataclass(frozen=True)
class Verdict:
    """What a model says about one tweet; printed as "positive (98.3 %)"."""

    label: int  # 0 negative, 1 positive
    name: str
    probability: float  # the model's own, of this label: between 1 / n_classes and 1

    def __str__(self) -> str:
        return f"{self.name} ({self.probability:.1%})".replace("%", " %")


@overload
def classify_tweet(
    tweet: str,
    model: nn.Module,
    tokenizer: Any,
    device: str | torch.device | None = None,
    finetuning: bool = False,
    *,
    max_length: int = 128,
) -> Verdict: ...


@overload
def classify_tweet(
    tweet: Sequence[str],
    model: nn.Module,
    tokenizer: Any,
    device: str | torch.device | None = None,
    finetuning: bool = False,
    *,
    max_length: int = 128,
) -> list[Verdict]: ...


def classify_tweet(
    tweet: str | Sequence[str],
    model: nn.Module,
    tokenizer: Any,
    device: str | torch.device | None = None,
    finetuning: bool = False,
    *,
    max_length: int = 128,
) -> Verdict | list[Verdict]:
    """Return the model's Verdict on a tweet, or a list of them for a list of tweets.

    Arguments:
        tweet: one text, or several.
        model: a trained classifier; afterwards it is in the mode it was in before.
        tokenizer: the one the model was trained with.
        device: where to compute; the model is moved there. None: where the model is.
        finetuning: the model is Hugging Face's BertForSequenceClassification.
        max_length: in tokens; the rest of a longer tweet is not read.

    Raises DataProblem when the model's answer is not one finite score per class for each tweet. A
    probability is how sure the model is, which is not how often it is right.
    """
    tweets = [tweet] if isinstance(tweet, str) else list(tweet)
    for text in tweets:
        if not isinstance(text, str):
            raise DataProblem(f"a tweet should be a str, and {text!r} is a {type(text).__name__}")
    if device is None:
        device = next((weight.device for weight in model.parameters()), torch.device("cpu"))
    model.to(device)
    was_training = model.training
    model.eval()
    try:
        verdicts = [
            verdict
            for start in range(0, len(tweets), TWEETS_PER_PASS)
            for verdict in _judge(
                preprocess(tweets[start : start + TWEETS_PER_PASS], tokenizer, max_length),
                model,
                torch.device(device),
                finetuning,
            )
        ]
    finally:
        model.train(was_training)
    return verdicts[0] if isinstance(tweet, str) else verdicts


def _judge(
    tokens: dict[str, Tensor], model: nn.Module, device: torch.device, finetuning: bool
) -> list[Verdict]:
    ids, mask = tokens["input_ids"].to(device), tokens["attention_mask"].to(device)
    with torch.no_grad():
        logits = run_model(model, ids, mask, finetuning)
    if logits.dim() != 2 or len(logits) != len(ids) or not logits.isfinite().all():
        raise DataProblem(
            f"the model should give finite logits of shape ({len(ids)}, n_classes), and gave shape "
            f"{tuple(logits.shape)}, {'all' if logits.isfinite().all() else 'not all'} finite"
        )
    probabilities = torch.softmax(logits.float(), dim=1)
    best, labels = probabilities.max(dim=1)
    return [
        Verdict(label, _name(label, logits.shape[1]), probability)
        for label, probability in zip(labels.tolist(), best.tolist(), strict=True)
    ]


def _name(label: int, n_classes: int) -> str:
    return NAMES[label] if n_classes == len(NAMES) else f"class {label}"
