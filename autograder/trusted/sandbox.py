"""Plan the sandbox the template runs in: which mechanism, what it may see.

Runs on the trusted side; imports no torch. What is not promised: protection from faults in
the kernel, and on machines without namespaces anything beyond limits.
"""

import functools
import glob
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from autograder.trusted.errors import NotIsolated

Mechanism = Literal["auto", "bubblewrap", "unshare", "none"]

# Programs and libraries, and no more of /usr: a container's kit may lie in /usr/src/app.
_SYSTEM = ("/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib",
           "/usr/local/cuda", "/usr/local/nvidia", "/bin", "/sbin", "/lib", "/lib64", "/lib32",
           "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
           "/etc/alternatives")  # fmt: skip
_OF_A_PREFIX = ("bin", "lib", "lib32", "lib64", "pyvenv.cfg")
_PACKAGE_FOLDERS = ("site-packages", "dist-packages", "lib-dynload")
_SCRATCH_MIB = 64
_NAMESPACES = "user, mount, pid, network, ipc and uts namespaces, read-only files"
_ISOLATION = {
    "bubblewrap": f"bubblewrap: {_NAMESPACES}",
    "unshare": f"unshare: {_NAMESPACES}",
    "none": "limited child process only: no namespaces",
}


@dataclass(frozen=True)
class SandboxPlan:
    """A command that starts the template in its sandbox."""

    argv: tuple[str, ...]
    env: dict[str, str]
    isolation: str


def plan_sandbox(
    control_fd: int, *, project: Path, kit: Path, gpu: bool, trains: bool, mechanism: Mechanism
) -> SandboxPlan:
    """Plan how to start the template, which will speak over ``control_fd``.

    Of our own code it sees ``autograder/boundary`` and ``autograder/untrusted`` only. Where the
    project or the ``kit`` (the folder of ``solutions/``) lies below something that it must see,
    every other folder of it is masked.
    """
    chosen = choose_mechanism(mechanism)
    visible = list_visible(project) + (["/sys"] if gpu else [])
    plan = {
        "control_fd": control_fd,
        "trains": trains,
        "sys_path": [str(project), *find_import_path(project)],
        "unshare": chosen == "unshare",
        "visible": visible,
        "hidden": list_hidden(visible, project, kit),
        "devices": list_gpu_devices() if gpu else [],
        "scratch_mib": _SCRATCH_MIB,
    }
    scratch = choose_scratch(visible)
    plan["scratch"] = scratch
    bootstrap = project / "autograder" / "untrusted" / "bootstrap.py"
    inner = [sys.executable, "-I", "-S", "-B", str(bootstrap), json.dumps(plan)]
    if chosen == "bubblewrap":
        inner = [*wrap_with_bubblewrap(visible, plan["hidden"], scratch, gpu=gpu), *inner]
    environment = make_environment(scratch if chosen != "none" else tempfile.gettempdir())
    return SandboxPlan(tuple(inner), environment, _ISOLATION[chosen])


def choose_scratch(visible: Sequence[str]) -> str:
    """Return where the private scratch is mounted: /tmp, unless it would hide what is needed."""
    return "/scratch" if any(path.startswith("/tmp/") for path in visible) else "/tmp"


def choose_mechanism(wanted: Mechanism) -> Mechanism:
    """Return the strongest mechanism this machine has, or the one asked for."""
    if wanted != "auto":
        return wanted
    if sys.platform != "linux":
        return "none"
    if bubblewrap_works():
        return "bubblewrap"
    return "unshare" if unshare_works() else "none"


def demand_namespaces(wanted: str) -> None:
    """Raise NotIsolated where no namespaces would be made; nothing is started to find out."""
    chosen = "none" if wanted == "plain" else choose_mechanism(cast("Mechanism", wanted))
    if chosen == "none":
        raise NotIsolated.with_only(_ISOLATION[chosen])


