"""The training loop of the exercise: train, keep the best weights, go on after a break.

Runs in a notebook or a script, on any device of torch. Which models and batches it takes is told in
`evaluation.py`; what it writes to disk in `checkpoints.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from tqdm.auto import tqdm  # type: ignore[import-untyped]

from data_utils.checkpoints import (
    Best,
    RunState,
    find_generators,
    last_state_path,
    load_best,
    save_best,
)
from data_utils.errors import DataProblem
from data_utils.evaluation import (
    Batch,
    Criterion,
    ForwardPass,
    Score,
    Tally,
    choose_precision,
    evaluate,
    refuse_empty,
    score,
    watch,
)
from data_utils.history import History

__all__ = ["Best", "History", "Score", "evaluate", "load_best", "train"]


def train(
    model: nn.Module,
    train_loader: Iterable[Batch],
    val_loader: Iterable[Batch],
    optimizer: Optimizer,
    criterion: Criterion,
    device: str | torch.device,
    num_epochs: int,
    finetuning: bool = False,
    *,
    scheduler: LRScheduler | None = None,
    clip_norm: float | None = None,
    seed: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    mixed_precision: bool | None = None,
    progress: bool = True,
) -> History:
    """Train `model` in place for `num_epochs` epochs, with a validation after each.

    Arguments:
        model: moved to `device`; on return it holds the last weights, not the best, in eval mode.
        train_loader: gives dicts of input_ids, attention_mask and labels, anew for every epoch. One
            that counts its epochs from 0 in `epoch`, as LengthBatches does, is told which it is.
        val_loader: likewise, other tweets.
        optimizer: made from this model's parameters.
        criterion: takes logits (B, n_classes) in float32 and labels (B,), gives the batch's loss:
            `nn.CrossEntropyLoss()`.
        device: "cpu", "cuda", ...
        num_epochs: counted from the first epoch ever, also when resuming.
        finetuning: the model is Hugging Face's BertForSequenceClassification.
        scheduler: its `step()` is called after every optimizer step, as schedules with a warm-up
            want it; a ReduceLROnPlateau gets the validation loss after every epoch.
        clip_norm: the largest norm of all gradients together; None leaves them as they are.
        seed: seeds torch, and the loaders' own generators, before the first epoch; dropout and the
            order of tweets are then the same in every run. (Initial weights are drawn before: seed
            torch yourself before you make the model. GPUs add up in varying order all the same.)
        checkpoint: a file for the weights with the lowest validation loss, for `load_best`. Beside
            it lies the last state (`bert.last.pt` for `bert.pt`), for `resume`. Both are written
            over without asking unless `resume` is set.
        resume: go on after the last finished epoch of an earlier run with the same `checkpoint` and
            the same other arguments, to the same result as if it had never stopped (exactly so on
            the CPU). Without an earlier run it begins at the beginning and says so.
        mixed_precision: None uses it on CUDA only: bfloat16 where the GPU computes in it, otherwise
            float16 with a scaled loss. The CPU computes in float32 either way.
        progress: False shows no bars and no lines.

    Returns a History. Stopping the run by hand (Ctrl-C, or the notebook's stop button) is no error:
    the epochs so far are returned, `interrupted` is set, and a line says so.

    Raises DataProblem, in one sentence, for a loader without batches, labels the model has no
    logit for, a loss that is not finite, and a checkpoint that does not fit.
    """
    device = torch.device(device)
    model.to(device)
    _check_arguments(model, train_loader, val_loader, optimizer, checkpoint, resume)
    precision = choose_precision(device, mixed_precision)
    forward = ForwardPass(model, criterion, device, finetuning, precision)
    scaler = torch.amp.GradScaler(device.type, enabled=precision is torch.float16)
    generators = find_generators([train_loader, val_loader])
    if seed is not None:
        torch.manual_seed(seed)
        for generator in generators:
            generator.manual_seed(seed)

    history = History()
    state = RunState(model, optimizer, scheduler, scaler, generators, history)
    if checkpoint is not None:
        _begin_or_resume(state, checkpoint, resume, progress)
    try:
        for epoch in range(history.epochs + 1, num_epochs + 1):
            name = f"{epoch}/{num_epochs}"
            if hasattr(train_loader, "epoch"):
                # Also after an epoch left half-way, and in a loader an earlier run has used.
                train_loader.epoch = epoch - 1
            batches = watch(train_loader, f"epoch {name}", progress)
            train_score = _train_one_epoch(state, forward, batches, f"epoch {name}", clip_norm)
            val_score = score(forward, val_loader, f"validation {name}", progress)
            is_best = val_score.loss < history.best_val_loss
            if isinstance(scheduler, ReduceLROnPlateau):
                scheduler.step(val_score.loss)
            history.add(*train_score, *val_score)
            if checkpoint is not None:
                # The best first: if the second write never happens, resuming repeats this epoch and
                # writes the same best again.
                if is_best:
                    save_best(checkpoint, model, Best(epoch, val_score.loss))
                state.save(last_state_path(checkpoint))
            if progress:
                tqdm.write(history.describe_epoch(epoch) + (" (best so far)" if is_best else ""))
    except KeyboardInterrupt:
        history.interrupted = True
        tqdm.write(_describe_interruption(history, num_epochs, checkpoint))
    model.eval()
    return history


def _train_one_epoch(
    state: RunState,
    forward: ForwardPass,
    batches: Iterable[Batch],
    name: str,
    clip_norm: float | None,
) -> Score:
    model, optimizer, scheduler = state.model, state.optimizer, state.scheduler
    scaler = state.scaler
    model.train()
    tally = Tally(forward.criterion)
    for step, batch in enumerate(batches, 1):
        optimizer.zero_grad()
        loss, logits, labels = forward(batch, f"{name}, step {step}")
        if not loss.requires_grad:
            raise DataProblem(
                f"{name}, step {step}: the loss depends on no weight that can be trained: all are "
                "frozen, or the model cuts the gradient (detach, no_grad)"
            )
        torch.autograd.backward(scaler.scale(loss))
        if clip_norm is not None:
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
        scale = scaler.get_scale()
        scaler.step(optimizer)
        scaler.update()
        # A smaller scale means that float16 overflowed and the step was left out: the schedule
        # then waits too.
        stepped = scaler.get_scale() >= scale
        if scheduler is not None and stepped and not isinstance(scheduler, ReduceLROnPlateau):
            scheduler.step()
        tally.add(loss.detach(), logits.detach(), labels)
    return tally.score(name)


def _check_arguments(
    model: nn.Module,
    train_loader: Iterable[Batch],
    val_loader: Iterable[Batch],
    optimizer: Optimizer,
    checkpoint: str | os.PathLike[str] | None,
    resume: bool,
) -> None:
    refuse_empty(train_loader, "train_loader")
    refuse_empty(val_loader, "val_loader")
    if resume and checkpoint is None:
        raise DataProblem("resume=True needs checkpoint=, the file the earlier run was given")
    own = {id(weight) for weight in model.parameters()}
    if not any(id(weight) in own for group in optimizer.param_groups for weight in group["params"]):
        raise DataProblem(
            "the optimizer holds none of this model's weights: make it anew, from "
            "model.parameters(), whenever you make the model anew"
        )


def _begin_or_resume(
    state: RunState, checkpoint: str | os.PathLike[str], resume: bool, progress: bool
) -> None:
    last = last_state_path(checkpoint)
    if resume and last.is_file():
        state.restore(last)
        if progress:
            tqdm.write(f"going on after epoch {state.history.epochs}, from {last}")
        return
    if resume:
        tqdm.write(f"there is no {last}: starting at epoch 1")
    # So that a run stopped in its first epoch also resumes from weights it has not yet changed.
    state.save(last)


def _describe_interruption(
    history: History, num_epochs: int, checkpoint: str | os.PathLike[str] | None
) -> str:
    text = f"stopped by hand in epoch {history.epochs + 1} of {num_epochs}; "
    text += f"finished epochs: {history.epochs}"
    return text if checkpoint is None else text + "; resume=True goes on from there"
