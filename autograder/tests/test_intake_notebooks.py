"""Intake of notebooks: which cells are taken, and what is said of a file that is none."""

import json

import pytest

from autograder.tests.intake_helpers import (
    CLASS,
    notebook,
    paths,
    refuse,
    stage,
)
from autograder.trusted.intake import IntakeLimits


def test_code_cells_keep_their_place_among_all_cells(tmp_path):
    data = {"cells": [{"cell_type": "markdown", "source": "hi"},
                      {"cell_type": "code", "source": ["class Scale:\n", "    pass"]},
                      "no cell", {"cell_type": "code", "source": 3}]}  # fmt: skip
    (tmp_path / "a.ipynb").write_text(json.dumps(data))
    cells = stage(tmp_path / "a.ipynb").notebooks[0].cells
    assert [(cell.number, cell.source) for cell in cells] == [(2, "class Scale:\n    pass")]


def test_a_broken_notebook_beside_good_files_is_left_out_with_a_note(tmp_path):
    (tmp_path / "scale.py").write_text(CLASS)
    (tmp_path / "a.ipynb").write_text("{")
    staged = stage(tmp_path)
    assert paths(staged) == ["scale.py"]
    assert any("a.ipynb was left out" in note for note in staged.notes)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"cells": 3}', '{"nbformat": 4}', "[" * 200_000, '{"cells":' * 5000,
     notebook("class Scale")[:-5], "9" * 10_000, '"\\ud800"',
     '{"a":' * 100_000, "\ufffe"],
)  # fmt: skip
def test_what_is_no_notebook_is_refused_in_one_sentence(tmp_path, content):
    path = tmp_path / "a.ipynb"
    path.write_text(content)
    assert "notebook" in refuse(path, IntakeLimits())


def test_a_notebook_of_a_million_tiny_values_is_refused_before_they_are_made(tmp_path):
    (tmp_path / "a.ipynb").write_text('{"cells":[' + "[]," * 2_000_000 + "[]]}")
    assert "clear them" in refuse(tmp_path / "a.ipynb", IntakeLimits())


def test_a_notebook_of_the_older_format_is_read(tmp_path):
    sheet = {"cells": [{"cell_type": "code", "input": ["class Scale:\n", "    pass"]}]}
    (tmp_path / "a.ipynb").write_text(json.dumps({"worksheets": [sheet, 3], "nbformat": 3}))
    assert [cell.number for cell in stage(tmp_path / "a.ipynb").notebooks[0].cells] == [1]


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_notebook_may_begin_with_a_mark_of_its_coding(tmp_path, coding):
    (tmp_path / "a.ipynb").write_bytes(notebook("class Scale: 'ü'").encode(coding))
    assert stage(tmp_path / "a.ipynb").notebooks[0].cells[0].source == "class Scale: 'ü'"


@pytest.mark.parametrize(
    ("content", "words"),
    [(notebook("class Scale: 'ü'").replace("\\u00fc", "ü").encode("latin-1"),
      "the notebook is not text in UTF-8: save it as UTF-8"),
     (b"PK\3\4 and more", "it is a zip archive, not a notebook: let its name end in .zip"),
     (b'{"cells":', "the notebook is not complete JSON (cut off in transfer?)"),
     (b'{"cells": [],,\n "nbformat": 4}', "the notebook is no JSON from its line 1 on"),
     (b'{\n <<<<<<< HEAD\n "cells": []', "two versions stand in the notebook side by side"),
     (b"\x1f\x8b\x08\x00", "it is packed or compressed"),
     (b"<!DOCTYPE html><title>Sign in</title>", "the file is a web page"),
     (b"class Scale: pass", "the file is no notebook: save it as one, or let the name of Python")],
)  # fmt: skip
def test_a_notebook_that_cannot_be_read_is_named_with_what_it_is(tmp_path, content, words):
    (tmp_path / "a.ipynb").write_bytes(content)
    for path in (tmp_path, tmp_path / "a.ipynb"):
        assert refuse(path).startswith(f"{tmp_path / 'a.ipynb'}: {words}")
    (tmp_path / "scale.py").write_text(CLASS)
    assert stage(tmp_path).notes[0].startswith(f"a.ipynb was left out: {words}")


def test_cells_that_are_no_cells_are_said(tmp_path):
    (tmp_path / "a.ipynb").write_text(
        json.dumps({"cells": [3, {"cell_type": "code", "source": "class Scale: pass"}, {}]})
    )
    assert "left out: 1, 3" in stage(tmp_path / "a.ipynb").notes[0]
