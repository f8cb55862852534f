"""The README's commands are those that CI runs, and they name what exists."""

import re
import shlex
from pathlib import Path

import pytest

from autograder.authoring.readme_commands import find_command
from autograder.cli import build_parser

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["student", "tests"])
def test_set_up_is_one_command_that_ci_runs(name):
    command = find_command(README, name).strip()
    assert "\n" not in command
    assert f"readme_commands README.md {name}" in (ROOT / ".ci" / "run").read_text()


def test_a_command_that_is_not_there_is_said():
    with pytest.raises(LookupError, match="nothing"):
        find_command(README, "nothing")


def test_every_grade_command_in_the_texts_can_be_parsed():
    texts = README + (ROOT / "assignments" / "bert" / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"grade\.py ([^\n#&`]+)", texts)
    assert len(commands) > 5
    for command in commands:
        if "SUBMISSION" not in command and "--help" not in command:
            build_parser().parse_args(shlex.split(command))


def test_every_folder_the_readme_names_exists():
    for path in re.findall(r"`((?:\w+/)+)`", README):
        if path not in ("authoring/", "checks/", "misconceptions/", "notebook/", "tests/"):
            assert (ROOT / path).is_dir(), path


def test_the_readme_is_short():
    assert len(README.splitlines()) < 150
