"""What grading a submission gives, and how it is written down.

Lives in the engine; views of a result are in ``autograder.reports``.
"""

import errno
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import IntEnum
from pathlib import Path
from typing import Any

SCHEMA = 1


class ExitStatus(IntEnum):
    """What the command ends with."""

    GRADED = 0
    BAD_INPUT = 2
    GRADER_FAILED = 3
    # What a shell says of a command that Ctrl-C ended.
    INTERRUPTED = 130


@dataclass(frozen=True)
class CheckResult:
    """How one check ended."""

    id: str
    layer: str
    status: str
    points: float
    max_points: float
    message: str = ""
    diagnosis: dict[str, Any] | None = None
    # Of an error in the student's Python: the student's own lines, innermost last.
    traceback: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Result:
    """How one submission was graded; ``problem`` says why it could not be."""

    submission: str
    assignment: str
    seed: int
    isolation: str
    checks: list[CheckResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    training: str = "run"
    gradable: bool = True
    problem: str = ""
    wall_clock_s: float = 0.0
    grader_faults: list[str] = field(default_factory=list)
    # By layer, for layers that lost points, where hints were asked for.
    hints: dict[str, list[str]] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """The points won."""
        return _plain(sum(check.points for check in self.checks))

    @property
    def max_score(self) -> float:
        """The points that could be won in this run."""
        return _plain(sum(check.max_points for check in self.checks))

    def to_json(self) -> dict[str, Any]:
        """Return the result as the fixed schema's object."""
        return {
            "schema": SCHEMA,
            "submission": self.submission,
            "assignment": self.assignment,
            "score": self.score,
            "max_score": self.max_score,
            "seed": self.seed,
            "isolation": self.isolation,
            "gradable": self.gradable,
            "problem": self.problem,
            "training": self.training,
            "sources": self.sources,
            "notes": self.notes,
            "hints": self.hints,
            "wall_clock_s": round(self.wall_clock_s, 2),
            "checks": [asdict(check) for check in self.checks],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Result":
        """Return the result that ``to_json`` gave; further keys say nothing here."""
        known = {field.name for field in fields(cls)} - {"checks"}
        names = {field.name for field in fields(CheckResult)}
        checks = [
            CheckResult(**{name: value for name, value in check.items() if name in names})
            for check in data["checks"]
        ]
        return cls(**{n: value for n, value in data.items() if n in known}, checks=checks)


def is_isolated(isolation: str) -> bool:
    """Whether a description of isolation means namespaces, each worker's own, not only limits."""
    return not isolation.startswith("limited") and "NOT" not in isolation


def _plain(number: float) -> float:
    return round(float(number), 6)


def write_json(path: Path, results: Sequence[Result], *, several: bool) -> None:
    """Write one object for one submission, a list for several; whole or not at all.

    Raises OSError when it cannot be written; an older file is then still as it was.
    """
    objects = [result.to_json() for result in results]
    write_objects(path, objects if several else objects[0])


def write_objects(path: Path, objects: Any) -> None:
    """Write results that already are the schema's objects. Raises OSError as ``write_json``."""
    write_atomically(path, json.dumps(objects, indent=2, ensure_ascii=False) + "\n")


def write_atomically(path: Path, text: str) -> None:
    """Replace ``path`` by ``text``, so that a reader sees the old file or the new one."""
    write_bytes_atomically(path, text.encode("utf-8", "replace"))


def write_bytes_atomically(path: Path, content: bytes) -> None:
    """Replace ``path`` by ``content``, so that a reader sees the old file or the new one.

    Raises OSError that names ``path``, whichever step failed.
    """
    try:
        _replace(path, content)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from error


def _replace(path: Path, content: bytes) -> None:
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
