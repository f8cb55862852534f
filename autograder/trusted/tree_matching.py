"""Match the parameters of a layer made of layers, part by part.

Runs on the trusted side, on names and shapes the worker claims.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from torch import nn

from autograder.trusted.matching import READINGS_MAX, match_parameters
from autograder.trusted.parameters import Match, Parameter, Reading, reference_parameters

TREE_READINGS_MAX = 3 * READINGS_MAX


def match_tree(
    student: Sequence[Parameter],
    student_modules: Mapping[str, str],
    reference: nn.Module,
    leaves: Mapping[str, Mapping[str, Iterable[str]]],
    head_counts: Sequence[int] = (),
) -> Match:
    """Match a module that holds other layers: layer by layer, in order, then what is left.

    ``student_modules`` gives the class of each sub-module by its place; ``leaves`` the classes
    that are matched as one (layers without layers inside, and doubles) with their roles.
    """
    ours = reference_parameters(reference)
    our_places = [(name, type(part).__name__) for name, part in reference.named_modules() if name]
    chosen: list[Match] = []
    kinds: list[list[Match]] = []  # the same, by kind
    left_s, left_r = list(student), list(ours)
    for kind, roles in leaves.items():
        kinds.append([])
        mine = [place for place, name in our_places if name == kind]
        theirs = [place for place, name in student_modules.items() if name == kind and place]
        for our_place, their_place in zip(mine, theirs, strict=False):
            inner_s = [p for p in left_s if p.name.startswith(their_place + ".")]
            inner_r = [p for p in left_r if p.name.startswith(our_place + ".")]
            left_s = [p for p in left_s if not p.name.startswith(their_place + ".")]
            left_r = [p for p in left_r if not p.name.startswith(our_place + ".")]
            match = match_parameters(
                [_strip(p, their_place) for p in inner_s],
                [_strip(p, our_place) for p in inner_r],
                roles,
                head_counts,
            )
            kinds[-1].append(_replace_prefix(match, their_place, our_place))
            chosen.append(kinds[-1][-1])
    chosen.append(match_parameters(left_s, left_r, {}))
    kinds.append(chosen[-1:])
    readings = []
    # Layers of one kind are written alike, so one reading number serves them all.
    for numbers in plausible_numbers(kinds):
        parts = [
            match.readings[min(number, len(match.readings) - 1)]
            for matches, number in zip(kinds, numbers, strict=True)
            for match in matches
        ]
        sources = {name: source for part in parts for name, source in part.sources.items()}
        readings.append(Reading(sources, any(part.renamed for part in parts)))
    return Match(
        readings,
        [p for match in chosen for p in match.missing],
        [p for match in chosen for p in match.surplus],
        tuple(entry for match in chosen for entry in match.layout),
    )


def plausible_numbers(kinds: Sequence[Sequence[Match]]) -> list[tuple[int, ...]]:
    """Return which reading of each kind of layer to take together, the most plausible first.

    Few layers are read in another than the first way: one kind at a time, then two, and so on.
    """
    last = [max((len(match.readings) for match in matches), default=1) - 1 for matches in kinds]
    found: list[tuple[int, ...]] = []
    for size in range(len(last) + 1):
        for total in range(size, sum(last) + 1):
            found += itertools.islice(_numbers(last, size, total), TREE_READINGS_MAX - len(found))
            if len(found) == TREE_READINGS_MAX:
                return found
    return found


def _numbers(last: Sequence[int], size: int, total: int) -> Iterator[tuple[int, ...]]:
    """Yield numbers up to ``last`` of which ``size`` are not 0 and which add up to ``total``."""
    if not last:
        if size == total == 0:
            yield ()
        return
    if not 0 <= size <= total <= sum(last):
        return
    for first in reversed(range(min(last[0], total) + 1)):
        for rest in _numbers(last[1:], size - (first > 0), total - first):
            yield (first, *rest)


def _strip(parameter: Parameter, place: str) -> Parameter:
    return Parameter(parameter.name[len(place) + 1 :], parameter.shape, parameter.owner)


def _replace_prefix(match: Match, theirs: str, ours: str) -> Match:
    readings = [
        Reading(
            {
                f"{theirs}.{name}": replace(
                    source, names=tuple(f"{ours}.{inner}" for inner in source.names)
                )
                for name, source in reading.sources.items()
            },
            reading.renamed,
        )
        for reading in match.readings
    ]
    missing = [Parameter(f"{ours}.{p.name}", p.shape, p.owner) for p in match.missing]
    surplus = [Parameter(f"{theirs}.{p.name}", p.shape, p.owner) for p in match.surplus]
    return Match(readings, missing, surplus, match.layout)
