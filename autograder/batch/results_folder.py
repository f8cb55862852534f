"""The folder of results: one file per submission, written whole or not at all.

Runs on the trusted side. A grader killed at any moment leaves only whole results behind, so the
same command run again does what is left.
"""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from autograder.batch.discovery import Entry
from autograder.batch.stored_result import read_facts, read_stored
from autograder.manifest import Kit
from autograder.results import Result, write_atomically

_PACKAGE = Path(__file__).resolve().parents[1]
# Training checks draw their tweets and train with it.
_DATA_UTILS = _PACKAGE.parent / "data_utils"


@dataclass(frozen=True)
class Fingerprint:
    """What a result depends on: when all of it is as it was, grading again gives the same."""

    submission: str
    kit: str
    seed: int
    options: str


@dataclass(frozen=True)
class Earlier:
    """What a kept result says of the run that it is of."""

    seed: int
    graded: bool
    options: str


def fingerprint_kit(kit: Kit) -> str:
    """Return a digest of everything staff wrote, of the engine itself and of torch's release."""
    # Read from what is installed: importing torch takes seconds. What follows + says which build.
    digest = hashlib.sha256(version("torch").partition("+")[0].encode())
    files = [
        path
        for folder in (kit.staff_folder, kit.student_folder, _PACKAGE, _DATA_UTILS)
        for pattern in ("*.py", "*.toml", "*.ini")
        for path in sorted(folder.rglob(pattern))
        if "tests" not in path.relative_to(folder).parts
    ]
    for path in files:
        content = path.read_bytes()
        digest.update(len(content).to_bytes(8, "big") + path.name.encode() + content)
    return digest.hexdigest()[:32]


def describe_owner(entry: Entry) -> dict[str, Any]:
    """Return whose a submission is, and whether it came late."""
    return {"student": entry.student, "student_id": entry.student_id, "late": entry.late}


def describe(entry: Entry, fingerprint: Fingerprint, result: Result) -> dict[str, Any]:
    """Return what is stored of a result: the checks last, so that the rest can be read alone."""
    facts = result.to_json()
    checks = facts.pop("checks")
    return {
        **facts,
        "key": entry.key,
        **describe_owner(entry),
        "status": "graded" if result.gradable else "not gradable",
        "note": "; ".join(filter(None, (result.problem, entry.note))),
        "fingerprint": asdict(fingerprint),
        "checks": checks,
    }


class ResultsFolder:
    """Reads and writes the results of a batch."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, entry: Entry) -> Path:
        """Return where a submission's result is kept."""
        return self.folder / f"{entry.key}.json"

    def write(self, entry: Entry, fingerprint: Fingerprint, result: Result) -> dict[str, Any]:
        """Store a result and return what was stored. Raises OSError when it cannot be written."""
        stored = describe(entry, fingerprint, result)
        self._store(entry, stored)
        return stored

    def _store(self, entry: Entry, stored: dict[str, Any]) -> None:
        text = json.dumps(stored, indent=1, ensure_ascii=False) + "\n"
        write_atomically(self.path_of(entry), text)

    def read(self, entry: Entry) -> dict[str, Any] | None:
        """Return a stored result, or None where there is none to rely on."""
        return read_stored(self.path_of(entry))

    def holds(self, entry: Entry, fingerprint: Fingerprint) -> dict[str, Any] | None:
        """Return the stored result if it still is what grading would give.

        Whose it is stands in no submission: that is what the class says now. Raises OSError.
        """
        stored = self.read(entry)
        if stored is None or stored["fingerprint"] != asdict(fingerprint):
            return None
        whose = describe_owner(entry)
        if any(stored[name] != value for name, value in whose.items()):
            stored |= whose
            self._store(entry, stored)
        return stored

    def read_all(self, but: Container[str] = ()) -> Iterator[dict[str, Any]]:
        """Yield every stored result, by name, except those of some keys."""
        for path in sorted(self.folder.glob("*.json")):
            stored = None if path.stem in but else read_stored(path)
            if stored is not None:
                yield stored

    def read_earlier(self, entries: Iterable[Entry]) -> list[Earlier]:
        """Return what the kept results of these submissions say of the runs they are of."""
        found = (read_facts(self.path_of(entry)) for entry in entries)
        kept = (stored for stored in found if stored is not None)
        return [
            Earlier(one["seed"], one["status"] == "graded", one["fingerprint"]["options"])
            for one in kept
        ]

    def last_seed(self, earlier: Collection[Earlier]) -> int | None:
        """Return the seed that most results of a class have: a batch goes on with it.

        Where none of them is kept, the seed of the others counts: a late one gets what all got.
        """
        mine = (one.seed for one in earlier)
        seeds = Counter(mine if earlier else (stored["seed"] for stored in self.read_all()))
        return max(seeds, key=lambda seed: seeds[seed], default=None)

    @property
    def shared(self) -> Path:
        """Where graders keep what one of them has computed for all, while a batch runs."""
        return self.folder / ".shared"

    def clear_leftovers(self) -> None:
        """Remove what only a running batch needs, and half-written files of one that was killed."""
        shutil.rmtree(self.shared, ignore_errors=True)
        for path in self.folder.glob(".*.json.*"):
            path.unlink(missing_ok=True)
