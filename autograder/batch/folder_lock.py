"""One run at a time writes to a folder of results: a lock that ends with the process.

Runs on the trusted side. A second run would take the first one's half-written files for those of a
run that was killed.
"""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_NAME = ".lock"
# What a file system says that knows no locks: keeping runs apart is then the caller's to do.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


class FolderInUse(Exception):
    """Another run is writing to the folder; one sentence for the caller."""


@contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder. Raises FolderInUse at once, OSError for no folder of ours.

    The system lets go of the lock when the process ends, however it ends; a file left behind by a
    killed run locks nobody out. Afterwards nothing of the lock is left in the folder.
    """
    path = folder / _NAME
    handle = _lock(path)
    if handle is None:
        raise FolderInUse(f"another run is writing to {folder}: wait for it, or stop it")
    try:
        yield
    finally:
        if sys.platform == "win32":
            # An open file cannot be removed there; one that the next run holds stays.
            os.close(handle)
            with suppress(OSError):
                path.unlink()
        else:
            # Removed while it is held: whoever opened it meanwhile sees that it is gone.
            with suppress(OSError):
                path.unlink()
            os.close(handle)


def _lock(path: Path) -> int | None:
    """Return a handle that holds the lock, or None when another process holds it."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            held = _try_lock(handle)
            gone = held and not _is_still_there(handle, path)
        except BaseException:
            os.close(handle)
            raise
        if held and not gone:
            return handle
        os.close(handle)
        if not held:
            return None


def _try_lock(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return True
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise
    return True


def _is_still_there(handle: int, path: Path) -> bool:
    """Whether the file that is held is the one others will open, not one a run has removed."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
