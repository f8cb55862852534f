"""Linux's own calls that Python 3.11 has no names for, by ctypes.

Runs inside the sandbox (and in the process that becomes it). Standard library only. Constants
are from the kernel's public headers.
"""

import contextlib
import ctypes
import os
import signal

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MS_NOATIME, MS_NODIRATIME, MS_RELATIME = 1024, 2048, 1 << 21
MNT_DETACH = 2
# statvfs's flags that a bind mount in a user namespace must keep when it is made read-only.
_KEPT_FLAGS = {
    1: MS_RDONLY,
    2: MS_NOSUID,
    4: MS_NODEV,
    8: MS_NOEXEC,
    1024: MS_NOATIME,
    2048: MS_NODIRATIME,
    4096: MS_RELATIME,
}
MADV_HUGEPAGE, MADV_COLLAPSE = 14, 25
_HUGE_PAGE_BYTES = 2 * 2**20

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
# The most that glibc takes.
_MAPPED_FROM_BYTES = 32 * 2**20

NOBODY = 65534

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP = 1, 4, 24
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
PR_GET_TID_ADDRESS = 40
SECCOMP_MODE_FILTER = 2
_CAPABILITY_VERSION_3 = 0x20080522
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE_CHILD_CLEARTID, _CLONE_CHILD_SETTID = 0x00200000, 0x01000000

_libc = ctypes.CDLL(None, use_errno=True)


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilityData(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave the namespaces named by ``flags`` for new ones."""
    _check(_libc.unshare(flags), "unshare")


def set_host_name(name: str) -> None:
    """Name the machine, in the present uts namespace."""
    text = name.encode("ascii")
    _check(_libc.sethostname(text, ctypes.c_size_t(len(text))), "sethostname")


def fork_into(flags: int) -> int:
    """Fork a child that starts in the new namespaces named by ``flags``; return 0 in the child.

    What unshare and two forks would do, at the cost of one. Raises OSError, in the caller only. For
    a process with one thread: handlers of the C library for forks (pthread_atfork) are not run.
    """
    number = _CLONE.get(os.uname().machine)
    if number is None:
        raise OSError(38, "clone is not known on this processor")
    # Where the C library keeps the thread's id: the kernel writes the child's new one there, as
    # fork(2) of the C library has it do.
    kept_at = ctypes.c_void_p()
    with contextlib.suppress(OSError):  # a kernel built without it: the stale id does no harm
        prctl(PR_GET_TID_ADDRESS, ctypes.addressof(kept_at))
    own_tid = _CLONE_CHILD_CLEARTID | _CLONE_CHILD_SETTID if kept_at.value else 0
    arguments = [flags | own_tid | signal.SIGCHLD, 0, 0, 0, 0]
    # The two processors take the last two arguments in different order.
    arguments[3 if os.uname().machine == "x86_64" else 4] = kept_at.value or 0
    python = ctypes.pythonapi
    python.PyOS_BeforeFork()
    # By way of PyDLL, which keeps Python's lock: the child has no other thread to take it from.
    pid = ctypes.PyDLL(None, use_errno=True).syscall(*map(ctypes.c_ulong, [number, *arguments]))
    (python.PyOS_AfterFork_Child if pid == 0 else python.PyOS_AfterFork_Parent)()
    if pid < 0:
        failure = ctypes.get_errno()
        raise OSError(failure, f"clone: {os.strerror(failure)}")
    return int(pid)


def use_huge_pages() -> None:
    """Put this process's own memory on huge pages, where the kernel does that (6.1 and later).

    A fork copies page tables, not pages: with 512 times fewer entries it costs a third. Takes half
    a second for a process that has imported torch.
    """
    _libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as stream:
        lines = [line.split() for line in stream]
    for place, rights, *_, name in (line if len(line) > 5 else [*line, ""] for line in lines):
        first, last = (int(number, 16) for number in place.split("-"))
        if rights == "rw-p" and name in ("", "[heap]") and last - first >= _HUGE_PAGE_BYTES:
            for advice in (MADV_HUGEPAGE, MADV_COLLAPSE):
                _libc.madvise(first, last - first, advice)  # a wish: refused, all stays as it was


def keep_freed_memory() -> None:
    """Let the C library keep what is freed: a tensor taken from the kernel anew is faulted in anew.

    More than a quarter of a worker's page faults were such. No limit on memory depends on it.
    """
    # A C library without it (musl) has no such habit to break.
    with contextlib.suppress(AttributeError):
        _libc.mallopt(_M_MMAP_THRESHOLD, _MAPPED_FROM_BYTES)
        _libc.mallopt(_M_TRIM_THRESHOLD, 2 * _MAPPED_FROM_BYTES)


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2)."""
    _check(
        _libc.mount(
            os.fsencode(source),
            os.fsencode(target),
            kind.encode() or None,
            ctypes.c_ulong(flags),
            options.encode() or None,
        ),
        f"mount {target}",
    )


def make_read_only(place: str, more: int = 0) -> None:
    """Make what is mounted at ``place`` read-only there, with ``more`` flags besides its own."""
    flags = MS_REMOUNT | MS_BIND | MS_RDONLY | more
    found = os.statvfs(place).f_flag
    for bit, kept in _KEPT_FLAGS.items():
        flags |= kept if found & bit else 0
    mount("none", place, flags=flags)


def unmount(target: str) -> None:
    """Detach what is mounted at ``target``."""
    _check(_libc.umount2(os.fsencode(target), MNT_DETACH), f"umount {target}")


def pivot_root(new_root: str, put_old: str) -> None:
    """Make ``new_root`` the root; the old one stays reachable at ``put_old``."""
    number = _PIVOT_ROOT.get(os.uname().machine)
    if number is None:
        raise OSError(38, "pivot_root is not known on this processor")
    _check(_libc.syscall(number, os.fsencode(new_root), os.fsencode(put_old)), "pivot_root")


def prctl(option: int, value: int = 0, pointer: object = 0) -> None:
    """prctl(2)."""
    _check(
        _libc.prctl(option, ctypes.c_ulong(value), pointer, ctypes.c_ulong(0), ctypes.c_ulong(0)),
        f"prctl {option}",
    )


def map_own_ids(uid: int, gid: int) -> None:
    """In a new user namespace, keep the ids the process had outside; root becomes nobody.

    Without privileges the kernel lets nobody map root once more, and a worker makes another such
    namespace inside this one.
    """
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid or NOBODY} {uid} 1"),
        ("gid_map", f"{gid or NOBODY} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as stream:
            stream.write(text)


def drop_privileges() -> None:
    """Give up every capability, for good: also what a set-user-id program would give."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:
            break
    header = _CapabilityHeader(_CAPABILITY_VERSION_3, 0)
    none = (_CapabilityData * 2)()
    _check(_libc.capset(ctypes.byref(header), ctypes.byref(none)), "capset")


def die_with_parent() -> None:
    """Let the kernel end this process when the one that started it dies, however it dies."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
