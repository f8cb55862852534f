"""A world in which float32 means float64: for layers that name the type they compute in.

Runs inside the sandbox, next to student code. Layers are compared in float64, since rounding hides
small faults in float32. One that says ``.float()`` or ``dtype=torch.float32`` is right in float32,
which it was written for, and fails in float64; here it computes the same in the wider type.
"""

from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

_float, _double = Tensor.float, Tensor.double
_NARROW, _WIDE = torch.float32, torch.float64


class Widening(TorchFunctionMode):
    """While it is entered, whoever asks torch for float32 gets float64."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func is _float:
            return _double(*args)
        given = {name: _widen(value) for name, value in (kwargs or {}).items()}
        return func(*map(_widen, args), **given)


def _widen(value: Any) -> Any:
    return _WIDE if value is _NARROW else value
