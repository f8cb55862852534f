"""Parameters that hold the reference's in another layout: stacked, cut along axes, or turned.

Runs on the trusted side, on names and shapes the worker claims. Before matching, parameters in
parts are taken as one and axes are joined, so that shapes are like the reference's; afterwards each
reading is told how to take them apart again.
"""

import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from autograder.trusted.parameters import STANDING, Parameter, Reading, Source


def gather_parts(
    student: Sequence[Parameter],
    reference: Sequence[Parameter],
    head_counts: Sequence[int],
    *,
    heads_first: bool,
) -> tuple[list[Parameter], dict[str, list[str]]]:
    """Take numbered parameters that only stacked have a size of the reference's for one.

    With ``heads_first`` also those that have one by themselves, where there is one for each head.
    Returns the parameters with each such group as one, and the members of each group.
    """
    lists: dict[str, list[Parameter]] = {}
    for parameter in student:
        lists.setdefault(re.sub(r"\b\d+\b", "all", parameter.name), []).append(parameter)
    known = {p.shape for p in reference}
    # A packed matrix in parts has up to four times the rows of one of the reference's.
    rows = {count * p.shape[0] for p in reference if p.shape for count in (1, 2, 3, 4)}
    gathered: dict[str, list[str]] = {}
    result = []
    for name, members in lists.items():
        shapes = {p.shape for p in members}
        first = members[0]
        per_head = len(members) in head_counts
        alike = len(members) > 1 and len(shapes) == 1 and bool(first.shape)
        if not alike or (first.shape in known and not (heads_first and per_head)):
            result += members
            continue
        whole = (first.shape[0] * len(members), *first.shape[1:])
        fits = any(p.shape[1:] == whole[1:] for p in reference) and whole[0] in rows
        if per_head and not fits:
            # As ``x @ W`` has it: the heads stand side by side, not one below the other.
            whole, fits = (len(members), *first.shape), True
        if fits:
            gathered[name] = [p.name for p in members]
            result.append(Parameter(name, whole, first.owner))
        else:
            result += members
    return result, gathered


# A way to keep a parameter cut along its axes: into which sizes, and the order of the pieces.
Cut = tuple[tuple[int, ...], tuple[int, ...]]


def join_axes(
    student: Sequence[Parameter], reference: Sequence[Parameter], head_counts: Sequence[int]
) -> tuple[list[Parameter], dict[str, list[Cut]]]:
    """Take parameters of more axes than the reference's for those joined: (H, D, C), (3, C, C).

    Returns the parameters with the axes joined, and the ways each of those may be cut.
    """
    known = dict.fromkeys(p.shape for p in reference if p.shape)
    ways: dict[tuple[int, ...], dict[tuple[int, ...], list[Cut]]] = {}
    for whole, grid in _grids(known, head_counts):
        for axes in itertools.permutations(range(len(grid))):
            shape = tuple(grid[axis] for axis in axes if grid[axis] != 1)
            ways.setdefault(shape, {}).setdefault(whole, []).append((grid, axes))
    cuts: dict[str, list[Cut]] = {}
    result = []
    for parameter in student:
        shape = tuple(size for size in parameter.shape if size != 1)
        if shape in known or shape[::-1] in known or len(shape) < 2 or shape not in ways:
            # Of a single head's several axes two are left, and they tell no more than a matrix's.
            if len(parameter.shape) > len(shape) == 2:
                cuts[parameter.name] = []
            result.append(parameter)
        else:
            whole, cuts[parameter.name] = next(iter(ways[shape].items()))
            result.append(Parameter(parameter.name, whole, parameter.owner))
    return result, cuts


def _grids(
    known: Iterable[tuple[int, ...]], head_counts: Sequence[int]
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Yield shapes, of one of the reference's parameters or of a stack of some, and their cuts."""
    for (rows, *rest), count in itertools.product(known, (1, 2, 3, 4)):
        whole, stack = (count * rows, *rest), (count,) if count > 1 else ()
        for heads in head_counts:
            if 1 < heads < rows and rows % heads == 0:
                yield whole, (*stack, heads, rows // heads, *rest)
        if stack:
            yield whole, (*stack, rows, *rest)


def cut_axes(reading: Reading, cuts: Mapping[str, list[Cut]]) -> Iterator[Reading]:
    """Yield the reading with every joined parameter cut again, in each way its shape allows."""
    names = [name for name in cuts if cuts[name] and name in reading.sources]
    for ways in itertools.product(*(cuts[name] for name in names)):
        sources = dict(reading.sources)
        for name, (grid, axes) in zip(names, ways, strict=True):
            sources[name] = replace(sources[name], grid=grid, axes=axes)
        yield Reading(sources, reading.renamed)


def spread_parts(reading: Reading, gathered: Mapping[str, list[str]]) -> Reading:
    """Return the reading with every gathered parameter in its parts again."""
    sources: dict[str, Source] = {}
    for name, source in reading.sources.items():
        members = gathered.get(name)
        if members is None:
            sources[name] = source
            continue
        for number, member in enumerate(members):
            sources[member] = replace(source, part=(number, len(members)))
    return Reading(sources, reading.renamed or bool(gathered))


def flip_own_matrices(
    readings: list[Reading],
    student: Sequence[Parameter],
    reference: Sequence[Parameter],
    cut: Collection[str],
) -> list[Reading]:
    """Return the readings, and again with the square matrices transposed that no nn.Linear holds.

    A student who writes ``x @ W`` keeps the matrix the other way round; where it is square its
    shape does not tell.
    """
    owners = {p.name: p.owner for p in reference}
    square = {}
    for parameter in student:
        shape = tuple(size for size in parameter.shape if size != 1)
        as_matrix = len(parameter.shape) == 2 or parameter.name in cut
        own = as_matrix and parameter.owner not in STANDING
        if own and len(shape) == 2 and shape[0] == shape[1]:
            square[parameter.name] = parameter.owner
    # One way of writing holds for all matrices; with heads cut out, for each by itself.
    alone = list(square)[:4] if any(name in cut for name in square) else []
    some = [set(c) for n in range(1, len(alone)) for c in itertools.combinations(alone, n)]
    turned = [_turn(reading, square, owners) for reading in readings]
    more = [_turn(readings[0], {name: square[name] for name in which}, owners) for which in some]
    # The other orders of the names are less likely than the first, whichever way it stands.
    order = [readings[0], turned[0], *more, *readings[1:], *turned[1:]]
    return [reading for reading in order if reading is not None]


def _turn(reading: Reading, square: Mapping[str, str], owners: Mapping[str, str]) -> Reading | None:
    """Return the reading with those matrices transposed, by their owners; None without any."""
    sources = dict(reading.sources)
    for name, owner in square.items():
        source = sources.get(name)
        if source is not None and owner != owners.get(source.names[0]):
            sources[name] = replace(source, transposed=not source.transposed)
    return Reading(sources, renamed=True) if sources != reading.sources else None
