"""One piece of source that is parsed as a whole, and what its statements are.

Runs inside the sandbox. Parses hostile text and executes none.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

# What git writes between two versions of a file that it could not merge.
_UNMERGED = re.compile(r"^<{7} ", re.MULTILINE)


@dataclass
class Unit:
    """One piece of source that is parsed as a whole: a .py file or one notebook cell."""

    path: str
    label: str
    text: str
    statements: list[ast.stmt] = field(default_factory=list)
    problem: str = ""
    cell: int | None = None
    future_flags: int = 0


def parse_unit(unit: Unit) -> Unit:
    """Parse ``unit.text`` into statements, or leave one sentence in ``unit.problem``."""
    try:
        tree = ast.parse(unit.text, filename=unit.label)
    except SyntaxError as error:
        where = f", line {error.lineno}" if error.lineno else ""
        unit.problem = f"{unit.label}{where}: {type(error).__name__}: {error.msg}"
        unmerged = _UNMERGED.search(unit.text)
        if unmerged:
            number = unit.text.count("\n", 0, unmerged.start()) + 1
            unit.problem = (
                f"{unit.label}, line {number}: two versions stand here side by side, as git leaves "
                "them ( <<<<<<< ): keep one"
            )
    except (ValueError, RecursionError, MemoryError) as error:
        unit.problem = f"{unit.label} cannot be parsed: {type(error).__name__}: {error}"
    else:
        unit.statements = list(_with_imports_apart(tree.body))
        unit.future_flags = _future_flags(tree.body)
    return unit


def _with_imports_apart(statements: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements, each import by itself: one that fails costs what needs it, no other.

    Also where several stand in one ``try`` that asks for nothing but whether they are there.
    """
    for statement in statements:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield ast.copy_location(ast.Import([alias]), statement)
        elif isinstance(statement, ast.Try) and _tries_imports(statement):
            for single in _with_imports_apart(statement.body):
                alone = ast.Try([single], statement.handlers, [], [])
                yield ast.copy_location(alone, statement)
        else:
            yield statement


def _tries_imports(statement: ast.Try) -> bool:
    only = all(isinstance(inner, ast.Import | ast.ImportFrom) for inner in statement.body)
    return only and not statement.orelse and not statement.finalbody


def _future_flags(statements: Iterable[ast.stmt]) -> int:
    import __future__

    names = [
        alias.name
        for statement in statements
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        for alias in statement.names
    ]
    flags = 0
    for name in names:
        flags |= getattr(getattr(__future__, name, None), "compiler_flag", 0)
    return flags
