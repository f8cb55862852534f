"""Start, command and end the sandboxed template process that workers are forked from.

Runs on the trusted side. Imports no torch, so that the grader can start the template first and
import torch itself while the template does the same on another core.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from autograder.manifest import KitError
from autograder.trusted.memory_group import MemoryGroup
from autograder.trusted.sandbox import Mechanism, plan_sandbox

_PROJECT = Path(__file__).resolve().parents[2]
# What the template itself may take of the memory its workers share with it; CUDA takes more.
_OWN_MIB, _OWN_MIB_WITH_GPU = 1024, 6144


class TemplateProcess:
    """A process that has imported torch and forks workers; it never runs student code itself."""

    def __init__(
        self, kit: Path, *, gpu: bool, trains: bool, memory_mib: int,
        mechanism: Mechanism = "auto",
    ) -> None:  # fmt: skip
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        plan = plan_sandbox(
            theirs.fileno(), project=_PROJECT, kit=kit, gpu=gpu, trains=trains,
            mechanism=mechanism,
        )  # fmt: skip
        self.isolation = plan.isolation
        self._control = ours
        self._warm = False
        # Its complaints are kept: they explain a kit that cannot start.
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  (closed in close)
        self._memory = MemoryGroup.make(memory_mib + (_OWN_MIB_WITH_GPU if gpu else _OWN_MIB))
        self._process = subprocess.Popen(
            self._memory.wrap(plan.argv) if self._memory else plan.argv,
            env=plan.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._complaints,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
            cwd="/",
        )
        theirs.close()

    def wait_until_warm(self, timeout_s: float) -> None:
        """Return once the template has imported torch. Raises KitError if it does not."""
        if not self._warm:
            apart = self.receive("apart", timeout_s)
            self.isolation += (
                "; memory limited for all together" if self._memory else "; memory limited for each"
            )
            self.isolation += "; workers apart" if apart else "; workers NOT kept apart"
            self._warm = True

    def send(self, message: dict[str, Any], descriptors: list[int]) -> None:
        """Send a command, with file descriptors for a worker to be."""
        try:
            socket.send_fds(self._control, [json.dumps(message).encode()], descriptors)
        except OSError:
            raise KitError(f"the sandbox's template process is gone{self._last_words()}") from None

    def receive(self, key: str, timeout_s: float) -> Any:
        """Return one value of the template's next answer. Raises KitError if none comes."""
        self._control.settimeout(timeout_s)
        try:
            return json.loads(self._control.recv(4096))[key]
        except (TimeoutError, OSError, ValueError, KeyError):
            raise KitError(
                f"the sandbox's template process does not answer{self._last_words()}"
            ) from None

    def _last_words(self) -> str:
        self._complaints.seek(0)
        said = self._complaints.read()[-2000:].decode("utf-8", "replace").strip()
        return f": {said.splitlines()[-1]}" if said else ""

    def close(self, grace_s: float = 2.0) -> None:
        """End the template and with it every worker; takes at most 3 s more than the grace."""
        self._control.close()
        try:
            self._process.wait(timeout=grace_s)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=3.0)
        if self._memory is not None:
            self._memory.close()
        self._complaints.close()
