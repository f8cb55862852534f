"""What one further submission of a class costs, beside a cold pytest and the bare passes.

    python benchmarks/class_cost.py [SUBMISSIONS] [--training] [--rounded] [--class]

Grades copies of the reference, each a little different, in one process with one warm template, as
each core does for a class, without the training check unless asked for. CPU seconds are those of
the grader and of everything it started, read from /proc while it lives (Linux only). Beside them,
in the same run: a cold pytest of 20 simple checks (what a submission costs where each starts its
own), and the bare cost of constructing the same modules and of the same forward and backward passes
that the student's code was asked for, in one warm process, without a sandbox, checks or messages.

With ``--rounded`` every copy's layers round otherwise than every other's, so that all its answers
are new to the class: they are compared, where known ones need not be.

With ``--class`` the whole command is run on such a class: wall clock, the largest memory of any
process of it, and how long the same command takes again.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from cold_run import PLAIN_CHECKS, ROOT, measure

sys.path.insert(0, str(ROOT))

from autograder.authoring.grading import Grader
from autograder.trusted.check_session import run_checks
from autograder.trusted.intake import IntakeLimits, stage_submission
from autograder.trusted.plugin import ChecksRun, Selection
from autograder.trusted.reference import Reference
from autograder.trusted.submission import Submission

WARM_UP = 4
SEED = 7
# Appended to a layer's file: its output, off by so many of its last digits.
ROUNDED = """

import functools

_plain = {name}.forward


@functools.wraps(_plain)
def _rounded(self, *given, **named):
    return _plain(self, *given, **named) * (1 + {number} * 2.0**-50)


