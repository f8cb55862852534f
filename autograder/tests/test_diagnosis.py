"""What a diagnosis promises: a name on a match with everything, else where it departs."""

import shutil
from pathlib import Path

import pytest

from autograder.manifest import KitError, load_kit
from autograder.misconceptions import combine, read_bank, read_reference, versions
from autograder.trusted.candidates import same_end
from autograder.trusted.outcomes import Fault, StudentRaised

pytestmark = pytest.mark.slow
TOY = Path(__file__).parent / "toy_course"


def diagnosis_of(result, layer="Scale"):
    lost = [c for c in result.checks if c.layer == layer and c.points < c.max_points]
    assert lost, "nothing was lost"
    assert len({str(c.diagnosis) for c in lost}) == 1, "every lost check carries the same diagnosis"
    return lost[0].diagnosis


def is_unnamed(diagnosis):
    return diagnosis is None or diagnosis["kind"] == "place"


@pytest.fixture
def diagnose(toy, submit):
    """Grade a Scale whose forward returns the given expression; return the diagnosis."""

    def grade(expression, **replaced):
        text = (TOY / "solutions" / "toy" / "scale.py").read_text()
        text = text.replace("x * self.weight + self.bias\n", f"{expression}\n")
        for before, after in replaced.values():
            assert before in text
            text = text.replace(before, after)
        return diagnosis_of(toy.grade(submit(scale=text)))

    return grade


def test_a_known_mistake_is_named_however_it_is_written(diagnose):
    found = diagnose("torch.mul(self.weight, x)")
    assert found["id"] == "scale.no_bias"
    assert found["explanation"].startswith("The bias is not added. ")
    assert found["kind"] == "misconception"


def test_a_mistake_with_another_constant_is_the_same_mistake(diagnose):
    assert diagnose("(2.0 + x) * self.weight + self.bias")["id"] == "scale.shifted"


def test_two_mistakes_in_one_layer_are_named_as_two(diagnose):
    # No bias, no weight, and the input shifted: that would be three, and nothing is named.
    assert is_unnamed(diagnose("x + 2.0"))
    found = diagnose("(x + 2.0) * self.weight")
    assert found["id"] == "scale.no_bias + scale.shifted"
    assert "The bias is not added" in found["explanation"]
    assert "A number is added" in found["explanation"]


def test_mistakes_that_look_the_same_are_named_as_such(diagnose):
    found = diagnose("(x + 1) * self.weight + self.bias")
    assert (found["id"], found["also"]) == ("scale.shifted", ["scale.input_counts_from_one"])
    assert "The input is counted from 1" in found["explanation"]


def test_what_is_almost_a_known_mistake_gets_no_name(diagnose):
    assert is_unnamed(diagnose("x * self.weight + 1e-4 * self.bias"))
    assert is_unnamed(diagnose("(x + 1.5) * self.weight + self.bias"))


def test_parameters_that_are_not_the_references_do_not_hide_the_mistake(diagnose):
    found = diagnose(
        "x * self.weight + (self.bias + self.second)",
        init=("self.bias =", "self.second = nn.Parameter(torch.ones(width))\n        self.bias ="),
    )
    assert found["id"] == "scale.two_biases"


def test_renamed_parameters_do_not_hide_the_mistake(diagnose):
    text = ("self.weight", "self.gain")
    assert diagnose("x * self.weight", name=text)["id"] == "scale.no_bias"


def test_a_right_layer_gets_no_diagnosis(toy):
    result = toy.grade(TOY / "solutions" / "toy")
    assert [c.diagnosis for c in result.checks] == [None] * len(result.checks)


def test_a_wrong_layer_puts_no_diagnosis_on_a_right_one(toy, scale_with):
    result = toy.grade(scale_with("return x"))
    assert {c.layer for c in result.checks if c.diagnosis} == {"Scale", "EndToEnd"}
    assert diagnosis_of(result, "EndToEnd")["explanation"].count("Scale") == 1


RESULT = "x * self.weight + self.bias"


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("-(x * self.weight + self.bias)", "its sign is turned round"),
        ("7**0.5 * (x * self.weight + self.bias)", "times 2.65 (= √7"),
        ("x * self.weight + self.bias + x", "the layer's input is added once too often"),
        ("x * self.weight + self.bias - x", "off by the residual"),
        ("(x * self.weight + self.bias).flip(1)", "right numbers in another order"),
        ("(x * self.weight + self.bias).transpose(0, 1)", "axes 0 and 1 have changed places"),
        ("x * self.weight + self.bias + (x.shape[0] == 1)", "only for a single tweet"),
        ("x * self.weight + self.bias + (torch.arange(7) > 3)", "wrong from feature 4 on"),
        ("x * self.weight + self.bias.detach()", "only in the gradient"),
    ],
)
def test_an_unknown_mistake_is_described_by_its_pattern(diagnose, expression, words):
    found = diagnose(expression)
    assert found["kind"] == "place"
    assert words in found["explanation"]


