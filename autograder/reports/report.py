"""The report on one submission: verdict first, a line per layer, details where points were lost.

Runs on the trusted side. Texts of the student's are printed as texts: never as markup, and their
control characters were replaced before they came here.
"""

from rich.console import Console
from rich.text import Text

from autograder.manifest import WHOLE_MODEL, Kit
from autograder.results import CheckResult, Result, is_isolated

_MARKS = {"full": ("✓", "green"), "some": ("~", "yellow"), "none": ("✗", "red")}
_PLAIN_MARKS = {"full": "ok", "some": "--", "none": "no"}
_SYMPTOMS_MAX = 4
_STATUS_WORDS = {
    "failed": "",
    "error": "stopped with an error: ",
    "timeout": "ran out of time: ",
    "blocked": "could not run: ",
}


class Report:
    """Prints results to a console, whatever that writes to."""

    def __init__(self, console: Console, *, unicode: bool = True) -> None:
        self._out = console
        self._unicode = unicode

    def show(self, kit: Kit, result: Result) -> None:
        """Print a result."""
        out = self._out
        out.print()
        self._print_verdict(result)
        groups = [g for g in kit.groups if any(c.layer == g for c in result.checks)]
        width = max((len(group) for group in groups), default=0)
        for group in groups:
            self._print_layer(group, [c for c in result.checks if c.layer == group], width)
        for group in by_importance(groups, result):
            self._print_losses(group, result)
        self._print_footer(result)

    def _print_verdict(self, result: Result) -> None:
        line = Text(f"{result.submission}: ", style="bold")
        line.append(f"{format_points(result.score)} of {format_points(result.max_score)} points")
        self._out.print(line)
        self._out.print()

    def _print_layer(self, group: str, checks: list[CheckResult], width: int) -> None:
        won, most = sum(c.points for c in checks), sum(c.max_points for c in checks)
        state = "full" if won == most else "some" if won else "none"
        mark, colour = _MARKS[state]
        line = Text("  ")
        line.append(mark if self._unicode else _PLAIN_MARKS[state], style=colour)
        line.append(f" {group:<{width}}  {format_points(won):>5} of {format_points(most)}")
        lost = sum(1 for c in checks if c.points < c.max_points)
        if lost:
            line.append(f"   {lost} of {len(checks)} checks lost", style="dim")
        self._out.print(line)

    def _print_losses(self, group: str, result: Result) -> None:
        checks = [c for c in result.checks if c.layer == group]
        lost = [c for c in checks if c.points < c.max_points]
        line = Text(f"\n{'The whole model' if group == WHOLE_MODEL else group}", style="bold")
        source = result.sources.get(group, "")
        if source:
            line.append(f"  ({source})", style="dim")
        self._out.print(line)
        told = next((c.diagnosis["explanation"] for c in lost if c.diagnosis), "")
        if told:
            self._print_indented(Text(told), 2)
        for step in next((c.traceback for c in lost if c.traceback), []):
            self._print_indented(Text(f"in {step}", style="dim"), 4)
        for number, hint in enumerate(result.hints.get(group, []), start=1):
            self._print_indented(Text(f"hint {number}: {hint}", style="cyan"), 2)
        if told:
            self._out.print(Text("  What was noticed:", style="dim"))
        groups = list(group_by_message(lost).items())
        # Once the mistake has its name, its symptoms are many and say little more.
        shown = groups[:_SYMPTOMS_MAX] if told else groups
        for (status, message), alike in shown:
            self._print_group(status, message, alike, len(checks))
        more = [check for _, alike in groups[len(shown) :] for check in alike]
        if more:
            points = format_points(sum(c.max_points - c.points for c in more))
            told = f"{len(more)} more check{'s' if len(more) > 1 else ''}"
            self._print_indented(Text(f"-{points}  in {told}", style="dim"), 2)

    def _print_group(
        self, status: str, message: str, checks: list[CheckResult], total: int
    ) -> None:
        points = format_points(sum(c.max_points - c.points for c in checks))
        names = ", ".join(c.id.partition(".")[2].replace("_", " ") for c in checks[:3])
        if len(checks) > 3:
            names += f" and {len(checks) - 3} more"
        if len(checks) == total > 1:
            names = f"all {total} checks"
        text = Text(f"-{points}  ", style="red")
        text.append(names, style="bold")
        self._print_indented(text, 2)
        self._print_indented(Text(f"{_STATUS_WORDS.get(status, '')}{message}"), 6)

    def _print_indented(self, text: Text, columns: int) -> None:
        for line in text.wrap(self._out, max(20, self._out.width - columns)):
            line.rstrip()
            self._out.print(Text(" " * columns) + line)

    def _print_footer(self, result: Result) -> None:
        self._out.print()
        for note in result.notes:
            self._out.print(Text(f"note: {note}", style="dim"))
        if result.training.startswith("left out"):
            self._out.print(Text(f"The training check was {result.training}."))
        if not is_isolated(result.isolation):
            self._out.print(
                Text(f"Isolation is weak on this machine: {result.isolation}.", style="yellow")
            )
        self._out.print(
            Text(
                f"seed {result.seed} · {result.isolation} · {result.wall_clock_s:.1f} s",
                style="dim",
            )
        )


def by_importance(groups: list[str], result: Result) -> list[str]:
    """Return the groups that lost points, the costliest first; the whole model comes last."""
    lost = {
        group: sum(c.max_points - c.points for c in result.checks if c.layer == group)
        for group in groups
    }
    return sorted(
        (group for group in groups if lost[group]),
        key=lambda group: (group == WHOLE_MODEL, -lost[group]),
    )


def group_by_message(checks: list[CheckResult]) -> dict[tuple[str, str], list[CheckResult]]:
    """Return checks that ended with the same words together, the costliest first."""
    groups: dict[tuple[str, str], list[CheckResult]] = {}
    for check in checks:
        groups.setdefault((check.status, check.message), []).append(check)
    return dict(
        sorted(groups.items(), key=lambda item: -sum(c.max_points - c.points for c in item[1]))
    )


def format_points(points: float) -> str:
    """Return points without needless zeros: 12, 3.5."""
    return f"{points:.2f}".rstrip("0").rstrip(".")
