"""A candidate: a known wrong version of a layer, asked what the student's layer was asked.

Runs on the trusted side, on staff's code only: the student's answers come from the evidence. A
candidate explains the layer when it would have answered every question of every check the same.
"""

import sys
from collections.abc import Mapping
from types import CodeType, ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from autograder.manifest import Kit
from autograder.misconceptions import Version, read_reference
from autograder.trusted.compare import Tolerance
from autograder.trusted.error_kinds import name_trouble
from autograder.trusted.evidence import SIDE_EFFECTS, BuildRecord, RunRecord
from autograder.trusted.outcomes import CheckEnded, StudentRaised
from autograder.trusted.parameters import Parameter, reference_parameters
from autograder.trusted.reference import Run
from autograder.trusted.replies import NUMBERS
from autograder.untrusted import construct, probes
from autograder.untrusted.anatomy import describe_module
from autograder.untrusted.doubles import Recorder, make_double

# Of a gradient that rounding alone has left something of.
_NOTHING = 1e-9
_COMPILED: dict[tuple[str, str, Any], CodeType] = {}


class Candidate:
    """A wrong version of a layer (or, with no version, the reference), ready to be questioned."""

    def __init__(self, kit: Kit, layer: str, version: Version | None = None) -> None:
        self.kit, self.layer, self.version = kit, layer, version
        self.recorder = Recorder()
        self._class: type[nn.Module] | None = None
        self._modules: dict[int, nn.Module] = {}
        self._meant: dict[int, Mapping[str, Tensor] | None] = {}

    def _define(self) -> type[nn.Module]:
        if self._class is None:
            original = self.kit.reference_module(self.layer)
            key = (str(original.__file__), self.layer, self.version and self.version.spans)
            if key not in _COMPILED:
                text = read_reference(self.kit, self.layer)
                text = self.version.source(text) if self.version else text
                _COMPILED[key] = compile(text, f"{self.layer} with edits", "exec", optimize=2)
            module = ModuleType(original.__name__)
            module.__package__ = original.__package__
            before = sys.modules.get(original.__name__)
            exec(_COMPILED[key], vars(module))  # noqa: S102  (staff's own text)
            if before is not None:
                sys.modules[original.__name__] = before
            for layer in self.kit.layers:
                if layer.double and layer.name != self.layer and hasattr(module, layer.name):
                    spec = self.kit.double_spec(layer.name)
                    setattr(module, layer.name, make_double(spec, self.recorder))
            self._class = getattr(module, self.layer)
        return self._class

    def construct(self, recipe: Mapping[str, Any]) -> nn.Module:
        """Construct the class by a recipe, as a worker does. Raises what the version raises."""
        self.recorder.made.clear()
        probes.seed_everything(int(recipe["seed"]))
        wide = recipe["dtype"] == "float64"
        with construct.default_dtype(wide=wide):
            module = construct.build_module(
                self._define(), recipe["arguments"], recipe["extra"], recipe["style"]
            )
        return module.double() if wide else module

    def build(self, record: BuildRecord) -> tuple[list[Parameter], list[dict[str, Any]]]:
        """Make the module a build record speaks of; return its parameters and its doubles."""
        module = self.construct(record.recipe)
        if record.copy_of:
            probes.copy_by_state_dict(self._modules[record.copy_of], module)
            self._meant[record.handle] = self._meant[record.copy_of]
        else:
            self._meant[record.handle] = None
        self._modules[record.handle] = module
        # A module that is shared or never registered shows here, as it does with students.
        described = describe_module(module, self.recorder, [])
        return reference_parameters(module), described["doubles"]

    def module(self, handle: int) -> nn.Module:
        """Return a module that was built."""
        return self._modules[handle]

    def frozen(self, handle: int) -> set[str]:
        """Return the names of the parameters that do not learn."""
        named = self._modules[handle].named_parameters()
        return {name for name, value in named if not value.requires_grad}

    def set_weights(self, handle: int, weights: Mapping[str, Tensor]) -> None:
        """Give a module the weights the student's had; those it does not have are left out."""
        if self._meant[handle] is not weights:
            module = self._modules[handle]
            own = dict(module.named_parameters())
            probes.set_weights(module, {n: v for n, v in weights.items() if n in own})
            self._meant[handle] = weights

    def run(self, record: RunRecord, *, seed_offset: int = 0) -> Run:
        """Answer what a run record asked. Raises what the version raises."""
        module = self._modules[record.handle]
        if record.weights is not None:
            self.set_weights(record.handle, record.weights)
        inputs = [value if value is None else value.clone() for value in record.inputs]
        if record.strided:
            inputs = [
                value if value is None else value.transpose(0, -1).contiguous().transpose(0, -1)
                for value in inputs
            ]
        facts, tensors = probes.run_module(
            module, self.recorder, inputs, list(record.names), training=record.training,
            seed=record.seed + seed_offset, cotangent=record.cotangent,
        )  # fmt: skip
        if "output" not in tensors:
            raise CheckEnded(f"forward returned {facts['output']['kind']}")
        if tensors["output"].dtype not in NUMBERS:
            kind = str(tensors["output"].dtype).removeprefix("torch.")
            raise CheckEnded(f"forward returned a tensor of {kind}")
        run = Run(tensors["output"].detach(), facts=facts)
        for name, value in tensors.items():
            if name.startswith("grad.param."):
                run.gradients[name.removeprefix("grad.param.")] = value
            elif name.startswith("grad.input."):
                run.input_gradients[int(name[11:])] = value
        run.calls = [
            {"class": type(double).__name__, "arguments": dict(given)}
            for double, given in self.recorder.calls
        ]
        return run


