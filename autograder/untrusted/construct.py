"""Construct a student's module from the exercise's arguments, whatever the student calls them.

Runs inside the sandbox, next to student code.
"""

import contextlib
import difflib
import functools
import inspect
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from autograder.untrusted.anatomy import named_modules, parameters_of

_get_default_dtype = torch.get_default_dtype
_set_default_dtype = torch.set_default_dtype
_no_grad = torch.no_grad

FORWARD_ARGUMENTS_MAX = 16


def build_module(
    student_class: type, wanted: list[list[Any]], extra: Mapping[str, Any], style: str
) -> nn.Module:
    """Construct the student's class from the official arguments ``wanted`` (name, value), in order.

    ``style`` is "positional", "keyword", or "adaptive": by name where the student's signature
    has the name, by position where it has a name of its own there. Arguments it asks for beyond
    the official ones are supplied from ``extra`` by name; among official ones they leave no
    place for arguments by position.
    """
    names = _parameter_names(student_class)
    more = {name: extra[name] for name in names if name in extra and name not in dict(wanted)}
    by_name_only = [p.name for p in _arguments(student_class) if p.kind is p.KEYWORD_ONLY]
    if style == "positional" and set(by_name_only) & dict(wanted).keys():
        raise TypeError(
            f"{student_class.__name__}.__init__ takes {', '.join(by_name_only[:4])} by name alone, "
            "as the * in its list says; other classes may give its arguments by their place"
        )
    if style == "positional" and not set(names[: len(wanted)]) & more.keys():
        module = student_class(*[value for _, value in wanted])
    elif style == "keyword":
        module = student_class(**dict(wanted), **more)
    else:
        module = student_class(**_adapt_arguments(student_class, wanted, more))
    if not isinstance(module, nn.Module):
        raise TypeError(f"{student_class.__name__} is not a torch.nn.Module")
    return module


@functools.lru_cache(maxsize=16)
def find_misspelt(student_class: type) -> str:
    """Return a sentence where a class has no method of a name that is needed, but nearly so."""
    own: dict[str, Any] = {}
    for part in reversed(student_class.__mro__):
        own |= {} if part.__module__.partition(".")[0] in ("builtins", "torch") else vars(part)
    for name in ("__init__",) if "__call__" in own else ("__init__", "forward"):
        # Two underscores in front and none behind: Python hides such names.
        hidden = f"_{student_class.__name__.lstrip('_')}__"
        written = [
            f"__{other.removeprefix(hidden)}" if other.startswith(hidden) else other
            for other, value in own.items()
            if inspect.isfunction(value)
        ]
        near = difflib.get_close_matches(name, written, n=1, cutoff=0.8)
        if name not in own and near and not hasattr(nn.Module, near[0]):
            return (
                f"{student_class.__name__} has a method {near[0]} and no {name}: Python and "
                f"PyTorch look for {name}, with exactly these letters and underscores"
            )
    return ""


@functools.lru_cache(maxsize=16)
def _signature(student_class: type) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(student_class).parameters.values())
    except (TypeError, ValueError):
        return []


def _arguments(student_class: type) -> list[inspect.Parameter]:
    parameters = _signature(student_class)
    return [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def _parameter_names(student_class: type) -> list[str]:
    return [argument.name for argument in _arguments(student_class)]


def numeric_defaults(student_class: type) -> dict[str, int | float]:
    """Return what the constructor's arguments are unless they are given, where that is a number."""
    return {
        argument.name: argument.default
        for argument in _arguments(student_class)
        if type(argument.default) in (int, float)
    }


def are_moved(names: Sequence[str], official: Sequence[str]) -> bool:
    """Whether arguments with official names stand in other places than the official ones."""
    return any(
        name in official and list(official).index(name) != place for place, name in enumerate(names)
    )


def own_arguments(student_class: type | None, method: str) -> tuple[str, ...] | None:
    """Return what a class's method really takes, without self; "*" stands for any number of others.

    None where there is no class, or the method is not written in Python.
    """
    try:
        function = inspect.unwrap(getattr(student_class, method, None))  # type: ignore[arg-type]
    except ValueError:  # it says that it wraps itself
        return None
    if not isinstance(function, types.FunctionType):
        return None
    code = function.__code__
    others = ("*",) if code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS) else ()
    placed = code.co_varnames[1 : code.co_argcount]
    named = code.co_varnames[code.co_argcount :][: code.co_kwonlyargcount]
    return (*placed, *others, *named)


def forward_arguments(student_class: type) -> list[str]:
    """Return what the class's forward calls its arguments, in order."""
    return _names_of(getattr(student_class, "forward", None))


@functools.lru_cache(maxsize=16)
def _names_of(forward: Any) -> list[str]:
    try:
        names = list(inspect.signature(forward).parameters) if callable(forward) else []
    except (TypeError, ValueError):
        names = []
    return [name[:80] for name in names[1:FORWARD_ARGUMENTS_MAX]]


def _adapt_arguments(
    student_class: type, wanted: list[list[Any]], more: Mapping[str, Any]
) -> dict[str, Any]:
    values = dict(wanted)
    names = _parameter_names(student_class)
    if not names:  # (*args, **kwargs): it takes what it is given
        return {**values, **more}
    # A name of the student's own stands for the official argument that has no place yet.
    own = [name for name in names if name not in values and name not in more]
    unnamed = [value for name, value in wanted if name not in names]
    keywords = {name: values[name] for name in names if name in values}
    others = {}
    if any(p.kind is p.VAR_KEYWORD for p in _signature(student_class)):
        left = [name for name, _ in wanted if name not in names][len(own) :]
        others = {name: values[name] for name in left}
    return {**keywords, **dict(zip(own, unnamed, strict=False)), **others, **more}


def fill_lazy_parameters(module: nn.Module, example: list[Any]) -> None:
    """Call a module that has lazy layers once: only then do their parameters have shapes."""
    if not any(is_lazy(value) for value in parameters_of(named_modules(module)).values()):
        return
    inputs = []
    for entry in example:
        own = entry is not None and entry[1]
        dtype = _get_default_dtype() if own else torch.int64
        inputs.append(None if entry is None else torch.ones(entry[0], dtype=dtype))
    with _no_grad():
        module(*inputs)


@contextlib.contextmanager
def default_dtype(*, wide: bool) -> Iterator[None]:
    """Let torch make tensors of float64 by itself where a module computes in it: ``wide``.

    Students try their layers in torch's default dtype, and what they write may rest on that: a
    float32 constant times the smallest float64, say, is no number.
    """
    before = _get_default_dtype()
    if wide:
        _set_default_dtype(torch.float64)
    try:
        yield
    finally:
        _set_default_dtype(before)
