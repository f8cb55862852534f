"""Refuse an incoherent kit: ``python -m autograder.authoring.check_kit [--kit FOLDER]``.

Runs on the trusted side, for staff. Each rule returns sentences; no sentence means it holds.
"""

import argparse
import ast
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from autograder import cli
from autograder.authoring.leaks import look_for_leaks
from autograder.manifest import WHOLE_MODEL, Kit, KitError, load_kit
from autograder.misconceptions import bank_file, dialects, read_bank, read_reference, versions
from autograder.results import ExitStatus
from autograder.trusted.check_session import collect_checks

_POINTS_TOTAL = 100


def main(arguments: list[str] | None = None) -> int:
    """Check a kit, print what is wrong with it, return 0 or 3."""
    parser = argparse.ArgumentParser(prog="check-kit", description=__doc__)
    parser.add_argument("--kit", type=Path, default=Path(cli.__file__).resolve().parents[1])
    parser.add_argument("--assignment", default=None)
    parser.add_argument("--static", action="store_true", help="only read, do not grade")
    options = parser.parse_args(arguments)
    try:
        name = options.assignment or cli.only_assignment(options.kit)
        kit = load_kit(options.kit.resolve(), name)
        found = list(find_faults(kit, grading=not options.static))
    except (KitError, cli.BadArguments) as error:
        found = [str(error)]
    for sentence in found:
        print(f"check-kit: {sentence}", file=sys.stderr)
    if found:
        return ExitStatus.GRADER_FAILED
    print(f"check-kit: {kit.assignment} is coherent")
    return ExitStatus.GRADED


def find_faults(kit: Kit, *, grading: bool = True) -> Iterator[str]:
    """Yield a sentence for everything that makes ``kit`` incoherent."""
    rules: list[Callable[[Kit], Iterator[str]]] = [
        compare_interfaces,
        add_up_points,
        look_for_hints,
        look_for_misconceptions,
        look_for_leaks,
        rebuild_notebook,
    ]
    if grading:
        rules += [grade_reference, grade_stubs]
    for rule in rules:
        yield from rule(kit)


def compare_interfaces(kit: Kit) -> Iterator[str]:
    """Stub and reference have the same classes, methods, signatures and docstrings."""
    for layer in kit.layers:
        sides = []
        for folder in (kit.student_folder, kit.staff_folder):
            path = folder / layer.file
            try:
                tree = ast.parse(path.read_text(encoding="utf-8"))
            except (OSError, SyntaxError) as error:
                yield f"{path} cannot be read: {error}"
                continue
            found = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == layer.name]
            if not found:
                yield f"{path} does not define {layer.name}"
                continue
            sides.append(describe_interface(found[0]))
        if len(sides) == 2:
            stub, reference = sides
            for key in sorted(stub.keys() | reference.keys()):
                if key.startswith(f"{layer.name}._") and not key.startswith(f"{layer.name}.__"):
                    continue  # helpers of the reference's own
                if stub.get(key) != reference.get(key):
                    yield f"{layer.file}: stub and reference differ in {key}"


def describe_interface(definition: ast.ClassDef) -> dict[str, tuple[str, str]]:
    """Return (signature, docstring) of a class and each of its methods, by dotted name."""
    bases = ", ".join(ast.unparse(base) for base in definition.bases)
    found = {definition.name: (bases, ast.get_docstring(definition) or "")}
    for node in definition.body:
        if isinstance(node, ast.FunctionDef):
            returns = ast.unparse(node.returns) if node.returns else ""
            signature = f"({ast.unparse(node.args)}) -> {returns}"
            name = f"{definition.name}.{node.name}"
            found[name] = (signature, ast.get_docstring(node) or "")
    return found


def add_up_points(kit: Kit) -> Iterator[str]:
    """Every layer's checks sum to its points; all points sum to 100; ids are unique."""
    total = sum(kit.points_of(group) for group in kit.groups)
    if total != _POINTS_TOTAL:
        yield f"the rubric's points sum to {total:g}, not {_POINTS_TOTAL}"
    checks = collect_checks(kit)
    for group in kit.groups:
        held = sum(check.points for check in checks if check.layer == group)
        if held != kit.points_of(group):
            wanted = kit.points_of(group)
            yield f"the checks of {group} sum to {held:g} points, the rubric says {wanted:g}"
    names = [check.id for check in checks]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"two checks are called {name}"


def look_for_hints(kit: Kit) -> Iterator[str]:
    """Every layer has hints."""
    for layer in kit.layers:
        if not layer.hints:
            yield f"{layer.name} has no hint in the rubric"
    if not kit.whole_model_hints:
        yield f"{WHOLE_MODEL} has no hint in the rubric"


def look_for_misconceptions(kit: Kit) -> Iterator[str]:
    """Every layer has known wrong versions, and each fits the reference."""
    for layer in kit.layers:
        try:
            if not read_bank(kit, layer.name):
                yield f"{layer.name} has no misconception in {bank_file(kit, layer.name)}"
            dialects(kit, layer.name)
            for version in versions(kit, layer.name):
                compile(version.source(read_reference(kit, layer.name)), layer.file, "exec")
        except KitError as error:
            yield str(error)
        except SyntaxError as error:
            name = version.misconceptions[0].id
            yield f"{bank_file(kit, layer.name)}: {name} gives no valid Python: {error.msg}"


def rebuild_notebook(kit: Kit) -> Iterator[str]:
    """The student notebook handed out is what its source builds now, without outputs."""
    if not any((kit.staff_folder / "notebook").glob("*.md")):
        return
    try:
        from autograder.authoring.notebook import build
        from autograder.authoring.notebook.source import NotebookSourceError
    except ImportError:
        yield "the notebook cannot be rebuilt: install the extra, pip install '.[notebook]'"
        return
    try:
        source = build.find_source(kit)
        wanted = build.write_notebook(build.build_notebook(source, "student"))
        path = build.student_notebook_path(kit, source)
        if not path.is_file():
            yield f"{path} is missing: python -m autograder.authoring.notebook.build"
        elif _without_pictures(path.read_text(encoding="utf-8")) != _without_pictures(wanted):
            yield f"{path} is not what {source.name} builds now: build it anew"
    except NotebookSourceError as error:
        yield str(error)


def _without_pictures(notebook: str) -> str:
    """Return a notebook without its pictures' bytes, which differ with fonts and libraries."""
    data = json.loads(notebook)
    for cell in data.get("cells", []):
        for name in cell.get("attachments", {}):
            cell["attachments"][name] = ""
    return json.dumps(data, sort_keys=True)


def _grade(kit: Kit, folder: Path) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "result.json"
        status = cli.main([str(folder), "--kit", str(kit.root), "--assignment", kit.assignment,
                           "--json", str(target), "--quiet"])  # fmt: skip
        if status != ExitStatus.GRADED:
            raise KitError(f"grading {folder} ended with status {status}")
        result = json.loads(target.read_text(encoding="utf-8"))
    return result["score"], result["max_score"]


def grade_reference(kit: Kit) -> Iterator[str]:
    """The reference gets every point."""
    score, most = _grade(kit, kit.staff_folder)
    if score != most:
        yield f"the reference scores {score:g} of {most:g}"


def grade_stubs(kit: Kit) -> Iterator[str]:
    """The untouched stubs get none."""
    score, _ = _grade(kit, kit.student_folder)
    if score:
        yield f"the untouched stubs score {score:g}"


if __name__ == "__main__":
    sys.exit(main())
