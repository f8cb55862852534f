"""Tensors as bytes: a dtype, a shape and the values, in the safetensors format.

Runs on both sides. Nothing is unpickled; what arrives is read by the safetensors library, which
checks every length before it reads. What is sent is written here: a grading run sends hundreds of
small messages, and the library's writer takes four times as long for one. The values arrive as
plain ``torch.Tensor``, whatever subclass the sender had.
"""

import json
import struct
from collections.abc import Mapping

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

# By the format's names: all that an output, a gradient, an input or a mask is made of.
_DTYPES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8",
    torch.uint8: "U8", torch.bool: "BOOL",
}  # fmt: skip
# No layer's tensors have so many. What torch does with one of thousands takes the square of that.
AXES_MAX = 16
# Read, a table of contents takes up to a hundred times its bytes.
_HEADER_BYTES_MAX = 2**20
_LENGTH = struct.Struct("<Q")
_encode = json.JSONEncoder(separators=(",", ":")).encode
_ALIGNMENT_BYTES = 8


class BadTensors(Exception):
    """The bytes received hold no readable tensors."""


def pack_tensors(tensors: Mapping[str, Tensor]) -> bytes:
    """Return the bytes of named tensors; those of a dtype that is not carried are left out."""
    if not tensors:
        return b""
    header: dict[str, object] = {}
    parts: list[bytes] = []
    end = 0
    for name, value in tensors.items():
        if value.dtype not in _DTYPES:
            continue
        data = bytes_of(value)
        begin, end = end, end + len(data)
        header[name] = {
            "dtype": _DTYPES[value.dtype], "shape": value.shape, "data_offsets": (begin, end),
        }  # fmt: skip
        parts.append(data)
    text = _encode(header).encode()
    text += b" " * (-len(text) % _ALIGNMENT_BYTES)
    return b"".join([_LENGTH.pack(len(text)), text, *parts])


def bytes_of(value: Tensor) -> bytes:
    """Return the values of a tensor, wherever it lies, one after the other."""
    # numpy has no bfloat16: its two bytes are taken as those of an integer.
    plain = value.view(torch.int16) if value.dtype == torch.bfloat16 else value
    data: bytes = plain.numpy(force=True).tobytes()
    return data


def unpack_tensors(payload: bytes) -> dict[str, Tensor]:
    """Return the named tensors in ``payload``, or raise BadTensors."""
    if not payload:
        return {}
    if int.from_bytes(payload[: _LENGTH.size], "little") > _HEADER_BYTES_MAX:
        raise BadTensors("the tensors received have too long a table of contents")
    try:
        tensors = load(payload)
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError, MemoryError) as error:
        raise BadTensors(f"the tensors received are not readable: {type(error).__name__}") from None
    if any(value.dim() > AXES_MAX for value in tensors.values()):
        raise BadTensors(f"a tensor received has more than {AXES_MAX} axes")
    return tensors
