"""Read a submission's sources, and find out which defines which class, without running anything.

Runs inside the sandbox. The sources arrive as bytes over the pipe.
"""

import difflib
import functools
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Any

from autograder.untrusted.bindings import class_statements
from autograder.untrusted.magics import written_files
from autograder.untrusted.module_names import Exercise, Sources
from autograder.untrusted.sources import (
    Source,
    choose_candidate,
    find_candidates,
    is_unfinished,
    read_notebook,
    read_python_file,
    read_written_file,
)
from autograder.untrusted.units import Unit

# Of equal letters, capitals aside: MyPooler and BertPooler are near Pooler, BaseEncoder is not.
_NEAR = 0.73


class _LazySources(Mapping[str, Source]):
    """Sources by path, each parsed when it is first asked for: most workers need one or two."""

    def __init__(self, readers: Mapping[str, Callable[[], Source]]) -> None:
        self._readers = dict(readers)
        self._parsed: dict[str, Source] = {}

    def __getitem__(self, path: str) -> Source:
        if path not in self._parsed:
            self._parsed[path] = self._readers[path]()
        return self._parsed[path]

    def __contains__(self, path: object) -> bool:
        return path in self._readers

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)


def parse_sources(
    files: Mapping[str, bytes],
    notebooks: Mapping[str, Iterable[tuple[int, str]]],
    root: str,
    class_names: Iterable[str],
) -> Sources:
    """Return the files and notebooks of a submission; each is parsed on demand.

    So are the files that cells of a notebook write: they lie where the modules do.
    """
    names = list(class_names)
    readers: dict[str, Callable[[], Source]] = {
        path: functools.partial(read_python_file, path, content, names)
        for path, content in files.items()
    }
    for path, cells in notebooks.items():
        readers[path] = functools.partial(read_notebook, path, cells)
        for name, parts in written_files(cells).items():
            place = f"{root}/{name}" if root else name
            written = functools.partial(read_written_file, place, path, parts, names)
            if place in files:
                written = functools.partial(_finished_one, readers[place], written, names)
            readers[place] = written
    return Sources(_LazySources(readers), root)


def _finished_one(
    file: Callable[[], Source], written: Callable[[], Source], class_names: Iterable[str]
) -> Source:
    """Return a file as it was handed in, or as a notebook writes it where that is still a stub."""
    source = file()
    classes = {k: v for _, s in source.statements() for k, v in class_statements(s).items()}
    stub = any(is_unfinished(classes[name]) for name in class_names if name in classes)
    return written() if stub else source


def survey_classes(sources: Sources, exercise: Exercise) -> dict[str, dict[str, Any]]:
    """Return, for every class, where it is defined; without running anything."""
    report: dict[str, dict[str, Any]] = {}
    for name, file_name in exercise.files.items():
        found = [
            candidate
            for path, source in sources.by_path.items()
            for candidate in find_candidates(
                source, name, expected_file=path.rpartition("/")[2] == file_name
            )
        ]
        chosen = choose_candidate(found, file_name, sources.root)
        if chosen is not None:
            # Worth a word only where a reader could mean the other one: not below the exercise.
            depth = chosen.source.path.count("/")
            others = [
                c.label
                for c in found
                if c is not chosen
                and not c.unfinished
                and c.source.path.count("/") <= depth
                # What a notebook writes into a file it may well have used, by importing it.
                and not c.source.is_written
            ]
            report[name] = {
                "path": chosen.source.path,
                "label": chosen.label,
                "unfinished": chosen.unfinished,
                "written": chosen.source.is_written,
                "also_in": others[:8],
            }
            continue
        problems = [
            unit.problem
            if unit.cell or path.rpartition("/")[2] == file_name
            # With one file of many classes, a reader wonders what all the others have done.
            else f"{unit.problem}: until that is mended, Python can read no class of {path}"
            for path, source in sources.by_path.items()
            for unit in source.units
            if unit.problem and (path.rpartition("/")[2] == file_name or name in unit.text)
        ]
        near = None if problems else _find_near(sources, name, exercise.files)
        report[name] = {
            "path": None,
            "problem": problems[0] if problems else "",
            "near": f"{near[1].label} has a class {near[0]}" if near else "",
            "alias": [near[0], near[1].path] if near else [],
        }
    return report


def _find_near(sources: Sources, name: str, class_names: Container[str]) -> tuple[str, Unit] | None:
    """Return a class of nearly that name and where it is defined; None if there is none."""
    places = {
        found: unit
        for source in sources.by_path.values()
        for unit, statement in source.statements()
        for found in class_statements(statement)
        if found not in class_names
    }
    near = max(places, key=lambda other: _likeness(other, name), default="")
    return (near, places[near]) if near and _likeness(near, name) >= _NEAR else None


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one.lower(), other.lower()).ratio()
