"""What grading promises, on the toy course: a fault costs its own layer, and is said in words."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograder.authoring.grading import Grader
from autograder.tests.asked import before_each_question

TOY = Path(__file__).parent / "toy_course"
FILES = ("scale", "stack")
FULL = {"Scale": 50, "Stack": 40, "EndToEnd": 10}


def messages(result, layer):
    return {(c.status, c.message) for c in result.checks if c.layer == layer and c.message}


def test_the_reference_wins_every_point(toy, points_by_layer):
    assert points_by_layer(toy.grade(TOY / "solutions" / "toy")) == FULL


def test_the_stubs_win_none_and_say_what_is_not_written(toy):
    result = toy.grade(TOY / "assignments" / "toy")
    assert result.score == 0
    assert messages(result, "Scale") == {("error", "scale.py: Scale.__init__ is not written yet")}


def test_equal_seeds_give_equal_results(toy, scale_with):
    folder = scale_with("x = x + 1e-3")
    first, second = (toy.grade(folder, seed=5).checks for _ in range(2))
    assert first == second


def test_a_wrong_layer_costs_no_layer_built_from_it(toy, scale_with, points_by_layer):
    won = points_by_layer(toy.grade(scale_with("x = 2 * x")))
    assert won["Scale"] < 50
    assert won["Stack"] == 40


@pytest.mark.parametrize(
    ("statement", "status", "words"),
    [
        ("return None", "failed", "returned NoneType"),
        ("return x.detach().numpy()", "failed", "returned ndarray"),
        ("import os; os._exit(0)", "error", "exited by itself with status 0"),
        ("import os; os.abort()", "error", "took its process down"),
        ("import sys; sys.exit()", "error", "SystemExit"),
        ("x = x.new_empty(50 * 2**30)", "error", "allocate"),
        ("b = bytearray(50 * 2**30)", "error", "MemoryError"),
        ("import os; os.fork()", "error", "PermissionError"),
        ("import subprocess; subprocess.run(['true'])", "error", "PermissionError"),
        ("import socket; socket.socket()", "error", "PermissionError"),
        ("import os; os.kill(1, 9) or os.kill(-1, 9)", "error", "PermissionError"),
        ("open('/usr/lib/new', 'w')", "error", "Read-only file system"),
        ("f = lambda n: f(n + 1); f(0)", "error", "RecursionError"),
        ("y = self.wieght", "error", "wieght"),
        ("return x * float('nan')", "failed", "NaN"),
        ("return x[:, :-1]", "failed", "should be (B, T, width) = (3, 5, 7), got (3, 4, 7)"),
        ("class E(Exception):\n            __str__ = None\n        raise E", "error", "E"),
    ],
)
def test_a_fault_is_said_in_words_and_costs_its_layer_alone(
    toy, scale_with, points_by_layer, statement, status, words
):
    result = toy.grade(scale_with(statement))
    found = messages(result, "Scale")
    assert any(kind == status and words in text for kind, text in found), found
    won = points_by_layer(result)
    assert won["Scale"] < 50
    assert won["Stack"] == 40
    assert result.grader_faults == []


def test_printing_a_flood_costs_nothing(toy, scale_with):
    assert toy.grade(scale_with("print('x' * 10**7)")).score == 100


def test_a_file_larger_than_allowed_is_refused(toy, scale_with):
    result = toy.grade(scale_with("open('big', 'wb').write(b'x' * 2**27)"))
    assert any("Errno" in text for _, text in messages(result, "Scale"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "was not found"),
        ("def broken(:\n    pass\n\nclass Scale: pass\n", "SyntaxError"),
        ("import os\nos._exit(0)\nclass Scale: pass\n", "while it was imported"),
        ("import sys\nsys.exit(0)\nclass Scale: pass\n", "SystemExit"),
        ("raise ValueError('half done')\nclass Scale: pass\n", "half done"),
        ("import os\nfor _ in range(3):\n    os.fork()\nclass Scale: pass\n", "PermissionError"),
        ("class Scale:\n    def __init__(self, width): pass\n", "not a torch.nn.Module"),
        ("Scale = 3\n", "not a class"),
    ],
)
def test_a_module_that_does_not_load_costs_its_layer_alone(
    toy, submit, points_by_layer, text, words
):
    result = toy.grade(submit(scale=text))
    assert any(words in message for _, message in messages(result, "Scale"))
    won = points_by_layer(result)
    assert won["Scale"] == 0
    assert won["Stack"] == 40


def test_a_class_whose_file_was_left_out_is_told_why(toy, submit):
    folder = submit(scale="class Scale: pass\n" + "#" * 2**20)
    assert any(
        "was not found (it belongs in scale.py): scale.py was left out: it is larger" in text
        for _, text in messages(toy.grade(folder), "Scale")
    )


@pytest.mark.slow
@pytest.mark.parametrize("place", ["import", "forward", "str"])
def test_an_endless_loop_ends_within_its_time_and_the_rest_is_graded(
    toy, submit, scale_with, points_by_layer, place
):
    folder = {
        "import": lambda: submit(scale="while True: pass\nclass Scale: pass\n"),
        "forward": lambda: scale_with("while True: pass"),
        "str": lambda: scale_with(
            "class E(Exception):\n            def __str__(self):\n"
            "                while True: pass\n        raise E"
        ),
    }[place]()
    started = time.monotonic()
    result = toy.grade(folder)
    limits = toy.kit.limits
    # One call in company, then what a layer may lose by itself.
    allowed = limits.lost_wall_clock_s_per_layer + 2 * limits.call_wall_clock_s + 5
    assert time.monotonic() - started < allowed
    assert any(kind == "timeout" for kind, _ in messages(result, "Scale"))
    assert points_by_layer(result)["Stack"] == 40


def test_nothing_is_left_running(toy, scale_with):
    if not Path("/proc/self/task").exists():
        pytest.skip("no /proc here to look for processes in")
    before = all_children_of(os.getpid())
    toy.grade(scale_with("import threading; threading.Thread(target=lambda: None).start()"))
    assert before, "the template at least"
    assert set(all_children_of(os.getpid())) == set(before)


def children_of(pid):
    try:
        return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def all_children_of(pid):
    found = children_of(pid)
    return found + [inner for child in found for inner in all_children_of(child)]


@pytest.mark.slow
def test_a_plain_child_process_grades_alike_where_there_are_no_namespaces(tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from autograder.authoring.grading import Grader\n"
        f"root = Path({str(TOY)!r})\n"
        "with Grader(root, 'toy', plain=True) as grader:\n"
        "    result = grader.grade(root / 'solutions' / 'toy')\n"
        "    assert result.score == 100, result\n"
        "    assert 'no namespaces' in result.isolation\n"
    )
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True, timeout=120)


BUDGETS = """
import sys, time
import torch
from torch import nn
worker = sys.modules["autograder.untrusted.worker"]
pack = worker.pack_tensors
worker.pack_tensors = lambda tensors: {packed}

