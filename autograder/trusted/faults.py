"""Read the worker's description of an exception: every field a claim, cut and cleaned.

Runs on the trusted side.
"""

from typing import Any

from autograder.trusted.outcomes import Fault, Line, clean_text

_LINES_MAX = 6
_VALUES_MAX = 8


def read_fault(reply: dict[str, Any]) -> Fault:
    """Return what an error reply says of the student's exception. Never raises."""
    described = reply.get("error")
    described = described if isinstance(described, dict) else {}
    return Fault(
        kind=clean_text(str(described.get("kind", "an error")), 80),
        text=clean_text(str(described.get("text", ""))),
        stage=clean_text(str(reply.get("stage", "")), 20),
        lines=tuple(_read_lines(described.get("frames"))),
        values=tuple(_read_values(described.get("values"))),
        missing_name=clean_text(str(described.get("missing_name", "")), 80),
        hint=clean_text(str(described.get("hint", ""))),
    )


def _read_lines(frames: Any) -> list[Line]:
    return [
        Line(
            file=clean_text(str(frame.get("file", "")), 120),
            number=frame["line"] if _is_short(frame.get("line")) else 0,
            function=clean_text(str(frame.get("function", "")), 80),
            code=clean_text(str(frame.get("code", "")), 160),
        )
        for frame in (frames if isinstance(frames, list) else [])[-_LINES_MAX:]
        if isinstance(frame, dict)
    ]


def _is_short(number: Any) -> bool:
    """Whether a number is one of a line or an axis: it may be shown."""
    return isinstance(number, int) and 0 <= number < 2**31


def _read_values(values: Any) -> list[tuple[str, tuple[int, ...]]]:
    found = []
    for entry in (values if isinstance(values, list) else [])[:_VALUES_MAX]:
        name, shape = (
            (entry.get("name"), entry.get("shape")) if isinstance(entry, dict) else ("", 0)
        )
        if isinstance(shape, list) and all(_is_short(n) for n in shape) and len(shape) < 9:
            found.append((clean_text(str(name), 60), tuple(shape)))
    return found
