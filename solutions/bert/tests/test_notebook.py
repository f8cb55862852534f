"""The course's notebook: built from one source, handed out without a solution, and it works."""

import copy
import functools
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.authoring.check_kit import rebuild_notebook
from autograder.authoring.notebook.build import build_notebook, find_source
from autograder.manifest import load_kit

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[3]
KIT = load_kit(ROOT, "bert")
SOURCE = find_source(KIT)
OFFLINE = {**os.environ, "HF_HUB_OFFLINE": "1", "MPLBACKEND": "Agg", "PYTHONWARNINGS": "default",
           "OMP_NUM_THREADS": "1", "IPYTHONDIR": ""}  # fmt: skip
# How many tweets the notebook generates, and learns from.
FULL_SIZE, SMALL_SIZE = "GENERATED_TWEETS = 20_000", "GENERATED_TWEETS = 2_000"

SUBJECTS = (
    "data", "tokenizer", "[cls]", "[sep]", "[pad]", "fine-tuning", "why a transformer", "embedding",
    "position", "multi-head attention", "layernorm", "residual", "feed-forward", "block", "encoder",
    "pooler", "classifier", "training", "accuracy", "attention map", "bag of words",
    "what to try next",
)  # fmt: skip


def code(notebook):
    return [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]


@functools.cache
def student_notebook():
    return build_notebook(SOURCE, "student")


def execute(folder, kind, *what):
    """Execute a notebook in a folder, as an instructor would."""
    environment = {**OFFLINE, "IPYTHONDIR": str(folder.parent / "ipython")}
    return subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", kind, "--execute", *map(str, what),
         "--output-dir", str(folder)],
        capture_output=True, text=True, timeout=900, cwd=folder, env=environment,
    )  # fmt: skip


def test_the_notebook_handed_out_is_what_its_source_builds():
    assert list(rebuild_notebook(KIT)) == []


def test_every_section_of_the_exercise_is_there():
    prose = "\n".join(
        cell["source"] for cell in student_notebook()["cells"]
        if cell["cell_type"] == "markdown"
    ).lower()  # fmt: skip
    for subject in SUBJECTS:
        assert subject in prose, subject


def test_every_class_is_followed_by_its_check():
    cells = code(student_notebook())
    for name in KIT.by_name:
        defined = next(i for i, text in enumerate(cells) if re.match(rf"class {name}\b", text))
        checked = [i for i, text in enumerate(cells) if f"check({name})" in text]
        assert checked
        assert checked[0] > defined


def test_a_student_notebook_filled_in_from_the_reference_wins_every_point(tmp_path, bert):
    student, solution = copy.deepcopy(student_notebook()), build_notebook(SOURCE, "solution")
    classes = {text.split("(")[0]: text for text in code(solution) if text.startswith("class ")}
    for cell in student["cells"]:
        name = cell["source"].split("(")[0]
        if cell["cell_type"] == "code" and name in classes:
            cell["source"] = classes[name]
    path = tmp_path / "homework.ipynb"
    path.write_text(json.dumps(student))
    result = bert.grade(path, training=True)
    assert [c.message for c in result.checks if c.points < c.max_points] == []
    assert result.score == 100


def test_the_hand_out_alone_runs_to_its_first_todo_and_stops_with_its_message(tmp_path):
    folder = tmp_path / "handed out"
    shutil.copytree(KIT.student_folder, folder, ignore=shutil.ignore_patterns("__pycache__"))
    # Fewer tweets: what is learnt above the first TODO is the other test's business.
    notebook = folder / "sentiment140.ipynb"
    text = notebook.read_text(encoding="utf-8")
    assert FULL_SIZE in text
    notebook.write_text(text.replace(FULL_SIZE, SMALL_SIZE), encoding="utf-8")
    done = execute(folder, "notebook", "sentiment140.ipynb")
    assert done.returncode != 0
    assert "NotImplementedError" in done.stderr
    assert "embedding.py: EmbeddingLayer.__init__ is not written yet" in done.stderr


@pytest.mark.long
def test_the_solution_s_source_is_executed_by_one_command_and_learns(tmp_path):
    done = execute(tmp_path, "solution_notebook", SOURCE, "--output", "solution")
    assert done.returncode == 0, done.stderr[-3000:]
    executed = nbformat.read(tmp_path / "solution.ipynb", as_version=4)
    printed = "\n".join(
        output.get("text", "") for cell in executed["cells"] for output in cell.get("outputs", [])
    )
    reached = [float(number) for number in re.findall(r"test accuracy[^0-9]*([01]\.\d+)", printed)]
    assert reached, printed[-2000:]
    assert max(reached) > 0.95
