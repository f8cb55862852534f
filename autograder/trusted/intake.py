"""Intake: read what the user names into memory, as sources that are later sent to the sandbox.

Runs on the trusted side, on hostile bytes: nothing is executed, imported, unpacked to disk or
parsed as Python. A folder, a ``.py``, a ``.ipynb`` and a ``.zip`` of these are submissions.
"""

import hashlib
import itertools
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.trusted.archives import collect_archive
from autograder.trusted.class_mentions import count_classes, decode_roughly, mention_a_class
from autograder.trusted.codings import explain_undecodable
from autograder.trusted.errors import UngradableSubmission
from autograder.trusted.folders import FileTooLarge, collect_folder, explain_os_error, read_file
from autograder.trusted.notebooks import (
    Notebook,
    UnreadableNotebook,
    is_notebook,
    read_notebook_cells,
)
from autograder.trusted.outcomes import clean_text
from autograder.trusted.side_by_side import (
    explain_nothing_found,
    list_others,
    name_passed_over,
    open_archive_instead,
)
from autograder.trusted.wanted import FoundSources, IntakeLimits, is_renamed_notebook

__all__ = ["IntakeLimits", "SourceFile", "StagedSubmission", "stage_submission"]

_KINDS = "a folder, a .py file, a .ipynb notebook or a .zip of these"
_NOTES_MAX = 12


@dataclass(frozen=True)
class SourceFile:
    """A Python file: its path in the submission, with slashes and fit to be shown, and its bytes.

    The bytes are as found: the coding, the mark at the start and the line ends are Python's to
    understand, in the sandbox.
    """

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
    # Which archives beside the sources, or sources beside the archive, are not graded.
    passed_over: str = ""

    @property
    def paths(self) -> list[str]:
        """Where its sources lie in it."""
        return [file.path for file in self.files] + [book.path for book in self.notebooks]

    @property
    def whole_digest(self) -> str:
        """A digest of the sources and of what there is to say about them."""
        if not self.notes:
            return self.digest
        return hashlib.sha256("\n".join((self.digest, *self.notes)).encode()).hexdigest()

    def count_classes(self, class_names: Sequence[str]) -> int:
        """Return how many of the exercise's classes the sources may define."""
        texts = [decode_roughly(file.content) for file in self.files]
        texts += [cell.source for notebook in self.notebooks for cell in notebook.cells]
        return count_classes(texts, class_names)


def stage_submission(
    location: Path,
    class_names: Sequence[str],
    expected_files: Sequence[str],
    limits: IntakeLimits,
    parts: Sequence[tuple[Path, str]] = (),
) -> StagedSubmission:
    """Read the submission at ``location``. Raises UngradableSubmission with one sentence.

    With ``parts`` it is those files instead, each under the name given with it.
    """
    found = FoundSources(clean_text(str(location), 200), limits)
    try:
        name = clean_text(_display_name(location), 120)
        if parts:
            _collect_parts(parts, found)
        else:
            _collect(location, found, class_names)
    except (ValueError, RuntimeError):  # a NUL in the name; links in a circle
        raise UngradableSubmission(f"{found.shown} is not a file name: check the path") from None
    except OSError as error:
        raise UngradableSubmission(f"{found.shown}: {explain_os_error(error)}") from None
    if not found.contents:
        others = list_others(found) if location.is_dir() else ()
        raise UngradableSubmission(explain_nothing_found(found), found.archives, others)
    entries = _name_plainly(_strip_wrappers(found.contents), found)
    files = [SourceFile(path, content) for path, content in entries if not _is_notebook(path)]
    notebooks = _read_notebooks(entries, found)
    _check_code(files, notebooks, class_names, expected_files, found)
    passed_over = name_passed_over(found)
    found.notes[:0] = filter(None, [passed_over])
    notes = [clean_text(note, 300) for note in found.notes[:_NOTES_MAX]]
    if len(found.notes) > _NOTES_MAX:
        notes.append(f"{len(found.notes) - _NOTES_MAX} more files were left out or renamed")
    return StagedSubmission(
        name=name or "submission",
        files=tuple(files),
        notebooks=tuple(notebooks),
        notes=tuple(notes),
        digest=_digest(entries),
        root=_find_root([path for path, _ in entries], expected_files),
        passed_over=passed_over,
    )


def _display_name(location: Path) -> str:
    return location.name if location.name not in ("", "..") else location.absolute().resolve().name


def _collect(location: Path, found: FoundSources, class_names: Sequence[str]) -> None:
    """Fill ``found`` from a folder or a file. Links are followed here: the caller named them."""
    shown = found.shown
    try:
        mode = location.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise UngradableSubmission(
            f"{shown} does not exist: check the path (it is {_KINDS})"
        ) from None
    if stat.S_ISDIR(mode):
        collect_folder(location, found)
        open_archive_instead(location, found, class_names)
        return
    if not stat.S_ISREG(mode):
        raise UngradableSubmission(f"{shown} is no ordinary file: give {_KINDS}")
    suffix = location.suffix.lower()
    if suffix == ".zip":
        collect_archive(location, found)
        return
    if is_renamed_notebook(location.name):
        raise UngradableSubmission(f"{shown} is a notebook by another name: let it end in .ipynb")
    if suffix not in (".py", ".ipynb"):
        raise UngradableSubmission(f"{shown} cannot be graded: give {_KINDS}")
    try:
        content = read_file(location, found.limits.bytes_max(location.name), follow=True)
    except FileTooLarge as problem:
        raise UngradableSubmission(f"{shown}: {problem}") from None
    if not content.strip():
        raise UngradableSubmission(f"{shown} is empty: was it saved before it was sent?")
    found.add(location.name, content)


