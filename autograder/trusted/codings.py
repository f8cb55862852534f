"""Whether a Python file is text in the coding it declares, and what to say where it is not.

Runs on the trusted side, on hostile bytes: what is read with a coding nobody uses is Python's to
judge, in the sandbox; some of those take long, or run code of their own.
"""

import codecs
import re

NOT_UTF_8 = "is not text in UTF-8: save it as UTF-8"
# As Python has it: in one of the first two lines, the first of which holds nothing but a comment.
_DECLARED = re.compile(
    rb"\A(?:[ \t\f]*(?:#[^\r\n]*)?(?:\r\n?|\n))?[ \t\f]*#[^\r\n]*?coding[:=][ \t]*([-\w.]{1,40})"
)
# Codings of one or a few bytes a letter: they take time in proportion to the text.
_PLAIN = re.compile(
    r"ascii|utf-8(?:-sig)?|iso8859-\d+|cp\d+|koi8-\w|mac-\w+|gb\w+|big5\w*|euc_\w+|shift_jis\w*"
)
_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def explain_undecodable(content: bytes) -> str:
    """Return what is wrong with the coding of a Python file, to stand behind its name, or ""."""
    declared = _DECLARED.match(content)
    name = declared[1].decode() if declared else "utf-8"
    if content.startswith(_UTF_16_MARKS):
        name = "utf-16"
    elif content.startswith(codecs.BOM_UTF8):
        name = "utf-8"
    try:
        plain = name == "utf-16" or _PLAIN.fullmatch(codecs.lookup(name).name)
    except LookupError:
        return f"declares the coding {name}, which Python does not know: save it as UTF-8"
    try:
        if plain:
            text = content.decode(name)
            if "\0" in text:  # as in UTF-16 without its mark
                return NOT_UTF_8
    except ValueError:
        return NOT_UTF_8 if name.startswith("utf") else f"is not text in {name}: save it as UTF-8"
    return ""
