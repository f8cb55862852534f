"""Advice on errors that tensors raise: of types, shapes, axes and places to write to.

Runs on the trusted side, on texts that are claims by the worker. Never says which line to type.
"""

from collections.abc import Callable

from autograder.trusted.error_kinds import TROUBLES
from autograder.trusted.situation import Situation

OTHER_DTYPE = (
    "Two tensors of different number types meet. Something in the layer fixes a type (.float() "
    "or a tensor made with torch.zeros, where, arange or tensor inside forward, which is "
    "float32 or int64), while inputs and weights may be float64 as well as float32. Whatever is "
    "made in forward should take its dtype and device from the tensors it meets."
)


def _wrong_dtype(_: Situation) -> str:
    return OTHER_DTYPE


def _bool_arithmetic(_: Situation) -> str:
    return (
        "Arithmetic with a mask of booleans: PyTorch does not subtract those. The mask may come as "
        "integers, floats or booleans; a comparison works for all three."
    )


def _mask_not_bool(_: Situation) -> str:
    return (
        "A mask that is not boolean is used as a condition. The mask may come as integers, floats "
        "or booleans; a comparison turns each of them into booleans."
    )


def _no_gpu(s: Situation) -> str:
    where = f" in «{s.code}»" if s.code else ""
    return (
        f"Something is moved to a GPU by name{where}, with .cuda() or a device written down, and "
        "here there is none. A layer goes where it is put: what forward makes belongs on the "
        "device of its input, wherever that is."
    )


def _truth_of_a_tensor(_: Situation) -> str:
    return (
        "A tensor of several numbers stands where Python wants one yes or no, as after if, and, or "
        "not. Whether there is a mask is one question; what the mask holds, number by number, is "
        "another."
    )


def _unpacking(s: Situation) -> str | None:
    found = s.match(TROUBLES["unpacking"])
    if not found:
        return None
    which = f" The tensors of that line: {s.tensors}." if s.tensors else ""
    if found[1]:
        return (
            f"Something is taken apart into {found[1]} names and holds more. Each layer of this "
            f"exercise gives one tensor, not several things; and what is taken apart of a tensor "
            f"is its first axis.{which}"
        )
    return (
        f"Something is taken apart into {found[2]} names and has only {found[3]} parts. If it is a "
        "shape, the tensor has fewer axes than you expect: write down its letters, and see whether "
        f"it is the tensor you mean.{which}"
    )


def _view_refused(_: Situation) -> str:
    return (
        "view cannot join axes that are not next to each other in memory, as after transpose or "
        "permute. Read the documentation of torch.Tensor.contiguous and torch.reshape."
    )


def _bad_reshape(s: Situation) -> str | None:
    found = s.match(TROUBLES["bad_reshape"])
    if not found:
        return None
    wanted = [int(size) for size in found[1].split(",") if size.strip().lstrip("-").isdigit()]
    which = f" The tensors of that line: {s.tensors}." if s.tensors else ""
    return (
        f"The numbers do not fill the new shape: {found[2]} of them into {s.shape(wanted)}.{which} "
        "A shape with a fixed number in it, or one letter too many or in the wrong place, does "
        "that: write the letters of each axis beside the line."
    )


def _shapes_differ(s: Situation) -> str:
    product = s.match(r"mat1 and mat2 shapes cannot be multiplied \((\d+)x(\d+) and (\d+)x(\d+)\)")
    if product:
        _, columns, rows, _ = map(int, product.groups())
        told = (
            f"A product's inner sizes differ: vectors of length {_one(s, columns)} meet a map that "
            f"takes {_one(s, rows)}."
        )
    else:
        told = "Two tensors of that line do not fit together."
    which = f" Their shapes: {s.tensors}." if s.tensors else ""
    return f"{told}{which} Write down the letters of every axis and see where they part."


def _one(s: Situation, size: int) -> str:
    letter = s.letters.get(size)
    return f"{size} ({letter})" if letter else str(size)


def _index_out_of_range(s: Situation) -> str | None:
    if s.fault.kind != "IndexError":
        return None
    which = f" The tensors of that line: {s.tensors}." if s.tensors else ""
    if "out of range in self" in s.fault.text:
        return (
            "A table is asked for a row it does not have. Ids must lie below the table's number of "
            f"rows; which numbers does the look-up get, and how many rows were asked for?{which}"
        )
    return f"An index is larger than its axis, or there is no such axis.{which}"


def _in_place(_: Situation) -> str:
    return (
        "A tensor that autograd still needs is written into (+=, an assignment to a slice, or a "
        "method whose name ends in an underscore). Make a new tensor instead."
    )


# By the kind of trouble; in the order in which they are tried.
TENSOR_RULES: dict[str, Callable[[Situation], str | None]] = {
    "bool_arithmetic": _bool_arithmetic,
    "mask_not_bool": _mask_not_bool,
    "truth_of_a_tensor": _truth_of_a_tensor,
    "no_gpu": _no_gpu,
    "unpacking": _unpacking,
    "wrong_dtype": _wrong_dtype,
    "view_refused": _view_refused,
    "bad_reshape": _bad_reshape,
    "shapes_differ": _shapes_differ,
    "index_out_of_range": _index_out_of_range,
    "in_place": _in_place,
}
