"""How far a batch is, on a terminal: that graders start, then how many are done and the time left.

Runs on the trusted side.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

# Each grader imports torch and warms a template before its first submission: many seconds.
STARTING = "starting graders"
_GRADING = "grading"


@contextmanager
def show_progress(console: Console, total: int, *, quiet: bool) -> Iterator[Callable[[], None]]:
    """Yield what is to be called once per result; the second one gives an estimate."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TimeElapsedColumn(), TextColumn("left:"), TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as progress:
        task = progress.add_task(STARTING, total=total)

        def advance() -> None:
            progress.update(task, advance=1, description=_GRADING)

        yield advance
