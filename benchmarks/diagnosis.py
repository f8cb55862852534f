"""How often a wrong layer's cause is told, and what telling it costs.

    python benchmarks/diagnosis.py [--set NAME ...]

Grades the folders of wrong submissions in solutions/bert/tests/submissions/ and prints, per set:
how many wrong layers were caught and charged alone, how many were named by a match with a known
misconception (one or a pair), how many were explained otherwise (an error in Python, the first
wrong step), and how many reports hold a word of the true cause, where the set says which words
would. The cost is CPU time of the trusted side per failing layer, measured in the same run.
"""

import argparse
import tempfile
import time
from pathlib import Path

import autograder.trusted.diagnose as diagnosing
from autograder.authoring.grading import Grader
from autograder.authoring.scenarios import (
    find_disagreements,
    lay_out,
    read_report,
    read_scenarios,
)

ROOT = Path(__file__).resolve().parents[1]
SUBMISSIONS = ROOT / "solutions" / "bert" / "tests" / "submissions"
SETS = ("mistakes", "mistakes_two", "unseen", "unseen_two", "unseen_again", "unseen_again_two",
        "unseen_again_same")  # fmt: skip


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--set", action="append", dest="sets", choices=SETS)
    parser.add_argument("--verbose", action="store_true", help="a line per wrong layer")
    options = parser.parse_args()
    print("| set | submissions | as charged | layers | named | error | place | nothing | told | "
          "CPU-s median | max |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    with Grader(ROOT, "bert") as grader:
        for name in options.sets or SETS:
            if (SUBMISSIONS / name).is_dir():
                measure(grader, name, verbose=options.verbose)


def measure(grader, name, *, verbose):
    costs, kinds, told, asked, right = [], [], 0, 0, 0
    explain = diagnosing.explain_layer

    def timed(kit, loaded):
        started = time.process_time()
        try:
            return explain(kit, loaded)
        finally:
            costs.append(time.process_time() - started)

    diagnosing.explain_layer = timed
    scenarios = read_scenarios(SUBMISSIONS / name)
    for scenario in scenarios:
        with tempfile.TemporaryDirectory() as scratch:
            result = grader.grade(lay_out(grader.kit, scenario, Path(scratch) / "submission"))
        charged = [p for p in find_disagreements(scenario, result) if "nothing of" not in p]
        right += not charged
        for index, layer in enumerate(scenario.loses):
            lost = [c for c in result.checks if c.layer == layer and c.points < c.max_points]
            diagnosis = next((c.diagnosis for c in lost if c.diagnosis), None)
            kind = diagnosis["kind"] if diagnosis else "nothing"
            kinds.append("named" if kind in ("misconception", "pair", "one of") else kind)
            if scenario.keywords:
                # Two mistakes in one layer: the words of both must be there.
                wanted = (
                    scenario.keywords if len(scenario.loses) == 1 else [scenario.keywords[index]]
                )
                report = read_report(result, layer).lower()
                hit = all(any(w.lower() in report for w in words) for words in wanted)
                asked, told = asked + 1, told + hit
            if verbose:
                print(f"    {scenario.name}: {scenario.cause} | {diagnosis and diagnosis['id']}")
    diagnosing.explain_layer = explain
    cause = f"{told} of {asked}" if asked else "-"
    print(
        f"| {name} | {len(scenarios)} | {right} | {len(kinds)} | {kinds.count('named')} | "
        f"{kinds.count('error')} | {kinds.count('place')} | {kinds.count('nothing')} | {cause} | "
        f"{sorted(costs)[len(costs) // 2]:.2f} | {max(costs):.2f} |"
    )


if __name__ == "__main__":
    main()
