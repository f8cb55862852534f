"""Find the submissions in a folder, and whose they are: names only, nothing is opened.

Runs on the trusted side, on hostile file names. Knows how Canvas, Moodle and Gradescope name what
they let a teacher download at once.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from autograder.trusted.outcomes import clean_text

_ARCHIVES = (".zip",)
_NOTEBOOKS = (".ipynb",)
_ENTRIES_MAX = 20_000
_LOOKED_AT_MAX = 500
_METADATA_BYTES_MAX = 16 * 2**20
_METADATA = "submission_metadata.yml"

# lovelaceada_LATE_1234_56789_homework-2.zip: name, late or not, user, submission, file, attempt.
_CANVAS = re.compile(
    r"^(?P<name>[^_]+)_(?P<late>LATE_)?(?P<id>\d+)_(?P<submission>\d+)_(?P<file>.+?)"
    r"(?:-(?P<attempt>\d+))?(?P<suffix>\.\w+)?$"
)
# Ada Lovelace_1234567_assignsubmission_file_ (a folder) or ..._file_homework.zip
_MOODLE = re.compile(
    r"^(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<file>.*)$"
)
_GRADESCOPE = re.compile(r"^submission_(?P<id>\d+)$")


@dataclass(frozen=True)
class Entry:
    """One submission of a batch. ``key`` is its name in the results: unique and stable."""

    location: Path
    key: str
    student: str = ""
    student_id: str = ""
    late: bool = False
    attempt: int = 0


def is_class_folder(path: Path, expected_files: Sequence[str]) -> bool:
    """Whether a folder holds submissions, rather than being one."""
    if not path.is_dir():
        return False
    entries = _list(path)
    if (path / _METADATA).is_file():
        return True
    if any(entry.name in expected_files for entry in entries):
        return False
    candidates = [entry for entry in entries if _is_candidate(entry, expected_files)]
    packed = [e for e in candidates if not e.is_dir()]
    # One notebook with a folder of data beside it is a submission; two of anything are a class.
    return len(candidates) >= 2 and (len(packed) != 1 or len(candidates) > 2)


def discover(path: Path, expected_files: Sequence[str]) -> tuple[list[Entry], list[str]]:
    """Return the submissions in a folder and sentences about what was passed over.

    Of several attempts of one student, the last one is taken.
    """
    names = _read_gradescope_names(path)
    found: list[Entry] = []
    notes: list[str] = []
    for entry in _list(path):
        if entry.name == _METADATA or entry.name.startswith("."):
            continue
        if not _is_candidate(entry, expected_files):
            if entry.is_dir() or entry.name.endswith((*_ARCHIVES, *_NOTEBOOKS, ".py")):
                notes.append(f"{clean_text(entry.name, 80)} holds nothing to grade")
                found.append(_read_name(Path(entry.path), names))
            continue
        found.append(_read_name(Path(entry.path), names))
    return _keep_last_attempts(found, notes), notes


def name_given(path: Path) -> Entry:
    """Return the entry of a submission that was named on the command line by itself."""
    return _read_name(path, {})


def make_keys_unique(entries: Iterable[Entry]) -> list[Entry]:
    """Give entries that would share a result file a number each; the order decides."""
    seen: dict[str, int] = {}
    unique = []
    for entry in entries:
        count = seen[entry.key] = seen.get(entry.key, 0) + 1
        unique.append(entry if count == 1 else replace(entry, key=f"{entry.key}~{count}"))
    return unique


def _list(path: Path) -> list["os.DirEntry[str]"]:
    with os.scandir(path) as listing:
        entries = [entry for _, entry in zip(range(_ENTRIES_MAX), listing, strict=False)]
    return sorted(entries, key=lambda entry: entry.name)


def _is_candidate(entry: "os.DirEntry[str]", expected_files: Sequence[str]) -> bool:
    if entry.name.startswith("."):
        return False
    if entry.is_dir():
        return _holds_exercise(Path(entry.path), expected_files)
    lower = entry.name.lower()
    return entry.is_file() and (
        lower.endswith((*_ARCHIVES, *_NOTEBOOKS))
        or (lower.endswith(".py") and entry.name not in expected_files)
    )


def _holds_exercise(folder: Path, expected_files: Sequence[str]) -> bool:
    """Whether a file below ``folder`` may be a part of a submission; looks at few names."""
    for number, name in enumerate(_walk_names(folder)):
        if number >= _LOOKED_AT_MAX:
            return True  # too much to know: grading it will say
        if name in expected_files or name.lower().endswith((*_ARCHIVES, *_NOTEBOOKS, ".py")):
            return True
    return False


def _walk_names(folder: Path) -> Iterator[str]:
    for _, folders, files in os.walk(folder, onerror=lambda _: None):
        folders.sort()
        yield from sorted(files)


def _read_name(path: Path, names: dict[str, tuple[str, str]]) -> Entry:
    key = make_key(path.name)
    if path.name in names:
        student, number = names[path.name]
        return Entry(path, key, student, number)
    stem = path.name
    moodle = _MOODLE.match(stem)
    if moodle:
        return Entry(path, key, clean_text(moodle["name"], 80), moodle["id"])
    canvas = _CANVAS.match(stem)
    if canvas:
        return Entry(
            path, key, clean_text(canvas["name"], 80), canvas["id"],
            late=bool(canvas["late"]), attempt=int((canvas["attempt"] or "0")[:6]),
        )  # fmt: skip
    gradescope = _GRADESCOPE.match(stem)
    if gradescope:
        return Entry(path, key, "", gradescope["id"])
    return Entry(path, key, clean_text(path.stem if path.suffix else path.name, 80))


def make_key(name: str) -> str:
    """Return a file name's letters, digits and a few marks: a safe name for its result."""
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in clean_text(name, 120))
    return safe.strip(".") or "submission"


def _keep_last_attempts(found: list[Entry], notes: list[str]) -> list[Entry]:
    last: dict[tuple[str, str], Entry] = {}
    for entry in found:
        if not entry.attempt and not entry.student_id:
            continue
        whose = (entry.student_id, entry.student)
        known = last.get(whose)
        if known is None or entry.attempt >= known.attempt:
            last[whose] = entry
    kept = []
    for entry in found:
        chosen = last.get((entry.student_id, entry.student), entry)
        if chosen is entry or chosen.attempt == entry.attempt:
            kept.append(entry)
        else:
            notes.append(
                f"{clean_text(entry.location.name, 80)} is an earlier attempt than "
                f"{clean_text(chosen.location.name, 80)} and was passed over"
            )
    return kept


def _read_gradescope_names(path: Path) -> dict[str, tuple[str, str]]:
    """Return student and number by folder, from the file Gradescope puts beside the folders."""
    try:
        with open(path / _METADATA, "rb") as stream:
            text = stream.read(_METADATA_BYTES_MAX)
        data = yaml.safe_load(text)
    except (OSError, yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError):
        return {}
    found = {}
    for folder, entry in (data if isinstance(data, dict) else {}).items():
        submitters = entry.get(":submitters") if isinstance(entry, dict) else None
        people = [p for p in submitters or [] if isinstance(p, dict)] if submitters else []
        names = [clean_text(str(p.get(":name", "")), 80) for p in people]
        numbers = [clean_text(str(p.get(":sid", "")), 40) for p in people]
        found[str(folder)] = (", ".join(names), ", ".join(numbers))
    return found
