"""A folder of results has one writer at a time, and a killed one locks nobody out."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from autograder import cli
from autograder.batch.folder_lock import FolderInUse, hold_folder

ROOT = Path(__file__).resolve().parents[2]
TOY = Path(__file__).parent / "toy_course"
HOLD = """
import sys, time
from pathlib import Path
from autograder.batch.folder_lock import hold_folder
with hold_folder(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock of tmp_path."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_a_folder_that_is_held_is_refused_to_another_process(tmp_path, holder):
    with pytest.raises(FolderInUse, match="another run is writing to"), hold_folder(tmp_path):
        pass


def test_a_second_run_is_one_sentence_and_touches_nothing_of_the_first(
    tmp_path, holder, submit, capsys
):
    half_written = tmp_path / ".ada.json.x1"
    half_written.write_text("{")
    (tmp_path / ".shared").mkdir()
    assert cli.main(["--kit", str(TOY), str(submit()), "--out", str(tmp_path)]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert f"another run is writing to {tmp_path}" in said
    assert half_written.exists()
    assert (tmp_path / ".shared").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="kills with SIGKILL")
def test_a_killed_run_locks_nobody_out(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with hold_folder(tmp_path):
        pass


def test_nothing_of_the_lock_is_left(tmp_path):
    with hold_folder(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_of_many_that_take_turns_never_two_hold_the_folder(tmp_path):
    inside, most, turns = [], [], []

    def take_turns():
        ends = time.monotonic() + 1.0
        while time.monotonic() < ends:
            try:
                with hold_folder(tmp_path):
                    inside.append(1)
                    most.append(len(inside))
                    time.sleep(0.001)
                    inside.pop()
                turns.append(1)
            except FolderInUse:
                pass

    threads = [threading.Thread(target=take_turns) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert len(turns) > 10


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(OSError, match="nowhere"), hold_folder(tmp_path / "nowhere"):
        pass
