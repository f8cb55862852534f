"""Turn an error of the student's Python into advice: what it means, here, and where to look.

Runs on the trusted side, on texts that are claims by the worker. Never says which line to type.
"""

import difflib
from collections.abc import Callable

from autograder.manifest import Kit
from autograder.trusted.error_kinds import TROUBLES
from autograder.trusted.outcomes import Fault
from autograder.trusted.situation import Letters, Situation
from autograder.trusted.tensor_advice import TENSOR_RULES

Rule = Callable[[Situation], str | None]


def advise(kit: Kit, layer: str, fault: Fault, letters: Letters) -> tuple[str, str] | None:
    """Return an id and a paragraph about an error, or None where there is nothing to add."""
    situation = Situation(kit, layer, fault, letters)
    for name, rule in _RULES.items():
        if name in TROUBLES and not situation.match(TROUBLES[name]):
            continue
        told = rule(situation)
        if told:
            return f"error.{name}", told
    return None


def _missing_attribute(s: Situation) -> str | None:
    found = s.match(r"'(\w+)' object has no attribute '(\w+)'")
    if s.fault.kind != "AttributeError" or not found:
        return None
    owner, name = found.groups()
    if owner == "NoneType":
        return (
            f"None arrives where something is expected that has .{name}. Either an argument may be "
            "None here, as a mask may, and nobody asked; or a method computed a result and does "
            "not return it."
        )
    if owner != s.layer:
        return None
    known = s.kit.by_name[s.layer].attributes
    near = difflib.get_close_matches(name, known, 1, 0.6)
    alike = f" The hand-out has an attribute {near[0]}: is one name misspelt?" if near else ""
    return (
        f"self.{name} is used, but nothing sets it: what forward uses, __init__ in {s.file} has "
        f"to create under the very same name.{alike}"
    )


def _no_super_init(s: Situation) -> str | None:
    if "before Module.__init__() call" not in s.fault.text:
        return None
    return (
        f"__init__ of {s.layer} stores a module before it has let nn.Module set itself up. A class "
        "that is made from another one must run that one's __init__ first."
    )


def _no_self(s: Situation) -> str | None:
    found = s.match(r"(\w+)\(\) takes (?:from \d+ to )?(\d+) positional arguments? but (\d+) w")
    if s.fault.kind != "TypeError" or not found:
        return None
    asked = ", ".join(s.kit.arguments_of(s.layer))
    if found[1] == "__init__" and s.fault.text.startswith(f"{s.layer}."):
        return (
            f"The constructor is given {found[3]} things, the object itself among them, and takes "
            f"{found[2]}. The hand-out lists ({asked}): which of these has no place in yours? Or "
            "is it self that is missing?"
        )
    return (
        f"{found[1]} is given {found[3]} things and takes {found[2]}. Python passes the object "
        "itself as the first argument of every method: is self in the list? If it is, compare the "
        "list with the hand-out's signature, and the call with both."
    )


def _too_many_arguments(s: Situation) -> str | None:
    found = s.match(r"(\S+?)\(\) takes (\d+) arguments but (\d+) were given")
    if s.fault.kind != "TypeError" or not found:
        return None
    return (
        f"{found[1]} is given {found[3]} things and takes {found[2]}. Compare the call with the "
        "signature in the hand-out: which of them does this part need?"
    )


def _missing_argument(s: Situation) -> str | None:
    found = s.match(r"(\S+?)\(\) (?:missing .* arguments?: (.+)|is missing (?:the argument )?(.+))")
    if s.fault.kind != "TypeError" or not found:
        return None
    call = f" in the call «{s.code}»" if s.code else ""
    return (
        f"{found[1]} is called without {found[2] or found[3]}{call}. Compare the call with the "
        "signature in the hand-out, argument by argument."
    )


def _unknown_argument(s: Situation) -> str | None:
    found = s.match(r"(\S+?)\(\) got an unexpected keyword argument '(\w+)'")
    if s.fault.kind != "TypeError" or not found:
        return None
    return (
        f"{found[1]} is called with {found[2]}=..., and has no argument of that name. Names and "
        "order of the arguments are fixed by the hand-out; is one left out or renamed?"
    )


def _unknown_name(s: Situation) -> str | None:
    if s.fault.kind not in ("NameError", "UnboundLocalError"):
        return None
    name = s.fault.missing_name or (s.match(r"'(\w+)'") or ["", "a name"])[1]
    if s.fault.hint:
        # A known cause stands alone: guesses beside it would be wrong.
        return f"{name} has no value: {s.fault.hint}."
    return (
        f"{name} is used where it has no value yet: is it misspelt, not imported, or set only on "
        "another way through the code (an if that was not taken)? An attribute of the layer "
        "needs self. in front."
    )


def _known_cause(s: Situation) -> str | None:
    """What loading the submission has told, of errors that do not speak of a missing name."""
    if not s.fault.hint or s.fault.kind in ("NameError", "UnboundLocalError"):
        return None
    lacks = s.match(r"is missing the required \"(\w+)\"|has no attribute '(\w+)'")
    lacked = f"{s.layer} has no {lacks[1] or lacks[2]}: " if lacks and _of_its_own(s) else ""
    return f"{lacked}{s.fault.hint}."


def _of_its_own(s: Situation) -> bool:
    """Whether an error says that it is the layer itself that lacks something."""
    return f"[{s.layer}]" in s.fault.text or f"'{s.layer}' object" in s.fault.text


def _no_forward(s: Situation) -> str | None:
    if 'is missing the required "forward" function' not in s.fault.text:
        return None
    return (
        f"{s.layer} has no method forward: is its name spelt so, and does it stand inside the "
        "class, as far to the right as __init__?"
    )


# Torch's words for it: of products, of layers, of writing into a tensor.
def _recursion(s: Situation) -> str | None:
    if s.fault.kind != "RecursionError":
        return None
    return "A function calls itself without end; does forward, or a property, call itself?"


def _unfinished_value(s: Situation) -> str | None:
    """Explain a function of torch's that is given something before it has become a value."""
    found = s.match(r"argument '(\w+)'.* must be (.+), not (\w+)$")
    if not found or s.fault.kind != "TypeError":
        return None
    _, wanted, given = found.groups()
    told = f"A {given} is handed on in that line where a {wanted} is expected."
    if given in ("method", "function", "builtin_function_or_method"):
        return f"{told} Is it a name without its parentheses, or one that is nearly another's?"
    if wanted == "Tensor" and given not in ("tuple", "list", "dict", "int", "float", "str"):
        return (
            f"{told} To make a module and to call it are two steps: the first gives the module, "
            "and only the second a tensor."
        )
    return told


def _not_callable(s: Situation) -> str | None:
    found = s.match(r"'(\w+)' object is not (callable|iterable|subscriptable)")
    if not found:
        return None
    what = "None, as from a method without return," if found[1] == "NoneType" else f"a {found[1]}"
    verb = {"callable": "called", "iterable": "looped over", "subscriptable": "indexed"}[found[2]]
    return f"{what[0].upper()}{what[1:]} is {verb}: look at what that name was last set to."


_RULES: dict[str, Rule] = {
    "known_cause": _known_cause,
    "no_forward": _no_forward,
    "no_super_init": _no_super_init,
    "missing_attribute": _missing_attribute,
    "missing_argument": _missing_argument,
    "unknown_argument": _unknown_argument,
    "too_many_arguments": _too_many_arguments,
    "no_self": _no_self,
    "unknown_name": _unknown_name,
    **TENSOR_RULES,
    "recursion": _recursion,
    "unfinished_value": _unfinished_value,
    "not_callable": _not_callable,
}
