"""The command line: ``python grade.py SUBMISSION [SUBMISSION ...]``.

Runs on the trusted side. Exit status: 0 graded, whatever the score · 2 bad arguments or
unreadable input (of a class: nothing in it can be graded) · 3 the grader itself failed · 130
stopped by Ctrl-C or, in a class, SIGTERM.
"""

import argparse
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.batch.interruption import leaving_at_once
from autograder.manifest import Kit, KitError, asks_for_training, load_kit
from autograder.results import ExitStatus, Result, write_json
from autograder.trusted.errors import NotIsolated, UngradableSubmission

if TYPE_CHECKING:
    from autograder.reports.terminal import Terminal

_ROOT = Path(__file__).resolve().parents[1]
_STOPPED = "grade.py: stopped; nothing was written\n"
_EXAMPLE = """example:
  python grade.py homework/            grade a folder
  python grade.py bert.ipynb --layer MultiHeadAttention
  python grade.py a.zip b.zip --json results.json --seed 7
  python grade.py downloads/ --out results/    grade a class; run again to go on
"""


class BadArguments(Exception):
    """The command cannot be carried out as given; one sentence for the caller."""


@dataclass(frozen=True)
class _Staged:
    location: str
    submission: Any  # a StagedSubmission, or None
    problem: str = ""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="grade.py",
        description="Grade submissions of the exercise and say what is wrong.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("submissions", nargs="+", metavar="SUBMISSION", help="a folder, .py, .ipynb or .zip")
    add(
        "--json",
        type=Path,
        metavar="FILE",
        help="also write the result as JSON; of several, a list",
    )
    add("--seed", type=int, metavar="N", help="replay the run whose report shows this seed")
    add("--layer", action="append", default=[], metavar="NAME",
        help="grade one layer alone (may be repeated), e.g. --layer Pooler")  # fmt: skip
    add("--no-training", action="store_true", help="leave the training check out")
    add("--hint", type=int, metavar="N", default=0,
        help="also show each wrong layer's hints up to strength N: 1, 2 or 3")  # fmt: skip
    add("--device", choices=("auto", "cpu", "cuda"), default="auto",
        help="where the training check runs (default: a GPU where there is one)")  # fmt: skip
    add("--require-isolation", action="store_true",
        help="refuse to run student code without Linux namespaces around it")  # fmt: skip
    add("--sandbox", choices=("auto", "bubblewrap", "unshare", "none", "plain"), default="auto",
        help="how to isolate student code (default: the strongest this machine has)")  # fmt: skip
    add("--out", type=Path, metavar="FOLDER",
        help="grade a class: keep a result per submission and a gradebook there; run again, "
             "only what has changed is graded")  # fmt: skip
    add("--jobs", type=int, metavar="N",
        help="with --out: how many submissions side by side (default: one per core)")  # fmt: skip
    add("--cluster", metavar="ADDRESS",
        help="with --out: grade on the Dask cluster whose scheduler is there, "
             "e.g. tcp://10.0.0.5:8786")  # fmt: skip
    add("--regrade", action="store_true",
        help="with --out: grade also what has not changed or has other options")  # fmt: skip
    add("--diff", type=Path, metavar="OLD",
        help="with --out: list the scores that moved since OLD, an earlier --out")  # fmt: skip
    add("--roster", type=Path, metavar="CSV", help="with --out: list who handed in nothing")
    add("--checks", action="store_true",
        help="with --out: a column per check in the gradebook")  # fmt: skip
    add("--reports", action="store_true",
        help="with --out: also write each report as text, to read or to send back")  # fmt: skip
    add("--quiet", action="store_true",
        help="print no report; of a class, the summary alone (for use with --json)")  # fmt: skip
    add("--assignment", metavar="NAME", help="which assignment, where the kit has several")
    add("--kit", type=Path, default=_ROOT, metavar="FOLDER",
        help="the folder that holds assignments/ and solutions/")  # fmt: skip
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        # A class writes down what it has; see ``Stopped``.
        sys.stderr.write(_STOPPED)
        return ExitStatus.INTERRUPTED


