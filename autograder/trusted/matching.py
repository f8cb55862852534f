"""Match a student's parameters with the reference's, whatever names the student chose.

Runs on the trusted side, on names and shapes the worker claims. Exact names win; then what a name
says ("q_proj" is the query); then order among equals. Where more than one reading is left, the
caller tries them in turn and keeps the one that gives the reference's output: if none does, the
layer is wrong under every reading.

A student's parameter may also be the reference's transposed (``x @ W``), with a unit axis more
(a convolution of width 1), several of the reference's in one (a packed query-key-value matrix), a
part of one (a query matrix for each head), or one with its heads on an axis of their own.
"""

import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import nn

from autograder.trusted.parameters import (
    Match,
    Parameter,
    Reading,
    Source,
    kind_of,
    reference_parameters,
    words_of,
)

READINGS_MAX, TREE_READINGS_MAX = 48, 144
# More than so many times the reference's parameters, and so many besides, are no style of writing.
SURPLUS_FACTOR_MAX, SURPLUS_MAX = 4, 32
# Torch's own modules that keep a matrix as rows of the output.
_STANDING = ("Linear", "Conv1d", "Conv2d")


def match_parameters(
    student: Sequence[Parameter],
    reference: Sequence[Parameter],
    roles: Mapping[str, Iterable[str]],
    head_counts: Sequence[int] = (),
) -> Match:
    """Match two flat lists of parameters. ``roles`` gives the words a reference module goes by."""
    match = _match_once(student, reference, roles, head_counts)
    # With three heads, what a head keeps of three matrices looks like one of them.
    by_head = _match_once(student, reference, roles, head_counts, heads_first=True)
    if by_head.complete and by_head.layout != match.layout:
        others = match.readings if match.complete else []
        return replace(by_head, readings=[*others, *by_head.readings][:READINGS_MAX])
    return match


def _match_once(
    student: Sequence[Parameter],
    reference: Sequence[Parameter],
    roles: Mapping[str, Iterable[str]],
    head_counts: Sequence[int],
    *,
    heads_first: bool = False,
) -> Match:
    taken: dict[str, Source] = {}
    student, gathered = _gather_parts(student, reference, head_counts, heads_first=heads_first)
    as_they_are = {p.name: p for p in student}
    student, cuts = _join_axes(student, reference, head_counts)
    if len(student) > SURPLUS_FACTOR_MAX * len(reference) + SURPLUS_MAX:
        # Wrong in any case, and comparing every name with every other takes its time.
        names = {p.name for p in reference}
        surplus = [p for p in student if p.name not in names]
        return Match([Reading({}, renamed=False)], [], surplus)
    left_s, left_r = _pair_same_names(student, reference, taken)
    left_s, left_r = _pair_by_words(left_s, left_r, roles, taken)
    renamed = bool(left_s) or any(source.names != (name,) for name, source in taken.items())
    packed = [dict[str, Source]()]
    if left_s and left_r:
        left_s, left_r, packed = _unpack(left_s, left_r, head_counts)
    ordered, left_s, left_r = _pair_by_order(left_s, left_r)
    readings = [
        Reading({**taken, **joint, **loose}, renamed)
        for joint, loose in itertools.product(packed, ordered)
    ]
    readings = _flip_own_matrices(readings, student, reference, set(cuts))
    readings = [cut for reading in readings for cut in _cut_axes(reading, cuts)]
    readings = [_spread_parts(reading, gathered) for reading in readings[:READINGS_MAX]]
    layout = tuple((name, as_they_are[name].shape) for name in (*cuts, *gathered))
    layout += (("", tuple(head_counts)),) if layout else ()
    return Match(readings, list(left_r), [as_they_are[p.name] for p in left_s], layout)


