"""``--diff OLD``: which scores moved since, why, and through which checks.

Runs on the trusted side, on stored results: those of OLD, read before anything is graded, and this
run's own.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from autograder.batch.grader import GIVEN_UP

_Stored = Mapping[str, Any]
_CAUSES = {"submission": "the submission", "kit": "the kit", "seed": "the seed",
           "options": "the options"}  # fmt: skip
NOTHING_MOVED = "no score moved"


def compare_results(old: Iterable[_Stored], new: Iterable[_Stored]) -> list[str]:
    """Return a line for every score that moved, with the checks that moved it."""
    before, after = list(old), list(new)
    pairs = match_results(before, after)
    found = {pairs[key] for key in pairs}
    lines = []
    by_key = {stored["key"]: stored for stored in before}
    for stored in sorted(after, key=lambda one: str(one["key"])):
        was = by_key.get(pairs.get(stored["key"], ""))
        if was is None:
            lines.append(f"{stored['key']}: new, {_grade(stored)}")
        else:
            lines += _compare(was, stored)
    for key in sorted(by_key.keys() - found):
        lines.append(f"{key}: gone, was {_grade(by_key[key])}")
    return lines or [NOTHING_MOVED]


def match_results(old: Sequence[_Stored], new: Sequence[_Stored]) -> dict[str, str]:
    """Return each new result's key with the old one's of the same student.

    By the submission's name first, with its key where several have that name: that is the same
    file. A platform names a student's next file otherwise, so then by student number, then by name;
    only what one result on each side has tells whose it is.
    """
    pairs: dict[str, str] = {}
    ways: tuple[Callable[[_Stored], Any], ...] = (
        lambda stored: (stored["key"], stored["submission"]),
        lambda stored: stored["submission"],
        lambda stored: stored["student_id"],
        # The name of another student with the same name belongs to another number.
        lambda stored: stored["student"],
    )
    for tell in ways:
        before = _unique(tell, [one for one in old if one["key"] not in pairs.values()])
        after = _unique(tell, [one for one in new if one["key"] not in pairs])
        for mark in before.keys() & after.keys():
            was, now = before[mark], after[mark]
            if tell is ways[0] or not _are_different_people(was, now):
                pairs[now["key"]] = was["key"]
    return pairs


def _unique(tell: Callable[[_Stored], Any], stored: Sequence[_Stored]) -> dict[Any, _Stored]:
    counts = Counter(map(tell, stored))
    return {tell(one): one for one in stored if tell(one) and counts[tell(one)] == 1}


def _are_different_people(one: _Stored, other: _Stored) -> bool:
    numbers = {one["student_id"], other["student_id"]} - {""}
    return len(numbers) > 1


def _compare(old: _Stored, new: _Stored) -> list[str]:
    moved = list(_list_moved(old, new))
    if not moved and all(old[part] == new[part] for part in ("score", "max_score", "status")):
        return []
    of_most = old["max_score"] != new["max_score"] and old["status"] == new["status"]
    told = f"{_grade(old, of_most)} -> {_grade(new, of_most)}"
    return [f"{new['key']}: {told} ({_explain(old, new)})", *moved]


def _explain(old: _Stored, new: _Stored) -> str:
    marks = [one["fingerprint"] for one in (old, new)]
    if GIVEN_UP in [mark["options"] for mark in marks]:  # its mark says nothing about the rest
        return "the grader itself failed on it once"
    reasons = [told for part, told in _CAUSES.items() if marks[0][part] != marks[1][part]]
    return f"{' and '.join(reasons) or 'nothing that is recorded'} changed"


def _list_moved(old: _Stored, new: _Stored) -> Iterator[str]:
    was, now = ({check["id"]: check for check in one["checks"]} for one in (old, new))
    for name, check in now.items():
        if name in was and was[name]["points"] != check["points"]:
            message = f"  {check['message'][:160]}" if check["message"] else ""
            of_most = was[name]["max_points"] != check["max_points"]
            told = " -> ".join(_points(one, of_most) for one in (was[name], check))
            yield f"    {name}: {told}{message}"
    if old["status"] != new["status"] or (
        old["fingerprint"]["options"] != new["fingerprint"]["options"]
    ):
        return  # then whole layers come and go
    for name in sorted(now.keys() - was.keys()):
        yield f"    {name}: new, {now[name]['points']:g}"
    for name in sorted(was.keys() - now.keys()):
        yield f"    {name}: gone, was {was[name]['points']:g}"


def _points(check: _Stored, of_most: bool) -> str:
    return f"{check['points']:g}" + (f" of {check['max_points']:g}" if of_most else "")


def _grade(stored: _Stored, of_most: bool = False) -> str:
    """Return a score, or the status of what has none: that is not a zero."""
    if stored["status"] != "graded":
        return str(stored["status"])
    score = f"{stored['score']:g}"
    return f"{score} of {stored['max_score']:g}" if of_most else score
