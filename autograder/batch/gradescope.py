"""Whose each folder of a Gradescope export is, from the list that lies beside the folders.

Runs on the trusted side, on a file that students may have a hand in. The list also holds every
attempt with all that an autograder printed; read event by event, it takes little memory and time,
and tags and aliases mean nothing.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import yaml

from autograder.trusted.outcomes import clean_text

METADATA = "submission_metadata.yml"
_BYTES_MAX = 512 * 2**20
_SEPARATOR = "; "
# Much faster than Python's own, where PyYAML was built with libyaml.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = ("", "~", "null")
# Folder, ":submitters", the person's place, ":name": what is told lies no deeper.
_DEPTH = 4


def read_names(folder: Path) -> tuple[dict[str, tuple[str, str]], str]:
    """Return student and number by folder's name, and why there are none, or ""."""
    path = folder / METADATA
    if not path.is_file():
        return {}, ""
    # By folder, then by place: who handed it in, as the list tells it.
    told: dict[str, dict[str | int, dict[str, str]]] = {}
    try:
        if path.stat().st_size > _BYTES_MAX:
            return {}, f"{METADATA} is too large to be read: names are not known"
        with path.open("rb") as stream:
            for where, text in _walk(stream):
                if len(where) == _DEPTH and where[1] == ":submitters":
                    people = told.setdefault(str(where[0]), {})
                    people.setdefault(where[2], {})[str(where[3])] = text
    except Exception as error:  # noqa: BLE001  (its parser raises what it likes on hostile text)
        return {}, f"{METADATA} cannot be used ({type(error).__name__}): names are not known"
    if not told:
        return {}, f"{METADATA} is no list of submissions: names are not known"
    # Several hand in together; a comma belongs to «Last, First».
    return {
        name: (_join(people.values(), ":name"), _join(people.values(), ":sid"))
        for name, people in told.items()
    }, ""


def _join(people: Iterable[dict[str, str]], key: str) -> str:
    # What people call themselves is theirs to write, and makes no two of them.
    told = (person.get(key, "").replace(_SEPARATOR.strip(), ",") for person in people)
    return _SEPARATOR.join(filter(None, told))


def _walk(stream: IO[bytes]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield each text that does not lie too deep, and the keys and places in lists on the way."""
    # Of each open collection the place in a list, or the key, None before there is one.
    way: list[str | int | None] = []
    for event in yaml.parse(stream, Loader=_LOADER):  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.CollectionStartEvent):
            way.append(None if isinstance(event, yaml.MappingStartEvent) else 0)
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            way.pop()
        elif isinstance(event, yaml.ScalarEvent):
            if way and way[-1] is None:
                way[-1] = event.value
                continue
            if len(way) <= _DEPTH:
                yield tuple(step for step in way if step is not None), _text(event)
        elif not isinstance(event, yaml.AliasEvent):
            continue
        if way:
            way[-1] = _next(way[-1])


def _next(step: str | int | None) -> str | int | None:
    """Return where a collection stands when what stood at ``step`` is over."""
    if isinstance(step, int):
        return step + 1
    return "" if step is None else None  # a list as a key is no key of ours


def _text(event: yaml.ScalarEvent) -> str:
    is_plain = event.implicit[0]  # quotes make it a text
    is_null = is_plain and event.value.lower() in _NULLS
    return "" if is_null else clean_text(event.value, 80)