def _gather_parts(
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


def _join_axes(
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


def _cut_axes(reading: Reading, cuts: Mapping[str, list[Cut]]) -> Iterator[Reading]:
    """Yield the reading with every joined parameter cut again, in each way its shape allows."""
    names = [name for name in cuts if cuts[name] and name in reading.sources]
    for ways in itertools.product(*(cuts[name] for name in names)):
        sources = dict(reading.sources)
        for name, (grid, axes) in zip(names, ways, strict=True):
            sources[name] = replace(sources[name], grid=grid, axes=axes)
        yield Reading(sources, reading.renamed)


def _spread_parts(reading: Reading, gathered: Mapping[str, list[str]]) -> Reading:
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
            left_s = [p for p in left_s if p not in inner_s]
            left_r = [p for p in left_r if p not in inner_r]
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


def _flip_own_matrices(
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
        own = as_matrix and parameter.owner not in _STANDING
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


def _pair_same_names(
    student: Sequence[Parameter], reference: Sequence[Parameter], taken: dict[str, Source]
) -> tuple[list[Parameter], list[Parameter]]:
    by_name = {parameter.name: parameter for parameter in reference}
    left = []
    for parameter in student:
        partner = by_name.get(parameter.name)
        if partner is not None and partner.shape == parameter.shape:
            taken[parameter.name] = Source((partner.name,))
            del by_name[partner.name]
        else:
            left.append(parameter)
    return left, list(by_name.values())


def _fits(student: Parameter, reference: Parameter) -> Source | None:
    """Return how the one can be the other, or None."""
    flat = tuple(size for size in student.shape if size != 1)
    wanted = tuple(size for size in reference.shape if size != 1)
    if flat == wanted:
        return Source((reference.name,))
    if len(wanted) == 2 and flat == wanted[::-1]:
        return Source((reference.name,), transposed=True)
    return None


def _pair_by_words(
    student: list[Parameter],
    reference: list[Parameter],
    roles: Mapping[str, Iterable[str]],
    taken: dict[str, Source],
) -> tuple[list[Parameter], list[Parameter]]:
    vocabulary = {role: set(words) | words_of(role) for role, words in roles.items()}

    def claims(theirs: Parameter, ours: Parameter) -> int:
        role = ours.name.rpartition(".")[0].rpartition(".")[2]
        kind = kind_of(theirs.name, theirs.shape)
        if _fits(theirs, ours) is None or kind not in ("", kind_of(ours.name, ours.shape)):
            return 0
        return len(words_of(theirs.name) & (vocabulary.get(role) or words_of(role)))

    left_s, left_r = list(student), list(reference)
    found = True
    while found:
        found = False
        for theirs in list(left_s):
            strength = {ours.name: claims(theirs, ours) for ours in left_r}
            best = max(strength.values(), default=0)
            winners = [ours for ours in left_r if best and strength[ours.name] == best]
            rivals = [
                other
                for other in left_s
                if other is not theirs and winners and claims(other, winners[0]) >= best
            ]
            if len(winners) == 1 and not rivals:
                fit = _fits(theirs, winners[0])
                assert fit is not None
                taken[theirs.name] = fit
                left_s.remove(theirs)
                left_r.remove(winners[0])
                found = True
    return left_s, left_r


def _unpack(
    student: list[Parameter], reference: list[Parameter], head_counts: Sequence[int]
) -> tuple[list[Parameter], list[Parameter], list[dict[str, Source]]]:
    """Read a student's parameter as several of the reference's, stacked along the first axis."""
    joint: list[tuple[Parameter, tuple[str, ...], bool]] = []
    left_s, left_r = list(student), list(reference)
    for theirs in student:
        flat = tuple(size for size in theirs.shape if size != 1)
        for transposed in (False, True):
            shape = flat[::-1] if transposed else flat
            group = _stacked_group(shape, left_r, theirs)
            if group and (not transposed or len(flat) == 2):
                joint.append((theirs, tuple(p.name for p in group), transposed))
                left_s.remove(theirs)
                left_r = [p for p in left_r if p not in group]
                break
    if not joint:
        return left_s, left_r, [{}]
    layouts = [0, *head_counts]
    # The same arrangement holds for the matrix and for its bias.
    return (
        left_s,
        left_r,
        [
            {theirs.name: Source(names, turned, heads) for theirs, names, turned in joint}
            for heads in layouts
        ],
    )


def _stacked_group(
    shape: tuple[int, ...], reference: list[Parameter], theirs: Parameter
) -> list[Parameter]:
    """Return the first run of equal reference parameters that stacked give ``shape``."""
    if not shape:
        return []
    kind = kind_of(theirs.name, theirs.shape)
    for first in reference:
        if first.shape[1:] != shape[1:] or kind_of(first.name, first.shape) not in (kind, ""):
            continue
        count, rest = divmod(shape[0], first.shape[0])
        if rest or not 2 <= count <= 4:
            continue
        alike = [
            p
            for p in reference
            if p.shape == first.shape
            and p.name.rpartition(".")[2] == first.name.rpartition(".")[2]
            and p.owner == first.owner
        ]
        if len(alike) >= count:
            return alike[:count]
    return []


def _pair_by_order(
    student: list[Parameter], reference: list[Parameter]
) -> tuple[list[dict[str, Source]], list[Parameter], list[Parameter]]:
    """Pair what is left by shape, in order first, then in every other order."""
    paired: list[tuple[list[Parameter], list[Parameter]]] = []
    left_s, left_r = list(student), list(reference)
    # First those whose names say weight or bias among their like, then by shape alone.
    for with_kind in (True, False):
        groups: dict[tuple[Any, ...], tuple[list[Parameter], list[Parameter]]] = {}
        for side, parameters in enumerate((left_s, left_r)):
            for parameter in parameters:
                shape = tuple(sorted(size for size in parameter.shape if size != 1))
                kind = kind_of(parameter.name, parameter.shape) if with_kind else ""
                groups.setdefault((shape, kind), ([], []))[side].append(parameter)
        left_s, left_r = [], []
        for theirs, ours in groups.values():
            count = min(len(theirs), len(ours))
            left_s += theirs[count:]
            left_r += ours[count:]
            if count:
                paired.append((theirs[:count], ours[:count]))
    readings = []
    widest = max((len(ours) for _, ours in paired), default=0)
    orders = itertools.permutations(range(widest)) if widest <= 4 else [tuple(range(widest))]
    square = any(len(p.shape) == 2 and p.shape[0] == p.shape[1] for ours in paired for p in ours[0])
    for turned, order in itertools.product((False, True) if square else (False,), orders):
        reading: dict[str, Source] = {}
        for theirs, ours in paired:
            # Groups of one size move together: the biases follow their matrices.
            indices = order if len(ours) == widest else range(len(ours))
            for parameter, index in zip(theirs, indices, strict=True):
                fit = _fits(parameter, ours[index])
                if fit is None:
                    break
                flip = turned and len(parameter.shape) == 2
                flip = flip and parameter.shape[0] == parameter.shape[1]
                reading[parameter.name] = Source(fit.names, transposed=fit.transposed or flip)
        readings.append(reading)
    return readings or [{}], left_s, left_r
