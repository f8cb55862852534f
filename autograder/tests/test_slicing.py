"""From a notebook only what the wanted classes need is taken; what they need is told if missing."""

import ast

import pytest

from autograder.untrusted.bindings import names_it_may_change, names_it_may_set
from autograder.untrusted.magics import blank_magics, written_files
from autograder.untrusted.slicing import select_statements
from autograder.untrusted.sources import (
    choose_candidate,
    decode_source,
    find_candidates,
    read_notebook,
    read_python_file,
)


def taken(*cells, wanted=("Net",)):
    """Return (text of the statements taken, names that are needed but not taken)."""
    source = read_notebook("nb.ipynb", enumerate(cells, start=1))
    selection = select_statements(source, wanted)
    lines = [ast.unparse(statement).splitlines()[0] for _, statement in selection.statements]
    return lines, selection.unset


NET = "class Net(Base):\n    def forward(self, x):\n        return helper(x) * SCALE + nn.thing(x)"


def test_imports_helpers_bases_and_constants_are_taken_in_order():
    lines, missing = taken(
        "import torch.nn as nn",
        "SCALE = 2 ** 0.5",
        "class Base: pass",
        "def helper(x):\n    return other(x)",
        "def other(x):\n    return x",
        NET,
    )
    assert lines == ["import torch.nn as nn", "SCALE = 2 ** 0.5", "class Base:", "def helper(x):",
                     "def other(x):", "class Net(Base):"]  # fmt: skip
    assert missing == {}


@pytest.mark.parametrize(
    "cell",
    [
        "model = Net().cuda()",
        "model.train()",
        "for epoch in range(10):\n    train()",
        "while True: pass",
        "with open('x') as f:\n    data = f.read()",
        "import matplotlib.pyplot as plt",
        "df = read_csv('x')",
        "print(Net())",
        "helper = lambda: 3 if download() else 4",
        "assert Net",
        "try:\n    download()\nexcept Exception:\n    pass",
        "setattr(model, 'forward', Net)",
        "@timed(model)\ndef run():\n    pass",
    ],
)
def test_what_the_class_does_not_need_or_what_is_not_plain_is_never_run(cell):
    lines, _ = taken("class Base: pass", cell, "class Net(Base): pass")
    assert lines == ["class Base:", "class Net(Base):"]


def test_a_name_local_to_a_method_is_not_needed_from_another_cell():
    lines, missing = taken(
        "class Net:\n    def run(self, x):\n        emb = [y for y in x]\n        return emb + z",
        "emb = Net()",
        "x = Net()",
        "y = Net()",
        "z = Net()",
    )
    assert lines == ["class Net:", "z = Net()"]
    assert missing == {}


@pytest.mark.parametrize(
    "cell",
    [
        "SCALE = 3",
        "SCALE: float = 3.0",
        "A, SCALE = 1, (2, 3)",
        "SCALE = torch.device('cuda' if torch.cuda.is_available() else 'cpu')",
        "SCALE = math.sqrt(2)",
        "SCALE = {'a': [1, 2], 'b': None}",
        "SCALE = nn.GELU()",
        "SCALE = Config(3)\nclass Config:\n    pass",
        "if torch.cuda.is_available():\n    SCALE = 1\nelse:\n    SCALE = 2",
        "try:\n    from x import SCALE\nexcept ImportError:\n    SCALE = None",
        "from constants import *",
        "SCALE = lambda x: x * torch.erf(x)",
        "SCALE = [1 / math.sqrt(d) for d in range(1, 9)]",
        "SCALE = {}\nSCALE.update({'gelu': nn.GELU})",
        "SCALE = 'a b'.split()",
        "with warnings.catch_warnings():\n    import numpy as SCALE",
    ],
)
def test_plain_constants_are_taken(cell):
    lines, missing = taken(cell, "class Net:\n    a = SCALE")
    assert len(lines) >= 2
    assert missing == {}


