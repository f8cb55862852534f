"""The roster: who should have handed in something.

Runs on the trusted side; reads a CSV that staff exported from their course.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autograder.batch.discovery import Entry

_ID_COLUMNS = ("student_id", "id", "sid", "user_id", "sis user id", "sis_id", "id number", "login")
_NAME_COLUMNS = ("student", "name", "full name", "full_name", "student name")
_BYTES_MAX = 64 * 2**20


class BadRoster(Exception):
    """The roster cannot be used; one sentence for staff."""


@dataclass(frozen=True)
class Person:
    """One line of the roster."""

    name: str
    number: str


def read_roster(path: Path) -> list[Person]:
    """Read a roster. Raises BadRoster with one sentence."""
    try:
        if path.stat().st_size > _BYTES_MAX:
            raise BadRoster(f"the roster {path} is too large to be one")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadRoster(f"the roster {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise BadRoster(f"the roster {path} is not UTF-8: export it as CSV UTF-8") from None
    try:
        rows = list(csv.reader(text.splitlines(), delimiter=_delimiter(text)))
    except csv.Error as error:
        raise BadRoster(f"the roster {path} is no CSV: {error}") from None
    if not rows:
        raise BadRoster(f"the roster {path} is empty")
    header = [cell.strip().lower() for cell in rows[0]]
    number = next((header.index(c) for c in _ID_COLUMNS if c in header), None)
    name = next((header.index(c) for c in _NAME_COLUMNS if c in header), None)
    if number is None and name is None:
        raise BadRoster(
            f"the roster {path} has neither a column student_id nor a column student; it has "
            f"{', '.join(rows[0][:8])}"
        )
    return [
        Person(_cell(row, name), _cell(row, number)) for row in rows[1:] if any(map(str.strip, row))
    ]


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _cell(row: list[str], index: int | None) -> str:
    return row[index].strip() if index is not None and index < len(row) else ""


def find_missing(roster: Iterable[Person], entries: Iterable[Entry]) -> list[Person]:
    """Return those of the roster of whom there is no submission."""
    known = list(entries)
    numbers = {n.strip() for e in known for n in e.student_id.split(";") if n.strip()}
    names = {_plain(n) for e in known for n in e.student.split(";") if n.strip()}
    return [
        person
        for person in roster
        if not ((person.number and person.number in numbers)
                or (person.name and _forms(person.name) & names))
    ]  # fmt: skip


def _plain(name: str) -> str:
    return "".join(char for char in name.lower() if char.isalnum())


def _forms(name: str) -> set[str]:
    """Return the ways a name is written without spaces: Ada Lovelace is also lovelaceada."""
    words = [_plain(word) for word in name.replace(",", " ").split()]
    return {"".join(words), "".join([*words[-1:], *words[:-1]]), "".join([*words[1:], *words[:1]])}
