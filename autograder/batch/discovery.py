"""Find the submissions in a folder, and whose they are: names only, nothing is opened.

Runs on the trusted side, on hostile file names. One student's files are one submission, however
many a platform made of them; where a folder may be one submission or a class, it is not guessed.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.batch.attempts import Handed, pick_submission, restore_name
from autograder.batch.gradescope import METADATA, read_names
from autograder.batch.platform_names import PlatformName, read_platform_name
from autograder.trusted.outcomes import clean_text
from autograder.trusted.wanted import is_archive

_PACKED = (".zip", ".ipynb")
_SOURCES = (*_PACKED, ".py")
# Never anybody's work.
_PASSED_OVER = {"__macosx", "__pycache__", "desktop.ini", "thumbs.db", METADATA}
# What a folder of our results holds; the second where the run was killed.
_OURS = ("gradebook.csv", ".lock")
_ENTRIES_MAX = 20_000
_LOOKED_AT_MAX = 500
_DEPTH_MAX = 4
# File systems take names of 255 bytes, and a result's has an ending, a temporary one more.
_KEY_BYTES_MAX = 160


class Ambiguous(Exception):
    """A folder may be one submission or several; one sentence for the caller."""


@dataclass(frozen=True)
class Entry:
    """One submission of a batch. ``key`` is its name in the results: unique and stable."""

    location: Path
    key: str
    student: str = ""
    student_id: str = ""
    late: bool = False
    # The files of a submission that came one by one, each with the student's own name for it.
    parts: tuple[tuple[Path, str], ...] = ()
    # Why it cannot be graded, where that is known from the names.
    problem: str = ""


def is_class_folder(path: Path, expected_files: Sequence[str], *, kept: bool = False) -> bool:
    """Whether a folder holds submissions, rather than being one.

    ``kept``: results are to be kept, as for a class.
    """
    if not path.is_dir():
        return False
    return (
        _is_class(_list(path), expected_files, kept=kept)
        or _only_class_below(path, expected_files, kept=kept) is not None
    )


def _is_class(
    entries: list["os.DirEntry[str]"], expected_files: Sequence[str], *, kept: bool
) -> bool:
    if any(entry.name == METADATA for entry in entries):
        return True
    visible = [entry for entry in entries if not _is_passed_over(entry)]
    candidates = [entry for entry in visible if _is_candidate(entry, expected_files)]
    named = [e for e in visible if read_platform_name(e.name) and e.name not in expected_files]
    packed = [entry for entry in candidates if not entry.is_dir()]
    own = [entry for entry in visible if entry.name in expected_files]
    if own:
        # A file of the exercise's beside submissions of others belongs to none of them.
        return len(named) >= 2 or (kept and len(packed) >= 2)
    if named and kept:
        return True
    if kept and (len(candidates) >= 2 or (candidates and any(map(_is_empty, visible)))):
        return True
    # One notebook with a folder of data beside it is a submission; two of anything are a class.
    return len(candidates) >= 2 and (len(packed) != 1 or len(candidates) > 2)


def _only_class_below(path: Path, expected_files: Sequence[str], *, kept: bool) -> Path | None:
    """Return the folder that is all ``path`` holds, where that is a class: so exports unpack."""
    for _ in range(_DEPTH_MAX):
        inside = [entry for entry in _list(path) if not _is_passed_over(entry)]
        if len(inside) != 1 or not inside[0].is_dir(follow_symlinks=False):
            return None
        path = Path(inside[0].path)
        if read_platform_name(path.name):
            return None
        if _is_class(_list(path), expected_files, kept=kept):
            return path
    return None


def discover(path: Path, expected_files: Sequence[str]) -> tuple[list[Entry], list[str]]:
    """Return the submissions in a folder and sentences about what was passed over.

    Of several attempts of one student, the last one is taken. Raises Ambiguous.
    """
    inner = _only_class_below(path, expected_files, kept=True)
    if inner is not None and not _is_class(_list(path), expected_files, kept=True):
        path = inner
    names, problem = read_names(path)
    notes = [problem] if problem else []
    found: list[Entry] = []
    grouped: dict[tuple[str, str], list[Handed]] = {}
    ignored = []
    visible = [entry for entry in _list(path) if not _is_passed_over(entry)]
    _refuse_sections(path, visible, expected_files)
    for entry in visible:
        said = read_platform_name(entry.name)
        if entry.name in names and not entry.is_symlink():
            student, number = names[entry.name]
            found.append(Entry(Path(entry.path), make_key(entry.name), student, number))
        elif said is not None and (said.student or said.order):
            grouped.setdefault(said.whose, []).append((entry, said))
        elif entry.is_symlink():
            found.append(replace(_plain(entry), problem=_linked(entry.name)))
        elif entry.is_dir() or entry.name.lower().endswith(_SOURCES):
            if entry.name in expected_files:
                notes.append(f"{entry.name} lies beside the submissions and was passed over")
                continue
            if not _is_candidate(entry, expected_files):
                notes.append(f"{clean_text(entry.name, 80)} holds nothing to grade")
            found.append(_plain(entry))
        elif is_archive(entry.name):
            found.append(replace(_plain(entry), problem=_ask_for_another(entry.name)))
        else:
            ignored.append(entry.name)
    found += [_choose(files, expected_files, notes) for files in grouped.values()]
    if ignored:
        notes.append(f"no submissions, passed over: {_some(ignored)}")
    return sorted(found, key=lambda entry: entry.location.name), notes


def _choose(files: list[Handed], expected_files: Sequence[str], notes: list[str]) -> Entry:
    """Return the one submission of one student."""
    files = sorted(files, key=lambda pair: (pair[1].order, pair[0].name))
    known = [pair for pair in files if not pair[1].is_aside] or files
    taken, others = pick_submission(known)
    entry, said = taken[-1] if taken else known[-1]
    if others:
        whose = said.student or clean_text(entry.name, 80)
        notes.append(
            f"of what {whose} handed in, graded: {_name_some(taken)}; "
            f"passed over: {_name_some(others)}"
        )
    if len(taken) > 1 or (taken and not entry.is_dir() and entry.name.lower().endswith(".py")):
        # By the student's own names, of equal ones the last.
        parts = {restore_name(said.file, expected_files): Path(e.path) for e, said in taken}
        return replace(
            _named(entry, said),
            parts=tuple((path, name) for name, path in sorted(parts.items())),
            late=any(said.late for _, said in taken),
        )
    if taken:
        return _named(entry, said)
    is_link = entry.is_symlink()
    told = _linked(entry.name) if is_link else _ask_for_another(said.file or entry.name)
    return replace(_named(entry, said), problem=told)


def _name_some(files: Sequence[Handed]) -> str:
    return _some([said.file or entry.name for entry, said in files])


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(clean_text(name, 60) for name in names[:3]) + more


def _named(entry: "os.DirEntry[str]", said: PlatformName) -> Entry:
    return Entry(Path(entry.path), make_key(entry.name), said.student, said.number, said.late)


def _plain(entry: "os.DirEntry[str]") -> Entry:
    return name_given(Path(entry.path))


def _ask_for_another(name: str) -> str:
    return f"handed in {clean_text(name, 80)}: ask for a .zip, .ipynb or .py"


def _linked(name: str) -> str:
    return f"{clean_text(name, 80)} is a link: what it points to is not this student's file"


def _refuse_sections(
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
    inside = [entry for entry in _list(folder) if not _is_passed_over(entry)]
    holding = [
        entry
        for entry in inside
        if entry.is_dir(follow_symlinks=False)
        and any(inner.name in expected_files for inner in _list(Path(entry.path)))
    ]
    return len(holding) >= 2 and not any(entry.name in expected_files for entry in inside)


def name_given(path: Path) -> Entry:
    """Return the entry of a submission that was named on the command line by itself."""
    name = path.name if path.name not in ("", "..") else path.absolute().resolve().name
    said = read_platform_name(name)
    if said is not None:
        return Entry(path, make_key(name), said.student, said.number, said.late)
    is_file = name.lower().endswith(_SOURCES) or is_archive(name)
    stem = Path(name).stem.removesuffix(".tar") if is_file else name
    return Entry(path, make_key(name), clean_text(stem, 80))


def make_keys_unique(entries: Iterable[Entry]) -> list[Entry]:
    """Give entries that would share a result file a number each; the order decides.

    Some file systems tell no capitals from small letters. What is named twice is taken once.
    """
    seen: dict[str, int] = {}
    taken: set[Path] = set()
    unique = []
    for entry in entries:
        if entry.location.absolute() in taken:
            continue
        taken.add(entry.location.absolute())
        plain = entry.key.casefold()
        count = seen[plain] = seen.get(plain, 0) + 1
        unique.append(entry if count == 1 else replace(entry, key=f"{entry.key}~{count}"))
    return unique


def make_key(name: str) -> str:
    """Return a file name's letters, digits and a few marks: a safe name for its result."""
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in clean_text(name, 250))
    safe = safe.strip(".") or "submission"
    if len(safe.encode()) <= _KEY_BYTES_MAX:
        return safe
    # What is cut off is what may tell two of them apart.
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{safe.encode()[:_KEY_BYTES_MAX].decode('utf-8', 'ignore')}~{digest}"


