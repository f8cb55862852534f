"""Prove the bank of misconceptions: every wrong version caught, in its layer alone, and named.

For staff: ``python -m autograder.authoring.misconception_proof`` runs every wrong version through
the grader and prints the matrix of misconceptions and checks; ``--write`` puts it beside the bank,
``--layer NAME`` does so for one layer and leaves the others' tables as they are.
"""

import argparse
import itertools
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.progress import track

from autograder.authoring.grading import Grader
from autograder.cli import BadArguments, only_assignment
from autograder.manifest import Kit, KitError, load_kit
from autograder.misconceptions import Version, read_reference, versions
from autograder.results import Result, write_atomically

SEED = 1


@dataclass(frozen=True)
class Row:
    """What came out for one wrong version."""

    layer: str
    misconception: str
    caught_by: tuple[str, ...]
    names: tuple[str, ...]
    # Layers that lost points though they were right.
    innocent: tuple[str, ...]

    @property
    def problem(self) -> str:
        """What the proof fails on, or ''."""
        if not self.caught_by:
            return f"{self.misconception}: no check of {self.layer} catches it"
        if self.innocent:
            return f"{self.misconception}: {', '.join(self.innocent)} loses points for it"
        if self.misconception not in self.names:
            return f"{self.misconception}: named {' or '.join(self.names) or 'nothing'}"
        return ""


def plan_submissions(
    kit: Kit, *, all_forms: bool = True, layers: Sequence[str] | None = None
) -> list[dict[str, Version]]:
    """Return submissions that hold every wrong version once, or the first form of each mistake.

    Several layers of a submission are wrong at once, as each is graded alone; every second one is
    right, so that a charge to a layer that is right shows.
    """
    plan: list[dict[str, Version]] = []
    for start in (0, 1):
        chosen = [
            layer.name for layer in kit.layers[start::2] if layers is None or layer.name in layers
        ]
        columns = [_forms(kit, name, all_forms=all_forms) for name in chosen]
        plan += [
            {name: version for name, version in zip(chosen, row, strict=True) if version}
            for row in itertools.zip_longest(*columns)
        ]
    return plan


def _forms(kit: Kit, layer: str, *, all_forms: bool) -> list[Version]:
    found = versions(kit, layer)
    if all_forms:
        return list(found)
    first: dict[str, Version] = {}
    for version in found:
        first.setdefault(version.misconceptions[0].id, version)
    return list(first.values())


def lay_out(kit: Kit, wrong: Mapping[str, Version], target: Path) -> Path:
    """Write the reference with some layers replaced by wrong versions."""
    target.mkdir()
    for layer in kit.layers:
        if layer.name in wrong:
            text = wrong[layer.name].source(read_reference(kit, layer.name))
            (target / layer.file).write_text(text, encoding="utf-8")
        else:
            shutil.copy(kit.staff_folder / layer.file, target / layer.file)
    return target


def prove(grader: Grader, wrong: Mapping[str, Version], scratch: Path) -> list[Row]:
    """Grade one planned submission and return a row for each of its wrong versions."""
    names = tuple(layer.name for layer in grader.kit.layers)
    result = grader.grade(lay_out(grader.kit, wrong, scratch), seed=SEED, layers=names)
    lost = {check.layer for check in result.checks if check.points < check.max_points}
    innocent = tuple(sorted(lost - set(wrong)))
    return [_read_row(result, layer, version, innocent) for layer, version in wrong.items()]


def _read_row(result: Result, layer: str, version: Version, innocent: tuple[str, ...]) -> Row:
    lost = [c for c in result.checks if c.layer == layer and c.points < c.max_points]
    diagnosis = next((c.diagnosis for c in lost if c.diagnosis), None)
    named = (diagnosis["id"], *diagnosis["also"]) if diagnosis else ()
    return Row(layer, version.misconceptions[0].id, tuple(c.id for c in lost), named, innocent)


def rows_of(grader: Grader, plan: Sequence[Mapping[str, Version]]) -> Iterator[Row]:
    """Grade planned submissions, one after the other."""
    for number, wrong in enumerate(plan):
        with tempfile.TemporaryDirectory() as scratch:
            yield from prove(grader, wrong, Path(scratch) / f"version{number}")


