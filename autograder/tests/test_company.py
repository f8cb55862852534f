"""What is promised of layers that are asked in one worker: nobody pays for another, or twice."""

import collections
import functools
import shutil
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from autograder.authoring import grading
from autograder.authoring.grading import Grader
from autograder.manifest import load_kit
from autograder.tests.asked import note_asked
from autograder.trusted.loaded_layer import LoadedLayer
from autograder.trusted.outcomes import StudentTimeout
from autograder.trusted.workers import NoRoom, TemplateWorkers
from autograder.untrusted import template
from autograder.untrusted.confine import Keeping

pytestmark = pytest.mark.slow
TOY = Path(__file__).parent / "toy_course"
FILES = ("scale", "stack")
FULL = {"Scale": 50, "Stack": 40, "EndToEnd": 10}


def test_a_layer_that_breaks_its_process_state_breaks_no_other_layer(toy, submit, points_by_layer):
    text = (TOY / "solutions" / "toy" / "scale.py").read_text()
    sabotage = "import torch\ntorch.nn.Linear = torch.nn.ModuleList = None\ntorch.equal = None\n"
    won = points_by_layer(toy.grade(submit(scale=sabotage + text)))
    assert won["Stack"] == 40


def test_a_right_submission_is_asked_in_one_worker_and_a_wrong_layer_in_one_more(
    toy, scale_with, monkeypatch
):
    started = []
    start = toy.source.start_worker
    monkeypatch.setattr(toy.source, "start_worker", lambda **of: started.append(1) or start(**of))
    toy.grade(TOY / "solutions" / "toy")
    assert len(started) == 1
    # Scale, and the whole model, which cannot be right then.
    toy.grade(scale_with("x = 2 * x"))
    assert len(started) == 1 + 3


def test_where_the_machine_has_no_room_the_submissions_own_workers_make_it(
    toy, scale_with, points_by_layer, monkeypatch
):
    start, refused = toy.source.start_worker, []

    def start_where_none_but_one_is_there(**of):
        if len(refused) == 0 and len(started) == 1:
            refused.append(started[0].alive)
            raise NoRoom("none")
        started.append(start(**of))
        return started[-1]

    started = []
    monkeypatch.setattr(toy.source, "start_worker", start_where_none_but_one_is_there)
    won = points_by_layer(toy.grade(scale_with("x = 2 * x")))
    assert refused == [True]
    assert not started[0].alive
    assert won["Stack"] == FULL["Stack"]


def test_a_fork_that_the_machine_refuses_is_an_answer_of_the_template(monkeypatch):
    def refuse(**_):
        raise BlockingIOError

    monkeypatch.setattr(template, "fork_apart", refuse)
    assert template._fork(Keeping(apart=True, own_proc=True), gpu=False) is None
    refusing = SimpleNamespace(
        wait_until_warm=lambda _: None, send=lambda *_: None, receive=lambda *_, **__: 0
    )
    with pytest.raises(NoRoom, match="no further process"):
        TemplateWorkers(refusing, load_kit(TOY, "toy").limits, gpu=False).start_worker()


def test_a_layer_has_one_purse_of_time_in_whatever_worker_it_is_asked(toy):
    limits = toy.kit.limits
    submission = SimpleNamespace(kit=toy.kit, places={}, spent_s=defaultdict(float))
    often = limits.answered_wall_clock_s_per_layer / 2
    for _ in range(4):
        again = LoadedLayer(submission, "Scale", "Scale")
        assert again._spend("run", often) == often
        again._account(often, 0)
    assert LoadedLayer(submission, "Stack", "Stack")._spend("train", 1e6) == 0
    once_more = LoadedLayer(submission, "Scale", "Scale")
    with pytest.raises(StudentTimeout, match=f"more than {4 * often:g} s"):
        once_more._account(once_more._spend("run", 0.1), 0)


def test_a_wrong_layer_is_told_the_same_in_company_and_alone(toy, scale_with):
    folder = scale_with("x = 2 * x")
    together = [c for c in toy.grade(folder, seed=3).checks if c.layer == "Scale"]
    assert together == toy.grade(folder, seed=3, layers=("Scale",)).checks


def test_a_right_layer_is_constructed_once_for_many_checks_and_a_wrong_one_for_each(
    toy, scale_with, monkeypatch
):
    built = note_asked(monkeypatch, "Scale", "build")
    checks = toy.grade(TOY / "solutions" / "toy", layers=("Scale",)).checks
    for_right = len(built)
    built.clear()
    toy.grade(scale_with("x = 2 * x"), layers=("Scale",))
    assert for_right < len(checks) < len(built)


