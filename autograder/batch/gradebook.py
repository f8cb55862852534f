"""The gradebook: one line per student, safe to open in a spreadsheet.

Runs on the trusted side. Names of students and files are hostile texts: a cell that begins like a
formula would be run by a spreadsheet, so it is quoted.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.results import write_atomically
from autograder.trusted.outcomes import clean_text

# What makes a spreadsheet take a text for a formula, in wide letters too.
_FORMULA_STARTS = tuple("=+-@|%\uff1d\uff0b\uff0d\uff20")
# Where a cell may begin for a spreadsheet that takes another mark than ours for the end of one.
_SEPARATORS = re.compile(r"[;,\t|]")


def safe_cell(value: object) -> str | int | float:
    """Return a value as a cell that no spreadsheet runs; numbers stay numbers."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return int(value) if value == int(value) else round(value, 6)
    text = str(value)
    begins = text.lstrip("\r\n\t")
    if begins != text or any(map(_begins_a_formula, (text, *_SEPARATORS.split(text)))):
        return f"'{_SEPARATORS.sub(' ', text)}"
    return text


def _begins_a_formula(text: str) -> bool:
    """Whether a text is a formula behind all that does not show: spaces, marks of direction."""
    shown = (char for char in text if unicodedata.category(char)[0] not in "CZ")
    return next(shown, "").startswith(_FORMULA_STARTS)


def write_gradebook(
    path: Path, rows: Iterable[Mapping[str, Any]], groups: Sequence[str], *, with_checks: bool
) -> None:
    """Write the gradebook of stored results, whole or not at all. Raises OSError."""
    rows = sorted(rows, key=lambda row: (str(row["student"]).lower(), str(row["submission"])))
    checks = _check_ids(rows) if with_checks else []
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(
        ["student", "student_id", "submission", "status", "late", "score", "max_score", *groups,
         *checks, "isolation", "seed", "note"]
    )  # fmt: skip
    for row in rows:
        # What was not asked has no points, which is not the same as none of its points.
        won: dict[str, float] = {}
        by_check = {}
        for check in row["checks"]:
            won[check["layer"]] = won.get(check["layer"], 0.0) + check["points"]
            by_check[check["id"]] = check["points"]
        graded = row["status"] == "graded"
        writer.writerow(
            [safe_cell(cell) for cell in (
                row["student"], row["student_id"], row["submission"], row["status"], row["late"],
                row["score"] if graded else "", row["max_score"] if graded else "",
                *(won.get(group, "") for group in groups),
                *(by_check.get(check, "") for check in checks),
                row["isolation"], row["seed"], row["note"],
            )]
        )  # fmt: skip
    # A mark at the start lets spreadsheets read names that are not English.
    write_atomically(path, "\ufeff" + stream.getvalue())


def row_of_nothing(name: str, number: str) -> dict[str, Any]:
    """Return the row of who has handed in nothing: no points, which is not the same as zero."""
    return {
        "student": clean_text(name, 200), "student_id": clean_text(number, 200), "submission": "",
        "status": "missing", "late": "", "score": "", "max_score": "", "checks": [],
        "isolation": "", "seed": "", "note": "nothing was handed in",
    }  # fmt: skip


def _check_ids(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(check["id"] for row in rows for check in row["checks"]))
