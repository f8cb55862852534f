"""What grading a notebook, or one file of all classes, promises: as in a folder of files."""

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
TOY = Path(__file__).parent / "toy_course" / "solutions" / "toy"
SCALE = (TOY / "scale.py").read_text()
STACK = (TOY / "stack.py").read_text().replace("from .scale import Scale\n", "")


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
    grade_cells, points_by_layer, cells, name
):
    won = points_by_layer(grade_cells(*cells, name=name))
    assert won == {"Scale": 0, "Stack": 40, "EndToEnd": 0}


def test_a_class_that_is_there_and_was_not_imported_costs_the_class_that_uses_it(
    toy, submit, points_by_layer
):
    folder = submit(stack=STACK)
    assert points_by_layer(toy.grade(folder))["Stack"] == 0
    (folder / "scale.py").unlink()
    assert points_by_layer(toy.grade(folder / "stack.py"))["Stack"] == 0


def test_one_file_that_does_not_parse_says_what_that_means_for_its_classes(grade_cells):
    result = grade_cells(SCALE, STACK, "def broken(:", name="homework.py")
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
def test_a_cell_that_writes_a_file_defines_nothing_until_it_is_imported_or_needed(
    grade_cells, cells
):
    result = grade_cells(*cells)
    assert messages(result, "Scale") == messages(result, "Stack") == []
    assert result.score == 100


def test_a_class_in_a_written_file_that_nothing_imports_is_graded_and_missed_in_the_whole(
    grade_cells, points_by_layer
):
    won = points_by_layer(grade_cells("%%writefile parts.py\n" + SCALE, STACK))
    assert won == {"Scale": 50, "Stack": 40, "EndToEnd": 0}


def test_a_mistake_in_a_file_that_a_cell_writes_is_told_by_the_cells_line(grade_cells):
    broken = "%%writefile parts.py\nclass Scale:\n    def __init__(self, width):\n        1 / 0"
    result = grade_cells("from parts import Scale", broken, STACK)
    assert "homework.ipynb, cell 2, line 4" in messages(result, "Scale")[0]
    result = grade_cells("from parts import Scale", broken + " (", STACK)
    assert "homework.ipynb, cell 2, line 4: SyntaxError" in messages(result, "Scale")[0]


def test_a_file_handed_in_counts_as_it_is_and_its_stub_as_the_notebook_writes_it(toy, submit):
    stub = SCALE.replace("return x * self.weight + self.bias", "raise NotImplementedError('later')")
    for file, cell, score in ((SCALE, WRONG, 100), (stub, SCALE, 100)):
        folder = submit(scale=file)
        book = {"cells": [{"cell_type": "code", "source": "%%writefile scale.py\n" + cell}]}
        (folder / "homework.ipynb").write_text(json.dumps(book))
        assert toy.grade(folder).score == score


BARE = "\n".join(line for line in SCALE.split("\n") if not line.startswith(("import", "from")))
REGISTRY = "PARTS = {}\ndef register(name):\n    return lambda part: PARTS.setdefault(name, part)"


@pytest.mark.parametrize(
    "cells",
    [
        [REGISTRY, '@register("add")\ndef add(x, y):\n    return x + y',
         SCALE.replace("x * self.weight + self.bias", 'PARTS["add"](x * self.weight, self.bias)'),
         STACK],
        [REGISTRY, SCALE.replace("class", '@register("scale")\nclass'),
         STACK.replace("[Scale(", '[PARTS["scale"](')],
        ["CALLS = 0", STACK,
         SCALE.replace("return x", "global CALLS\n        CALLS += 1\n        return x")],
        ['if __name__ == "__main__":\n    WIDTH_OF = lambda width: width', STACK,
         SCALE.replace("torch.ones(width)", "torch.ones(WIDTH_OF(width))")],
        ['if not __name__ == "__main__":\n    raise OSError\nelse:\n    UNIT = 1', STACK,
         SCALE.replace("return x", "return UNIT * x")],
        ["import nowhere_to_be_had, math, torch, torch.nn as nn", STACK, BARE],
        ["try:\n    import nowhere_to_be_had\n    import math\n    from torch import nn\n"
         "    import torch\nexcept ImportError:\n    pass", STACK, BARE],
        ["from collections import namedtuple\nOne = namedtuple('One', 'unit')\none = One(1)", STACK,
         SCALE.replace("return x", "return one.unit * x")],
        ["import argparse\nparser = argparse.ArgumentParser()\n"
         "parser.add_argument('--unit', default=1)\none = parser.parse_args([])", STACK,
         SCALE.replace("return x", "return one.unit * x")],
        ["import json\none = json.loads('{\"unit\": 1}')\nUNIT = one.get('unit')", STACK,
         SCALE.replace("return x", "return UNIT * x")],
        ["UNIT = torch.sqrt(torch.tensor(1.0)).item()", STACK,
         SCALE.replace("return x", "return UNIT * x")],
        ["\n".join("    " + line for line in SCALE.split("\n")), STACK],
    ],
)  # fmt: skip
def test_what_holds_in_a_running_notebook_holds_here(grade_cells, cells):
    result = grade_cells(*cells)
    assert messages(result, "Scale") == messages(result, "Stack") == []
    assert result.score == 100


