"""Train a submission's classifier and predict: the sandbox's half of the training check.

Runs inside the sandbox, next to student code, and imports only torch. Whoever trains is given
training labels, and gives back weights; with these another process predicts, which never saw a
label. The trusted side runs the same functions on the reference, so both meet the same loop.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

# Adam's steps are scale-free, so the cap only tames the first steps and the odd loud batch.
GRADIENT_NORM_MAX = 1.0

# Whole test set in a few forward passes, without the activations of all of it at once.
TEST_ROWS_PER_PASS = 512


def train(
    model: nn.Module,
    *,
    train_ids: Tensor,  # (N, T) int64
    train_mask: Tensor,  # (N, T) int64, 1 for a token and 0 for padding
    train_labels: Tensor,  # (N,) int64
    batch_order: Tensor,  # (steps, batch) int64, the rows each step trains on
    learning_rate: float,
    weight_decay: float,
    warmup_steps: int,
    device: str,
    autocast_bf16: bool = False,
) -> None:
    """Train `model` in place on the given batches; it is left on `device`.

    The model arrives with its initial weights set. The rate climbs linearly over `warmup_steps`,
    then falls linearly towards zero at the last step. A model of which nothing can be trained is
    not an error: it stays as it is. On a CPU with one thread, equal arguments give equal weights.
    """
    # A correct model draws nothing here (dropout is 0); a model that does draws the same each run.
    torch.manual_seed(0)
    model.to(device)
    train_ids, train_mask, train_labels = (
        value.to(device) for value in (train_ids, train_mask, train_labels)
    )
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not parameters:
        return
    model.train()
    # The fused step costs a third of the looped one for a model this small.
    optimizer = torch.optim.AdamW(
        parameters, lr=learning_rate, weight_decay=weight_decay, fused=True
    )
    steps = len(batch_order)
    # Each batch is cut to its own longest tweet; the cuts are known before the loop, so that a GPU
    # is never asked for one in the middle of it.
    tokens_per_step = train_mask.cpu().sum(dim=1)[batch_order].amax(dim=1).tolist()
    batch_order = batch_order.to(train_ids.device)
    for step in range(steps):
        rows, tokens = batch_order[step], tokens_per_step[step]
        climb = min(1.0, (step + 1) / max(1, warmup_steps))
        fall = (steps - step) / max(1, steps - warmup_steps)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * min(climb, fall)
        with _autocast(train_ids.device, autocast_bf16):
            logits = model(train_ids[rows, :tokens], train_mask[rows, :tokens])
        loss = functional.cross_entropy(logits.float(), train_labels[rows])
        if not loss.requires_grad:
            return
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(parameters, GRADIENT_NORM_MAX)
        optimizer.step()


def predict(
    model: nn.Module,
    *,
    test_ids: Tensor,  # (M, T) int64
    test_mask: Tensor,  # (M, T) int64
    device: str,
    autocast_bf16: bool = False,
) -> Tensor:
    """Return the logits of a model in evaluation mode, (M, n_classes), float32 on the CPU."""
    model.to(device).eval()
    ids, mask = test_ids.to(device), test_mask.to(device)
    passes: list[Tensor] = []
    with torch.no_grad(), _autocast(ids.device, autocast_bf16):
        for first in range(0, len(ids), TEST_ROWS_PER_PASS):
            rows = slice(first, first + TEST_ROWS_PER_PASS)
            tokens = int(mask[rows].sum(dim=1).max())
            passes.append(model(ids[rows, :tokens], mask[rows, :tokens]).float().cpu())
    return torch.cat(passes)


def train_and_predict(
    model: nn.Module, *, test_ids: Tensor, test_mask: Tensor, device: str,
    autocast_bf16: bool = False, **training: Any,
) -> Tensor:  # fmt: skip
    """Train `model` and return its logits for the test rows; arguments as above."""
    train(model, device=device, autocast_bf16=autocast_bf16, **training)
    return predict(
        model, test_ids=test_ids, test_mask=test_mask, device=device, autocast_bf16=autocast_bf16
    )


def _autocast(device: torch.device, enabled: bool) -> torch.autocast:
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=enabled)
