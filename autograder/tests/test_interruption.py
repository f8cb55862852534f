"""Being stopped loses nothing and is one sentence: Ctrl-C, SIGTERM, at any moment."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOY = Path(__file__).parent / "toy_course"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def start(*arguments, **environment):
    """Start the command as a terminal does: in a process group of its own, deaf to nothing."""
    return subprocess.Popen(
        [sys.executable, str(ROOT / "grade.py"), "--kit", str(TOY), "--no-training",
         *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=os.environ | environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )  # fmt: skip


def rows(out):
    with open(out / "gradebook.csv", encoding="utf-8-sig", newline="") as stream:
        return {row["submission"]: row for row in csv.DictReader(stream)}


def wait_for_results(out, count, process):
    ends = time.monotonic() + 60
    while len(list(out.glob("*.json"))) < count:
        assert process.poll() is None and time.monotonic() < ends
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("end", [
    lambda process: os.killpg(process.pid, signal.SIGINT),  # a terminal tells the whole group
    lambda process: process.terminate(),
], ids=["ctrl_c", "sigterm"])  # fmt: skip
def test_a_class_that_is_stopped_keeps_what_it_has_and_says_so(tmp_path, write_class, stored, end):
    school, out = write_class(30, wrong_every=4), tmp_path / "out"
    command = (school, "--out", out, "--seed", 5)
    process = start(*command)
    wait_for_results(out, 3, process)
    end(process)
    _, said = process.communicate(timeout=60)
    kept = stored(out)
    assert process.returncode == 130, said
    assert said == f"grade.py: stopped: {len(kept)} of 31 are kept; the same command goes on\n"
    assert len(kept) < 31
    assert len(rows(out)) == len(kept)
    assert not list(out.glob(".*"))
    again = start(*command)
    assert again.communicate(timeout=120)[1] == ""
    assert again.returncode == 0
    assert kept.items() <= stored(out).items()
    assert len(rows(out)) == 31


@pytest.mark.slow
def test_ctrl_c_at_any_early_moment_is_one_sentence(tmp_path, write_class):
    school, out = write_class(6, wrong_every=4), tmp_path / "out"
    for delay_s in (0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5):
        process = start(school, "--out", out, "--seed", 5)
        time.sleep(delay_s)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 130, f"{delay_s} s: {said}"
        assert said.startswith("grade.py: stopped"), f"{delay_s} s: {said}"
        assert said.count("\n") == 1, f"{delay_s} s: {said}"


@pytest.mark.slow
def test_one_submission_that_is_stopped_is_one_sentence(submit):
    process = start(submit())
    time.sleep(1.0)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "grade.py: stopped; nothing was written\n")


def left_behind(pid):
    """Return the cgroups that the grader of that process made and that are still there."""
    return [
        folder
        for folder, _, _ in os.walk("/sys/fs/cgroup")
        if Path(folder).name.startswith(f"exercise-grader-{pid}-")
    ]


SWALLOWS = """
import signal, sys

class Swallows:
    def find_spec(self, name, *_):
        if name == "torch":
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                pass

sys.meta_path.insert(0, Swallows())
"""


def test_ctrl_c_in_the_middle_of_an_import_that_would_swallow_it_ends_the_command(tmp_path, submit):
    (tmp_path / "sitecustomize.py").write_text(SWALLOWS)
    process = start(submit(), PYTHONPATH=str(tmp_path))
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "grade.py: stopped; nothing was written\n")
    assert left_behind(process.pid) == []
