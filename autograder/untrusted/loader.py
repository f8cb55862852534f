"""Load a submission's classes from memory, as modules the three import styles all reach.

Runs inside the sandbox, next to student code. The sources arrive as bytes over the pipe, so the
sandbox needs no view of any submission's folder. ``from .attention import X``, ``from attention
import X`` and ``from assignments.bert.attention import X`` all give the same module object.

A module's statements run one by one. An import that fails is remembered and the next statement
runs, so that a missing plotting library costs what depends on it and nothing else; in a notebook
that holds for every statement. Anything else that raises ends a module, as in Python.
"""

import ast
import contextlib
import importlib.abc
import importlib.util
import linecache
import sys
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from typing import Any

from autograder.untrusted.bindings import bound_names, changes_only, only_imports
from autograder.untrusted.clues import Clues
from autograder.untrusted.module_names import Exercise, ModuleNames, Sources
from autograder.untrusted.slicing import select_statements
from autograder.untrusted.sources import Source


class LoadProblem(Exception):
    """A class of the submission cannot be had; the text is for the student."""


@dataclass
class _Loaded:
    module: types.ModuleType
    clues: Clues = field(default_factory=Clues)
    cells: list[int] = field(default_factory=list)
    ended_by: BaseException | None = None


class SubmissionLoader(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Runs a submission's modules on demand; ``stand_ins`` replace the classes named there."""

    def __init__(
        self,
        sources: Sources,
        exercise: Exercise,
        places: Mapping[str, str],
        stand_ins: Mapping[str, type],
    ) -> None:
        self.sources = sources
        self.exercise = exercise
        self.places = dict(places)  # class name -> path of the source that defines it
        self.stand_ins = stand_ins
        self.names = ModuleNames(sources, exercise, self.places, self.stand_ins)
        self._loaded: dict[str, _Loaded] = {}
        self._running: list[str] = []
        # Under which names Python's table of modules may hold one of the submission's.
        self.names_given: set[str] = set()
        package_parts = exercise.package.split(".")
        # The packages above the submission's modules, empty themselves.
        self.packages = [
            _make_package(".".join(package_parts[: depth + 1]))
            for depth in range(len(package_parts))
        ]
        self.names_given.update(package.__name__ for package in self.packages)

    # -- what the worker asks for ------------------------------------------------------------

    def load_class(self, name: str) -> type:
        """Return the student's class, or raise LoadProblem (or what loading it raised)."""
        path = self.places.get(name)
        if path is None:
            raise LoadProblem(f"the class {name} was not found in the submission")
        loaded = self._run(path, wanted=name)
        found = getattr(loaded.module, name, None)
        if name in loaded.clues.failures:
            raise loaded.clues.failures[name][1]
        if not isinstance(found, type):
            problems = self.sources.by_path[path].problems
            if problems and found is None:
                raise LoadProblem(problems[0])
            kind = "missing" if found is None else f"a {type(found).__name__}, not a class"
            why = loaded.clues.of_missing_name(name) if found is None else ""
            raise LoadProblem(f"{path}: {name} is {kind}{why and f': {why}'}")
        return found

    def run_what_stands_aside(self) -> bool:
        """Run the files of the classes that have stand-ins; return whether there were any.

        Nobody needs them but a class that finds its parts in a registry, which those files fill.
        What fails in them is charged to their own classes, not here.
        """
        aside = [self.places[name] for name in self.stand_ins if name in self.places]
        waiting = [path for path in dict.fromkeys(aside) if path not in self._loaded]
        for path in waiting:
            with contextlib.suppress(Exception, SystemExit):
                self._run(path)
        return bool(waiting)

    def cells_used(self) -> list[int]:
        """Return the numbers of the notebook cells that were run, in order."""
        return sorted({cell for loaded in self._loaded.values() for cell in loaded.cells})

    def clues(self) -> list[Clues]:
        """Return what loading tells of errors that come later, module by module."""
        return [loaded.clues for loaded in self._loaded.values()]

    def owns(self, module: object) -> bool:
        """Whether a module came from this submission, by way of this loader."""
        spec = getattr(module, "__spec__", None)
        return (
            getattr(spec, "loader", None) is self
            or any(module is package for package in self.packages)
            or any(module is loaded.module for loaded in self._loaded.values())
        )

    # -- the import system -------------------------------------------------------------------

    def find_spec(
        self, fullname: str, path: Any = None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find ``fullname`` among the submission's files (importlib's protocol)."""
        found = self.names.resolve(fullname)
        if found is None:
            return None
        self.names_given.add(fullname)
        spec = ModuleSpec(fullname, self, origin=found, is_package=found.endswith("/"))
        spec.loader_state = found
        return spec

    def create_module(self, spec: ModuleSpec) -> types.ModuleType | None:
        """Return the one module object for the file, whatever name it is imported by."""
        place = str(spec.loader_state)
        if place.endswith("/"):
            return None
        standing = self._stand_in_module(place)
        if standing is not None:
            return standing
        source = self.sources.by_path.get(place)
        problems = [] if source is None or source.is_notebook else source.problems
        if problems:
            raise ImportError(problems[0])
        return self._run(place).module

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing: the statements ran when the module was created."""

    def _stand_in_module(self, place: str) -> types.ModuleType | None:
        """Return a module that gives the doubles at once and the rest of the file on demand."""
        replaced = {
            name: self.stand_ins[name]
            for name in self.stand_ins
            if place in (self.places.get(name), self.names.expected_place(name))
        }
        if not replaced or place in self._running:
            return None
        module = types.ModuleType(place)
        vars(module).update(replaced)

        def fetch(name: str) -> Any:
            if name == "__all__":
                real = vars(self._run(place).module)
                public = [key for key in real if not key.startswith("_")]
                return list(real.get("__all__", public))
            if name.startswith("__") or place not in self.sources.by_path:
                raise AttributeError(name)
            return getattr(self._run(place).module, name)

        module.__getattr__ = fetch  # type: ignore[method-assign]
        return module

    # -- running statements ------------------------------------------------------------------

    def _run(self, path: str, wanted: str = "") -> _Loaded:
        if path in self._loaded:
            known = self._loaded[path]
            if known.ended_by is not None:
                raise known.ended_by
            return known
        if path not in self.sources.by_path:
            return self._run_given(path)
        source = self.sources.by_path[path]
        module = types.ModuleType(self.names.module_name(path))
        module.__file__ = path
        module.__package__ = module.__name__.rpartition(".")[0]
        if path.endswith("/__init__.py"):
            module.__package__ = module.__name__
            module.__path__ = [path.rpartition("/")[0]]
        self.names_given.add(module.__name__)
        sys.modules.setdefault(module.__name__, module)
        loaded = self._loaded[path] = _Loaded(module)
        if source.only_definitions:
            self._seed_constants(module)
            names = [name for name, place in self.places.items() if place == path]
            keep = [n for n in names if n not in self.stand_ins] or ([wanted] if wanted else names)
            # What stands in for a class of another file is there by way of an import only.
            here = {*vars(module), *names, *filter(self._is_missing, self.stand_ins)}
            selection = select_statements(source, keep, here)
            chosen = selection.statements
            loaded.clues = Clues(unset=selection.unset, unchanged=selection.unchanged)
        else:
            chosen = list(source.statements())
        if self.names.holds_all(source):
            # A class that is nowhere, or whose cell does not parse, would be here: as with a file
            # that is missing, that costs no class that uses it.
            self._let_stand(module, filter(self._is_missing, self.stand_ins))
        self._running.append(path)
        try:
            for unit, statement in chosen:
                if unit.cell is not None and unit.cell not in loaded.cells:
                    loaded.cells.append(unit.cell)
                error = self._run_statement(
                    loaded, unit.label, unit.text, unit.future_flags, statement
                )
                if (
                    error is not None
                    and not source.only_definitions
                    and not only_imports(statement)
                ):
                    loaded.ended_by = error
                    raise error
            if source.only_definitions:
                self._let_stand(module, names)
        finally:
            self._running.pop()
        if path.rpartition("/")[2] in self.exercise.given:
            self._seed_constants(module)
        if source.is_notebook:
            self._bring_from_other_notebooks(module, source)
        return loaded

    def _bring_from_other_notebooks(self, module: types.ModuleType, source: Source) -> None:
        """Have the classes that stand in another notebook: notebooks cannot import each other."""
        for name, place in self.places.items():
            apart = place != source.path and name not in source.by_name
            if not apart or not self.sources.by_path[place].is_notebook or name in vars(module):
                continue
            if name in self.stand_ins:
                vars(module)[name] = self.stand_ins[name]
            elif not self.stand_ins:
                with contextlib.suppress(Exception):  # charged where it stands
                    vars(module)[name] = self.load_class(name)

    def _run_statement(
        self, loaded: _Loaded, label: str, text: str, flags: int, statement: ast.stmt
    ) -> Exception | None:
        """Run one statement; return what it raised."""
        namespace = vars(loaded.module)
        names = bound_names(statement)
        replaced = names & set(self.stand_ins)
        if replaced and isinstance(statement, ast.ClassDef):
            namespace.update({name: self.stand_ins[name] for name in replaced})
            self._show_to_decorators(statement, label, namespace)
            return None
        if changes_only(statement, self.stand_ins):
            return None  # what the student does to a class later is not done to its double
        linecache.cache[label] = (len(text), None, text.splitlines(keepends=True), label)
        before = set(namespace)
        try:
            code = compile(
                ast.Module([statement], []), label, "exec", flags=flags, dont_inherit=True
            )
            exec(code, namespace)  # noqa: S102  (running student code is what this process is for)
        except Exception as error:  # noqa: BLE001  (whatever it is, it costs these names only)
            # What was there before an import that failed is there still.
            lost = names - namespace.keys() if only_imports(statement) else names
            loaded.clues.note_failure(label, statement, lost, error)
            return error
        brought = namespace.keys() - before if "*" in names else set()
        loaded.clues.note_success(label, statement, (names - {"*"}) | brought)
        for name in replaced & namespace.keys():
            original, double = namespace[name], self.stand_ins[name]
            for key, value in list(namespace.items()):
                if value is original:
                    namespace[key] = double
        return None

    def _is_missing(self, name: str) -> bool:
        """Whether no code of the submission's defines a class, but at most a text that is kept."""
        place = self.places.get(name)
        return place is None or self.sources.by_path[place].is_written

    def _let_stand(self, module: types.ModuleType, names: Iterable[str]) -> None:
        """Have stand-ins under those of ``names`` that the module does not bind by itself."""
        for name in names:
            if name in self.stand_ins:
                vars(module).setdefault(name, self.stand_ins[name])

    def _show_to_decorators(
        self, statement: ast.ClassDef, label: str, namespace: dict[str, Any]
    ) -> None:
        """Let decorators that write a class down have its stand-in; what they give is not used."""
        double = self.stand_ins[statement.name]
        for decorator in reversed(statement.decorator_list):
            with contextlib.suppress(Exception):
                eval(compile(ast.Expression(decorator), label, "eval"), namespace)(double)  # noqa: S307

    def _seed_constants(self, module: types.ModuleType) -> None:
        for file_name in self.exercise.given:
            given = vars(self._run_given(file_name).module)
            vars(module).update({k: v for k, v in given.items() if not k.startswith("_")})

    def _run_given(self, file_name: str) -> _Loaded:
        key = f"given:{file_name}"
        if key not in self._loaded:
            module = types.ModuleType(file_name.removesuffix(".py"))
            exec(compile(self.exercise.given[file_name], file_name, "exec"), vars(module))  # noqa: S102
            self._loaded[key] = _Loaded(module)
        return self._loaded[key]


def _make_package(name: str) -> types.ModuleType:
    package = types.ModuleType(name)
    package.__path__ = []
    return package
