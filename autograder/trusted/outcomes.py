"""How a check can end, as exceptions that carry the sentence a student reads.

Runs on the trusted side. A student's fault is always one of these, never a crash of ours.
"""

import re
from dataclasses import dataclass
from typing import Literal

Status = Literal["passed", "failed", "error", "timeout", "blocked"]

# What shows nothing by itself, and so lets two different names look alike: Unicode's category Cf
# (marks of direction, joiners, soft hyphens) and what it calls default-ignorable, of which joiners
# in Persian names and in emoji are the price.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb]"
)
# Marks on a letter beyond what any script has: stacked, they are drawn over other lines.
_MARKS = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_TOWER = re.compile(f"({_MARKS}{{4}}){_MARKS}+")
_UNSAFE = re.compile(r"[^\x20-\x7e\xa0-\u200a\u2010-\u2027\u2030-\u2060\u2070-\ud7ff\uf900-\ufffd]")


def clean_text(text: str, chars_max: int = 400) -> str:
    """Return ``text`` fit to be shown: one line, nothing that steers or is invisible, not long."""
    if not text.isascii():
        text = _TOWER.sub(r"\1", _INVISIBLE.sub("", text))
    flat = " ".join(_UNSAFE.sub(" ", text).split())
    return flat if len(flat) <= chars_max else flat[: chars_max - 1] + "…"


class CheckEnded(Exception):
    """A check ended without passing; ``status`` says whose doing it is."""

    status: Status = "error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class CheckFailed(CheckEnded):
    """The student's code ran and gave something wrong."""

    status: Status = "failed"


class AskedInVain(CheckFailed):
    """A layer was asked ahead what others of its kind were, and answers otherwise."""


@dataclass(frozen=True)
class Line:
    """One line of the student's own code in a traceback."""

    file: str
    number: int
    function: str
    code: str

    def __str__(self) -> str:
        code = f"   ← {self.code}" if self.code else ""
        return f"{self.file}, line {self.number}, in {self.function}{code}"


@dataclass(frozen=True)
class Fault:
    """An exception of the student's code: a claim by the worker, cleaned."""

    kind: str
    text: str
    stage: str
    lines: tuple[Line, ...] = ()
    # Tensors that the failing line names, with their shapes.
    values: tuple[tuple[str, tuple[int, ...]], ...] = ()
    missing_name: str = ""
    hint: str = ""


class StudentRaised(CheckEnded):
    """The student's code raised, would not load, or took its process down."""

    status: Status = "error"

    def __init__(self, message: str, fault: Fault | None = None) -> None:
        super().__init__(message)
        self.fault = fault


class StudentTimeout(CheckEnded):
    """The student's code used up its time."""

    status: Status = "timeout"


class Blocked(CheckEnded):
    """The check needs something that is missing."""

    status: Status = "blocked"
