"""Which of one student's files are the submission, where a platform gives them one by one.

Runs on the trusted side, on hostile file names; names only, nothing is opened.
"""

from collections.abc import Sequence
from pathlib import Path

from autograder.batch.platform_names import PlatformName

Handed = tuple[Path, PlatformName]


def pick_submission(files: Sequence[Handed]) -> tuple[list[Handed], list[Handed]]:
    """Return what is graded, the last file at the end, and what else might have been.

    That is the last folder or archive, or, where single files are newer, the modules with a
    notebook that came along: as in a folder that holds both.
    """
    real = [pair for pair in files if not pair[0].is_symlink()]
    whole = [pair for pair in real if pair[0].is_dir() or _ends(pair, ".zip")]
    loose = [pair for pair in real if not pair[0].is_dir() and _ends(pair, ".py", ".ipynb")]
    if whole and (not loose or whole[-1][1].order >= loose[-1][1].order):
        taken = whole[-1:]
    else:
        taken = _pick_together(loose)
    return taken, [pair for pair in (*whole, *loose) if pair not in taken]


def _pick_together(loose: list[Handed]) -> list[Handed]:
    modules = [pair for pair in loose if _ends(pair, ".py")]
    last_book = [pair for pair in loose if _ends(pair, ".ipynb")][-1:]
    if modules and last_book and modules[-1][1].attempt != last_book[0][1].attempt:
        return modules if modules[-1][1].order > last_book[0][1].order else last_book
    return [pair for pair in loose if pair in modules or pair in last_book]


def _ends(pair: Handed, *endings: str) -> bool:
    return pair[0].name.lower().endswith(endings)


def restore_name(name: str, expected_files: Sequence[str]) -> str:
    """Undo the number that Canvas gives to the name of a file handed in again."""
    stem, dot, suffix = name.rpartition(".")
    before, dash, number = stem.rpartition("-")
    restored = f"{before}{dot}{suffix}"
    again = dash and number.isdigit() and restored in expected_files
    return restored if again and name not in expected_files else name
