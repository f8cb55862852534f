"""A class is asked what its first submissions were asked: sooner, and with the same results."""

import select
import socket
import threading
import time
from pathlib import Path

import pytest

from autograder.authoring.grading import Grader
from autograder.tests.asked import questions_in
from autograder.trusted.plugin import GradingPlugin
from autograder.trusted.wires import SocketWire, WireTimeout
from autograder.trusted.workers import Worker

TOY = Path(__file__).parent / "toy_course"
RIGHT = TOY / "solutions" / "toy"
FULL = {"Scale": 50, "Stack": 40, "EndToEnd": 10}


@pytest.fixture
def grader():
    """A grader that has graded nothing yet."""
    with Grader(TOY, "toy") as grader:
        yield grader


@pytest.fixture
def seen(monkeypatch):
    """Count the messages with questions for Scale, and the checks that run."""
    counts = {"messages": 0, "checks": 0}
    send, call = Worker.send, GradingPlugin._call

    def count_messages(worker, data, wall_clock_s):
        counts["messages"] += any(r.get("subject") == "Scale" for r, _ in questions_in(data))
        send(worker, data, wall_clock_s)

    def count_checks(plugin, item):
        counts["checks"] += 1
        call(plugin, item)

    monkeypatch.setattr(Worker, "send", count_messages)
    monkeypatch.setattr(GradingPlugin, "_call", count_checks)

    def take():
        taken = dict(counts)
        counts.update(messages=0, checks=0)
        return taken

    return take


@pytest.mark.slow
def test_the_next_of_a_class_is_asked_at_once_and_known_answers_need_no_checks(grader, seen):
    first = grader.grade(RIGHT)
    alone = seen()
    assert alone["messages"] > 10
    assert alone["checks"] == len(first.checks)
    assert grader.grade(RIGHT).checks == first.checks
    # To load it, to know it by its first answer, and all the rest.
    assert seen() == {"messages": 3, "checks": 0}


@pytest.mark.slow
def test_answers_that_are_rounded_otherwise_are_checked(grader, scale_with, seen, points_by_layer):
    grader.grade(RIGHT)
    seen()
    rounded = scale_with("return (x * self.weight + self.bias) * (1 + 2**-52)")
    for checks_that_run in (True, False):
        assert points_by_layer(grader.grade(rounded)) == FULL
        counts = seen()
        assert counts["messages"] == 3
        assert bool(counts["checks"]) is checks_that_run


@pytest.mark.slow
def test_another_seed_has_other_questions(grader, seen):
    grader.grade(RIGHT, seed=1)
    seen()
    grader.grade(RIGHT, seed=2)
    assert seen()["messages"] > 10


MISTAKES = {
    "values": "x = 2 * x",
    "no tensor": "return None",
    "an exception": "y = self.wieght",
    "death": "import os; os._exit(0)",
    "an input changed": "x += 0.0 * x; x.add_(1e-9)",
    "other weights each time": "self.weight.data = self.weight.data + 1e-6",
    "wrong after ten calls": """self.calls = getattr(self, "calls", 0) + 1
        if self.calls > 10:
            x = x + 1""",
    "wrong in training": "x = x + 1.0 * self.training",
    "no gradient": "x = x.detach()",
}


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_costs_the_same_after_right_submissions_as_before(mistake, toy, scale_with):
    """Each mistake is first met by a grader that knows no transcript of its seed."""
    wrong = scale_with(MISTAKES[mistake])
    seed = 1000 + list(MISTAKES).index(mistake)
    before = toy.grade(wrong, seed=seed)
    toy.grade(RIGHT, seed=seed)
    toy.grade(RIGHT, seed=seed)
    after = toy.grade(wrong, seed=seed)
    assert after.checks == before.checks
    assert after.notes == before.notes


def test_what_is_remarked_of_the_first_is_remarked_of_the_next(toy, submit):
    text = (RIGHT / "scale.py").read_text()
    renamed = submit(scale=text.replace("self.weight", "self.gain"))
    notes = [toy.grade(renamed, seed=77).notes for _ in range(3)]
    assert any("gain" in note for note in notes[0])
    assert notes[0] == notes[1] == notes[2]


OTHERWISE = """
import torch
from torch import nn
made = []

class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        made.append(width)
        self.name = "weight" if len(made) == 1 else "gain"
        setattr(self, self.name, nn.Parameter(torch.ones(width)))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return x * getattr(self, self.name) + self.bias
"""


@pytest.mark.slow
def test_who_is_asked_something_else_misleads_no_more_than_one(
    grader, submit, seen, points_by_layer
):
    """It begins like everybody, and calls its parameters otherwise from its second module on."""
    assert points_by_layer(grader.grade(submit(scale=OTHERWISE)))["Scale"] == 50
    for _ in range(2):
        assert points_by_layer(grader.grade(RIGHT)) == FULL
    seen()
    assert points_by_layer(grader.grade(RIGHT)) == FULL
    assert seen() == {"messages": 3, "checks": 0}


needs_polls = pytest.mark.skipif(not hasattr(select, "poll"), reason="sockets are Linux's way")


@needs_polls
def test_questions_and_answers_may_pass_each_other_on_the_wire():
    ours, theirs = socket.socketpair()
    data = bytes(2**24)

    def echo():
        left = len(data)
        while left:
            chunk = theirs.recv(2**16)
            theirs.sendall(chunk)
            left -= len(chunk)

    with ours, theirs:
        other = threading.Thread(target=echo, daemon=True)
        other.start()
        wire, deadline = SocketWire(ours), time.monotonic() + 30
        wire.send(data, deadline)
        assert wire.read_exactly(len(data), deadline) == data
        other.join()


@needs_polls
def test_who_answers_without_listening_is_waited_for_until_the_deadline_only():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(bytes(1000))
        with pytest.raises(WireTimeout):
            SocketWire(ours).send(bytes(2**24), time.monotonic() + 0.2)