def _list(path: Path) -> list["os.DirEntry[str]"]:
    with os.scandir(path) as listing:
        entries = [entry for _, entry in zip(range(_ENTRIES_MAX), listing, strict=False)]
    return sorted(entries, key=lambda entry: entry.name)


def _is_passed_over(entry: "os.DirEntry[str]") -> bool:
    name = entry.name
    if name.startswith(".") or name.lower() in _PASSED_OVER:
        return True
    # Results of ours that were kept inside the class's folder.
    return entry.is_dir(follow_symlinks=False) and any(
        os.path.isfile(os.path.join(entry.path, ours)) for ours in _OURS
    )


def _is_empty(entry: "os.DirEntry[str]") -> bool:
    """Whether an entry is the folder of somebody who handed in nothing."""
    return entry.is_dir(follow_symlinks=False) and not any(_walk_names(Path(entry.path)))


def _is_candidate(entry: "os.DirEntry[str]", expected_files: Sequence[str]) -> bool:
    if entry.is_dir():
        return _holds_exercise(Path(entry.path), expected_files)
    lower = entry.name.lower()
    return entry.is_file() and (
        lower.endswith(_PACKED) or (lower.endswith(".py") and entry.name not in expected_files)
    )


def _holds_exercise(folder: Path, expected_files: Sequence[str]) -> bool:
    """Whether a file below ``folder`` may be a part of a submission; looks at few names."""
    for number, name in enumerate(_walk_names(folder)):
        if number >= _LOOKED_AT_MAX:
            return True  # too much to know: grading it will say
        if name in expected_files or name.lower().endswith(_SOURCES):
            return True
    return False


def _walk_names(folder: Path) -> Iterator[str]:
    for _, folders, files in os.walk(folder, onerror=lambda _: None):
        folders.sort()
        yield from sorted(files)
