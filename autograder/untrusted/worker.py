"""The worker: answers the trusted side's requests about one submission, one at a time.

Runs inside the sandbox, in a process of its own, next to student code. It holds the student's
sources and modules; it knows no expected value, no label and no check.
"""

import base64
import time
from typing import Any, Protocol

from torch import Tensor

from autograder.boundary.frames import FrameLimits, pack_frame, read_frame
from autograder.boundary.tensors import pack_tensors, unpack_tensors
from autograder.untrusted.bench import Bench, Reply
from autograder.untrusted.clues import explain_by_loading
from autograder.untrusted.faults import describe_error
from autograder.untrusted.import_scope import ImportScope
from autograder.untrusted.loader import LoadProblem
from autograder.untrusted.module_names import Exercise, Sources
from autograder.untrusted.reach import keeps_to_itself
from autograder.untrusted.survey import parse_sources, survey_classes

# Requests come from the grader: they may be as large as a submission.
_REQUEST_LIMITS = FrameLimits(header_bytes_max=512 * 2**20, payload_bytes_max=512 * 2**20)
# What is read at once, and how much or how long an answer may wait for others to go with.
CHUNK_BYTES = 2**16
_WITHHELD_S = 0.1

_NOTHING: Reply = ({}, {})


class Wire(Protocol):
    """Where frames come from and go to."""

    def read_exactly(self, count: int) -> bytes:
        """Return exactly ``count`` bytes, or raise EOFError when the grader is gone."""

    def write_all(self, data: bytes) -> None:
        """Send all of ``data``."""


def serve(wire: Wire) -> None:
    """Answer requests until the grader closes the wire."""
    worker = Worker()
    while True:
        try:
            request, payload = read_frame(wire.read_exactly, _REQUEST_LIMITS)
        except EOFError:
            return
        reply, tensors = worker.answer(request, unpack_tensors(payload))
        try:
            packed = pack_tensors(tensors)
        except Exception as error:  # noqa: BLE001  (a student's output may be no plain tensor)
            reply, packed = {"ok": False, "stage": "reply", "error": describe_error(error)}, b""
        wire.write_all(pack_frame(reply, packed))


class Worker:
    """The state between two requests: the sources, and the classes under test so far.

    The classes of one submission are tested side by side in one worker, each with doubles of its
    own where its sub-layers go; what one does to the process can cost another only until that one
    is asked again in a worker of its own.
    """

    def __init__(self) -> None:
        self._sources: Sources | None = None
        self._exercise: Exercise | None = None
        self._benches: dict[str, Bench] = {}
        self._imports = ImportScope()

    def answer(self, request: dict[str, Any], tensors: dict[str, Tensor]) -> Reply:
        """Carry out one request; whatever student code raises becomes an error reply."""
        stage = str(request.get("op"))
        bench: Bench | None = None
        try:
            if stage == "greet":
                facts, results = _NOTHING
            elif stage == "survey":
                facts, results = self._survey(request), {}
            else:
                bench = self._bench(request)
                self._imports.enter(bench.loader)
                facts, results = bench.carry_out(stage, request, tensors)
        except BaseException as error:  # noqa: BLE001  (SystemExit from student code included)
            hint = explain_by_loading(bench.loader.clues(), error) if bench is not None else ""
            kind = "load_problem" if isinstance(error, LoadProblem) else "raised"
            reply = {"ok": False, "stage": stage, "kind": kind}
            return {**reply, "error": describe_error(error, hint)}, {}
        return {"ok": True, **facts}, results

    def _open(self, request: dict[str, Any]) -> tuple[Sources, Exercise]:
        """Return the sources, which come with the first request that needs them."""
        if self._sources is None or self._exercise is None:
            exercise = request["exercise"]
            self._exercise = Exercise(exercise["package"], exercise["files"], exercise["given"])
            self._sources = parse_sources(
                {path: base64.b64decode(text) for path, text in request["files"].items()},
                {
                    path: [(number, text) for number, text in cells]
                    for path, cells in request["notebooks"].items()
                },
                request["root"],
                self._exercise.files,
            )
        return self._sources, self._exercise

    def _survey(self, request: dict[str, Any]) -> dict[str, Any]:
        sources, exercise = self._open(request)
        classes = survey_classes(sources, exercise)
        places = [found["path"] for found in classes.values()]
        harmless = keeps_to_itself(sources, exercise.files, places)
        return {"classes": classes, "keeps_to_itself": harmless}

    def _bench(self, request: dict[str, Any]) -> Bench:
        subject = str(request["subject"])
        if request["op"] == "load":
            sources, exercise = self._open(request)
            self._benches[subject] = Bench(sources, exercise, request)
        return self._benches[subject]


class FileWire:
    """A wire over two binary file objects.

    Answers leave before this end waits for the next question: where several questions have come at
    once, their answers go together, and nobody is woken for each.
    """

    def __init__(self, reader: Any, writer: Any) -> None:
        self._reader, self._writer = reader, writer
        self._arrived = bytearray()
        self._leaving_bytes = 0
        self._left = time.monotonic()

    def read_exactly(self, count: int) -> bytes:
        """Return exactly ``count`` bytes, or raise EOFError when the grader is gone."""
        data = self._arrived
        while len(data) < count:
            self._flush()
            chunk: bytes = self._reader.read1(CHUNK_BYTES)
            if not chunk:
                raise EOFError
            data += chunk
        wanted = bytes(data[:count])
        del data[:count]
        return wanted

    def write_all(self, data: bytes) -> None:
        """Send all of ``data``, at the latest when this end next waits."""
        self._writer.write(data)
        self._leaving_bytes += len(data)
        late = time.monotonic() - self._left > _WITHHELD_S
        if late or self._leaving_bytes > CHUNK_BYTES:
            self._flush()

    def _flush(self) -> None:
        self._writer.flush()
        self._leaving_bytes = 0
        self._left = time.monotonic()
