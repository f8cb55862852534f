"""Turn an error of the student's Python into advice: what it means, here, and where to look.

Runs on the trusted side, on texts that are claims by the worker. Never says which line to type.
"""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence

from autograder.manifest import Kit
from autograder.trusted.outcomes import Fault

Letters = Mapping[int, str]
Rule = Callable[["Situation"], str | None]


class Situation:
    """An error with what is known around it."""

    def __init__(self, kit: Kit, layer: str, fault: Fault, letters: Letters) -> None:
        self.kit, self.layer, self.fault, self.letters = kit, layer, fault, letters
        self.file = kit.by_name[layer].file

    @property
    def code(self) -> str:
        """The failing line, or ''."""
        return self.fault.lines[-1].code if self.fault.lines else ""

    def match(self, pattern: str) -> "re.Match[str] | None":
        """Search the error's text."""
        return re.search(pattern, self.fault.text)

    def shape(self, sizes: Sequence[int]) -> str:
        """Write a shape with the exercise's letters beside the numbers, where they are known."""
        numbers = f"({', '.join(map(str, sizes))}{',' if len(sizes) == 1 else ''})"
        letters = [self.letters.get(size, "?") for size in sizes]
        return f"{numbers} = ({', '.join(letters)})" if any(x != "?" for x in letters) else numbers

    @property
    def tensors(self) -> str:
        """The tensors of the failing line with their shapes, or ''."""
        told = [f"{name} {self.shape(sizes)}" for name, sizes in self.fault.values]
        return "; ".join(dict.fromkeys(told))


def name_trouble(kind: str, text: str) -> str:
    """Return what kind of trouble an error tells of, however it came about; '' if unknown."""
    if "NoneType" in text:
        return "none"
    found = (name for name, pattern in _TROUBLES.items() if re.search(pattern, text))
    name = next(found, "index_out_of_range" if kind == "IndexError" else "")
    # What does not fit shows in a reshape or in an operation, as one writes.
    return "shapes" if name in ("bad_reshape", "shapes_differ") else name


def names_its_type(fault: Fault) -> bool:
    """Whether two tensors of different number types have met."""
    return name_trouble(fault.kind, fault.text) == "wrong_dtype"


def advise(kit: Kit, layer: str, fault: Fault, letters: Letters) -> tuple[str, str] | None:
    """Return an id and a paragraph about an error, or None where there is nothing to add."""
    situation = Situation(kit, layer, fault, letters)
    for name, rule in _RULES.items():
        if name in _TROUBLES and not situation.match(_TROUBLES[name]):
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
_TYPES_MEET = (
    r"(must|to) have the same dtype|expected (parameter to have )?scalar type|expect parameter to "
    r"have scalar type|mixed dtype|but found (Double|Float)|dtypes? match"
)
OTHER_DTYPE = (
    "Two tensors of different number types meet. Something in the layer fixes a type (.float() "
    "or a tensor made with torch.zeros, where, arange or tensor inside forward, which is "
    "float32 or int64), while inputs and weights may be float64 as well as float32. Whatever is "
    "made in forward should take its dtype and device from the tensors it meets."
)


def _wrong_dtype(_: Situation) -> str:
    return OTHER_DTYPE


def _bool_arithmetic(_: Situation) -> str:
    return (
        "Arithmetic with a mask of booleans: PyTorch does not subtract those. The mask may come as "
        "integers, floats or booleans; a comparison works for all three."
    )


def _mask_not_bool(_: Situation) -> str:
    return (
        "A mask that is not boolean is used as a condition. The mask may come as integers, floats "
        "or booleans; a comparison turns each of them into booleans."
    )


def _no_gpu(s: Situation) -> str:
    where = f" in «{s.code}»" if s.code else ""
    return (
        f"Something is moved to a GPU by name{where}, with .cuda() or a device written down, and "
        "here there is none. A layer goes where it is put: what forward makes belongs on the "
        "device of its input, wherever that is."
    )


def _truth_of_a_tensor(_: Situation) -> str:
    return (
        "A tensor of several numbers stands where Python wants one yes or no, as after if, and, or "
        "not. Whether there is a mask is one question; what the mask holds, number by number, is "
        "another."
    )


def _unpacking(s: Situation) -> str | None:
    found = s.match(_TROUBLES["unpacking"])
    if not found:
        return None
    which = f" The tensors of that line: {s.tensors}." if s.tensors else ""
    if found[1]:
        return (
            f"Something is taken apart into {found[1]} names and holds more. Each layer of this "
            f"exercise gives one tensor, not several things; and what is taken apart of a tensor "
            f"is its first axis.{which}"
        )
    return (
        f"Something is taken apart into {found[2]} names and has only {found[3]} parts. If it is a "
        "shape, the tensor has fewer axes than you expect: write down its letters, and see whether "
        f"it is the tensor you mean.{which}"
    )


def _view_refused(_: Situation) -> str:
    return (
        "view cannot join axes that are not next to each other in memory, as after transpose or "
        "permute. Read the documentation of torch.Tensor.contiguous and torch.reshape."
    )