def same_tensor(got: Tensor, want: Tensor, tolerance: Tolerance) -> bool:
    """Whether two tensors agree, NaN with NaN and infinity with infinity."""
    if got.shape != want.shape or got.dtype.is_floating_point != want.dtype.is_floating_point:
        return False
    one, other = got.double(), want.double()
    if one.numel() == 0:
        return True
    difference = (one - other).abs()
    scale = float(other.abs().max())
    if scale != scale or scale == float("inf"):  # noqa: PLR0124  (NaN is not itself)
        finite = torch.isfinite(other)
        if not bool((torch.isnan(one) == torch.isnan(other)).all()):
            return False
        strange = ~finite & ~torch.isnan(other)
        if not bool((one[strange] == other[strange]).all()):
            return False
        if not bool(finite.any()):
            return True
        difference, scale = difference[finite], float(other[finite].abs().max())
    return float(difference.max()) <= tolerance.allowance * max(1.0, scale)


def same_run(student: Run, candidate: Run, record: RunRecord) -> bool:
    """Whether the candidate's answer is the student's."""
    exact = same_tensor(student.output, candidate.output, record.tolerance)
    if not exact:
        return False
    for key in SIDE_EFFECTS:
        if (student.facts.get(key) is True) != (candidate.facts.get(key) is True):
            return False
    return _same_calls(student, candidate) and _same_gradients(student, candidate, record)


def gradients_reach_the_same(student: Run, candidate: Run, record: RunRecord) -> bool:
    """Whether gradients arrive where the candidate's do, whatever they are: where both drop."""
    if record.cotangent is None or student.output.shape != record.cotangent.shape:
        return True
    wanted, given = _in_the_students_names(student, candidate, record)
    pairs = [(given.get(name), wanted.get(name)) for name in wanted.keys() | given.keys()]
    pairs += [
        (student.input_gradients.get(index), candidate.input_gradients.get(index))
        for index in range(len(record.inputs))
    ]
    return all(_shows(got) == _shows(want) for got, want in pairs)


def _shows(gradient: Tensor | None) -> bool:
    """Whether a gradient is there, and more than what rounding leaves of nothing."""
    return gradient is not None and bool((gradient.nan_to_num(1.0).abs() > _NOTHING).any())


def _in_the_students_names(
    student: Run, candidate: Run, record: RunRecord
) -> tuple[dict[str, Tensor], Mapping[str, Tensor]]:
    wanted, given = dict(candidate.gradients), student.gradients
    if record.translate is not None and record.weights is not None:
        whole = {
            name: candidate.gradients.get(name, torch.zeros_like(value))
            for name, value in record.weights.items()
        }
        wanted = record.translate(whole)
        # What it has besides the reference's parameters has no partner.
        given = {name: value for name, value in given.items() if name in wanted}
    return wanted, given


def _same_gradients(student: Run, candidate: Run, record: RunRecord) -> bool:
    if record.cotangent is None or student.output.shape != record.cotangent.shape:
        return True
    if bool(student.facts.get("differentiable")) != bool(candidate.facts.get("differentiable")):
        return False
    wanted, given = _in_the_students_names(student, candidate, record)
    for name in wanted.keys() | given.keys():
        if not _same_or_zero(given.get(name), wanted.get(name), record.tolerance):
            return False
    return all(
        _same_or_zero(
            student.input_gradients.get(index),
            candidate.input_gradients.get(index),
            record.tolerance,
        )
        for index in range(len(record.inputs))
    )


def _same_or_zero(got: Tensor | None, want: Tensor | None, tolerance: Tolerance) -> bool:
    if got is None or want is None:
        value = want if got is None else got
        return value is None or not bool(value.any())
    return same_tensor(got, want, tolerance)


def _same_calls(student: Run, candidate: Run) -> bool:
    """Whether the doubles were called in the same way."""
    if student.calls is None or candidate.calls is None:
        return True  # nobody asked
    if [c["class"] for c in student.calls] != [c["class"] for c in candidate.calls]:
        return False
    for got, want in zip(student.calls, candidate.calls, strict=True):
        ours, theirs = want["arguments"], got["arguments"]
        for name in ours.keys() | theirs.keys():
            if not _same_argument(theirs.get(name), ours.get(name)):
                return False
    return True


def _same_argument(got: Any, want: Any) -> bool:
    if not isinstance(got, Tensor) or not isinstance(want, Tensor):
        return not isinstance(got, Tensor) and not isinstance(want, Tensor)
    if got.dtype.is_floating_point and want.dtype.is_floating_point:
        return same_tensor(got, want, Tolerance("fed to a double", 2e-5))
    # Masks and ids of other dtypes may say the same.
    return got.shape == want.shape and bool((got.double() == want.double()).all())


def same_end(got: CheckEnded | None, error: BaseException | None) -> bool:
    """Whether student and candidate failed in the same way: both not at all, or both alike."""
    if got is None or error is None:
        return got is None and error is None
    if isinstance(error, CheckEnded):
        return not isinstance(got, StudentRaised) and error.message in got.message
    fault = got.fault if isinstance(got, StudentRaised) else None
    if fault is None:
        return False
    # One trouble has many errors (None has no axes, and cannot be indexed); and one kind of error
    # stands for many troubles.
    kind = type(error).__name__
    theirs, ours = name_trouble(fault.kind, fault.text), name_trouble(kind, str(error))
    return theirs == ours if theirs or ours else fault.kind == kind
