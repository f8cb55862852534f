"""The gradebook: one line per student, safe to open in a spreadsheet.

Runs on the trusted side. Names of students and files are hostile texts: a cell that begins like a
formula would be run by a spreadsheet, so it is quoted.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.results import write_atomically

# What makes a spreadsheet take a text for a formula, also behind white space.
_FORMULA_STARTS = ("=", "+", "-", "@", "|", "%", "\t", "\r", "\n")


def safe_cell(value: object) -> str:
    """Return a value as the text of a cell that no spreadsheet runs."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, int):
        return str(value)
    text = str(value)
    stripped = text.lstrip(" \u00a0\u200b")
    return f"'{text}" if stripped.startswith(_FORMULA_STARTS) else text


def write_gradebook(
    path: Path, rows: Iterable[Mapping[str, Any]], groups: Sequence[str], *, with_checks: bool
) -> None:
    """Write the gradebook of stored results, whole or not at all. Raises OSError."""
    rows = sorted(rows, key=lambda row: (str(row["student"]).lower(), str(row["submission"])))
    checks = _check_ids(rows) if with_checks else []
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(
        ["student", "student_id", "submission", "status", "late", "score", "max_score", *groups,
         *checks, "isolation", "seed", "note"]
    )  # fmt: skip
    for row in rows:
        won = dict.fromkeys(groups, 0.0)
        by_check = {}
        for check in row["checks"]:
            won[check["layer"]] = won.get(check["layer"], 0.0) + check["points"]
            by_check[check["id"]] = check["points"]
        graded = row["status"] == "graded"
        writer.writerow(
            [safe_cell(cell) for cell in (
                row["student"], row["student_id"], row["submission"], row["status"], row["late"],
                row["score"] if graded else "", row["max_score"] if graded else "",
                *(won[group] if graded else "" for group in groups),
                *(by_check.get(check, "") for check in checks),
                row["isolation"], row["seed"], row["note"],
            )]
        )  # fmt: skip
    # A mark at the start lets spreadsheets read names that are not English.
    write_atomically(path, "\ufeff" + stream.getvalue())


def _check_ids(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(check["id"] for row in rows for check in row["checks"]))