@pytest.mark.parametrize(
    "cell",
    [
        "if torch.cuda.is_available():\n    SCALE = 1\n    print(f'{count()} found')\nelse:\n    "
        "SCALE = 2\n    raise OSError",
        "try:\n    from x import SCALE\nexcept OSError:\n    install()\n    from x import SCALE",
    ],
)
def test_of_a_compound_statement_what_may_run_is_taken(cell):
    source = read_notebook("nb.ipynb", [(1, cell), (2, "class Net:\n    a = SCALE")])
    selection = select_statements(source, ["Net"])
    text = ast.unparse(selection.statements[0][1])
    assert text.count("SCALE") == 2
    assert not any(word in text for word in ("print", "raise", "install"))
    assert selection.unset == {}


def test_what_only_the_rest_of_a_compound_statement_sets_is_told():
    lines, missing = taken(
        "if True:\n    import x\n    SCALE = fit()", "class Net:\n    a = SCALE, x"
    )
    assert lines == ["if True:", "class Net:"]
    assert missing == {"SCALE": "nb.ipynb, cell 1"}


@pytest.mark.parametrize("change", ["calls += 1", "calls = 1", "del calls"])
def test_a_global_that_a_method_only_changes_is_needed(change):
    lines, _ = taken("calls = 0", f"class Net:\n    def run(self):\n        global calls; {change}")
    assert lines == ["calls = 0", "class Net:"]


KEEPS = {
    "def keep(name):\n    return lambda f: PARTS.setdefault(name, f)": "keep('a')",
    "def keep(f):\n    PARTS[f.__name__] = f\n    return f": "keep",
    "class keep:\n    def __init__(self, f):\n        PARTS.update(f=f)": "keep",
    "def other(): pass": "PARTS.keep('a')",
}


@pytest.mark.parametrize("keep", KEEPS)
@pytest.mark.parametrize("kind", ["def part(): pass", "class part: pass"])
def test_what_a_decorator_writes_down_where_it_is_needed_is_taken(keep, kind):
    cells = ["PARTS = Table()\nclass Table(dict): pass", keep, f"@{KEEPS[keep]}\n{kind}"]
    lines, _ = taken(*cells, "class Net:\n    a = PARTS['part']")
    assert f"@{KEEPS[keep]}" in lines
    lines, _ = taken(*cells, "class Net:\n    a = 1")
    assert lines == ["class Net:"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("for a, b in c:\n    d = e", {"a", "b", "d"}),
        ("match a:\n    case [b, *c] if (d := 1): pass", {"b", "c", "d"}),
        ("print([a for b in c if (d := b)], lambda e: (f := e))", {"d"}),
        ("with a as b:\n    import c.d\n    def e():\n        f = 1", {"b", "c", "e"}),
        ("def a():\n    global b, c\n    b = d = 1", {"a", "b", "c"}),
        ("globals()['a'], b.c, d['e'] = 1, 2, 3", {"a"}),
        ("globals().update({'a': 1}, b=2)", {"a", "b"}),
    ],
)
def test_every_way_to_set_a_name_is_seen(text, names):
    assert names_it_may_set(ast.parse(text).body[0]) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("for a in b: setattr(Net, a, c)", {"Net"}),
        ("for a, b in [(Net, c)]:\n    a.d = b", {"a", "Net", "c"}),
        ("while True: Net.a = b", {"Net"}),
        ("for a in b:\n    model = Net(a)\n    model.c = 1", {"model"}),
        ("model = Net(a)", set()),
    ],
)
def test_what_may_get_an_attribute_is_seen_and_what_is_only_used_is_not(text, names):
    assert names_it_may_change(ast.parse(text).body[0]) == names


