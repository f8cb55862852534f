"""One batch through a model, and how good a model is on many.

Runs in a notebook or a script, on any device of torch. It serves both models of the exercise: the
one written from scratch, called as `model(input_ids, attention_mask)` and giving logits, and with
`finetuning=True` Hugging Face's `BertForSequenceClassification`, called by keyword and giving an
object with `.logits`.

A batch is a dict of `input_ids` (B, T), `attention_mask` (B, T) and `labels` (B,), all int64.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm  # type: ignore[import-untyped]

from data_utils.errors import DataProblem

Batch = Mapping[str, Tensor]
Criterion = Callable[[Tensor, Tensor], Tensor]


class Score(NamedTuple):
    """Mean loss per tweet, and the share of tweets labelled right (0 to 1)."""

    loss: float
    accuracy: float


def evaluate(
    model: nn.Module,
    loader: Iterable[Batch],
    criterion: Criterion,
    device: str | torch.device,
    finetuning: bool = False,
    *,
    mixed_precision: bool | None = None,
    progress: bool = False,
) -> Score:
    """Return mean loss and accuracy of `model` over all tweets of `loader`: `(loss, accuracy)`.

    Without dropout and without gradients; afterwards the model is in the mode it was in before, on
    `device`. The arguments are those of `train`, and so are the errors.

    Every tweet counts the same. Averaging the batches' means instead, as is often seen, counts each
    tweet of a small last batch more: with batches of 64 and 1 tweets, that 1 tweet weighs as much
    as the 64 together, and the result changes with the batch size.
    """
    device = torch.device(device)
    model.to(device)
    refuse_empty(loader, "the loader")
    precision = choose_precision(device, mixed_precision)
    forward = ForwardPass(model, criterion, device, finetuning, precision)
    return score(forward, loader, "evaluation", progress)


def score(forward: ForwardPass, loader: Iterable[Batch], name: str, progress: bool) -> Score:
    """Do what `evaluate` does; `name` stands at the progress bar and in messages."""
    was_training = forward.model.training
    forward.model.eval()
    tally = Tally(forward.criterion)
    try:
        # Not inference_mode: a model that keeps a tensor from here could not train with it later.
        with torch.no_grad():
            for step, batch in enumerate(watch(loader, name, progress), 1):
                loss, logits, labels = forward(batch, f"{name}, batch {step}")
                tally.add(loss, logits, labels)
    finally:
        forward.model.train(was_training)
    return tally.score(name)


@dataclass(frozen=True)
class ForwardPass:
    """Everything it takes to get from a batch to its loss."""

    model: nn.Module
    criterion: Criterion
    device: torch.device  # the model is there already
    finetuning: bool
    precision: torch.dtype  # of matrix products; float32 is no mixed precision at all

    def __call__(self, batch: Batch, where: str) -> tuple[Tensor, Tensor, Tensor]:
        """Return loss (), logits (B, n_classes) and labels (B,), all on the device.

        The loss is finite and the labels fit the logits; otherwise DataProblem says what is wrong,
        with `where` (epoch and step) in front where the step matters.
        """
        try:
            ids, mask, labels = (batch[k] for k in ("input_ids", "attention_mask", "labels"))
        except (KeyError, TypeError, IndexError) as error:
            raise DataProblem(
                "a batch should be a dict with input_ids, attention_mask and labels, and this is "
                f"a {_describe(batch)}"
            ) from error
        logits = self._run_model(ids, mask)
        _check_logits(logits, labels)
        if logits.dtype in {torch.float16, torch.bfloat16}:
            # The loss takes logarithms of sums, which need float32's digits.
            logits = logits.float()
        labels = labels.to(self.device, non_blocking=True)
        loss = self.criterion(logits, labels)
        _check_loss(loss, mask, where)
        return loss, logits, labels

    def _run_model(self, ids: Tensor, mask: Tensor) -> Tensor:
        ids = ids.to(self.device, non_blocking=True)
        mask = mask.to(self.device, non_blocking=True)
        mixed = self.precision is not torch.float32
        with torch.autocast(self.device.type, self.precision if mixed else None, enabled=mixed):
            return run_model(self.model, ids, mask, self.finetuning)


def run_model(model: nn.Module, ids: Tensor, mask: Tensor, finetuning: bool) -> Tensor:
    """Return either kind of model's logits; ids and mask (B, T) are where the model is."""
    if finetuning:
        out = model(input_ids=ids, attention_mask=mask)
    else:
        out = model(ids, mask)
    logits = getattr(out, "logits", None) if finetuning else out
    if isinstance(logits, Tensor):
        return logits
    raise DataProblem(
        f"the model gave a {type(out).__name__} where logits were expected: finetuning=True is "
        "for Hugging Face's BertForSequenceClassification, False for your own model"
    )


