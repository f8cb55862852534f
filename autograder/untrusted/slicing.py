"""Choose which statements of a notebook are needed to define the exercise's classes.

Runs inside the sandbox; looks at syntax only. The principle: start from the names wanted, take
the imports, definitions and plain constants that bind them, then the names those use, and so on.
What no wanted class needs (downloads, training, plots) is never run, however it is written.
"""

import ast
from collections.abc import Callable, Iterable

from autograder.untrusted.sources import Source, Unit, bound_names, nested_bodies

# Calls that are as cheap and as harmless as a literal; anything else may train for hours.
_PLAIN_CALLS = {
    "int", "float", "bool", "str", "len", "min", "max", "abs", "round", "sum", "range", "pow",
    "tuple", "list", "dict", "set", "frozenset", "object", "type", "super", "partial",
    "functools.partial", "namedtuple", "collections.namedtuple", "TypeVar", "typing.TypeVar",
    "NewType", "SimpleNamespace", "types.SimpleNamespace", "Path", "pathlib.Path",
    "torch.device", "torch.cuda.is_available", "torch.backends.mps.is_available",
    "torch.finfo", "torch.iinfo", "torch.tensor", "torch.arange",
    "logging.getLogger", "getLogger",
}  # fmt: skip
_PLAIN_PREFIXES = ("math.", "np.", "numpy.", "nn.", "torch.nn.", "torch.cuda.is_", "os.environ.")
_NEVER_PLAIN = (
    ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr, ast.ListComp, ast.SetComp, ast.DictComp,
    ast.GeneratorExp,
)  # fmt: skip


def select_statements(
    source: Source, wanted: Iterable[str]
) -> tuple[list[tuple[Unit, ast.stmt]], dict[str, str]]:
    """Return the statements of ``source`` that defining ``wanted`` takes, in order.

    The second value tells, for each name that is needed but set by something that is not run,
    the label of the file or cell that sets it.
    """
    everything = list(source.statements())
    classes = {
        name for _, s in everything if isinstance(s, ast.ClassDef | ast.FunctionDef)
        for name in bound_names(s)
    }  # fmt: skip

    def plain(expression: ast.expr | None) -> bool:
        return expression is None or _is_plain(expression, classes)

    needed = set(wanted)
    taken: set[int] = set()
    left_out: dict[str, str] = {}
    grown = True
    while grown:
        grown = False
        for index, (unit, statement) in enumerate(everything):
            if index in taken:
                continue
            names = bound_names(statement)
            if "*" not in names and not names & needed:
                continue
            if not _may_run(statement, plain):
                left_out.update(dict.fromkeys(names & needed, unit.label))
                continue
            taken.add(index)
            used = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
            grown = grown or bool(used - needed) or "*" not in names
            needed |= used
    bound = {name for index in taken for name in bound_names(everything[index][1])}
    missing = {name: label for name, label in left_out.items() if name not in bound}
    return [everything[index] for index in sorted(taken)], missing


def _may_run(statement: ast.stmt, plain: Callable[[ast.expr | None], bool]) -> bool:
    if isinstance(
        statement,
        ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
    ):
        return True
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return plain(statement.value)
    if isinstance(statement, ast.If):
        if not plain(statement.test):
            return False
    elif not isinstance(statement, ast.Try):
        return False
    return all(
        _may_run(inner, plain) or _is_idle(inner)
        for body in nested_bodies(statement)
        for inner in body
    )


def _is_idle(statement: ast.stmt) -> bool:
    """Whether a statement inside ``if`` or ``try`` does nothing that matters: pass, print, text."""
    if isinstance(statement, ast.Pass):
        return True
    if not isinstance(statement, ast.Expr):
        return False
    call = statement.value
    if isinstance(call, ast.Constant):
        return True
    return (
        isinstance(call, ast.Call)
        and _dotted_name(call.func) == "print"
        and all(isinstance(argument, ast.Constant) for argument in call.args)
    )


def _is_plain(expression: ast.expr, classes: set[str]) -> bool:
    for node in ast.walk(expression):
        if isinstance(node, _NEVER_PLAIN):
            return False
        if isinstance(node, ast.Call):
            name = _dotted_name(node.func)
            if name in classes or name in _PLAIN_CALLS or name.startswith(_PLAIN_PREFIXES):
                continue
            return False
    return True


def _dotted_name(node: ast.expr) -> str:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return "?"
    return ".".join([node.id, *reversed(parts)])
