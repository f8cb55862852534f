"""Lay out attacks, grade them with the real command, and look at what came of it.

An attack is a folder in ``attacks/`` with an ``attack.toml`` and a hostile submission, or a
``make.py`` that builds what git cannot hold; files of the course that are absent come from its
reference. The keys of ``attack.toml``:

    must_not = "one line: what must not happen"
    kind = "reading"            # which attacks share a command
    course = "bert"             # the real exercise, training included (the default: the toy course)
    gradable = false            # refused at intake (default: true)
    points_max = {Scale = 0}    # what its honest part deserves, by layer
    points_min = {Stack = 40}   # what it must still win (the toy's default: Stack is honest)
    marker = "text"             # must not come out raw (or a list of texts) ...
    marker_in = ["json"]        # ... in these outputs: terminal, json; csv, html of a class
    shown = "text"              # must come out on the terminal as it is

Each is graded by the real command, which then grades an honest submission.
"""

import contextlib
import ctypes
import importlib.util
import json
import os
import re
import secrets
import shutil
import stat
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from autograder.manifest import load_kit

ROOT = Path(__file__).resolve().parents[2]
TOY = Path(__file__).parent / "toy_course"
FOLDER = Path(__file__).parent / "attacks"

# Shorter than the toy's own: a hang costs each of two layers about twice this.
LIMITS = {"call_wall_clock_s": 1.5, "lost_wall_clock_s_per_layer": 1.0, "memory_mib": 1024}
GROUPS = 3
SUBMISSION_WALL_CLOCK_S_MAX = GROUPS * sum(list(LIMITS.values())[:2]) + 15
START_WALL_CLOCK_S_MAX = 40
GRADER_MEMORY_MIB_MAX = 1800
LEFT = "left-by-attack"
SHARED_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm")
PR_SET_CHILD_SUBREAPER = 36
# unshare tries what a machine without bubblewrap has.
SANDBOX = ["--sandbox", os.environ.get("KIT_SANDBOX", "auto")]


@dataclass(frozen=True)
class Course:
    """An exercise that attacks are made on, and what grading one submission of it may take."""

    top: Path
    name: str
    wall_clock_s_max: float
    points_min: dict

    @cached_property
    def kit(self):
        return load_kit(self.top, self.name)

    @property
    def full_marks(self):
        return {group: self.kit.points_of(group) for group in self.kit.groups}

    def complete(self, folder):
        """Give a submission the reference's file for each that it lacks; return it."""
        for layer in self.kit.layers:
            if not os.path.lexists(folder / layer.file):
                shutil.copy(self.kit.staff_folder / layer.file, folder)
        return folder

    def options(self, around):
        """Return which course to grade by: the toy's copy, with a secret in it, or the real one."""
        # The toy course has nothing to train, and is ready sooner when told so.
        toy = ("--kit", around.top / "kit", "--assignment", "toy", "--no-training")
        return toy if self.name == "toy" else ()


COURSES = {
    "toy": Course(TOY, "toy", SUBMISSION_WALL_CLOCK_S_MAX, {"Stack": 40}),
    # Two trainings, and all that is asked of a wrong layer, on a machine that has other work.
    "bert": Course(ROOT, "bert", 90, {}),
}


@dataclass(frozen=True)
class Attack:
    """One hostile submission and what must not come of it."""

    name: str
    folder: Path
    must_not: str
    kind: str
    course: str = "toy"
    gradable: bool = True
    points_max: dict | None = None
    points_min: dict | None = None
    marker: str | list = ()
    marker_in: tuple = ("terminal", "json", "html", "csv")
    shown: str = ""

    @property
    def batch(self):
        return f"{self.course} {self.kind}"

    def lay_out(self, folder):
        """Build the submission in ``folder`` and return what to give to the command."""
        folder.mkdir()
        own = [
            path for path in self.folder.iterdir() if path.name not in ("attack.toml", "make.py")
        ]
        for path in own:
            if path.name != "__pycache__":
                shutil.copy(path, folder)
        make = self.folder / "make.py"
        location = load_module(make).make(folder) if make.exists() else folder
        return COURSES[self.course].complete(location) if location.is_dir() else location


def read_attack(folder):
    data = tomllib.loads((folder / "attack.toml").read_text(encoding="utf-8"))
    return Attack(name=folder.name, folder=folder, **data)


