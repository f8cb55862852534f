"""Find the submissions in a folder, and whose they are: names only, nothing is opened.

Runs on the trusted side, on hostile file names. One student's files are one submission, however
many a platform made of them; where a folder may be one submission or a class, it is not guessed.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.batch.attempts import Handed, is_gradable, pick_submission, restore_name
from autograder.batch.class_folder import (
    SOURCES,
    find_class,
    is_candidate,
    is_passed_over,
    list_folder,
    refuse_sections,
)
from autograder.batch.gradescope import METADATA, read_names
from autograder.batch.keys import make_key
from autograder.batch.platform_names import PlatformName, read_platform_name
from autograder.trusted.outcomes import clean_text
from autograder.trusted.wanted import is_archive, is_renamed_notebook


@dataclass(frozen=True)
class Entry:
    """One submission of a batch. ``key`` is its name in the results: see ``key_choice``."""

    location: Path
    key: str
    student: str = ""
    student_id: str = ""
    late: bool = False
    # The files of a submission that came one by one, each with the student's own name for it.
    parts: tuple[tuple[Path, str], ...] = ()
    # Why it cannot be graded, where that is known from the names.
    problem: str = ""
    # What of the student's is passed over, where something is.
    note: str = ""
    # What may be graded in its place: which of the two counts is told by what they define.
    instead: "Entry | None" = None


def discover(path: Path, expected_files: Sequence[str]) -> tuple[list[Entry], list[str]]:
    """Return the submissions in a folder and sentences about what was passed over.

    Of several attempts of one student, the last one is taken. Raises Ambiguous.
    """
    path = find_class(path, expected_files)
    names, problem = read_names(path)
    notes = [problem] if problem else []
    found: list[Entry] = []
    grouped: dict[tuple[str, str], list[Handed]] = {}
    ignored = []
    visible = [entry for entry in list_folder(path) if not is_passed_over(entry)]
    refuse_sections(path, visible, expected_files)
    for entry in visible:
        said = read_platform_name(entry.name)
        if entry.name in names and not entry.is_symlink():
            student, number = names[entry.name]
            found.append(Entry(Path(entry.path), make_key(entry.name), student, number))
        elif said is not None and (said.student or said.order):
            grouped.setdefault(said.whose, []).append((Path(entry.path), said))
        elif entry.is_symlink():
            found.append(replace(_plain(entry), problem=_linked(entry.name)))
        elif entry.is_dir() or entry.name.lower().endswith(SOURCES):
            if entry.name in expected_files:
                notes.append(f"{entry.name} lies beside the submissions and was passed over")
                continue
            if not is_candidate(entry, expected_files):
                notes.append(f"{clean_text(entry.name, 80)} holds nothing to grade")
            found.append(_plain(entry))
        elif is_archive(entry.name):
            found.append(replace(_plain(entry), problem=ask_for_another([entry.name])))
        else:
            ignored.append(entry.name)
    found += [_choose(files, expected_files, notes) for files in grouped.values()]
    if ignored:
        notes.append(f"no submissions, passed over: {_some(ignored)}")
    return sorted(found, key=lambda entry: entry.location.name), notes


def discover_named(
    paths: Sequence[Path], expected_files: Sequence[str]
) -> tuple[list[Entry], list[str]]:
    """Return the submissions among files and folders named one by one, and such sentences.

    A shell makes that of ``downloads/*``: here too, a student's files are one submission.
    """
    lists = {folder: read_names(folder) for folder in {path.parent for path in paths}}
    notes = [problem for _, problem in lists.values() if problem]
    found: list[Entry] = []
    grouped: dict[tuple[Path, tuple[str, str]], list[Handed]] = {}
    for path in dict.fromkeys(paths):
        names, said = lists[path.parent][0], read_platform_name(path.name)
        if path.name == METADATA:
            continue
        if path.name in names:
            found.append(Entry(path, make_key(path.name), *names[path.name]))
        elif said is not None and (said.student or said.order):
            grouped.setdefault((path.parent, said.whose), []).append((path, said))
        else:
            found.append(name_given(path))
    for files in grouped.values():
        one = len(files) == 1
        found.append(name_given(files[0][0]) if one else _choose(files, expected_files, notes))
    return sorted(found, key=lambda entry: paths.index(entry.location)), notes


def _choose(files: list[Handed], expected_files: Sequence[str], notes: list[str]) -> Entry:
    """Return the one submission of one student."""
    files = sorted(files, key=lambda pair: (pair[1].order, pair[0].name))
    known = [pair for pair in files if not pair[1].is_aside] or files
    picks = [_make_entry(pick, known, expected_files) for pick in pick_submission(known)]
    if not picks:
        entry, said = known[-1]
        graded = [pair for pair in known if is_gradable(pair)]
        told = _linked(entry.name) if entry.is_symlink() else _ask_which_or_another(graded, known)
        return replace(_named(entry, said), problem=told)
    if len(picks) == 1 and picks[0].note:
        notes.append(picks[0].note)
    if len(picks) > 1:
        whose = picks[0].student or clean_text(picks[0].location.name, 80)
        notes.append(
            f"{whose} handed in several things; what defines more of the classes is graded, and "
            "the report says which"
        )
        return replace(picks[0], instead=picks[1])
    return picks[0]


def _make_entry(
    taken: list[Handed], known: Sequence[Handed], expected_files: Sequence[str]
) -> Entry:
    """Return the entry of what may be graded, with a note on what is passed over for it."""
    entry, said = taken[-1]
    found = _named(entry, said)
    if len(taken) > 1 or (not entry.is_dir() and entry.name.lower().endswith(".py")):
        # By the student's own names, of equal ones the last.
        parts = {restore_name(said.file, expected_files): path for path, said in taken}
        found = replace(
            found,
            parts=tuple((path, name) for name, path in sorted(parts.items())),
            late=any(said.late for _, said in taken),
        )
        taken = [pair for pair in taken if pair[0] in parts.values()]
    others = [p for p in known if p not in taken and (is_gradable(p) or is_archive(p[0].name))]
    if not others:
        return found
    whose = said.student or clean_text(entry.name, 80)
    note = (
        f"of what {whose} handed in, taken: {_name_some(taken)}; passed over: {_name_some(others)}"
    )
    return replace(found, note=note)


def _name_some(files: Sequence[Handed]) -> str:
    return _some([said.file or entry.name for entry, said in files])


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(clean_text(name, 60) for name in names[:3]) + more


def _named(path: Path, said: PlatformName) -> Entry:
    return Entry(path, make_key(path.name), said.student, said.number, said.late)


def _plain(entry: "os.DirEntry[str]") -> Entry:
    return name_given(Path(entry.path))


def ask_for_another(names: Sequence[str]) -> str:
    """Say that what was handed in is of no kind that can be graded."""
    renamed = [name for name in names if is_renamed_notebook(name)]
    if renamed:
        return f"handed in {_some(renamed)}: a notebook by another name, let it end in .ipynb"
    return f"handed in {_some(names)}: ask for a .zip, .ipynb or .py"


def _ask_which_or_another(graded: Sequence[Handed], known: Sequence[Handed]) -> str:
    if graded:
        return f"handed in {_name_some(graded)}: nothing tells which one counts"
    return ask_for_another([said.file or entry.name for entry, said in known])


def _linked(name: str) -> str:
    return f"{clean_text(name, 80)} is a link: what it points to is not this student's file"


def name_given(path: Path) -> Entry:
    """Return the entry of a submission that was named on the command line by itself."""
    name = path.name if path.name not in ("", "..") else path.absolute().resolve().name
    said = read_platform_name(name)
    if said is not None:
        return Entry(path, make_key(name), said.student, said.number, said.late)
    is_file = name.lower().endswith(SOURCES) or is_archive(name)
    stem = Path(name).stem.removesuffix(".tar") if is_file else name
    return Entry(path, make_key(name), clean_text(stem, 80))
