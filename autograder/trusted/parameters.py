"""Parameters by name and shape, and the ways to read one side's as the other's.

Runs on the trusted side, on names and shapes the worker claims.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from torch import Tensor, cat, nn

# Torch's own modules that keep a matrix as rows of the output.
STANDING = ("Linear", "Conv1d", "Conv2d")
_KIND_WORDS = {
    "weight": {"weight", "w", "weights", "gamma", "scale", "g", "a", "alpha", "gain", "kernel"},
    "bias": {"bias", "b", "beta", "shift", "offset", "biases"},
}


@dataclass(frozen=True)
class Parameter:
    """A parameter by name and shape; ``owner`` is the class of the module that holds it."""

    name: str
    shape: tuple[int, ...]
    owner: str = ""


@dataclass(frozen=True)
class Source:
    """How one student parameter is made from reference parameters: joined, then rearranged."""

    names: tuple[str, ...]
    transposed: bool = False
    heads: int = 0  # rows interleaved by head instead of one block after the other
    grid: tuple[int, ...] = ()  # how its axes are cut, into heads say ...
    axes: tuple[int, ...] = ()  # ... and in which order the student keeps the pieces
    part: tuple[int, int] = (0, 1)  # of how many equal parts along the first axis, which one

    @cached_property
    def plain(self) -> bool:
        """Whether it is one reference parameter as it stands, as in most students' classes."""
        turned = self.transposed or bool(self.axes)
        return len(self.names) == 1 and not turned and self.part[1] == 1

    def make(self, values: Mapping[str, Tensor], shape: tuple[int, ...]) -> Tensor:
        """Return the student's value (or gradient) for the reference's values (or gradients)."""
        if self.plain:
            return values[self.names[0]].reshape(shape).contiguous()
        parts = [values[name] for name in self.names]
        if self.heads:
            split = [p.reshape(self.heads, -1, *p.shape[1:]) for p in parts]
            joined = cat(split, dim=1).reshape(-1, *parts[0].shape[1:])
        else:
            joined = cat(parts, dim=0) if len(parts) > 1 else parts[0]
        if self.transposed:
            joined = joined.transpose(0, 1)
        if self.axes:
            joined = joined.reshape(self.grid).permute(self.axes)
        number, count = self.part
        return joined.chunk(count, dim=0)[number].reshape(shape).contiguous()


@dataclass(frozen=True)
class Reading:
    """One way to read a student's parameters as the reference's."""

    sources: dict[str, Source]
    renamed: bool

    def covers(self, names: Iterable[str]) -> bool:
        """Whether every one of these parameters of the reference's goes into the student's."""
        return {n for source in self.sources.values() for n in source.names}.issuperset(names)

    def translate(
        self, values: Mapping[str, Tensor], shapes: Mapping[str, tuple[int, ...]]
    ) -> dict[str, Tensor]:
        """Return the student's values by the student's names."""
        return {name: source.make(values, shapes[name]) for name, source in self.sources.items()}


@dataclass(frozen=True)
class Match:
    """The readings in order of plausibility, and what could not be matched under any."""

    readings: list[Reading]
    missing: list[Parameter] = field(default_factory=list)  # the reference has it, the student not
    surplus: list[Parameter] = field(default_factory=list)
    # The shapes that depend on the number of heads: with others, the readings are others too.
    layout: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every parameter of both sides has its partner."""
        return not self.missing and not self.surplus


def reference_parameters(module: nn.Module) -> list[Parameter]:
    """Return the parameters of a trusted module in order of registration."""
    owners = {name: type(part).__name__ for name, part in module.named_modules()}
    return [
        Parameter(name, tuple(value.shape), owners[name.rpartition(".")[0]])
        for name, value in module.named_parameters()
    ]


def _split_name(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [part for part in re.split(r"[._]", spaced.lower()) if part]


@lru_cache(maxsize=4096)
def words_of(name: str) -> frozenset[str]:
    """Return the words in a dotted, snake-case or camel-case name, digits apart."""
    parts = _split_name(name)
    return frozenset(parts) | {re.sub(r"\d+$", "", part) for part in parts}


@lru_cache(maxsize=4096)
def kind_of(name: str, shape: tuple[int, ...]) -> str:
    """Return "weight" or "bias" as far as name and shape tell, else ""."""
    if len([size for size in shape if size != 1]) > 1:
        return "weight"
    words = words_of(name.rpartition(".")[2])
    for kind, known in _KIND_WORDS.items():
        if words & known:
            return kind
    last = name.rpartition(".")[2].lower()
    return "bias" if last.startswith("b") else "weight" if last.startswith("w") else ""


@lru_cache(maxsize=4096)
def stem_of(name: str) -> str:
    """Return what names of a map's matrix and bias share: "q" of ``wq``, ``W_q`` and ``q.bias``."""
    place, _, last = name.rpartition(".")
    parts, known = _split_name(last), set().union(*_KIND_WORDS.values())
    rest = [part for part in parts if part not in known]
    if len(rest) == len(parts):
        rest = [re.sub(r"^(weight|bias|w|b)(?=.)", "", part) for part in rest]
    return ".".join([*([place] if place else []), *rest])


def fits(student: Parameter, reference: Parameter) -> Source | None:
    """Return how the one can be the other, or None."""
    flat = tuple(size for size in student.shape if size != 1)
    wanted = tuple(size for size in reference.shape if size != 1)
    if flat == wanted:
        return Source((reference.name,))
    if len(wanted) == 2 and flat == wanted[::-1] and student.owner not in STANDING:
        return Source((reference.name,), transposed=True)
    return None
