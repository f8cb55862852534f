"""What the text of a class tells: its arguments, what it keeps of them, what else it offers.

Runs inside the sandbox and executes nothing: the class need not load for this to be known.
"""

import ast
from collections.abc import Iterator
from typing import TypeGuard

from autograder.untrusted.bindings import class_statements
from autograder.untrusted.module_names import Sources
from autograder.untrusted.sources import Source

# Methods of a module that set what is named first.
_SETTING = ("register_buffer", "register_parameter", "register_module", "add_module")


def declared_arguments(source: Source, name: str, method: str) -> tuple[str, ...] | None:
    """Return the argument names a class declares for a method, without self; None if it does not.

    A "*" among them stands for any number of others. Read from the text: the class need not load
    for its signature to be known.
    """
    found: tuple[str, ...] | None = None
    for _, statement in source.statements():
        definition = class_statements(statement).get(name)
        for node in definition.body if definition else ():
            if isinstance(node, ast.FunctionDef) and node.name == method:
                placed = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
                anything = node.args.vararg or node.args.kwarg or node.decorator_list
                others = ["*"] if anything else []
                named = [argument.arg for argument in node.args.kwonlyargs]
                found = (*placed[1:], *others, *named)
    return found


def kept_arguments(source: Source, name: str) -> dict[str, str]:
    """Return, by attribute, the constructor arguments a class keeps: ``self.width = width``."""
    found: dict[str, str] = {}
    for _, statement in source.statements():
        definition = class_statements(statement).get(name)
        for method in definition.body if definition else ():
            if not isinstance(method, ast.FunctionDef) or method.name != "__init__":
                continue
            for line in method.body:
                if isinstance(line, ast.Assign) and isinstance(line.value, ast.Name):
                    own = [t for t in line.targets if _is_own_attribute(t)]
                    found |= {target.attr: line.value.id for target in own}
    return found


def _is_own_attribute(target: ast.expr) -> TypeGuard[ast.Attribute]:
    return (
        isinstance(target, ast.Attribute)
        and isinstance(target.value, ast.Name)
        and target.value.id == "self"
    )


def offered_names(sources: Sources, source: Source, name: str) -> tuple[str, ...]:
    """Return what a class defines in its body or sets on itself, bases of the submission's too."""
    seen: set[str] = set()
    offered: set[str] = set()
    pending = list(_definitions(source, name))
    while pending:
        definition = pending.pop()
        offered |= _set_on_itself(definition)
        for statement in definition.body:
            if isinstance(statement, ast.FunctionDef | ast.ClassDef):
                offered.add(statement.name)
            elif isinstance(statement, ast.Assign):
                offered |= {t.id for t in statement.targets if isinstance(t, ast.Name)}
            elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
                offered |= (
                    {statement.target.id} if isinstance(statement.target, ast.Name) else set()
                )
        bases = {ast.unparse(base).rpartition(".")[2] for base in definition.bases} - seen
        seen |= bases
        pending += [
            found
            for base in bases - {"Module", "object"}
            for path in sources.by_path
            for found in _definitions(sources.by_path[path], base)
        ]
    return tuple(sorted(offered))


def _set_on_itself(definition: ast.ClassDef) -> set[str]:
    """Return the names of ``self.word = ...`` and of ``self.register_buffer("word", ...)``."""
    found: set[str] = set()
    for node in ast.walk(definition):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found |= {node.attr} if _is_own_attribute(node) else set()
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = node.args[0] if node.args and node.func.attr in _SETTING else None
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                found.add(name.value)
    return found


def _definitions(source: Source, name: str) -> Iterator[ast.ClassDef]:
    for _, statement in source.statements():
        definition = class_statements(statement).get(name)
        if definition is not None:
            yield definition
