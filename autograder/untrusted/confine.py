"""Confine a worker further than the template, before it loads student code.

Runs inside the sandbox. Standard library only. Each worker gets namespaces of its own inside the
template's, so that two submissions share nothing they can write or signal, limits on what it may
use, and a filter on system calls. What the machine does not permit is left out; what is in force
is returned by name.
"""

import contextlib
import os
import resource
from dataclasses import dataclass

from autograder.untrusted import linux
from autograder.untrusted.namespaces import become_init
from autograder.untrusted.seccomp import install_filter

_NESTED = (
    linux.CLONE_NEWUSER
    | linux.CLONE_NEWNS
    | linux.CLONE_NEWPID
    | linux.CLONE_NEWIPC
    | linux.CLONE_NEWNET
)
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class WorkerLimits:
    """What one worker may use."""

    cpu_s: int
    memory_mib: int
    open_files: int
    file_size_mib: int
    scratch_mib: int


def confine_worker(limits: WorkerLimits, wire_fd: int, *, gpu: bool = False) -> tuple[str, ...]:
    """Confine this process. Returns in a child when a pid namespace of its own can be had."""
    in_force = []
    _close_all_but(wire_fd)
    # Before the namespaces: inside them /proc may be missing.
    started_bytes = _address_space_bytes()
    if _enter_own_namespaces(wire_fd, limits.scratch_mib):
        in_force.append("own namespaces")
    else:
        with contextlib.suppress(OSError):
            os.chdir(os.environ["TMPDIR"])
    _limit_resources(limits, started_bytes, gpu=gpu)
    in_force.append("resource limits")
    with contextlib.suppress(OSError):
        linux.drop_privileges()
        in_force.append("no privileges")
    linux.prctl(linux.PR_SET_DUMPABLE, 0)
    if install_filter(allow_network=gpu):
        in_force.append("system call filter")
    return tuple(in_force)


def can_keep_workers_apart() -> bool:
    """Whether a worker gets namespaces of its own here; tried in a child."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            linux.unshare(_NESTED)
            linux.map_own_ids(os.getuid(), os.getgid())
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1] == 0


def _close_all_but(wire_fd: int) -> None:
    os.closerange(3, wire_fd)
    os.closerange(wire_fd + 1, 65536)


def _enter_own_namespaces(wire_fd: int, scratch_mib: int) -> bool:
    uid, gid = os.getuid(), os.getgid()
    try:
        linux.unshare(_NESTED)
        linux.map_own_ids(uid, gid)
    except OSError:
        return False
    become_init(wire_fd)
    # From here on everything this worker starts dies with it.
    flags = linux.MS_NOSUID | linux.MS_NODEV
    linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    for place in (os.environ["TMPDIR"], "/dev/shm"):
        with contextlib.suppress(OSError):
            linux.mount("tmpfs", place, "tmpfs", flags, f"size={scratch_mib}m,mode=1777")
    try:
        linux.mount("proc", "/proc", "proc", flags | linux.MS_NOEXEC)
    except OSError:
        # Better an empty /proc than one that shows other processes.
        with contextlib.suppress(OSError):
            linux.mount("tmpfs", "/proc", "tmpfs", flags | linux.MS_RDONLY, "size=4k")
    os.chdir(os.environ["TMPDIR"])
    return True


def _limit_resources(limits: WorkerLimits, started_bytes: int, *, gpu: bool) -> None:
    wanted = {
        resource.RLIMIT_CPU: limits.cpu_s,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_FSIZE: limits.file_size_mib * 2**20,
        resource.RLIMIT_CORE: 0,
    }
    if not gpu:
        # CUDA reserves address space by the terabyte, so there the limit cannot hold.
        wanted[resource.RLIMIT_AS] = started_bytes + limits.memory_mib * 2**20
    for number, value in wanted.items():
        _, hard = resource.getrlimit(number)
        ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (ceiling, ceiling))


def _address_space_bytes() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as stream:
            return int(stream.read().split()[0]) * _PAGE_BYTES
    except OSError:
        return 2 * 2**30
