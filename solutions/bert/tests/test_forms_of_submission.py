"""The same solution in every form a student may hand in gives the same score."""

import json
import os
import re
import zipfile
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = ROOT / "solutions" / "bert"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sources(bert):
    return {layer.file: (REFERENCE / layer.file).read_text() for layer in bert.kit.layers}


def without_own_imports(text):
    """The text of a module as a notebook's cell holds it: no imports between the modules."""
    return re.sub(r"^from (\.\w+|assignments\.\S+) import .*\n", "", text, flags=re.MULTILINE)


def write_notebook(path, cells):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_markdown_cell(text[3:]) if text.startswith("md:") else
        nbformat.v4.new_code_cell(text)
        for text in cells
    ]  # fmt: skip
    nbformat.write(notebook, path)
    return path


def full_marks(bert, path):
    result = bert.grade(path)
    lost = [(c.id, c.message) for c in result.checks if c.points < c.max_points]
    assert lost == []
    return result


def test_one_python_file_with_all_classes(bert, sources, tmp_path):
    text = "\n\n".join(without_own_imports(text) for text in sources.values())
    path = tmp_path / "all_in_one.py"
    path.write_text("MAX_SEQ_LEN = 128\n" + text)
    full_marks(bert, path)


def test_a_script_that_goes_on_to_train_is_not_trained(bert, sources, tmp_path):
    text = "\n\n".join(without_own_imports(text) for text in sources.values())
    path = tmp_path / "script.py"
    path.write_text(
        f"from assignments.bert.hyperparameters import *\n{text}\n"
        "model = SimplifiedBertClassifier(VOCAB_SIZE, EMB_SIZE, N_LAYERS, N_HEADS, 3072)\n"
        "while True:\n    model.train()\n"
    )
    full_marks(bert, path)


def test_a_zip_with_a_folder_inside_and_other_files_beside(bert, sources, tmp_path):
    path = tmp_path / "Müller homework (2).zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sources.items():
            archive.writestr(f"Müller homework/bert/{name}", text)
            archive.writestr(f"__MACOSX/Müller homework/bert/._{name}", b"\0\5\x16\7")
        archive.writestr("Müller homework/report.pdf", b"%PDF-1.4")
        archive.writestr("Müller homework/.DS_Store", b"\0\0\0\1Bud1")
        archive.writestr("Müller homework/bert/__pycache__/attention.cpython-311.pyc", b"\0")
    full_marks(bert, path)


MESSY_CELLS = [
    "md:# My homework",
    "!pip install torch transformers datasets\n%matplotlib inline\n%load_ext autoreload",
    "import torch, math\nimport torch.nn as nn\nimport a_plotting_library_nobody_has as plt",
    "from transformers import BertTokenizer\n"
    "tokenizer = BertTokenizer.from_pretrained('bert-base-uncased')",
    "import pandas as pd\ndf = pd.read_csv('dataset.csv')\nraise SystemExit",
    "%%bash\nrm -rf everything",
    "MAX_SEQ_LEN = 128; EMB_SIZE = 768\ndevice = torch.device('cuda' if False else 'cpu')",
    "class MultiHeadAttention(nn.Module):\n    pass  # first try",
    "def broken(:\n    pass",
    "while True:\n    pass",
]


def messy_notebook(sources):
    classes = [f"%%time\n{without_own_imports(text)}" for text in sources.values()]
    tail = [
        "model = SimplifiedBertClassifier(30522, 768, 12, 12, 3072).to(device)\n"
        "for epoch in range(10**9):\n    model.train()",
        "import os\nos._exit(3)",
        "model?",
        "torch.save(model.state_dict(), 'model.pt')",
    ]
    return [*MESSY_CELLS, *classes, *tail]


def test_a_notebook_full_of_cells_that_would_fail_or_train_for_hours(bert, sources, tmp_path):
    path = write_notebook(tmp_path / "homework.ipynb", messy_notebook(sources))
    result = full_marks(bert, path)
    used = next(note for note in result.notes if note.startswith("notebook cells used"))
    assert "11" in used and "18" not in used


def test_a_class_defined_twice_counts_as_last_defined(bert, sources, tmp_path):
    cells = [without_own_imports(text) for text in sources.values()]
    wrong = without_own_imports(sources["pooler.py"]).replace(
        "encoder_out[:, 0]", "encoder_out[:, -1]"
    )
    good_last = write_notebook(tmp_path / "good.ipynb", [wrong, *cells])
    full_marks(bert, good_last)
    bad_last = write_notebook(tmp_path / "bad.ipynb", [*cells, wrong])
    lost = {c.layer for c in bert.grade(bad_last).checks if c.points < c.max_points}
    assert lost == {"Pooler", "EndToEnd"}


def test_a_method_given_to_a_class_in_a_later_cell_is_not_given_to_its_double(
    bert, sources, tmp_path
):
    cells = [without_own_imports(text) for text in sources.values()]
    later = [
        "def add_to(kind):\n    return lambda f: setattr(kind, f.__name__, f)",
        "def run(self, emb, att_mask=None):\n    for block in self.transformer_layers:\n"
        "        emb = block(emb, att_mask)\n    return emb\nEncoderBlock.forward = run",
        "@add_to(Pooler)\ndef forward(self, encoder_out):\n"
        "    return self.activation(self.dense(encoder_out[:, 0]))",
    ]
    full_marks(bert, write_notebook(tmp_path / "homework.ipynb", [*cells, *later]))