ATTACKS = sorted(
    (read_attack(path.parent) for path in FOLDER.glob("*/attack.toml")),
    key=lambda attack: (attack.kind, attack.name),
)


def load_module(path):
    spec = importlib.util.spec_from_file_location(f"make_{path.parent.name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class Run:
    """How one command went."""

    names: list
    status: int
    wall_clock_s: float
    memory_mib: float
    outputs: dict
    results: list
    faults: list


@dataclass
class Surroundings:
    """A kit, a home, a sibling submission and an environment, each holding the same secret."""

    top: Path
    canary: str

    def sibling(self, course="toy"):
        """Return an honest submission that holds the secret."""
        folder = self.top / "submissions" / f"sibling_{course}"
        if not folder.exists():
            folder.mkdir(parents=True)
            for path in COURSES[course].complete(folder).iterdir():
                text = path.read_text(encoding="utf-8")
                path.write_text(f"# {self.canary}\n{text}", encoding="utf-8")
        return folder

    def environment(self):
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return {
            **kept, "HOME": str(self.top / "home"), "TMPDIR": str(self.top / "scratch"),
            "AUTOGRADER_SECRET": self.canary, "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONIOENCODING": "utf-8",
        }  # fmt: skip


def make_surroundings(top):
    secret = Surroundings(top, f"CANARY-{secrets.token_hex(16)}")
    shutil.copytree(TOY, top / "kit", ignore=shutil.ignore_patterns("__pycache__"))
    staff = top / "kit" / "solutions" / "toy"
    for path in (staff / "scale.py", staff / "checks" / "test_scale.py"):
        path.write_text(f"{path.read_text()}\nSECRET = '{secret.canary}'\n")
    rubric = staff / "rubric.toml"
    text = rubric.read_text()
    for name, value in LIMITS.items():
        text = re.sub(rf"^{name} = .*$", f"{name} = {value}", text, flags=re.MULTILINE)
        assert f"{name} = {value}" in text
    rubric.write_text(f"# {secret.canary}\n{text}")
    (top / "scratch").mkdir()
    (top / "home").mkdir()
    for name in ("notes.txt", ".netrc", ".bashrc"):
        (top / "home" / name).write_text(f"{secret.canary}\n")
    (top / "submissions").mkdir()
    secret.sibling()
    return secret


def grade(attacks, around, *options, honest=True):
    """Grade attacks of one course, each followed by an honest sibling; look at what is left."""
    course = COURSES[attacks[0].course]
    locations = [attack.lay_out(around.top / "submissions" / attack.name) for attack in attacks]
    written = around.top / "out.json"
    asked = [*(() if "--sandbox" in options else SANDBOX), *options, "--json", written]
    after = [around.sibling(course.name)] if honest else []
    named = [place for location in locations for place in (location, *after)]
    command = [sys.executable, "grade.py", *course.options(around)]
    before = take_stock(around)
    limit_s = START_WALL_CLOCK_S_MAX + course.wall_clock_s_max * len(named)
    faults = []
    said, complained = around.top / "out.terminal", around.top / "out.errors"
    with adopted_orphans(faults), said.open("wb") as out, complained.open("wb") as errors:
        started = time.monotonic()
        process = subprocess.Popen(
            [*map(str, command), *map(str, named), *map(str, asked)],
            cwd=ROOT, env=around.environment(), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=out, stderr=errors,
        )  # fmt: skip
        status, used = wait_for(process, limit_s)
        wall_clock_s = time.monotonic() - started
    if status is None:
        faults.append(f"the command did not end within {limit_s:g} s")
    outputs = {
        kind: path.read_bytes().decode("utf-8", "replace") if path.exists() else ""
        for kind, path in (("terminal", said), ("errors", complained), ("json", written))
    }
    faults += [f"files differ afterwards: {path}" for path in before ^ take_stock(around)]
    expected = 0 if all(attack.gradable for attack in attacks) else 2
    if status != expected:
        faults.append(f"exit status {status}, expected {expected}: {outputs['errors'][-600:]}")
    if used > GRADER_MEMORY_MIB_MAX:
        faults.append(f"the grader held {used:.0f} MiB (limit {GRADER_MEMORY_MIB_MAX})")
    if any(around.canary in text for text in outputs.values()):
        faults.append("the secret came out")
    if "Traceback" in outputs["errors"]:
        faults.append(f"the grader shows a traceback: {outputs['errors'][-600:]}")
    results = []
    try:
        data = json.loads(outputs["json"])
        results = data if isinstance(data, list) else [data]
    except ValueError:
        faults.append("the JSON is not readable")
    names = [attack.name for attack in attacks]
    return Run(
        names, -1 if status is None else status, wall_clock_s, used, outputs, results, faults
    )


def wait_for(process, limit_s):
    """Return (exit status or None, the most MiB the command held); it is reaped afterwards."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage.ru_maxrss / 1024
        time.sleep(0.05)
    process.kill()
    process.wait()
    return None, 0.0


def take_stock(around):
    """Return every file an attack could have left or changed, with its size and time."""
    found = set()
    for top in ("kit", "home", "scratch", "submissions"):
        for at, folders, names in os.walk(around.top / top):
            for name in [*folders, *names]:
                facts = os.lstat(os.path.join(at, name))
                size = 0 if stat.S_ISDIR(facts.st_mode) else facts.st_size
                found.add((os.path.join(at, name), facts.st_mode, size, facts.st_mtime_ns))
    for folder in (*SHARED_FOLDERS, str(ROOT), os.path.expanduser("~")):
        with contextlib.suppress(OSError):
            found |= {(folder, name) for name in os.listdir(folder) if LEFT in name}
    return found


@contextlib.contextmanager
def adopted_orphans(faults):
    """Become the parent of whatever outlives the command, so that nothing can hide; then end it."""
    libc = ctypes.CDLL(None)
    known = set(find_descendants(os.getpid()))
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
        deadline = time.monotonic() + 3
        while (left := find_descendants(os.getpid()) - known) and time.monotonic() < deadline:
            for pid in left:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
            time.sleep(0.02)
        faults += [f"a process is left: {pid} {describe_process(pid)}" for pid in left]
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, 9)
                os.waitpid(pid, 0)
    finally:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def find_descendants(top):
    parents = {}
    for entry in os.listdir("/proc"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            facts = Path(f"/proc/{int(entry)}/stat").read_text().rpartition(")")[2].split()
            parents.setdefault(int(facts[1]), []).append(int(entry))
    found, pending = set(), [top]
    while pending:
        for pid in parents.get(pending.pop(), ()):
            found.add(pid)
            pending.append(pid)
    return found


def describe_process(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")[:120]
    except OSError:
        return "(gone)"


def points_by_layer(result):
    won = {}
    for check in result["checks"]:
        won[check["layer"]] = won.get(check["layer"], 0) + check["points"]
    return won


def find_faults(attack, run):
    """Return a sentence for everything that happened and must not."""
    course = COURSES[attack.course]
    faults = list(run.faults)
    index = 2 * run.names.index(attack.name)
    if len(run.results) <= index + 1:
        return [*faults, "there is no result"]
    hostile, honest = run.results[index : index + 2]
    if points_by_layer(honest) != course.full_marks:
        faults.append(f"the honest submission after it won only {points_by_layer(honest)}")
    if hostile["gradable"] is not attack.gradable:
        faults.append(f"gradable is {hostile['gradable']}: {hostile['problem']}")
    won = points_by_layer(hostile)
    for layer, most in (attack.points_max or {}).items():
        if won.get(layer, 0) > most:
            faults.append(f"{layer} won {won[layer]:g} points, deserves {most:g} at most")
    least = course.points_min if attack.points_min is None else attack.points_min
    for layer, points in (least if attack.gradable else {}).items():
        if won.get(layer, 0) < points:
            faults.append(f"{layer} won {won.get(layer, 0):g} points, deserves {points:g}")
    if hostile["wall_clock_s"] > course.wall_clock_s_max:
        faults.append(f"grading took {hostile['wall_clock_s']:g} s")
    if attack.kind == "reading" and any(c["status"] == "timeout" for c in hostile["checks"]):
        faults.append("it was stopped before it could say what it had found")
    markers = [attack.marker] if isinstance(attack.marker, str) else attack.marker
    places = [*attack.marker_in, *(["errors"] if "terminal" in attack.marker_in else [])]
    for marker in markers:
        found = [place for place in places if marker in run.outputs.get(place, "")]
        if found:
            faults.append(f"{marker[:40]!r} came out in {', '.join(found)}")
    if attack.shown and attack.shown not in " ".join(run.outputs["terminal"].split()):
        faults.append(f"{attack.shown!r} was not shown as it is")
    return faults
