"""Question a student's module: set weights, call, differentiate, trace.

Runs inside the sandbox, next to student code. Uses torch's own functions, fetched before any
student code runs, on the student's objects: an overridden ``parameters`` is not asked. Saving and
loading are, as it is them that a check is about.
"""

import copy
import random
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from autograder.untrusted.anatomy import Parts, named_modules, parameters_of
from autograder.untrusted.construct import default_dtype
from autograder.untrusted.doubles import Recorder

_train = nn.Module.train
# Not torch.manual_seed: it writes down the whole stack for a CUDA that may come later, which
# takes longer than many a forward pass.
_seed_cpu: Callable[[int], Any] = torch.default_generator.manual_seed
_cuda_is_in_use: Callable[[], bool] = torch.cuda.is_initialized
_seed_cuda: Callable[[int], None] = torch.cuda.manual_seed_all
_seed_python: Callable[[int], None] = random.seed
_seed_numpy: Callable[[int], None] = np.random.seed
_get_rng_state = torch.get_rng_state
_equal = torch.equal
_no_grad = torch.no_grad
_enable_grad = torch.enable_grad
_is_grad_enabled = torch.is_grad_enabled
_get_default_dtype = torch.get_default_dtype
_backward = torch.autograd.backward

STEPS_MAX = 64


def _is_wide(parameters: Mapping[str, Tensor]) -> bool:
    return any(value.dtype == torch.float64 for value in parameters.values())