@pytest.mark.parametrize(
    "text",
    [
        "from .net import Net",
        "try:\n    from .net import Net\nexcept ImportError:\n    from net import Net",
        "if TYPE_CHECKING:\n    from net import Net",
    ],
)
def test_a_file_that_only_imports_a_class_does_not_define_it(text):
    source = read_python_file("user.py", text.encode(), ["Net"])
    assert find_candidates(source, "Net", expected_file=False) == []


ADDED_LATER = {
    "Net.forward = forward": "def forward(self): pass",
    "setattr(Net, 'forward', forward)": "def forward(self): pass",
    "@add_to(Net)\ndef forward(self): pass": "def add_to(kind): pass",
    "@patch\ndef forward(self: Net): pass": "def patch(f): pass",
}


@pytest.mark.parametrize("later", ADDED_LATER)
def test_a_method_added_to_a_class_in_a_later_cell_is_part_of_it(later):
    stub = "class Net:\n    def forward(self):\n        raise NotImplementedError"
    assert len(taken(ADDED_LATER[later], stub, later)[0]) == 3
    source = read_notebook("nb.ipynb", enumerate([stub, later], start=1))
    (found,) = find_candidates(source, "Net", expected_file=False)
    assert not found.unfinished


def test_a_needed_name_that_is_set_by_running_something_is_told():
    lines, missing = taken("SCALE = model.fit()", "class Net:\n    a = SCALE")
    assert lines == ["class Net:"]
    assert missing == {"SCALE": "nb.ipynb, cell 1"}


@pytest.mark.parametrize(
    ("cell", "left"),
    [
        ("!pip install torch\nx = 1", "pass\nx = 1"),
        ("%matplotlib inline\nimport torch", "pass\nimport torch"),
        ("%%time\nx = 1", "\nx = 1"),
        ("%%writefile attention.py\nx = 1", ""),
        ("%%timeit -n 3\nclass Net: pass", ""),
        ("%%python\nclass Net: pass", ""),
        ("%%bash\nrm -rf x", ""),
        ("files = !ls\nx = 1", "pass\nx = 1"),
        ("model?\nx = 1", "pass\nx = 1"),
        ("if True:\n    !ls\nx = 1", "if True:\n    pass\nx = 1"),
        ("x = (10\n% 3)", "x = (10\n% 3)"),
        ("!pip install \\\n  torch \\\n  numpy\nx = 1", "pass\n\n\nx = 1"),
    ],
)
def test_magics_are_blanked_and_lines_keep_their_numbers(cell, left):
    assert blank_magics(cell) == left


def test_a_cell_that_writes_a_file_is_that_file_as_the_last_of_them_leaves_it():
    cells = ["%%writefile a.py\nx = 1", "\n%%file './b/c.py'\ny = 1", "%%writefile -a a.py\nz = 1",
             "%%writefile /content/d.py\nx = 1", "%%writefile d.py\nx = 2",
             "%%writefile notes.txt\nx", "%%writefile {name}.py\nx = 1",
             "%%writefile", ""]  # fmt: skip
    found = written_files(enumerate(cells, start=1))
    assert {name: [(part.cell, part.text) for part in found[name]] for name in found} == {
        "a.py": [(1, "\nx = 1"), (3, "\nz = 1")],
        "b/c.py": [(2, "\n\ny = 1")],
        "d.py": [(5, "\nx = 2")],
    }


@pytest.mark.parametrize(
    "content",
    ["x = 'é'".encode(), b"\xef\xbb\xbfx = '\xc3\xa9'", "x = 'é'".encode("utf-16"),
     b"# -*- coding: latin-1 -*-\nx = '\xe9'"],
)  # fmt: skip
def test_any_declared_coding_is_read(content):
    assert "x = 'é'" in decode_source(content)


@pytest.mark.parametrize(
    "content", [b"\xff\xff\xff", b"# coding: nonsense\n", b"x = '\xe9'", b"\xef\xbb\xbf\xff"]
)
def test_a_file_in_no_known_coding_is_told_in_one_sentence(content):
    problem = read_python_file("a.py", content, ["Net"]).units[0].problem
    assert "a.py" in problem
    assert "UTF-8" in problem


