"""What a student's layer was asked during its checks, and what it gave.

Runs on the trusted side. Written down while the checks run, read only when a layer has lost
points: a known wrong version explains the layer if it would have answered everything the same.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from torch import Tensor

from autograder.trusted.compare import MIXED, Tolerance
from autograder.trusted.outcomes import CheckEnded, Fault, StudentRaised
from autograder.trusted.parameters import Parameter
from autograder.trusted.reference import Run, digest_question

# What a worker says of what a call did besides giving its output.
SIDE_EFFECTS = ("input_kept", "default_dtype_kept", "modes_kept", "grad_mode_kept", "rng_kept")

Weights = Mapping[str, Tensor]
Translate = Callable[[Weights], dict[str, Tensor]]


@dataclass
class BuildRecord:
    """One construction of the student's class."""

    handle: int
    recipe: dict[str, Any]
    # Of which other module's state_dict this one was loaded with, or 0.
    copy_of: int = 0
    parameters: list[Parameter] = field(default_factory=list)
    doubles: list[dict[str, Any]] = field(default_factory=list)
    frozen: list[str] = field(default_factory=list)
    # What forward calls its arguments, in order.
    forward: list[str] = field(default_factory=list)
    ended: CheckEnded | None = None


@dataclass
class RunRecord:
    """One call of a student's module."""

    handle: int
    inputs: Sequence[Tensor | None]
    cotangent: Tensor | None
    training: bool
    seed: int
    names: Sequence[str]
    strided: bool
    # By the reference's names; None where no reference's weights were set.
    weights: Weights | None
    translate: Translate | None
    run: Run | None = None
    ended: CheckEnded | None = None
    tolerance: Tolerance = MIXED
    # Not asked anew: it is the answer to the same question in an earlier check.
    recalled: bool = False

    @cached_property
    def question(self) -> bytes:
        """What was asked, whichever module it was: equal for equal questions."""
        weights = None if self.weights is None else tuple(self.weights)
        asked = (len(self.inputs), self.training, self.seed, tuple(self.names), self.strided)
        values = [*self.inputs, self.cotangent, *(self.weights or {}).values()]
        return digest_question(values) + repr((asked, weights)).encode()


@dataclass(frozen=True)
class Aside:
    """A loss that no build and no run shows: the layer computes what it should, as it is asked."""

    # "default": an argument's is another; "dtype": a type is fixed; "device": a tensor is left;
    # "besides": there are more parameters than there should be; "inserted": they were put into
    # another layer from outside; "random", "seed": what one call leaves shows in the next ones.
    kind: str
    detail: str = ""
    ended: CheckEnded | None = None


@dataclass
class Evidence:
    """Everything asked of one layer, in order."""

    builds: list[BuildRecord] = field(default_factory=list)
    runs: list[RunRecord] = field(default_factory=list)
    # Modules whose parameters are not the reference's, with what the check would have fed them.
    strangers: list[Any] = field(default_factory=list)
    asides: list[Aside] = field(default_factory=list)

    def faults(self) -> list[Fault]:
        """Return the exceptions of the student's code, in order."""
        ends = [build.ended for build in self.builds] + [run.ended for run in self.runs]
        return _faults_of(ends)

    def all_faults(self) -> list[Fault]:
        """Return these, and those of what was asked aside."""
        return [*self.faults(), *_faults_of(aside.ended for aside in self.asides)]


def _faults_of(ends: Iterable[CheckEnded | None]) -> list[Fault]:
    return [e.fault for e in ends if isinstance(e, StudentRaised) and e.fault is not None]
