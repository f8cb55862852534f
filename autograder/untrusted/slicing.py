"""Choose which statements of a notebook are needed to define the exercise's classes.

Runs inside the sandbox; looks at syntax only. The principle: start from the names wanted, take
the imports, definitions and plain constants that bind them, then the names those use, and so on.
What no wanted class needs (downloads, training, plots) is never run, however it is written. Of an
``if``, ``try`` or ``with`` only what may run is taken: the rest costs the names it sets.
"""

import ast
import symtable
from collections.abc import Callable, Iterable
from typing import TypeVar

from autograder.untrusted.sources import Source, Unit, bound_names, changed_names

# Calls that are as cheap and as harmless as a literal; anything else may train for hours.
_PLAIN_CALLS = {
    "int", "float", "bool", "str", "len", "min", "max", "abs", "round", "sum", "range", "pow",
    "tuple", "list", "dict", "set", "frozenset", "object", "type", "super", "partial",
    "enumerate", "zip", "sorted", "reversed", "any", "all", "hasattr", "getattr", "isinstance",
    "functools.partial", "namedtuple", "collections.namedtuple", "TypeVar", "typing.TypeVar",
    "NewType", "SimpleNamespace", "types.SimpleNamespace", "Namespace", "argparse.Namespace",
    "Path", "pathlib.Path",
    "torch.device", "torch.cuda.is_available", "torch.backends.mps.is_available",
    "torch.finfo", "torch.iinfo", "torch.tensor", "torch.arange",
    "torch.sqrt", "torch.exp", "torch.log", "torch.jit.script",
    "logging.getLogger", "getLogger",
    "warnings.catch_warnings", "contextlib.suppress", "suppress", "torch.no_grad",
}  # fmt: skip
_PLAIN_PREFIXES = ("math.", "np.", "numpy.", "nn.", "torch.nn.", "torch.cuda.is_", "os.environ.")
_NEVER_PLAIN = (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)

_Block = TypeVar("_Block", ast.If, ast.Try, ast.With, ast.ExceptHandler)


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
    taken: dict[int, tuple[Unit, ast.stmt]] = {}
    left_out: dict[str, str] = {}
    grown = True
    while grown:
        grown = False
        for index, (unit, statement) in enumerate(everything):
            if index in taken:
                continue
            names = _touched_names(statement)
            if "*" not in names and not names & needed:
                continue
            kept = _what_may_run(statement, plain)
            kept_names = _touched_names(kept) if kept is not None else set()
            left_out.update(dict.fromkeys((names - kept_names) & needed, unit.label))
            if kept is None or ("*" not in kept_names and not kept_names & needed):
                continue
            taken[index] = (unit, kept)
            used = _names_from_outside(kept)
            grown = grown or bool(used - needed) or "*" not in kept_names
            needed |= used
    bound = {name for _, statement in taken.values() for name in bound_names(statement)}
    missing = {name: label for name, label in left_out.items() if name not in bound}
    return [taken[index] for index in sorted(taken)], missing


def _touched_names(statement: ast.stmt) -> set[str]:
    return bound_names(statement) | changed_names(statement)


def _names_from_outside(statement: ast.stmt) -> set[str]:
    """Return the names a statement takes from its module: not those local to its functions."""
    try:
        table = symtable.symtable(ast.unparse(statement), "statement", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # It will not compile either; what is wrong with it is said there.
        return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    names: set[str] = set()
    pending = [table]
    while pending:
        table = pending.pop()
        pending += table.get_children()
        inside = table.get_type() == "function"
        names |= {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_referenced() and (symbol.is_global() or not inside)
        }
    return names


def _what_may_run(statement: ast.stmt, plain: Callable[[ast.expr | None], bool]) -> ast.stmt | None:
    """Return the statement, or what is left of a compound one, or None."""
    if isinstance(
        statement,
        ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
    ):
        return statement
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return statement if plain(statement.value) else None
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        # It changes a class or a container: of what it calls, only the arguments are in question.
        call = statement.value
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        return statement if changed_names(statement) and all(map(plain, given)) else None
    if isinstance(statement, ast.If):
        return _thinned(statement, plain) if plain(statement.test) else None
    if isinstance(statement, ast.With):
        managers = [item.context_expr for item in statement.items]
        return _thinned(statement, plain) if all(map(plain, managers)) else None
    return _thinned(statement, plain) if isinstance(statement, ast.Try) else None


def _thinned(block: _Block, plain: Callable[[ast.expr | None], bool]) -> _Block:
    """Return a compound statement with only what may run inside."""
    fields = dict(ast.iter_fields(block))
    for name in ("body", "orelse", "finalbody"):
        if fields.get(name):
            kept = [_what_may_run(inner, plain) for inner in fields[name]]
            nothing = ast.copy_location(ast.Pass(), fields[name][0])
            fields[name] = [inner for inner in kept if inner is not None] or [nothing]
    if isinstance(block, ast.Try):
        fields["handlers"] = [_thinned(handler, plain) for handler in block.handlers]
    return ast.copy_location(type(block)(**fields), block)


def _is_plain(expression: ast.expr, classes: set[str]) -> bool:
    pending: list[ast.AST] = [expression]
    while pending:
        node = pending.pop()
        if isinstance(node, _NEVER_PLAIN):
            return False
        if isinstance(node, ast.Lambda):
            # A function like any other: its body does not run here, its defaults do.
            pending.append(node.args)
            continue
        if isinstance(node, ast.Call) and not _is_plain_call(node.func, classes):
            return False
        pending += ast.iter_child_nodes(node)
    return True


def _is_plain_call(function: ast.expr, classes: set[str]) -> bool:
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Constant):
        return True  # a method of a text or number that stands there
    name = _dotted_name(function)
    own = name.partition(".")[0] in classes
    return own or name in _PLAIN_CALLS or name.startswith(_PLAIN_PREFIXES)


def _dotted_name(node: ast.expr) -> str:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return "?"
    return ".".join([node.id, *reversed(parts)])
