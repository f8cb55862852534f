"""Grade submissions: survey, checks, result; one after the other with one source of workers.

Runs on the trusted side.
"""

import gc
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from autograder.manifest import Kit
from autograder.results import CheckResult, Result
from autograder.trusted.check_session import run_checks
from autograder.trusted.diagnose import explain_losses
from autograder.trusted.intake import StagedSubmission
from autograder.trusted.outcomes import clean_text
from autograder.trusted.plugin import Check, ChecksRun, Selection
from autograder.trusted.submission import Submission
from autograder.trusted.workers import WorkerSource


@dataclass(frozen=True)
class Request:
    """What one run of the grader was asked for."""

    seed: int
    selection: Selection
    device: str
    # The strength up to which hints are shown, 0 for none.
    hint: int = 0
    # Where the graders of a class keep what they need only once; None for one alone.
    shared: Path | None = None


# How many new objects before Python looks for garbage: its own 700 means hundreds of looks for one
# submission, which makes little.
_GARBAGE_THRESHOLD = 20_000

# What takes longer is not graded a second time because a worker was killed.
_AGAIN_WITHIN_S = 120.0


def settle_process() -> None:
    """Prepare this process for grading. Call it once, before the first submission.

    What is imported stays, so collecting garbage need not look through it: with torch that takes a
    fifth of a second each time. And the first training leaves no folder behind: torch makes one for
    compiled code, which it never writes here, unless it is given one that is there.
    """
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", tempfile.gettempdir())
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE_THRESHOLD, 10, 10)


def grade_submission(
    kit: Kit,
    staged: StagedSubmission,
    source: WorkerSource,
    request: Request,
    progress: Callable[[str, int, int], None],
) -> Result:
    """Grade one staged submission. Never raises for a student's fault.

    Where a worker was killed everything is done once more, and that counts: a machine short of
    memory kills too, and no student shall lose a point by that. Not where it took minutes already:
    that is a submission which hangs, and would hang again.
    """
    result, killed = _grade_once(kit, staged, source, request, progress)
    if killed and result.wall_clock_s < _AGAIN_WITHIN_S:
        result, _ = _grade_once(kit, staged, source, request, progress)
    return result


def _grade_once(
    kit: Kit,
    staged: StagedSubmission,
    source: WorkerSource,
    request: Request,
    progress: Callable[[str, int, int], None],
) -> tuple[Result, bool]:
    torch.set_num_threads(1)
    started = time.monotonic()
    submission = Submission(kit, staged, source, request.seed, request.shared)
    run = ChecksRun(submission, request.selection, request.device, progress)
    try:
        submission.survey()
        known = run_checks(kit, run)
        checks = explain_losses(submission, run.results)
    finally:
        submission.close()
    result = Result(
        submission=staged.name,
        assignment=kit.assignment,
        seed=request.seed,
        isolation=source.isolation,
        checks=checks,
        notes=_notes(submission),
        sources=_describe_sources(submission),
        training=_describe_training(known, request),
        wall_clock_s=time.monotonic() - started,
        grader_faults=list(run.faults),
        hints=_hints(kit, checks, request.hint),
    )
    return result, submission.killed


def _hints(kit: Kit, checks: list[CheckResult], strength: int) -> dict[str, list[str]]:
    """Return the hints asked for, for what lost points."""
    lost = {check.layer for check in checks if check.points < check.max_points}
    return {
        group: list(kit.hints_of(group)[:strength])
        for group in kit.groups
        if strength and group in lost
    }


def _describe_sources(submission: Submission) -> dict[str, str]:
    return {
        name: clean_text(str(entry.get("label") or entry.get("path")), 200)
        for name, entry in submission.found.items()
    }


def _notes(submission: Submission) -> list[str]:
    notes = [clean_text(note) for note in submission.staged.notes]
    for name, entry in submission.found.items():
        others = entry.get("also_in")
        if isinstance(others, list) and others:
            places = ", ".join(clean_text(str(other), 100) for other in others[:3])
            label = clean_text(str(entry.get("label")), 100)
            notes.append(f"{name} was taken from {label}; also found, not used: {places}")
    if submission.cells:
        numbers = ", ".join(str(number) for number in sorted(submission.cells))
        notes.append(f"notebook cells used: {numbers}")
    notes += submission.remarks
    return notes


def _describe_training(known: list[Check], request: Request) -> str:
    trained = [check for check in known if check.training]
    if not trained:
        return "none"
    if not request.selection.training:
        return "left out (--no-training)"
    if not any(request.selection.holds(check) for check in trained):
        return "left out (--layer)"
    return f"run on {request.device}"


def nothing_graded(name: str, kit: Kit, seed: int, problem: str) -> Result:
    """Return the result of a submission that could not be graded at all: not a zero."""
    checks: list[CheckResult] = []
    return Result(name, kit.assignment, seed, "", checks, gradable=False, problem=problem)
