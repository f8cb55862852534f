"""Is a folder one submission, or does it hold a class's? Told from names; nothing is opened.

Runs on the trusted side, on hostile file names. Where it may be either, it is not guessed.
"""

import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from autograder.batch.gradescope import METADATA
from autograder.batch.platform_names import read_platform_name
from autograder.trusted.outcomes import clean_text

PACKED = (".zip", ".ipynb")
SOURCES = (*PACKED, ".py")
# Never anybody's work.
_PASSED_OVER = {"__macosx", "__pycache__", "desktop.ini", "thumbs.db", METADATA}
# What a folder of our results holds; the second where the run was killed.
_OURS = ("gradebook.csv", ".lock")
_ENTRIES_MAX = 20_000
_LOOKED_AT_MAX = 500
_DEPTH_MAX = 4


class Ambiguous(Exception):
    """A folder may be one submission or several; one sentence for the caller."""


def is_class_folder(path: Path, expected_files: Sequence[str], *, kept: bool = False) -> bool:
    """Whether a folder holds submissions, rather than being one.

    ``kept``: results are to be kept, as for a class.
    """
    if not path.is_dir():
        return False
    return (
        _is_class(list_folder(path), expected_files, kept=kept)
        or _only_class_below(path, expected_files, kept=kept) is not None
    )


def _is_class(
    entries: list["os.DirEntry[str]"], expected_files: Sequence[str], *, kept: bool
) -> bool:
    visible = [entry for entry in entries if not is_passed_over(entry)]
    own = [entry for entry in visible if entry.name in expected_files]
    if 2 * len(own) > len(expected_files):
        return False  # somebody's work, whatever else they have put beside it
    if any(entry.name == METADATA for entry in entries):
        return True
    candidates = [entry for entry in visible if is_candidate(entry, expected_files)]
    named = [e for e in visible if read_platform_name(e.name) and e.name not in expected_files]
    packed = [entry for entry in candidates if not entry.is_dir()]
    if own:
        # A file of the exercise's beside submissions of others belongs to none of them.
        return len(named) >= 2 or (kept and len(packed) >= 2)
    if named and kept:
        return True
    if kept and (len(candidates) >= 2 or (candidates and any(map(_is_empty, visible)))):
        return True
    # One notebook with a folder of data or with modules beside it is a submission, and so are
    # modules alone; two of anything else are a class.
    candidates = [entry for entry in candidates if not entry.name.lower().endswith(".py")]
    packed = [entry for entry in candidates if not entry.is_dir()]
    if not packed and _complete_each_other(candidates, expected_files):
        return False
    return len(candidates) >= 2 and (len(packed) != 1 or len(candidates) > 2)


def _complete_each_other(
    folders: Sequence["os.DirEntry[str]"], expected_files: Sequence[str]
) -> bool:
    """Whether most of the exercise lies in these folders, and no file of it in two of them."""
    names = [
        name
        for folder in folders
        for name in itertools.islice(_walk_names(Path(folder.path)), _LOOKED_AT_MAX)
        if name in expected_files
    ]
    return len(set(names)) == len(names) and 2 * len(names) > len(expected_files)


def _only_class_below(path: Path, expected_files: Sequence[str], *, kept: bool) -> Path | None:
    """Return the folder that is all ``path`` holds, where that is a class: so exports unpack."""
    for _ in range(_DEPTH_MAX):
        inside = [entry for entry in list_folder(path) if not is_passed_over(entry)]
        if len(inside) != 1 or not inside[0].is_dir(follow_symlinks=False):
            return None
        path = Path(inside[0].path)
        entries = list_folder(path)
        if read_platform_name(path.name) or any(e.name in expected_files for e in entries):
            return None
        if _is_class(entries, expected_files, kept=kept):
            return path
    return None


def find_class(path: Path, expected_files: Sequence[str]) -> Path:
    """Return the folder that holds the submissions: the one given, or one in which they lie."""
    if _is_class(list_folder(path), expected_files, kept=True):
        return path
    return _only_class_below(path, expected_files, kept=True) or path


