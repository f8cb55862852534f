"""``grade.py SUBMISSIONS/ --out RESULTS/``: a class graded side by side, with live progress.

Runs on the trusted side.
"""

import argparse
import os
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from rich.console import Console
from rich.text import Text

from autograder.batch.attendance import compare_with_roster, find_missing
from autograder.batch.class_folder import Ambiguous, is_class_folder
from autograder.batch.cluster import BadCluster, grade_on_cluster
from autograder.batch.comparison import compare_results
from autograder.batch.discovery import Entry, discover, discover_named
from autograder.batch.folder_lock import FolderInUse, hold_folder
from autograder.batch.gradebook import row_of_nothing, write_gradebook
from autograder.batch.grader import Done, Job
from autograder.batch.interruption import Stopped, sigterm_like_ctrl_c, undisturbed
from autograder.batch.kept import (
    Kept,
    all_handed_in,
    explain_others,
    find_other_scope,
    list_kept,
)
from autograder.batch.key_choice import find_kept, make_keys_unique
from autograder.batch.platform_names import read_platform_name
from autograder.batch.pool import count_cores, grade_many
from autograder.batch.progress import show_progress
from autograder.batch.results_folder import ResultsFolder, fingerprint_kit
from autograder.batch.roster import BadRoster, Person, read_roster
from autograder.batch.summary import describe_done, summarise
from autograder.batch.text_reports import write_reports
from autograder.manifest import Kit
from autograder.reports.output import Output
from autograder.results import ExitStatus, write_objects
from autograder.trusted.errors import NotIsolated
from autograder.trusted.sandbox import demand_namespaces

GRADEBOOK = "gradebook.csv"


class BadBatch(Exception):
    """The batch cannot be graded as asked; one sentence for the caller."""


def collect_entries(
    locations: Sequence[str], kit: Kit, out: Path | None = None
) -> tuple[list[Entry], list[str]]:
    """Return the submissions that the command line names, folders of submissions opened.

    What is in a folder may be its student's doing, and so may be what it looks like. Beside others
    from the same folder, as a shell makes them of ``downloads/*``, one is opened only where all of
    them look like classes; and none of which ``out`` keeps a result of its own.
    """
    files = [layer.file for layer in kit.layers]
    single = _find_single(locations, files, out)
    entries: list[Entry] = []
    notes: list[str] = []
    named: list[Path] = []
    for location in locations:
        path = Path(location)
        said = read_platform_name(path.name)
        try:
            path.stat()  # a name that was mistyped is no student's
            # What a platform calls a student's folder is no class, whatever lies in it.
            one = said is not None and not said.file
            if one or path in single or not is_class_folder(path, files, kept=True):
                named.append(path)
                continue
            found, passed_over = discover(path, files)
        except FileNotFoundError:
            raise BadBatch(f"{location} does not exist: check the path") from None
        except Ambiguous as error:
            raise BadBatch(str(error)) from error
        except OSError as error:
            raise BadBatch(f"{location} cannot be read: {error.strerror}") from error
        entries += found
        notes += passed_over
    found, passed_over = discover_named(named, files)
    return entries + found, notes + passed_over


def _find_single(locations: Sequence[str], files: Sequence[str], out: Path | None) -> set[Path]:
    """Return the locations that are one submission each, by what stands around them."""
    beside: dict[Path, set[Path]] = {}
    for path in map(Path, locations):
        beside.setdefault(path.absolute().parent, set()).add(path)
    single = set() if out is None else find_kept(out, map(Path, locations))
    for paths in beside.values():
        if len(paths) > 1 and not all(_looks_like_a_class(path, files) for path in paths):
            single |= paths
    return single


def _looks_like_a_class(path: Path, files: Sequence[str]) -> bool:
    try:
        return is_class_folder(path, files, kept=True)
    except OSError:
        return False  # reading it says what is wrong


def is_batch(options: argparse.Namespace, kit: Kit) -> bool:
    """Whether a command line asks for a batch: it has --out, or names a folder of submissions."""
    files = [layer.file for layer in kit.layers]
    if options.out is not None:
        return True
    try:
        return any(is_class_folder(Path(location), files) for location in options.submissions)
    except OSError:
        return False  # staging it says what is wrong


