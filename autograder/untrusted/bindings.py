"""What a statement does to names: which it binds, which objects it changes, which it may set.

Runs inside the sandbox; looks at syntax only.
"""

import ast
import functools
from collections.abc import Container, Iterator, Mapping

_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
# Each class is looked for in each source, so the same is asked of a statement many times.
_once_each = functools.cache


@_once_each
def class_statements(statement: ast.stmt) -> Mapping[str, ast.ClassDef]:
    """Return the classes a top-level statement defines, also inside ``if``, ``try``, ``with``."""
    found: dict[str, ast.ClassDef] = {}
    if isinstance(statement, ast.ClassDef):
        found[statement.name] = statement
    for body in nested_bodies(statement):
        for inner in body:
            found.update(class_statements(inner))
    return found


def nested_bodies(statement: ast.stmt) -> list[list[ast.stmt]]:
    """Return the blocks of a compound statement that run at the top level of a module."""
    if isinstance(statement, ast.If):
        return [statement.body, statement.orelse]
    if isinstance(statement, ast.Try):
        handlers = [handler.body for handler in statement.handlers]
        return [statement.body, *handlers, statement.orelse, statement.finalbody]
    if isinstance(statement, ast.With):
        return [statement.body]
    return []


@_once_each
def bound_names(statement: ast.stmt) -> frozenset[str]:
    """Return the module-level names a statement binds; ``*`` for a star import."""
    if isinstance(statement, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        return frozenset({statement.name})
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return frozenset(alias.asname or alias.name.split(".")[0] for alias in statement.names)
    if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        nodes = (node for target in targets for node in ast.walk(target))
        return frozenset(node.id for node in nodes if isinstance(node, ast.Name))
    inside = (inner for body in nested_bodies(statement) for inner in body)
    return frozenset(name for inner in inside for name in bound_names(inner))


# Methods of dict, list and set that put something in.
_FILLING_METHODS = {"add", "add_argument", "append", "extend", "insert", "setdefault", "update"}


@_once_each
def changed_names(statement: ast.stmt) -> frozenset[str]:
    """Return the names whose object a statement changes without binding them.

    A class that gets a method later (``setattr(Net, "forward", f)``, a function under
    ``@add_to_class(Net)``), a container that is filled.
    """
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        calls = [node for node in statement.decorator_list if isinstance(node, ast.Call)]
        given = [value for call in calls for value in _given_to(call)]
        if statement.decorator_list and statement.args.args:
            # As in fastcore: ``@patch def forward(self: Net, x)``.
            given += [statement.args.args[0].annotation]
        return frozenset(value.id for value in given if isinstance(value, ast.Name))
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return frozenset(_changed_by_call(statement.value))
    inner = [line for body in nested_bodies(statement) for line in body]
    return frozenset(name for line in inner for name in changed_names(line))


def _changed_by_call(call: ast.Call) -> set[str]:
    if isinstance(call.func, ast.Attribute) and call.func.attr in _FILLING_METHODS:
        owner: ast.expr | None = call.func.value
    elif isinstance(call.func, ast.Name) and call.func.id == "setattr" and call.args:
        owner = call.args[0]
    else:
        owner = None
    return {owner.id} if isinstance(owner, ast.Name) else set()


def changes_only(statement: ast.stmt, names: Container[str]) -> bool:
    """Whether all that a statement does is to change the object behind one of ``names``."""
    if isinstance(statement, ast.Assign):
        return all(
            isinstance(target, ast.Attribute)
            and isinstance(target.value, ast.Name)
            and target.value.id in names
            for target in statement.targets
        )
    if nested_bodies(statement):
        return False
    return any(name in names for name in changed_names(statement))


def _given_to(call: ast.Call) -> list[ast.expr | None]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def only_imports(statement: ast.stmt) -> bool:
    """Whether a statement only imports (also inside ``try`` and ``if``)."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return True
    blocks = nested_bodies(statement)
    return bool(blocks) and all(only_imports(inner) for block in blocks for inner in block)


def binds_by_import(statement: ast.stmt, name: str) -> bool:
    """Whether whatever binds ``name`` in a statement is an import, also inside ``try``."""
    bodies = nested_bodies(statement)
    if not bodies:
        return isinstance(statement, ast.Import | ast.ImportFrom)
    binding = [line for body in bodies for line in body if name in bound_names(line)]
    return all(binds_by_import(line, name) for line in binding)


def decorator_names(statement: ast.stmt) -> set[str]:
    """Return the names that the decorators of a definition begin with."""
    found: set[str] = set()
    if isinstance(statement, _DEFINITIONS):
        for decorator in statement.decorator_list:
            node: ast.expr = decorator
            while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
                node = node.func if isinstance(node, ast.Call) else node.value
            found |= {node.id} if isinstance(node, ast.Name) else set()
    return found.union(*(decorator_names(s) for body in nested_bodies(statement) for s in body))


def filled_names(definition: ast.stmt) -> set[str]:
    """Return the names whose object a function or class fills or changes when it is called."""
    found: set[str] = set()
    for node in ast.walk(definition):
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
            found |= {node.value.id} if isinstance(node.value, ast.Name) else set()
        elif isinstance(node, ast.Call):
            found |= _changed_by_call(node)
    return found


def names_it_may_set(statement: ast.stmt) -> set[str]:
    """Return the module-level names that running a statement may set, in whatever way."""
    return {name for node in _outer_nodes(statement) for name in _names_set_by(node)}


def names_it_may_change(statement: ast.stmt) -> set[str]:
    """Return the names whose object may get an attribute, also by way of a loop's variable."""
    found: set[str] = set()
    loops: list[ast.For] = []
    for node in _outer_nodes(statement):
        owner: ast.AST | None = None
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            owner = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            owner = node.args[0] if node.func.id == "setattr" else None
        elif isinstance(node, ast.For):
            loops.append(node)
        found |= {owner.id} if isinstance(owner, ast.Name) else set()
    for loop in reversed(loops):
        found |= _names_in(loop.iter) if found & _names_in(loop.target) else set()
    return found


def _names_in(expression: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)}


def _outer_nodes(statement: ast.stmt) -> Iterator[ast.AST]:
    """Yield what of a statement runs in the module itself: no bodies of functions and classes."""
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, _DEFINITIONS):
            pending += node.decorator_list
        elif isinstance(node, _COMPREHENSIONS):
            # Its own variables are no one else's; what := sets inside is.
            pending += [inner for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr)]
        elif not isinstance(node, ast.Lambda):
            pending += ast.iter_child_nodes(node)


def _names_set_by(node: ast.AST) -> set[str]:
    if isinstance(node, _DEFINITIONS):
        # Its own name, and those it sets in the module when it is called.
        inside = (inner for inner in ast.walk(node) if isinstance(inner, ast.Global))
        return {node.name}.union(*(declared.names for declared in inside))
    if isinstance(node, ast.Import | ast.ImportFrom):
        return set(bound_names(node))
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return {node.id}
    if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
        return {node.name}
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
        return _texts(node.slice) if _is_namespace(node.value) else set()
    if isinstance(node, ast.Call):
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        given = {keyword.arg for keyword in node.keywords if keyword.arg}
        return given.union(*map(_texts, node.args)) if _is_namespace(owner) else set()
    return set()


def _is_namespace(node: ast.expr | None) -> bool:
    """Whether an expression is the module's own table of names."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("globals", "locals", "vars")
    )


def _texts(node: ast.expr) -> set[str]:
    constants = (inner for inner in ast.walk(node) if isinstance(inner, ast.Constant))
    return {constant.value for constant in constants if isinstance(constant.value, str)}
