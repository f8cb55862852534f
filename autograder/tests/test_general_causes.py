"""What is told of a layer that no known mistake explains, on the toy course, and what it costs."""

from pathlib import Path

import pytest

SOLUTION = Path(__file__).parent / "toy_course" / "solutions" / "toy"
SCALE = (SOLUTION / "scale.py").read_text()
STACK = (SOLUTION / "stack.py").read_text()


def lost_by(toy, folder, layer="Scale"):
    """Return the checks of a layer, or of all where it is None, that lost points."""
    checks = toy.grade(folder).checks
    return [c for c in checks if layer in (None, c.layer) and c.points < c.max_points]


@pytest.mark.slow
def test_a_layer_that_computes_the_same_with_one_parameter_more_loses_that_one_check(toy, submit):
    head = "        self.bias ="
    for more in ("self.spare = nn.Linear(width, 2)", "self.factor = nn.Parameter(torch.ones(()))"):
        text = SCALE.replace(head, f"        {more}\n{head}").replace(
            "x * self.weight", "x * getattr(self, 'factor', 1) * self.weight"
        )
        lost = lost_by(toy, submit(scale=text), None)
        assert [c.id for c in lost] == ["scale.has_the_parameters_of_the_specification"]
        assert "it has more parameters than the hand-out lists" in lost[0].diagnosis["explanation"]


def test_one_parameter_more_that_changes_what_is_computed_is_no_small_matter(toy, submit):
    head = "        self.bias ="
    more = "self.factor = nn.Parameter(2 * torch.ones(()))"
    text = SCALE.replace(head, f"        {more}\n{head}").replace(
        "x * self.weight", "x * self.factor * self.weight"
    )
    lost = lost_by(toy, submit(scale=text))
    assert len(lost) > 3


def test_a_tensor_that_should_be_learned_is_named(toy, submit):
    for kept in (
        "self.shift = torch.zeros(width)",
        "self.register_buffer('shift', torch.zeros(width))",
    ):
        text = SCALE.replace("self.bias = nn.Parameter(torch.zeros(width))", kept)
        text = text.replace("self.bias", "self.shift")
        lost = lost_by(toy, submit(scale=text))
        assert "self.shift has its shape and is no parameter" in lost[0].message
        assert lost[0].diagnosis["explanation"].startswith("self.shift is to be learned")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("x.data[0] = 0.0", "writes into a tensor that it was given"),
        ("self.eval()", "calls train() or eval()"),
        ("torch.set_grad_enabled(True)", "switches gradients on or off"),
        ("time.sleep(7)", "takes too long"),
    ],
)
@pytest.mark.slow
def test_what_a_call_does_besides_is_explained(toy, scale_with, statement, words):
    statement = statement.replace("time", "__import__('time')")
    lost = lost_by(toy, scale_with(statement))
    assert words in lost[0].diagnosis["explanation"]


def test_a_part_called_with_an_argument_that_it_has_not_is_an_error_as_it_would_be(toy, submit):
    text = STACK.replace("layer(x)", "layer(x, strength=1)")
    assert text != STACK
    told = {check.message for check in lost_by(toy, submit(stack=text), "Stack")}
    assert any("got an unexpected keyword argument 'strength'" in message for message in told), told


def test_a_layer_that_is_wrong_alone_and_right_in_the_model_is_pointed_out(toy, submit):
    wrong = SCALE.replace("x * self.weight", "x * self.weight * getattr(self, 'mended', 2)")
    mends = STACK.replace("        for layer in", "        for layer in self.layers:\n"
                          "            layer.mended = 1\n        for layer in")  # fmt: skip
    pointed = [
        any("wrong alone: Scale; and the whole model is right" in note for note in result.notes)
        for result in (toy.grade(submit(scale=wrong, stack=mends)), toy.grade(submit(scale=wrong)))
    ]
    assert pointed == [True, False]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("__init__", "__int__"),
        ("__init__", "_init_"),
        ("__init__", "__init"),
        ("forward", "foward"),
    ],
)
def test_a_method_of_nearly_the_right_name_is_told(toy, submit, name, wrong):
    lost = lost_by(toy, submit(scale=SCALE.replace(f"def {name}(", f"def {wrong}(")))
    assert f"Scale has a method {wrong} and no {name}" in lost[0].message
