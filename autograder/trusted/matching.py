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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from autograder.trusted.layouts import (
    cut_axes,
    flip_own_matrices,
    gather_parts,
    join_axes,
    spread_parts,
)
from autograder.trusted.orders import pair_by_order
from autograder.trusted.parameters import (
    Match,
    Parameter,
    Reading,
    Source,
    fits,
    kind_of,
    stem_of,
    words_of,
)

READINGS_MAX = 96
# More than so many times the reference's parameters, and so many besides, are no style of writing.
SURPLUS_FACTOR_MAX, SURPLUS_MAX = 4, 32


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
    student, gathered = gather_parts(student, reference, head_counts, heads_first=heads_first)
    as_they_are = {p.name: p for p in student}
    student, cuts = join_axes(student, reference, head_counts)
    if len(student) > SURPLUS_FACTOR_MAX * len(reference) + SURPLUS_MAX:
        # Wrong in any case, and comparing every name with every other takes its time.
        names = {p.name for p in reference}
        surplus = [p for p in student if p.name not in names]
        return Match([Reading({}, renamed=False)], [], surplus)
    left_s, left_r = _pair_same_names(student, reference, taken)
    left_s, left_r = _pair_by_words(left_s, left_r, roles, taken)
    left_s, left_r = _pair_companions(left_s, left_r, taken)
    renamed = bool(left_s) or any(source.names != (name,) for name, source in taken.items())
    packed = [dict[str, Source]()]
    if left_s and left_r:
        left_s, left_r, packed = _unpack(left_s, left_r, head_counts)
    ordered, left_s, left_r = pair_by_order(left_s, left_r, READINGS_MAX)
    readings = [
        Reading({**taken, **joint, **loose}, renamed)
        for joint, loose in itertools.product(packed, ordered)
    ]
    readings = flip_own_matrices(readings, student, reference, set(cuts))
    # With many parameters the ways to cut them all are too many to write down.
    cut = (way for reading in readings for way in cut_axes(reading, cuts))
    readings = [spread_parts(way, gathered) for way in itertools.islice(cut, READINGS_MAX)]
    layout = tuple((name, as_they_are[name].shape) for name in (*cuts, *gathered))
    layout += (("", tuple(head_counts)),) if layout else ()
    return Match(readings, list(left_r), [as_they_are[p.name] for p in left_s], layout)


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
        if fits(theirs, ours) is None or kind not in ("", kind_of(ours.name, ours.shape)):
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
                fit = fits(theirs, winners[0])
                assert fit is not None
                taken[theirs.name] = fit
                left_s.remove(theirs)
                left_r.remove(winners[0])
                found = True
    return left_s, left_r


def _pair_companions(
    student: list[Parameter],
    reference: list[Parameter],
    taken: dict[str, Source],
) -> tuple[list[Parameter], list[Parameter]]:
    """Pair a bias with that of the map whose matrix is known, and the reverse: ``bq`` by ``wq``."""
    left_s, left_r = list(student), list(reference)
    ours_by_stem = {
        stem_of(name): source.names[0].rpartition(".")[0]
        for name, source in taken.items()
        if len(source.names) == 1
    }
    for theirs in student:
        module = ours_by_stem.get(stem_of(theirs.name))
        kind = kind_of(theirs.name, theirs.shape)
        alike = [p for p in left_s if stem_of(p.name) == stem_of(theirs.name)]
        found = [
            ours
            for ours in left_r
            if ours.name.rpartition(".")[0] == module
            and kind_of(ours.name, ours.shape) == kind
            and fits(theirs, ours)
        ]
        if len(alike) == len(found) == 1:
            fit = fits(theirs, found[0])
            assert fit is not None
            taken[theirs.name] = fit
            left_s.remove(theirs)
            left_r.remove(found[0])
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
