"""The pytest plugin that turns check files into results.

Runs on the trusted side, in the grader's own process, with the kit's check folder as its only
root: nothing of a submission is on the path, collected, or imported.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from autograder.manifest import WHOLE_MODEL, Kit, KitError
from autograder.results import CheckResult
from autograder.trusted.outcomes import AskedInVain, CheckEnded
from autograder.trusted.student import Student
from autograder.trusted.submission import Submission
from autograder.trusted.transcripts import Transcripts

_MARKS_FOR_PYTEST = ("skip", "skipif", "xfail", "usefixtures")


@dataclass(frozen=True)
class Check:
    """One check, as collected from the kit."""

    id: str
    layer: str
    points: float
    node: str
    training: bool
    # Run as the function it is, without pytest's ways.
    plain: bool


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
class ChecksRun:
    """One submission's checks: what is asked for, and how each ended."""

    submission: Submission
    selection: Selection
    device: str
    progress: Callable[[str, int, int], None]
    results: list[CheckResult] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    # What the check that ended last raised, if anything.
    raised: BaseException | None = None


@dataclass
class GradingPlugin:
    """Collects a kit's checks; gives each the student's code, and notes how it ended."""

    kit: Kit
    # Told once everything is collected; runs as many submissions as it likes.
    collected: Callable[[], None]
    checks: list[Check] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _items: list[tuple[Check, pytest.Item]] = field(default_factory=list)
    _transcripts: Transcripts = field(default_factory=Transcripts)
    _run: ChecksRun | None = None
    _check: Check | None = None

    @pytest.fixture
    def student(self) -> Student:
        """The student's code, as far as the check at work may see it."""
        if self._run is None or self._check is None:
            raise KitError("checks were collected, not run: there is no submission")
        check = self._check
        return Student(self._run.submission, check.id, check.layer, device=self._run.device)

    def pytest_configure(self, config: pytest.Config) -> None:
        """Register the markers checks use."""
        for line in (
            "layer(name): the class, or EndToEnd, a check is charged to",
            "points(n): what a check is worth",
            "training: the check trains the whole model",
        ):
            config.addinivalue_line("markers", line)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Read each check's markers, and put the checks in the order of their layers."""
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
                plain=wants_the_student_only(item),
            )
            self.checks.append(check)
            self._items.append((check, item))
        order = {name: index for index, name in enumerate(self.kit.groups)}
        self._items.sort(key=lambda pair: order[pair[0].layer])
        items[:] = [item for _, item in self._items]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A check file that cannot be collected makes the kit incoherent."""
        if report.failed:
            self.problems.append(f"{report.nodeid}: {str(report.longrepr).splitlines()[-1]}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Hand over: in place of one round over all checks, one for each submission."""
        if session.config.option.collectonly:
            return None
        if not self.problems:
            self.collected()
        return True

    def carry_out(self, run: ChecksRun) -> None:
        """Run a submission's checks layer by layer, a layer once more where it stands apart."""
        self._run = run
        chosen = [pair for pair in self._items if run.selection.holds(pair[0])]
        try:
            for layer, group in itertools.groupby(chosen, lambda pair: pair[0].layer):
                pairs = list(group)
                if layer == WHOLE_MODEL and any(r.points < r.max_points for r in run.results):
                    run.submission.keep_apart(WHOLE_MODEL)
                run.submission.begin_group()
                if not self._take_as_known(pairs, run, len(chosen)):
                    self._run_in_company_or_alone(pairs, run, len(chosen))
        finally:
            self._run = None

    def _take_as_known(
        self, pairs: list[tuple[Check, pytest.Item]], run: ChecksRun, total: int
    ) -> bool:
        """Ask what checks have asked before; whether they end as known, and need not run."""
        outcome = self._transcripts.ask_ahead(run.submission, [check for check, _ in pairs])
        if outcome is None:
            return False
        run.results.extend(outcome.results)
        for sentence in outcome.remarks:
            run.submission.remark(sentence)
        run.progress(pairs[0][0].layer, len(run.results), total)
        return True

    def _run_in_company_or_alone(
        self, pairs: list[tuple[Check, pytest.Item]], run: ChecksRun, total: int
    ) -> None:
        """Run checks; again where what failed is to be asked apart, or where float32 is wide."""
        done = len(run.results)
        if not self._run_group(pairs, run, total):
            in_vain = isinstance(run.raised, AskedInVain)
            wrong = run.results[-1].status == "failed" and not in_vain
            del run.results[done:]
            self._run_group(pairs, run, total)
            if wrong and all(result.status == "passed" for result in run.results[done:]):
                layer = pairs[0][0].layer
                run.submission.remark(
                    f"{layer} passes by itself what it does not pass next to the other classes: "
                    "how it does by itself counts"
                )
        results = run.results[done:]
        if all(result.status == "passed" for result in results):
            self._transcripts.keep(run.submission, [check for check, _ in pairs], results)
        elif run.submission.widen():
            del run.results[done:]
            self._run_group(pairs, run, total)

    def _run_group(
        self, pairs: list[tuple[Check, pytest.Item]], run: ChecksRun, total: int
    ) -> bool:
        """Run checks; False, at the first that failed, where the layer is to be asked apart."""
        for check, item in pairs:
            done = len(run.results)
            self._check = check
            if isinstance(item, pytest.Function) and check.plain:
                self._call(item)
            else:
                item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
            noted = run.results[done:]
            run.progress(check.layer, len(run.results), total)
            lost = any(result.status not in ("passed", "blocked") for result in noted)
            if lost and run.submission.set_apart():
                return False
        return True

    def _call(self, item: pytest.Function) -> None:
        """Run a check as the plain function it is."""
        assert self._run is not None
        assert self._check is not None
        check = self._check
        student = Student(self._run.submission, check.id, check.layer, device=self._run.device)
        own = () if item.cls is None else (item.cls(),)
        error: BaseException | None = None
        try:
            item.function(*own, student=student)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as raised:  # noqa: BLE001  (pytest.fail and its like included)
            error = raised
        self._note(self._check, error)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> pytest.TestReport:
        """Note how a check ended; pytest gets a bare report, as nobody reads its tracebacks."""
        error = call.excinfo.value if call.excinfo else None
        if call.when == "call" or (call.when == "setup" and error is not None):
            assert self._check is not None
            self._note(self._check, error)
        return pytest.TestReport(
            nodeid=item.nodeid,
            location=item.location,
            keywords={},
            outcome="passed" if error is None else "failed",
            longrepr=None,
            when="call" if call.when == "collect" else call.when,
        )

    def _note(self, check: Check, error: BaseException | None) -> None:
        assert self._run is not None
        self._run.raised = error
        status, message, points = "passed", "", check.points
        if isinstance(error, CheckEnded):
            status, message, points = error.status, error.message, 0.0
        elif error is not None:
            # Our own fault, said so and counted: no student loses points in silence for it.
            self._run.faults.append(f"{check.id}: {type(error).__name__}: {error}")
            status, points = "error", 0.0
            message = f"the grader itself failed in this check ({type(error).__name__})"
        self._run.results.append(
            CheckResult(check.id, check.layer, status, points, check.points, message)
        )


def wants_the_student_only(item: pytest.Item) -> bool:
    """Whether pytest has nothing to prepare for a check but the student's code.

    Its way of setting up, calling and reporting costs as much as many a check itself.
    """
    marked = any(item.get_closest_marker(name) for name in _MARKS_FOR_PYTEST)
    return isinstance(item, pytest.Function) and item.fixturenames == ["student"] and not marked


def check_id(item: Any) -> str:
    """Return a check's id: its file's and its function's name without ``test_``."""
    stem = Path(str(item.path)).stem.removeprefix("test_")
    return f"{stem}.{item.name.removeprefix('test_')}"
