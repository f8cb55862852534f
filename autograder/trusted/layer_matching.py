"""Match a layer's parameters with the reference's, and say in words why they do not.

Runs on the trusted side, on names, shapes and classes the worker claims.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from torch import nn

from autograder.manifest import Kit
from autograder.trusted.built import Built
from autograder.trusted.matching import match_parameters
from autograder.trusted.outcomes import clean_text
from autograder.trusted.parameters import Match, Parameter, reference_parameters
from autograder.trusted.tree_matching import match_tree

_MATCHES_MAX = 256
_matches: dict[tuple[Any, ...], Match] = {}


def recall_match(
    kit: Kit, student: Built, reference: nn.Module, arguments: Mapping[str, Any]
) -> Match:
    """Like ``match_layer``, which a class of alike submissions need not be asked anew."""
    loaded = student.loaded
    # Names may be long and many, and are kept for a class: a digest says as much.
    claimed = repr((student.parameters, list(student.modules.items()))).encode("utf-8", "replace")
    key = (
        kit.reference_class(loaded.name), loaded.alone, tuple(arguments.items()),
        hashlib.sha256(claimed).digest(),
    )  # fmt: skip
    match = _matches.pop(key, None) or match_layer(kit, student, reference, arguments)
    _matches[key] = match  # the last used stands last
    if len(_matches) > _MATCHES_MAX:
        del _matches[next(iter(_matches))]
    return match


def match_layer(
    kit: Kit, student: Built, reference: nn.Module, arguments: Mapping[str, Any]
) -> Match:
    """Match a student's parameters with the reference's, layer by layer where it holds layers."""
    head_counts = [value for name, value in arguments.items() if name == "n_heads"]
    name = student.loaded.name
    ours = reference_parameters(reference)
    inner = {type(part).__name__ for _, part in reference.named_modules()} - {name}
    leaves = {
        layer.name: {} if student.loaded.alone else layer.roles
        for layer in kit.layers
        if layer.name in inner and (student.loaded.alone or _is_leaf(kit, layer.name))
    }
    if leaves:
        return match_tree(student.parameters, student.modules, reference, leaves, head_counts)
    return match_parameters(student.parameters, ours, kit.by_name[name].roles, head_counts)


def _is_leaf(kit: Kit, name: str) -> bool:
    """Whether a layer holds no other layer: its module imports none of their classes."""
    module = kit.reference_module(name)
    return not any(hasattr(module, other.name) for other in kit.layers if other.name != name)


def find_unlearned(student: Built, match: Match) -> tuple[Parameter, Parameter] | None:
    """Return a tensor of the student's that could be a missing parameter and does not learn."""
    pairs = (
        (kept, missing)
        for missing in match.missing
        for kept in student.unlearned
        if kept.shape in (missing.shape, missing.shape[::-1])
    )
    return next(pairs, None)


def explain_mismatch(student: Built, match: Match) -> str:
    """Say which parameters are missing or superfluous."""
    unlearned = find_unlearned(student, match)
    if unlearned is not None:
        kept, missing = unlearned
        return (
            f"{missing.name} {missing.shape} is missing among the parameters; self."
            f"{clean_text(kept.name, 60)} has its shape and is no parameter"
        )
    if student.unregistered and match.missing:
        return (
            f"self.{student.unregistered[0]} keeps modules in a plain list or dict: PyTorch does "
            "not see them there, so their parameters are neither trained nor saved"
        )
    parts = []
    if match.missing:
        some = ", ".join(f"{p.name} {p.shape}" for p in match.missing[:4])
        parts.append(f"{len(match.missing)} missing ({some})")
    if match.surplus:
        some = ", ".join(f"{clean_text(p.name, 60)} {p.shape}" for p in match.surplus[:4])
        parts.append(f"{len(match.surplus)} not expected ({some})")
    return "the parameters are not those of the specification: " + "; ".join(parts)
