"""Choose which statements of a notebook are needed to define the exercise's classes.

Runs inside the sandbox; looks at syntax only. The principle: start from the names wanted, take
the imports, definitions and plain constants that bind them, then the names those use, and so on.
What no wanted class needs (downloads, training, plots) is never run, however it is written. Of an
``if``, ``try`` or ``with`` only what may run is taken: the rest costs the names it sets.
"""

import ast
import builtins
import symtable
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from autograder.untrusted.bindings import (
    bound_names,
    changed_names,
    decorator_names,
    filled_names,
    names_it_may_change,
    names_it_may_set,
    only_imports,
)
from autograder.untrusted.plain_values import PlainValues
from autograder.untrusted.sources import Source
from autograder.untrusted.units import Unit

_Block = TypeVar("_Block", ast.If, ast.Try, ast.With, ast.ExceptHandler)


@dataclass(frozen=True)
class Selection:
    """What of a source is run, in order, and what of the rest would be missed."""

    statements: list[tuple[Unit, ast.stmt]]
    # By name, where something that is not run would set it, or change the class of that name.
    unset: dict[str, str]
    unchanged: dict[str, str]


def select_statements(
    source: Source, wanted: Iterable[str], known: Collection[str] = ()
) -> Selection:
    """Return the statements of ``source`` that defining ``wanted`` takes.

    Names that are ``known`` are there without it.
    """
    everything = list(source.statements())
    taken, needed = _take(everything, wanted, known)
    bound = _may_be_set(taken.values())
    unset: dict[str, str] = {}
    unchanged: dict[str, str] = {}
    for index, (unit, statement) in enumerate(everything):
        if index not in taken or taken[index][1] is not statement:
            unset |= dict.fromkeys(names_it_may_set(statement) & (needed - bound), unit.label)
            unchanged |= dict.fromkeys(names_it_may_change(statement) & needed, unit.label)
    return Selection(_in_order(source, taken), unset, unchanged)


def what_may_run(source: Source, wanted: Iterable[str]) -> list[ast.stmt]:
    """Return the statements of ``source`` that defining ``wanted`` may take."""
    taken, _ = _take(list(source.statements()), wanted, ())
    return [statement for _, statement in taken.values()]


def _take(
    everything: Sequence[tuple[Unit, ast.stmt]], wanted: Iterable[str], known: Collection[str]
) -> tuple[dict[int, tuple[Unit, ast.stmt]], set[str]]:
    """Return what is needed of the statements, by number, and the names it needs."""
    definitions = [s for _, s in everything if isinstance(s, ast.ClassDef | ast.FunctionDef)]
    plain = PlainValues([statement for _, statement in everything], definitions).is_plain
    registries = _Registries(everything, definitions)

    def touched_by(statement: ast.stmt) -> frozenset[str]:
        names = bound_names(statement) | changed_names(statement)
        return names | registries.filled_by(statement)

    touched = [touched_by(statement) for _, statement in everything]
    needed = set(wanted)
    taken: dict[int, tuple[Unit, ast.stmt]] = {}
    grown = True
    while grown:
        grown = False
        for index, (unit, statement) in enumerate(everything):
            if index in taken or not touched[index] & needed:
                continue
            kept = _what_may_run(statement, plain)
            if kept is None or not touched_by(kept) & needed:
                continue
            taken[index] = (unit, kept)
            needed |= _names_from_outside(kept)
            grown = True
    unbound = needed - _may_be_set(taken.values()) - set(known)
    missing = {name for name in unbound if not hasattr(builtins, name)}
    stars = {i: pair for i, pair in enumerate(everything) if i not in taken and "*" in touched[i]}
    return {**taken, **_choose_stars(stars, needed, missing)}, needed


def _may_be_set(pairs: Iterable[tuple[Unit, ast.stmt]]) -> set[str]:
    return {name for _, statement in pairs for name in names_it_may_set(statement)}


def _choose_stars(
    stars: Mapping[int, tuple[Unit, ast.stmt]], needed: set[str], missing: set[str]
) -> dict[int, tuple[Unit, ast.stmt]]:
    """Return the star imports that bring what is needed, or may bring what is missing.

    What a module holds that is here already, as torch is, can be looked up. Another one is run for
    what nothing else brings, and not before: to import a large package takes a minute.
    """
    offers = {index: _offered_by_star(statement) for index, (_, statement) in stars.items()}
    chosen = {index for index, offered in offers.items() if offered & needed}
    if missing.difference(*(offers[index] for index in chosen)):
        chosen |= {index for index, offered in offers.items() if not offered}
    return {index: stars[index] for index in chosen}


def _offered_by_star(statement: ast.stmt) -> set[str]:
    """Return what a star import brings, where its module is imported already."""
    if not isinstance(statement, ast.ImportFrom) or statement.level:
        return set()
    module = sys.modules.get(statement.module or "")
    return set(dir(module)) if module is not None else set()


def _in_order(
    source: Source, taken: Mapping[int, tuple[Unit, ast.stmt]]
) -> list[tuple[Unit, ast.stmt]]:
    """Return what is taken in the order of execution.

    In a notebook an import may stand in a cell below the classes that has run before them: those
    whose names nothing but imports sets go first.
    """
    chosen = [taken[index] for index in sorted(taken)]
    if not source.is_notebook:
        return chosen
    otherwise = {name for _, s in chosen if not only_imports(s) for name in bound_names(s)}
    first: list[tuple[Unit, ast.stmt]] = []
    later: list[tuple[Unit, ast.stmt]] = []
    for unit, statement in chosen:
        names = bound_names(statement)
        early = only_imports(statement) and "*" not in names and not names & otherwise
        (first if early else later).append((unit, statement))
    return first + later


class _Registries:
    """What a notebook's own decorators write down: ``@register("gelu")``, ``@PARTS.add``."""

    def __init__(
        self, statements: Iterable[tuple[Unit, ast.stmt]], definitions: Iterable[ast.stmt]
    ) -> None:
        assigned = (s for _, s in statements if isinstance(s, ast.Assign | ast.AnnAssign))
        self._objects = {name for statement in assigned for name in bound_names(statement)}
        self._filled = {
            name: filled_names(definition) & self._objects
            for definition in definitions
            for name in bound_names(definition)
        }

    def filled_by(self, statement: ast.stmt) -> set[str]:
        """Return the names of the objects that the decorators of a definition may fill."""
        names = decorator_names(statement)
        return (names & self._objects).union(*(self._filled.get(name, ()) for name in names))


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
            # A function that only sets a global, or adds to it, speaks of the module's own too.
            if (symbol.is_referenced() and (symbol.is_global() or not inside))
            or symbol.is_declared_global()
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