class Tally:
    """Sums over tweets, so that every tweet counts the same; see `evaluate`."""

    def __init__(self, criterion: Criterion) -> None:
        self.sums_already = getattr(criterion, "reduction", "mean") == "sum"
        self.tweets = 0
        self.right = 0
        self.loss = 0.0

    def add(self, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        """Count one batch: its loss (), logits (B, n_classes) and labels (B,)."""
        self.tweets += len(labels)
        self.right += int((logits.argmax(dim=1) == labels).sum())
        self.loss += loss.item() * (1 if self.sums_already else len(labels))

    def score(self, name: str) -> Score:
        """Return the means so far; DataProblem if nothing was counted."""
        if not self.tweets:
            raise DataProblem(f"{name}: the loader gave no batch, so there is nothing to count")
        return Score(self.loss / self.tweets, self.right / self.tweets)


def watch(loader: Iterable[Batch], name: str, progress: bool) -> Iterator[Batch]:
    """Give the loader's batches behind a progress bar that goes away when they are through."""
    # The bar is moved by hand: given the loader, tqdm.auto opens an iterator of its own besides,
    # which starts workers and draws random numbers.
    total = len(loader) if isinstance(loader, Sized) else None
    settings = {"desc": name, "unit": "batch", "leave": False, "disable": not progress}
    with tqdm(total=total, **settings) as bar:
        for batch in loader:
            yield batch
            bar.update()


def choose_precision(device: torch.device, mixed_precision: bool | None) -> torch.dtype:
    """Return the type of matrix products: float32 unless on CUDA and not switched off."""
    if device.type != "cuda" or mixed_precision is False:
        return torch.float32
    # Older GPUs emulate bfloat16, slower than float32; float16 they compute fast.
    supported = torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if supported else torch.float16


def refuse_empty(loader: Iterable[Batch], name: str) -> None:
    """Raise DataProblem if the loader knows that it has no batches."""
    # A loader that does not know its length shows that it is empty when it is read.
    if isinstance(loader, Sized) and len(loader) == 0:
        raise DataProblem(
            f"{name} has no batches: there are no tweets in it, or fewer than a batch with "
            "drop_last=True"
        )


def _describe(batch: object) -> str:
    if isinstance(batch, Mapping):
        return f"{type(batch).__name__} with {', '.join(map(str, batch)) or 'nothing in it'}"
    return type(batch).__name__


def _check_logits(logits: Tensor, labels: Tensor) -> None:
    if logits.dim() != 2 or len(logits) != len(labels):
        raise DataProblem(
            f"the model should give logits of shape ({len(labels)}, n_classes), one row for each "
            f"tweet, and gave {tuple(logits.shape)}"
        )
    # Checked here because on a GPU a wrong label ends in an assertion that kills the whole session.
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest < 0 or highest >= logits.shape[1]:
        raise DataProblem(
            f"there is a label {lowest if lowest < 0 else highest}, but the model's "
            f"{logits.shape[1]} logits are for the labels 0 to {logits.shape[1] - 1}: number the "
            "classes from 0 (Sentiment-140 writes 4 for positive) or make the model with more"
        )


def _check_loss(loss: Tensor, mask: Tensor, where: str) -> None:
    if loss.dim() != 0:
        raise DataProblem(
            f"the criterion should give one number for a batch and gave shape "
            f"{tuple(loss.shape)}: make it with reduction='mean'"
        )
    if math.isfinite(loss.item()):
        return
    if not mask.any(dim=1).all():
        advice = "a tweet of this batch has an attention_mask of zeros only"
    else:
        advice = (
            "try a smaller learning rate, clip_norm=1.0 or (on a GPU) mixed_precision=False, and "
            "see whether the weights are finite"
        )
    raise DataProblem(f"{where}: the loss is {loss.item()}; {advice}")
