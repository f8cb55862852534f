"""Which key each submission of a run has: never one under which another's result is kept.

Runs on the trusted side. A key is made of a name alone, but some file systems take two names for
one, two folders may hold the same name, and earlier versions gave different names the same key.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from autograder.batch.discovery import Entry, name_given
from autograder.batch.keys import fold_key, former_key
from autograder.batch.stored_result import peek_submission
from autograder.trusted.outcomes import clean_text

# Numbers in a key are short; digests have eight digits.
_NUMBERED = re.compile(r"~\d{1,6}$")
# As long as a result keeps the name of its submission.
_NAME_CHARS = 120


def make_keys_unique(entries: Iterable[Entry], results: Path | None = None) -> list[Entry]:
    """Give every entry the key of its kept result, or one that nobody else has; order decides.

    ``results`` is the folder of kept results. What is named twice is taken once.
    """
    kept = _list_kept(results)
    given: set[Path] = set()
    taken: set[str] = set()
    unique = []
    for entry in entries:
        if entry.location.absolute() in given:
            continue
        given.add(entry.location.absolute())
        key = _choose(entry, kept, taken)
        taken.add(fold_key(key))
        unique.append(replace(entry, key=key))
    return unique


def find_kept(results: Path, locations: Iterable[Path]) -> set[Path]:
    """Return the locations of which a folder of results keeps a result, by their names."""
    kept = _list_kept(results)
    entries = map(name_given, locations)
    return {e.location for e in entries if _names(e) & set(_read_owners(e.key, kept).values())}


def _list_kept(results: Path | None) -> dict[str, list[Path]]:
    """Return the files of kept results by what their keys have in common."""
    groups: dict[str, list[Path]] = {}
    for path in sorted(results.glob("*.json")) if results else ():
        groups.setdefault(_without_number(path.stem), []).append(path)
    return groups


def _without_number(key: str) -> str:
    return _NUMBERED.sub("", fold_key(key))


def _choose(entry: Entry, kept: Mapping[str, Sequence[Path]], taken: set[str]) -> str:
    owners = _read_owners(entry.key, kept)
    mine = [key for key, owner in owners.items() if owner in _names(entry)]
    others = {fold_key(key) for key in owners.keys() - set(mine)}
    mine += _find_former(entry, kept)
    free = (
        key for key in itertools.chain(mine, _numbered(entry.key)) if fold_key(key) not in taken
    )
    return next(key for key in free if key in mine or fold_key(key) not in others)


def _find_former(entry: Entry, kept: Mapping[str, Sequence[Path]]) -> list[str]:
    """Return the keys under which earlier versions may have kept results of this submission."""
    name = entry.location.name
    former = former_key(name)
    # Where showing a name leaves something out, that may be what told two of them apart.
    if former == entry.key or clean_text(name, _NAME_CHARS) != name:
        return []
    return [key for key, owner in _read_owners(former, kept).items() if owner == name]


def _read_owners(key: str, kept: Mapping[str, Sequence[Path]]) -> dict[str, str]:
    """Return the names of the submissions with kept results of this key, numbered or not."""
    paths = kept.get(_without_number(key), ())
    found = {path.stem: peek_submission(path) for path in paths}
    first = sorted(found, key=lambda one: (one != key, len(one), one))
    return {one: owner for one in first if (owner := found[one]) is not None}


def _names(entry: Entry) -> set[str]:
    """Return what a result of an entry may give as the name of its submission."""
    others = _names(entry.instead) if entry.instead else set()
    name = entry.location.name
    if name in ("", ".."):  # the folder one stands in
        name = entry.location.absolute().resolve().name
    return {clean_text(name, _NAME_CHARS), *others}


def _numbered(key: str) -> Iterator[str]:
    yield key
    for number in itertools.count(2):
        yield f"{key}~{number}"
