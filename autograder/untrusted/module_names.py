"""Which file of a submission an imported name means, and what each file's module is called.

Runs inside the sandbox. The three import styles, files beside and below the exercise's folder,
and siblings kept under another file name all end here.
"""

import ast
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.machinery import PathFinder

from autograder.untrusted.sources import Source


@dataclass(frozen=True)
class Exercise:
    """What the loader must know of the exercise: its package, classes, files and constants."""

    package: str  # e.g. "assignments.bert"
    files: dict[str, str]  # class name -> expected file name
    given: dict[str, str]  # file name -> text of modules handed out ready-made


@dataclass(frozen=True)
class Sources:
    """The sources of one submission, parsed, and the folder its modules live in."""

    by_path: Mapping[str, Source]
    root: str


@dataclass(frozen=True)
class ModuleNames:
    """Names to places. ``places`` gives the source of each class, ``doubled`` those replaced."""

    sources: Sources
    exercise: Exercise
    places: Mapping[str, str]
    doubled: Collection[str]

    def resolve(self, fullname: str) -> str | None:
        """Return the path of the file, or folder with a final slash, that a name means."""
        found = self._resolve_plainly(fullname)
        first, _, inside = fullname.partition(".")
        if found or first in sys.stdlib_module_names or PathFinder.find_spec(first) is not None:
            return found
        if first not in self._folder_names:
            return None
        found = self._resolve_inside(inside) if inside else None
        if found is None and fullname in self._folder_names:
            return f"{self.sources.root}/"
        return found

    def _resolve_inside(self, name: str) -> str | None:
        """Return what a name means next to the classes, or above them by its own full path."""
        found = self._resolve_plainly(f"{self.exercise.package}.{name}")
        if found:
            return found
        first, _, inside = name.partition(".")
        if first in sys.stdlib_module_names:
            name, inside = f"{self._above}.{name}", ""
        return self._resolve_plainly(name) or (self._resolve_inside(inside) if inside else None)

    @property
    def _above(self) -> str:
        """The package that stands for the folder above the classes."""
        return self.exercise.package.rpartition(".")[0] or self.exercise.package

    def _resolve_plainly(self, fullname: str) -> str | None:
        package = self.exercise.package
        top_level = fullname.partition(".")[0]
        if fullname.startswith(package + "."):
            bases, rest = [self.sources.root], fullname[len(package) + 1 :]
        elif top_level == package.partition(".")[0]:
            parent = self.sources.root.rpartition("/")[0]
            bases, rest = [parent, ""], fullname.partition(".")[2]
        else:
            if top_level in sys.stdlib_module_names:
                return None
            bases, rest = [self.sources.root], fullname
            while bases[-1]:
                bases.append(bases[-1].rpartition("/")[0])
        tail = rest.replace(".", "/")
        for base in bases:
            stem = f"{base}/{tail}" if base else tail
            for place in (f"{stem}.py", f"{stem}/__init__.py"):
                if place in self.sources.by_path:
                    return place
            if any(path.startswith(f"{stem}/") for path in self.sources.by_path):
                return f"{stem}/"
        if f"{tail}.py" in self.exercise.given:
            return f"{tail}.py"
        # A sibling that is missing altogether is still there as a double.
        if any(self.exercise.files.get(name) == f"{tail}.py" for name in self.doubled):
            return f"{tail}.py"
        # A sibling kept in a notebook, or under another file name, still answers to its file.
        for name, file_name in self.exercise.files.items():
            if file_name == f"{tail}.py" and name in self.places:
                return self.places[name]
        return None

    @cached_property
    def _folder_names(self) -> frozenset[str]:
        """What the student calls the folders: packages nobody has, with a file that lies there.

        How the submission was packed need not say it, and in a notebook there is no folder.
        """
        found = set()
        for source in self.sources.by_path.values():
            for name in _imported_names(source):
                parts = name.split(".")
                if parts[1:] and self._resolve_inside(".".join(parts[1:])):
                    found |= {".".join(parts[:depth]) for depth in range(1, len(parts))}
        return frozenset(found)

    def expected_place(self, name: str) -> str:
        """Return where a class's file belongs in this submission."""
        file_name = self.exercise.files.get(name, "")
        inside = f"{self.sources.root}/{file_name}" if self.sources.root else file_name
        return inside if inside in self.sources.by_path else file_name

    def holds_all(self, source: Source) -> bool:
        """Whether all classes are meant to be in one source: a notebook, or one file of them all.

        A file of the exercise's own is none of these, even alone: it imports what it uses.
        """
        alone = len(self.sources.by_path) == 1
        own_file = source.path.rpartition("/")[2] in self.exercise.files.values()
        return source.only_definitions or (alone and not own_file)

    def module_name(self, path: str) -> str:
        """Return the dotted name under which the module of a file is kept.

        By it a relative import finds what lies below, beside and one folder above the classes.
        """
        root = self.sources.root
        if not root or path.startswith(f"{root}/"):
            folder, package = root, self.exercise.package
        else:
            parent = root.rpartition("/")[0]
            folder, package = parent if path.startswith(f"{parent}/") else "", self._above
        inside = path[len(folder) + 1 :] if folder else path
        stem = inside.rsplit(".", 1)[0].removesuffix("/__init__").replace("/", ".")
        return f"{package}.{stem}"


def _imported_names(source: Source) -> Iterator[str]:
    """Yield the dotted names that a source imports by their full path."""
    for _, statement in source.statements():
        for node in ast.walk(statement):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
