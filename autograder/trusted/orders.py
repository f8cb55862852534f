"""Pair parameters whose names say nothing: by shape, in order, and in every other order.

Runs on the trusted side, on names and shapes the worker claims.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence

from autograder.trusted.parameters import Parameter, Source, fits, kind_of, stem_of

# Of five alike there would be 120 orders.
_PERMUTED_MAX = 4
# Parameters of the student's, and as many of the reference's that each of them may be.
Group = tuple[list[Parameter], list[Parameter]]


def pair_by_order(
    student: Sequence[Parameter], reference: Sequence[Parameter], most: int
) -> tuple[list[dict[str, Source]], list[Parameter], list[Parameter]]:
    """Return up to ``most`` ways to pair what is left, the most plausible first, and what stays."""
    groups, left_s, left_r = _group_alike(student, reference)
    bundles = _bundle(groups)
    square = any(
        len(p.shape) == 2 and p.shape[0] == p.shape[1] for theirs, _ in groups for p in theirs
    )
    readings = []
    turns = (False, True) if square else (False,)
    for orders in itertools.islice(_orders([len(b[0][0]) for b in bundles]), most // len(turns)):
        reading = _read(bundles, orders)
        if reading is not None:
            readings.append(reading)
    # What PyTorch's own layers hold stands as it does in the reference.
    readings.sort(key=lambda reading: sum(source.transposed for source in reading.values()))
    by_name = {p.name: p for p in student}
    both = [
        _turn_squares(reading, by_name) if turned else reading
        for turned in turns
        for reading in readings
    ]
    return both or [{}], left_s, left_r


def _group_alike(
    student: Sequence[Parameter], reference: Sequence[Parameter]
) -> tuple[list[Group], list[Parameter], list[Parameter]]:
    """Pair off what can be one another: of one kind of layer first, then of one kind, then any."""
    known = {p.owner for p in reference}
    groups: list[Group] = []
    left_s, left_r = list(student), list(reference)
    for by_owner, by_kind in ((True, True), (False, True), (False, False)):
        found: dict[tuple[object, ...], Group] = {}
        for side, parameters in enumerate((left_s, left_r)):
            for p in parameters:
                shape = tuple(sorted(size for size in p.shape if size != 1))
                kind = kind_of(p.name, p.shape) if by_kind else ""
                owner = p.owner if by_owner and p.owner in known else ""
                found.setdefault((shape, kind, owner), ([], []))[side].append(p)
        left_s, left_r = [], []
        for theirs, ours in found.values():
            count = min(len(theirs), len(ours))
            if by_owner and len(theirs) != len(ours):
                count = 0
            left_s += theirs[count:]
            left_r += ours[count:]
            if count:
                groups.append((theirs[:count], ours[:count]))
        left_s.sort(key=list(student).index)
        left_r.sort(key=list(reference).index)
    return groups, left_s, left_r


def _bundle(groups: Sequence[Group]) -> list[list[Group]]:
    """Put groups together whose members belong together: biases follow their matrices."""
    bundles: list[list[Group]] = []
    for theirs, ours in groups:
        for bundle in bundles:
            first_theirs, first_ours = bundle[0]
            follows = _arrange([stem_of(p.name) for p in first_theirs], theirs, stem_of)
            follows_ours = _arrange([_module_of(p.name) for p in first_ours], ours, _module_of)
            if follows and follows_ours:
                bundle.append((follows, follows_ours))
                break
        else:
            bundles.append([(theirs, ours)])
    return bundles


def _module_of(name: str) -> str:
    return name.rpartition(".")[0]


def _arrange(
    wanted: list[str], group: list[Parameter], name_of: Callable[[str], str]
) -> list[Parameter]:
    """Return a group in the order of the names wanted; nothing where it has others."""
    by_name = {name_of(p.name): p for p in group}
    if len(group) != len(wanted) or by_name.keys() != set(wanted):
        return []
    return [by_name[name] for name in wanted]


def _orders(sizes: Sequence[int]) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Yield an order for each bundle: as they stand, then with one bundle in another, and so on."""
    plain = [tuple(range(size)) for size in sizes]
    others = [
        list(itertools.permutations(order))[1:] if len(order) <= _PERMUTED_MAX else []
        for order in plain
    ]
    for count in range(len(sizes) + 1):
        for chosen in itertools.combinations(range(len(sizes)), count):
            for changed in itertools.product(*(others[index] for index in chosen)):
                orders = list(plain)
                for index, order in zip(chosen, changed, strict=True):
                    orders[index] = order
                yield tuple(orders)


def _read(
    bundles: Sequence[Sequence[Group]], orders: Sequence[Sequence[int]]
) -> dict[str, Source] | None:
    """Return who is who, with each bundle in an order of its own; None where shapes forbid it."""
    reading: dict[str, Source] = {}
    for bundle, order in zip(bundles, orders, strict=True):
        for theirs, ours in bundle:
            for parameter, index in zip(theirs, order, strict=True):
                fit = fits(parameter, ours[index])
                if fit is None:
                    return None
                reading[parameter.name] = fit
    return reading


def _turn_squares(reading: dict[str, Source], by_name: dict[str, Parameter]) -> dict[str, Source]:
    """Return a reading with every square matrix the other way round."""
    return {
        name: Source(source.names, transposed=not source.transposed)
        if len(by_name[name].shape) == 2 and len(set(by_name[name].shape)) == 1
        else source
        for name, source in reading.items()
    }
