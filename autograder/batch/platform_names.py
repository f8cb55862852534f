"""How platforms name what a teacher downloads at once: whose it is, and which attempt.

Runs on the trusted side, on hostile file names. Known are Canvas, Moodle, Gradescope, Brightspace
and Blackboard.
"""

import contextlib
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from autograder.trusted.outcomes import clean_text

# Two numbers in a row: of the user, and of the file. Names may hold numbers of their own, so where
# there are several such pairs the first of two long numbers is meant.
_CANVAS_PAIR = re.compile(r"(?=_(?P<id>\d+)_(?P<file_id>\d+)_(?P<file>.+)$)")
_CANVAS_ANONYMOUS = re.compile(
    r"^(?P<late>LATE_)?(?P<name>anon_[A-Za-z0-9]+)_(?P<also>LATE_)?(?P<file_id>\d+)_(?P<file>.+)$"
)
_LONG_DIGITS = 4
# Ada Lovelace_1234567_assignsubmission_file_ (a folder) or ..._file_homework.zip
_MOODLE = re.compile(
    r"^(?P<name>.+?)(?:_(?P<id>\d+))?_assignsubmission_(?P<kind>[a-z]+)_?(?P<file>.*)$"
)
_GRADESCOPE = re.compile(r"^submission_(?P<id>\d+)$")
# 397063-2557369 - Ada Lovelace - Sep 24, 2024 926 PM, a folder or with " - homework.zip" behind
_BRIGHTSPACE = re.compile(
    r"^(?P<whole>\d+-\d+ ?- (?P<name>.+?)) ?- (?P<when>\w{3,9} \d{1,2}, \d{4} \d{3,4} [AP]M)"
    r"(?: ?- (?P<file>.+))?$"
)
# HW1_ada_attempt_2024-09-24-21-26-00_homework.zip
_BLACKBOARD = re.compile(
    r"^(?P<whole>.+?_(?P<name>[^_]+))_attempt_(?P<when>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)$"
)
_DIGITS_MAX = 18


@dataclass(frozen=True)
class PlatformName:
    """What a platform's name for a file or folder says."""

    # The student's name as it stands there; of Blackboard's user names, perhaps only the end.
    written: str
    number: str = ""
    late: bool = False
    # The larger, the later it was handed in.
    order: int = 0
    # The student's own name for the file; "" for a folder.
    file: str = ""
    # Text typed into a form, or a cover sheet: beside a file it is nothing to grade.
    is_aside: bool = False
    # What files that were handed in together share. Canvas and Moodle give the last attempt only.
    attempt: int = 0
    # All that the platform wrote of the student, where that is more than name and number.
    whole: str = ""

    @property
    def student(self) -> str:
        """The student's name, fit to be shown."""
        return clean_text(self.written, 80)

    @property
    def whose(self) -> tuple[str, str]:
        """What tells one student's files from another's: names may look alike."""
        return self.number, self.whole or self.written


def read_platform_name(name: str) -> PlatformName | None:
    """Return what a file's or a folder's name says; None for a name that no platform gave.

    A platform puts the student's own name for the file last, and that may look like another
    platform's: what leaves most of the name to the student has read only what the platform wrote.
    """
    brightspace = _read_brightspace(name)  # it begins as no other does
    if brightspace is not None:
        return brightspace
    found = [said for said in (_read_moodle(name), _read_blackboard(name)) if said is not None]
    canvas = _read_canvas(name, long_only=bool(found))
    found += [canvas] if canvas is not None else []
    if found:
        return max(found, key=lambda said: len(said.file))
    gradescope = _GRADESCOPE.match(name)
    return PlatformName("", gradescope["id"]) if gradescope else None


def explain_several(name: str, paths: Sequence[str], expected_files: Sequence[str]) -> str:
    """Return a sentence where one file or folder holds what several students handed in, else "".

    ``paths`` are the sources or archives in it, ``expected_files`` the names of a student's own.
    """
    apart = [path.split("/") for path in paths]
    folders = zip(*(parts[:-1] for parts in apart), strict=False)
    shared = sum(1 for _ in itertools.takewhile(lambda column: len(set(column)) == 1, folders))
    tops = {parts[shared] for parts in apart}
    said = {known.whose for known in map(read_platform_name, tops) if known is not None}
    if len(said) < 2 or tops & set(expected_files):
        return ""
    return f"{name} holds the work of several students: unpack it, and grade the folder with --out"


def _read_canvas(name: str, *, long_only: bool) -> PlatformName | None:
    hidden = _CANVAS_ANONYMOUS.match(name)
    if hidden:
        return PlatformName(
            hidden["name"], "", bool(hidden["late"] or hidden["also"]),
            _number(hidden["file_id"]), hidden["file"],
        )  # fmt: skip
    pairs = [pair for pair in _CANVAS_PAIR.finditer(name) if pair.start() > 0]
    if not pairs:
        return None
    long = [p for p in pairs if min(len(p["id"]), len(p["file_id"])) >= _LONG_DIGITS]
    if long_only and not long:  # an assignment's name may hold two short numbers
        return None
    # What follows at once on the platform's own word is the platform's, whatever follows later.
    marked = name[: pairs[0].start()].endswith("_LATE")
    pair = pairs[0] if marked else (long or pairs)[0]
    if pair["file"].startswith("assignsubmission_"):  # Moodle's, of one who has a number for a name
        return None
    student = name[: pair.start()]
    late = student.endswith("_LATE")
    return PlatformName(
        student.removesuffix("_LATE"), pair["id"], late,
        _number(pair["file_id"]), pair["file"],
    )  # fmt: skip


def _read_moodle(name: str) -> PlatformName | None:
    found = _MOODLE.match(name)
    if not found:
        return None
    student, number = found["name"], found["id"] or ""
    if student == "Participant" and number:  # marked blindly, all have this name
        student = f"{student} {number}"
    aside = found["kind"] != "file"
    return PlatformName(student, number, file=found["file"], is_aside=aside)


def _read_brightspace(name: str) -> PlatformName | None:
    found = _BRIGHTSPACE.match(name)
    if not found:
        return None
    order = 0
    for months in ("%b", "%B"):
        with contextlib.suppress(ValueError):
            when = datetime.strptime(f"{found['when']} +0000", f"{months} %d, %Y %I%M %p %z")
            order = int(when.timestamp())
    return PlatformName(
        found["name"], order=order, attempt=order, file=found["file"] or "", whole=found["whole"]
    )


def _read_blackboard(name: str) -> PlatformName | None:
    found = _BLACKBOARD.match(name)
    if not found:
        return None
    order = _number(found["when"].replace("-", ""))
    return PlatformName(
        found["name"], order=order, attempt=order, file=found["file"] or "",
        is_aside=not found["file"], whole=found["whole"],
    )  # fmt: skip


def _number(digits: str) -> int:
    return int(digits[:_DIGITS_MAX])
