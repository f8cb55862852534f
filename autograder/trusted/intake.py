"""Intake: read what the user names into memory, as sources that are later sent to the sandbox.

Runs on the trusted side, on hostile bytes: nothing is executed, imported, unpacked to disk or
parsed as Python. A folder, a ``.py``, a ``.ipynb`` and a ``.zip`` of these are submissions.
"""

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.trusted.archives import list_archive
from autograder.trusted.errors import UngradableSubmission
from autograder.trusted.notebooks import Notebook, UnreadableNotebook, read_notebook_cells
from autograder.trusted.outcomes import clean_text

_SKIPPED_FOLDERS = {"__pycache__", "__macosx", "node_modules", "site-packages"}
_KINDS = "a folder, a .py file, a .ipynb notebook or a .zip of these"


@dataclass(frozen=True)
class IntakeLimits:
    """What one submission may hold."""

    source_mib_max: float = 4.0
    notebook_mib_max: float = 64.0
    total_mib_max: float = 128.0
    archive_mib_max: float = 512.0
    files_max: int = 2000
    entries_max: int = 20000
    depth_max: int = 24


@dataclass(frozen=True)
class SourceFile:
    """A Python file: its path in the submission, with slashes, and its bytes."""

    path: str
    content: bytes


@dataclass(frozen=True)
class StagedSubmission:
    """A submission in memory. ``root`` is the folder its modules lie in ("" for the top)."""

    name: str
    files: tuple[SourceFile, ...]
    notebooks: tuple[Notebook, ...]
    notes: tuple[str, ...]
    digest: str
    root: str = ""


