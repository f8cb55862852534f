"""Read the sources in a folder, or one file, into memory.

Runs on the trusted side, on hostile names: no link is followed, nothing but ordinary files is
read, and every listing is bounded.
"""

import errno
import itertools
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from autograder.trusted.errors import UngradableSubmission
from autograder.trusted.wanted import FoundSources, is_archive, is_skipped_folder, is_wanted


def collect_folder(top: Path, found: FoundSources) -> None:
    """Add every source below ``top``. Raises UngradableSubmission with one sentence."""
    for path, relative in _walk(top, found):
        if is_archive(relative):
            found.archives.append(relative)
        elif not is_wanted(relative):
            found.pass_by(relative)
        if not is_wanted(relative):
            continue
        try:
            content = read_file(path, found.limits.bytes_max(relative), follow=False)
        except FileTooLarge as problem:
            found.leave_out(relative, str(problem))
        except OSError as error:
            found.leave_out(relative, explain_os_error(error))
        else:
            found.add(relative, content)


def _walk(top: Path, found: FoundSources) -> Iterator[tuple[Path, str]]:
    """Yield (path, relative name) of the regular files below ``top``; links are not followed."""
    limits, seen = found.limits, 0
    pending = [("", 0)]
    while pending:
        prefix, depth = pending.pop()
        try:
            with os.scandir(top / prefix) as listing:
                # One more than allowed is enough to know; a folder can hold millions.
                entries = list(itertools.islice(listing, limits.entries_max - seen + 1))
        except OSError as error:
            if not prefix:
                raise
            found.leave_out(prefix, explain_os_error(error))
            continue
        seen += len(entries)
        if seen > limits.entries_max:
            raise UngradableSubmission(
                f"{found.shown} holds more than {limits.entries_max} files: give only the folder "
                "your classes are in"
            )
        for entry in sorted(entries, key=lambda entry: entry.name):
            relative = f"{prefix}/{entry.name}" if prefix else entry.name
            if entry.is_symlink():
                if not is_skipped_folder(entry.name):
                    found.leave_out(relative, "it is a link; copy what it points to")
            elif entry.is_dir(follow_symlinks=False):
                if is_wanted(relative):
                    found.notes.append(f"{relative} is a folder, not a file")
                if is_skipped_folder(entry.name) or _is_environment(entry.path):
                    continue
                if depth < limits.depth_max:
                    pending.append((relative, depth + 1))
                else:
                    found.leave_out(relative, f"it lies more than {limits.depth_max} folders deep")
            elif entry.is_file(follow_symlinks=False):
                yield Path(entry.path), relative
            elif is_wanted(relative):
                found.leave_out(relative, "it is no ordinary file")


def _is_environment(path: str) -> bool:
    # os.path.exists, unlike Path.exists, answers no where it may not look.
    return os.path.exists(os.path.join(path, "pyvenv.cfg"))


class FileTooLarge(Exception):
    """A file has more bytes than a source may have; the sentence says what to do."""


def open_ordinary_file(path: Path, *, follow: bool) -> int:
    """Return a descriptor of a regular file. Raises OSError for anything else, and never waits."""
    # Non-blocking, and the kind asked of what was opened: between listing and opening, a file can
    # become a pipe or a link.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    flags |= getattr(os, "O_CLOEXEC", 0) | (0 if follow else getattr(os, "O_NOFOLLOW", 0))
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no ordinary file")
    return descriptor


def read_file(path: Path, bytes_max: int, *, follow: bool) -> bytes:
    """Return the bytes of a regular file. Raises OSError or FileTooLarge."""
    with os.fdopen(open_ordinary_file(path, follow=follow), "rb") as stream:
        # Its size is asked first: one file may stand under ten thousand names.
        whole = os.fstat(stream.fileno()).st_size <= bytes_max
        content = stream.read(bytes_max + 1) if whole else b""
    if not whole or len(content) > bytes_max:
        remedy = "clear its outputs" if path.suffix.lower() == ".ipynb" else "take data out of it"
        raise FileTooLarge(
            f"it is larger than {bytes_max / 2**20:.3g} MiB; {remedy} and save again"
        )
    return content


def explain_os_error(error: OSError) -> str:
    """Say in words why the system would not give a file."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return "it may not be read; allow it (chmod u+rX) and try again"
    if error.errno == errno.ENAMETOOLONG:
        return "its name is too long; give it a shorter one"
    return f"it cannot be read ({error.strerror or 'for a reason the system does not give'})"
