"""Faults in ourselves cost nobody a result: killed templates, workers and graders, a full disk.

``KIT_KILLS=100 pytest autograder/tests/test_faults.py`` kills a hundred graders instead of a few;
``KIT_SANDBOX=unshare`` tries what a machine without bubblewrap has.
"""

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograder.batch import staging
from autograder.batch.discovery import Entry, name_given
from autograder.batch.grader import BatchGrader, Job
from autograder.batch.pool import grade_entry
from autograder.manifest import load_kit
from autograder.tests.asked import before_each_question
from autograder.tests.attack_runs import adopted_orphans
from autograder.trusted.intake import IntakeLimits, stage_submission

ROOT = Path(__file__).resolve().parents[2]
TOY = Path(__file__).parent / "toy_course"
KILLS = int(os.environ.get("KIT_KILLS", "4"))
SANDBOX = os.environ.get("KIT_SANDBOX", "auto")
STEPS = ("survey", "load", "build", "run", "copy")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals and mounts of Linux's")


@pytest.fixture(scope="module")
def grader(tmp_path_factory):
    job = Job(root=TOY, assignment="toy", out=tmp_path_factory.mktemp("out"), seed=3, layers=(),
              training=False, device="cpu", hint=0, sandbox=SANDBOX, require_isolation=False,
              kit_digest="")  # fmt: skip
    grader = BatchGrader(job, load_kit(TOY, "toy"))
    yield grader
    grader.close()


@pytest.fixture
def staged(submit):
    return stage_submission(submit(), ["Scale", "Stack"], ["scale.py", "stack.py"], IntakeLimits())


def when_asked(monkeypatch, step, number, act):
    """Call ``act(worker)`` just before the worker is asked for ``step`` the ``number``-th time."""
    seen = []

    def look(worker, request, _tensors):
        if request["op"] == step:
            seen.append(step)
            if len(seen) == number:
                act(worker)

    before_each_question(monkeypatch, look)


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_a_template_killed_at_any_step_changes_no_result(step, grader, staged, monkeypatch):
    wanted = grader.grade(staged).checks
    process = grader.source._template._process

    def kill(_worker):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    when_asked(monkeypatch, step, 1, kill)
    result = grader.grade(staged)
    assert process.poll() is not None
    assert result.grader_faults == []
    assert result.checks == wanted


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_from_outside_at_any_step_changes_no_result(
    step, number, grader, staged, monkeypatch
):
    wanted = grader.grade(staged).checks
    template = grader.source._template

    def kill(worker):
        template.send({"do": "end", "pid": worker._process, "grace_s": 0}, [])
        assert template.receive("status", 5.0) == signal.SIGKILL

    # As the machine would when its memory is used up: the template learns of it only later.
    when_asked(monkeypatch, step, number, kill)
    real = type(grader.source).end_process
    monkeypatch.setattr(
        type(grader.source), "end_process",
        lambda self, pid, grace_s: real(self, pid, grace_s) or -signal.SIGKILL,
    )  # fmt: skip
    assert grader.grade(staged).checks == wanted


def command(school, out):
    return [sys.executable, str(ROOT / "grade.py"), "--kit", str(TOY), str(school), "--out",
            str(out), "--seed", "5", "--sandbox", SANDBOX, "--no-training"]  # fmt: skip


def children_of(pid):
    try:
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    except OSError:
        return []


