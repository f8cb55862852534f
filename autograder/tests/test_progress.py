"""On a terminal a class says from the first moment what it is doing, then how long it takes."""

import io
import re
import time

from rich.console import Console

from autograder import cli
from autograder.batch.progress import show_progress


def terminal():
    return Console(file=io.StringIO(), force_terminal=True, width=120, _environ={})


def shown(console):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", console.file.getvalue())


def test_before_the_first_result_it_says_that_graders_start():
    console = terminal()
    with show_progress(console, 60, quiet=False):
        time.sleep(0.3)
    assert "starting graders" in shown(console)
    assert "0/60" in shown(console)


def test_from_the_second_result_on_it_says_how_long_the_rest_takes():
    console = terminal()
    with show_progress(console, 4, quiet=False) as advance:
        for _ in range(2):
            time.sleep(0.2)
            advance()
        time.sleep(0.3)
    assert "grading" in shown(console)
    assert re.search(r"2/4 .*left: 0:00:0\d", shown(console))


def test_no_terminal_and_quiet_show_no_bar():
    plain, quiet = Console(file=io.StringIO(), force_terminal=False), terminal()
    for console in (plain, quiet):
        with show_progress(console, 2, quiet=console is quiet) as advance:
            advance()
        assert "grading" not in shown(console)


def test_the_help_says_what_quiet_still_prints():
    said = " ".join(cli.build_parser().format_help().split())
    assert "print no report; of a class, the summary alone" in said
