"""A report to read, or to send back, beside each kept result: KEY.report.txt beside KEY.json.

Runs on the trusted side. It says what ``grade.py`` says of that submission alone.
"""

import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from autograder.manifest import Kit
from autograder.reports.report import Report
from autograder.results import Result, write_atomically

_WIDTH = 100


def write_reports(
    folder: Path, rows: Iterable[Mapping[str, Any]], kit: Kit, *, asked: bool
) -> None:
    """Write the report of every stored result, each whole or not at all. Raises OSError.

    Not ``asked`` for, those that an earlier run has written are kept up to date.
    """
    for row in rows:
        path = folder / f"{row['key']}.report.txt"
        if asked or path.is_file():
            write_atomically(path, report_in_words(row, kit))


def report_in_words(stored: Mapping[str, Any], kit: Kit) -> str:
    """Return the report on a stored result as plain text."""
    if stored["status"] != "graded":
        return f"{stored['submission']}: not graded: {stored['note']}\n"
    stream = io.StringIO()
    console = Console(file=stream, width=_WIDTH, highlight=False, no_color=True)
    Report(console).show(kit, Result.from_json(stored))
    return stream.getvalue().lstrip("\n")
