"""Put what student code raised into words and numbers the trusted side can carry.

Runs inside the sandbox. The texts are student-controlled: cut here, cleaned again over there.
"""

import re
import traceback
from types import FrameType
from typing import Any

from torch import Tensor

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
        "values": _tensors_of_the_line(error),
        "missing_name": str(getattr(error, "name", "") or "")[:80]
        if isinstance(error, NameError)
        else "",
    }


def _text_of(error: BaseException) -> str:
    try:
        return str(error)[:TEXT_CHARS_MAX]
    except Exception:  # noqa: BLE001  (a student's __str__ may raise anything)
        return "(its message cannot be printed)"


_NAMES = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?")
VALUES_MAX = 8


def _tensors_of_the_line(error: BaseException) -> list[dict[str, Any]]:
    """Return names and shapes of the tensors that the student's failing line speaks of."""
    try:
        found: list[dict[str, Any]] = []
        code, frame = failing_line(error)
        for name in dict.fromkeys(_NAMES.findall(code)):
            first, _, attribute = name.partition(".")
            value = frame.f_locals.get(first) if frame is not None else None
            if attribute and not isinstance(value, Tensor):
                held = vars(value) if hasattr(value, "__dict__") else {}
                value = held.get(attribute, held.get("_buffers", {}).get(attribute))
            if isinstance(value, Tensor):
                shown = first if isinstance(frame and frame.f_locals.get(first), Tensor) else name
                found.append({"name": shown[:80], "shape": list(value.shape)})
        return found[:VALUES_MAX]
    except Exception:  # noqa: BLE001  (a student's objects may raise anything when looked at)
        return []


def failing_line(error: BaseException) -> tuple[str, FrameType | None]:
    """Return the innermost line of the student's, with its frame."""
    code: str = ""
    frame: FrameType | None = None
    step = error.__traceback__
    while step is not None:
        name = step.tb_frame.f_code.co_filename
        if not name.startswith(("/", "<")) and _OURS not in name and ":\\" not in name:
            summary = traceback.extract_tb(step, limit=1)[0]
            code, frame = summary.line or "", step.tb_frame
        step = step.tb_next
    return code, frame


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
