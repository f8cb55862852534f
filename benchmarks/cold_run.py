"""How long one cold grading run takes, beside a plain cold pytest of 20 simple checks.

``python benchmarks/cold_run.py [REPEATS]`` starts each command in a fresh process, one after the
other, and prints medians of wall clock and CPU seconds and their ratios, all from this one run.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

PLAIN_CHECKS = """
import pytest, torch
from solutions.bert.attention import MultiHeadAttention
from solutions.bert.feed_forward import PositionWiseFeedForward

@pytest.mark.parametrize("number", range(10))
def test_attention(number):
    torch.manual_seed(number)
    layer = MultiHeadAttention(12, 3).eval()
    assert layer(torch.randn(2, 5, 12), torch.ones(2, 5)).shape == (2, 5, 12)

@pytest.mark.parametrize("number", range(10))
def test_feed_forward(number):
    torch.manual_seed(number)
    layer = PositionWiseFeedForward(12, 20).eval()
    out = layer(torch.randn(2, 5, 12))
    out.sum().backward()
    assert torch.isfinite(out).all()
"""


def measure(command: list[str], repeats: int) -> tuple[float, float]:
    """Return the median (wall clock, CPU) seconds of a command."""
    walls, cpus = [], []
    for _ in range(repeats):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        walls.append(time.perf_counter() - started)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(walls), statistics.median(cpus)


def main(repeats: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "test_plain.py"
        plain.write_text(PLAIN_CHECKS)
        python = sys.executable
        grade = [python, "grade.py", "solutions/bert", "--seed", "1"]
        commands = {
            "plain cold pytest, 20 checks": [
                python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull,
                "--rootdir", scratch, "--import-mode=importlib", str(plain),
            ],
            "grade.py --layer Pooler": [*grade, "--layer", "Pooler"],
            "grade.py --no-training": [*grade, "--no-training"],
            "grade.py": grade,
        }  # fmt: skip
        os.environ["PYTHONPATH"] = str(ROOT)
        measured = {name: measure(command, repeats) for name, command in commands.items()}
    base_wall, base_cpu = measured["plain cold pytest, 20 checks"]
    print(f"median of {repeats} runs each, {os.cpu_count()} cores\n")
    print(f"{'':32}{'wall s':>8}{'CPU s':>8}{'wall ratio':>12}{'CPU ratio':>11}")
    for name, (wall, cpu) in measured.items():
        print(f"{name:32}{wall:8.2f}{cpu:8.2f}{wall / base_wall:12.2f}{cpu / base_cpu:11.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
