"""No hostile submission gains a point, reads a secret, stops the grader or leaves anything behind.

``attack_runs.py`` says what a folder in ``attacks/`` holds. One command takes the attacks of one
kind, since starting takes longer than an attack; when such a command ends in any way it should not,
its attacks are graded again by halves, to tell which of them did it.
"""

import csv
import fcntl
import io
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from autograder.tests.attack_runs import (
    ATTACKS,
    FOLDER,
    ROOT,
    SANDBOX,
    SUBMISSION_WALL_CLOCK_S_MAX,
    TOY,
    Run,
    adopted_orphans,
    find_faults,
    grade,
    make_surroundings,
    read_attack,
    take_stock,
)  # fmt: skip

# Two hundred in CI: KIT_CLASS=200.
CLASS_SIZE = int(os.environ.get("KIT_CLASS", "40"))
NUMBER = re.compile(r"[-+]?[0-9.]+")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the full sandbox is Linux's")


@pytest.fixture
def surroundings(tmp_path):
    return make_surroundings(tmp_path)


@pytest.fixture
def run(request, attack, tmp_path_factory):
    """The command that graded this attack, with others of its batch unless one disturbed it."""
    together = [
        item.callspec.params["attack"]
        for item in request.session.items
        if "attack" in getattr(getattr(item, "callspec", None), "params", ())
    ]
    together = [other for other in together if other.batch == attack.batch]
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    while True:
        done = grade_once(together, base)
        if len(together) == 1 or not (done.faults or len(done.results) != 2 * len(together)):
            return done
        middle = len(together) // 2
        half = together[:middle]
        together = half if attack in half else together[middle:]


def grade_once(attacks, base):
    """Grade these attacks in one command, or take what it gave the other test process."""
    place = base / f"attacks-{attacks[0].name}-{len(attacks)}"
    kept = place.with_suffix(".json")
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            place.mkdir()
            kept.write_text(json.dumps(asdict(grade(attacks, make_surroundings(place)))))
        return Run(**json.loads(kept.read_text()))


@pytest.mark.slow
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_comes_to_nothing(attack, run):
    assert find_faults(attack, run) == [], attack.must_not


@pytest.mark.slow
def test_the_secret_would_be_seen_where_nothing_keeps_it_in(surroundings):
    attacks = [
        read_attack(FOLDER / name) for name in ("reads_the_environment", "reads_the_home_folder")
    ]
    options = ("--sandbox", "plain", "--layer", "Scale")
    run = grade(attacks, surroundings, *options, honest=False)
    for hostile in run.results:
        assert surroundings.canary in json.dumps(hostile)


@pytest.mark.slow
def test_what_a_class_gets_holds_nothing_live(surroundings):
    people, out = surroundings.top / "class", surroundings.top / "out"
    people.mkdir()
    for number, attack in enumerate(a for a in ATTACKS if a.kind == "injecting"):
        location = attack.lay_out(people / f"person{number}")
        if location.parent != people:
            location.rename(people / f"{location.name}{number}")
    for name in ("=HYPERLINK(1)", "+1", "-1-1", "@SUM(1)", "\t=1", "<script>alert(1)<script>"):
        text = f"raise ValueError({name!r})\n\n\nclass Scale:\n    pass\n"
        (people / f"{name}.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "grade.py", "--kit", surroundings.top / "kit", people, "--out", out],
        cwd=ROOT, env=surroundings.environment(), capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    texts = {path: path.read_text("utf-8") for path in out.rglob("*") if path.is_file()}
    assert any(path.suffix == ".csv" for path in texts)
    texts |= {Path("terminal"): done.stdout, Path("errors"): done.stderr}
    for path, text in texts.items():
        for marker in (surroundings.canary, "\x1b", "\u202e", "\x9b"):
            assert marker not in text, path
        if path.suffix == ".html":
            assert "<script>alert" not in text, path
        if path.suffix == ".csv":
            cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
            assert [cell for cell in cells if is_live(cell)] == []


@pytest.mark.slow
def test_a_class_with_hostile_members_gives_everybody_their_own_score(surroundings):
    people, out, alone = (surroundings.top / name for name in ("class", "out", "alone.json"))
    reference = TOY / "solutions" / "toy"
    honest = {}
    for number in range(CLASS_SIZE - CLASS_SIZE // 10):
        folder = people / f"person{number:03d}"
        folder.mkdir(parents=True)
        for name in ("scale.py", "stack.py"):
            shutil.copy(reference / name, folder)
        wrong = number % 3 == 0
        if wrong:
            text = (folder / "scale.py").read_text()
            (folder / "scale.py").write_text(text.replace(" + self.bias", ""))
        honest[folder.name] = wrong
    attacks = [attack for attack in ATTACKS if attack.course == "toy"]
    kinds = sorted({attack.kind for attack in attacks})
    for number in range(CLASS_SIZE // 10):
        alike = [attack for attack in attacks if attack.kind == kinds[number % len(kinds)]]
        location = alike[number // len(kinds) % len(alike)].lay_out(people / f"hostile{number:03d}")
        if location.parent != people:
            location.rename(people / f"{number}{location.name}")
            shutil.rmtree(people / f"hostile{number:03d}")

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "grade.py", "--kit", surroundings.top / "kit", *SANDBOX, "--seed", "9",
             *arguments], cwd=ROOT, env=surroundings.environment(), capture_output=True, text=True,
            timeout=60 + CLASS_SIZE * SUBMISSION_WALL_CLOCK_S_MAX / 4, check=False,
        )  # fmt: skip

    before, faults = take_stock(surroundings), []
    with adopted_orphans(faults):
        done = run(people, "--out", out, "--quiet")
    assert faults == []
    assert take_stock(surroundings) == before
    assert done.returncode == 0, done.stderr
    results = {path.stem: json.loads(path.read_text("utf-8")) for path in out.glob("*.json")}
    assert len(results) == CLASS_SIZE
    run("--json", alone, "--quiet", *(people / name for name in ("person000", "person001")))
    own = dict(zip((True, False), json.loads(alone.read_text("utf-8")), strict=True))
    for name, wrong in honest.items():
        assert results[name]["checks"] == own[wrong]["checks"], name


def is_live(cell):
    """Whether a spreadsheet would compute a cell instead of showing it."""
    return cell.startswith(("=", "+", "-", "@", "\t", "\r")) and not NUMBER.fullmatch(cell)


def test_every_attack_says_in_one_line_what_must_not_happen():
    kinds = {"reading", "forging", "patching", "lying", "exiting", "hanging", "flooding",
             "injecting", "intake", "training"}  # fmt: skip
    assert len(ATTACKS) >= 66
    assert {attack.kind for attack in ATTACKS} == kinds
    for attack in ATTACKS:
        assert attack.must_not
        assert "\n" not in attack.must_not
        assert not attack.gradable or attack.points_max is not None, attack.name
