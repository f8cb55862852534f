"""Sources and archives side by side in a folder: which count, and what to say of the others.

Runs on the trusted side, on hostile bytes. The rule is that of ``batch.attempts``: what defines
more of the exercise's classes counts; of equals the single files do, as no folder tells which is
newer; and between several archives nobody guesses.
"""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from autograder.trusted.archives import collect_archive
from autograder.trusted.class_mentions import count_classes, decode_roughly
from autograder.trusted.errors import UngradableSubmission
from autograder.trusted.notebooks import UnreadableNotebook, read_notebook_cells
from autograder.trusted.outcomes import clean_text
from autograder.trusted.wanted import FoundSources


def open_archive_instead(folder: Path, found: FoundSources, class_names: Sequence[str]) -> None:
    """Take what a folder's one zip holds, where that is more of the exercise than lies beside it.

    Platforms hand out a student's files in a folder: single ones, a zip, or both.
    """
    zips = [path for path in found.archives if path.lower().endswith(".zip")]
    if len(zips) != 1 or (found.contents and "/" in zips[0]):
        return
    packed = FoundSources(clean_text(f"{found.shown}/{zips[0]}", 200), found.limits)
    try:
        collect_archive(folder / zips[0], packed)
    except UngradableSubmission:
        if not found.contents:
            raise
        return
    if found.contents and _count(packed, class_names) <= _count(found, class_names):
        return
    if packed.contents:
        packed.notes.append(f"taken from {clean_text(zips[0], 120)}")
    found.archives = [path for path in found.archives if path != zips[0]] + packed.archives
    found.beside = list(found.contents)
    found.contents, found.others = packed.contents, packed.others
    found.notes = packed.notes + found.notes


def _count(found: FoundSources, class_names: Sequence[str]) -> int:
    texts = []
    for path, content in found.contents.items():
        if not path.lower().endswith(".ipynb"):
            texts.append(decode_roughly(content))
            continue
        with contextlib.suppress(UnreadableNotebook):
            texts += [cell.source for cell in read_notebook_cells(path, content).cells]
    return count_classes(texts, class_names)


def name_passed_over(found: FoundSources) -> str:
    """Say which archives, or sources beside the archive, are not graded; "" where all are."""
    names = [*found.beside, *found.archives]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    shown = ", ".join(clean_text(name, 60) for name in names[:3])
    return f"passed over: {shown}{more}" if names else ""


def list_others(found: FoundSources) -> list[str]:
    """Return what a folder holds, where nothing in it is of a kind that could be graded."""
    readable = found.notes or any(path.lower().endswith(".zip") for path in found.archives)
    return [] if readable else [*found.archives, *found.others]


def explain_nothing_found(found: FoundSources) -> str:
    """Say what is there instead of sources, and what to do."""
    inner = clean_text(min(found.archives, default=""), 80)
    if len(found.archives) > 1:
        return (f"{found.shown} holds no .py file and no notebook, but {len(found.archives)} "
                f"archives, such as {inner}: unpack the one that counts, or, where each is "
                "another student's, give the folder they are unpacked in")  # fmt: skip
    if found.archives:
        return (f"{found.shown} holds no .py file and no notebook, but {inner}: unpack that and "
                "give what is in it")  # fmt: skip
    if found.notes:
        return f"{found.shown} holds nothing that can be graded: {clean_text(found.notes[0])}"
    if found.others:
        names = ", ".join(clean_text(name, 60) for name in found.others[:3])
        return (f"{found.shown} holds no .py file and no notebook, only {names}: give the folder "
                "your classes are in")  # fmt: skip
    return f"{found.shown} is empty: it holds no .py file and no notebook"
