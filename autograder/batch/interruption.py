"""Being stopped: Ctrl-C and SIGTERM end a batch alike, with what is there written down.

Runs on the trusted side, in the process the caller started.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Stopped(Exception):
    """The caller stopped the batch; one sentence about what is kept."""


@contextmanager
def leaving_at_once(sentence: str, *tidy: Callable[[], None]) -> Iterator[None]:
    """At Ctrl-C call each ``tidy``, say ``sentence`` and leave with status 130, raising nothing.

    For the time in which torch is imported: raised in the middle of that, KeyboardInterrupt
    aborts the process, turns into an ImportError or is swallowed, by where it comes. No ``finally``
    runs, so ``tidy`` undoes whatever has to be undone.
    """

    def leave(_number: int, _frame: FrameType | None) -> None:
        for undo in tidy:
            undo()
        sys.stderr.write(sentence)
        sys.stderr.flush()
        os._exit(130)

    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield  # ignored, say, as under nohup
        return
    with _handling(leave, signal.SIGINT):
        yield


@contextmanager
def sigterm_like_ctrl_c() -> Iterator[None]:
    """Let SIGTERM raise KeyboardInterrupt, as Ctrl-C does: then graders are ended in order."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _handling(stop, signal.SIGTERM):
        yield


@contextmanager
def undisturbed() -> Iterator[None]:
    """Pay no heed to a second Ctrl-C while what is there is written down: a moment's work."""
    with _handling(signal.SIG_IGN, signal.SIGINT, signal.SIGTERM):
        yield


@contextmanager
def _handling(handler: Any, *numbers: signal.Signals) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    before = [(number, signal.signal(number, handler)) for number in numbers]
    try:
        yield
    finally:
        for number, old in before:
            # None is a handler that Python did not set; it cannot be set again.
            signal.signal(number, signal.SIG_DFL if old is None else old)


@contextmanager
def children_deaf_to_ctrl_c() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach before they can say that they ignore it.

    It waits for us meanwhile, and is not lost. A child calls ``ignore_ctrl_c``.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore_ctrl_c() -> None:
    """Leave Ctrl-C to the parent, in a process that was started deaf to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
