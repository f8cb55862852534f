"""A limit on the memory of all sandboxed processes together, by a cgroup where we may make one.

Runs on the trusted side; standard library only. Each worker has a limit of its own as well, which
holds everywhere; the cgroup bounds their sum with the template's memory and the private scratch.
Version 2 (one hierarchy) and the memory controller of version 1 are known. What is not promised:
a cgroup on machines whose system keeps them to itself, as most containers and plain logins do.
"""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Self

_PREFIX = "exercise-grader-"
_numbers = count()
# Joins the cgroup before anything else is started, so that no child can be missed.
_JOIN = 'echo 0 > "$0" && exec "$@"'
_LIMITS = {
    1: (("memory.limit_in_bytes", "memory"), ("memory.memsw.limit_in_bytes", "memory")),
    2: (("memory.max", "memory"), ("memory.swap.max", "0"), ("pids.max", "512")),
}


class MemoryGroup:
    """One cgroup of ours, for one template and its workers."""

    def __init__(self, path: Path, version: int) -> None:
        self.path = path
        self._version = version

    @classmethod
    def make(cls, limit_mib: int, *, proc: Path = Path("/proc")) -> Self | None:
        """Return a new cgroup with this limit; None where this machine does not let us."""
        for parent, version in _find_parents(proc):
            _sweep(parent)
            group = cls(parent / f"{_PREFIX}{os.getpid()}-{next(_numbers)}", version)
            with contextlib.suppress(OSError):
                group.path.mkdir()
                if group._limit(limit_mib * 2**20) and group._can_be_joined():
                    return group
            group.close()
        return None

    def _limit(self, limit_bytes: int) -> bool:
        """Write the limits; whether the one that matters, the first, is in force."""
        written = []
        for name, value in _LIMITS[self._version]:
            text = str(limit_bytes) if value == "memory" else value
            with contextlib.suppress(OSError):
                if (self.path / name).exists():
                    (self.path / name).write_text(text)
                    written.append(name)
        return _LIMITS[self._version][0][0] in written

    def _can_be_joined(self) -> bool:
        done = subprocess.run(self.wrap(["true"]), capture_output=True, timeout=10, check=False)
        return done.returncode == 0

    def wrap(self, command: Sequence[str]) -> list[str]:
        """Return ``command`` such that it starts as a member."""
        return ["/bin/sh", "-c", _JOIN, str(self.path / "cgroup.procs"), *command]

    def close(self) -> None:
        """End whatever is still in the cgroup, and remove it; takes at most a second."""
        with contextlib.suppress(OSError):
            if (self.path / "cgroup.kill").exists():
                (self.path / "cgroup.kill").write_text("1")
        for _ in range(100):
            try:
                self.path.rmdir()
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.01)  # the kernel is still taking down the last member
            else:
                return


def _find_parents(proc: Path) -> Iterator[tuple[Path, int]]:
    """Yield the cgroups that may hold one of ours, the nearest first, with their version."""
    try:
        own = [line.split(":", 2) for line in (proc / "self/cgroup").read_text().splitlines()]
        mounts = (proc / "self/mountinfo").read_text().splitlines()
    except OSError:
        return
    for line in mounts:
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        root, place = before.split(" ")[3:5]
        if kind == "cgroup2":
            mine = next((path for _, names, path in own if names == ""), None)
        elif kind == "cgroup" and "memory" in options.split(","):
            mine = next((path for _, names, path in own if "memory" in names.split(",")), None)
        else:
            continue
        if mine is None:
            continue
        top = Path(place)
        inside = os.path.relpath(mine, root) if mine.startswith(root) else "."
        nearest = top / inside
        if kind == "cgroup":
            yield nearest, 1
            continue
        # A cgroup that has members may have no limited children: look further up.
        for folder in (nearest, *nearest.parents):
            if _passes_memory_on(folder):
                yield folder, 2
            if folder == top:
                break


def _passes_memory_on(folder: Path) -> bool:
    try:
        passed_on = (folder / "cgroup.subtree_control").read_text().split()
    except OSError:
        return False
    return "memory" in passed_on and os.access(folder / "cgroup.procs", os.W_OK)


def _sweep(parent: Path) -> None:
    """Remove what graders left that were killed; a cgroup that has members stays."""
    for path in parent.glob(f"{_PREFIX}*"):
        pid = path.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            with contextlib.suppress(OSError):
                path.rmdir()
