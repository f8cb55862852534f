"""Test doubles: simple known maps that stand where a composite layer's sub-layers go.

Runs inside the sandbox, and on the trusted side in the reference (it is our code, not the
student's). A composite layer graded with doubles is graded alone: a broken attention cannot
cost the block that calls it. No reference code crosses the boundary for this.

A double takes whatever its real counterpart takes, writes down every argument, lends what else the
student's own class offers (a ``from_config``, a constant, a part whose weights are to be set), and
computes

    lookup        (B, T) ids    -> weight[ids] + bias                 (B, T, C)
    affine        (B, T, C)     -> x @ weight + bias                  (B, T, C)
    first_token   (B, T, C)     -> x[:, 0] @ weight + bias            (B, C)
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

# What a double has itself, also while it is being built.
_OF_ITS_OWN = ("weight", "bias", "given", "otherwise", "forward", "stands_for")


@dataclass(frozen=True)
class DoubleSpec:
    """What stands for one class: its kind, and the names of its arguments in order."""

    class_name: str
    kind: str
    size: str  # the constructor argument that is C
    rows: str  # the constructor argument that counts table rows (lookup only)
    constructor: tuple[str, ...]
    defaults: dict[str, Any]
    forward: tuple[str, ...]
    # What the student's own class calls its arguments, where that is known.
    own_constructor: tuple[str, ...] | None = None
    own_forward: tuple[str, ...] | None = None
    # Under which attributes the student's own class keeps which arguments as they are.
    own_kept: dict[str, str] = field(default_factory=dict)
    # What it offers besides: methods, constants and what it sets on itself, by its text.
    own_offers: tuple[str, ...] = ()


@dataclass
class Recorder:
    """Every double made and every call of one, in order."""

    made: list[nn.Module] = field(default_factory=list)
    calls: list[tuple[nn.Module, dict[str, Any]]] = field(default_factory=list)
    # What the layer that makes them was itself constructed with.
    asked: Mapping[str, Any] = field(default_factory=dict)
    calls_max: int = 256
    # Whether anybody will ask for the calls.
    listens: bool = True

    def note_call(self, double: nn.Module, arguments: dict[str, Any]) -> None:
        """Write down one call; tensors are copied, so that later changes do not show."""
        if self.listens and len(self.calls) < self.calls_max:
            kept = {
                name: value.detach().clone() if isinstance(value, Tensor) else value
                for name, value in arguments.items()
            }
            self.calls.append((double, kept))


def bind_arguments(
    official: tuple[str, ...],
    own: tuple[str, ...] | None,
    positional: tuple[Any, ...],
    keywords: dict[str, Any],
    where: str,
) -> dict[str, Any]:
    """Return the arguments of a call by their official names.

    A student who writes other names or another order in one class calls it that way from the
    next: ``own`` is that class's own list of names, and a name of the student's stands for the
    official one that has no place in it yet; where it has a "*", those left follow in their order.
    Other keywords are kept under their own name.
    Raises TypeError like a real call for too many arguments or one given twice.
    """
    names = own or official
    if names == official and not keywords and len(positional) <= len(names):
        return dict(zip(names, positional, strict=False))
    spare = iter([name for name in official if name not in names])
    meant = {n: n if n in official else next(spare, n) for n in names if n != "*"}
    names = tuple(n for name in names for n in (spare if name == "*" else (meant[name],)))
    keywords = {meant.get(name, name): value for name, value in keywords.items()}
    if len(positional) > len(names):
        raise TypeError(f"{where} takes {len(names)} arguments but {len(positional)} were given")
    bound = dict(zip(names, positional, strict=False))
    for name, value in keywords.items():
        if name in bound:
            raise TypeError(f"{where} got multiple values for argument '{name}'")
        bound[name] = value
    return bound


def _read_by_the_hand_out(
    spec: DoubleSpec, positional: tuple[Any, ...], keywords: dict[str, Any]
) -> dict[str, Any]:
    try:
        return bind_arguments(spec.constructor, None, positional, keywords, spec.class_name)
    except TypeError:
        return {}


class MadeOnDemand(Mapping[str, type[nn.Module]]):
    """Doubles by class name, each made when it is first asked for: most layers need none."""

    def __init__(self, names: Iterable[str], make: Callable[[str], type[nn.Module]]) -> None:
        self._names = tuple(names)
        self._make = make
        self._made: dict[str, type[nn.Module]] = {}

    def __getitem__(self, name: str) -> type[nn.Module]:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _find_in(own: type | None, name: str) -> Any:
    """Return what a class of the student's, or a base of its, holds under a name, unbound."""
    for part in own.__mro__ if own is not None else ():
        if name in vars(part):
            return vars(part)[name]
    raise AttributeError(name)


