"""Grade many submissions side by side: each core has a grader with a warm template of its own.

Runs on the trusted side. A grader process that dies takes no other's result with it: what it held
is graded once more, and if that ends the same way, the submission gets a result that says so.
"""

import atexit
import multiprocessing
import os
import sys
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from autograder.batch.discovery import Entry
from autograder.batch.grader import BatchGrader, Done, Job, give_up, keep, prepare
from autograder.batch.interruption import children_deaf_to_ctrl_c, ignore_ctrl_c
from autograder.batch.results_folder import ResultsFolder
from autograder.batch.staging import ENDS_THE_BATCH
from autograder.manifest import load_kit

_TRIES_MAX = 2
_DIED_TWICE = "the grader process died twice while it graded this submission"


_grader: BatchGrader | None = None


def _start_grader(job: Job, parent_pid: int) -> None:
    """Begin a grader process: Ctrl-C is the parent's to handle."""
    global _grader  # noqa: PLW0603  (a process of a pool keeps its state here)
    ignore_ctrl_c()
    if sys.platform == "linux":
        from autograder.untrusted.linux import die_with_parent

        die_with_parent()
        if os.getppid() != parent_pid:
            os._exit(1)  # it was killed before this process could ask to die with it
    _grader = BatchGrader(job, load_kit(job.root, job.assignment))
    atexit.register(_grader.close)


def _grade(entry: Entry, regrade: bool) -> Done:
    """Grade one submission in a grader process and store its result."""
    assert _grader is not None
    return grade_entry(_grader, entry, regrade=regrade)


def grade_entry(grader: BatchGrader, entry: Entry, *, regrade: bool) -> Done:
    """Stage, look whether it is done, grade, store. Raises OSError when none can be stored."""
    results = ResultsFolder(grader.job.out)
    task = prepare(grader.job, grader.kit, results, entry, regrade=regrade)
    if isinstance(task, Done):
        return task
    try:
        result = grader.grade(task.staged)
    except OSError as error:
        if error.errno in ENDS_THE_BATCH:
            raise
        return give_up(grader.job, entry, f"the grader failed on it: {error.strerror or error}")
    return keep(results, task, result)


def grade_many(
    job: Job, entries: Sequence[Entry], jobs: int, *, regrade: bool = False
) -> Generator[Done, None, None]:
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
                yield give_up(job, entry, _DIED_TWICE)
        # What killed a grader is graded alone from now on: it can take no other with it.
        jobs = 1 if waiting else jobs


def _run_pool(
    job: Job, entries: Sequence[Entry], jobs: int, regrade: bool, lost: list[Entry]
) -> Iterator[Done]:
    # Spawned, not forked: a fork of a process that shows progress has its threads' locks.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        max(1, min(jobs, len(entries))),
        context,
        initializer=_start_grader,
        initargs=(job, os.getpid()),
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
            with children_deaf_to_ctrl_c():  # a process is started for what is submitted
                future = pool.submit(_grade, entry, regrade)
            running[future] = entry

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


def count_cores() -> int:
    """Return how many graders run side by side by default."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
