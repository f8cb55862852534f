"""Grade many submissions side by side: each core has a grader with a warm template of its own.

Runs on the trusted side. A grader process that dies takes no other's result with it: what it held
is graded once more, and if that ends the same way, the submission gets a result that says so.
"""

import atexit
import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.batch.discovery import Entry
from autograder.batch.results_folder import Fingerprint, ResultsFolder
from autograder.manifest import Kit, load_kit
from autograder.results import Result
from autograder.trusted.errors import UngradableSubmission
from autograder.trusted.intake import IntakeLimits, StagedSubmission, stage_submission
from autograder.trusted.outcomes import clean_text

_TRIES_MAX = 2


@dataclass(frozen=True)
class Job:
    """What every grader of a batch is told once."""

    root: Path
    assignment: str
    out: Path
    seed: int
    layers: tuple[str, ...]
    training: bool
    device: str
    hint: int
    sandbox: str
    require_isolation: bool
    kit_digest: str

    @property
    def options(self) -> str:
        """What else a result depends on, in words."""
        trains = "training" if self.training else "no training"
        return f"{','.join(self.layers) or 'all layers'}; {trains}; {self.device}; hint {self.hint}"


@dataclass(frozen=True)
class Done:
    """One submission's stored result; ``fresh`` when it was graded in this run."""

    entry: Entry
    stored: dict[str, Any]
    fresh: bool
    fault: str = ""


@dataclass
class _Grader:
    """What lives in one grader process."""

    job: Job
    kit: Kit
    results: ResultsFolder
    source: Any = None
    graded: int = field(default=0)

    def grade(self, staged: StagedSubmission) -> Result:
        from autograder.trusted.plugin import Selection
        from autograder.trusted.session import Request, grade_submission, settle_process

        if self.source is None:
            from autograder.trusted.workers import open_workers

            self.source = open_workers(
                self.kit, sandbox=self.job.sandbox, gpu=self.job.device == "cuda"
            )
            atexit.register(self.source.close)
            settle_process()
        request = Request(
            self.job.seed, Selection(self.job.layers, training=self.job.training),
            self.job.device, self.job.hint,
        )  # fmt: skip
        result = grade_submission(self.kit, staged, self.source, request, lambda *_: None)
        self.graded += 1
        if self.graded % 16 == 0:
            gc.collect()  # pytest's objects hold each other in circles
        return result


_grader: _Grader | None = None


def _start_grader(job: Job) -> None:
    """Begin a grader process: Ctrl-C is the parent's to handle."""
    global _grader  # noqa: PLW0603  (a process of a pool keeps its state here)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        from autograder.untrusted.linux import die_with_parent

        die_with_parent()
    _grader = _Grader(job, load_kit(job.root, job.assignment), ResultsFolder(job.out))


def _grade(entry: Entry, regrade: bool) -> Done:
    """Grade one submission in a grader process and store its result."""
    assert _grader is not None
    return grade_entry(_grader, entry, regrade=regrade)


def grade_entry(grader: _Grader, entry: Entry, *, regrade: bool) -> Done:
    """Stage, look whether it is done, grade, store."""
    job, kit = grader.job, grader.kit
    staged, problem = _stage(kit, entry)
    digest = staged.digest if staged else f"unreadable: {problem}"
    mark = Fingerprint(digest, job.kit_digest, job.seed, job.options)
    known = None if regrade else grader.results.holds(entry, mark)
    if known is not None:
        return Done(entry, known, fresh=False)
    if staged is None:
        result = _not_graded(job, entry, problem)
    else:
        result = grader.grade(staged)
    fault = result.grader_faults[0] if result.grader_faults else ""
    return Done(entry, grader.results.write(entry, mark, result), fresh=True, fault=fault)


def _not_graded(job: Job, entry: Entry, problem: str) -> Result:
    name = clean_text(entry.location.name, 120)
    return Result(
        name, job.assignment, job.seed, "", gradable=False, problem=problem, training="none"
    )


def _stage(kit: Kit, entry: Entry) -> tuple[StagedSubmission | None, str]:
    names = [layer.name for layer in kit.layers]
    files = [layer.file for layer in kit.layers]
    try:
        return stage_submission(entry.location, names, files, IntakeLimits()), ""
    except UngradableSubmission as error:
        return None, str(error)


def grade_many(
    job: Job, entries: Sequence[Entry], jobs: int, *, regrade: bool = False
) -> Iterator[Done]:
    """Yield every submission's result as it is ready. Raises OSError when one cannot be stored."""
    waiting = list(entries)
    tries: dict[str, int] = {}
    while waiting:
        lost: list[Entry] = []
        yield from _run_pool(job, waiting, jobs, regrade, lost)
        waiting = []
        for entry in lost:
            tries[entry.key] = tries.get(entry.key, 0) + 1
            if tries[entry.key] < _TRIES_MAX:
                waiting.append(entry)
            else:
                yield _give_up(job, entry)
        # What killed a grader is graded alone from now on: it can take no other with it.
        jobs = 1 if waiting else jobs


def _run_pool(
    job: Job, entries: Sequence[Entry], jobs: int, regrade: bool, lost: list[Entry]
) -> Iterator[Done]:
    # Spawned, not forked: a fork of a process that shows progress has its threads' locks.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        max(1, min(jobs, len(entries))), context, initializer=_start_grader, initargs=(job,)
    )
    try:
        yield from _collect(pool, entries, regrade, lost)
    except BaseException:
        for process in list((pool._processes or {}).values()):  # noqa: SLF001  (no other way)
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _collect(
    pool: ProcessPoolExecutor, entries: Sequence[Entry], regrade: bool, lost: list[Entry]
) -> Iterator[Done]:
    rest = iter(entries)
    running: dict[Future[Done], Entry] = {}
    broken = False

    def feed(most: int) -> None:
        # Few at a time: a pool that breaks loses only what it was given.
        while len(running) < most and not broken:
            entry = next(rest, None)
            if entry is None:
                return
            running[pool.submit(_grade, entry, regrade)] = entry

    most = (pool._max_workers or 1) + 1  # type: ignore[attr-defined]  # noqa: SLF001
    feed(most)
    while running:
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            entry = running.pop(future)
            try:
                yield future.result()
            except BrokenProcessPool:
                broken = True
                lost.append(entry)
        if not broken:
            feed(most)
    if broken:
        lost.extend(rest)


def _give_up(job: Job, entry: Entry) -> Done:
    sentence = "the grader process died twice while it graded this submission"
    result = _not_graded(job, entry, sentence)
    mark = Fingerprint("", "", job.seed, "given up")
    return Done(
        entry, ResultsFolder(job.out).write(entry, mark, result), fresh=True, fault=sentence
    )


def count_cores() -> int:
    """Return how many graders run side by side by default."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
