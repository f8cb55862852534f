"""An error of the student's Python with what is known around it, in the exercise's own letters.

Runs on the trusted side, on texts that are claims by the worker.
"""

import re
from collections.abc import Mapping, Sequence

from autograder.manifest import Kit
from autograder.trusted.outcomes import Fault

Letters = Mapping[int, str]


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