def _run(arguments: Sequence[str] | None) -> int:
    try:
        options = build_parser().parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    from autograder.batch.interruption import Stopped
    from autograder.reports.terminal import Terminal

    terminal = Terminal()
    try:
        return _grade(options, terminal)
    except BadArguments as error:
        terminal.complain(str(error))
        return ExitStatus.BAD_INPUT
    except KitError as error:
        terminal.complain(f"the grader failed: {error}")
        return ExitStatus.GRADER_FAILED
    except Stopped as stop:
        terminal.complain(str(stop))
        return ExitStatus.INTERRUPTED


def _grade(options: argparse.Namespace, terminal: "Terminal") -> int:
    kit = load_kit(options.kit.resolve(), choose_assignment(options))
    _check_options(options, kit)
    seed = secrets.randbelow(2**31) if options.seed is None else options.seed
    from autograder.batch.command import BadBatch, grade_batch, is_batch

    if is_batch(options, kit):
        try:
            return grade_batch(options, kit, seed, _choose_device(options.device))
        except BadBatch as error:
            raise BadArguments(str(error)) from error
    staged = [_stage(location, kit) for location in options.submissions]
    if not any(entry.submission for entry in staged):
        results = [_ungradable(entry, kit, seed) for entry in staged]
        for entry in staged:
            terminal.complain(entry.problem)
    else:
        results = _grade_staged(staged, kit, seed, options, terminal)
    if options.json:
        _write(options.json, results, several=len(results) > 1)
    if any(result.grader_faults for result in results):
        faults = [fault for result in results for fault in result.grader_faults]
        terminal.complain(f"the grader itself failed in {len(faults)} checks: {faults[0]}")
        return ExitStatus.GRADER_FAILED
    if not all(result.gradable for result in results):
        return ExitStatus.BAD_INPUT
    return ExitStatus.GRADED


def _grade_staged(
    staged: list[_Staged], kit: Kit, seed: int, options: argparse.Namespace, terminal: "Terminal"
) -> list[Result]:
    trains = asks_for_training(options.layer, training=not options.no_training)
    wants_gpu = options.device != "cpu" and trains and _has_gpu_files()
    template = None
    if sys.platform == "linux" and options.sandbox != "plain":
        from autograder.trusted.template_process import TemplateProcess

        # Before torch is imported here: the two imports run side by side.
        template = TemplateProcess(
            kit.root, gpu=wants_gpu, trains=trains, memory_mib=kit.limits.memory_mib,
            mechanism=options.sandbox,
        )  # fmt: skip
    tidy = [] if template is None else [partial(template.close, grace_s=0.0)]
    with (
        terminal.waiting("starting") as stop_waiting,
        leaving_at_once(_STOPPED, stop_waiting, *tidy),
    ):
        from autograder.trusted.plugin import Selection
        from autograder.trusted.session import Request, grade_submission, settle_process
        from autograder.trusted.workers import (
            PlainWorkers,
            TemplateWorkers,
            WorkerSource,
            demand_isolation,
        )

    source: WorkerSource
    if template is not None:
        source = TemplateWorkers(template, kit.limits, gpu=wants_gpu)
    else:
        source = PlainWorkers(kit.limits)
    try:
        if options.require_isolation:
            try:
                demand_isolation(source)
            except NotIsolated as error:
                raise BadArguments(str(error)) from error
        request = Request(
            seed=seed,
            selection=Selection(tuple(options.layer), training=not options.no_training),
            device=_choose_device(options.device),
            hint=options.hint,
        )
        settle_process()
        results = []
        for entry in staged:
            if entry.submission is None:
                result = _ungradable(entry, kit, seed)
                terminal.complain(entry.problem)
            else:
                with terminal.progress(entry.submission.name) as note:
                    result = grade_submission(kit, entry.submission, source, request, note)
                if not options.quiet:
                    terminal.report(kit, result)
            results.append(result)
        return results
    finally:
        source.close()


