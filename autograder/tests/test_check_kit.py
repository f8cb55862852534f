"""check-kit passes a coherent kit and names what makes one incoherent."""

import json
import shutil
from pathlib import Path

import pytest

from autograder.authoring import check_kit
from autograder.manifest import KitError, load_kit

TOY = Path(__file__).parent / "toy_course"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def course(tmp_path):
    folder = tmp_path / "course"
    shutil.copytree(TOY, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def change(path, before, after):
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def faults(course):
    return list(check_kit.find_faults(load_kit(course, "toy"), grading=False))


def test_a_coherent_kit_has_no_fault(course):
    assert faults(course) == []


@pytest.mark.parametrize(
    ("file", "before", "after", "words"),
    [
        ("assignments/toy/scale.py", "width: int", "size: int", "differ in Scale.__init__"),
        ("assignments/toy/scale.py", "Multiply by", "Divide by", "differ in Scale"),
        ("assignments/toy/scale.py", "class Scale", "class Other", "does not define Scale"),
        ("assignments/toy/stack.py", "def forward(self, x", "def call(self, x", "Stack.call"),
        ("solutions/toy/rubric.toml", "points = 50", "points = 51", "not 100"),
        ("solutions/toy/checks/test_scale.py", "points(45)", "points(44)", "sum to 49"),
        ("solutions/toy/rubric.toml", 'hints = ["Multiply, then add."]', "", "no hint"),
        ("solutions/toy/misconceptions/stack.toml", "[[['nn", "[[['mm", "stands 0 times"),
        ("solutions/toy/misconceptions/stack.toml", "depth)]']]", "depth)))']]", "no valid Python"),
        ("solutions/toy/misconceptions/stack.toml", "forms", "form", "KeyError: 'forms'"),
        (
            "assignments/toy/scale.py",
            "# Step 2: apply the formula.",
            "return x * self.weight + self.bias",
            "shows a line of the reference's scale.py",
        ),
    ],
)
def test_an_incoherence_is_named(course, file, before, after, words):
    change(course / file, before, after)
    assert any(words in fault for fault in faults(course)), faults(course)


def test_a_layer_without_a_misconception_is_named(course):
    (course / "solutions" / "toy" / "misconceptions" / "stack.toml").unlink()
    assert any("Stack has no misconception in" in fault for fault in faults(course))


@pytest.mark.parametrize("place", ["source", "outputs", "metadata"])
def test_a_leak_in_a_notebook_is_found_wherever_it_hides(course, place):
    line = "self.weight = nn.Parameter(torch.ones(width))"
    cell = {"cell_type": "code", "source": "x = 1", "outputs": [], "metadata": {}}
    cell[place] = {"source": line, "outputs": [{"text": [line]}], "metadata": {"a": line}}[place]
    path = course / "assignments" / "toy" / "student.ipynb"
    path.write_text(json.dumps({"cells": [cell], "nbformat": 4}))
    assert any("student.ipynb shows a line" in fault for fault in faults(course))


@pytest.mark.parametrize(
    ("before", "after"),
    [("[limits]", "[limits"), ("memory_mib", "memory_gib"), ("title =", "titel ="),
     ('file = "scale.py"', "")],
)  # fmt: skip
def test_a_rubric_that_cannot_be_used_is_said_in_one_sentence(course, before, after):
    change(course / "solutions" / "toy" / "rubric.toml", before, after)
    with pytest.raises(KitError, match=r"rubric\.toml"):
        load_kit(course, "toy")


def test_a_name_from_a_reference_s_body_in_a_stub_is_refused(course):
    reference = course / "solutions" / "toy" / "scale.py"
    change(reference, "return x * self.weight", "scaled = x * self.weight\n        return scaled")
    stub = course / "assignments" / "toy" / "scale.py"
    change(stub, "        raise NotImplementedError(", "        scaled = None\n"
           "        raise NotImplementedError(")  # fmt: skip
    assert any("uses a name of the reference's Scale: scaled" in fault for fault in faults(course))


def test_a_check_without_its_markers_is_refused(course):
    path = course / "solutions" / "toy" / "checks" / "test_scale.py"
    change(path, "    @pytest.mark.points(45)\n", "")
    with pytest.raises(KitError, match="needs the markers"):
        faults(course)


@pytest.mark.slow
def test_a_stub_that_passes_and_a_reference_that_fails_are_refused(course, capsys):
    reference = course / "solutions" / "toy" / "stack.py"
    stub = course / "assignments" / "toy" / "stack.py"
    stub.write_text(reference.read_text())
    change(course / "solutions" / "toy" / "checks" / "test_scale.py", "expect_output(",
           "expect_output(2 * self.subject.example(student) or ")  # fmt: skip
    found = list(check_kit.find_faults(load_kit(course, "toy")))
    assert any("the untouched stubs score" in fault for fault in found)


@pytest.mark.slow
def test_the_real_kit_is_coherent(capsys):
    assert check_kit.main(["--kit", str(ROOT)]) == 0
    assert "bert is coherent" in capsys.readouterr().out