def test_what_trains_is_not_run_for_the_method_it_is_asked_by(grade_cells):
    cells = ["class Trainer:\n    def fit(self):\n        raise SystemExit",
             "trainer = Trainer()\nUNIT = trainer.fit()\nONE = Trainer().fit()", STACK]  # fmt: skip
    result = grade_cells(*cells, SCALE.replace("return x", "return UNIT * x"))
    assert any("sets UNIT by running something" in m for m in messages(result, "Scale"))
    assert grade_cells(*cells, SCALE).score == 100


def test_a_hand_in_may_be_split_over_notebooks_and_a_draft_lie_beside(toy, tmp_path):
    books = {"part1": [SCALE], "part2": [STACK], "a_draft": [WRONG, "class Stack:\n    pass"]}
    folder = tmp_path / "homework"
    folder.mkdir()
    for name, cells in books.items():
        book = {"cells": [{"cell_type": "code", "source": c} for c in cells], "nbformat": 4}
        (folder / f"{name}.ipynb").write_text(json.dumps(book))
    result = toy.grade(folder)
    assert result.score == 100
    assert any("a_draft.ipynb, cell 1" in note for note in result.notes)


def test_a_star_import_brings_the_classes_of_a_file_beside_the_notebook(toy, tmp_path):
    folder = tmp_path / "homework"
    folder.mkdir()
    (folder / "layers.py").write_text(SCALE)
    cells = ["from layers import *", STACK]
    book = {"cells": [{"cell_type": "code", "source": c} for c in cells], "nbformat": 4}
    (folder / "homework.ipynb").write_text(json.dumps(book))
    assert toy.grade(folder).score == 100


@pytest.mark.parametrize("as_files", [False, True])
def test_a_class_of_nearly_the_right_name_costs_its_own_layer_and_no_class_that_uses_it(
    grade_cells, toy, submit, points_by_layer, as_files
):
    scale, stack = (text.replace("Scale", "MyScale") for text in (SCALE, STACK))
    if as_files:
        folder = submit(scale=scale, stack="from .scale import MyScale\n" + stack)
        result = toy.grade(folder)
    else:
        result = grade_cells(scale, stack)
    assert points_by_layer(result) == {"Scale": 0, "Stack": 40, "EndToEnd": 0}


def test_a_command_for_the_shell_in_a_python_file_is_passed_over(grade_cells):
    assert grade_cells("!pip install torch", SCALE, STACK, name="homework.py").score == 100


def test_two_versions_that_git_has_left_side_by_side_are_told_as_that(grade_cells):
    both = "<<<<<<< HEAD\nX = 1\n=======\nX = 2\n>>>>>>> mine"
    told = messages(grade_cells(SCALE, STACK, both, name="homework.py"), "Scale")[0]
    assert "two versions stand here side by side" in told


def test_a_file_of_all_classes_does_not_run_under_the_name_of_a_program(grade_cells):
    guard = 'if __name__ == "__main__":\n    raise OSError("trained")'
    assert grade_cells(SCALE, STACK, guard, name="homework.py").score == 100


@pytest.mark.parametrize(
    ("cells", "name", "words"),
    [
        ([STACK], "homework.ipynb", "Scale was not found in homework.ipynb"),
        ([STACK], "homework.py", "Scale was not found in homework.py"),
        ([STACK, SCALE.replace("class Scale", "class scale")], "homework.ipynb",
         "Scale was not found in homework.ipynb: homework.ipynb, cell 2 has a class scale"),
        ([STACK, SCALE.replace("class Scale", "class Own") + "Scale = torch.compile(Own)"],
         "homework.ipynb", "Scale is missing: homework.ipynb, cell 2 sets Scale by running"),
    ],
)  # fmt: skip
def test_of_a_class_that_is_nowhere_it_is_said_where_it_was_looked_for(
    grade_cells, cells, name, words
):
    assert words in messages(grade_cells(*cells, name=name), "Scale")[0]


def test_what_a_cell_only_adds_to_something_that_was_not_made_is_told_as_not_made(grade_cells):
    scale = SCALE.replace("x * self.weight", "x * self.weight * options.factor")
    cells = ["options = parser.parse_args([])\noptions.factor = 1", scale, STACK]
    told = messages(grade_cells(*cells), "Scale")
    assert any("sets options by running something, and that was not run" in m for m in told), told


def test_imports_in_the_last_cell_count_as_they_did_in_the_notebook(grade_cells):
    def split(text):
        lines = text.splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith(("import ", "from "))]
        return "".join(kept), "".join(line for line in lines if line not in kept)

    (scale, imports), (stack, more) = split(SCALE), split(STACK)
    assert grade_cells(scale, stack, imports + more).score == 100


def test_a_notebook_that_is_called_a_python_file_is_read_as_a_notebook(toy, tmp_path):
    cells = [{"cell_type": "code", "source": text} for text in (SCALE, STACK)]
    path = tmp_path / "homework.py"
    path.write_text(json.dumps({"cells": cells, "nbformat": 4}))
    result = toy.grade(path)
    assert result.score == 100
    assert any("homework.py is a notebook and was read as one" in note for note in result.notes)
