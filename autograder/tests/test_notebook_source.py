"""What the notebook's text source promises: two versions, refused with a line where it is wrong."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.authoring.check_kit import rebuild_notebook
from autograder.authoring.notebook import build
from autograder.authoring.notebook.source import NotebookSourceError, parse_source
from autograder.manifest import load_kit

TOY = Path(__file__).parent / "toy_course"
GOOD = """# Scales

::: student
Fill this in.
:::

::: solution
This is filled in.
:::

```python tags=setup
import torch
from torch import Tensor, nn
```

First.

```text
::: student  (not a fence of ours: a block of text)
```

+++

Second.

```python class=Scale
```

```python student
print("student")
```

```python solution
print("solution")
```

```python class=Stack
```
"""


@pytest.fixture
def course(tmp_path):
    """A copy of the toy course with a notebook source."""
    shutil.copytree(TOY, tmp_path / "kit", ignore=shutil.ignore_patterns("__pycache__"))
    source = tmp_path / "kit" / "solutions" / "toy" / "notebook" / "scales.md"
    source.parent.mkdir()
    source.write_text(GOOD)
    return source


def texts(notebook):
    return [cell["source"] for cell in notebook["cells"]]


def test_the_two_versions_differ_where_the_source_says(course):
    student, solution = (build.build_notebook(course, v) for v in ("student", "solution"))
    assert texts(student)[0] == "# Scales\n\nFill this in."
    assert texts(solution)[0] == "# Scales\n\nThis is filled in."
    assert 'print("student")' in texts(student)
    assert 'print("student")' not in texts(solution)
    assert "NotImplementedError" in "\n".join(texts(student))
    assert "return x * self.weight + self.bias" in "\n".join(texts(solution))
    assert "return x * self.weight + self.bias" not in "\n".join(texts(student))


def test_a_built_notebook_is_valid_and_the_same_every_time(course):
    notebook = build.build_notebook(course, "student")
    nbformat.validate(notebook)
    again = build.build_notebook(course, "student")
    assert build.write_notebook(notebook) == build.write_notebook(again)
    assert all(not cell.get("outputs") for cell in notebook["cells"])
    assert notebook["cells"][1]["metadata"] == {"tags": ["setup"]}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("```python class=Stack\n```", "```python class=Stack", "never closed"),
        ("class=Stack", "class=Stak", "has no class Stak"),
        ("```python class=Stack\n```", "", "never shows the class Stack"),
        ("tags=setup", "tag=setup", "«tag=setup» means nothing here"),
        (":::\n\n::: solution", "\n\n::: solution", "out of place"),
        ("::: solution\n", "::: teacher\n", "out of place"),
        ("This is filled in.\n:::", "This is filled in.", "is not closed before its cell ends"),
        ("class=Scale\n", "class=Scale\nx = 1\n", "must be empty"),
        ("```python student", "```python file=scale.py", "must be empty"),
        ("First.", "![x](figure:nothing)", "nothing"),
    ],
)
def test_a_source_that_is_wrong_is_refused_with_its_line(course, before, after, words):
    assert before in GOOD
    course.write_text(GOOD.replace(before, after, 1))
    with pytest.raises(NotebookSourceError, match=words):
        build.build_notebook(course, "student")


def test_every_line_of_the_prose_survives(course):
    cells = parse_source(GOOD)
    assert "::: student  (not a fence of ours: a block of text)" in cells[2].text
    assert [cell.kind for cell in cells].count("markdown") == 3


def test_check_kit_wants_the_built_notebook_and_wants_it_fresh(course):
    kit = load_kit(course.parents[3], "toy")
    assert "is missing" in next(rebuild_notebook(kit))
    assert build.main(["--kit", str(kit.root)]) == 0
    assert list(rebuild_notebook(kit)) == []
    course.write_text(GOOD.replace("Second.", "Third."))
    assert "is not what scales.md builds now" in next(rebuild_notebook(kit))


@pytest.mark.slow
@pytest.mark.parametrize("version", ["student", "solution"])
def test_nbconvert_builds_both_versions_by_name(course, tmp_path, version):
    command = [sys.executable, "-m", "nbconvert", "--to", f"{version}_notebook", str(course),
               "--output-dir", str(tmp_path), "--output", "built"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    built = nbformat.read(tmp_path / "built.ipynb", as_version=4)
    assert texts(built) == texts(build.build_notebook(course, version))


@pytest.mark.slow
def test_nbconvert_says_in_one_sentence_what_is_wrong_with_a_source(course, tmp_path):
    course.write_text(GOOD.replace("class=Stack", "class=Stak"))
    command = [sys.executable, "-m", "nbconvert", "--to", "student_notebook", str(course),
               "--output-dir", str(tmp_path)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0
    assert "has no class Stak" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("*.ipynb"))
