"""One grader of a batch: what it is told, and grading submission after submission with it.

Runs on the trusted side, in a process of this machine's pool or of a cluster. Imports torch only
when the first submission has to be graded.
"""

import errno
import gc
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.batch.discovery import Entry
from autograder.batch.results_folder import Fingerprint, ResultsFolder, describe
from autograder.batch.staging import name_of, stage_entry
from autograder.manifest import Kit, KitError, asks_for_training
from autograder.results import Result, is_isolated
from autograder.trusted.intake import StagedSubmission

# What stands for the options where the grader itself failed on a submission.
GIVEN_UP = "given up"
# What the system has against the name of one result.
_OF_ONE_NAME = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL)


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
    shared: Path | None = None

    @property
    def scope(self) -> str:
        """What is graded at all, in words."""
        trains = "training" if self.training else "no training"
        return f"{','.join(self.layers) or 'all layers'}; {trains}"

    @property
    def options(self) -> str:
        """What else a result depends on, in words; ``scope`` stands first."""
        return f"{self.scope}; {self.device}; hint {self.hint}"


@dataclass
class BatchGrader:
    """A kit with a source of workers that serves submission after submission."""

    job: Job
    kit: Kit
    source: Any = None
    graded: int = field(default=0)

    def grade(self, staged: StagedSubmission) -> Result:
        """Grade one; when something of ours failed (a template that died, say), once more."""
        try:
            result = self._grade(staged)
        except KitError:
            result = None
        if result is None or result.grader_faults:
            self.close()
            result = self._grade(staged)
        return result

    def _grade(self, staged: StagedSubmission) -> Result:
        from autograder.trusted.plugin import Selection
        from autograder.trusted.session import Request, grade_submission, settle_process

        if self.source is None:
            from autograder.trusted.workers import demand_isolation, open_workers

            self.source = open_workers(
                self.kit, sandbox=self.job.sandbox, gpu=self.job.device == "cuda",
                trains=asks_for_training(self.job.layers, training=self.job.training),
            )  # fmt: skip
            if self.job.require_isolation:
                demand_isolation(self.source)
            settle_process()
        request = Request(
            self.job.seed, Selection(self.job.layers, training=self.job.training),
            self.job.device, self.job.hint, self.job.shared,
        )  # fmt: skip
        result = grade_submission(self.kit, staged, self.source, request, lambda *_: None)
        self.graded += 1
        if self.graded % 16 == 0:
            gc.collect()  # pytest's objects hold each other in circles
        return result

    def close(self) -> None:
        """End the template and its workers."""
        if self.source is not None:
            self.source.close()
            self.source = None


@dataclass(frozen=True)
class Task:
    """A submission that has to be graded."""

    entry: Entry
    staged: StagedSubmission
    mark: Fingerprint


@dataclass(frozen=True)
class Done:
    """One submission's stored result; ``fresh`` when it was graded in this run."""

    entry: Entry
    stored: dict[str, Any]
    fresh: bool
    fault: str = ""


def prepare(
    job: Job, kit: Kit, results: ResultsFolder, entry: Entry, *, regrade: bool
) -> Task | Done:
    """Stage a submission; return what is to be graded, or its result where that is settled.

    Raises OSError when a result cannot be stored.
    """
    entry, staged, problem = stage_entry(kit, entry)
    digest = staged.whole_digest if staged else f"unreadable: {problem}{entry.note}"
    mark = Fingerprint(digest, job.kit_digest, job.seed, job.options)
    known = None if regrade else results.holds(entry, mark)
    if known is not None and not (job.require_isolation and is_weakly_isolated(known)):
        return Done(entry, known, fresh=False)
    if staged is None:
        return _store(results, entry, mark, _not_graded(job, entry, problem))
    return Task(entry, staged, mark)


def is_weakly_isolated(stored: dict[str, Any]) -> bool:
    """Whether a stored result came of student code that was kept in by less than namespaces."""
    return stored["status"] == "graded" and not is_isolated(stored["isolation"])


def keep(results: ResultsFolder, task: Task, result: Result) -> Done:
    """Store a result. Raises OSError when none can be stored."""
    fault = result.grader_faults[0] if result.grader_faults else ""
    return _store(results, task.entry, task.mark, result, fault)


def give_up(job: Job, entry: Entry, why: str) -> Done:
    """Store that a submission could not be graded, through no fault of its own."""
    mark = Fingerprint("", "", job.seed, GIVEN_UP)
    return _store(ResultsFolder(job.out), entry, mark, _not_graded(job, entry, why), why)


def _store(
    results: ResultsFolder, entry: Entry, mark: Fingerprint, result: Result, fault: str = ""
) -> Done:
    try:
        return Done(entry, results.write(entry, mark, result), fresh=True, fault=fault)
    except OSError as error:
        if error.errno not in _OF_ONE_NAME:
            raise
        # It stands in this run's gradebook; the next run grades it again.
        why = f"its result cannot be stored: {error.strerror}"
        return Done(entry, describe(entry, mark, result), fresh=True, fault=why)


def _not_graded(job: Job, entry: Entry, problem: str) -> Result:
    return Result(
        name_of(entry), job.assignment, job.seed, "", gradable=False, problem=problem,
        training="none",
    )  # fmt: skip
