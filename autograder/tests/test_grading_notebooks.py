"""What grading a notebook, or one file of all classes, promises: as in a folder of files."""

import json
from pathlib import Path

import pytest

TOY = Path(__file__).parent / "toy_course" / "solutions" / "toy"
SCALE = (TOY / "scale.py").read_text()
STACK = (TOY / "stack.py").read_text().replace("from .scale import Scale\n", "")


@pytest.fixture
def grade(toy, tmp_path):
    """Grade a notebook of these cells, or one file where its name is given."""

    def run(*cells, name="homework.ipynb"):
        path = tmp_path / name
        book = {"cells": [{"cell_type": "code", "source": c} for c in cells], "nbformat": 4}
        path.write_text(json.dumps(book) if name.endswith(".ipynb") else "\n\n".join(cells))
        return toy.grade(path)

    return run


def messages(result, layer):
    return [check.message for check in result.checks if check.layer == layer and check.message]


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        ([STACK], "homework.ipynb"),
        ([STACK, SCALE.replace("nn.Module):", "nn.Module)")], "homework.ipynb"),
        (["from mine import Scale", STACK], "homework.ipynb"),
        ([SCALE.replace("class Scale", "class Own"), "Scale = torch.compile(Own)", STACK],
         "homework.ipynb"),
        ([STACK], "homework.py"),
    ],
)  # fmt: skip
def test_a_class_that_is_missing_or_does_not_parse_costs_no_class_that_uses_it(
    grade, points_by_layer, cells, name
):
    won = points_by_layer(grade(*cells, name=name))
    assert won == {"Scale": 0, "Stack": 40, "EndToEnd": 0}


def test_a_class_that_is_there_and_was_not_imported_costs_the_class_that_uses_it(
    toy, submit, points_by_layer
):
    folder = submit(stack=STACK)
    assert points_by_layer(toy.grade(folder))["Stack"] == 0
    (folder / "scale.py").unlink()
    assert points_by_layer(toy.grade(folder / "stack.py"))["Stack"] == 0


def test_one_file_that_does_not_parse_says_what_that_means_for_its_classes(grade):
    result = grade(SCALE, STACK, "def broken(:", name="homework.py")
    for layer in ("Scale", "Stack"):
        assert "Python can read no class of homework.py" in messages(result, layer)[0]