def _collect_parts(parts: Sequence[tuple[Path, str]], found: FoundSources) -> None:
    """Fill ``found`` from files that came one by one. Links are not followed: nobody named them."""
    for path, name in parts:
        try:
            found.add(name, read_file(path, found.limits.bytes_max(name), follow=False))
        except FileTooLarge as problem:
            found.leave_out(name, str(problem))


def _strip_wrappers(contents: dict[str, bytes]) -> dict[str, bytes]:
    """Drop the folders that all sources share at the top: how a zip was packed says nothing."""
    folders = [path.split("/")[:-1] for path in contents]
    shared = sum(1 for _ in itertools.takewhile(
        lambda column: len(set(column)) == 1, zip(*folders, strict=False)
    ))  # fmt: skip
    return {path.split("/", shared)[-1]: content for path, content in contents.items()}


def _name_plainly(contents: dict[str, bytes], found: FoundSources) -> list[tuple[str, bytes]]:
    """Return the sources by path, each path safe to show and with its ending in small letters."""
    named: dict[str, bytes] = {}
    # Names that need no change come first, so that they win where two become the same.
    for path in sorted(contents, key=lambda path: (path != _plain(path), path)):
        plain = _plain(path)
        if plain.endswith(".py") and is_notebook(contents[path]):
            plain = plain.removesuffix(".py") + ".ipynb"
            found.notes.append(f"{clean_text(path, 120)} is a notebook and was read as one")
        if plain in named:
            found.leave_out(path, "another file has nearly the same name")
        else:
            named[plain] = contents[path]
    return sorted(named.items())


def _plain(path: str) -> str:
    shown = "".join(char if char.isprintable() else "_" for char in path)
    stem, dot, suffix = shown.rpartition(".")
    return stem + dot + suffix.lower()


def _is_notebook(path: str) -> bool:
    return path.endswith(".ipynb")


def _read_notebooks(entries: list[tuple[str, bytes]], found: FoundSources) -> list[Notebook]:
    notebooks = []
    for path, content in entries:
        if not _is_notebook(path):
            continue
        try:
            notebook = read_notebook_cells(path, content)
        except UnreadableNotebook as error:
            if len(entries) == 1:
                raise UngradableSubmission(f"{_within(found, path)}: {error}") from None
            found.leave_out(path, str(error))
            continue
        notebooks.append(notebook)
        if notebook.malformed:
            numbers = ", ".join(map(str, notebook.malformed[:10]))
            found.notes.append(f"{path}: not readable as cells and left out: {numbers}")
    return notebooks


def _check_code(
    files: list[SourceFile],
    notebooks: list[Notebook],
    class_names: Sequence[str],
    expected_files: Sequence[str],
    found: FoundSources,
) -> None:
    """Refuse what holds too much code, or none of the exercise's."""
    cells = [cell.source for notebook in notebooks for cell in notebook.cells]
    code_bytes = sum(len(file.content) for file in files) + sum(map(len, cells))
    if code_bytes > found.limits.code_mib_max * 2**20:
        raise UngradableSubmission(
            f"{found.shown} holds more than {found.limits.code_mib_max:g} MiB of code: take data "
            "out of it, or give only the folder your classes are in"
        )
    unreadable = {file.path: why for file in files if (why := explain_undecodable(file.content))}
    # First, as the likeliest reason for a loss: the sandbox makes no classes of them.
    found.notes[:0] = [f"{path} {why}" for path, why in unreadable.items()]
    readable = (decode_roughly(file.content) for file in files if file.path not in unreadable)
    if not mention_a_class(itertools.chain(readable, cells), class_names):
        for file in files:
            text = decode_roughly(file.content)
            if file.path in unreadable and mention_a_class([text], class_names):
                raise UngradableSubmission(f"{_within(found, file.path)} {unreadable[file.path]}")
        why = f" ({clean_text(found.notes[0])})" if found.notes else ""
        if found.archives:
            inner = clean_text(min(found.archives), 80)
            why = f"; {inner} beside it was not opened: unpack that and give what is in it"
        raise UngradableSubmission(
            f"{found.shown} defines none of the exercise's classes: expected for example "
            f"«class {class_names[0]}» in {expected_files[0]} or in a notebook{why}"
        )


def _within(found: FoundSources, path: str) -> str:
    """Return how a source is shown: with the folder or zip it lies in, if it does."""
    alone = found.shown.lower().endswith(path.lower())
    return found.shown if alone else clean_text(f"{found.shown}/{path}", 200)


def _find_root(paths: list[str], expected_files: Sequence[str]) -> str:
    """Return the folder that holds most of the expected files, the shallowest of equals."""
    counts: dict[str, int] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        counts[folder] = counts.get(folder, 0) + (name in expected_files)
    return min(
        counts, key=lambda folder: (-counts[folder], folder.count("/") + bool(folder), folder)
    )


def _digest(entries: list[tuple[str, bytes]]) -> str:
    digest = hashlib.sha256()
    for path, content in entries:
        for part in (path.encode(), content):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
