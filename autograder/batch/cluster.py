"""Grade a batch on an existing Dask cluster: each submission a task, results kept here.

``grade_on_cluster`` runs on the trusted side, on the machine that has the submissions and the
folder of results; ``grade_task`` on the cluster's machines, which have the same kit installed and
are as trusted as this one. Files travel with the task, so nothing has to be shared but the network.
Dask gives a lost machine's tasks to another; a task that takes machine after machine with it is
given up.

Needs the extra ``cluster``; https://distributed.dask.org says how clusters are started.
"""

import atexit
import concurrent.futures
import logging
import platform
import re
import threading
from asyncio import CancelledError
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder.batch.discovery import Entry
from autograder.batch.grader import BatchGrader, Done, Job, Task, give_up, keep, prepare
from autograder.batch.results_folder import ResultsFolder, fingerprint_kit
from autograder.manifest import KitError, load_kit
from autograder.results import Result
from autograder.trusted.intake import StagedSubmission

_CONNECT_S = 20
_CLOSE_S = 2
# Tasks under way for each of the cluster's threads: enough that none waits for us.
_AHEAD = 2
# What Dask takes for an address; what is none would leave a client that cannot be closed.
_ADDRESS = re.compile(
    r"(?:(?:tcp|tls|ws|wss|ucx)://)?(?:[\w.-]+|\[[0-9a-fA-F:.%\w]+\]):\d{1,5}", re.ASCII
)
_MISSING = "--cluster needs Dask: install this kit's extra with pip install -e '.[cluster]'"

_INSTALLED = Path(__file__).resolve().parents[2]
_lock = threading.Lock()
_graders: dict[Job, BatchGrader] = {}


class BadCluster(Exception):
    """The cluster cannot be used; one sentence for the caller."""


class MachineFailed(Exception):
    """A machine of the cluster could not grade a submission; one sentence for its result."""


def grade_task(job: Job, staged: StagedSubmission) -> Result:
    """Grade one submission in a process of the cluster.

    Raises BadCluster for another kit, and MachineFailed where the machine has a trouble of its own.

    Graders use what a process has only once (pytest, torch's random numbers), so of a process's
    threads one grades at a time.
    """
    with _lock:
        if job not in _graders:
            _end_graders()
            _graders[job] = _make_grader(job)
        try:
            return _graders[job].grade(staged)
        except OSError as error:
            # Not as it is: the other end would take it for the network's.
            raise MachineFailed(
                f"the grader failed on it on {platform.node()}: {error.strerror or error}"
            ) from None


def _make_grader(job: Job) -> BatchGrader:
    root = job.root if (job.root / "solutions").is_dir() else _INSTALLED
    try:
        kit = load_kit(root, job.assignment)
        digest = fingerprint_kit(kit)
    except KitError as error:
        raise BadCluster(f"a machine of the cluster has no usable kit in {root}: {error}") from None
    if digest != job.kit_digest:
        raise BadCluster(
            f"the kit in {root} on a machine of the cluster is not the one here: install the same "
            "version everywhere, of torch too"
        )
    return BatchGrader(job, kit)


@atexit.register
def _end_graders() -> None:
    for grader in _graders.values():
        grader.close()
    _graders.clear()


def grade_on_cluster(
    job: Job, entries: Sequence[Entry], address: str, *, regrade: bool = False
) -> Generator[Done, None, None]:
    """Yield every submission's result as it is ready.

    Raises BadCluster when the cluster cannot be used, OSError when a result cannot be stored.
    """
    client = _connect(address)
    try:
        yield from _grade(client, job, entries, regrade)
    finally:
        client.close()


def _connect(address: str) -> Any:
    if not _ADDRESS.fullmatch(address):
        raise BadCluster(
            f"--cluster {address}: that is no address of a Dask scheduler, which looks like "
            "tcp://10.0.0.5:8786"
        )
    try:
        from distributed import Client
    except ImportError:
        raise BadCluster(_MISSING) from None
    # What it would log, tracebacks included, is said here in a sentence.
    for name in [
        name for name in logging.root.manager.loggerDict if name.startswith("distributed")
    ]:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    # Made in two steps: one that fails to begin has to be closed as well.
    client: Any = Client.__new__(Client)
    try:
        client.__init__(address, timeout=_CONNECT_S, set_as_default=False)
        client.wait_for_workers(1, timeout=_CONNECT_S)
    except (OSError, TimeoutError, ValueError, TypeError, RuntimeError) as error:
        with suppress(Exception):
            client.close(timeout=_CLOSE_S)
        client.status = "closed"  # or its end would try again, and print what that raises
        raise BadCluster(
            f"--cluster {address}: no Dask scheduler with a worker answers there within "
            f"{_CONNECT_S} s ({type(error).__name__})"
        ) from error
    return client


@contextmanager
def _said_when_gone() -> Iterator[None]:
    try:
        yield
    except (CancelledError, concurrent.futures.CancelledError, OSError) as error:
        raise BadCluster(
            "the cluster's scheduler went away; what was graded is kept, and the same command "
            "goes on from there"
        ) from error


def _grade(client: Any, job: Job, entries: Sequence[Entry], regrade: bool) -> Iterator[Done]:
    from distributed import as_completed
    from distributed.scheduler import KilledWorker

    kit, results = load_kit(job.root, job.assignment), ResultsFolder(job.out)
    # The folder of results is here, not there.
    told = replace(job, shared=None)
    rest = iter(entries)
    tasks: dict[str, Task] = {}
    make_queue: Any = as_completed  # has no annotations
    with client.as_current():
        finished = make_queue()

    def feed() -> Iterator[Done]:
        # Few at a time: a class of any size takes the same memory here.
        with _said_when_gone():
            threads = sum(client.nthreads().values())
        while len(tasks) < _AHEAD * max(1, threads):
            entry = next(rest, None)
            if entry is None:
                return
            task = prepare(job, kit, results, entry, regrade=regrade)
            if isinstance(task, Done):
                yield task
                continue
            with _said_when_gone():
                future = client.submit(grade_task, told, task.staged, pure=False)
            tasks[future.key] = task
            finished.add(future)

    yield from feed()
    while tasks:
        with _said_when_gone():
            future = next(finished)
        task = tasks.pop(future.key)
        try:
            with _said_when_gone():
                result = future.result()
        except KilledWorker:
            why = "several machines of the cluster died while they graded this submission"
            yield give_up(job, task.entry, why)
        except MachineFailed as error:
            yield give_up(job, task.entry, str(error))
        else:
            yield keep(results, task, result)
        future.release()
        yield from feed()
