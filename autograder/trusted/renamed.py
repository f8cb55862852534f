"""Say which parameters and parts go by other names than in the hand-out.

Runs on the trusted side, on names the worker claims.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from autograder.trusted.outcomes import clean_text
from autograder.trusted.parameters import Reading

_TOLD_MAX = 3


def tell_renamed(reading: Reading, doubles: Iterable[Mapping[str, Any]]) -> str:
    """Return what is read as what, the first few of them; "" where all names are the hand-out's.

    What lies in a double is the double's: the part is the student's, and so is the part's name.
    """
    parts = [str(double["place"]) for double in doubles if double.get("place")]
    told = []
    for name, source in reading.sources.items():
        if source.names == (name,):
            continue
        part = next((part for part in parts if name.startswith(f"{part}.")), "")
        ours = [ours.rpartition(".")[0] if part else ours for ours in source.names]
        told.append(f"{clean_text(part or name, 60)} as {' and '.join(dict.fromkeys(ours))}")
    told = list(dict.fromkeys(told))
    more = f" and {len(told) - _TOLD_MAX} more" if len(told) > _TOLD_MAX else ""
    return ", ".join(told[:_TOLD_MAX]) + more