def set_weights(module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Copy the given values into the parameters of the same names, in place."""
    own = parameters_of(named_modules(module))
    with _no_grad():
        for name, value in tensors.items():
            own[name].data = value.to(own[name].dtype).clone()


def run_module(
    module: nn.Module,
    recorder: Recorder,
    arguments: list[Tensor | None],
    names: list[str],
    *,
    training: bool,
    seed: int,
    cotangent: Tensor | None,
    calls: bool = True,
    own_default: bool = True,
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Call the module once and return (facts, tensors) about the output and the side effects.

    With a ``cotangent`` of the output's shape, gradients of ``(output * cotangent).sum()`` with
    respect to every parameter and every floating-point input come too; with ``calls``, what the
    doubles were called with. With ``own_default`` torch's default dtype is the module's own.
    """
    parts = named_modules(module)
    if any(part.training != training for _, part in parts):
        _train(module, training)
    recorder.calls.clear()
    recorder.listens = calls
    own = parameters_of(parts)
    for value in own.values():
        value.grad = None
    entered = [_fresh_input(value, cotangent is not None) for value in arguments]
    before = [value if value is None else value.detach().clone() for value in entered]
    modes = [part.training for _, part in parts]
    seed_everything(seed)
    rng = _get_rng_state()
    with (
        default_dtype(wide=own_default and _is_wide(own)),
        _enable_grad() if cotangent is not None else _no_grad(),
    ):
        mode, dtype = _is_grad_enabled(), _get_default_dtype()
        if names:
            output = module(**dict(zip(names, entered, strict=True)))
        else:
            output = module(*entered)
        facts: dict[str, Any] = {
            "grad_mode_kept": _is_grad_enabled() == mode,
            "default_dtype_kept": _get_default_dtype() == dtype,
            "rng_kept": bool(_equal(rng, _get_rng_state())),
            "modes_kept": modes == [part.training for _, part in parts],
            "input_kept": all(
                old is None or (new is not None and bool(_equal(old, new.detach())))
                for old, new in zip(before, entered, strict=True)
            ),
        }
    facts["output"] = describe_output(output)
    tensors: dict[str, Tensor] = {}
    if isinstance(output, Tensor):
        tensors["output"] = output
        facts["differentiable"] = bool(output.requires_grad)
        if cotangent is not None and output.shape == cotangent.shape and output.requires_grad:
            tensors.update(_differentiate(output, cotangent, own, entered))
    if calls:
        facts["calls"] = _describe_calls(parts, recorder, tensors)
    return facts, tensors


def run_in_a_row(
    module: nn.Module, arguments: list[Tensor | None], steps: list[list[Any]]
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Call the module once for each step, on the same tensors, with nothing set back in between.

    A step is [mode, seed]: "train", "eval" or "" for whatever the call before has left, and a seed
    or None likewise. Returns every output, and the tensors it was called with as they are then:
    what a call did to its surroundings shows in what comes after, whatever this process says.
    """
    tensors: dict[str, Tensor] = {}
    outputs = []
    with default_dtype(wide=_is_wide(parameters_of(named_modules(module)))), _no_grad():
        for number, (mode, seed) in enumerate(steps):
            if mode:
                _train(module, mode == "train")
            if seed is not None:
                seed_everything(seed)
            output = module(*arguments)
            outputs.append(describe_output(output))
            if isinstance(output, Tensor):
                tensors[f"output.{number}"] = output.clone()
    for index, value in enumerate(arguments):
        if value is not None:
            tensors[f"after.{index}"] = value
    return {"outputs": outputs}, tensors


def seed_everything(seed: int) -> None:
    """Seed torch's random numbers on the CPU and on every GPU in use, Python's and NumPy's."""
    _seed_cpu(seed)
    _seed_python(seed)
    _seed_numpy(seed % 2**32)
    if _cuda_is_in_use():
        _seed_cuda(seed)


def _fresh_input(value: Tensor | None, with_gradient: bool) -> Tensor | None:
    if value is None:
        return None
    if with_gradient and value.is_floating_point() and value.dim() == 3:
        return value.detach().requires_grad_(True)
    return value.detach()


def describe_output(output: Any) -> dict[str, Any]:
    """Return the kind, shape and dtype of whatever a forward gave back."""
    if not isinstance(output, Tensor):
        return {"kind": type(output).__name__[:80]}
    return {"kind": "Tensor", "shape": list(output.shape), "dtype": str(output.dtype)}


def _differentiate(
    output: Tensor, cotangent: Tensor, own: dict[str, nn.Parameter], entered: list[Tensor | None]
) -> dict[str, Tensor]:
    targets: dict[str, Tensor] = {
        f"grad.param.{name}": value for name, value in own.items() if value.requires_grad
    }
    for index, value in enumerate(entered):
        if value is not None and value.requires_grad:
            targets[f"grad.input.{index}"] = value
    # Not autograd's grad_outputs: for that torch first imports a package of symbols, in a second.
    weighed = (output * cotangent).sum()
    # As training does it: some of torch's own ways to save memory know no other.
    _backward(weighed)
    return {name: value.grad for name, value in targets.items() if value.grad is not None}


def _describe_calls(
    parts: Parts, recorder: Recorder, tensors: dict[str, Tensor]
) -> list[dict[str, Any]]:
    """Return the calls of the doubles; tensor arguments go into ``tensors`` by a name."""
    places = {id(part): name for name, part in parts} if recorder.calls else {}
    calls = []
    for index, (double, given) in enumerate(recorder.calls):
        arguments: dict[str, Any] = {}
        for name, value in given.items():
            if isinstance(value, Tensor):
                key = f"call.{index}.{str(name)[:80]}"
                tensors[key] = value
                arguments[str(name)[:80]] = {"tensor": key}
            else:
                arguments[str(name)[:80]] = {"kind": type(value).__name__[:80]}
        calls.append(
            {
                "class": str(getattr(type(double), "stands_for", "")),
                "place": places.get(id(double)),
                "arguments": arguments,
            }
        )
    return calls


def trace_module(
    module: nn.Module, arguments: list[Tensor | None], *, training: bool, seed: int
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Call the module once and return what its named parts were given and gave, in call order.

    Of a part's calls the first is kept, and only tensors: ``step.<i>.in`` and ``step.<i>.out``; the
    others are counted, and so are the hidden states that a part is given.
    """
    _train(module, training)
    steps: list[dict[str, Any]] = []
    tensors: dict[str, Tensor] = {}
    seen: dict[int, dict[str, Any]] = {}

    def note(name: str) -> Any:
        def hook(part: nn.Module, given: tuple[Any, ...], named: Any, output: Any) -> None:
            if id(part) in seen:
                seen[id(part)]["calls"] += 1
                return
            if len(steps) >= STEPS_MAX:
                return
            for kind, value in (("in", given[0] if given else None), ("out", output)):
                if isinstance(value, Tensor):
                    tensors[f"step.{len(steps)}.{kind}"] = value.detach().clone()
            step = {"name": name[:120], "class": type(part).__name__[:80], "calls": 1}
            steps.append({**step, "inputs": sum(map(_is_hidden, (*given, *named.values())))})
            seen[id(part)] = steps[-1]

        return hook

    parts = [(name, part) for name, part in named_modules(module) if name]
    hooks = [part.register_forward_hook(note(name), with_kwargs=True) for name, part in parts]
    try:
        seed_everything(seed)
        with default_dtype(wide=_is_wide(parameters_of(named_modules(module)))), _no_grad():
            output = module(*[value if value is None else value.clone() for value in arguments])
    finally:
        for hook in hooks:
            hook.remove()
    if isinstance(output, Tensor):
        tensors["output"] = output.detach()
    return {"steps": steps}, tensors


def _is_hidden(value: Any) -> bool:
    """Whether something a part is given is hidden states, rather than ids or a mask."""
    return isinstance(value, Tensor) and value.is_floating_point() and value.dim() > 2


def copy_by_state_dict(module: nn.Module, fresh: nn.Module) -> nn.Module:
    """Load ``module``'s state_dict into ``fresh``, strictly, and return it.

    By the module's own methods, as whoever saves a model would: what they leave out is to show.
    """
    fresh.load_state_dict(copy.deepcopy(module.state_dict()), strict=True)
    return fresh