def grade_batch(options: argparse.Namespace, kit: Kit, seed: int, device: str) -> int:
    """Grade a class and keep its results; return the exit status. Raises BadBatch, Stopped.

    Without --seed, the seed of results already there is kept: what has not changed is not graded.
    """
    out = options.out
    if out is None:
        gone = [location for location in options.submissions if not Path(location).exists()]
        if gone:
            raise BadBatch(f"{gone[0]} does not exist: check the path")
        raise BadBatch(
            f"{options.submissions[0]} holds several submissions: say with --out FOLDER where "
            "their results go"
        )
    entries, notes = collect_entries(options.submissions, kit, out)
    if not entries:
        raise BadBatch(f"{options.submissions[0]} holds no submissions")
    if any(out.resolve() == Path(location).resolve() for location in options.submissions):
        # Results would be taken for what students handed in.
        raise BadBatch(f"--out {out} is what is to be graded: name another, such as results")
    try:
        roster = read_roster(options.roster) if options.roster else []
        out.mkdir(parents=True, exist_ok=True)
    except BadRoster as error:
        raise BadBatch(str(error)) from error
    except OSError as error:
        raise BadBatch(f"--out {out} cannot be made: {error.strerror}") from error
    console = Output(highlight=False, soft_wrap=True)
    for note in notes:
        console.print(Text(f"note: {note}", style="dim"))
    # Read before anything is graded: OLD may be the folder that is graded into.
    old = list(ResultsFolder(options.diff).read_all()) if options.diff else []
    if options.diff and not old:
        raise BadBatch(f"--diff {options.diff}: that folder holds no results")
    try:
        with ExitStack() as held:
            try:
                held.enter_context(hold_folder(out))
            except OSError as error:
                raise BadBatch(
                    f"--out {out} cannot be written to: {error.strerror}; nothing was graded"
                ) from error
            entries = make_keys_unique(entries, out)
            done, kept = _grade_into(
                ResultsFolder(out), entries, roster, options, kit, seed, device, console
            )
    except (FolderInUse, NotIsolated, BadCluster) as error:
        raise BadBatch(str(error)) from error
    except OSError as error:
        raise BadBatch(
            f"{error.filename or out} cannot be written: {error.strerror}; what was graded so far "
            "is kept, and the same command goes on from there"
        ) from error
    summarise(done, out, out / GRADEBOOK, console, kit)
    for sentence in explain_others(kept):
        console.print(Text(sentence))
    for sentence in compare_with_roster(roster, all_handed_in(entries, kept)) if roster else ():
        console.print(Text(sentence))
    if options.diff:
        for line in compare_results(old, [one.stored for one in done]):
            console.print(Text(line))
    if options.json:
        try:
            write_objects(options.json, [one.stored for one in done])
        except OSError as error:
            raise BadBatch(f"--json {options.json} cannot be written: {error.strerror}") from error
    if any(one.fault for one in done):
        return ExitStatus.GRADER_FAILED
    # Some students hand in what is none; where nobody's can be read, the input is wrong.
    graded = any(one.stored["status"] == "graded" for one in done)
    return ExitStatus.GRADED if graded else ExitStatus.BAD_INPUT


def _grade_into(
    results: ResultsFolder, entries: Sequence[Entry], roster: Sequence[Person],
    options: argparse.Namespace, kit: Kit, seed: int, device: str, console: Console,
) -> tuple[list[Done], Kept]:  # fmt: skip
    """Grade into a folder that is ours alone. Raises BadBatch, Stopped; OSError when not stored."""
    results.clear_leftovers()
    for path in (results.folder / GRADEBOOK, *map(results.path_of, entries)):
        if options.json and options.json.resolve() == path.resolve():
            raise BadBatch(f"--json {options.json}: that file is one of --out's own; name another")
        if os.path.isdir(path):  # asks also about names too long to be one
            raise BadBatch(f"{path} is a folder, and a file is to be written there: move it away")
    earlier = results.read_earlier(entries)
    kept_seed = results.last_seed(earlier) if options.seed is None else None
    job = Job(
        root=kit.root, assignment=kit.assignment, out=results.folder.resolve(),
        seed=seed if kept_seed is None else kept_seed,
        layers=tuple(group for group in kit.groups if group in options.layer),
        training=not options.no_training, device=device, hint=options.hint,
        sandbox=options.sandbox, require_isolation=options.require_isolation,
        kit_digest=fingerprint_kit(kit), shared=results.shared.resolve(),
    )  # fmt: skip
    other = "" if options.regrade else find_other_scope(earlier, job)
    if other:
        raise BadBatch(
            f"{results.folder} holds results of other options («{other}», now «{job.scope}»): use "
            "another --out, or --regrade to replace them"
        )
    if options.require_isolation and not options.cluster:
        # Before anything is kept: a grader finds out only when it has something to run.
        demand_namespaces(options.sandbox)
    done: list[Done] = []
    why: BaseException | None = None
    try:
        with sigterm_like_ctrl_c():
            _grade_all(job, entries, options, console, done)
    except (KeyboardInterrupt, BadCluster) as error:
        why = error
    except BaseException:
        results.clear_leftovers()
        raise
    with undisturbed():
        results.clear_leftovers()
        kept = list_kept(results, job, entries, done)
        if kept.rows:
            missing = find_missing(roster, all_handed_in(entries, kept)) if roster else ()
            rows = [*kept.rows, *(row_of_nothing(p.name, p.number) for p in missing)]
            write_gradebook(
                results.folder / GRADEBOOK, rows, kit.groups, with_checks=options.checks
            )
        write_reports(results.folder, kept.rows, kit, asked=options.reports)
    if isinstance(why, KeyboardInterrupt):
        raise Stopped(_say_stopped(kept, done, entries, options))
    if why is not None:
        raise why
    return done, kept


def _say_stopped(
    kept: Kept, done: Sequence[Done], entries: Sequence[Entry], options: argparse.Namespace
) -> str:
    if options.regrade:
        given = {entry.key for entry in entries} - {one.entry.key for one in done}
        others = sum(1 for row in kept.rows if row["key"] in given)
        kept_too = f"again; earlier results are kept of {others} of the others"
        as_before = kept_too if others else "and are kept"
        return (
            f"stopped: {len(done)} of {len(entries)} were graded {as_before}; without --regrade "
            "the same command goes on"
        )
    return f"stopped: {kept.given} of {len(entries)} are kept; the same command goes on"


def _grade_all(
    job: Job, entries: Sequence[Entry], options: argparse.Namespace, console: Console,
    done: list[Done],
) -> None:  # fmt: skip
    """Add each submission's result to ``done`` as it is ready; in the end in the class's order."""
    with show_progress(console, len(entries), quiet=options.quiet) as advance:
        if options.cluster:
            graded = grade_on_cluster(job, entries, options.cluster, regrade=options.regrade)
        else:
            jobs = options.jobs or count_cores()
            graded = grade_many(job, entries, jobs, regrade=options.regrade)
        # Closed at once when we are stopped: that ends the graders.
        with closing(graded):
            for one in graded:
                done.append(one)
                advance()
                if not options.quiet and one.fresh:
                    console.print(Text(describe_done(one)))
    order = {entry.key: index for index, entry in enumerate(entries)}
    done.sort(key=lambda one: order[one.entry.key])
