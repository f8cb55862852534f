"""Does anything handed out give the solution away? One of the rules of check-kit.

Runs on the trusted side, for staff.
"""

import ast
import json
from collections.abc import Iterator

from autograder.manifest import Kit

# Shorter lines of code (``return x``) say nothing about a solution.
_TELLING_CHARS_MIN = 12


def look_for_leaks(kit: Kit) -> Iterator[str]:
    """No line of a reference's body, and no name it gives, stands in anything handed out."""
    telling: dict[str, str] = {}
    names: dict[str, set[str]] = {}
    for layer in kit.layers:
        text = (kit.staff_folder / layer.file).read_text(encoding="utf-8")
        for line in body_lines(text):
            telling[line] = layer.file
        names[layer.name] = given_names(text)
    for path in sorted(kit.student_folder.rglob("*")):
        if not path.is_file() or "__pycache__" in path.parts:
            continue
        place = path.relative_to(kit.root)
        text = path.read_text(encoding="utf-8", errors="replace")
        codes = [text] if path.suffix == ".py" else []
        if path.suffix == ".ipynb":
            notebook = json.loads(text)
            text = "\n".join(_strings_in(notebook))
            codes = list(_code_cells(notebook))
        handed_out = {squeeze(line) for line in text.splitlines()}
        for line in sorted(handed_out & telling.keys()):
            yield f"{place} shows a line of the reference's {telling[line]}: {line}"
        for code in codes:
            for layer_name, used in names_in_classes(code).items():
                for name in sorted(used & names.get(layer_name, set())):
                    yield f"{place} uses a name of the reference's {layer_name}: {name}"


def given_names(text: str) -> set[str]:
    """Return the names that function bodies give to values and helpers; arguments are no secret."""
    found: set[str] = set()
    known = {"__init__", "forward", "_"}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
            known |= {argument.arg for argument in node.args.args}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found - known


def names_in_classes(code: str) -> dict[str, set[str]]:
    """Return, by class, the names in its functions; {} for what is no Python (a magic, say)."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return {}
    found: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            inner = list(ast.walk(node))
            used = {part.id for part in inner if isinstance(part, ast.Name)}
            used |= {part.attr for part in inner if isinstance(part, ast.Attribute)}
            used |= {part.name for part in inner if isinstance(part, ast.FunctionDef)}
            found[node.name] = used
    return found


def _code_cells(notebook: dict[str, object]) -> Iterator[str]:
    cells = notebook.get("cells")
    for cell in cells if isinstance(cells, list) else []:
        if cell.get("cell_type") == "code":
            source = cell.get("source", "")
            yield source if isinstance(source, str) else "".join(source)


def _strings_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings_in(inner)


def squeeze(line: str) -> str:
    """Return a line of code without its comment's shape notes and without any white space."""
    return "".join(line.partition("  #")[0].split())


def body_lines(text: str) -> set[str]:
    """Return the code lines inside function bodies, squeezed; docstrings and super() left out."""
    lines = text.splitlines()
    found = set()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef):
            continue
        for statement in node.body:
            is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            if is_text or ast.unparse(statement).startswith("super().__init__("):
                continue
            for number in range(statement.lineno, (statement.end_lineno or statement.lineno) + 1):
                line = squeeze(lines[number - 1])
                if len(line) >= _TELLING_CHARS_MIN and not line.startswith("#"):
                    found.add(line)
    return found
