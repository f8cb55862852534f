"""Wires to a worker: bytes with a deadline.

Runs on the trusted side. Every wait is bounded: a worker that says nothing costs its time limit.
"""

import queue
import select
import socket
import subprocess
import threading
import time
from typing import Any, Protocol

_SMALL_BYTES = 2**16
# What is taken in while questions are being sent; nobody honest answers so much ahead of them.
_ARRIVED_BYTES_MAX = 2**26


class WireClosed(Exception):
    """The other end is gone."""


class WireTimeout(Exception):
    """The deadline passed before all bytes came or went."""


class Wire(Protocol):
    """A two-way stream of bytes."""

    def send(self, data: bytes, deadline: float) -> None:
        """Send all of ``data`` before ``deadline`` (time.monotonic), or raise."""

    def read_exactly(self, count: int, deadline: float) -> bytes:
        """Return exactly ``count`` bytes before ``deadline`` (time.monotonic), or raise."""

    def close(self) -> None:
        """Close this end."""


class SocketWire:
    """A wire over a connected socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._socket.setblocking(False)
        self._arrived = bytearray()

    def send(self, data: bytes, deadline: float) -> None:
        """Send all of ``data`` before ``deadline``, or raise.

        Takes in what arrives meanwhile: who answers while questions are still on their way must
        not wait for us, who wait for them.
        """
        view = memoryview(data)
        while view:
            try:
                view = view[self._socket.send(view[: 2**20]) :]
            except BlockingIOError:
                room = len(self._arrived) < _ARRIVED_BYTES_MAX
                ready = self._wait(select.POLLOUT | (select.POLLIN if room else 0), deadline)
                if ready & select.POLLIN:
                    self._take_in(_SMALL_BYTES)
            except OSError:
                raise WireClosed from None

    def read_exactly(self, count: int, deadline: float) -> bytes:
        """Return exactly ``count`` bytes before ``deadline``, or raise."""
        data = self._arrived
        while len(data) < count:
            # A small frame arrives whole: its parts need not be asked for one by one.
            if not self._take_in(min(max(count - len(data), _SMALL_BYTES), 2**20)):
                self._wait(select.POLLIN, deadline)
        wanted = bytes(data[:count])
        del data[:count]
        return wanted

    def _take_in(self, count: int) -> bool:
        """Move up to ``count`` bytes that are there to those that have arrived; False: none are."""
        try:
            chunk = self._socket.recv(count)
        except BlockingIOError:
            return False
        except OSError:
            raise WireClosed from None
        if not chunk:
            raise WireClosed
        self._arrived += chunk
        return True

    def _wait(self, events: int, deadline: float) -> int:
        """Wait until one of the events is there, and return which are; raise at the deadline."""
        left = deadline - time.monotonic()
        poll = select.poll()
        poll.register(self._socket, events)
        ready = poll.poll(1000 * left) if left > 0 else []
        if not ready:
            raise WireTimeout
        return ready[0][1]

    def close(self) -> None:
        """Close this end."""
        self._socket.close()


class PipeWire:
    """A wire over a child's standard input and output, for systems where pipes cannot be polled.

    Two threads carry the bytes; both end when the child's pipes close.
    """

    def __init__(self, child: "subprocess.Popen[bytes]") -> None:
        self._child = child
        self._arrived: queue.Queue[bytes] = queue.Queue(maxsize=64)
        self._leaving: queue.Queue[bytes | None] = queue.Queue()
        self._rest = b""
        self._closed = threading.Event()
        for work in (self._receive, self._transmit):
            threading.Thread(target=work, daemon=True).start()

    def _receive(self) -> None:
        stream: Any = self._child.stdout
        while not self._closed.is_set():
            try:
                chunk = stream.read1(2**20)
            except (OSError, ValueError):
                chunk = b""
            self._arrived.put(chunk)
            if not chunk:
                return

    def _transmit(self) -> None:
        stream: Any = self._child.stdin
        while (data := self._leaving.get()) is not None:
            try:
                stream.write(data)
                stream.flush()
            except (OSError, ValueError):
                return

    def send(self, data: bytes, deadline: float) -> None:
        """Hand ``data`` to the sending thread; what is not taken shows as a missing reply."""
        self._leaving.put(data)

    def read_exactly(self, count: int, deadline: float) -> bytes:
        """Return exactly ``count`` bytes before ``deadline``, or raise."""
        parts = bytearray(self._rest)
        while len(parts) < count:
            left = deadline - time.monotonic()
            try:
                chunk = self._arrived.get(timeout=max(left, 0.001))
            except queue.Empty:
                raise WireTimeout from None
            if not chunk:
                raise WireClosed
            parts += chunk
        self._rest = bytes(parts[count:])
        return bytes(parts[:count])

    def close(self) -> None:
        """Let both threads end."""
        self._closed.set()
        self._leaving.put(None)
        while not self._arrived.empty():
            self._arrived.get_nowait()