def _bad_reshape(s: Situation) -> str | None:
    found = s.match(_TROUBLES["bad_reshape"])
    if not found:
        return None
    wanted = [int(size) for size in found[1].split(",") if size.strip().lstrip("-").isdigit()]
    which = f" The tensors of that line: {s.tensors}." if s.tensors else ""
    return (
        f"The numbers do not fill the new shape: {found[2]} of them into {s.shape(wanted)}.{which} "
        "A shape with a fixed number in it, or one letter too many or in the wrong place, does "
        "that: write the letters of each axis beside the line."
    )


def _shapes_differ(s: Situation) -> str:
    product = s.match(r"mat1 and mat2 shapes cannot be multiplied \((\d+)x(\d+) and (\d+)x(\d+)\)")
    if product:
        _, columns, rows, _ = map(int, product.groups())
        told = (
            f"A product's inner sizes differ: vectors of length {_one(s, columns)} meet a map that "
            f"takes {_one(s, rows)}."
        )
    else:
        told = "Two tensors of that line do not fit together."
    which = f" Their shapes: {s.tensors}." if s.tensors else ""
    return f"{told}{which} Write down the letters of every axis and see where they part."


def _one(s: Situation, size: int) -> str:
    letter = s.letters.get(size)
    return f"{size} ({letter})" if letter else str(size)


def _index_out_of_range(s: Situation) -> str | None:
    if s.fault.kind != "IndexError":
        return None
    which = f" The tensors of that line: {s.tensors}." if s.tensors else ""
    if "out of range in self" in s.fault.text:
        return (
            "A table is asked for a row it does not have. Ids must lie below the table's number of "
            f"rows; which numbers does the look-up get, and how many rows were asked for?{which}"
        )
    return f"An index is larger than its axis, or there is no such axis.{which}"


def _in_place(_: Situation) -> str:
    return (
        "A tensor that autograd still needs is written into (+=, an assignment to a slice, or a "
        "method whose name ends in an underscore). Make a new tensor instead."
    )


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


# What an error's text tells by itself. Each of these names a rule below.
_TROUBLES = {
    "bool_arithmetic": r"with (?:a|two) bool tensors?|Negation, the `-` operator, on a bool",
    "mask_not_bool": r"(?:masked_fill|where).*(?:bool|condition)|only supports boolean masks",
    "truth_of_a_tensor": r"Boolean value of Tensor with",
    "missing_argument": r"missing \d+ required (positional|keyword-only)|\(\) is missing ",
    "no_gpu": r"not compiled with CUDA|No CUDA GPUs|no NVIDIA driver|CUDA driver|MPS backend|"
    r"not linked with support for mps|Cannot access accelerator",
    "unpacking": r"too many values to unpack \(expected (\d+)|"
    r"not enough values to unpack \(expected (?:at least )?(\d+), got (\d+)",
    "wrong_dtype": _TYPES_MEET,
    "view_refused": r"view size is not compatible",
    "bad_reshape": r"shape '\[(.+?)\]' is invalid for input of size (\d+)",
    "shapes_differ": r"size of tensor a|mat1 and mat2 shapes|Sizes of tensors must match|"
    r"expanded size|not broadcastable|must match the size|Expected size for first two dimensions|"
    r"Given normalized_shape|same number of dimensions|inconsistent tensor size|"
    r"shapes cannot be multiplied|does not broadcast with previously seen size",
    "in_place": r"in-?place operation",
}

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
    "bool_arithmetic": _bool_arithmetic,
    "mask_not_bool": _mask_not_bool,
    "truth_of_a_tensor": _truth_of_a_tensor,
    "no_gpu": _no_gpu,
    "unpacking": _unpacking,
    "wrong_dtype": _wrong_dtype,
    "view_refused": _view_refused,
    "bad_reshape": _bad_reshape,
    "shapes_differ": _shapes_differ,
    "index_out_of_range": _index_out_of_range,
    "in_place": _in_place,
    "recursion": _recursion,
    "unfinished_value": _unfinished_value,
    "not_callable": _not_callable,
}


def read_letters(kit: Kit, arguments: Mapping[str, object], inputs: Sequence[object]) -> Letters:
    """Return which letter of the exercise each size stands for; sizes that mean two are left out.

    The rubric's table ``[letters]`` names arguments of constructors, or quotients of two: "C" =
    "emb_size", "D" = "emb_size/n_heads". B and T are the first two axes of the first input.
    """
    sizes: dict[int, set[str]] = {}
    for letter, source in kit.letters.items():
        over, _, under = source.partition("/")
        size, parts = arguments.get(over), arguments.get(under) if under else 1
        if isinstance(size, int) and isinstance(parts, int) and parts > 0:
            sizes.setdefault(size // parts, set()).add(letter)
    shape = getattr(inputs[0], "shape", ()) if inputs else ()
    for letter, size in zip("BT", shape, strict=False):
        sizes.setdefault(int(size), set()).add(letter)
    return {size: min(letters) for size, letters in sizes.items() if len(letters) == 1 and size > 1}
