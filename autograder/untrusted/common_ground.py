"""What all layers asked in one process share: torch itself, and whether it is as it was imported.

Runs inside the sandbox. A module that exchanges a function of torch's, sets its default dtype or
leaves a hook for every module would change what the next layer computes, for better or worse. What
means to do so shows in the text (see ``reach``), and is never asked beside others; what does so all
the same is found out here when the next layer is loaded, which is asked alone instead.
"""

import math
import operator
import sys
from types import ModuleType
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as module_base

# All that layers are made of: torch.nn, its modules, the classes in them.
_MODULES = [module for name, module in sys.modules.items() if name.startswith("torch.nn")]
_LAYERS = [kind for kind in vars(nn).values() if isinstance(kind, type)]
_PLACES: list[ModuleType | type] = [
    torch, torch.Tensor, torch.autograd, math, *_MODULES, *_LAYERS,
]  # fmt: skip
_HOOKS = [
    hooks
    for name, hooks in vars(module_base).items()
    if name.startswith("_global_") and isinstance(hooks, dict)
]
_as_imported: list[tuple[ModuleType | type, dict[str, Any]]] = []
_DTYPE = torch.get_default_dtype()


def remember() -> None:
    """Take what torch is now for how it is to be.

    Called in the template, before it forks: a copy of its own would cost every worker some memory.
    """
    _as_imported[:] = [(place, dict(vars(place))) for place in _PLACES]


def is_untouched() -> bool:
    """Whether torch and its settings are as they were before any student code ran."""
    if any(_HOOKS) or torch.get_default_dtype() != _DTYPE or not torch.is_grad_enabled():
        return False
    return not any(_is_changed(place, before) for place, before in _as_imported)


def _is_changed(place: ModuleType | type, before: dict[str, Any]) -> bool:
    now = vars(place)
    # What a class gets besides stands in front of what it inherits; a module imports more, lazily.
    if isinstance(place, type) and len(now) != len(before):
        return True
    return not all(map(operator.is_, map(now.get, before), before.values()))
