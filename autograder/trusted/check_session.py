"""pytest with a kit's checks, collected once and run for one submission after another.

Runs on the trusted side. Collecting costs as much as a good part of the checks, so pytest is
started once per kit and process and kept in the middle of its run, in a thread of its own: it waits
for submissions where it would run its tests.
"""

import os
import queue
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch

from autograder.manifest import Kit, KitError
from autograder.trusted.plugin import Check, ChecksRun, GradingPlugin

# pytest's own plugins that a grading run has no use for.
_UNUSED = ("cacheprovider", "terminal", "logging", "faulthandler", "doctest", "junitxml",
           "pastebin", "debugging", "nose", "stepwise", "setuponly", "setupplan", "warnings",
           "unraisableexception", "threadexception", "subtests", "recwarn", "legacypath",
           "terminalprogress")  # fmt: skip
_WORKED = (
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
)
# Waiting without an end could not be interrupted from the keyboard everywhere.
_LOOK_UP_S = 0.5

_open: "CheckSession | None" = None


def run_checks(kit: Kit, run: ChecksRun) -> list[Check]:
    """Run what ``run`` selects of a kit's checks and return all there are. Raises KitError."""
    global _open  # noqa: PLW0603  (one kit at a time: tests read many, a grader one)
    if _open is None or _open.kit is not kit:
        if _open is not None:
            _open.close()
            _open = None
        _open = CheckSession(kit)
    try:
        return _open.run(run)
    except BaseException:
        _open = None  # interrupted, say: its thread may still be at work on that submission
        raise


def collect_checks(kit: Kit) -> list[Check]:
    """Return a kit's checks without running one. Raises KitError when they cannot be collected."""
    plugin = GradingPlugin(kit, lambda: None)
    with _without_settings_of_the_callers():
        _start_pytest(plugin, "--collect-only")
    return plugin.checks


class CheckSession:
    """pytest, waiting for submissions in the middle of its run."""

    def __init__(self, kit: Kit) -> None:
        self.kit = kit
        self._plugin = GradingPlugin(kit, self._serve)
        self._runs: queue.SimpleQueue[ChecksRun | None] = queue.SimpleQueue()
        # For each thing waited for, how it ended: None, or what was raised.
        self._ends: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._main, name="checks", daemon=True)
        with _without_settings_of_the_callers():
            self._thread.start()
            self._wait()

    def run(self, run: ChecksRun) -> list[Check]:
        """Run a submission's checks; return all checks there are."""
        self._runs.put(run)
        self._wait()
        return self._plugin.checks

    def close(self) -> None:
        """Let pytest end; takes at most 5 s."""
        self._runs.put(None)
        self._thread.join(timeout=5.0)

    def _wait(self) -> None:
        while True:
            try:
                end = self._ends.get(timeout=_LOOK_UP_S)
            except queue.Empty:
                continue
            if end is not None:
                raise end
            return

    def _main(self) -> None:
        try:
            _start_pytest(self._plugin)
        except BaseException as error:  # noqa: BLE001  (raised where it is waited for)
            self._ends.put(error)
        else:
            # After close nobody waits for this; before it, nobody shall wait for ever.
            self._ends.put(KitError("pytest ended before it was told to"))

    def _serve(self) -> None:
        torch.set_num_threads(1)  # it holds for the thread it is called in
        self._ends.put(None)
        while (run := self._runs.get()) is not None:
            try:
                self._plugin.carry_out(run)
            except BaseException as error:  # noqa: BLE001  (raised where it is waited for)
                self._ends.put(error)
            else:
                self._ends.put(None)


def _start_pytest(plugin: GradingPlugin, *more: str) -> None:
    """Call pytest on the kit's checks. Raises KitError when they cannot be collected."""
    folder = plugin.kit.checks_folder
    arguments = [
        str(folder),
        "-c", str(folder / "pytest.ini"),
        "--rootdir", str(folder),
        "--import-mode=importlib",
        "-s",
        "--assert=plain",
        *(word for name in _UNUSED for word in ("-p", f"no:{name}")),
        *more,
    ]  # fmt: skip
    for path in folder.glob("*.py"):
        # Of another kit's copy, collected earlier in this process: not these checks.
        known = sys.modules.get(path.stem)
        if known is not None and getattr(known, "__file__", None) != str(path):
            del sys.modules[path.stem]
    status = pytest.main(arguments, plugins=[plugin])
    if plugin.problems:
        raise KitError(f"the checks cannot be collected: {plugin.problems[0]}")
    if status not in _WORKED:
        raise KitError(f"pytest ended with status {int(status)}: are the checks in {folder}?")


@contextmanager
def _without_settings_of_the_callers() -> Iterator[None]:
    """Keep the caller's pytest settings and plugins out, until everything is collected."""
    names = ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTEST_ADDOPTS")
    before = {name: os.environ.get(name) for name in names}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("PYTEST_ADDOPTS", None)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