def make_double(
    spec: DoubleSpec, recorder: Recorder, find_own: Callable[[], type | None] = lambda: None,
    build_own: Callable[[dict[str, Any]], nn.Module | None] = lambda _: None,
) -> type[nn.Module]:  # fmt: skip
    """Return a class that can be put where ``spec.class_name`` is expected.

    ``find_own`` gives the student's own class, or None, and ``build_own`` a module of it from the
    arguments a double was given. That loads it, next to the class under test: it is asked only for
    what its text offers, when the class under test asks the double.
    """

    def lend(name: str, double: nn.Module | None, kind: type) -> Any:
        if name.startswith("__") or name in _OF_ITS_OWN or name not in spec.own_offers:
            raise AttributeError(f"the double of {spec.class_name} has no {name}")
        found = _find_in(find_own(), name)
        return found.__get__(double, kind) if hasattr(type(found), "__get__") else found

    class Lending(type):
        def __getattr__(cls, name: str) -> Any:
            return lend(name, None, cls)

    class Double(nn.Module, metaclass=Lending):
        # Also of a student's class that is derived from it, to add something of no consequence.
        stands_for = spec.class_name
        weight: nn.Parameter
        bias: nn.Parameter
        given: dict[str, Any]
        # The same call read by the hand-out's order, where the student's own order differs: a
        # call that follows either is right.
        otherwise: dict[str, Any]

        def __init__(self, *positional: Any, **keywords: Any) -> None:
            super().__init__()
            given = bind_arguments(
                spec.constructor, spec.own_constructor, positional, keywords, spec.class_name
            )
            otherwise = _read_by_the_hand_out(spec, positional, keywords)
            # A class with its own order may be called by the hand-out's all the same: a size that
            # is the one asked for tells which order was meant.
            size = recorder.asked.get(spec.size)
            if size is not None and given.get(spec.size) != size == otherwise.get(spec.size):
                given, otherwise = otherwise, given
            for name in (spec.size, spec.rows):
                if name and name not in given:
                    raise TypeError(f"{spec.class_name}.__init__() is missing {name!r}")
            recorder.made.append(self)
            # On the instance, so that a copy.deepcopy of a double keeps it.
            self.given = {**spec.defaults, **given}
            self.otherwise = {**spec.defaults, **otherwise}
            width = int(given[spec.size])
            rows = int(given[spec.rows]) if spec.rows else width
            self.weight = nn.Parameter(torch.eye(rows, width))
            self.bias = nn.Parameter(torch.zeros(width))

        def __getattr__(self, name: str) -> Any:
            try:
                return super().__getattr__(name)
            except AttributeError as missing:
                given = vars(self).get("given", {})
                if spec.own_kept.get(name) in given:
                    return given[spec.own_kept[name]]
                try:
                    return lend(name, self, type(self))
                except AttributeError:
                    if name not in spec.own_offers or name in _OF_ITS_OWN or not given:
                        raise missing from None
                return self._lend_of_a_module(name, missing)

        def _lend_of_a_module(self, name: str, missing: AttributeError) -> Any:
            """Return what a module of the student's own class holds, made for this alone.

            It computes nothing and is no part of the double: a layer that gives its parts' weights
            their first values sets those of this one, and a size is what it would be.
            """
            if "_lender" not in vars(self):
                # Past torch, which would count it among the parts.
                object.__setattr__(self, "_lender", build_own(vars(self)["given"]))
            try:
                return getattr(vars(self)["_lender"], name)
            except Exception:  # noqa: BLE001  (a property of the student's may raise anything)
                raise missing from None

        def forward(self, *positional: Any, **keywords: Any) -> Tensor:
            where = f"{spec.class_name}.forward()"
            for name in keywords:
                if not self._knows(name):
                    raise TypeError(f"{where} got an unexpected keyword argument '{name}'")
            given = bind_arguments(spec.forward, spec.own_forward, positional, keywords, where)
            if spec.own_forward is not None and not self._takes(given.get(spec.forward[0])):
                meant = bind_arguments(spec.forward, None, positional, keywords, where)
                given = meant if self._takes(meant.get(spec.forward[0])) else given
            if spec.forward[0] not in given:
                raise TypeError(f"{where} is missing the argument {spec.forward[0]!r}")
            recorder.note_call(self, given)
            entered: Tensor = given[spec.forward[0]]
            if spec.kind == "lookup":
                return self.weight[entered] + self.bias
            if spec.kind == "first_token":
                entered = entered[:, 0]
            return entered @ self.weight + self.bias

        def _knows(self, name: str) -> bool:
            """Whether the student's own forward, or that of the hand-out, has such an argument."""
            own = spec.own_forward
            return own is None or "*" in own or name in (*own, *spec.forward)

        def _takes(self, entered: Any) -> bool:
            """Whether something can be what this double computes with."""
            if not isinstance(entered, Tensor):
                return False
            if spec.kind == "lookup":
                return not entered.is_floating_point()
            return entered.is_floating_point() and entered.shape[-1:] == self.weight.shape[:1]

    Double.__name__ = Double.__qualname__ = spec.class_name
    return Double
