"""The limit on the memory of all sandboxed processes together, where this machine allows one."""

import subprocess
import sys

import pytest

from autograder.trusted.memory_group import _PREFIX, MemoryGroup, _find_parents, _sweep

MIB = 2**20
# Takes memory, tells, and keeps it until its input ends.
HOLD = "import sys; kept = b'x' * (int(sys.argv[1]) * 2**20); print('have', flush=True); input()"
V2 = "30 23 0:26 {root} {top} rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate"
V1 = "31 23 0:27 / {top} rw,nosuid shared:10 - cgroup cgroup rw,memory"


@pytest.fixture
def group():
    made = MemoryGroup.make(120)
    if made is None:
        pytest.skip("this machine lets us make no cgroup")
    yield made
    made.close()


def hold(group, mib):
    return subprocess.Popen(
        group.wrap([sys.executable, "-S", "-c", HOLD, str(mib)]),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip


def test_two_processes_that_fit_alone_do_not_fit_together(group):
    first = hold(group, 60)
    assert first.stdout.readline() == "have\n"
    second = hold(group, 60)
    survived = second.stdout.readline() == "have\n"
    ends = [child.communicate("\n")[0] or child.returncode for child in (first, second)]
    assert not survived or first.returncode == -9, ends
    assert -9 in (first.returncode, second.returncode)


def test_nothing_is_left_of_a_closed_group_not_even_its_members(group):
    child = hold(group, 1)
    child.stdout.readline()
    child.kill()
    child.communicate()
    group.close()
    assert not group.path.exists()


def test_what_a_killed_grader_left_is_swept_up_and_nothing_else(tmp_path):
    dead = subprocess.Popen([sys.executable, "-S", "-c", ""])
    dead.wait()
    left, alive, other = (tmp_path / n for n in (f"{_PREFIX}{dead.pid}-0", f"{_PREFIX}1-0", "own"))
    for folder in (left, alive, other):
        folder.mkdir()
    _sweep(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([alive, other])


@pytest.fixture
def machine(tmp_path):
    """Lay out a /proc and a cgroup hierarchy as the kernel shows them."""

    def lay_out(own, mount, passing=(), root="/"):
        proc, top = tmp_path / "proc", tmp_path / "cgroup"
        (proc / "self").mkdir(parents=True)
        (proc / "self/cgroup").write_text(own)
        (proc / "self/mountinfo").write_text(mount.format(top=top, root=root) + "\n")
        for path, controllers in passing:
            (top / path).mkdir(parents=True, exist_ok=True)
            (top / path / "cgroup.subtree_control").write_text(controllers)
            (top / path / "cgroup.procs").write_text("")
        return [(str(path.relative_to(top)), version) for path, version in _find_parents(proc)]

    return lay_out


def test_in_version_2_the_nearest_ancestor_that_passes_memory_on_comes_first(machine):
    found = machine(
        "0::/user.slice/app.slice/shell.scope\n", V2,
        [(".", "cpu memory"), ("user.slice", "memory pids"), ("user.slice/app.slice", "memory"),
         ("user.slice/app.slice/shell.scope", "")],
    )  # fmt: skip
    assert found == [("user.slice/app.slice", 2), ("user.slice", 2), (".", 2)]


def test_in_version_2_a_container_sees_its_own_cgroup_as_the_top(machine):
    found = machine("0::/docker/abc\n", V2, [(".", "memory")], root="/docker/abc")
    assert found == [(".", 2)]


def test_where_memory_is_not_passed_on_there_is_no_place_for_ours(machine):
    assert machine("0::/session.scope\n", V2, [(".", "cpu"), ("session.scope", "")]) == []


def test_in_version_1_ours_goes_below_the_own_one(machine):
    own = "4:memory:/jobs/17\n5:cpu:/\n"
    assert machine(own, V1) == [("jobs/17", 1)]


def test_without_a_proc_no_group_is_made(tmp_path):
    assert MemoryGroup.make(100, proc=tmp_path) is None
