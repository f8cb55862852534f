"""The roster: who should have handed in something.

Runs on the trusted side; reads a CSV that staff exported from their course.
"""

import csv
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.batch.discovery import Entry

_ID_COLUMNS = ("student_id", "id", "sid", "user_id", "sis user id", "sis_id", "id number", "login")
_NAME_COLUMNS = ("student", "name", "full name", "full_name", "student name")
_FIRST_COLUMNS = ("first name", "first_name", "given name", "firstname")
_LAST_COLUMNS = ("last name", "last_name", "surname", "family name", "lastname")
# Rows that Canvas puts among the students.
_NOBODY = ("points possible", "student, test", "test student")
_BYTES_MAX = 64 * 2**20


class BadRoster(Exception):
    """The roster cannot be used; one sentence for staff."""


@dataclass(frozen=True)
class Person:
    """One line of the roster."""

    name: str
    number: str

    @property
    def shown(self) -> str:
        """Name and number, as far as they are known."""
        return f"{self.name} {self.number}".strip()


def read_roster(path: Path) -> list[Person]:
    """Read a roster. Raises BadRoster with one sentence."""
    text = _read_text(path)
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep="):  # Excel's word for what parts the cells
        text = rest
    try:
        rows = list(csv.reader(text.splitlines(), delimiter=_delimiter(text)))
    except csv.Error as error:
        raise BadRoster(f"the roster {path} is no CSV: {error}") from None
    if not rows:
        raise BadRoster(f"the roster {path} is empty")
    header = [cell.strip().lower() for cell in rows[0]]
    number, name, given, family = (
        next((header.index(column) for column in columns if column in header), None)
        for columns in (_ID_COLUMNS, _NAME_COLUMNS, _FIRST_COLUMNS, _LAST_COLUMNS)
    )
    if number is None and name is None and family is None:
        raise BadRoster(
            f"the roster {path} has neither a column student_id nor a column student; it has "
            f"{', '.join(rows[0][:8])}"
        )
    people = []
    for row in rows[1:]:
        parts = (_cell(row, name), f"{_cell(row, given)} {_cell(row, family)}".strip())
        person = Person(next(filter(None, parts), ""), _cell(row, number))
        if person.shown and person.name.strip().lower() not in _NOBODY:
            people.append(person)
    return people


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > _BYTES_MAX:
            raise BadRoster(f"the roster {path} is too large to be one")
        content = path.read_bytes()
    except OSError as error:
        raise BadRoster(f"the roster {path} cannot be read: {error.strerror}") from error
    if content.startswith(b"PK"):
        raise BadRoster(f"the roster {path} is an Excel file: save it as CSV")
    # As Excel saves a CSV where nobody asks it for UTF-8.
    codings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252")
    for coding in codings:
        try:
            return content.decode(coding)
        except UnicodeDecodeError:
            continue
    raise BadRoster(f"the roster {path} is not UTF-8: export it as CSV UTF-8")


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _cell(row: list[str], index: int | None) -> str:
    return row[index].strip() if index is not None and index < len(row) else ""


def find_missing(roster: Iterable[Person], entries: Iterable[Entry]) -> list[Person]:
    """Return those of the roster of whom there is no submission.

    A name decides where a submission has one: platforms give numbers of several kinds.
    """
    known = list(entries)
    return [person for person in roster if not any(_is_of(entry, person) for entry in known)]


def compare_with_roster(roster: Sequence[Person], entries: Sequence[Entry]) -> Iterator[str]:
    """Yield a sentence for who is missing, who is not on the roster, and what is not certain."""
    missing = find_missing(roster, entries)
    if roster and len(missing) == len(roster):
        yield "nobody on the roster is found among the submissions: is it this class's?"
    for person in missing:
        yield f"missing: {person.shown}"
    alike = Counter(_plain(person.name) for person in roster if person.name)
    for person in roster:
        count = alike[_plain(person.name)]
        if count > 1 and person not in missing:
            yield f"not certain: {count} people on the roster are called {person.name}"
            alike[_plain(person.name)] = 0
    for entry in entries:
        if not any(_is_of(entry, person) for person in roster):
            yield f"not on the roster: {entry.student or entry.key}"


def _is_of(entry: Entry, person: Person) -> bool:
    names = {_plain(name) for name in entry.student.split(";") if name.strip()}
    if person.number and _plain(person.number) in names:  # a file that is named by the number
        return True
    if person.name and names:
        return bool(_forms(person.name) & names)
    numbers = {number.strip() for number in entry.student_id.split(";")}
    return bool(person.number) and person.number in numbers


def _plain(name: str) -> str:
    """Return a name's letters, however they are composed and whatever marks they carry."""
    apart = unicodedata.normalize("NFKD", name).casefold()
    return "".join(char for char in apart if char.isalnum())


def _forms(name: str) -> set[str]:
    """Return the ways a name is written without spaces: Ada Lovelace is also lovelaceada."""
    words = [_plain(word) for word in name.replace(",", " ").split()]
    turned = [[*words[-1:], *words[:-1]], [*words[1:], *words[:1]]]
    # Middle names come and go.
    outer = [[words[0], words[-1]], [words[-1], words[0]]] if len(words) > 2 else []
    return {"".join(form) for form in (words, *turned, *outer)}
