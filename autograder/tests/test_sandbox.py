"""What student code cannot do, for every mechanism this machine has."""

import ast
import json
import os
import re
import sys
from pathlib import Path

import pytest

from autograder.authoring.grading import Grader
from autograder.trusted import memory_group
from autograder.trusted.sandbox import (
    bubblewrap_works,
    find_import_path,
    list_hidden,
    list_visible,
    unshare_works,
)

TOY = Path(__file__).parent / "toy_course"
ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's"),
]


@pytest.fixture(scope="module", params=["bubblewrap", "unshare"])
def sandboxed(request):
    works = {"bubblewrap": bubblewrap_works, "unshare": unshare_works}[request.param]
    if not works():
        pytest.skip(f"{request.param} does not work on this machine")
    with Grader(TOY, "toy", mechanism=request.param) as grader:
        yield grader


@pytest.fixture
def say(sandboxed, scale_with):
    """Evaluate an expression next to student code and return its text."""

    def evaluate(expression, setup="pass"):
        folder = scale_with(f"{setup}; raise RuntimeError('<<' + str({expression}) + '>>')")
        result = sandboxed.grade(folder, layers=("Scale",))
        text = next(c.message for c in result.checks if "<<" in c.message)
        return text.partition("<<")[2].partition(">>")[0]

    return evaluate


def test_the_report_names_what_is_in_force(sandboxed):
    result = sandboxed.grade(TOY / "solutions" / "toy", layers=("Scale",))
    assert "mount, pid, network" in result.isolation
    assert result.isolation.endswith("workers apart")


def test_the_solution_still_wins_every_point(sandboxed):
    assert sandboxed.grade(TOY / "solutions" / "toy").score == 100


STARTS_THREADS = """
import threading

started, hold = [], threading.Event()
threading.stack_size(65536)
try:
    while len(started) < 200:
        thread = threading.Thread(target=hold.wait, daemon=True)
        thread.start()
        started.append(thread)
except RuntimeError:
    pass
raise ValueError(f"{len(started)} threads run")


class Scale:
    pass
"""


@pytest.mark.skipif(sys.platform == "linux" and os.geteuid() == 0, reason="root has no such limit")
def test_threads_have_a_limit(sandboxed, submit):
    result = sandboxed.grade(submit(scale=STARTS_THREADS), layers=("Scale",))
    (count,) = {int(re.search(r"(\d+) threads run", c.message)[1]) for c in result.checks}
    assert 20 <= count <= 64


@pytest.mark.parametrize(
    "path",
    [
        str(ROOT / "solutions"),
        str(ROOT / "assignments"),
        str(ROOT / "autograder" / "trusted"),
        str(ROOT / "data_utils"),
        str(ROOT / ".git"),
        str(TOY / "solutions"),
        "/etc/passwd",
        "/etc/shadow",
        "/home",
        "/var",
    ],
)
def test_cannot_see(say, path):
    assert say(f"os.path.exists({path!r})", "import os") == "False"


def test_cannot_see_the_home_folder(say, tmp_path):
    secret = Path.home() / ".bashrc"
    assert say(f"os.path.exists({str(secret)!r})", "import os") == "False"
    assert say(f"os.path.exists({str(tmp_path)!r})", "import os") == "False"


def test_the_checks_and_the_reference_are_not_importable(say):
    setup = "import importlib.util as u"
    assert say("u.find_spec('solutions')", setup) == "None"
    assert say("u.find_spec('autograder.trusted')", setup) == "None"


def test_can_write_its_own_scratch_only(say):
    places = "('/', '/usr', '/dev', '/etc', os.environ['TMPDIR'])"
    assert say(f"[os.access(p, os.W_OK) for p in {places}]", "import os") == (
        "[False, False, False, False, True]"
    )


def test_scratch_is_limited(say):
    setup = "import os; fs = os.statvfs('.'); size = fs.f_frsize * fs.f_blocks // 2**20"
    assert int(say("size", setup)) <= 64


def test_scratch_is_private_to_each_worker(sandboxed, submit):
    scale = (TOY / "solutions" / "toy" / "scale.py").read_text()
    stack = (TOY / "solutions" / "toy" / "stack.py").read_text()
    leave = "open('left', 'w').close()\n"
    look = "import os\nif os.path.exists('left'): raise ValueError('it is there')\n"
    result = sandboxed.grade(submit(scale=scale + leave, stack=stack + look))
    assert not any("it is there" in c.message for c in result.checks if c.layer == "Stack")


def test_sees_its_own_processes_only(say):
    setup = "import os"
    seen = say("sorted(int(p) for p in os.listdir('/proc') if p.isdigit())", setup)
    assert seen in ("[]", "[1]", "[1, 2]") or seen == f"[{os.getpid()}]"


def test_has_no_capability(say):
    read = "[l.split()[1] for l in open('/proc/self/status') if l.startswith('CapEff')]"
    setup = "import os"
    assert (
        say(f"{read} if os.path.exists('/proc/self/status') else ['0']", setup).strip("[]'0") == ""
    )


