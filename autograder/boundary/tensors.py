"""Tensors as bytes: a dtype, a shape and the values, in the safetensors format.

Runs on both sides. Nothing is unpickled; safetensors checks every length before it reads. The
values arrive as plain ``torch.Tensor``, whatever subclass the sender had.
"""

from collections.abc import Mapping

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor


class BadTensors(Exception):
    """The bytes received hold no readable tensors."""


def pack_tensors(tensors: Mapping[str, Tensor]) -> bytes:
    """Return the bytes of named tensors; strided views and shared storage are copied out."""
    if not tensors:
        return b""
    with torch.no_grad():
        plain = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    return save(plain)


def unpack_tensors(payload: bytes) -> dict[str, Tensor]:
    """Return the named tensors in ``payload``, or raise BadTensors."""
    if not payload:
        return {}
    try:
        return load(payload)
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError, MemoryError) as error:
        raise BadTensors(f"the tensors received are not readable: {type(error).__name__}") from None
