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


WRONG = SCALE.replace("x * self.weight", "x")
SPLIT = SCALE.index("    def forward")


@pytest.mark.parametrize(
    "cells",
    [
        ["%%writefile parts.py\n" + SCALE, "from parts import Scale", STACK],
        ["%%writefile parts.py\n" + SCALE, "from parts import *", STACK],
        ["%%writefile parts.py\n" + SCALE, "import parts\nScale = parts.Scale", STACK],
        ["%%writefile scale.py\n" + SCALE, "%%writefile stack.py\nfrom scale import Scale\n"
         + STACK],
        ["%%writefile parts.py\n" + SCALE[:SPLIT], "%%writefile -a parts.py\n" + SCALE[SPLIT:],
         "from parts import Scale", STACK],
        ["%%writefile parts.py\n" + WRONG, "%%writefile parts.py\n" + SCALE,
         "from parts import Scale", STACK],
        [SCALE, "%%writefile scale.py\n" + WRONG, "from nowhere import Scale", STACK],
        [SCALE, "%%writefile old.py\n" + WRONG, "%%timeit\n" + WRONG, "%%python\n" + WRONG, STACK],
        [WRONG, "%%writefile parts.py\n" + SCALE, "from parts import Scale", STACK],
    ],
)  # fmt: skip
def test_a_cell_that_writes_a_file_defines_nothing_until_it_is_imported_or_needed(grade, cells):
    result = grade(*cells)
    assert messages(result, "Scale") == messages(result, "Stack") == []
    assert result.score == 100


def test_a_class_in_a_written_file_that_nothing_imports_is_graded_and_missed_in_the_whole(
    grade, points_by_layer
):
    won = points_by_layer(grade("%%writefile parts.py\n" + SCALE, STACK))
    assert won == {"Scale": 50, "Stack": 40, "EndToEnd": 0}


def test_a_mistake_in_a_file_that_a_cell_writes_is_told_by_the_cells_line(grade):
    broken = "%%writefile parts.py\nclass Scale:\n    def __init__(self, width):\n        1 / 0"
    result = grade("from parts import Scale", broken, STACK)
    assert "homework.ipynb, cell 2, line 4" in messages(result, "Scale")[0]
    result = grade("from parts import Scale", broken + " (", STACK)
    assert "homework.ipynb, cell 2, line 4: SyntaxError" in messages(result, "Scale")[0]


def test_a_file_handed_in_counts_as_it_is_and_its_stub_as_the_notebook_writes_it(toy, submit):
    stub = SCALE.replace("return x * self.weight + self.bias", "raise NotImplementedError('later')")
    for file, cell, score in ((SCALE, WRONG, 100), (stub, SCALE, 100)):
        folder = submit(scale=file)
        book = {"cells": [{"cell_type": "code", "source": "%%writefile scale.py\n" + cell}]}
        (folder / "homework.ipynb").write_text(json.dumps(book))
        assert toy.grade(folder).score == score
