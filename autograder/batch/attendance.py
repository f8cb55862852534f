"""Who of the roster has handed in something: people are held against submissions.

Runs on the trusted side. Names are written in many ways and platforms give numbers of several
kinds: a name decides whose a submission is, and among people of one name an equal number does.
"""

import functools
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from autograder.batch.discovery import Entry
from autograder.batch.roster import Person
from autograder.trusted.outcomes import clean_text


@dataclass
class Attendance:
    """What a roster and the submissions say of each other."""

    missing: list[Person] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    # The places of submissions that are somebody's on the roster.
    known: set[int] = field(default_factory=set)


def find_missing(roster: Iterable[Person], entries: Iterable[Entry]) -> list[Person]:
    """Return those of the roster of whom there is no submission.

    Where one of several people of one name is missing, and nothing tells who, the person that is
    returned has all their numbers.
    """
    return take_attendance(list(roster), list(entries)).missing


def compare_with_roster(roster: Sequence[Person], entries: Sequence[Entry]) -> Iterator[str]:
    """Yield a sentence for who is missing, who is not on the roster, and what is not certain."""
    found = take_attendance(roster, entries)
    strangers = [entry for place, entry in enumerate(entries) if place not in found.known]
    if roster and len(found.missing) == len(roster):
        yield "nobody on the roster is found among the submissions: is it this class's?"
    on_roster = {form for person in roster for form in _forms(person.name)}
    # Somebody may have handed in together with one who is known.
    unknown = [entry for entry in entries if not on_roster.issuperset(_names(entry) or [""])]
    for person in found.missing:
        alike = [e.student or e.key for e in unknown if person.numbers & _numbers(e)]
        told = f"; is it {alike[0]}, of the same number?" if alike else ""
        yield f"missing: {person.shown}{told}"
    for doubt in found.doubts:
        yield f"not certain: {doubt}"
    for entry in strangers:
        number = f" {entry.student_id}" if on_roster.intersection(_names(entry)) else ""
        yield f"not on the roster: {entry.student or entry.key}{number}"


def take_attendance(roster: Sequence[Person], entries: Sequence[Entry]) -> Attendance:
    """Hold a roster against the submissions."""
    found, index = Attendance(), _Index(entries)
    groups: dict[frozenset[str], list[Person]] = defaultdict(list)
    for person in roster:
        groups[_forms(person.name)].append(person)
    missing: dict[Person, list[Person]] = {}
    for forms, people in groups.items():
        missing |= _settle(people, index.of_names(forms), index, found)
    found.missing = [told for person in roster for told in missing.get(person, ())]
    return found


class _Index:
    """The places of submissions by plain name and by number."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self.by_name: dict[str, set[int]] = defaultdict(set)
        self.by_number: dict[str, set[int]] = defaultdict(set)
        for place, entry in enumerate(entries):
            for name in _names(entry) or [""]:
                self.by_name[name].add(place)
            for number in _numbers(entry):
                self.by_number[number].add(place)

    def of_names(self, forms: Iterable[str]) -> set[int]:
        return {place for form in forms for place in self.by_name.get(form, ())}

    def of_number(self, person: Person, namesakes: set[int]) -> set[int]:
        """Return what has a person's number, unless it has another's name."""
        if not person.number:
            return set()
        places = {p for number in person.numbers for p in self.by_number.get(number, ())}
        if _forms(person.name):
            places = places & (namesakes | self.by_name.get("", set()))
        # A file may be named by the number; a student who is called so is nobody else for it.
        named = self.by_name.get(_plain(person.number), set())
        return places | {place for place in named if _is_named_by_file(self.entries[place])}


def _settle(
    people: Sequence[Person], namesakes: set[int], index: _Index, found: Attendance
) -> dict[Person, list[Person]]:
    """Hold people of one name against what has that name; return who is missing, by person."""
    exact = {person: index.of_number(person, namesakes) for person in people}
    rest = [person for person in people if not exact[person]]
    taken = set().union(*exact.values())
    others = namesakes - taken
    if taken and all(person.number for person in rest):
        # Numbers are of one kind here, so that another number is another person.
        others = {place for place in others if not index.entries[place].student_id}
    found.known |= taken | others
    count = sum(_count_names(index.entries[place], people[0]) for place in others)
    if not rest or not count:
        return {person: [person] for person in rest}
    shown = clean_text(rest[0].name, 200)
    numbers = {index.entries[place].student_id for place in others}
    if count < len(rest):
        found.doubts.append(f"{len(rest)} people on the roster are called {shown}, and only "
                            f"{count} of them handed in")  # fmt: skip
        numbered = any(person.number for person in rest)
        theirs = ", ".join(person.number or "no number" for person in rest)
        theirs = theirs if numbered else f"the {len(rest)}"
        return {rest[0]: [Person(rest[0].name, f"one of {theirs}")] * (len(rest) - count)}
    if len(numbers) > len(rest):
        told = ", ".join(sorted(number or "no number" for number in numbers))
        found.doubts.append(f"{count} submissions are of {shown} ({told}), and the roster has "
                            f"{len(rest)} of that name")  # fmt: skip
    elif len(rest) > 1:
        found.doubts.append(f"{len(rest)} people on the roster are called {shown}")
    return {}


def _count_names(entry: Entry, person: Person) -> int:
    """Return how many of those who handed in together have a person's name."""
    return sum(name in _forms(person.name) for name in _names(entry))


def _names(entry: Entry) -> list[str]:
    return [plain for name in entry.student.split(";") if (plain := _plain(name))]


def _is_named_by_file(entry: Entry) -> bool:
    """Whether a submission's name is its file's, and not one that a platform gives."""
    return _plain(entry.student) == _plain(entry.location.stem or entry.key)


def _numbers(entry: Entry) -> set[str]:
    return {number.strip() for number in entry.student_id.split(";")} - {""}


@functools.cache
def _plain(name: str) -> str:
    """Return a name's letters, however they are composed and whatever marks they carry."""
    apart = unicodedata.normalize("NFKD", clean_text(name)).casefold()
    return "".join(char for char in apart if char.isalnum())


@functools.cache
def _forms(name: str) -> frozenset[str]:
    """Return the ways a name is written without spaces: Ada Lovelace is also lovelaceada."""
    words = [_plain(word) for word in name.replace(",", " ").split()]
    turned = [[*words[-1:], *words[:-1]], [*words[1:], *words[:1]]]
    # Middle names come and go.
    outer = [[words[0], words[-1]], [words[-1], words[0]]] if len(words) > 2 else []
    return frozenset("".join(form) for form in (words, *turned, *outer)) - {""}
