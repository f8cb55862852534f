"""The roster: who should have handed in something.

Runs on the trusted side; reads a CSV that staff exported from their course.
"""

import contextlib
import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.trusted.outcomes import clean_text

# As headers are compared: in small letters, without underscores.
_ID_COLUMNS = ("student id", "id", "sid", "user id", "sis user id", "sis id", "id number",
               "student number", "login")  # fmt: skip
# Where Moodle hides names, its identifier is what the files are called.
_NAME_COLUMNS = ("student", "name", "full name", "student name", "identifier")
# In Moodle's grading worksheet: Participant 123456, the number that names the folders.
_IDENTIFIER_COLUMNS = ("identifier",)
_FIRST_COLUMNS = ("first name", "given name", "firstname")
_LAST_COLUMNS = ("last name", "surname", "family name", "lastname")
# Moodle and Gradescope list staff with the students, and say so here.
_ROLE_COLUMNS = ("role", "roles")
_STAFF = re.compile(
    r"\b(?:teacher|instructor|professor|ta|assistant|grader|reader|tutor|designer|manager|observer|"
    r"administrator)\b"
)
_STUDENT = re.compile(r"student|learner|pupil")
# Titles and empty lines may stand above the header.
_HEADER_WITHIN = 10
# Rows that Canvas puts among the students.
_NOBODY = ("points possible", "student, test", "test student")
_BYTES_MAX = 64 * 2**20
# Of a workbook in the formats of today and of before 2007.
_EXCEL = (b"PK", b"\xd0\xcf\x11\xe0")
# What a spreadsheet makes of a number it takes for an amount.
_WHOLE = re.compile(r"\d+(?=\.0+$)")


class BadRoster(Exception):
    """The roster cannot be used; one sentence for staff."""


@dataclass(frozen=True)
class Person:
    """One line of the roster."""

    name: str
    number: str
    # What a platform calls them by besides.
    identifier: str = ""
    # Which of several lines that say the same, where no number tells whether they are one person.
    line: int = 0

    @property
    def numbers(self) -> set[str]:
        """What their submission may be numbered with."""
        return {self.number, self.identifier} - {""}

    @property
    def shown(self) -> str:
        """Name and number, as far as they are known."""
        return clean_text(f"{self.name} {self.number}", 200)


def read_roster(path: Path) -> list[Person]:
    """Read a roster. Raises BadRoster with one sentence."""
    text = _read_text(path)
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep="):  # Excel's word for what parts the cells
        text = rest
    mark, above, columns = _find_header(text, path)
    try:
        # Strict: a quote that is never closed would make one person of all that follows.
        rows = list(_read_rows(text, mark, strict=True))[above:]
    except csv.Error as error:
        raise BadRoster(f"the roster {path} is no CSV: {error}") from None
    people = [
        _read_person(row, columns, line)
        for line, row in enumerate(rows)
        if not _is_staff(row, columns)
    ]
    people = [p for p in people if p.shown and p.name.strip().lower() not in _NOBODY]
    if not people:
        raise BadRoster(f"the roster {path} names nobody below its header")
    return list(dict.fromkeys(people))


_Columns = tuple[int | None, ...]


def _find_header(text: str, path: Path) -> tuple[str, int, _Columns]:
    """Return what parts the cells, how many rows end with the header, and what stands where."""
    first = text.partition("\n")[0]
    begins: list[str] = []
    # The likeliest mark first; a title above the header has none.
    for mark in sorted(",;\t", key=first.count, reverse=True):
        with contextlib.suppress(csv.Error):
            rows = itertools.islice(_read_rows(text, mark), _HEADER_WITHIN)
            for number, row in enumerate(rows, start=1):
                begins = begins or row
                columns = _find_columns(row)
                if columns is not None:
                    return mark, number, columns
    if not begins:
        raise BadRoster(f"the roster {path} is empty")
    raise BadRoster(
        f"the roster {path} has neither a column student_id nor a column student; it has "
        f"{', '.join(begins[:8])}"
    )


def _read_rows(text: str, mark: str, *, strict: bool = False) -> Iterator[list[str]]:
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=strict):
        if any(cell.strip(" ,;\t\r\n") for cell in row):
            yield row


def _find_columns(row: Sequence[str]) -> _Columns | None:
    """Return where number, name, first and last name, identifier and role stand, or None."""
    header = [" ".join(cell.lower().replace("_", " ").split()) for cell in row]
    number, name, given, family, identifier, role = (
        next((header.index(column) for column in columns if column in header), None)
        for columns in (
            _ID_COLUMNS, _NAME_COLUMNS, _FIRST_COLUMNS, _LAST_COLUMNS, _IDENTIFIER_COLUMNS,
            _ROLE_COLUMNS,
        )
    )  # fmt: skip
    if number is None and name is None and family is None:
        return None
    return number, name, given, family, identifier, role


def _is_staff(row: Sequence[str], columns: _Columns) -> bool:
    """Whether a row is of somebody who hands in nothing; a role nobody knows is a student's."""
    role = _cell(row, columns[-1]).lower()
    return bool(_STAFF.search(role)) and not _STUDENT.search(role)


def _read_person(row: Sequence[str], columns: _Columns, line: int) -> Person:
    number, *names, called = (_cell(row, column) for column in columns[:-1])
    name = names[0] or " ".join(filter(None, names[1:]))
    whole = _WHOLE.match(number)
    number = whole.group() if whole else number
    identifier = called.rpartition(" ")[2]
    if not number:
        number, identifier = identifier, ""
    return Person(" ".join(name.split()), number, identifier, 0 if number else line)


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > _BYTES_MAX:
            raise BadRoster(f"the roster {path} is too large to be one")
        content = path.read_bytes()
    except OSError as error:
        raise BadRoster(f"the roster {path} cannot be read: {error.strerror}") from error
    if content.startswith(_EXCEL):
        raise BadRoster(f"the roster {path} is an Excel file: save it as CSV")
    # As Excel saves a CSV where nobody asks it for UTF-8.
    codings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252")
    for coding in codings:
        with contextlib.suppress(UnicodeDecodeError):
            text = content.decode(coding)
            if "\0" not in text:  # UTF-16 that does not say so
                return text
    raise BadRoster(f"the roster {path} is not UTF-8: export it as CSV UTF-8")


def _cell(row: Sequence[str], index: int | None) -> str:
    return row[index].strip() if index is not None and index < len(row) else ""
