"""Whether a submission keeps to itself: by its text, before any of it runs.

Runs inside the sandbox, and only parses. The classes of a submission that does are asked side by
side in one process, which is cheap; those of any other in a process each. To change what another
class computes, a module has to exchange something that both use: set an attribute of an object that
is not its own, fill a table of Python's or of torch's, or go through names that lead behind
everybody's back. Every such way has a form in the text. Ordinary layers need none of them; one that
does is no worse for it, and costs its own process.
"""

import ast
import functools
import itertools
from collections.abc import Iterable, Iterator

from autograder.untrusted.bindings import bound_names
from autograder.untrusted.module_names import Sources
from autograder.untrusted.slicing import what_may_run
from autograder.untrusted.sources import Source

# Modules and attributes by which one reaches what belongs to others, whatever they stand behind.
_LEADING_OUT = frozenset(
    """
    sys os gc ctypes inspect importlib imp builtins threading multiprocessing concurrent asyncio
    signal types weakref traceback tracemalloc unittest mock pytest pickle marshal code codeop runpy
    operator contextlib atexit resource faulthandler dis ast site pkgutil zipimport linecache pdb
    bdb trace cProfile autograder safetensors subprocess socket mmap shutil pathlib
    attrgetter methodcaller update_wrapper hub library overrides mro
    f_back f_globals f_locals f_builtins f_code tb_frame gi_frame gi_code cr_frame ag_frame
    """.split()
)
# Python's own functions for that; as names of methods (``model.eval()``) they are others.
_BUILT_IN = frozenset(
    "setattr delattr exec eval compile globals locals vars breakpoint open memoryview".split()
)
_LEADING_OUT_BEGIN = ("set_", "register_module_", "ctypes", "gc_", "enter_context")
_HARMLESS = frozenset(
    "__init__ __name__ __qualname__ __version__ __class__ __call__ __len__ __all__ __file__ "
    "__future__ __main__ __doc__".split()
)
# What a method calls the object it works on, and an autograd function what it keeps things in.
_OWN_OBJECT = frozenset({"self", "ctx"})


def keeps_to_itself(
    sources: Sources, class_names: Iterable[str], places: Iterable[str | None]
) -> bool:
    """Whether nothing that can be run of a submission could change what its other classes compute.

    That is the sources that define the classes (``places``), what they import, and of a notebook
    what ``class_names`` need.
    """
    names = list(class_names)
    try:
        return all(_keeps_to_itself(source, names) for source in _what_runs(sources, places))
    except RecursionError:
        return False


def _what_runs(sources: Sources, places: Iterable[str | None]) -> Iterator[Source]:
    """Yield the sources of the classes and all that an import in one of them can mean."""
    always = (path for path in sources.by_path if path.rpartition("/")[2] == "__init__.py")
    waiting = {path for path in (*places, *always) if path is not None}
    done: set[str] = set()
    while waiting:
        path = waiting.pop()
        done.add(path)
        source = sources.by_path[path]
        yield source
        meant = {
            part
            for statement in _imports(statement for _, statement in source.statements())
            for part in _imported_parts(statement)
        }
        by_stem = (p for p in sources.by_path if p.rpartition("/")[2].partition(".")[0] in meant)
        waiting.update(set(by_stem) - done)


def _keeps_to_itself(source: Source, names: list[str]) -> bool:
    statements = [statement for _, statement in source.statements()]
    if source.only_definitions:
        statements = what_may_run(source, names)
    own = {s.name for s in statements if isinstance(s, ast.ClassDef)}
    imported = {name for s in _imports(statements) for name in bound_names(s)}
    return not any(_reaches_out(node, own, imported) for node in _walk(statements))


@functools.cache
def _nodes(statement: ast.stmt) -> list[ast.AST]:
    """Return a statement and all that is in it; the same statement is looked at several times."""
    found: list[ast.AST] = [statement]
    for node in found:  # which grows meanwhile
        found.extend(ast.iter_child_nodes(node))
    return found


def _walk(statements: Iterable[ast.stmt]) -> Iterator[ast.AST]:
    return itertools.chain.from_iterable(map(_nodes, statements))


def _imports(statements: Iterable[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in _walk(statements):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node


def _imported_parts(statement: ast.Import | ast.ImportFrom) -> list[str]:
    """Return every part of every dotted name in an import."""
    path = (statement.module or "") if isinstance(statement, ast.ImportFrom) else ""
    return [part for name in (path, *(a.name for a in statement.names)) for part in name.split(".")]


def _reaches_out(node: ast.AST, own: set[str], imported: set[str]) -> bool:
    """Whether one node of the text is a way out."""
    if isinstance(node, ast.Name):
        return node.id in _BUILT_IN or _leads_out(node.id)
    if isinstance(node, ast.Attribute):
        root = _root(node.value)
        if not isinstance(node.ctx, ast.Load):
            if root in own:
                return node.attr.startswith("__")
            return root not in _OWN_OBJECT or node.attr == "forward" or _leads_out(node.attr)
        if node.attr.startswith("_") and node.attr not in _HARMLESS:
            return root not in own | _OWN_OBJECT | {"cls", "super"} or _leads_out(node.attr)
        return _leads_out(node.attr)
    if isinstance(node, ast.Subscript):
        return not isinstance(node.ctx, ast.Load) and _root(node.value) in imported | {""}
    if isinstance(node, ast.Import):
        # Under its own name it does nothing until that name is used.
        return any(a.asname and any(map(_leads_out, a.name.split("."))) for a in node.names)
    if isinstance(node, ast.ImportFrom):
        return any(map(_leads_out, _imported_parts(node)))
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id == "getattr":
            return not _reads_a_plain_name(node)
        return any(keyword.arg == "assigned" for keyword in node.keywords)
    return False


def _leads_out(name: str) -> bool:
    if name in _LEADING_OUT or name.startswith(_LEADING_OUT_BEGIN):
        return True
    return name.startswith("__") and name not in _HARMLESS


def _reads_a_plain_name(call: ast.Call) -> bool:
    name = call.args[1] if len(call.args) > 1 else None
    if not isinstance(name, ast.Constant) or not isinstance(name.value, str):
        return False
    return name.value.isidentifier() and name.value[0] != "_" and not _leads_out(name.value)


def _root(node: ast.expr) -> str:
    """Return the name an expression like ``a.b[0].c`` begins with; "" where it begins otherwise."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Call):
        return "super" if isinstance(node.func, ast.Name) and node.func.id == "super" else ""
    return node.id if isinstance(node, ast.Name) else ""
