"""What a student's module consists of: parameters, parts, attributes, doubles.

Runs inside the sandbox, next to student code. Reads what torch keeps, in torch's own order: an
overridden ``named_parameters`` is not asked, and torch's walk takes three times as long.
"""

from typing import Any

from torch import Tensor, nn

from autograder.untrusted.doubles import Recorder

# A module's parts, itself among them, each once with its name.
Parts = list[tuple[str, nn.Module]]

ENTRIES_MAX = 4096
TENSORS_MAX = 64
_CONTAINERS = (list, tuple, dict)


def named_modules(module: nn.Module) -> Parts:
    """Return the module and every module in it, each once by its first name, as torch does."""
    found: Parts = []
    seen: set[int] = set()
    waiting: list[tuple[str, nn.Module]] = [("", module)]
    while waiting:
        place, part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        found.append((place, part))
        before = f"{place}." if place else ""
        inside = [
            (f"{before}{name}", child)
            for name, child in part._modules.items()  # noqa: SLF001  (no override is asked)
            if child is not None
        ]
        waiting.extend(reversed(inside))
    return found


def describe_module(module: nn.Module, recorder: Recorder, attributes: list[str]) -> dict[str, Any]:
    """Return what the module consists of: parameters, sub-modules, attributes, doubles."""
    parts = named_modules(module)
    kinds = {name: type(part).__name__ for name, part in parts}
    keepers = {name: _keeper(part) for name, part in parts}
    parameters = [
        {
            "name": name,
            "shape": list(value.shape),
            "dtype": str(value.dtype),
            "trainable": bool(value.requires_grad),
            "owner": keepers.get(name.rpartition(".")[0], ""),
        }
        for name, value in parameters_of(parts).items()
    ]
    places = {id(part): name for name, part in parts}
    return {
        "parameters": parameters[:ENTRIES_MAX],
        "modules": [[name, kind] for name, kind in kinds.items()][:ENTRIES_MAX],
        "attributes": {name: _kind_of(module, name) for name in attributes},
        "unregistered": _unregistered_modules(parts),
        "tensors": _tensors_that_do_not_learn(parts),
        "doubles": [
            {
                "class": type(part).stands_for,
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


def _keeper(part: nn.Module) -> str:
    """Name the class of a module; a Linear of one's own may keep its matrix the other way round."""
    name = type(part).__name__
    namesake = getattr(nn, name, None)
    is_own = isinstance(namesake, type) and not isinstance(part, namesake)
    return f"own {name}" if is_own else name


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


def _tensors_that_do_not_learn(parts: Parts) -> list[dict[str, Any]]:
    """Return what is kept as a plain attribute or as a buffer, by name and shape."""
    found = []
    for place, part in parts:
        kept = {**vars(part), **part._buffers}  # noqa: SLF001  (no override is asked)
        for name, value in kept.items():
            if isinstance(value, Tensor):
                found.append({"name": f"{place}.{name}".lstrip("."), "shape": list(value.shape)})
    return found[:TENSORS_MAX]


def _holds_modules(container: Any, depth: int = 3) -> bool:
    items = container.values() if isinstance(container, dict) else container
    return any(
        isinstance(item, nn.Module)
        or (depth > 0 and isinstance(item, _CONTAINERS) and _holds_modules(item, depth - 1))
        for item in items
    )


def _unregistered_modules(parts: Parts) -> list[str]:
    """Name the attributes that hold modules in a plain list, tuple or dict."""
    found = []
    for place, part in parts:
        for name, value in vars(part).items():
            # Most attributes are torch's own, and begin so.
            if name[:1] != "_" and isinstance(value, _CONTAINERS) and _holds_modules(value):
                found.append(f"{place}.{name}".lstrip("."))
    return found[:16]
