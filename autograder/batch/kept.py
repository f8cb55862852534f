"""What a folder of results holds, seen from a run: whose results are listed, and with what note.

Runs on the trusted side. The principle: the gradebook lists every result that is kept, and says so
where its submission was not given this time. Only what a newer submission of the same student, by
number and by name, has replaced is left out: one's number may be one's own to write.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.batch.discovery import Entry
from autograder.batch.grader import Done, Job
from autograder.batch.platform_names import read_platform_name
from autograder.batch.results_folder import Earlier, ResultsFolder

_NOT_GIVEN = "not among the submissions given last"
_OUTDATED = "kept from an earlier run: not graded again yet"


@dataclass(frozen=True)
class Kept:
    """The rows of a gradebook, and how many there are of each kind."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    given: int = 0
    not_given: int = 0
    replaced: int = 0


def list_kept(
    results: ResultsFolder, job: Job, entries: Sequence[Entry], done: Sequence[Done]
) -> Kept:
    """Return what the gradebook lists, also of a run that was stopped midway.

    ``given`` counts the results of this run's submissions that need no grading.
    """
    settled = {one.entry.key for one in done}
    given = {entry.key for entry in entries}
    newest: dict[tuple[str, str], int] = {}
    for entry in entries:
        order, whose = _order_of(entry.location.name), (entry.student_id, entry.student)
        newest[whose] = max(order, newest.get(whose, 0))
    rows = [one.stored for one in done]
    current = len(rows)
    not_given = replaced = 0
    for stored in results.read_all(but=settled):
        if stored["key"] in given:
            outdated = _is_outdated(stored, job)
            current += not outdated
            rows.append(_with_note(stored, _OUTDATED) if outdated else stored)
        elif stored["student_id"] and _is_replaced(stored, newest):
            replaced += 1
        else:
            not_given += 1
            rows.append(_with_note(stored, _NOT_GIVEN))
    return Kept(rows, current, not_given, replaced)


def all_handed_in(entries: Sequence[Entry], kept: Kept) -> list[Entry]:
    """Return the submissions given this time, and those of which results are kept besides."""
    given = {entry.key for entry in entries}
    others = [row for row in kept.rows if row["key"] not in given]
    return [
        *entries,
        *(Entry(Path(), row["key"], row["student"], row["student_id"]) for row in others),
    ]


def explain_others(kept: Kept) -> Iterator[str]:
    """Yield a sentence for what the gradebook lists or leaves out beside this run's results."""
    if kept.not_given:
        yield (
            f"The gradebook holds {count_of(len(kept.rows), 'result')}. Of submissions that were "
            f"not given this time: {kept.not_given}, which say so."
        )
    if kept.replaced:
        are, other = ("is", "") if kept.replaced == 1 else ("are", "s")
        yield (
            f"{count_of(kept.replaced, 'kept result')} {are} of earlier submissions of the same "
            f"student{other}, and {are} not in the gradebook."
        )


def count_of(number: int, thing: str) -> str:
    """Return so many of a thing, in words: 1 result, 2 results."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def find_other_scope(earlier: Iterable[Earlier], job: Job) -> str:
    """Return what other than this run's layers and training a kept grade is of, or nothing.

    Such a run would put a part of a grade, say, where the whole was.
    """
    scopes = ("; ".join(one.options.split("; ")[:2]) for one in earlier if one.graded)
    return next((scope for scope in scopes if scope != job.scope), "")


def _is_replaced(stored: dict[str, Any], newest: dict[tuple[str, str], int]) -> bool:
    """Whether what was given this time is a submission of the same student's, and no older one."""
    given = newest.get((stored["student_id"], stored["student"]))
    return given is not None and given >= _order_of(stored["submission"])


def _order_of(name: str) -> int:
    said = read_platform_name(name)
    return said.order if said is not None else 0


def _is_outdated(stored: dict[str, Any], job: Job) -> bool:
    mark = stored["fingerprint"]
    return bool(
        (mark["kit"], mark["seed"], mark["options"]) != (job.kit_digest, job.seed, job.options)
    )


def _with_note(stored: dict[str, Any], note: str) -> dict[str, Any]:
    return {**stored, "note": "; ".join(filter(None, (stored["note"], note)))}
