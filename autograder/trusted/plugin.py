"""The pytest plugin that turns check files into results.

Runs on the trusted side, in the grader's own process, with the kit's check folder as its only
root: nothing of a submission is on the path, collected, or imported.
"""

import itertools
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from autograder.manifest import WHOLE_MODEL, Kit, KitError
from autograder.results import CheckResult
from autograder.trusted.outcomes import CheckEnded
from autograder.trusted.student import Student
from autograder.trusted.submission import Submission

# pytest's own plugins that a grading run has no use for.
_UNUSED = ("cacheprovider", "terminal", "logging", "faulthandler", "doctest", "junitxml",
           "pastebin", "debugging", "nose", "stepwise", "setuponly", "setupplan", "warnings",
           "unraisableexception", "threadexception", "subtests", "recwarn", "legacypath",
           "terminalprogress")  # fmt: skip


@dataclass(frozen=True)
class Check:
    """One check, as collected from the kit."""

    id: str
    layer: str
    points: float
    node: str
    training: bool


@dataclass(frozen=True)
class Selection:
    """Which checks a run holds."""

    layers: tuple[str, ...] = ()
    training: bool = True

    def holds(self, check: Check) -> bool:
        """Whether ``check`` is to be run."""
        if check.training and not self.training:
            return False
        return not self.layers or check.layer in self.layers


@dataclass
class GradingPlugin:
    """Collects checks, gives each the student's code, notes how it ended."""

    kit: Kit
    submission: Submission | None
    selection: Selection
    device: str
    progress: Callable[[str, int, int], None]
    results: list[CheckResult] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @pytest.fixture
    def student(self, request: pytest.FixtureRequest) -> Student:
        """The student's code, as far as the check may see it."""
        if self.submission is None:
            raise KitError("checks were collected, not run: there is no submission")
        return Student(self.submission, check_id(request.node), device=self.device)

    def pytest_configure(self, config: pytest.Config) -> None:
        """Register the markers checks use."""
        for line in (
            "layer(name): the class, or EndToEnd, a check is charged to",
            "points(n): what a check is worth",
            "training: the check trains the whole model",
        ):
            config.addinivalue_line("markers", line)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Read each check's markers; leave out what the run does not hold."""
        known = set(self.kit.groups)
        for item in items:
            layer, points = item.get_closest_marker("layer"), item.get_closest_marker("points")
            if layer is None or points is None or layer.args[0] not in known:
                self.problems.append(f"{item.nodeid} needs the markers layer and points")
                continue
            check = Check(
                id=check_id(item),
                layer=layer.args[0],
                points=points.args[0],
                node=item.nodeid,
                training=item.get_closest_marker("training") is not None,
            )
            self.checks.append(check)
        order = {name: index for index, name in enumerate(self.kit.groups)}
        chosen = {c.node: c for c in self.checks if self.selection.holds(c)}
        items[:] = sorted(
            (item for item in items if item.nodeid in chosen),
            key=lambda item: order[chosen[item.nodeid].layer],
        )

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A check file that cannot be collected makes the kit incoherent."""
        if report.failed:
            self.problems.append(f"{report.nodeid}: {str(report.longrepr).splitlines()[-1]}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Run the checks layer by layer; those of a layer once more where it has to stand apart."""
        if session.config.option.collectonly or self.problems or self.submission is None:
            return None
        of_item = {check.node: check.layer for check in self.checks}
        for layer, group in itertools.groupby(session.items, lambda item: of_item[item.nodeid]):
            items = list(group)
            if layer == WHOLE_MODEL and any(r.points < r.max_points for r in self.results):
                self.submission.keep_apart(WHOLE_MODEL)
            done = len(self.results)
            self.submission.begin_group()
            if not self._run(items, self.submission):
                del self.results[done:]
                self._run(items, self.submission)
        return True

    def _run(self, items: list[pytest.Item], submission: Submission) -> bool:
        """Run checks; False, at the first that failed, where the layer is to be asked apart."""
        for item in items:
            done = len(self.results)
            item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
            noted = self.results[done:]
            lost = any(result.status not in ("passed", "blocked") for result in noted)
            if lost and submission.set_apart():
                return False
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> pytest.TestReport:
        """Note how a check ended; pytest gets a bare report, as nobody reads its tracebacks."""
        error = call.excinfo.value if call.excinfo else None
        if call.when == "call" or (call.when == "setup" and error is not None):
            check = next(c for c in self.checks if c.node == item.nodeid)
            self._note(check, error)
            total = sum(1 for c in self.checks if self.selection.holds(c))
            self.progress(check.layer, len(self.results), total)
        return pytest.TestReport(
            nodeid=item.nodeid,
            location=item.location,
            keywords={},
            outcome="passed" if error is None else "failed",
            longrepr=None,
            when="call" if call.when == "collect" else call.when,
        )

    def _note(self, check: Check, error: BaseException | None) -> None:
        status, message, points = "passed", "", check.points
        if isinstance(error, CheckEnded):
            status, message, points = error.status, error.message, 0.0
        elif error is not None:
            # Our own fault, said so and counted: no student loses points in silence for it.
            self.faults.append(f"{check.id}: {type(error).__name__}: {error}")
            status, points = "error", 0.0
            message = f"the grader itself failed in this check ({type(error).__name__})"
        self.results.append(
            CheckResult(check.id, check.layer, status, points, check.points, message)
        )


def check_id(item: Any) -> str:
    """Return a check's id: its file's and its function's name without ``test_``."""
    stem = Path(str(item.path)).stem.removeprefix("test_")
    return f"{stem}.{item.name.removeprefix('test_')}"


def run_checks(plugin: GradingPlugin, *, collect_only: bool = False) -> None:
    """Run the kit's checks with ``plugin``. Raises KitError when they cannot be collected."""
    folder = plugin.kit.checks_folder
    arguments = [
        str(folder),
        "-c", str(folder / "pytest.ini"),
        "--rootdir", str(folder),
        "--import-mode=importlib",
        "-s",
        "--assert=plain",
        *(word for name in _UNUSED for word in ("-p", f"no:{name}")),
    ]  # fmt: skip
    if collect_only:
        arguments.append("--collect-only")
    for path in folder.glob("*.py"):
        # Of another kit's copy, collected earlier in this process: not these checks.
        known = sys.modules.get(path.stem)
        if known is not None and getattr(known, "__file__", None) != str(path):
            del sys.modules[path.stem]
    before = {
        name: os.environ.get(name) for name in ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTEST_ADDOPTS")
    }
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("PYTEST_ADDOPTS", None)
    try:
        status = pytest.main(arguments, plugins=[plugin])
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
    if plugin.problems:
        raise KitError(f"the checks cannot be collected: {plugin.problems[0]}")
    if status == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if status not in (
        pytest.ExitCode.OK,
        pytest.ExitCode.TESTS_FAILED,
        pytest.ExitCode.NO_TESTS_COLLECTED,
    ):
        raise KitError(f"pytest ended with status {int(status)}: are the checks in {folder}?")
