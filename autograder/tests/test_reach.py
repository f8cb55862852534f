"""Which submissions are asked side by side: those whose text shows no way to change one another."""

from pathlib import Path

import pytest

from autograder.tests.attack_runs import FOLDER
from autograder.untrusted.reach import keeps_to_itself
from autograder.untrusted.survey import parse_sources

SUBMISSIONS = Path(__file__).resolve().parents[2] / "solutions" / "bert" / "tests" / "submissions"
CLASSES = ["Scale", "Stack", "Other"]


def keeps(text="", *, cells=None, **more):
    files = {f"{name}.py": content.encode() for name, content in {"scale": text, **more}.items()}
    notebooks = {} if cells is None else {"work.ipynb": list(enumerate(cells))}
    sources = parse_sources(files, notebooks, "", CLASSES)
    return keeps_to_itself(sources, CLASSES, ["scale.py" if cells is None else "work.ipynb"])


HEAD = "import math\nimport torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
ORDINARY = [
    "class Scale(nn.Module):\n  def __init__(self):\n    self.a = nn.Linear(2, 2)",
    "class Scale(nn.Module):\n  def f(self):\n    self.a.weight.data[0] = 0\n    self._b = None",
    "class Scale(nn.Module):\n  def f(self):\n    for m in self.modules(): m.eval()",
    "def forward(self, x): return x\nclass Scale(nn.Module): pass\nScale.forward = forward",
    "class Keep(torch.autograd.Function):\n  @staticmethod\n  def forward(ctx, x):\n    ctx.x = x",
    "table = {}\ntable['gelu'] = F.gelu\npe = torch.zeros(3, 4)\npe[:, 0::2] = 1",
    "import os\nimport sys\nclass Scale(nn.Module): pass",
    "act = getattr(F, 'gelu')",
]
REACHING = [
    "nn.ReLU.forward = lambda self, x: x",
    "del nn.GELU.forward",
    "kind = nn.GELU\nkind.forward = None",
    "def patch(kind): kind.forward = None\npatch(nn.GELU)",
    "class A:\n  def patch(self): self.forward = None\nA.patch(nn.GELU)",
    "for nn.GELU.forward in [None]: pass",
    "setattr(nn.GELU, 'forward', None)",
    "nn.GELU.forward.__code__ = F.relu.__code__",
    "nn.GELU.__dict__",
    "nn.modules.module._global_forward_hooks[1] = None",
    "nn.modules.module.register_module_forward_hook(print)",
    "torch.set_default_dtype(torch.float64)",
    "import sys\nsys.modules['math'] = None",
    "import sys as s",
    "from gc import get_objects",
    "from torch import sys",
    "torch.sys.modules['math'] = None",
    "getattr(nn, 'GE' + 'LU')",
    "getattr(nn.GELU, '__dict__')",
    "exec('x = 1')",
    "__import__('gc')",
    "[].__class__.__base__.__subclasses__()",
    "import functools\nfunctools.wraps(A, assigned=('forward',))(nn.GELU)",
    "import functools\nfunctools.update_wrapper(nn.GELU, A)",
    "from unittest import mock",
    "def f(): yield\nf().gi_frame",
    "x = lambda: (nn.GELU, 1)[0]\nx().forward = None",
    "math.pi = 3",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_what_layers_are_written_with_keeps_to_itself(text):
    assert keeps(HEAD + text)


@pytest.mark.parametrize("text", REACHING)
def test_a_way_to_what_others_use_is_seen(text):
    assert not keeps(HEAD + text)


def test_of_a_notebook_only_what_its_classes_need_counts():
    layer = HEAD + "class Scale(nn.Module):\n  def forward(self, x): return F.gelu(x)"
    assert keeps(
        "", cells=["import os\nos.environ['A'] = '1'\n", layer, "model.weight = 1\nexec('')"]
    )
    assert not keeps(cells=[layer, "F.gelu = None"])


def test_only_files_that_the_classes_import_count():
    other = "import pytest\nfrom gc import get_objects\n"
    assert keeps(HEAD, train=other)
    assert not keeps("from .helper import x\n", helper="import train\n", train=other)
    assert not keeps(HEAD, __init__=other)


def test_a_file_that_cannot_be_parsed_is_no_reason():
    assert keeps("class Scale(:")


def test_nearly_every_right_submission_keeps_to_itself():
    """What is asked in processes of its own costs a class's evening, and so is to be rare."""
    folders = sorted(path for path in (SUBMISSIONS / "correct").iterdir() if path.is_dir())
    names = [path.stem for path in (SUBMISSIONS.parents[1]).glob("*.py")]
    verdicts = {}
    for folder in folders:
        files = {path.name: path.read_bytes() for path in folder.glob("*.py")}
        sources = parse_sources(files, {}, "", names)
        verdicts[folder.name] = keeps_to_itself(sources, names, files)
    apart = [name for name, keeps_so in verdicts.items() if not keeps_so]
    assert len(folders) > 50
    assert len(apart) <= 3, apart


@pytest.mark.parametrize("name", sorted(p.parent.name for p in FOLDER.glob("mends_*/attack.toml")))
def test_layers_that_mend_one_another_are_no_company(name):
    files = {path.name: path.read_bytes() for path in (FOLDER / name).glob("*.py")}
    assert not keeps_to_itself(parse_sources(files, {}, "", CLASSES), CLASSES, files)
