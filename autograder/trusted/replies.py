"""What a worker's replies say, read as the claims they are: typed, bounded, or left out.

Runs on the trusted side. What comes was written next to student code.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from autograder.boundary.tensors import AXES_MAX
from autograder.trusted.evidence import SIDE_EFFECTS
from autograder.trusted.outcomes import CheckFailed, clean_text
from autograder.trusted.parameters import Parameter
from autograder.trusted.reference import Run

# What an output or a gradient may be made of, and what a double may be fed: torch knows no
# arithmetic for other dtypes that arrive, and a comparison would fail on our side.
NUMBERS = {torch.float64, torch.float32, torch.float16, torch.bfloat16}
_CARRIED = {*NUMBERS, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool}
_INPUTS_MAX = 16
# Of the parameters or the modules of one layer.
ENTRIES_MAX, NAME_CHARS_MAX = 4096, 1000
# What is kept of all that a worker says about a call.
_FACTS = ("differentiable", *SIDE_EFFECTS)


def read_run(
    layer: str, facts: Mapping[str, Any], results: Mapping[str, Tensor], *, calls: bool,
    parameters: Sequence[Parameter] | None,
) -> Run:  # fmt: skip
    """Return what one call gave. Raises CheckFailed when that is no tensor of numbers.

    ``calls``: those of the doubles were asked for; ``parameters``: gradients were, with respect to
    these and to the inputs.
    """
    described = mapping_in(facts, "output")
    if described.get("kind") != "Tensor":
        kind = clean_text(str(described.get("kind")), 80)
        raise CheckFailed(f"{layer}.forward returned {kind}, where a tensor is expected")
    if "output" not in results or results["output"].dtype not in NUMBERS:
        dtype = clean_text(str(described.get("dtype")), 40).removeprefix("torch.")
        raise CheckFailed(
            f"{layer}.forward returned a tensor of {dtype}, where floating-point numbers are "
            "expected"
        )
    run = Run(results["output"], facts={key: facts.get(key) is True for key in _FACTS})
    if parameters is not None:
        _read_gradients(run, results, parameters)
    if calls:
        run.calls = _read_calls(facts, results)
    return run


def read_parameters(facts: Mapping[str, Any], layer: str) -> list[Parameter]:
    """Return the parameters a worker describes. Raises CheckFailed where no module has such."""
    found: dict[str, Parameter] = {}
    for entry in dicts_in(facts, "parameters"):
        name, shape = str(entry.get("name")), entry.get("shape")
        whole = isinstance(shape, list) and all(
            isinstance(s, int) and 0 <= s < 2**31 for s in shape
        )
        if (
            not whole
            or len(shape or ()) > AXES_MAX
            or name in found
            or len(name) > NAME_CHARS_MAX
            or len(found) >= ENTRIES_MAX
        ):
            raise CheckFailed(f"what {layer} says its parameters are cannot be so")
        found[name] = Parameter(name, tuple(shape or ()), str(entry.get("owner"))[:80])
    return list(found.values())


def _read_gradients(
    run: Run, results: Mapping[str, Tensor], parameters: Sequence[Parameter]
) -> None:
    for parameter in parameters:
        value = results.get(f"grad.param.{parameter.name}")
        if value is not None and value.dtype in NUMBERS and value.shape == parameter.shape:
            run.gradients[parameter.name] = value
    for index in range(_INPUTS_MAX):
        gradient = results.get(f"grad.input.{index}")
        if gradient is not None and gradient.dtype in NUMBERS:
            run.input_gradients[index] = gradient


def _read_calls(facts: Mapping[str, Any], results: Mapping[str, Tensor]) -> list[dict[str, Any]]:
    """Return how the doubles were called, in order, by the worker's word."""
    carried = {name: value for name, value in results.items() if value.dtype in _CARRIED}
    calls = []
    for call in dicts_in(facts, "calls"):
        arguments = {
            str(name): carried.get(str(given.get("tensor"))) if "tensor" in given else None
            for name, given in mapping_in(call, "arguments").items()
            if isinstance(given, dict)
        }
        calls.append({"class": str(call.get("class")), "arguments": arguments})
    return calls


def dicts_in(facts: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the objects in a list of a reply; none where there is no list."""
    value = facts.get(key)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def mapping_in(facts: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return an object of a reply; an empty one where there is none."""
    value = facts.get(key)
    return value if isinstance(value, dict) else {}


def as_float(value: float) -> float:
    """Return a number of a reply as a float."""
    try:
        return float(value)
    except OverflowError:  # a whole number that no float holds
        return math.inf