def test_a_layer_that_only_wears_out_is_right(toy, scale_with, points_by_layer, monkeypatch):
    """What comes of one module serving check after check costs no point."""
    built = note_asked(monkeypatch, "Scale", "build")
    wears_out = """self.calls = getattr(self, "calls", 0) + 1
        if self.calls > 10:
            raise RuntimeError("worn out")"""
    toy.grade(TOY / "solutions" / "toy")
    for_right = len(built)
    built.clear()
    assert points_by_layer(toy.grade(scale_with(wears_out))) == FULL
    assert len(built) > for_right + 5, "it did wear out in company, and was constructed anew alone"


def test_a_right_layer_is_sent_and_asked_only_what_is_not_known_of_it(toy, monkeypatch):
    asked = note_asked(monkeypatch, "Scale", "run")
    toy.grade(TOY / "solutions" / "toy", layers=("Scale",))
    # All checks of one layer have the same ordinary batch.
    batch = asked[0][1]["input.0"]
    plain = collections.Counter(
        (request["handle"], request["seed"], *request["arguments"])
        for request, given in asked
        if torch.equal(given["input.0"], batch)
        and not request["training"]
        and "cotangent" not in given
    )
    # By its first check; to see what another batch in between has left behind; after its weights
    # have changed; with the old ones again; and where the default dtype is not its own. Five checks
    # ask for it.
    assert max(plain.values()) == 5
    weighed = collections.Counter(r["handle"] for r, given in asked if "weight.weight" in given)
    assert max(weighed.values()) == 3


@pytest.mark.parametrize("number", [2, 3, 4, 5])
def test_a_layer_that_answers_the_same_question_wrongly_later_is_caught(
    toy, scale_with, points_by_layer, number
):
    """That an answer is kept for later checks saves nobody who would not give it again."""
    forgets = f"""self.calls = getattr(self, "calls", 0) + 1
        if self.calls % {number} == 0:
            x = 2 * x"""
    assert points_by_layer(toy.grade(scale_with(forgets)))["Scale"] < FULL["Scale"]


def test_a_check_that_reads_calls_it_did_not_ask_for_is_the_kit_s_fault(tmp_path):
    root = tmp_path / "course"
    shutil.copytree(TOY, root, ignore=shutil.ignore_patterns("__pycache__"))
    checks = root / "solutions" / "toy" / "checks" / "test_stack.py"
    checks.write_text(checks.read_text().replace(", calls=True", ""))
    with Grader(root, "toy") as grader:
        result = grader.grade(root / "solutions" / "toy")
    assert any("calls=True" in fault for fault in result.grader_faults)


def test_what_one_layer_does_to_the_process_neither_costs_nor_saves_another_its_points(
    toy, submit, points_by_layer
):
    scale = (TOY / "solutions" / "toy" / "scale.py").read_text()
    meddling = "import torch\ntorch.set_default_dtype(torch.float16)\ntorch.manual_seed = None\n"
    won = points_by_layer(toy.grade(submit(scale=meddling + scale)))
    assert won["Stack"] == 40
    won = points_by_layer(toy.grade(submit(scale=meddling + scale, stack="class Stack: pass\n")))
    assert won["Stack"] == 0


def test_what_one_module_does_to_torch_neither_helps_nor_harms_another(
    toy, submit, points_by_layer
):
    scale, stack = ((TOY / "solutions" / "toy" / f"{name}.py").read_text() for name in FILES)
    patch = "\nimport torch.nn.functional as F\nF.relu = lambda x: x\n"
    wrong = stack.replace("return x", "import torch.nn.functional as F\n        return F.relu(x)")
    assert wrong != stack
    helped = points_by_layer(toy.grade(submit(scale=scale + patch, stack=wrong)))
    assert helped["Scale"] == 50
    assert helped["Stack"] == points_by_layer(toy.grade(submit(stack=wrong)))["Stack"] < 40
    patch = "\nimport torch.nn as nn\nnn.ModuleList.__iter__ = lambda self: iter(())\n"
    assert points_by_layer(toy.grade(submit(scale=scale + patch)))["Stack"] == 40


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("import torch.utils.checkpoint", True),
        ("from torch.utils import data, checkpoint", True),
        ('PATH = "checkpoint.pt"', False),
    ],
)
def test_who_may_need_torch_s_compiler_finds_it_imported_and_nobody_waits_for_it(
    submit, monkeypatch, text, there
):
    # Who is to train has it in any case: the first optimizer imports it.
    without = functools.partial(grading.open_workers, trains=False)
    monkeypatch.setattr(grading, "open_workers", without)
    scale = (TOY / "solutions" / "toy" / "scale.py").read_text()
    look = "\n\nimport sys\n\nraise OSError('torch._dynamo' in sys.modules)\n"
    with Grader(TOY, "toy") as grader:
        checks = grader.grade(submit(scale=f"{text}\n{scale}{look}")).checks
    assert any(f"OSError: {there}" in c.message for c in checks if c.layer == "Scale")
