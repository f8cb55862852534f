"""Start, question and end workers; say in words how one died.

Runs on the trusted side. On Linux the workers are forked from one warm, sandboxed template; on
other systems each is a plain child process with what limits the system has.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from torch import Tensor

from autograder.boundary.frames import (
    BadFrame,
    FrameLimits,
    pack_frame,
    read_unopened,
    unpack_header,
)
from autograder.boundary.tensors import BadTensors, pack_tensors, unpack_tensors
from autograder.manifest import Kit, KitError, Limits
from autograder.results import is_isolated
from autograder.trusted.errors import NotIsolated
from autograder.trusted.sandbox import Mechanism
from autograder.trusted.template_process import TemplateProcess
from autograder.trusted.wires import PipeWire, SocketWire, Wire, WireClosed, WireTimeout

# Read, a header takes up to so many times its bytes, and what it says of calls and parts is kept.
_HEADER_COST = 30
_PROJECT = Path(__file__).resolve().parents[2]


class WorkerLost(Exception):
    """A worker did not answer; it is dead and reaped. The text completes "… was stopped: "."""

    def __init__(self, how: str, *, out_of_time: bool, killed: bool = False) -> None:
        super().__init__(how)
        self.how = how
        self.out_of_time = out_of_time
        # Killed before it can have used up its CPU time: by itself, or by the machine.
        self.killed = killed


class WorkerSource(Protocol):
    """Where workers come from."""

    @property
    def isolation(self) -> str:
        """What keeps student code in, in words; final once warm."""

    def warm_up(self) -> None:
        """Return once workers can start. Raises KitError when they cannot."""

    def start_worker(self, *, compiles: bool = False) -> "Worker":
        """Return a fresh worker that has run no student code.

        ``compiles``: torch's compiler is likely to be imported there, which takes seconds; where
        workers are forked, they are to have it already.
        """

    def close(self) -> None:
        """End every worker; takes at most 5 s."""


class NoRoom(KitError):
    """The machine lets no further process be started."""


@dataclass(frozen=True)
class Answer:
    """A worker's reply as it came: bytes that nobody has looked into yet."""

    header: bytes
    payload: bytes

    @property
    def memory_bytes(self) -> int:
        """What it takes in memory once it is read."""
        return _HEADER_COST * len(self.header) + len(self.payload)


def pack_question(request: dict[str, Any], tensors: dict[str, Tensor]) -> bytes:
    """Return a request as it is sent: the same bytes for the same request."""
    return pack_frame(request, pack_tensors(tensors))


class Worker:
    """One worker process, spoken to in frames."""

    def __init__(self, wire: Wire, limits: Limits, source: Any, process: Any) -> None:
        self._wire = wire
        self._source = source
        self._process = process
        self._started, self._cpu_s = time.monotonic(), limits.cpu_s
        self._frame_limits = FrameLimits(payload_bytes_max=limits.reply_mib * 2**20)
        self.alive = True

    def ask(
        self, request: dict[str, Any], tensors: dict[str, Tensor], wall_clock_s: float
    ) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """Send a request and return the reply. Raises WorkerLost; takes at most the limit + 2 s."""
        self.send(pack_question(request, tensors), wall_clock_s)
        return self.read(self.receive(wall_clock_s))

    def send(self, questions: bytes, wall_clock_s: float) -> None:
        """Send one packed question or several; answers may arrive meanwhile. Raises WorkerLost."""
        try:
            self._wire.send(questions, time.monotonic() + wall_clock_s)
        except (WireTimeout, WireClosed) as error:
            raise self._give_up(error, wall_clock_s) from None

    def receive(self, wall_clock_s: float) -> Answer:
        """Return the next answer. Raises WorkerLost; takes at most the limit + 2 s."""
        deadline = time.monotonic() + wall_clock_s
        try:
            return Answer(
                *read_unopened(
                    lambda count: self._wire.read_exactly(count, deadline), self._frame_limits
                )
            )
        except (WireTimeout, WireClosed, BadFrame) as error:
            raise self._give_up(error, wall_clock_s) from None

    def read(self, answer: Answer) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """Return what an answer says. Raises WorkerLost."""
        try:
            return unpack_header(answer.header), unpack_tensors(answer.payload)
        except (BadFrame, BadTensors) as error:
            raise self._give_up(error, 0.0) from None

    def _give_up(self, error: Exception, wall_clock_s: float) -> WorkerLost:
        """End the process; return what is to be said of it."""
        if isinstance(error, WireTimeout):
            self.end(grace_s=0.0)
            how = f"it did not answer within {wall_clock_s:g} s of wall clock"
            return WorkerLost(how, out_of_time=True)
        if isinstance(error, WireClosed):
            status = self.end(grace_s=1.0)
            out_of_time = status == -int(getattr(signal, "SIGXCPU", 24))
            killed = status == -9 and time.monotonic() - self._started < self._cpu_s
            return WorkerLost(explain_death(status), out_of_time=out_of_time, killed=killed)
        self.end(grace_s=0.0)
        return WorkerLost(f"it wrote something that is no answer ({error})", out_of_time=False)

    def end(self, grace_s: float = 0.0) -> int:
        """End the process and return its exit status (negative: a signal). It is dead after."""
        if not self.alive:
            return 0
        self.alive = False
        try:
            status: int = self._source.end_process(self._process, grace_s)
        finally:
            self._wire.close()
        return status


