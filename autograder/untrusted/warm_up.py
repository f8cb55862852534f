"""What the template does before it forks: import and touch what workers will need.

Runs inside the sandbox, before any student code.
"""

import contextlib
import copy
import importlib
import sys

import torch
from torch import nn

from autograder.boundary.tensors import pack_tensors, unpack_tensors
from autograder.untrusted import common_ground


def warm_up(*, trains: bool) -> None:
    """Touch what workers will need, so that each fork finds it imported; ``trains``: to train.

    Uses one thread and opens no parallel region: a process that has may not be forked.
    """
    torch.set_num_threads(1)
    with contextlib.suppress(RuntimeError):
        torch.set_num_interop_threads(1)
    layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
    layer(torch.zeros(2, 3, 4)).sum().backward()
    torch.nn.utils.clip_grad_norm_(layer.parameters(), 1.0)
    if trains:  # the first optimizer of a process takes as long to make as torch to import
        torch.optim.AdamW(layer.parameters(), lr=1e-3).step()
    unpack_tensors(pack_tensors({"x": torch.zeros(1)}))
    for dtype in (torch.float32, torch.float64):
        _touch_operations(dtype)
    sys.setrecursionlimit(1000)
    common_ground.remember()


def import_compiler() -> bool:
    """Import torch's compiler: torch.utils.checkpoint asks it for a setting, at the first call.

    It takes seconds, and few submissions need it. Returns whether it was not there already.
    """
    if "torch._dynamo" in sys.modules:
        return False
    with contextlib.suppress(Exception):  # a release that has none, say: then nobody needs it
        importlib.import_module("torch._dynamo")
    return True


def _touch_operations(dtype: torch.dtype) -> None:
    """Run what layers are made of once: the first call of each costs every fork anew."""
    table, layer_norm = nn.Embedding(5, 4).to(dtype), nn.LayerNorm(4).to(dtype)
    linear, functional = nn.Linear(4, 4).to(dtype), nn.functional
    emb = layer_norm(table(torch.tensor([[1, 2, 3]])))
    query = linear(emb).view(1, 3, 2, 2).transpose(1, 2)
    scores = (query @ query.transpose(-2, -1)).masked_fill(torch.eye(3).bool(), -1e4)
    mixed = (functional.dropout(scores.softmax(-1), 0.5) @ query).transpose(1, 2).flatten(2)
    functional.scaled_dot_product_attention(query, query, query)
    output = torch.tanh(functional.gelu(mixed + emb))
    torch.autograd.grad(output.sum(), list(linear.parameters()))
    copy.deepcopy(linear.state_dict())