@pytest.mark.parametrize(
    ("expression", "name", "words"),
    [
        ("x * self.wieght", "missing_attribute", "The hand-out has an attribute weight"),
        ("x * weight", "unknown_name", "weight is used where it has no value"),
        ("x @ x", "shapes_differ", "x (3, 5, 7) = (B, T, ?)"),
        ("x.view(99, 7)", "bad_reshape", "into (99, 7)"),
        (f"({RESULT}) @ torch.eye(7, dtype=torch.float32)", "wrong_dtype", "number types"),
        (f"({RESULT}) @ torch.eye(7)", "wrong_dtype", "number types"),
        ("self.forward(x)", "recursion", "calls itself"),
        ("x[99] * self.weight", "index_out_of_range", "larger than its axis"),
        ("self.make(x)", "missing_attribute", "self.make is used, but nothing sets it"),
        ("(lambda a, b: a)(x)", "missing_argument", "without 'b'"),
        ("x if x else 0 * x", "truth_of_a_tensor", "one yes or no"),
        ("sum(x.shape[:2] for a, b in [x.shape])", "unpacking", "into 2 names and holds more"),
        ("sum(a for a, b in [x.shape[:1]])", "unpacking", "into 2 names and has only 1 parts"),
        ("torch.relu(nn.GELU)", "unfinished_value", "A type is handed on in that line where a"),
        ("torch.relu(nn.GELU())", "unfinished_value", "To make a module and to call it are two"),
        ("torch.dropout(x, 0.5, self.train)", "unfinished_value", "A method is handed on"),
        ("x.add(None)", "", ""),
    ],
)
def test_an_error_becomes_advice_with_the_students_own_line(diagnose, expression, name, words):
    found = diagnose(expression)
    if name:
        assert found["id"] == f"error.{name}"
        assert words in found["explanation"]


USES = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
SCALE = USES + (TOY / "solutions" / "toy" / "scale.py").read_text()
HEADLESS = SCALE.partition("    def forward")[0]
FORWARD = "def forward(self, x):\n    return x * self.weight + self.bias\n"


@pytest.mark.parametrize(
    ("cells", "explanation"),
    [
        (["for ONE in [1]: pass"], "ONE has no value: homework.ipynb, cell 1 sets ONE by running"),
        (["match 1:\n    case ONE: pass"], "ONE has no value: homework.ipynb, cell 1 sets ONE"),
        (["print(ONE := 1)"], "ONE has no value: homework.ipynb, cell 1 sets ONE"),
        (["globals()['ONE'] = 1"], "ONE has no value: homework.ipynb, cell 1 sets ONE"),
        (["globals().update(ONE=1)"], "ONE has no value: homework.ipynb, cell 1 sets ONE"),
        (["from nowhere import ONE"], "ONE has no value: homework.ipynb, cell 1 would set it, and "
         "that failed with ModuleNotFoundError: No module named 'nowhere'."),
        (["import nowhere", "ONE = nowhere.ONE"], "ONE has no value: homework.ipynb, cell 2 would "
         "set it, and homework.ipynb, cell 1 failed with ModuleNotFoundError: No module named"),
        (["corpus = download()", "ONE = corpus.ONE"], "ONE has no value: homework.ipynb, cell 2 "
         "would set it, and needs corpus: homework.ipynb, cell 1 sets corpus by running something"),
        (["def begin():\n    global ONE\n    ONE = 1", "begin()"],
         "ONE has no value: homework.ipynb, cell 1 sets ONE by running something"),
        (["from torch import *", "ONE = 1", SCALE.replace(RESULT, f"{RESULT} * float(1)")],
         "float is not Python's own float here: homework.ipynb, cell 1 replaces it («from torch"),
        (["ONE = 1", SCALE.replace(RESULT, f"F.relu({RESULT})"), "F = 0.5 * 2"],
         "F is no longer what homework.ipynb, cell 2 imported: homework.ipynb, cell 3 sets it to"),
        ([HEADLESS, f"{FORWARD}for kind in (Scale,):\n    kind.forward = forward"],
         "Scale has no forward: homework.ipynb, cell 2 adds to Scale by running something"),
        ([HEADLESS, f"{FORWARD}for name in ['forward']:\n    setattr(Scale, name, forward)"],
         "Scale has no forward: homework.ipynb, cell 2 adds to Scale by running something"),
        (["from nowhere import patch", HEADLESS, "@patch(Scale)\n" + FORWARD],
         "Scale has no forward: homework.ipynb, cell 3 would add to Scale, and homework.ipynb, "
         "cell 1 failed with ModuleNotFoundError: No module named 'nowhere'."),
        ([HEADLESS], "Scale has no method forward: is its name spelt so"),
    ],
)  # fmt: skip
def test_where_loading_tells_why_something_is_missing_that_alone_is_said(
    grade_cells, cells, explanation
):
    own = [] if any("class Scale" in cell for cell in cells) else [
        SCALE.replace(RESULT, f"{RESULT} * ONE")
    ]  # fmt: skip
    found = diagnosis_of(grade_cells(*cells, *own))["explanation"]
    assert found.startswith(explanation)
    assert "misspelt" not in found