@functools.cache
def bubblewrap_works() -> bool:
    """Whether bubblewrap is installed and may make its namespaces here."""
    program = shutil.which("bwrap")
    if program is None:
        return False
    probe = [program, "--unshare-user", "--unshare-pid", "--unshare-net", "--ro-bind", "/", "/",
             "--proc", "/proc", "--dev", "/dev", "true"]  # fmt: skip
    try:
        return subprocess.run(probe, capture_output=True, timeout=10, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@functools.cache
def unshare_works() -> bool:
    """Whether we may make namespaces of our own here."""
    from autograder.untrusted.namespaces import can_unshare

    return can_unshare()


def find_import_path(project: Path) -> list[str]:
    """Return the folders torch and the standard library are imported from, and no others.

    Whatever else is on the grader's path (the current folder, PYTHONPATH) may lie above the
    submissions.
    """
    standard = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")}
    found = []
    for entry in sys.path:
        path = Path(entry or ".").resolve()
        known = path in standard or path.name in _PACKAGE_FOLDERS or (path / "torch").is_dir()
        below_project = project in path.parents and path.name not in _PACKAGE_FOLDERS
        if (
            known
            and path.exists()
            and path != project
            and not below_project
            and not _holds_kit(path)
        ):
            found.append(str(path))
    return found


def _holds_kit(path: Path) -> bool:
    """Whether a path entry is the root of a kit, this one or another."""
    return (path / "solutions").is_dir()


def list_visible(project: Path) -> list[str]:
    """Return what the template may read: system libraries, the interpreter, our open side."""
    visible: list[str] = []
    for path in sorted({str(path) for path in _list_needed(project) if path.exists()}, key=len):
        if path != "/" and not any(path.startswith(parent + "/") for parent in visible):
            visible.append(path)
    return visible


def _list_needed(project: Path) -> list[Path]:
    interpreter = Path(sys.executable)
    # Only these of a prefix: somebody may have made it a home folder, or that of the project.
    prefixes = (sys.base_prefix, sys.prefix, interpreter.resolve().parent.parent)
    ours = project / "autograder"
    return [
        *(Path(name) for name in _SYSTEM),
        *(Path(prefix) / name for prefix in prefixes for name in _OF_A_PREFIX),
        interpreter.parent,
        Path(sysconfig.get_paths()["stdlib"]),
        *(Path(entry) for entry in find_import_path(project)),
        *(ours / name for name in ("__init__.py", "boundary", "untrusted")),
    ]


def list_hidden(visible: Sequence[str], project: Path, kit: Path) -> list[str]:
    """Return the folders of a project that are to be masked, as they lie below what is visible.

    A system's folder is visible with all that is in it, and somebody may keep a project there.
    """
    needed = set(map(str, _list_needed(project)))
    hidden: list[str] = []
    waiting = [top for top in dict.fromkeys((project, kit)) if _is_below(top, visible)]
    while waiting:
        for path in sorted(waiting.pop().iterdir()):
            if path.is_symlink() or not path.is_dir() or str(path) in needed:
                continue
            if any(one.startswith(f"{path}/") for one in needed):
                waiting.append(path)
            elif not str(path).startswith(tuple(f"{one}/" for one in hidden)):
                hidden.append(str(path))
    return hidden


def list_gpu_devices() -> list[str]:
    """Return the device files CUDA's driver opens; best effort, tried on no GPU so far."""
    found = sorted(glob.glob("/dev/nvidia*") + glob.glob("/dev/nvidia-caps/*"))
    return [path for path in found if not os.path.isdir(path)]


def _is_below(path: Path, parents: Sequence[str]) -> bool:
    return any(str(path) == parent or str(path).startswith(parent + "/") for parent in parents)


def make_environment(scratch: str) -> dict[str, str]:
    """Return the whole environment student code sees: nothing of the caller's."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": scratch,
        "TMPDIR": scratch,
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        # torch.compile starts compilers; switched off, what it wraps runs as it is.
        "TORCHDYNAMO_DISABLE": "1",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "TORCHINDUCTOR_CACHE_DIR": f"{scratch}/inductor",
        "TRITON_CACHE_DIR": f"{scratch}/triton",
    }


def wrap_with_bubblewrap(
    visible: Sequence[str], hidden: object, scratch: str, *, gpu: bool
) -> list[str]:
    """Return the bubblewrap command up to the program it starts."""
    command = [
        shutil.which("bwrap") or "bwrap",
        "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
        "--unshare-cgroup-try", "--die-with-parent", "--new-session", "--hostname", "sandbox",
        "--cap-drop", "ALL",
    ]  # fmt: skip
    if os.getuid() == 0:
        # Root would stay root in name, and the kernel would not map it again for the workers.
        command += ["--uid", "65534", "--gid", "65534"]
    for path in visible:
        if os.path.islink(path) and os.path.dirname(path) == "/":
            command += ["--symlink", os.readlink(path), path]
        else:
            command += ["--ro-bind", path, path]
    for path in hidden if isinstance(hidden, list) else []:
        command += ["--tmpfs", str(path)]
    command += ["--proc", "/proc", "--dev", "/dev"]
    command += ["--size", str(_SCRATCH_MIB * 2**20), "--tmpfs", scratch]
    if gpu:
        for path in list_gpu_devices():
            command += ["--dev-bind-try", path, path]
    # What bubblewrap made to hold the rest is writable until told otherwise.
    return [*command, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/"]
