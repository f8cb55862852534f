"""Whether sources mention a class at all, as something they define or import.

Runs on the trusted side, on hostile text: nothing is parsed, and every pattern takes time in
proportion to the text (what has been matched is never given back).
"""

import re
from collections.abc import Iterable, Sequence


def mention_a_class(texts: Iterable[str], class_names: Sequence[str]) -> bool:
    """Whether any of ``texts`` has a line that may define one of ``class_names``.

    Comments and strings are not told apart: this only keeps files that have nothing to do with
    the exercise from being graded with zero points.
    """
    names = "|".join(map(re.escape, class_names))
    name = re.compile(rf"\b(?:{names})\b")
    definition = re.compile(
        rf"^[ \t\f]*+(?:class[ \t]++(?:{names})\b|(?:{names})[ \t]*+[=:])", re.MULTILINE
    )
    # To the end of the line or of the parenthesis.
    imported = re.compile(r"\bimport\b[ \t]*+(?:\([^()]*+|[^\n]*+)")
    for text in texts:
        lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\\\n", " ")
        if definition.search(lines):
            return True
        if any(name.search(match.group()) for match in imported.finditer(lines)):
            return True
    return False


def count_classes(texts: Iterable[str], class_names: Sequence[str]) -> int:
    """Return how many of ``class_names`` the texts may define."""
    held = list(texts)
    return sum(mention_a_class(held, [name]) for name in class_names)


def decode_roughly(content: bytes) -> str:
    """Return the text of a source; what is not UTF-8 or UTF-16 becomes replacement characters."""
    coding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return content.decode(coding, "replace")
