"""Which expressions of a notebook are plain: as cheap and as harmless as a literal.

Runs inside the sandbox; looks at syntax only.
"""

import ast
from collections.abc import Collection, Iterable, Iterator

# Calls that are as cheap and as harmless as a literal; anything else may train for hours.
_PLAIN_CALLS = {
    "int", "float", "bool", "str", "len", "min", "max", "abs", "round", "sum", "range", "pow",
    "tuple", "list", "dict", "set", "frozenset", "object", "type", "super", "partial",
    "enumerate", "zip", "sorted", "reversed", "any", "all", "hasattr", "getattr", "isinstance",
    "functools.partial", "namedtuple", "collections.namedtuple", "TypeVar", "typing.TypeVar",
    "NewType", "SimpleNamespace", "types.SimpleNamespace", "Namespace", "argparse.Namespace",
    "Path", "pathlib.Path", "json.loads", "copy.copy", "copy.deepcopy", "deepcopy", "divmod",
    "vars", "slice", "dataclasses.make_dataclass", "make_dataclass", "dataclasses.replace",
    "dataclasses.asdict", "asdict", "argparse.ArgumentParser", "ArgumentParser",
    "torch.device", "torch.cuda.is_available", "torch.backends.mps.is_available",
    "torch.finfo", "torch.iinfo", "torch.tensor", "torch.arange",
    "torch.sqrt", "torch.exp", "torch.log", "torch.jit.script", "torch.zeros", "torch.ones",
    "torch.full", "torch.eye", "torch.linspace", "torch.tril", "torch.triu",
    "logging.getLogger", "getLogger",
    "warnings.catch_warnings", "contextlib.suppress", "suppress", "torch.no_grad",
}  # fmt: skip
# Calls that make a class.
_CLASS_MAKERS = {"namedtuple", "collections.namedtuple", "make_dataclass",
                 "dataclasses.make_dataclass", "type", "NewType", "typing.NewType"}  # fmt: skip
_PLAIN_PREFIXES = ("math.", "np.", "numpy.", "nn.", "torch.nn.", "torch.cuda.is_", "os.environ.")
_NEVER_PLAIN = (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)


class PlainValues:
    """What a notebook may be asked for without running much, seen from all its statements."""

    def __init__(
        self, statements: Iterable[ast.stmt], definitions: Iterable[ast.ClassDef | ast.FunctionDef]
    ) -> None:
        made = {name: value for s in statements for name, value in _assigned_calls(s)}
        self._classes = {definition.name for definition in definitions}
        self._classes |= {
            n for n, value in made.items() if _dotted_name(value.func) in _CLASS_MAKERS
        }
        # What a call of a library's has made is asked for no more than it holds.
        self._values = {name for name, value in made.items() if _is_plain(value, set())}

    def is_plain(self, expression: ast.expr | None) -> bool:
        """Whether an expression, where there is one, is plain."""
        return expression is None or _is_plain(expression, self._classes, self._values)


def _assigned_calls(statement: ast.stmt) -> Iterator[tuple[str, ast.Call]]:
    """Yield what a statement assigns the result of a call to."""
    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield target.id, statement.value


def _is_plain(
    expression: ast.expr, classes: set[str], values: Collection[str] = frozenset()
) -> bool:
    pending: list[ast.AST] = [expression]
    while pending:
        node = pending.pop()
        if isinstance(node, _NEVER_PLAIN):
            return False
        if isinstance(node, ast.Lambda):
            # A function like any other: its body does not run here, its defaults do.
            pending.append(node.args)
            continue
        if isinstance(node, ast.Call) and not (
            _is_plain_call(node.func, classes) or _asks_a_value(node, values)
        ):
            return False
        pending += ast.iter_child_nodes(node)
    return True


def _asks_a_value(call: ast.Call, values: Collection[str]) -> bool:
    """Whether a call is a method of a value that stands there or was made by a plain call.

    A parser of arguments that is given none would read the command line of this process.
    """
    if not isinstance(call.func, ast.Attribute):
        return False
    if call.func.attr.startswith("parse_") and not (call.args or call.keywords):
        return False
    owner = call.func.value
    if isinstance(owner, ast.Name):
        return owner.id in values
    return isinstance(owner, ast.Call) and _is_plain(owner, set())


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