def _check_options(options: argparse.Namespace, kit: Kit) -> None:
    for name in options.layer:
        if name not in kit.groups:
            raise BadArguments(f"--layer {name}: there is no such layer; it is one of "
                               f"{', '.join(kit.groups)}")  # fmt: skip
    if not all(location.strip() for location in options.submissions):
        raise BadArguments("the path of a submission is empty: name a folder or a file")
    if options.seed is not None and not 0 <= options.seed < 2**63:
        raise BadArguments("--seed takes a whole number from 0 to 2^63 - 1")
    for name in ("jobs", "regrade", "diff", "roster", "checks", "reports", "cluster"):
        if getattr(options, name) not in (None, False) and options.out is None:
            raise BadArguments(f"--{name} goes with --out FOLDER")
    if options.cluster and options.jobs is not None:
        raise BadArguments("--jobs is for this machine; a cluster has as many as its workers")
    if options.jobs is not None and options.jobs < 1:
        raise BadArguments("--jobs takes a whole number from 1")
    if options.diff and not options.diff.is_dir():
        raise BadArguments(f"--diff {options.diff}: there is no such folder of results")
    if options.out and options.out.exists() and not options.out.is_dir():
        raise BadArguments(f"--out {options.out} is a file; name a folder")
    if not 0 <= options.hint <= kit.hint_max:
        allowed = f"from 1 to {kit.hint_max}" if kit.hint_max else "no hints at all"
        raise BadArguments(f"--hint {options.hint}: this course allows {allowed}")
    if options.json and not options.json.absolute().parent.is_dir():
        raise BadArguments(f"--json {options.json}: the folder it is to be written to is missing")
    if options.json and options.json.is_dir():
        raise BadArguments(f"--json {options.json} is a folder; name a file")


def choose_assignment(options: argparse.Namespace) -> str:
    """Return the assignment that was named, or the only one. Raises BadArguments."""
    found = _list_assignments(options.kit)
    if not options.assignment or not found:
        return only_assignment(options.kit)
    if options.assignment not in found:
        raise BadArguments(
            f"there is no assignment {options.assignment}; there is: {', '.join(found)}"
        )
    return str(options.assignment)


def _list_assignments(root: Path) -> list[str]:
    return sorted(path.parent.name for path in (root / "solutions").glob("*/rubric.toml"))


def only_assignment(root: Path) -> str:
    """Return the kit's one assignment. Raises BadArguments where there is none or several."""
    found = _list_assignments(root)
    if len(found) == 1:
        return found[0]
    if not found:
        raise BadArguments(f"{root} holds no solutions/*/rubric.toml: name the kit with --kit")
    raise BadArguments(f"the kit holds several assignments: name one with --assignment "
                       f"({', '.join(found)})")  # fmt: skip


def _stage(location: str, kit: Kit) -> _Staged:
    from autograder.batch.platform_names import explain_several
    from autograder.trusted.intake import IntakeLimits, stage_submission

    names = [layer.name for layer in kit.layers]
    files = [layer.file for layer in kit.layers]
    try:
        staged = stage_submission(Path(location), names, files, IntakeLimits())
    except UngradableSubmission as error:
        problem = explain_several(location, error.archives, files)
        return _Staged(location, None, problem or str(error))
    problem = explain_several(location, staged.paths, files)
    return _Staged(location, None if problem else staged, problem)


def _ungradable(entry: _Staged, kit: Kit, seed: int) -> Result:
    from autograder.trusted.outcomes import clean_text

    return Result(
        submission=clean_text(entry.location, 200),
        assignment=kit.assignment,
        seed=seed,
        isolation="",
        gradable=False,
        problem=entry.problem,
        training="none",
    )


def _has_gpu_files() -> bool:
    return Path("/dev/nvidia0").exists()


def _choose_device(wanted: str) -> str:
    if wanted == "cpu" or (wanted == "auto" and sys.platform == "linux" and not _has_gpu_files()):
        return "cpu"  # known without importing torch
    with leaving_at_once(_STOPPED):
        import torch

    available = wanted != "cpu" and torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise BadArguments("--device cuda: torch finds no CUDA device here; use --device cpu")
    return "cuda" if available else "cpu"


def _write(path: Path, results: list[Result], *, several: bool) -> None:
    try:
        write_json(path, results, several=several)
    except OSError as error:
        raise BadArguments(f"--json {path} cannot be written: {error.strerror}") from error


if __name__ == "__main__":
    sys.exit(main())
