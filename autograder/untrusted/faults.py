"""Put what student code raised into words and numbers the trusted side can carry.

Runs inside the sandbox. The texts are student-controlled: cut here, cleaned again over there.
"""

import traceback
from typing import Any

TEXT_CHARS_MAX = 600
FRAMES_MAX = 6
_OURS = "autograder/"


def describe_error(error: BaseException, hint: str = "") -> dict[str, Any]:
    """Return kind, text and the student's own lines of an exception, innermost last."""
    return {
        "kind": type(error).__name__[:80],
        "text": _text_of(error),
        "hint": hint[:TEXT_CHARS_MAX],
        "frames": _student_frames(error),
        "missing_name": str(getattr(error, "name", "") or "")[:80]
        if isinstance(error, NameError)
        else "",
    }


def _text_of(error: BaseException) -> str:
    try:
        return str(error)[:TEXT_CHARS_MAX]
    except Exception:  # noqa: BLE001  (a student's __str__ may raise anything)
        return "(its message cannot be printed)"


def _student_frames(error: BaseException) -> list[dict[str, Any]]:
    try:
        frames = traceback.extract_tb(error.__traceback__)
    except Exception:  # noqa: BLE001
        return []
    kept = [
        {
            "file": frame.filename[:200],
            "line": frame.lineno or 0,
            "function": frame.name[:80],
            "code": (frame.line or "").strip()[:160],
        }
        for frame in frames
        # Student code has a path relative to its submission; torch's and ours are absolute.
        if not frame.filename.startswith(("/", "<")) and _OURS not in frame.filename
    ]
    return [frame for frame in kept if ":\\" not in str(frame["file"])][-FRAMES_MAX:]