def test_an_error_that_cannot_be_looked_at_is_an_error_like_any_other(toy, scale_with):
    odd = "class Odd(AttributeError):\n            __str__ = None\n        raise Odd"
    checks = [c for c in toy.grade(scale_with(odd)).checks if c.layer == "Scale"]
    assert {c.status for c in checks if c.message} == {"error"}
    assert all("Odd" in c.message for c in checks if c.message)


def test_an_errors_lines_are_the_students_and_no_others(toy, scale_with):
    result = toy.grade(scale_with("def halve(v):\n            return v.wrong\n        halve(x)"))
    lines = next(c.traceback for c in result.checks if c.traceback)
    assert [line.partition(",")[0] for line in lines] == ["scale.py", "scale.py"]
    assert "return v.wrong" in lines[-1]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (("RuntimeError", "The size of tensor a (6) must match"),
         ("RuntimeError", "mat1 and mat2 shapes cannot be multiplied"), True),
        (("RuntimeError", "The size of tensor a (6) must match"),
         ("RuntimeError", "Boolean value of Tensor with more than one value"), False),
        (("AttributeError", "'NoneType' object has no attribute 'view'"),
         ("TypeError", "'NoneType' object is not subscriptable"), True),
        (("RuntimeError", "quite another thing"), ("RuntimeError", "something"), True),
        (("RuntimeError", "something"), ("ValueError", "something"), False),
    ],
)  # fmt: skip
def test_errors_are_alike_that_tell_of_one_trouble(one, other, alike):
    ended = StudentRaised("", Fault(*one, stage="forward"))
    error = type(other[0], (Exception,), {})(other[1])
    assert same_end(ended, error) is alike


def test_a_part_that_is_called_more_often_than_it_should_be_says_nothing(toy, submit):
    # The first of its two calls is not the one that there should be.
    text = (TOY / "solutions" / "toy" / "stack.py").read_text()
    a, b = "        for layer in self.layers:\n", "            x = layer(x)\n"
    assert a + b in text
    text = text.replace(a + b, "        self.layers[0](2 * x)\n        x = self.layers[0](x)\n"
                               "        x = self.layers[1](x) + 0.5\n")  # fmt: skip
    told = diagnosis_of(toy.grade(submit(stack=text)), "Stack")["explanation"]
    assert "layers.0" not in told
    assert "layers.1 does what it should; the output is not right all the same" in told


def test_arguments_in_another_order_are_explained(toy, submit):
    text = (TOY / "solutions" / "toy" / "stack.py").read_text()
    swapped = text.replace("width: int, depth: int = 2", "depth: int, width: int")
    assert swapped != text
    result = toy.grade(submit(stack=swapped))
    assert "another order than in the hand-out" in diagnosis_of(result, "Stack")["explanation"]


def test_a_forward_that_returns_nothing_is_explained(diagnose):
    assert "gives nothing back" in diagnose("None")["explanation"]


def test_a_diagnosis_that_fails_costs_no_grade_and_is_said(toy, scale_with, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("autograder.trusted.diagnose.Examination", fail)
    result = toy.grade(scale_with("return x"))
    assert result.score > 0
    assert not result.grader_faults
    assert "no diagnosis of Scale: it failed (ZeroDivisionError)" in result.notes


def test_hints_are_shown_as_strong_as_asked(toy, scale_with):
    result = toy.grade(scale_with("return x"), hint=1)
    assert result.hints == {
        "Scale": ["Multiply, then add."],
        "EndToEnd": ["Repair the layers first."],
    }
    assert toy.grade(scale_with("return x")).hints == {}


def test_a_bank_whose_text_before_is_gone_is_refused(tmp_path):
    shutil.copytree(TOY, tmp_path / "kit")
    path = tmp_path / "kit" / "solutions" / "toy" / "scale.py"
    path.write_text(path.read_text().replace(" + self.bias", " + 1 * self.bias"))
    with pytest.raises(KitError, match=r"scale.no_bias: its text before stands 0 times"):
        read_bank(load_kit(tmp_path / "kit", "toy"), "Scale")


def test_edits_of_the_same_text_make_no_pair():
    kit = load_kit(TOY, "toy")
    found = {v.misconceptions[0].id: v for v in versions(kit, "Scale")}
    assert combine(found["scale.shifted"], found["scale.input_counts_from_one"]) is None
    both = combine(found["scale.no_bias"], found["scale.no_weight"])
    assert "return x\n" in both.source(read_reference(kit, "Scale"))
