"""What tests see of the questions a grader sends to its workers, one by one or many at once."""

from autograder.boundary.frames import FrameLimits, read_frame
from autograder.boundary.tensors import unpack_tensors
from autograder.trusted.workers import Worker

LIMITS = FrameLimits(header_bytes_max=2**30, payload_bytes_max=2**30)


def questions_in(data):
    """Return the (request, tensors) of every question in the bytes of a message."""
    rest, found = memoryview(data), []

    def take(count):
        nonlocal rest
        taken, rest = bytes(rest[:count]), rest[count:]
        return taken

    while rest:
        request, payload = read_frame(take, LIMITS)
        found.append((request, unpack_tensors(payload)))
    return found


def before_each_question(monkeypatch, act):
    """Call ``act(worker, request, tensors)`` for each question, just before it is sent."""
    send = Worker.send

    def send_and_tell(worker, data, wall_clock_s):
        for request, tensors in questions_in(data):
            act(worker, request, tensors)
        send(worker, data, wall_clock_s)

    monkeypatch.setattr(Worker, "send", send_and_tell)


def note_asked(monkeypatch, layer, operation):
    """Return a list that gets (request, tensors) for each such question asked of a layer."""
    asked = []

    def note(_worker, request, tensors):
        if request["op"] == operation and request["subject"] == layer:
            asked.append((request, tensors))

    before_each_question(monkeypatch, note)
    return asked
