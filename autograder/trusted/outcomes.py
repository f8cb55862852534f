"""How a check can end, as exceptions that carry the sentence a student reads.

Runs on the trusted side. A student's fault is always one of these, never a crash of ours.
"""

import re
from typing import Literal

Status = Literal["passed", "failed", "error", "timeout", "blocked"]

_UNSAFE = re.compile(r"[^\x20-\x7e\xa0-\u200a\u2010-\u2027\u2030-\u2060\u2070-\ud7ff\uf900-\ufffd]")


def clean_text(text: str, chars_max: int = 400) -> str:
    """Return ``text`` fit to be shown: one line, no control or direction characters, not long."""
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


class StudentRaised(CheckEnded):
    """The student's code raised, would not load, or took its process down."""

    status: Status = "error"


class StudentTimeout(CheckEnded):
    """The student's code used up its time."""

    status: Status = "timeout"


class Blocked(CheckEnded):
    """The check needs something that is missing."""

    status: Status = "blocked"