{name}.forward = _rounded
"""
CLASSES = {
    "attention": "MultiHeadAttention", "classifier": "SimplifiedBertClassifier",
    "embedding": "EmbeddingLayer", "encoder": "EncoderBlock",
    "feed_forward": "PositionWiseFeedForward", "pooler": "Pooler",
    "transformer_block": "TransformerBlock",
}  # fmt: skip


def write_class(folder: Path, count: int, *, rounded: bool = False) -> list[Path]:
    """Write `count` submissions that differ in one constant name and a remark."""
    made = []
    for number in range(count):
        target = folder / f"student{number:04d}"
        target.mkdir(parents=True)
        for name, kind in CLASSES.items():
            text = (ROOT / "solutions" / "bert" / f"{name}.py").read_text(encoding="utf-8")
            text += f"\n# {number}\nVERSION_{number} = {number}\n"
            text += ROUNDED.format(number=number, name=kind) if rounded else ""
            (target / f"{name}.py").write_text(text)
        made.append(target)
    return made


def descendants_cpu_s() -> float:
    """Return the CPU seconds of all living descendants and of those they have reaped."""
    children: dict[int, list[tuple[int, int]]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(
                (int(entry), sum(int(ticks) for ticks in fields[11:15]))
            )

    def total(parent: int) -> int:
        return sum(ticks + total(child) for child, ticks in children.get(parent, []))

    return total(os.getpid()) / os.sysconf("SC_CLK_TCK")


def bare_cpu_s(grader: Grader, folder: Path, seed: int) -> float:
    """Return the CPU seconds of what the student's code was asked for, done without a grader.

    With a seed of its own each time: of a known one the checks would not run, which write down
    what they ask.
    """
    torch.set_num_threads(1)  # as workers have it: a second one only waits, and that costs too
    kit = grader.kit
    names, files = [x.name for x in kit.layers], [x.file for x in kit.layers]
    staged = stage_submission(folder, names, files, IntakeLimits())
    submission = Submission(kit, staged, grader.source, seed)
    run = ChecksRun(submission, Selection((), training=False), "cpu", lambda *_: None)
    submission.survey()
    run_checks(kit, run)
    layers = list(submission._layers.values())  # noqa: SLF001  (what was asked is kept there)
    started = time.process_time()
    passes = 0
    for layer in layers:
        built, held = {}, {}
        for record in layer.evidence.builds:
            arguments = dict(record.recipe["arguments"])
            reference = Reference(kit, layer.name, arguments, alone=layer.alone)
            if record.recipe["dtype"] == "float32":
                reference.module.float()
            built[record.handle] = reference
        for run in layer.evidence.runs:
            if run.recalled:
                continue
            reference = built[run.handle]
            if run.weights is not None and held.get(run.handle) is not run.weights:
                reference.set_weights(run.weights)
                held[run.handle] = run.weights
            reference._run(list(run.inputs), run.cotangent, training=run.training)  # noqa: SLF001
            passes += 1
    spent = time.process_time() - started
    submission.close()
    print(f"{sum(len(x.evidence.builds) for x in layers)} modules, {passes} passes per submission")
    return spent


def main(count: int, *, training: bool, rounded: bool) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "test_plain.py"
        plain.write_text(PLAIN_CHECKS)
        os.environ["PYTHONPATH"] = str(ROOT)
        _, pytest_s = measure([
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull,
            "--rootdir", scratch, "--import-mode=importlib", str(plain),
        ], 3)  # fmt: skip
        folders = write_class(Path(scratch) / "class", count + WARM_UP, rounded=rounded)
        with Grader(ROOT, "bert") as grader:
            bare_cpu_s(grader, folders[0], SEED + 1)
            bare_s = bare_cpu_s(grader, folders[0], SEED + 2)
            for folder in folders[:WARM_UP]:
                grader.grade(folder, seed=SEED, training=training)
            ours, theirs = time.process_time(), descendants_cpu_s()
            for folder in folders[WARM_UP:]:
                assert grader.grade(folder, seed=SEED, training=training).score >= 94
            trusted_s = (time.process_time() - ours) / count
            sandbox_s = (descendants_cpu_s() - theirs) / count
            again_s = bare_cpu_s(grader, folders[0], SEED + 3)
    bare_s = (bare_s + again_s) / 2
    total_s = trusted_s + sandbox_s
    what = "with" if training else "without"
    kind = ", each with answers of its own" if rounded else ""
    print(f"\nCPU seconds per further submission, {what} training, mean of {count}{kind}\n")
    for name, seconds in (
        ("bare modules and passes", bare_s), ("grader", trusted_s), ("sandbox", sandbox_s),
        ("grader and sandbox", total_s), ("cold pytest, 20 checks", pytest_s),
    ):  # fmt: skip
        print(f"{name:28}{seconds:8.3f}   {seconds / bare_s:6.2f} x bare   "
              f"{seconds / pytest_s:5.2f} x pytest")  # fmt: skip


def grade_class(count: int, *, training: bool, rounded: bool) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        write_class(Path(scratch) / "class", count, rounded=rounded)
        out = Path(scratch) / "results"
        command = [sys.executable, str(ROOT / "grade.py"), str(Path(scratch) / "class"), "--out",
                   str(out), "--quiet", "--seed", str(SEED)]  # fmt: skip
        command += [] if training else ["--no-training"]
        for name in ("first run", "the same again"):
            started = time.perf_counter()
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            wall = time.perf_counter() - started
            peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            print(f"{count} submissions, {name}: {wall:.1f} s wall, {os.cpu_count()} cores, "
                  f"largest process so far {peak_mib:.0f} MiB")  # fmt: skip
            told = next(line for line in done.stdout.splitlines() if " graded now" in line)
            print(told.partition(" Results")[0])
        shutil.rmtree(out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("submissions", nargs="?", type=int, default=40)
    parser.add_argument("--training", action="store_true")
    parser.add_argument("--rounded", action="store_true")
    parser.add_argument("--class", dest="whole", action="store_true")
    options = parser.parse_args()
    (grade_class if options.whole else main)(
        options.submissions, training=options.training, rounded=options.rounded
    )
