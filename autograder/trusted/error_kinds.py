"""Tell what kind of trouble an error's text speaks of, however it came about.

Runs on the trusted side, on texts that are claims by the worker.
"""

import re

from autograder.trusted.outcomes import Fault

_TYPES_MEET = (
    r"(must|to) have the same dtype|expected (parameter to have )?scalar type|expect parameter to "
    r"have scalar type|mixed dtype|but found (Double|Float)|dtypes? match"
)
# What an error's text tells by itself. Each names a rule of advice.
TROUBLES = {
    "bool_arithmetic": r"with (?:a|two) bool tensors?|Negation, the `-` operator, on a bool",
    "mask_not_bool": r"(?:masked_fill|where).*(?:bool|condition)|only supports boolean masks",
    "truth_of_a_tensor": r"Boolean value of Tensor with",
    "missing_argument": r"missing \d+ required (positional|keyword-only)|\(\) is missing ",
    "no_gpu": r"not compiled with CUDA|No CUDA GPUs|no NVIDIA driver|CUDA driver|MPS backend|"
    r"not linked with support for mps|Cannot access accelerator",
    "unpacking": r"too many values to unpack \(expected (\d+)|"
    r"not enough values to unpack \(expected (?:at least )?(\d+), got (\d+)",
    "wrong_dtype": _TYPES_MEET,
    "view_refused": r"view size is not compatible",
    "bad_reshape": r"shape '\[(.+?)\]' is invalid for input of size (\d+)",
    "shapes_differ": r"size of tensor a|mat1 and mat2 shapes|Sizes of tensors must match|"
    r"expanded size|not broadcastable|must match the size|Expected size for first two dimensions|"
    r"Given normalized_shape|same number of dimensions|inconsistent tensor size|"
    r"shapes cannot be multiplied|does not broadcast with previously seen size",
    "in_place": r"in-?place operation",
}


def name_trouble(kind: str, text: str) -> str:
    """Return what kind of trouble an error tells of, however it came about; '' if unknown."""
    if "NoneType" in text:
        return "none"
    found = (name for name, pattern in TROUBLES.items() if re.search(pattern, text))
    name = next(found, "index_out_of_range" if kind == "IndexError" else "")
    # What does not fit shows in a reshape or in an operation, as one writes.
    return "shapes" if name in ("bad_reshape", "shapes_differ") else name


def names_its_type(fault: Fault) -> bool:
    """Whether two tensors of different number types have met."""
    return name_trouble(fault.kind, fault.text) == "wrong_dtype"
