"""What a stored result must look like to be taken for one.

Runs on the trusted side, on files that may be damaged, edited by hand or none of ours. What is not
wholly as we write it counts as absent, and its submission is graded again.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from autograder.results import SCHEMA
from autograder.trusted.folders import open_ordinary_file

STATUSES = ("graded", "not gradable")
# Far more than a result ever takes, and little enough to read.
_BYTES_MAX = 64 * 2**20
_PEEK_BYTES = 4096
_SUBMISSION = re.compile(rb'\n\s*"submission": ("(?:[^"\\]|\\.)*")')
# What is lost when a hundred points are written with six decimals and added up again.
_ROUNDING = 1e-6

_FIELDS = {
    "submission": str, "assignment": str, "seed": int, "isolation": str, "key": str,
    "student": str, "student_id": str, "late": bool, "status": str, "note": str,
    "fingerprint": dict, "checks": list, "notes": list, "sources": dict, "hints": dict,
    "training": str,
}  # fmt: skip
_MARK_FIELDS = {"submission": str, "kit": str, "seed": int, "options": str}
_CHECK_FIELDS = {"id": str, "layer": str, "status": str, "message": str, "traceback": list}
_CHECK_NUMBERS = ("points", "max_points")
_NUMBERS = frozenset((int, float))
_COLUMNS = (*_CHECK_FIELDS, *_CHECK_NUMBERS, "diagnosis")
# Stands in no text that a result holds: JSON writes the end of a line there as two characters.
_CHECKS_BEGIN = b'\n "checks": ['
_DIAGNOSIS_FIELDS = {"id": str, "kind": str, "explanation": str}


def read_stored(path: Path) -> dict[str, Any] | None:
    """Return the result that a file holds, or None where there is none, or none to rely on."""
    content = _read(path)
    stored = None if content is None else parse_stored(content)
    # A result under another's name would be another's grade.
    return stored if stored is not None and stored["key"] == path.stem else None


def read_facts(path: Path) -> dict[str, Any] | None:
    """Return a result as ``read_stored``, in a fraction of the time: its checks are left out.

    Whether they are as we wrote them is not looked at: of use where no points are.
    """
    content = _read(path)
    if content is None:
        return None
    facts, found, _ = content.partition(_CHECKS_BEGIN)
    try:
        stored: dict[str, Any] | None = json.loads(facts + b'"checks": []}') if found else None
    except (ValueError, RecursionError):
        return None
    # Earlier kits wrote some facts behind the checks.
    if stored is None or not _has_facts(stored) or stored["key"] != path.stem:
        return read_stored(path)
    return stored


def _read(path: Path) -> bytes | None:
    try:
        with os.fdopen(open_ordinary_file(path, follow=True), "rb") as stream:
            content = stream.read(_BYTES_MAX + 1)
    except OSError:
        return None
    return content if len(content) <= _BYTES_MAX else None


def peek_submission(path: Path) -> str | None:
    """Return whose result a file holds, by its first lines alone; None where they do not say.

    A class of a thousand is looked through before each run, where reading all of it takes seconds.
    """
    try:
        with os.fdopen(open_ordinary_file(path, follow=True), "rb") as stream:
            found = _SUBMISSION.search(stream.read(_PEEK_BYTES))
        return None if found is None else str(json.loads(found[1]))
    except (OSError, ValueError):
        return None


def parse_stored(content: bytes) -> dict[str, Any] | None:
    """Return a stored result, or None where the text is not wholly one."""
    try:
        stored = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):  # also what is not UTF-8
        return None
    return stored if _is_result(stored) else None


def _has_facts(stored: Any) -> bool:
    return (
        _has(stored, _FIELDS)
        and type(stored.get("schema")) is int
        and stored["schema"] == SCHEMA
        and stored["status"] in STATUSES
        and _has(stored["fingerprint"], _MARK_FIELDS)
    )


def _is_result(stored: Any) -> bool:
    return (
        _has_facts(stored)
        and _are_checks(stored["checks"])
        and all(type(hints) is list for hints in stored["hints"].values())
        and _is_number(stored.get("wall_clock_s"))
        and _adds_up(stored, "score", "points")
        and _adds_up(stored, "max_score", "max_points")
    )


def _are_checks(checks: Sequence[Any]) -> bool:
    # Column by column: a class has a hundred thousand of them.
    if not checks:
        return True
    try:
        rows = map(itemgetter(*_COLUMNS), checks)
        columns = dict(zip(_COLUMNS, zip(*rows, strict=True), strict=True))
    except (TypeError, KeyError):  # what is no object, or lacks a field
        return False
    return (
        all(set(map(type, columns[name])) == {kind} for name, kind in _CHECK_FIELDS.items())
        and all(all(map(_is_number, columns[name])) for name in _CHECK_NUMBERS)
        and all(
            0 <= won <= most + _ROUNDING
            for won, most in zip(columns["points"], columns["max_points"], strict=True)
        )
        and all(one is None or _has(one, _DIAGNOSIS_FIELDS) for one in columns["diagnosis"])
    )


def _has(found: Any, fields: Mapping[str, type]) -> bool:
    # The type itself: True is an int to isinstance.
    return isinstance(found, dict) and all(
        type(found.get(name)) is kind for name, kind in fields.items()
    )


def _adds_up(stored: dict[str, Any], total: str, part: str) -> bool:
    if not _is_number(stored.get(total)):
        return False
    return bool(abs(stored[total] - sum(check[part] for check in stored["checks"])) <= _ROUNDING)


def _is_number(value: Any) -> bool:
    # A comparison that NaN fails, and an int too large for a float as well.
    return type(value) in _NUMBERS and abs(value) <= 1e9