@pytest.mark.slow
def test_graders_killed_at_random_moments_lose_nothing_and_do_nothing_twice(
    tmp_path, write_class, stored
):
    undisturbed, out = tmp_path / "undisturbed", tmp_path / "results"
    school = write_class(12, wrong_every=4)
    began = time.monotonic()
    subprocess.run(command(school, undisturbed), check=True, capture_output=True)
    takes_s = time.monotonic() - began
    wanted = stored(undisturbed)
    dice = random.Random(11)
    for number in range(KILLS):
        faults: list[str] = []
        with adopted_orphans(faults):
            running = subprocess.Popen(
                command(school, out), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            time.sleep(dice.uniform(0.2, 0.9 * takes_s))
            # Every fourth time one of the processes it started, else the grader itself.
            victims = children_of(running.pid) if number % 4 == 3 else []
            os.kill(dice.choice(victims or [running.pid]), signal.SIGKILL)
            said, _ = running.communicate(timeout=120)
        assert faults == [], "whatever was killed, no process outlives the command"
        kept = stored(out)
        assert kept.items() <= wanted.items(), "each stored result is whole, and the right one"
        if victims:
            assert running.returncode == 0, said
        if len(kept) == len(wanted):
            shutil.rmtree(out)  # finished: begin anew
    done = subprocess.run(command(school, out), capture_output=True, text=True, check=True)
    assert stored(out) == wanted
    assert not list(out.glob(".*")), "nothing half-written is left"
    again = subprocess.run(command(school, out), capture_output=True, text=True, check=True)
    assert "13 submissions: 0 graded now, 12 unchanged" in again.stdout, done.stdout


def small_disk(folder, size, *arguments):
    """Run a command with ``folder`` on a file system of ``size``, where that may be mounted."""
    script = f'mount -t tmpfs -o size={size} none "{folder}" && shift 0 && exec "$@"'
    return subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", *arguments],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


@pytest.mark.slow
def test_a_full_disk_is_one_sentence_and_what_was_graded_counts(tmp_path, write_class):
    school, out = write_class(6, wrong_every=4), tmp_path / "results"
    out.mkdir()
    if shutil.which("unshare") is None or small_disk(out, "1m", "true").returncode:
        pytest.skip("this machine mounts nothing for us")
    # Shown from inside, as the small file system goes with the command.
    probe = f'"$@"; code=$?; ls -A "{out}" | sed "s/^/kept: /"; exit $code'
    done = small_disk(out, "24k", "sh", "-c", probe, "sh", *command(school, out))
    assert done.returncode == 2, done.stderr
    assert ".json cannot be written: No space left on device; what was graded" in done.stderr
    assert "Traceback" not in done.stderr
    assert not [line for line in done.stdout.splitlines() if line.startswith("kept: .")]


@pytest.mark.slow
def test_a_result_that_does_not_fit_leaves_the_old_file(tmp_path, submit):
    folder, homework = tmp_path / "reports", submit()
    folder.mkdir()
    if shutil.which("unshare") is None or small_disk(folder, "1m", "true").returncode:
        pytest.skip("this machine mounts nothing for us")
    probe = f'printf old > "{folder}/r.json"; "$@"; code=$?; cat "{folder}/r.json"; exit $code'
    arguments = [sys.executable, str(ROOT / "grade.py"), "--kit", str(TOY), str(homework),
                 "--json", str(folder / "r.json"), "--quiet", "--no-training"]  # fmt: skip
    done = small_disk(folder, "8k", "sh", "-c", probe, "sh", *arguments)
    assert done.returncode == 2, done.stderr
    assert done.stdout.endswith("old")
    assert "No space left on device" in done.stderr


@pytest.mark.parametrize(
    ("number", "ends"),
    [(errno.ENAMETOOLONG, False), (errno.EIO, False), (errno.ENOSPC, True), (errno.EROFS, True)],
)
@pytest.mark.parametrize("step", ["stage_submission", "grade"])
def test_what_the_system_has_against_one_submission_costs_that_one_only(
    step, number, ends, grader, submit, monkeypatch
):
    def fail(*_):
        raise OSError(number, "as the system says")

    owner = staging if step == "stage_submission" else BatchGrader
    monkeypatch.setattr(owner, step, fail)
    entry = name_given(submit())
    if ends:
        with pytest.raises(OSError, match="as the system says"):
            grade_entry(grader, entry, regrade=True)
        return
    done = grade_entry(grader, entry, regrade=True)
    assert done.stored["status"] == "not gradable"
    assert "as the system says" in done.stored["note"]
    # Only what is our own doing makes the command end with 3.
    assert bool(done.fault) is (step == "grade")


def test_a_name_too_long_for_a_result_costs_that_submission_only(tmp_path, grader):
    (tmp_path / "work.zip").write_bytes(b"no zip")
    done = grade_entry(grader, Entry(tmp_path / "work.zip", "k" * 300), regrade=False)
    assert done.fault == "its result cannot be stored: File name too long"
    assert done.stored["status"] == "not gradable"