@dataclass
class _Found:
    entries: list[tuple[str, bytes]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def stage_submission(
    location: Path, class_names: Sequence[str], expected_files: Sequence[str], limits: IntakeLimits
) -> StagedSubmission:
    """Read the submission at ``location``. Raises UngradableSubmission with one sentence."""
    name = clean_text(
        location.resolve().name if str(location) in (".", "..") else location.name, 120
    )
    shown = clean_text(str(location), 200)
    try:
        found = _collect(location, shown, limits)
    except ValueError:  # a NUL in the name
        raise UngradableSubmission(f"{shown}: this is not a file name") from None
    except OSError as error:
        raise UngradableSubmission(_explain_os_error(shown, error)) from None
    if not found.entries:
        raise UngradableSubmission(
            f"{shown} holds no .py file and no notebook: name the folder your classes are in"
        )
    entries = _strip_wrappers(found.entries)
    files: list[SourceFile] = []
    notebooks: list[Notebook] = []
    alone = len(entries) == 1
    for path, content in sorted(entries):
        if not path.lower().endswith(".ipynb"):
            files.append(SourceFile(_with_suffix(path, ".py"), content))
            continue
        try:
            notebooks.append(read_notebook_cells(path, content))
        except UnreadableNotebook as error:
            if alone:
                raise UngradableSubmission(f"{shown}: {error}") from None
            found.notes.append(f"{clean_text(path, 100)} was left out: {error}")
    if not _mentions_a_class(files, notebooks, class_names):
        raise UngradableSubmission(
            f"{shown} defines none of the exercise's classes: expected for example "
            f"«class {class_names[0]}» in {expected_files[0]} or in a notebook"
        )
    return StagedSubmission(
        name=name or "submission",
        files=tuple(files),
        notebooks=tuple(notebooks),
        notes=tuple(found.notes[:12]),
        digest=_digest(entries),
        root=_find_root([path for path, _ in entries], expected_files),
    )


def _collect(location: Path, shown: str, limits: IntakeLimits) -> _Found:
    try:
        mode = location.stat().st_mode
    except FileNotFoundError:
        raise UngradableSubmission(
            f"{shown} does not exist: check the path (it is {_KINDS})"
        ) from None
    if stat.S_ISDIR(mode):
        return _collect_folder(location, shown, limits)
    if not stat.S_ISREG(mode):
        raise UngradableSubmission(f"{shown} is no ordinary file: give {_KINDS}")
    suffix = location.suffix.lower()
    if suffix == ".zip":
        found = _Found()
        found.entries = list_archive(location, shown, limits, _is_wanted)
        return found
    if suffix not in (".py", ".ipynb"):
        raise UngradableSubmission(f"{shown} cannot be graded: give {_KINDS}")
    content = _read_file(location, _bytes_max(location.name, limits), shown)
    if not content.strip():
        raise UngradableSubmission(f"{shown} is empty: was it saved before it was sent?")
    return _Found([(location.name, content)])


def _bytes_max(name: str, limits: IntakeLimits) -> int:
    notebook = name.lower().endswith(".ipynb")
    return int((limits.notebook_mib_max if notebook else limits.source_mib_max) * 2**20)


def _collect_folder(top: Path, shown: str, limits: IntakeLimits) -> _Found:
    found = _Found()
    seen = total = 0
    for path, relative in _walk(top, found.notes, limits):
        seen += 1
        if seen > limits.entries_max:
            raise UngradableSubmission(
                f"{shown} holds more than {limits.entries_max} files: name the folder your "
                "classes are in, not one above it"
            )
        if not _is_wanted(relative):
            continue
        if len(found.entries) >= limits.files_max:
            raise UngradableSubmission(
                f"{shown} holds more than {limits.files_max} sources: name the folder your "
                "classes are in, not one above it"
            )
        label = clean_text(relative, 120)
        try:
            content = _read_file(path, _bytes_max(relative, limits), label)
        except UngradableSubmission as problem:
            found.notes.append(f"left out: {problem}")
            continue
        except OSError as error:
            found.notes.append(f"left out: {_explain_os_error(label, error)}")
            continue
        total += len(content)
        if total > limits.total_mib_max * 2**20:
            raise UngradableSubmission(
                f"{shown} holds more than {limits.total_mib_max:g} MiB of sources: name the "
                "folder your classes are in"
            )
        found.entries.append((relative, content))
    return found


def _walk(top: Path, notes: list[str], limits: IntakeLimits) -> Iterator[tuple[Path, str]]:
    """Yield (path, relative name) of the regular files below ``top``; links are not followed."""
    pending = [("", 0)]
    while pending:
        prefix, depth = pending.pop()
        try:
            with os.scandir(top / prefix) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            if not prefix:
                raise
            notes.append(f"left out: {_explain_os_error(clean_text(prefix, 120), error)}")
            continue
        for entry in entries:
            relative = f"{prefix}/{entry.name}" if prefix else entry.name
            if entry.is_dir(follow_symlinks=False):
                if _is_folder_of_code(Path(entry.path), entry.name) and depth < limits.depth_max:
                    pending.append((relative, depth + 1))
                if entry.name.lower().endswith((".py", ".ipynb")):
                    notes.append(f"{clean_text(relative, 120)} is a folder, not a file")
            elif entry.is_symlink() or not entry.is_file(follow_symlinks=False):
                if _is_wanted(relative):
                    kind = "a link" if entry.is_symlink() else "no ordinary file"
                    notes.append(f"{clean_text(relative, 120)} was left out: it is {kind}")
            else:
                yield Path(entry.path), relative


def _is_folder_of_code(path: Path, name: str) -> bool:
    if name.startswith(".") or name.lower() in _SKIPPED_FOLDERS:
        return False
    return not (path / "pyvenv.cfg").exists()


def _is_wanted(path: str) -> bool:
    """Whether a file of this name is a source of the submission's."""
    folders, _, name = path.rpartition("/")
    parts = folders.lower().split("/") if folders else []
    if any(part in _SKIPPED_FOLDERS or part.startswith(".") for part in parts):
        return False
    return name.lower().endswith((".py", ".ipynb")) and not name.startswith(".")


def _read_file(path: Path, bytes_max: int, shown: str) -> bytes:
    # Non-blocking and unlinked: between listing and opening, a file can become something else.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise UngradableSubmission(f"{shown} is no ordinary file")
        content = stream.read(bytes_max + 1)
    if len(content) > bytes_max:
        raise UngradableSubmission(
            f"{shown} is larger than {bytes_max / 2**20:g} MiB: clear its outputs, or take data "
            "out of it"
        )
    return content


def _explain_os_error(shown: str, error: OSError) -> str:
    if error.errno == errno.EACCES:
        return f"{shown} may not be read: allow it (chmod u+r) and try again"
    if error.errno == errno.ENAMETOOLONG:
        return f"{shown}: the name is too long"
    return f"{shown} cannot be read: {error.strerror}"


def _strip_wrappers(entries: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Drop the folders that all sources share at the top: how a zip was packed says nothing."""
    while True:
        tops = {path.partition("/")[0] if "/" in path else None for path, _ in entries}
        if len(tops) != 1 or None in tops:
            return entries
        entries = [(path.partition("/")[2], content) for path, content in entries]


def _with_suffix(path: str, suffix: str) -> str:
    return path[: -len(suffix)] + suffix if path.lower().endswith(suffix) else path


def _find_root(paths: list[str], expected_files: Sequence[str]) -> str:
    """Return the folder that holds most of the expected files, the shallowest of equals."""
    counts: dict[str, int] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        counts[folder] = counts.get(folder, 0) + (name in expected_files)
    return min(
        counts, key=lambda folder: (-counts[folder], folder.count("/") + bool(folder), folder)
    )


def _mentions_a_class(
    files: list[SourceFile], notebooks: list[Notebook], class_names: Sequence[str]
) -> bool:
    names = "|".join(map(re.escape, class_names))
    pattern = re.compile(
        rf"^\s*class\s+(?:{names})\b|^\s*(?:{names})\s*=|\bimport\b.*\b(?:{names})\b", re.MULTILINE
    )
    texts = [_rough_text(file.content) for file in files]
    texts += [cell.source for notebook in notebooks for cell in notebook.cells]
    return any(pattern.search(text) for text in texts)


def _rough_text(content: bytes) -> str:
    coding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return content.decode(coding, "replace")


def _digest(entries: list[tuple[str, bytes]]) -> str:
    digest = hashlib.sha256()
    for path, content in sorted(entries):
        for part in (path.encode("utf-8", "surrogateescape"), content):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