def test_a_class_whose_cell_does_not_parse_costs_no_class_that_uses_it(bert, sources, tmp_path):
    cells = [
        without_own_imports(text).replace(" -> Tensor:", " -> Tensor", name == "attention.py")
        for name, text in sources.items()
    ]
    result = bert.grade(write_notebook(tmp_path / "homework.ipynb", cells))
    lost = {c.layer for c in result.checks if c.points < c.max_points}
    assert lost == {"MultiHeadAttention", "EndToEnd"}


def test_a_notebook_that_writes_files_counts_calls_and_looks_its_parts_up(bert, sources, tmp_path):
    attention = without_own_imports(sources["attention.py"])
    old = without_own_imports(sources["pooler.py"]).replace("[:, 0]", "[:, -1]")
    changed = {
        "feed_forward.py": ("nn.GELU()", 'PARTS["gelu"]'),
        "pooler.py": ("return", "global n_calls\n        n_calls += 1\n        return"),
    }
    cells = [
        f"%%writefile mine.py\n{attention}",
        "from mine import MultiHeadAttention",
        "PARTS = {}\ndef keep(f):\n    PARTS[f.__name__] = f\n    return f",
        "@keep\ndef gelu(x):\n    return nn.functional.gelu(x)",
        'if __name__ == "__main__":\n    n_calls = 0',
        *(
            without_own_imports(text).replace(*changed.get(name, ("", "", 0)))
            for name, text in sources.items()
            if name != "attention.py"
        ),
        f"%%timeit\n{old}",
        f"%%writefile old.py\n{old}",
    ]
    full_marks(bert, write_notebook(tmp_path / "homework.ipynb", cells))


def test_a_notebook_of_the_old_format_with_a_byte_order_mark(bert, sources, tmp_path):
    cells = [
        {"cell_type": "code", "input": without_own_imports(text).splitlines(keepends=True),
         "language": "python", "outputs": [], "collapsed": False}
        for text in sources.values()
    ]  # fmt: skip
    data = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}
    path = tmp_path / "old.ipynb"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(data).encode())
    full_marks(bert, path)


def test_a_stub_left_beside_a_finished_notebook_does_not_count(bert, sources, tmp_path):
    for name in sources:
        stub = (ROOT / "assignments" / "bert" / name).read_text()
        (tmp_path / name).write_text(stub)
    write_notebook(tmp_path / "finished.ipynb", [without_own_imports(t) for t in sources.values()])
    result = full_marks(bert, tmp_path)
    assert all("finished.ipynb" in label for label in result.sources.values())


def test_an_unfinished_notebook_beside_finished_files_does_not_count(bert, sources, tmp_path):
    for name, text in sources.items():
        (tmp_path / name).write_text(text)
    stubs = [(ROOT / "assignments" / "bert" / name).read_text() for name in sources]
    write_notebook(tmp_path / "student.ipynb", [without_own_imports(t) for t in stubs])
    full_marks(bert, tmp_path)


def test_an_exported_notebook_is_read_like_one(bert, sources, tmp_path):
    parts = [
        f"# In[{number}]:\n\n{text}"
        for number, text in enumerate(
            ["get_ipython().system('pip install torch')", "raise ValueError('never run')"]
            + [without_own_imports(t) for t in sources.values()]
        )
    ]
    path = tmp_path / "exported.py"
    path.write_text("#!/usr/bin/env python\n" + "\n\n".join(parts))
    full_marks(bert, path)


def test_classes_under_other_file_names_are_found(bert, sources, tmp_path):
    folder = tmp_path / "src"
    folder.mkdir()
    for name, text in sources.items():
        renamed = re.sub(r"from \.(\w+) import", r"from .my_\1 import", text)
        renamed = renamed.replace("my_hyperparameters", "hyperparameters")
        (folder / f"my_{name}").write_text(renamed)
    full_marks(bert, tmp_path)


@pytest.mark.parametrize("packed", ["mybert", ""])
def test_imports_by_the_name_of_the_students_own_folder_are_understood(
    bert, sources, tmp_path, packed
):
    folder = tmp_path / packed
    folder.mkdir(exist_ok=True)
    for name, text in sources.items():
        absolute = re.sub(
            r"from (\.|assignments\.bert\.)(\w+) import", r"from mybert.\2 import", text
        )
        (folder / name).write_text(absolute)
    block = (folder / "transformer_block.py").read_text()
    (folder / "transformer_block.py").write_text(
        "import mybert.attention\nfrom mybert import feed_forward\n" + block
    )
    full_marks(bert, tmp_path)


PARTS = ("embedding", "attention", "feed_forward", "pooler")
LAYOUTS = {
    # where the parts lie, where the others, and what stands before an absolute name
    "parts below": ("layers", "", None),
    "parts below, by full names": ("model/layers", "model", ""),
    "parts beside": ("bert/layers", "bert/model", None),
    "in a folder in a folder, by full names": ("src/bert", "src/bert", ""),
    "by names that begin above": ("bert/layers", "bert", "project."),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_imports_between_folders_are_understood(bert, sources, tmp_path, layout):
    parts, others, before = LAYOUTS[layout]
    places = {
        name.removesuffix(".py"): parts if name.removesuffix(".py") in PARTS else others
        for name in sources
    }
    for name, place in places.items():
        text = sources[f"{name}.py"]
        for imported, target in places.items():
            away = os.path.relpath(target or ".", place or ".")
            up, down = away.count(".."), away.strip("./").replace("/", ".")
            if before is None:
                path = "." * (up + 1) + ".".join(filter(None, (down, imported)))
            else:
                path = before + ".".join(filter(None, (*target.split("/"), imported)))
            text = text.replace(f"from .{imported} import", f"from {path} import")
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / place / f"{name}.py").write_text(text)
    full_marks(bert, tmp_path)
