import ctypes
import os

PTRACE_ATTACH = 16


class Scale:
    """Tries to attach to every process it could know, and lets go of each at once."""

    def __init__(self, width):
        libc = ctypes.CDLL(None, use_errno=True)
        reached = []
        for pid in {os.getppid(), 1, 2, 3, os.getpid() - 1, os.getpid() + 1} - {0, os.getpid()}:
            if libc.ptrace(PTRACE_ATTACH, pid, 0, 0) == 0:
                libc.ptrace(17, pid, 0, 0)
                reached.append(pid)
            if libc.syscall(310, pid, None, 0, None, 0, 0) == 0:
                reached.append(pid)
        said = f"REACHED-PROCESS {reached}" if reached else "none reached"
        raise RuntimeError(said)
