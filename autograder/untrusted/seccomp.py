"""A filter on system calls: what a worker never needs is refused by the kernel.

Runs inside the sandbox, in the worker, before student code. Standard library only; x86-64 and
64-bit Arm. Refused calls fail with EPERM, so student code gets an ordinary exception.
"""

import ctypes
import os

from autograder.untrusted import linux

_EPERM, _ENOSYS = 1, 38
_RETURN_ALLOW, _RETURN_ERROR, _RETURN_KILL = 0x7FFF0000, 0x00050000, 0x80000000
_CLONE_THREAD = 0x00010000
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_LOAD, _EQUAL, _AND_SET, _AT_LEAST, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_NUMBER_AT, _ARCH_AT, _FIRST_ARGUMENT_AT, _SECOND_ARGUMENT_AT = 0, 4, 16, 24
_X32_BIT = 0x40000000

# name: (number on x86-64, number on aarch64); None where the call does not exist.
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    # memory that no limit counts
    "memfd_create": (319, 279), "memfd_secret": (447, 447),
    # starting and inspecting processes
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "kcmp": (312, 272), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "process_madvise": (440, 440),
    # the network and other processes' memory
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200),
    "shmget": (29, 194), "shmat": (30, 196), "msgget": (68, 186), "semget": (64, 190),
    # namespaces, mounts, privileges, keys
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsmount": (432, 432),
    "mount_setattr": (442, 442), "keyctl": (250, 219), "add_key": (248, 217),
    "request_key": (249, 218), "personality": (135, 92), "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    # the machine
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "swapon": (167, 224), "swapoff": (168, 225), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "adjtimex": (159, 171), "acct": (163, 89),
    "quotactl": (179, 60), "syslog": (103, 116), "fanotify_init": (300, 262),
    "sethostname": (170, 161), "setdomainname": (171, 162),
    # what everybody on the machine shares: locks on files, and what each user has so many of
    "flock": (73, 32), "io_setup": (206, 0), "inotify_init": (253, None),
    "inotify_init1": (294, 26),
}  # fmt: skip
# Commands of fcntl that reach who else has opened a file: two kinds of locks (to set and to wait),
# leases, notices of what happens in a folder, signals at what is read or written.
_FCNTL = (72, 25)
_FCNTL_REFUSED = (6, 7, 37, 38, 1024, 1026, 8, 10, 15)
# Allowed towards oneself only: the first argument must be the own process.
_SELF_ONLY = {"kill": (62, 129), "tgkill": (234, 131)}
_TKILL, _CLONE, _CLONE3 = (200, 130), (56, 220), (435, 435)


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(_Instruction)))


def install_filter(*, allow_network: bool = False) -> bool:
    """Refuse the calls above from now on; return False on a processor we have no table for.

    ``allow_network`` leaves sockets alone (CUDA's driver opens some of its own).
    """
    machine = os.uname().machine
    if machine not in _AUDIT_ARCH:
        return False
    column = 0 if machine == "x86_64" else 1
    refused = dict(_REFUSED)
    if allow_network:
        for name in ("socket", "socketpair", "connect", "bind", "shmget", "shmat"):
            del refused[name]
    program = _assemble(machine, column, refused)
    array = (_Instruction * len(program))(*program)
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    linux.prctl(
        linux.PR_SET_SECCOMP,
        linux.SECCOMP_MODE_FILTER,
        ctypes.byref(_Program(len(program), ctypes.cast(array, ctypes.POINTER(_Instruction)))),
    )
    return True


def _assemble(
    machine: str, column: int, refused: dict[str, tuple[int | None, int | None]]
) -> list[_Instruction]:
    error = _RETURN_ERROR | _EPERM
    steps = [
        _Instruction(_LOAD, 0, 0, _ARCH_AT),
        _Instruction(_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        _Instruction(_RETURN, 0, 0, _RETURN_KILL),
        _Instruction(_LOAD, 0, 0, _NUMBER_AT),
    ]
    if machine == "x86_64":
        steps += [_Instruction(_AT_LEAST, 0, 1, _X32_BIT), _Instruction(_RETURN, 0, 0, error)]
    for numbers in refused.values():
        number = numbers[column]
        if number is not None:
            steps += [_Instruction(_EQUAL, 0, 1, number), _Instruction(_RETURN, 0, 0, error)]
    steps += [
        _Instruction(_EQUAL, 0, 2 * len(_FCNTL_REFUSED) + 2, _FCNTL[column]),
        _Instruction(_LOAD, 0, 0, _SECOND_ARGUMENT_AT),
    ]
    for command in _FCNTL_REFUSED:
        steps += [_Instruction(_EQUAL, 0, 1, command), _Instruction(_RETURN, 0, 0, error)]
    steps.append(_Instruction(_RETURN, 0, 0, _RETURN_ALLOW))
    # A new thread is fine, a new process is not. clone3 hides its flags behind a pointer: answer
    # that it does not exist, and the C library falls back to clone.
    steps += [
        _Instruction(_EQUAL, 0, 1, _CLONE3[column]),
        _Instruction(_RETURN, 0, 0, _RETURN_ERROR | _ENOSYS),
        _Instruction(_EQUAL, 0, 1, _TKILL[column]),
        _Instruction(_RETURN, 0, 0, error),
        _Instruction(_EQUAL, 0, 4, _CLONE[column]),
        _Instruction(_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        _Instruction(_AND_SET, 1, 0, _CLONE_THREAD),
        _Instruction(_RETURN, 0, 0, error),
        _Instruction(_RETURN, 0, 0, _RETURN_ALLOW),
    ]
    for numbers_self in _SELF_ONLY.values():
        steps += [
            _Instruction(_EQUAL, 0, 4, numbers_self[column]),
            _Instruction(_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
            _Instruction(_EQUAL, 1, 0, os.getpid()),
            _Instruction(_RETURN, 0, 0, error),
            _Instruction(_RETURN, 0, 0, _RETURN_ALLOW),
        ]
    return [*steps, _Instruction(_RETURN, 0, 0, _RETURN_ALLOW)]
