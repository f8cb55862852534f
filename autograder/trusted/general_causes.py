"""Explain in general words what no known mistake fits, by what the evidence shows.

Runs on the trusted side, for layers that lost points only.
"""

import re
from collections.abc import Sequence
from typing import Any

from autograder.manifest import Kit
from autograder.trusted.evidence import Aside, Evidence
from autograder.trusted.examination import Examination
from autograder.trusted.outcomes import StudentTimeout, clean_text
from autograder.trusted.tensor_advice import OTHER_DTYPE

_OTHER_PARAMETERS = (
    "What this layer is made of is not what the hand-out lists, so nothing it computes could be "
    "compared. Print the names and shapes in layer.named_parameters() and hold them beside the "
    "attributes of the hand-out: is a module missing, one too many, of another size, shared by "
    "two places, or kept where PyTorch does not look?"
)
_OTHER_DEFAULTS = (
    "In the signature of __init__, {names} stands with another default than in the hand-out. "
    "Whoever builds this layer without giving it gets another layer than everybody expects."
)
_LEFT_BEHIND = (
    "On the CPU this layer is right; moved to a GPU it fails. A tensor that forward makes lies on "
    "the CPU unless it is told otherwise, and one that __init__ keeps moves with the layer only if "
    "the layer knows it: as a parameter, or as a buffer."
)
_UNLEARNED = (
    "self.{name} is to be learned and is no parameter. PyTorch takes for parameters what is an "
    "nn.Parameter or stands in a module, as in a table or a linear map; a plain tensor, and a "
    "buffer, keeps its first values for ever, for no optimizer is told of it."
)
_HIDDEN = (
    "self.{name} keeps modules in a plain list, tuple or dict. PyTorch looks for the parts of a "
    "module in its attributes and in ModuleList, ModuleDict and Sequential; what lies in a plain "
    "container is neither trained nor saved nor moved to a GPU."
)
_TOO_SLOW = (
    "This layer was stopped because it takes too long: a call may take {limit_s:g} s, and one on "
    "inputs as small as these is done in a few milliseconds. Is there a loop that does not end, a "
    "wait, a download, training or a great deal of printing in it?"
)
# What a call did to its surroundings, by what the worker says of it.
_EFFECTS = {
    "input_kept": (
        "forward writes into a tensor that it was given: by +=, by an assignment to a part of it, "
        "or by a method whose name ends in an underscore. Whoever called still needs it, and so "
        "does autograd. Make a new tensor instead."
    ),
    "modes_kept": (
        "forward itself calls train() or eval(). Which mode a model is in is for those to say who "
        "train it or use it; forward only asks."
    ),
    "grad_mode_kept": (
        "forward switches gradients on or off and leaves it so. Whoever calls decides whether "
        "gradients are wanted."
    ),
    "default_dtype_kept": (
        "forward sets the type of number that all of PyTorch makes tensors of. A layer takes its "
        "type from its weights and its input."
    ),
}
_RANDOM_NUMBERS = (
    "forward draws random numbers where nothing is to be dropped, or sets their seed. Whoever "
    "draws after it gets others than without the call, or the same ones each time. Dropout draws "
    "in train mode alone; a seed is set once, by the script that trains."
)
_OWN_SEED = (
    "forward sets the seed of all random numbers, or draws once what to drop and keeps it: every "
    "call in train mode drops the same values. They are to be drawn anew for every call; a seed is "
    "set once, by the script that trains."
)
_BESIDES = (
    "As it is made, this layer computes what it should, and it has more parameters than the "
    "hand-out lists: {names}. They are saved with the model, counted with it and handed to the "
    "optimizer. Leave out what is not needed, and keep a constant as a number or a buffer."
)
_INSERTED = (
    "Something is put into one of this layer's own parts from outside: {names}. Where it is a part "
    "of another one, the two share their weights, and the hand-out gives each its own."
)
_OTHER_ORDER = (
    "The arguments of __init__ stand in another order than in the hand-out. Given by name, each "
    "arrives where it should; given by position, as the other classes may do, one arrives in "
    "another's place."
)
_OTHER_INPUTS = (
    "forward takes its arguments in another order than in the hand-out: ({theirs}), where "
    "({ours}) is expected. Whoever calls the layer hands each to another's place."
)


