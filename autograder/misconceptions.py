"""The bank of misconceptions: known wrong versions of a layer, as small edits of the reference.

Lives in the engine; read by diagnosis on the trusted side and by authoring. The bank itself is
staff-only: one TOML file per layer in ``solutions/<assignment>/misconceptions/``.
"""

import itertools
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.manifest import Kit, KitError

# Where an edit's text takes one of several constants: a mask of -20 or of -100.
PLACE = "⟨value⟩"


@dataclass(frozen=True)
class Edit:
    """Replace ``before``, which stands once in the reference, by ``after``."""

    before: str
    after: str


@dataclass(frozen=True)
class Misconception:
    """One way to get a layer wrong, and what a student is told about it."""

    id: str
    layer: str
    title: str
    explanation: str
    read: str
    staff: str
    # Each form is one way to make the mistake; all are one misconception.
    forms: tuple[tuple[Edit, ...], ...]
    values: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """Everything a student reads about it, in one paragraph."""
        return f"{self.title}. {self.explanation} Read: {self.read}."

    def variants(self) -> Iterator[tuple[Edit, ...]]:
        """Yield the edits of every form, with each of the constants students choose."""
        for form in self.forms:
            for value in self.values or ("",):
                yield tuple(Edit(e.before, e.after.replace(PLACE, value)) for e in form)


@dataclass(frozen=True)
class Version:
    """A wrong version of a layer's file, and the misconceptions in it: one or two."""

    misconceptions: tuple[Misconception, ...]
    spans: tuple[tuple[int, int, str], ...]

    def source(self, reference: str) -> str:
        """Return the reference's text with the edits made."""
        for start, end, text in sorted(self.spans, reverse=True):
            reference = reference[:start] + text + reference[end:]
        return reference


def bank_file(kit: Kit, layer: str) -> Path:
    """Return where a layer's misconceptions are kept."""
    name = kit.by_name[layer].file.removesuffix(".py")
    return kit.staff_folder / "misconceptions" / f"{name}.toml"


def read_bank(kit: Kit, layer: str) -> list[Misconception]:
    """Read a layer's misconceptions; none when it has no file.

    Raises KitError for an entry that is incomplete, named twice, or whose text before is not
    in the reference exactly once.
    """
    path = bank_file(kit, layer)
    if not path.is_file():
        return []
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))["misconception"]
        found = [_read_entry(entry, layer) for entry in entries]
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise KitError(f"{path}: {type(error).__name__}: {error}") from error
    reference = read_reference(kit, layer)
    seen: set[str] = set()
    for misconception in found:
        if misconception.id in seen:
            raise KitError(f"{path}: {misconception.id} stands there twice")
        seen.add(misconception.id)
        for edit in itertools.chain.from_iterable(misconception.forms):
            count = reference.count(edit.before)
            if count != 1:
                raise KitError(
                    f"{path}: {misconception.id}: its text before stands {count} times in the "
                    f"reference, not once: {edit.before.strip()!r}"
                )
    return found


def _read_entry(entry: dict[str, Any], layer: str) -> Misconception:
    forms = tuple(tuple(Edit(before, after) for before, after in form) for form in entry["forms"])
    return Misconception(
        id=entry["id"],
        layer=layer,
        title=entry["title"],
        explanation=" ".join(entry["explanation"].split()),
        read=entry["read"],
        staff=" ".join(entry["staff"].split()),
        forms=forms,
        values=tuple(str(value) for value in entry.get("values", ())),
    )


def read_reference(kit: Kit, layer: str) -> str:
    """Return the text of the reference's file for a layer."""
    return (kit.staff_folder / kit.by_name[layer].file).read_text(encoding="utf-8")


_VERSIONS: dict[tuple[Path, str], tuple[Version, ...]] = {}
_DIALECTS: dict[tuple[Path, str], tuple[Version, ...]] = {}


def versions(kit: Kit, layer: str) -> tuple[Version, ...]:
    """Return every wrong version with one misconception, in the bank's order; read once."""
    key = (kit.staff_folder, layer)
    if key not in _VERSIONS:
        reference = read_reference(kit, layer)
        _VERSIONS[key] = tuple(
            Version((misconception,), tuple(_span(reference, edit) for edit in edits))
            for misconception in read_bank(kit, layer)
            for edits in misconception.variants()
        )
    return _VERSIONS[key]


def dialects(kit: Kit, layer: str) -> tuple[Version, ...]:
    """Return the other right ways to write a layer, for what right ways may do differently.

    Where nothing is asked of a layer (what a row of padding alone gives, say), right layers
    differ, and so do wrong ones: a misconception is looked for in each dialect.
    """
    key = (kit.staff_folder, layer)
    if key not in _DIALECTS:
        path, found = bank_file(kit, layer), []
        if path.is_file():
            reference = read_reference(kit, layer)
            for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("dialect", []):
                edits = [Edit(before, after) for before, after in entry["edits"]]
                for edit in edits:
                    if reference.count(edit.before) != 1:
                        raise KitError(f"{path}: the dialect {entry['id']} does not fit")
                found.append(Version((), tuple(_span(reference, edit) for edit in edits)))
        _DIALECTS[key] = tuple(found)
    return _DIALECTS[key]


def in_dialects(kit: Kit, layer: str, found: Sequence[Version]) -> Iterator[Version]:
    """Yield each of the wrong versions in every dialect it can be said in."""
    for dialect in dialects(kit, layer):
        for version in found:
            both = combine(version, dialect)
            if both is not None:
                yield both


def _span(reference: str, edit: Edit) -> tuple[int, int, str]:
    start = reference.index(edit.before)
    # Only what differs: two edits of neighbouring words on one line are compatible.
    head = _shared(edit.before, edit.after)
    tail = _shared(edit.before[head:][::-1], edit.after[head:][::-1])
    return start + head, start + len(edit.before) - tail, edit.after[head : len(edit.after) - tail]


def _shared(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their start."""
    both = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(both) if a != b), min(len(one), len(other)))


def combine(one: Version, other: Version) -> Version | None:
    """Return the version with both versions' edits, or None where they touch the same text."""
    if one.misconceptions == other.misconceptions:
        return None
    for start, end, _ in one.spans:
        for their_start, their_end, _ in other.spans:
            # Neighbours may touch; two insertions at one place have no order.
            if (start < their_end and their_start < end) or start == their_start:
                return None
    return Version(one.misconceptions + other.misconceptions, one.spans + other.spans)


def pairs(found: Sequence[Version], first: Sequence[Version] = ()) -> Iterator[Version]:
    """Yield every compatible pair, those with a version of ``first`` before all others."""
    early = {id(version) for version in first}
    ordered = [v for v in found if id(v) in early] + [v for v in found if id(v) not in early]
    position = {id(version): place for place, version in enumerate(found)}
    for couple in itertools.combinations(ordered, 2):
        one, other = sorted(couple, key=lambda version: position[id(version)])
        both = combine(one, other)
        if both is not None:
            yield both
