"""The template: imports torch once, then forks a worker for every request.

Runs inside the sandbox and never runs student code itself. It listens on one Unix socket:

    grader -> template   {"do": "fork", "limits": {...}} with one file descriptor: the worker's wire
                         {"do": "end", "pid": n, "grace_s": s}   kill after s seconds, and reap
    template -> grader   {"ready": true, "apart": whether workers get namespaces of their own}
                         {"pid": n} · {"status": n}       n as waitpid gives it; pid 0: no room

When the socket closes, every worker is killed and the template ends.
"""

import contextlib
import gc
import json
import os
import signal
import socket
import time
from typing import Any

from autograder.untrusted import linux, worker
from autograder.untrusted.confine import (
    Keeping,
    WorkerLimits,
    confine_worker,
    fork_apart,
    try_keeping_apart,
)
from autograder.untrusted.warm_up import import_compiler, warm_up

# New objects before Python looks for garbage: a worker makes little in its short life.
_GARBAGE_THRESHOLD = 20_000
# A template that has forked this often serves a class: making forks cheap pays from here on.
_FORKS_OF_ONE_SUBMISSION = 16


def main(control_fd: int, *, trains: bool) -> None:
    """Serve fork requests on ``control_fd`` until it closes; ``trains``: workers are to train."""
    linux.keep_freed_memory()
    warm_up(trains=trains)
    _leave_to_nobody()
    gc.set_threshold(_GARBAGE_THRESHOLD, 10, 10)
    control = socket.socket(fileno=control_fd)
    keeping = try_keeping_apart()
    control.send(json.dumps({"ready": True, "apart": keeping.apart}).encode())
    children: set[int] = set()
    forks = 0
    try:
        while True:
            message, descriptors, _, _ = socket.recv_fds(control, 4096, 1)
            if not message:
                break
            request = json.loads(message)
            if request["do"] == "fork":
                forks += 1
                if forks == _FORKS_OF_ONE_SUBMISSION:
                    with contextlib.suppress(OSError):
                        linux.use_huge_pages()
                if request["compiles"] and import_compiler():
                    _leave_to_nobody()
                pid = _fork(keeping, gpu=bool(request["gpu"]))
                if pid == 0:
                    control.close()
                    _become_worker(descriptors[0], request, keeping)
                os.close(descriptors[0])
                if pid is not None:
                    children.add(pid)
                control.send(json.dumps({"pid": pid or 0}).encode())
            else:
                grace_s = float(request["grace_s"])
                status = _end_child(int(request["pid"]), children, grace_s)
                control.send(json.dumps({"status": status}).encode())
    finally:
        for pid in list(children):
            _end_child(pid, children)
    # Tearing torch down takes a second that nobody needs.
    os._exit(0)


def _fork(keeping: Keeping, *, gpu: bool) -> int | None:
    """Fork a worker; None where the machine, or the limit for all workers, has no room for one."""
    try:
        return fork_apart(gpu=gpu) if keeping.apart else os.fork()
    except OSError:
        return None


def _leave_to_nobody() -> None:
    """Have what is here stay: collectors in the workers need not look at it, and copy its pages."""
    gc.collect()
    gc.freeze()


def _end_child(pid: int, children: set[int], grace_s: float = 0.0) -> int:
    """Wait up to ``grace_s`` for the child to end by itself, kill it if not, return its status.

    A worker in namespaces of its own is their first process: with it ends whatever it started,
    before its status can be had. It gets SIGKILL, as it has nothing to save and could ignore any
    other signal.
    """
    if pid not in children:
        return 0
    children.discard(pid)
    ended, status = _wait(pid, grace_s)
    if not ended:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
    return status


def _wait(pid: int, limit_s: float) -> tuple[bool, int]:
    deadline = time.monotonic() + limit_s
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended or time.monotonic() >= deadline:
            return bool(ended), status
        time.sleep(0.0005)


def _become_worker(wire_fd: int, request: dict[str, Any], keeping: Keeping) -> None:
    """Never returns: confine this process, answer requests, leave without any atexit hook."""
    code = 1
    try:
        limits = WorkerLimits(**request["limits"])
        confine_worker(limits, wire_fd, keeping=keeping, gpu=bool(request["gpu"]))
        stream = socket.socket(fileno=wire_fd)
        leaving = stream.makefile("wb", buffering=worker.CHUNK_BYTES)
        worker.serve(worker.FileWire(stream.makefile("rb"), leaving))
        code = 0
    finally:
        os._exit(code)
