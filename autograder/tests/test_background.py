"""What no submission has a part in is computed once: in a process, and for a class."""

import os
import signal
import sys

import pytest
import torch

from autograder.trusted import background
from autograder.trusted.background import compute_once

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks")


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch):
    monkeypatch.setattr(background, "_known", {})


@pytest.fixture
def work(tmp_path):
    """Work that notes in a file, from whatever process does it, that it was done."""
    notes = tmp_path / "notes"
    notes.write_text("")

    def do():
        with notes.open("a") as stream:
            stream.write("done\n")
        return torch.arange(3.0)

    do.times = lambda: len(notes.read_text().splitlines())
    return do


def test_it_is_computed_once_in_a_process(work):
    for _ in range(3):
        assert compute_once("training", work)().tolist() == [0, 1, 2]
    assert work.times() == 1
    compute_once("another", work)()
    assert work.times() == 2


def test_it_is_computed_once_for_all_who_share_a_folder(work, tmp_path):
    started = []
    for _ in range(3):  # three graders at once, each with nothing known to itself
        started.append(compute_once("training", work, tmp_path / "shared"))
        background._known.clear()
    for wait in started:
        background._known.clear()
        assert wait().tolist() == [0, 1, 2]
    assert work.times() == 1


@pytest.mark.parametrize("folder", [None, "shared"])
def test_a_process_that_dies_over_it_is_replaced(folder, tmp_path):
    first = os.getpid()

    def work():
        if os.getpid() != first:
            os.kill(os.getpid(), signal.SIGKILL)
        return torch.ones(2)

    wait = compute_once("training", work, tmp_path / folder if folder else None)
    assert wait().tolist() == [1, 1]


def test_a_damaged_file_is_computed_anew(work, tmp_path):
    compute_once("training", work, tmp_path)()
    for path in tmp_path.glob("*.tensors"):
        path.write_bytes(b"half of it")
    background._known.clear()
    assert compute_once("training", work, tmp_path)().tolist() == [0, 1, 2]
    assert work.times() == 2