class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight, self.bias = (nn.Parameter(torch.ones(width)) for _ in range(2))

    def forward(self, x):
        {statement}
        return x * self.weight + self.bias
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("packed", "statement", "status", "words"),
    [
        ("pack(dict(tensors, more=torch.zeros(2**21)))", "pass", "error", "hold more than 16 MiB"),
        ("pack(tensors)", "time.sleep(0.4)", "timeout", "took more than 2 s of wall clock"),
    ],
)
def test_all_answers_of_a_layer_together_have_a_limit(
    tmp_path, submit, points_by_layer, packed, statement, status, words
):
    course = tmp_path / "course"
    shutil.copytree(TOY, course, ignore=shutil.ignore_patterns("__pycache__"))
    rubric = course / "solutions" / "toy" / "rubric.toml"
    limits = "[limits]\nanswered_wall_clock_s_per_layer = 2\nreplies_mib_per_layer = 16\n"
    rubric.write_text(rubric.read_text().replace("[limits]\n", limits))
    with Grader(course, "toy") as grader:
        result = grader.grade(submit(scale=BUDGETS.format(packed=packed, statement=statement)))
    found = messages(result, "Scale")
    assert any(kind == status and words in text for kind, text in found), found
    assert points_by_layer(result)["Stack"] == 40