def explain_asides(asides: Sequence[Aside]) -> str:
    """Tell what the layer lost points for, where it computes what it should.

    No known mistake is it: one that nothing shows would fit as well as any other.
    """

    def names_of(kind: str) -> str:
        return " and ".join(dict.fromkeys(a.detail for a in asides if a.kind == kind))

    told = {
        "default": _OTHER_DEFAULTS.format(names=names_of("default")),
        "besides": _BESIDES.format(names=names_of("besides")),
        "inserted": _INSERTED.format(names=names_of("inserted")),
        "dtype": OTHER_DTYPE,
        "device": _LEFT_BEHIND,
        "random": _RANDOM_NUMBERS,
        "seed": _OWN_SEED,
    }
    kinds = list(dict.fromkeys(aside.kind for aside in asides))
    return " ".join(told[kind] for kind in kinds)


def explain_order(kit: Kit, examination: Examination) -> str:
    """Say that arguments stand in another order than in the hand-out, where that is all."""
    builds, strangers = examination.evidence.builds, examination.strangers
    theirs = next((b.forward for b in builds if b.forward), [])
    ours = [name for name in kit.inputs_of(examination.loaded.name) if name in theirs]
    if examination.departing and [name for name in theirs if name in ours] != ours:
        own = clean_text(", ".join(theirs), 120)
        return _OTHER_INPUTS.format(theirs=own, ours=", ".join(ours))
    if examination.departing:
        return ""
    parts: dict[str, list[Any]] = {}
    for build in builds:
        made = [(part.get("class"), part.get("given")) for part in build.doubles]
        parts.setdefault(str(build.recipe["style"]), made)
    by_position = {b.handle for b in builds if b.recipe["style"] == "positional"}
    hidden = any(stranger.built.unregistered for stranger in strangers.values())
    if strangers and by_position.issuperset(strangers) and not hidden:
        return _OTHER_ORDER
    both = [parts[style] for style in ("positional", "keyword") if style in parts]
    return _OTHER_ORDER if len(both) == 2 and both[0] != both[1] else ""


def explain_return(evidence: Evidence) -> str:
    """Explain a forward that gives something other than a tensor."""
    for record in evidence.runs:
        message = record.ended.message if record.ended else ""
        whole_numbers = re.search(r"forward returned a tensor of ((?:u?int|bool)\w*)", message)
        if whole_numbers:
            return (
                f"forward gives back numbers of type {whole_numbers[1]}: no gradient flows through "
                "these. Values that can be learned are expected, not a choice among them (argmax), "
                "a comparison, or something rounded."
            )
        found = re.search(r"forward returned (?!a tensor of)(\w+)", message)
        if found and found[1] == "NoneType":
            return (
                "forward computes something and gives nothing back: a Python function without a "
                "return statement, or with one that is never reached, gives None."
            )
        if found:
            return (
                f"forward gives back a {found[1]}. One tensor is expected, as the hand-out says; "
                "whoever calls this layer next would get that in its place."
            )
    return ""


def explain_slowness(kit: Kit, evidence: Evidence) -> str:
    """Explain why a layer was stopped."""
    ends = [build.ended for build in evidence.builds] + [run.ended for run in evidence.runs]
    if any(isinstance(ended, StudentTimeout) for ended in ends):
        return _TOO_SLOW.format(limit_s=kit.limits.call_wall_clock_s)
    return ""


def explain_effects(examination: Examination) -> str:
    """Explain what a call did besides giving the right output."""
    for record in examination.departing:
        facts = record.run.facts if record.run is not None else {}
        for effect, told in _EFFECTS.items():
            if facts.get(effect) is False:
                return told
        if facts.get("rng_kept") is False and not record.training:
            return _RANDOM_NUMBERS
    return ""


def explain_parameters(examination: Examination) -> str:
    """Explain parameters that are not the reference's."""
    if not examination.strangers:
        return ""
    strangers = examination.strangers.values()
    hidden = next((s.built.unregistered[0] for s in strangers if s.built.unregistered), "")
    if hidden:
        return _HIDDEN.format(name=hidden)
    name = next((s.unlearned for s in strangers if s.unlearned), "")
    return _UNLEARNED.format(name=name) if name else _OTHER_PARAMETERS