def explain_death(status: int) -> str:
    """Say in words how a process ended, given its exit status (negative: a signal)."""
    if status >= 0:
        return f"its process exited by itself with status {status}"
    special = {
        "SIGXCPU": "its process used up its CPU time",
        "SIGKILL": "its process was killed (out of memory or CPU time, or by itself)",
        "SIGSEGV": "its process crashed (abort, segmentation fault; very deep recursion does that)",
        "SIGXFSZ": "its process wrote a file larger than allowed",
        "SIGSYS": "its process made a system call that is not allowed",
    }
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return special.get(name, f"its process ended by {name}")


class TemplateWorkers:
    """Workers forked from one warm, sandboxed template process (Linux)."""

    def __init__(self, template: TemplateProcess, limits: Limits, *, gpu: bool) -> None:
        self._template = template
        self._limits = limits
        self._gpu = gpu

    @property
    def isolation(self) -> str:
        """What is in force; final once warm."""
        return self._template.isolation

    def warm_up(self) -> None:
        """Return once the template has imported torch. Raises KitError if it does not."""
        self._template.wait_until_warm(self._limits.start_wall_clock_s)

    def start_worker(self, *, compiles: bool = False) -> Worker:
        """Fork a fresh worker; takes about 10 ms once the template is warm."""
        self.warm_up()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        limits = {
            "cpu_s": self._limits.cpu_s,
            "memory_mib": self._limits.memory_mib,
            "open_files": self._limits.open_files,
            "file_size_mib": self._limits.file_size_mib,
            "scratch_mib": self._limits.scratch_mib,
        }
        request = {"do": "fork", "limits": limits, "gpu": self._gpu, "compiles": compiles}
        try:
            try:
                self._template.send(request, [theirs.fileno()])
            finally:
                theirs.close()
            wait_s = self._limits.start_wall_clock_s if compiles else 10.0
            pid = int(self._template.receive("pid", timeout_s=wait_s))
        except KitError:
            ours.close()
            raise
        if not pid:
            ours.close()
            raise NoRoom("the machine lets no further process be started: end some and try again")
        return Worker(SocketWire(ours), self._limits, self, pid)

    def end_process(self, pid: int, grace_s: float) -> int:
        """Have the template kill and reap one worker; return how it had ended."""
        self._template.send({"do": "end", "pid": pid, "grace_s": grace_s}, [])
        status = int(self._template.receive("status", timeout_s=grace_s + 5.0))
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        """End the template and with it every worker; takes at most 5 s."""
        self._template.close()


class PlainWorkers:
    """Workers that are plain child processes, each importing torch itself (about 2 s).

    The next one is started while the last is in use, so that it is warm when it is wanted.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.isolation = "limited child process only: no namespaces on this system"
        self._spare = self._launch()

    def warm_up(self) -> None:
        """Nothing to wait for: each worker imports torch itself."""

    def _launch(self) -> "subprocess.Popen[bytes]":
        script = _PROJECT / "autograder" / "untrusted" / "plain.py"
        limits = [str(self._limits.cpu_s), str(self._limits.memory_mib)]
        return subprocess.Popen(
            [sys.executable, "-B", str(script), *limits],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def start_worker(self, *, compiles: bool = False) -> Worker:
        """Return a fresh worker once it has imported torch. Raises KitError if it does not."""
        child, self._spare = self._spare, self._launch()
        worker = Worker(PipeWire(child), self._limits, self, child)
        try:
            worker.ask({"op": "greet"}, {}, self._limits.start_wall_clock_s)
        except WorkerLost as lost:
            raise KitError(f"a worker process does not start: {lost.how}") from None
        return worker

    def end_process(self, child: "subprocess.Popen[bytes]", grace_s: float) -> int:
        """Kill and reap one worker; return how it had ended."""
        try:
            return child.wait(timeout=grace_s)
        except subprocess.TimeoutExpired:
            child.kill()
            return child.wait(timeout=5.0)

    def close(self) -> None:
        """End the process that was kept ready."""
        self._spare.kill()
        self._spare.communicate(timeout=5.0)


def demand_isolation(source: WorkerSource) -> None:
    """Raise NotIsolated unless namespaces keep student code in, each worker in its own."""
    source.warm_up()
    if not is_isolated(source.isolation):
        raise NotIsolated.with_only(source.isolation)


def open_workers(
    kit: Kit, *, sandbox: str = "auto", gpu: bool = False, trains: bool = True
) -> WorkerSource:
    """Return where this machine's workers come from; ``sandbox`` as on the command line.

    Without ``trains`` they are ready sooner, and the first to train waits for what it lacks.
    """
    if sys.platform != "linux" or sandbox == "plain":
        return PlainWorkers(kit.limits)
    template = TemplateProcess(
        kit.root, gpu=gpu, trains=trains, memory_mib=kit.limits.memory_mib,
        mechanism=cast("Mechanism", sandbox),
    )  # fmt: skip
    return TemplateWorkers(template, kit.limits, gpu=gpu)
