"""The terminal: reports on standard output, progress and complaints on standard error.

Runs on the trusted side.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from autograder.manifest import Kit
from autograder.reports.output import Output
from autograder.reports.report import Report
from autograder.results import Result


class Terminal:
    """Standard output for reports, standard error for progress and complaints."""

    def __init__(self) -> None:
        # Where no terminal says how wide it is, a width people read well.
        self._out = Output(highlight=False, width=None if sys.stdout.isatty() else 100)
        self._err = Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())
        encoding = (getattr(sys.stdout, "encoding", "") or "").lower()
        self._unicode = encoding.startswith("utf")
        if not self._unicode:
            for stream in (sys.stdout, sys.stderr):
                # A terminal that cannot show a character gets a question mark, never a traceback.
                getattr(stream, "reconfigure", lambda **_: None)(errors="replace")

    def complain(self, sentence: str) -> None:
        """Print one sentence to standard error."""
        self._err.print(Text(f"grade.py: {sentence}"))

    @contextmanager
    def waiting(self, doing: str) -> Iterator[Callable[[], None]]:
        """Show that something is going on, on a terminal only; yield what ends that early."""
        if not self._err.is_terminal:
            yield lambda: None
            return
        with self._err.status(doing) as status:
            yield status.stop

    @contextmanager
    def progress(self, name: str) -> Iterator[Callable[[str, int, int], None]]:
        """Show which layer is being graded, on a terminal only."""
        if not self._err.is_terminal:
            yield lambda layer, done, total: None
            return
        with self._err.status(Text(f"grading {name}")) as status:

            def note(layer: str, done: int, total: int) -> None:
                status.update(Text(f"grading {name}: {layer}, check {done} of {total}"))

            yield note

    def report(self, kit: Kit, result: Result) -> None:
        """Print a result."""
        Report(self._out, unicode=self._unicode).show(kit, result)
