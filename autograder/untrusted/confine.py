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
from autograder.untrusted.seccomp import install_filter

# The template's network namespace holds nothing, and the filter below refuses sockets: one more per
# worker would cost more than all the others together.
_NESTED = linux.CLONE_NEWUSER | linux.CLONE_NEWNS | linux.CLONE_NEWPID | linux.CLONE_NEWIPC
# As seen outside: in a user namespace that maps nobody yet, everybody is the overflow id.
_OWN_IDS = (os.getuid(), os.getgid())
_DEVICES = tuple(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty"))
_THREADS_MAX = 64
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class WorkerLimits:
    """What one worker may use."""

    cpu_s: int
    memory_mib: int
    open_files: int
    file_size_mib: int
    scratch_mib: int


@dataclass(frozen=True)
class Keeping:
    """How far this machine lets workers be kept from each other."""

    apart: bool  # in namespaces of their own
    own_proc: bool  # with a /proc of their own; inside some containers only an empty one


def confine_worker(
    limits: WorkerLimits, wire_fd: int, *, keeping: Keeping, gpu: bool = False
) -> tuple[str, ...]:
    """Confine this process, forked by ``fork_apart`` where ``keeping`` says so."""
    in_force = []
    _close_all_but(wire_fd)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as stream:
        stream.write("1000")  # when memory ends, a worker goes first, and not the template
    # Before /proc is another one, or gone.
    started_bytes = _address_space_bytes()
    if keeping.apart:
        _settle_namespaces(limits.scratch_mib, own_proc=keeping.own_proc)
        in_force.append("own namespaces")
    else:
        with contextlib.suppress(OSError):
            os.chdir(os.environ["TMPDIR"])
    _take_nowhere()
    _limit_resources(limits, started_bytes, gpu=gpu, apart=keeping.apart)
    in_force.append("resource limits")
    with contextlib.suppress(OSError):
        linux.drop_privileges()
        in_force.append("no privileges")
    linux.prctl(linux.PR_SET_DUMPABLE, 0)
    if install_filter(allow_network=gpu):
        in_force.append("system call filter")
    return tuple(in_force)


def fork_apart(*, gpu: bool = False) -> int:
    """Fork into namespaces of the child's own, where it is process 1; return 0 in the child.

    What the child starts dies with it: the kernel sees to that before the child can be reaped.
    """
    return linux.fork_into(_NESTED | (linux.CLONE_NEWNET if gpu else 0))


def try_keeping_apart() -> Keeping:
    """Find out with two children how far this machine keeps workers apart."""
    with contextlib.suppress(OSError):
        for own_proc in (True, False):
            child = fork_apart()
            if child == 0:
                code = 1
                try:
                    _settle_namespaces(1, own_proc=own_proc)
                    code = 0
                finally:
                    os._exit(code)
            if os.waitpid(child, 0)[1] == 0:
                return Keeping(apart=True, own_proc=own_proc)
    return Keeping(apart=False, own_proc=False)


def _close_all_but(wire_fd: int) -> None:
    os.closerange(3, wire_fd)
    os.closerange(wire_fd + 1, 65536)


def _settle_namespaces(scratch_mib: int, *, own_proc: bool) -> None:
    """Furnish the new namespaces this process is the first one of. Raises OSError."""
    linux.die_with_parent()
    linux.map_own_ids(*_OWN_IDS)
    flags = linux.MS_NOSUID | linux.MS_NODEV
    linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    # Empty files take memory too, and no limit on sizes counts it: their number has one.
    for place in (os.environ["TMPDIR"], "/dev/shm"):
        with contextlib.suppress(OSError):
            linux.mount(
                "tmpfs", place, "tmpfs", flags, f"size={scratch_mib}m,nr_inodes=4096,mode=1777"
            )
    if own_proc:
        linux.mount("proc", "/proc", "proc", flags | linux.MS_NOEXEC | linux.MS_RDONLY)
    else:
        # Better an empty /proc than one that shows other processes.
        with contextlib.suppress(OSError):
            linux.mount("tmpfs", "/proc", "tmpfs", flags | linux.MS_RDONLY, "size=4k")
    for path in _DEVICES:
        # A device's mode and times are its owner's to change, and outside that may be us. What is
        # written to it passes all the same.
        with contextlib.suppress(OSError):
            linux.make_read_only(path)
    os.chdir(os.environ["TMPDIR"])


def _take_nowhere() -> None:
    """Put this process's own /dev/null where the inherited one was: that is the machine's."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    if nowhere > 2:
        os.close(nowhere)


def _limit_resources(limits: WorkerLimits, started_bytes: int, *, gpu: bool, apart: bool) -> None:
    wanted = {
        resource.RLIMIT_CPU: limits.cpu_s,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_FSIZE: limits.file_size_mib * 2**20,
        resource.RLIMIT_CORE: 0,
    }
    if not gpu:
        # CUDA reserves address space by the terabyte, so there the limit cannot hold.
        wanted[resource.RLIMIT_AS] = started_bytes + limits.memory_mib * 2**20
    if apart and not gpu:
        # Counted in the worker's own user namespace (Linux 5.14), and of root's processes not at
        # all: there the limit for all workers together has to do.
        wanted[resource.RLIMIT_NPROC] = _THREADS_MAX
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