@pytest.mark.parametrize("text", ["x = \0", "(" * 5000, "def f(:\n", "if 1:\nx", "\t x\n  y"])
def test_a_file_that_does_not_parse_is_told_in_one_sentence(text):
    unit = read_python_file("a.py", text.encode(), ["Net"]).units[0]
    assert unit.problem.startswith("a.py")
    assert unit.statements == []


def choose(**texts):
    sources = [
        read_python_file(f"{n.replace('__', '/')}.py", t.encode(), ["Net"])
        for n, t in texts.items()
    ]
    found = [
        candidate
        for source in sources
        for candidate in find_candidates(source, "Net", expected_file=source.path == "net.py")
    ]
    chosen = choose_candidate(found, "net.py", "")
    return chosen.source.path if chosen else None


STUB = "class Net:\n    def forward(self):\n        raise NotImplementedError('net.py')\n"
EMPTY = "class Net:\n    def forward(self):\n        '''Later.'''\n        pass\n"
DONE = "class Net:\n    def forward(self):\n        return 1\n"
PICKY = DONE.replace(
    "return 1", "if self.k:\n            raise NotImplementedError\n        return 1"
)


def test_the_expected_file_wins_among_equals_and_a_finished_class_over_a_stub():
    assert choose(net=DONE, other=DONE) == "net.py"
    assert choose(net=STUB, other=DONE) == "other.py"
    assert choose(net=EMPTY, other=DONE) == "other.py"
    assert choose(net=PICKY, other=DONE) == "net.py"
    assert choose(a__net=DONE, net=DONE) == "net.py"
    assert choose(net=STUB) == "net.py"
    assert choose(net="from other import Net", other=DONE) == "other.py"
    assert choose(net="from mine import Mine as Net", mine="class Mine: pass") == "net.py"
    assert choose(other="import torch") is None


def test_a_star_import_of_a_package_that_is_not_here_yet_runs_only_for_what_is_missing():
    everything = "from heavy_package import *"
    own = "class Net:\n    def forward(self, x: Tensor):\n        return len(x)"
    assert taken(everything, "from torch import Tensor", own)[0] == [
        "from torch import Tensor", "class Net:"
    ]  # fmt: skip
    assert taken(everything, own)[0] == [everything, "class Net:"]


def test_a_star_import_of_a_module_that_is_here_runs_where_it_brings_what_is_needed():
    own = "class Net(Module):\n    def forward(self, x):\n        return float(x)"
    stars = ["from heavy_package import *", "from torch.nn import *", "from os.path import *"]
    assert taken(*stars, own)[0] == [stars[1], "class Net(Module):"]
    # It may also replace something of Python's own.
    assert taken("from torch import *", *stars, own)[0][0] == "from torch import *"


def test_an_import_below_the_classes_goes_first_in_a_notebook_and_nowhere_else():
    own = "class Net(nn.Module):\n    def forward(self, x):\n        return F.gelu(x)"
    imports = "from torch import nn\nimport torch.nn.functional as F"
    assert taken(own, imports)[0] == [*imports.split("\n"), "class Net(nn.Module):"]
    # What a name stands for where two things set it depends on their order.
    assert taken("nn = None", own, imports)[0][0] == "import torch.nn.functional as F"
    source = read_python_file("net.py", f"{own}\n{imports}".encode(), ["Net"])
    assert select_statements(source, ["Net"]).statements[0][1].name == "Net"


def test_a_long_line_of_spaces_is_read_like_any_other():
    assert blank_magics(" " * 100_000 + "x y").strip() == "x y"
    assert blank_magics("  files = !ls\n  a, b[0] = %time f\nx y").split("\n")[:2] == [
        "  pass", "  pass"
    ]  # fmt: skip
