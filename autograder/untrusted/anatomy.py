"""What a student's module consists of: parameters, parts, attributes, doubles.

Runs inside the sandbox, next to student code. Uses torch's own functions, fetched before any
student code runs: an overridden ``named_parameters`` is not asked.
"""

from typing import Any

from torch import nn

from autograder.untrusted.doubles import Recorder

named_modules = nn.Module.named_modules
_named_buffers = nn.Module.named_buffers

# A module's parts, itself among them, each once with its name.
Parts = list[tuple[str, nn.Module]]

ENTRIES_MAX = 4096
_CONTAINERS = (list, tuple, dict)


def describe_module(module: nn.Module, recorder: Recorder, attributes: list[str]) -> dict[str, Any]:
    """Return what the module consists of: parameters, buffers, sub-modules, attributes, doubles."""
    parts = list(named_modules(module))
    owners = {name: type(part).__name__ for name, part in parts}
    parameters = [
        {
            "name": name,
            "shape": list(value.shape),
            "dtype": str(value.dtype),
            "trainable": bool(value.requires_grad),
            "owner": owners.get(name.rpartition(".")[0], ""),
        }
        for name, value in parameters_of(parts).items()
    ]
    places = {id(part): name for name, part in parts}
    return {
        "parameters": parameters[:ENTRIES_MAX],
        "buffers": [
            {"name": name, "shape": list(value.shape)} for name, value in _named_buffers(module)
        ][:ENTRIES_MAX],
        "modules": [[name, kind] for name, kind in owners.items()][:ENTRIES_MAX],
        "attributes": {name: _kind_of(module, name) for name in attributes},
        "unregistered": _unregistered_modules(parts),
        "doubles": [
            {
                "class": type(part).__name__,
                "place": places.get(id(part)),
                "given": _plain_arguments(part.given),
                "otherwise": _plain_arguments(part.otherwise),
            }
            for part in _doubles_of(parts, recorder)
        ][:ENTRIES_MAX],
    }


def parameters_of(parts: Parts) -> dict[str, nn.Parameter]:
    """Return every parameter once, by its first name, as ``named_parameters`` does."""
    found: dict[str, nn.Parameter] = {}
    seen: set[int] = set()
    for place, part in parts:
        for name, value in part._parameters.items():  # noqa: SLF001  (no override is asked)
            if value is not None and id(value) not in seen:
                seen.add(id(value))
                found[f"{place}.{name}" if place else name] = value
    return found


def _doubles_of(parts: Parts, recorder: Recorder) -> list[Any]:
    kinds = tuple({type(double) for double in recorder.made})
    registered = [part for _, part in parts if kinds and isinstance(part, kinds)]
    known = {id(part) for part in registered}
    return registered + [double for double in recorder.made if id(double) not in known]


def _plain_arguments(given: dict[str, Any]) -> dict[str, Any]:
    return {
        str(name)[:80]: value if isinstance(value, int | float | bool | str | None) else "?"
        for name, value in given.items()
    }


def _kind_of(module: nn.Module, name: str) -> str:
    try:
        value = getattr(module, name)
    except Exception:  # noqa: BLE001  (a property of the student's may raise anything)
        return ""
    return type(value).__name__[:80]


def _unregistered_modules(parts: Parts) -> list[str]:
    """Name the attributes that hold modules in a plain list, tuple or dict."""
    found = []
    for place, part in parts:
        for name, value in vars(part).items():
            # Most attributes are torch's own, and begin so.
            if name[:1] == "_" or not isinstance(value, _CONTAINERS):
                continue
            items = value.values() if isinstance(value, dict) else value
            if any(isinstance(item, nn.Module) for item in items):
                found.append(f"{place}.{name}".lstrip("."))
    return found[:16]
