"""A sandbox of our own by namespaces, for Linux machines without bubblewrap.

Runs in the process that becomes the template, before torch is imported. Standard library only.
What is not promised: protection from faults in the kernel, from reading timings, or from what
other processes on the machine's caches show.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Sequence

from autograder.untrusted import linux

_ALL = (
    linux.CLONE_NEWNS
    | linux.CLONE_NEWPID
    | linux.CLONE_NEWNET
    | linux.CLONE_NEWIPC
    | linux.CLONE_NEWUTS
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
# What of /proc rules the whole machine, and obeys whoever is root outside: also in a user
# namespace, and without a single capability.
_RULING = ("bus", "fs", "irq", "sys", "sysrq-trigger")
_TOP_LINKS = ("bin", "sbin", "lib", "lib64", "lib32")


def leave_namespaces() -> None:
    """Move into new namespaces; with one's own ids mapped where that takes a user namespace."""
    uid, gid = os.getuid(), os.getgid()
    try:
        linux.unshare(linux.CLONE_NEWUSER | _ALL)
    except OSError:
        if uid != 0:
            raise
        linux.unshare(_ALL)  # root needs no user namespace, where those are forbidden
    else:
        linux.map_own_ids(uid, gid)
    linux.set_host_name("sandbox")
    with contextlib.suppress(OSError):  # there it shows the cgroup's name as it is
        linux.unshare(linux.CLONE_NEWCGROUP)


def become_init(keep_fd: int) -> None:
    """Fork; go on as process 1 of the new pid namespace. The parent waits and ends alike.

    On SIGTERM the parent kills process 1; the kernel then kills and reaps everything in the
    namespace before the parent sees the end, so nothing started inside outlives the parent.
    """
    init = 0

    def end_namespace(*_: object) -> None:
        if init:
            os.kill(init, signal.SIGKILL)

    signal.signal(signal.SIGTERM, end_namespace)
    init = os.fork()
    if init:
        os.close(keep_fd)
        mirror_end(os.waitpid(init, 0)[1])
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)


def mirror_end(status: int) -> None:
    """Never returns: end the way a child ended, so that who waits for us learns how."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def build_root(
    visible: Sequence[str],
    hidden: Sequence[str],
    devices: Sequence[str],
    scratch: str,
    scratch_mib: int,
) -> None:
    """Replace the file system by a read-only view of ``visible`` with a private ``scratch``.

    ``devices`` are device files to keep besides the usual few (a GPU's). Call it as process 1 of
    the new namespaces. On return nothing else of the machine's files can be reached, and
    nothing but that and /dev/shm can be written.
    """
    linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("tmpfs", "/tmp", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=755")
    os.mkdir("/tmp/old")
    os.chdir("/tmp")
    linux.pivot_root(".", "old")
    os.chdir("/")
    os.mkdir("/new")
    linux.mount("tmpfs", "/new", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=755,size=1m")
    for name in _TOP_LINKS:
        if os.path.islink(f"/old/{name}"):
            os.symlink(os.readlink(f"/old/{name}"), f"/new/{name}")
    for path in visible:
        _bind(path)
    _make_read_only([f"/new{path}" for path in visible])
    for path in hidden:
        if os.path.isdir(f"/new{path}"):
            flags = linux.MS_RDONLY | linux.MS_NOSUID | linux.MS_NODEV
            linux.mount("tmpfs", f"/new{path}", "tmpfs", flags, "size=4k")
    _make_devices(devices, scratch, scratch_mib)
    os.mkdir("/new/proc")
    try:
        flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
        linux.mount("proc", "/new/proc", "proc", flags)
    except OSError:
        pass  # inside a container /proc may not be mounted again: go without
    if not _may_nest():
        # Workers would see this one. Where they may have their own, nothing may be covered here.
        for name in _RULING:
            _protect(f"/new/proc/{name}")
    linux.mount("none", "/new", flags=linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY)
    os.chdir("/new")
    linux.pivot_root(".", ".")
    linux.unmount(".")
    os.chdir("/")


def _may_nest() -> bool:
    """Whether workers can have namespaces of their own inside these."""
    try:
        child = linux.fork_into(linux.CLONE_NEWUSER)
    except OSError:
        return False
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return True


def _protect(path: str) -> None:
    if os.path.exists(path):
        linux.mount(path, path, flags=linux.MS_BIND | linux.MS_REC)
        linux.make_read_only(path, linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)


def _bind(path: str) -> None:
    source, target = f"/old{path}", f"/new{path}"
    if os.path.islink(target):
        return
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    elif os.path.exists(source):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="ascii"):
            pass
    else:
        return
    linux.mount(source, target, flags=linux.MS_BIND | linux.MS_REC)


def _make_read_only(targets: Sequence[str]) -> None:
    """Make every mount at or below ``targets`` read-only."""
    with open("/old/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as stream:
        places = [_unescape(line.split()[4]) for line in stream]
    for place in places:
        if not any(place == target or place.startswith(target + "/") for target in targets):
            continue
        linux.make_read_only(place, linux.MS_NOSUID | linux.MS_NODEV)


def _unescape(text: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text


def _make_devices(devices: Sequence[str], scratch: str, scratch_mib: int) -> None:
    os.makedirs("/new/dev", exist_ok=True)
    for path in (*_DEVICES, *devices):
        os.makedirs(os.path.dirname(f"/new{path}"), exist_ok=True)
        with open(f"/new{path}", "w", encoding="ascii"):
            pass
        linux.mount(f"/old{path}", f"/new{path}", flags=linux.MS_BIND)
        # Its mode and times stay as they are; what is written to it passes all the same.
        linux.make_read_only(f"/new{path}", linux.MS_NOSUID | linux.MS_NOEXEC)
    flags = linux.MS_NOSUID | linux.MS_NODEV
    for place in ("/new/dev/shm", f"/new{scratch}"):
        if not os.path.isdir(place):
            os.makedirs(place)
        linux.mount("tmpfs", place, "tmpfs", flags, f"size={scratch_mib}m,nr_inodes=4096,mode=1777")


def can_unshare() -> bool:
    """Whether this machine lets us build such a sandbox; rehearsed in a child, in about 20 ms."""
    if sys.platform != "linux":
        return False
    child = os.fork()
    if child == 0:
        code = 1
        try:
            leave_namespaces()
            # Only a child is inside the new pid namespace, as mounting /proc takes.
            inner = os.fork()
            if inner == 0:
                build_root(["/usr"], [], [], "/tmp", 1)
                os._exit(0)
            code = min(os.waitpid(inner, 0)[1], 1)
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1] == 0
