"""Grade many submissions in one process with one warm template: for tests, studies, benchmarks.

Runs on the trusted side.
"""

from pathlib import Path
from types import TracebackType
from typing import Self

from autograder.manifest import Kit, load_kit
from autograder.results import Result
from autograder.trusted.intake import IntakeLimits, stage_submission
from autograder.trusted.plugin import Selection
from autograder.trusted.sandbox import Mechanism
from autograder.trusted.session import Request, grade_submission, settle_process
from autograder.trusted.workers import WorkerSource, open_workers


class Grader:
    """A kit with a warm source of workers; a context manager."""

    def __init__(self, root: Path, assignment: str, *, mechanism: Mechanism = "auto",
                 plain: bool = False) -> None:  # fmt: skip
        self.kit: Kit = load_kit(root, assignment)
        self.source: WorkerSource = open_workers(self.kit, sandbox="plain" if plain else mechanism)
        settle_process()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        self.close()

    def close(self) -> None:
        """End every process this grader started."""
        self.source.close()

    def grade(self, location: Path, *, seed: int = 1, training: bool = False,
              layers: tuple[str, ...] = (), hint: int = 0) -> Result:  # fmt: skip
        """Grade one submission. Raises UngradableSubmission where it cannot be read."""
        names = [layer.name for layer in self.kit.layers]
        files = [layer.file for layer in self.kit.layers]
        staged = stage_submission(location, names, files, IntakeLimits())
        request = Request(seed, Selection(layers, training=training), "cpu", hint)
        return grade_submission(self.kit, staged, self.source, request, lambda *_: None)