def refuse_sections(
    path: Path, entries: Sequence["os.DirEntry[str]"], expected_files: Sequence[str]
) -> None:
    """Raise Ambiguous where every folder holds several folders with work of their own."""
    folders = [e for e in entries if e.is_dir(follow_symlinks=False)]
    sections = [e for e in folders if _is_section(Path(e.path), expected_files)]
    if len(folders) >= 2 and sections == folders:
        raise Ambiguous(
            f"each folder in {path} holds several submissions: name the folders themselves, "
            f"such as {path / clean_text(folders[0].name, 40)}, each with an --out of its own"
        )


def _is_section(folder: Path, expected_files: Sequence[str]) -> bool:
    inside = [entry for entry in list_folder(folder) if not is_passed_over(entry)]
    holding = [
        entry
        for entry in inside
        if entry.is_dir(follow_symlinks=False)
        and any(inner.name in expected_files for inner in list_folder(Path(entry.path)))
    ]
    return len(holding) >= 2 and not any(entry.name in expected_files for entry in inside)


def list_folder(path: Path) -> list["os.DirEntry[str]"]:
    """Return what is in a folder, by name; of a bottomless one, so much."""
    with os.scandir(path) as listing:
        entries = [entry for _, entry in zip(range(_ENTRIES_MAX), listing, strict=False)]
    return sorted(entries, key=lambda entry: entry.name)


def is_passed_over(entry: "os.DirEntry[str]") -> bool:
    """Whether nobody handed this in: what systems leave about, and results of ours."""
    name = entry.name
    if name.startswith(".") or name.lower() in _PASSED_OVER:
        return True
    # Results of ours that were kept inside the class's folder; with sources beside such a file it
    # is a student's folder all the same.
    return (
        entry.is_dir(follow_symlinks=False)
        and any(os.path.isfile(os.path.join(entry.path, ours)) for ours in _OURS)
        and not _holds_sources(Path(entry.path))
    )


def _is_empty(entry: "os.DirEntry[str]") -> bool:
    """Whether an entry is the folder of somebody who handed in nothing."""
    if not entry.is_dir(follow_symlinks=False):
        return False
    return not any(itertools.islice(_walk_names(Path(entry.path)), _LOOKED_AT_MAX))


def is_candidate(entry: "os.DirEntry[str]", expected_files: Sequence[str]) -> bool:
    """Whether an entry may be a submission, or a folder with one."""
    if entry.is_dir():
        return _holds_exercise(Path(entry.path), expected_files)
    lower = entry.name.lower()
    return entry.is_file() and (
        lower.endswith(PACKED) or (lower.endswith(".py") and entry.name not in expected_files)
    )


def _holds_exercise(folder: Path, expected_files: Sequence[str]) -> bool:
    """Whether a file below ``folder`` may be a part of a submission; looks at few names."""
    for number, name in enumerate(_walk_names(folder)):
        if number >= _LOOKED_AT_MAX:
            return True  # too much to know: grading it will say
        if name in expected_files or name.lower().endswith(SOURCES):
            return True
    return False


def _holds_sources(folder: Path) -> bool:
    names = itertools.islice(_walk_names(folder), _LOOKED_AT_MAX)
    return any(name.lower().endswith(SOURCES) for name in names)


def _walk_names(folder: Path) -> Iterator[str]:
    """Yield the name of each file below a folder, and "" for each folder: they are looks, too.

    Not by recursion: folders may lie in each other by the thousand.
    """
    waiting = [os.fspath(folder)]
    while waiting:
        try:
            entries = list_folder(Path(waiting.pop()))
        except OSError:  # it may not be read, or lies too deep
            continue
        inside = []
        for entry in entries:
            is_folder = entry.is_dir(follow_symlinks=False)
            inside += [entry.path] if is_folder else []
            yield "" if is_folder else entry.name
        waiting += reversed(inside)