def test_no_seed_a_worker_sees_depends_on_the_seed_of_the_run(toy, monkeypatch):
    seen = []
    before_each_question(
        monkeypatch, lambda _, asked, __: seen.append([asked.get("seed"), asked.get("steps")])
    )
    for seed in (1, 2):
        toy.grade(TOY / "solutions" / "toy", seed=seed)
    half = len(seen) // 2
    assert half > 20
    assert seen[:half] == seen[half:]


def test_another_default_than_the_hand_outs_is_named(toy, submit):
    text = (TOY / "solutions" / "toy" / "stack.py").read_text()
    result = toy.grade(submit(stack=text.replace("depth: int = 2", "depth: int = 3")))
    told = "Stack: depth is 3 unless it is given; in the hand-out it is 2"
    assert messages(result, "Stack") == {("failed", told)}
    assert result.score == 99.5


def test_raising_only_where_the_arguments_are_unusual_wins_nothing(toy, submit):
    text = (TOY / "solutions" / "toy" / "scale.py").read_text()
    head = "        return x * self.weight + self.bias"
    odd = "        if len(self._modules) == 0 and calls.append(1) or len(calls) == 1:\n"
    assert head in text
    changed = "calls = []\n" + text.replace(
        head, f"{odd}            raise ValueError('odd')\n{head}"
    )
    result = toy.grade(submit(scale=changed))
    failed = [check.id for check in result.checks if check.status == "error"]
    assert "scale.constructs_by_position_and_by_keyword" in failed


@pytest.mark.parametrize(
    "statement",
    ["x = x + torch.where(x > x, torch.finfo(x.dtype).max, 0.0).to(x.dtype)",
     "x = x + 0 * torch.full((), torch.finfo(x.dtype).max).to(x.dtype)"],
)  # fmt: skip
def test_a_constant_too_large_for_torch_s_default_dtype_costs_nothing(toy, scale_with, statement):
    assert toy.grade(scale_with(statement)).score == 100


def test_a_process_that_ends_in_the_middle_of_a_check_is_told_as_that_in_all_of_it(toy, scale_with):
    statement = "if self.training: __import__('os')._exit(0)"
    told = messages(toy.grade(scale_with(statement)), "Scale")
    assert told
    assert all("took its process down while it ran" in message for _, message in told), told


def test_a_part_may_be_derived_from_the_student_s_own_class(toy, submit):
    text = (TOY / "solutions" / "toy" / "stack.py").read_text()
    own = "class Quiet(Scale):\n    def extra_repr(self):\n        return 'quiet'\n\n\nclass Stack"
    text = text.replace("class Stack", own, 1).replace("[Scale(", "[Quiet(")
    assert "[Quiet(" in text
    assert toy.grade(submit(stack=text)).score == 100


@pytest.mark.slow
@pytest.mark.parametrize("reentrant", [True, False])
def test_memory_may_be_saved_by_checkpoints(toy, submit, reentrant):
    text = (TOY / "solutions" / "toy" / "scale.py").read_text()
    plain = "return x * self.weight + self.bias"
    assert plain in text
    saved = (
        "from torch.utils.checkpoint import checkpoint\n"
        "        return checkpoint(lambda y: y * self.weight + self.bias, x, "
        f"use_reentrant={reentrant})"
    )
    result = toy.grade(submit(scale=text.replace(plain, saved)))
    assert [c.message for c in result.checks if c.points < c.max_points] == []
