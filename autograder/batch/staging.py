"""Read a submission of a class into memory, or say why it cannot be graded.

Runs on the trusted side, on hostile files.
"""

import errno
from dataclasses import replace

from autograder.batch.discovery import Entry, ask_for_another
from autograder.batch.platform_names import explain_several
from autograder.manifest import Kit
from autograder.trusted.errors import UngradableSubmission
from autograder.trusted.intake import IntakeLimits, StagedSubmission, stage_submission
from autograder.trusted.outcomes import clean_text

# What no submission is to blame for, and what the next one would meet as well.
ENDS_THE_BATCH = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def stage_entry(kit: Kit, entry: Entry) -> tuple[Entry, StagedSubmission | None, str]:
    """Return the entry with its note, and what is to be graded or the problem with it.

    Of an entry and what may be graded ``instead``, what defines more of the classes is taken.
    """
    staged, problem = _stage(kit, entry)
    note = entry.note
    if entry.instead is not None:
        other, _ = _stage(kit, entry.instead)
        names = [layer.name for layer in kit.layers]
        if other and (not staged or other.count_classes(names) > staged.count_classes(names)):
            staged, problem, note = other, "", entry.instead.note
    if staged is not None:
        staged = replace(staged, notes=(*filter(None, (note,)), *staged.notes))
        note = "; ".join(filter(None, (note, staged.passed_over)))
    return replace(entry, note=note), staged, problem


def _stage(kit: Kit, entry: Entry) -> tuple[StagedSubmission | None, str]:
    names = [layer.name for layer in kit.layers]
    files = [layer.file for layer in kit.layers]
    if entry.problem:
        return None, entry.problem
    try:
        staged = stage_submission(entry.location, names, files, IntakeLimits(), entry.parts)
    except UngradableSubmission as error:
        several = explain_several(name_of(entry), error.archives, files)
        return None, several or _explain(error, entry)
    except OSError as error:
        if error.errno in ENDS_THE_BATCH:
            raise
        return None, f"{name_of(entry)}: {error.strerror}"
    several = explain_several(staged.name, staged.paths, files)
    return (None, several) if several else (staged, "")


def name_of(entry: Entry) -> str:
    """Return the name of a submission, fit to be shown."""
    return clean_text(entry.location.name, 120)


def _explain(error: UngradableSubmission, entry: Entry) -> str:
    if error.others:
        return ask_for_another(error.others)
    # The name for the path: a class that is moved elsewhere is as it was.
    name = name_of(entry)
    whole = clean_text(str(entry.location), 200)
    return str(error).replace(whole, name) if name else str(error)