def test_may_gain_no_privileges(say):
    read = "[l.split()[1] for l in open('/proc/self/status') if l.startswith('NoNewPrivs')]"
    assert say(f"{read} if os.path.exists('/proc/self/status') else ['1']", "import os") == "['1']"


def test_cpu_files_and_memory_have_hard_limits(say, sandboxed):
    limits = sandboxed.kit.limits
    names = ("CPU", "NOFILE", "FSIZE", "CORE", "AS")
    asked = ", ".join(f"resource.getrlimit(resource.RLIMIT_{name})" for name in names)
    cpu, files, size, core, memory = ast.literal_eval(say(f"({asked})", "import resource"))
    assert cpu == (limits.cpu_s,) * 2
    assert files == (limits.open_files,) * 2
    assert size == (limits.file_size_mib * 2**20,) * 2
    assert core == (0, 0)
    # Beside what torch itself maps.
    assert limits.memory_mib * 2**20 < memory[1] < (limits.memory_mib + 16 * 1024) * 2**20
    assert memory[0] == memory[1]


def test_the_environment_is_scrubbed(say, monkeypatch):
    names = say("sorted(os.environ)", "import os")
    assert "HOME" in names
    # The last one torch sets by itself, in there too.
    own = {"PATH", "HOME", "LANG", "TMPDIR", "PWD", "TORCHINDUCTOR_CACHE_DIR"}
    for name in os.environ.keys() - own:
        if len(name) > 3 and not name.endswith("_NUM_THREADS"):
            assert f"'{name}'" not in names


def test_holds_no_file_open_but_its_wire(say):
    define = (
        "import os\n        def closed(n):\n            try: os.fstat(n)\n"
        "            except OSError: return True\n            return False\n        pass"
    )
    found = json.loads(say("[n for n in range(3, 200) if not closed(n)]", define))
    assert len(found) == 1


@pytest.mark.parametrize(
    "call",
    [
        "__import__('socket').socket()",
        "__import__('socket').socketpair()",
        "__import__('os').fork()",
        "__import__('os').posix_spawn('/bin/true', ['true'], {})",
        "__import__('os').execv('/bin/true', ['true'])",
        "__import__('os').kill(__import__('os').getppid() or 2, 9)",
        "__import__('os').kill(-1, 9)",
        "__import__('os').killpg(0, 9)",
        "__import__('fcntl').flock(open(torch.__file__), 2)",
        "__import__('fcntl').lockf(open(torch.__file__), 1)",
        "__import__('fcntl').fcntl(open(torch.__file__), 1024, 0)",
    ],
)
def test_may_not(sandboxed, scale_with, call):
    result = sandboxed.grade(scale_with(call), layers=("Scale",))
    assert any(
        "PermissionError" in c.message or "BlockingIOError" in c.message for c in result.checks
    ), [c.message for c in result.checks]


def test_namespaces_cannot_be_made_by_student_code(say):
    setup = "import ctypes"
    assert say("ctypes.CDLL(None).unshare(0x10000000)", setup) == "-1"


def test_our_sources_are_not_on_the_import_path():
    assert str(ROOT) not in find_import_path(ROOT)


def test_only_folders_of_packages_are_seen_of_the_graders_own_path(tmp_path, monkeypatch):
    for folder in (tmp_path, tmp_path / "site-packages"):
        folder.mkdir(exist_ok=True)
        monkeypatch.syspath_prepend(folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")
    seen = find_import_path(ROOT)
    assert str(tmp_path) not in seen
    assert str(tmp_path / "site-packages") in seen


def test_of_the_interpreter_s_prefix_only_programs_and_libraries_are_seen(tmp_path, monkeypatch):
    # As after ``python -m venv .`` in a folder that held other things already.
    for name in ("bin", "lib", "submissions"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    visible = list_visible(Path(__file__).resolve().parents[2])
    assert str(tmp_path / "lib") in visible
    assert not any(str(tmp_path / "submissions").startswith(path) for path in visible)


def test_a_project_in_a_system_s_folder_is_not_seen_with_it(tmp_path, monkeypatch):
    assert not any(path in ("/usr", "/usr/src", "/usr/local") for path in list_visible(ROOT))
    system = tmp_path / "lib"
    for name in (".git", "solutions/toy", ".venv/lib/site-packages", "class/ada"):
        (system / "kit" / name).mkdir(parents=True)
    monkeypatch.setattr(sys, "prefix", str(system / "kit" / ".venv"))
    hidden = list_hidden([str(system)], ROOT, system / "kit")
    assert hidden == [str(system / "kit" / name) for name in (".git", "class", "solutions")]


def test_the_machine_s_name_and_its_groups_are_not_told(say):
    assert say("__import__('socket').gethostname()") == "sandbox"
    assert memory_group._PREFIX not in say("open('/proc/self/cgroup').read()")


def test_files_are_bounded_in_number_too(say):
    assert int(say("os.statvfs(os.environ['TMPDIR']).f_files", "import os")) <= 4096
