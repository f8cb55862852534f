"""Which of one student's files are the submission, where a platform gives them one by one.

Runs on the trusted side, on hostile file names; names only, nothing is opened.

One rule holds for all platforms, and for the folders in which some of them give a student's files
(``trusted.intake``): single files belong together, an archive or a folder stands for itself, and of
these two what defines more of the exercise's classes counts; of equal ones the newer, where the
names tell, or else the single files. Of several archives the newest counts, or none where nothing
tells which that is. What is passed over is said in the report and the gradebook.
"""

from collections.abc import Sequence
from pathlib import Path

from autograder.batch.platform_names import PlatformName

Handed = tuple[Path, PlatformName]


def pick_submission(files: Sequence[Handed]) -> list[list[Handed]]:
    """Return what may be graded, the likelier first, each with its last file at the end.

    That is the last folder or archive, and the modules with a notebook that came along: as in a
    folder that holds both.
    """
    real = [pair for pair in files if not pair[0].is_symlink()]
    loose = _pick_together([p for p in real if not p[0].is_dir() and _ends(p, ".py", ".ipynb")])
    whole = [pair for pair in real if is_whole(pair)]
    if len(whole) > 1 and whole[-1][1].order == whole[-2][1].order:
        whole = []
    picks = [pick for pick in (loose, whole[-1:]) if pick]
    return sorted(picks, key=lambda pick: -pick[-1][1].order)


def is_whole(pair: Handed) -> bool:
    """Whether a file stands for itself: a folder, or an archive that is read."""
    return pair[0].is_dir() or _ends(pair, ".zip")


def is_gradable(pair: Handed) -> bool:
    """Whether a file may be a submission or a part of one, by its kind."""
    return not pair[0].is_symlink() and (is_whole(pair) or _ends(pair, ".py", ".ipynb"))


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