_HEAD = (
    "# Misconceptions and the checks that catch them\n\n"
    "Made by `python -m autograder.authoring.misconception_proof --write`; do not edit. Every "
    "wrong version of the bank was graded. A column stands for a check, `x` for points lost "
    "there by the first form of the misconception. «Not told from» lists what looks the same.\n"
)


def write_section(layer: str, rows: Sequence[Row], checks: Sequence[str]) -> str:
    """Return a layer's table, a row per misconception."""
    of_layer = [row for row in rows if row.layer == layer]
    caught = sum(1 for row in of_layer if row.caught_by)
    first: dict[str, Row] = {}
    for row in of_layer:
        first.setdefault(row.misconception, row)
    found = [f"## {layer}", ""]
    found.append(
        f"{len(first)} misconceptions in {len(of_layer)} versions; caught {caught} of "
        f"{len(of_layer)}, named {sum(1 for row in of_layer if not row.problem)}."
    )
    found.append("")
    found += [f"{i}. `{check}`" for i, check in enumerate(checks, start=1)]
    numbers = " | ".join(str(i) for i in range(1, len(checks) + 1))
    found += ["", f"| misconception | {numbers} | not told from |"]
    found.append("|---|" + "---|" * (len(checks) + 1))
    for name, row in first.items():
        alike = {
            other for r in of_layer if r.misconception == name for other in r.names
        } - {name}  # fmt: skip
        marks = " | ".join("x" if c in row.caught_by else "" for c in checks)
        found.append(f"| {name} | {marks} | {', '.join(sorted(alike))} |")
    return "\n".join(found) + "\n"


def renew_matrix(kit: Kit, old: str, sections: Mapping[str, str]) -> str:
    """Return the staff documentation with these layers' sections, the others' as in ``old``."""
    kept = {part.partition("\n")[0]: f"## {part}" for part in old.split("\n## ")[1:]}
    parts = [sections.get(layer.name) or kept.get(layer.name, "") for layer in kit.layers]
    return "\n".join([_HEAD, *(f"{part.strip()}\n" for part in parts if part)])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the proof and print the matrix; 0 when it holds, 3 when the bank does not."""
    parser = argparse.ArgumentParser(prog="misconception_proof", description=__doc__)
    parser.add_argument("--kit", type=Path, default=Path.cwd(), metavar="FOLDER")
    parser.add_argument("--assignment", metavar="NAME")
    parser.add_argument("--layer", metavar="NAME", help="prove this layer's alone")
    parser.add_argument("--write", action="store_true", help="write MISCONCEPTIONS.md")
    options = parser.parse_args(arguments)
    try:
        kit = load_kit(options.kit, options.assignment or only_assignment(options.kit))
        layers = _choose_layers(kit, options.layer)
        plan = plan_submissions(kit, layers=layers)
        with Grader(options.kit, kit.assignment) as grader:
            rows = list(rows_of(grader, track(plan, "grading wrong versions")))  # type: ignore[arg-type]
            checks = check_names(grader)
    except (BadArguments, KitError) as error:
        print(f"misconception_proof: {error}", file=sys.stderr)
        return 3
    sections = {layer: write_section(layer, rows, checks[layer]) for layer in layers}
    print("\n".join(sections.values()))
    problems = [row.problem for row in rows if row.problem]
    for problem in problems:
        print(problem, file=sys.stderr)
    if options.write:
        path = matrix_file(kit)
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        write_atomically(path, renew_matrix(kit, old, sections))
    return 3 if problems else 0


def _choose_layers(kit: Kit, only: str | None) -> list[str]:
    layers = [layer.name for layer in kit.layers if only in (None, layer.name)]
    if not layers:
        raise BadArguments(f"--layer {only}: there is no such layer")
    return layers


def matrix_file(kit: Kit) -> Path:
    """Return where the matrix is kept."""
    return kit.staff_folder / "MISCONCEPTIONS.md"


def check_names(grader: Grader) -> dict[str, list[str]]:
    """Return the ids of every layer's checks, in order."""
    result = grader.grade(grader.kit.staff_folder, seed=SEED)
    return {
        layer.name: [check.id for check in result.checks if check.layer == layer.name]
        for layer in grader.kit.layers
    }


if __name__ == "__main__":
    sys.exit(main())
