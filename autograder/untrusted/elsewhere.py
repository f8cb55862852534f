"""Whether a module still works when it is moved to another device, told without having one.

Runs inside the sandbox, next to student code. Torch's meta device stands in for a GPU: tensors
there have shapes and no values, so what mixes the two devices shows, and what needs values says
nothing. Some operations that refuse a second device on a GPU take it there, so each is looked at.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

_ELSEWHERE = torch.device("meta")
_to = nn.Module.to
_eval = nn.Module.eval
_no_grad = torch.no_grad
# What may read from one device and write to another; indices may stay behind.
_CARRIERS = ("copy_", "_to_copy", "index", "index_put", "index_put_", "_index_put_impl_")


class _Choices(TorchFunctionMode):
    """Notes whether the code names a device itself: then it knows better than we where it runs."""

    def __init__(self) -> None:
        super().__init__()
        self.made = False

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        given = kwargs or {}
        named = [value for value in (*args[1:], *given.values()) if _names_a_device(value)]
        by_name = getattr(func, "__name__", "") in ("cpu", "cuda")
        self.made = self.made or by_name or any(torch.device(n).type != "meta" for n in named)
        return func(*args, **given)


def _names_a_device(value: Any) -> bool:
    if isinstance(value, str):
        return value.partition(":")[0] in ("cpu", "cuda", "mps")
    return isinstance(value, torch.device)


class _Mixtures(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes the first operation whose tensors lie on two devices."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.first = ""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        given = kwargs or {}
        name = func.__name__.partition(".")[0]
        if not self.first and name not in _CARRIERS and _mixed((*args, *given.values())):
            self.first = name
        return func(*args, **given)


def _mixed(values: Iterable[Any]) -> bool:
    # A number may lie anywhere.
    return len({value.device.type for value in _tensors(values) if value.dim()}) > 1


def _tensors(values: Iterable[Any]) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors(value)


class Departure:
    """A module's way to the other device: constructed with it watched, then moved and called."""

    def __init__(self) -> None:
        self.choices = _Choices()

    def find_mixture(
        self, module: nn.Module, example: Sequence[list[Any] | None], given: list[Any]
    ) -> str:
        """Return the first operation that mixes devices, or ''; "" also where nothing can be told.

        ``example`` holds of each input its shape and whether it is of floats; ``given`` collects
        what the module's doubles are called with.
        """
        mixtures = _Mixtures()
        entered = [_input(entry) for entry in example]
        calls = [entered, [*entered[:1], *[None] * len(entered[1:])]]
        # It may need values, which are not there: what it has done until then is known.
        with contextlib.suppress(Exception):
            _to(module, _ELSEWHERE)
            _eval(module)
            for arguments in calls if len(entered) > 1 else calls[:1]:
                with _no_grad(), self.choices, mixtures:
                    output = module(*arguments)
                handed = [value for _, call in given for value in call.values()]
                if not mixtures.first and _mixed([*_tensors([output]), *handed, *entered]):
                    mixtures.first = "what it hands on"
        return "" if self.choices.made else mixtures.first


def _input(entry: list[Any] | None) -> Tensor | None:
    if entry is None:
        return None
    kind = torch.get_default_dtype() if entry[1] else torch.int64
    return torch.empty(entry[0], dtype=kind, device=_ELSEWHERE)
