"""Grading on a Dask cluster: the same results as here, also when a machine is lost midway."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("distributed")

ROOT = Path(__file__).resolve().parents[2]
TOY = Path(__file__).parent / "toy_course"


def start(module, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{module}", *arguments],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
    )  # fmt: skip


def wait_for(condition, limit_s=180):
    ends = time.monotonic() + limit_s
    while not (found := condition()):
        assert time.monotonic() < ends, "nothing happened"
        time.sleep(0.05)
    return found


@pytest.fixture
def cluster(tmp_path):
    """A scheduler and two workers, each a process of its own; yields (address, workers)."""
    file = tmp_path / "scheduler.json"
    where = ["--scheduler-file", str(file), "--no-dashboard"]
    scheduler = start("dask_scheduler", *where, "--port", "0", "--host", "127.0.0.1")
    workers = []
    try:
        wait_for(lambda: file.exists() and file.read_text().endswith("}"))
        for _ in range(2):
            folder = tmp_path / f"worker{len(workers)}"
            workers.append(start("dask_worker", *where, "--nthreads", "1", "--no-nanny",
                                 "--local-directory", str(folder)))  # fmt: skip
        yield json.loads(file.read_text())["address"], workers, scheduler
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


def grade(folder, out, *arguments):
    return [sys.executable, str(ROOT / "grade.py"), "--kit", str(TOY), str(folder), "--out",
            str(out), "--seed", "5", "--no-training", *arguments]  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kills with SIGKILL")
def test_a_lost_worker_s_submissions_are_graded_by_another_with_the_same_results(
    cluster, tmp_path, write_class, stored
):
    address, workers, scheduler = cluster
    school = write_class(24, wrong_every=3)
    here, there = tmp_path / "here", tmp_path / "there"
    command = grade(school, there, "--cluster", address)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
        wait_for(lambda: len(list(there.glob("*.json"))) >= 4)
        os.kill(workers[0].pid, signal.SIGKILL)
        said, _ = running.communicate(timeout=120)
    assert running.returncode == 0, said.decode()
    subprocess.run(grade(school, here), check=True, capture_output=True)
    assert len(stored(there)) == 25
    assert stored(there) == stored(here)
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "0 graded now, 24 unchanged" in again.stdout
    # Without its scheduler a cluster is gone: one sentence, and what was graded is kept.
    kept = set(stored(there))
    before = {path: path.stat().st_mtime_ns for path in there.glob("*.json")}
    with subprocess.Popen([*command, "--regrade"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE) as running:  # fmt: skip
        (there / "gradebook.csv").unlink()
        wait_for(lambda: any(path.stat().st_mtime_ns != then for path, then in before.items()))
        workers[1].send_signal(signal.SIGSTOP)  # the class cannot be finished now
        scheduler.kill()
        _, said = running.communicate(timeout=120)
    assert running.returncode == 2
    assert "the cluster's scheduler went away" in said.decode()
    assert "Traceback" not in said.decode()
    assert set(stored(there)) == kept
    book = (there / "gradebook.csv").read_text(encoding="utf-8-sig")
    assert len(book.splitlines()) == 1 + len(kept)


def test_no_scheduler_is_one_sentence(tmp_path, monkeypatch):
    from autograder.batch import cluster

    monkeypatch.setattr(cluster, "_CONNECT_S", 0.5)
    with pytest.raises(cluster.BadCluster, match="no Dask scheduler with a worker answers there"):
        list(cluster.grade_on_cluster(None, [], "tcp://127.0.0.1:9"))


@pytest.mark.parametrize(
    "address",
    ["nonsense", "http://10.0.0.5:8786", "tcp://", "tcp://host", "tcp://host:port",
     "10.0.0.5:8786/status", ":8786"],
)  # fmt: skip
def test_what_is_no_address_is_one_sentence_at_once(address):
    from autograder.batch import cluster

    with pytest.raises(cluster.BadCluster, match="no address of a Dask scheduler"):
        list(cluster.grade_on_cluster(None, [], address))


@pytest.mark.parametrize("address", ["10.0.0.5:8786", "tls://login.example.org:8786",
                                     "tcp://[::1]:8786"])  # fmt: skip
def test_what_dask_takes_for_an_address_is_tried(address):
    from autograder.batch import cluster

    assert cluster._ADDRESS.fullmatch(address)


@pytest.mark.slow
def test_a_cluster_that_wants_certificates_is_one_sentence(tmp_path, submit):
    command = grade(submit(), tmp_path / "out", "--cluster", "tls://127.0.0.1:9")
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "no Dask scheduler with a worker answers there" in done.stderr


def test_a_machine_without_space_is_no_lost_scheduler(monkeypatch):
    from autograder.batch import cluster

    class Full:
        def grade(self, staged):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setitem(cluster._graders, "job", Full())
    with pytest.raises(cluster.MachineFailed, match="the grader failed on it on .*No space left"):
        cluster.grade_task("job", None)


def test_a_machine_with_another_kit_is_refused(tmp_path):
    from autograder.batch import cluster
    from autograder.batch.grader import Job

    job = Job(root=TOY, assignment="toy", out=tmp_path, seed=1, layers=(), training=False,
              device="cpu", hint=0, sandbox="auto", require_isolation=False,
              kit_digest="another")  # fmt: skip
    with pytest.raises(cluster.BadCluster, match="is not the one here"):
        cluster.grade_task(job, None)
