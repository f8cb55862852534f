"""Whether a module would still work on a GPU, told without one: where its tensors would lie.

Runs inside the sandbox, next to student code. Parameters, buffers and inputs would have moved; what
torch is asked to make without a word about its device would not. What comes of either lies where
that lies, and an operation on both would fail. A tensor for which the code names a device, or that
was not made under our eyes, is taken to be where it should.
"""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from autograder.untrusted.anatomy import named_modules, parameters_of

_MOVED, _LEFT = "moved", "left"
# Asked often, and hardly ever for a tensor: attributes, such as the shape.
_ASKED_OF_ONE = ("__get__", "size", "dim", "is_floating_point")
_MOVERS = ("to", "cuda", "_apply")
_train = nn.Module.train
_own = {name: getattr(nn.Module, name) for name in _MOVERS}
_no_grad = torch.no_grad


class Watch(TorchFunctionMode):
    """Follows tensors through the calls of torch that are made while it is entered."""

    def __init__(self) -> None:
        super().__init__()
        # The first operation on tensors of both places.
        self.mixing = ""
        self._branches, self._looks = False, 0
        # By identity, with the tensor itself, so that no other gets its identity.
        self._places: dict[int, tuple[Tensor, str]] = {}

    def put(self, tensors: Iterable[Tensor]) -> None:
        """Note that these have moved with the module."""
        self._places.update({id(tensor): (tensor, _MOVED) for tensor in tensors})

    def place(self, tensor: Tensor) -> str:
        """Return where a tensor would lie: "moved", "left", or "" where that is not known."""
        return self._places.get(id(tensor), (tensor, ""))[1]

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        given = kwargs or {}
        name = getattr(func, "__name__", "")
        if name in _ASKED_OF_ONE:
            if name == "__get__":
                self._note_look(func.__self__.__name__, args[0])
            return func(*args, **given)
        if any(_is_device(value) for value in (*args, *given.values())):
            self._looks = max(0, self._looks - 1)
        self._branches |= name == "get_device"
        entered = list(_tensors((*args, *given.values())))
        places = [self.place(tensor) for tensor in entered]
        if not self.mixing and self._mixes(name, entered, places):
            self.mixing = name.strip("_")
        result = func(*args, **given)
        where = self._place_of_result(name, args, given, places)
        if where == _MOVED and places[:1] == [_LEFT] and result is entered[0]:
            result = result.view_as(result)  # it was there already, as all is on one CPU
        for made in _tensors([result]):
            self._places.setdefault(id(made), (made, where))
        return result

    def _note_look(self, attribute: str, tensor: Tensor) -> None:
        """Note code that looks where a tensor lies, to move one if it must: here it never must."""
        self._branches |= attribute in ("is_cuda", "is_cpu")
        if attribute == "device":
            self._looks += self.place(tensor) == _MOVED
            self._places[id(tensor)] = (tensor, self.place(tensor).replace(_LEFT, ""))

    @property
    def decides(self) -> bool:
        """Whether the code decides by itself what to move: by whether a tensor is on a GPU.

        It asks for a device more often than it gives one to a call of torch.
        """
        return self._branches or self._looks > 0

    def _mixes(self, name: str, entered: list[Tensor], places: list[str]) -> bool:
        if name in ("to", "type", "type_as", "copy_"):  # these carry from one place to the other
            return False
        # A number may lie anywhere.
        found = [
            place for tensor, place in zip(entered, places, strict=True) if tensor.dim() and place
        ]
        if name in ("__getitem__", "__setitem__") and places[:1] != [_LEFT]:
            return False  # so may indices of what has moved, and values that are put into it
        if name == "__setitem__":
            found = found[:-1]
        return len(set(found)) > 1

    def _place_of_result(
        self, name: str, args: tuple[Any, ...], given: dict[str, Any], places: list[str]
    ) -> str:
        if given.get("device") is not None or name == "cuda":
            return _MOVED
        if name in ("to", "type", "type_as"):
            if any(map(_is_device, args[1:])) or isinstance(args[-1], str):
                return _MOVED
            return places[-1]  # of the tensor that it is to be like, or its own
        if name == "cpu":
            return ""
        if not places:
            return _LEFT
        return next((place for place in (_MOVED, "") if place in places), _LEFT)


def _is_device(value: Any) -> bool:
    return isinstance(value, torch.device)


def _tensors(values: Iterable[Any]) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors(value)


def find_mixture(
    watch: Watch, module: nn.Module, inputs: list[Tensor | None], given: list[Any]
) -> str:
    """Return the first operation that would fail on a GPU, or ''; ``watch`` has seen its making.

    ``given`` collects what the module's doubles are called with.
    """
    parts = [part for _, part in named_modules(module)]
    if any(getattr(type(part), name) is not _own[name] for part in parts for name in _MOVERS):
        return ""  # it may take along what torch would leave
    watch.put(parameters_of(named_modules(module)).values())
    watch.put(value for part in parts for value in part._buffers.values() if value is not None)  # noqa: SLF001
    watch.put(value for value in inputs if value is not None)
    alone = [*inputs[:1], *[None] * len(inputs[1:])]
    for arguments, training in ((inputs, False), (alone, True)):
        # What it raises is other checks' business, and it may not take a mask of None.
        with contextlib.suppress(Exception), _no_grad(), watch:
            _train(module, training)
            output = module(*arguments)
            handed = [value for _, call in given for value in call.values()]
            left = [t for t in _tensors([output, *handed]) if t.dim() and watch.place(t) == _LEFT]
            if left and not watch.mixing:
                watch.mixing = "what it hands on"
    return "" if watch.decides else watch.mixing
