"""Time and memory of our preprocessing against pandas, on a file as large as Sentiment-140.

    python benchmarks/preprocess_speed.py [--rows 1600000] [--runs 3] [--escaped 0.0]

A file of made-up rows in the raw format is written to a temporary folder, then turned into
`dataset.csv` by each contender in a process of its own, in turns, `--runs` times. Time is that of
the conversion alone, imports and interpreter start left out (they would favour us); the fastest run
counts. Memory is the peak of the whole process. That all results hold the same tweets is checked.

Real tweets hold no quotation marks (they came as `&quot;`), so by default these hold none either;
`--escaped` gives a share of them some, which leaves our fastest path for the second fastest.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]

_MEASURE = """
import json, resource, sys, time
{imports}
raw, out = sys.argv[1:]
started_s = time.perf_counter()
{convert}
wall_clock_s = time.perf_counter() - started_s
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
peak_mib = peak / (2**20 if sys.platform == "darwin" else 2**10)
print(json.dumps([wall_clock_s, peak_mib]))
"""

_COLUMNS = 'names=["target", "id", "date", "flag", "user", "text"]'
_PANDAS = """
rows = pandas.read_csv(raw, encoding="latin-1", header=None, {columns})
rows["label"] = rows["target"] // 4
rows = rows.rename(columns={{"text": "tweet"}})
rows[["tweet", "label"]].to_csv(out, index=False)
"""

CONTENDERS = {
    "data_utils.preprocess_dataset": _MEASURE.format(
        imports="from data_utils.preprocess_dataset import preprocess_dataset\nimport tqdm",
        convert="preprocess_dataset(raw, out)",
    ),
    "pandas, read_csv and to_csv": _MEASURE.format(
        imports="import pandas", convert=_PANDAS.format(columns=_COLUMNS)
    ),
    "pandas, reading two columns": _MEASURE.format(
        imports="import pandas", convert=_PANDAS.format(columns=_COLUMNS + ", usecols=[0, 5]")
    ),
}


def write_raw(path: Path, rows: int, escaped_share: float) -> None:
    """Write `rows` rows, half of each label: 2 to 24 words, 150 bytes a row as in the data."""
    rng = random.Random(140)
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    words = ["".join(rng.choices(letters, k=rng.randrange(1, 9))) for _ in range(5000)]
    words += ["@ana", "#monday", "&amp;", "http://bit.ly/abc", "lol,", "...", "!!!", "caf\xe9"]
    tweets = [" ".join(rng.choices(words, k=rng.randrange(2, 25))) for _ in range(20_000)]
    tweets = [f'"{t}" he said' if rng.random() < escaped_share else t for t in tweets]
    with path.open("w", encoding="latin-1", newline="") as sink:
        writer = csv.writer(sink, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for number in range(rows):
            target = 0 if number < rows // 2 else 4
            text = f"{tweets[number % len(tweets)]} {number}"
            date = "Mon Apr 06 22:19:45 PDT 2009"
            writer.writerow((target, 1467810369 + number, date, "NO_QUERY", "somebody", text))


def measure(contender: str, raw: Path, out: Path) -> tuple[float, float]:
    """Return seconds of wall clock and MiB at the peak of one conversion in a fresh process."""
    ran = subprocess.run(
        [sys.executable, "-c", CONTENDERS[contender], str(raw), str(out)],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    wall_clock_s, peak_mib = json.loads(ran.stdout)
    return wall_clock_s, peak_mib


def hold_the_same_rows(files: list[Path]) -> bool:
    """Say whether all these CSV files read the same, row for row."""
    opened = [path.open(encoding="utf-8", newline="") for path in files]
    try:
        rows_of_all = zip(*map(csv.reader, opened), strict=True)
        return all(rows.count(rows[0]) == len(rows) for rows in rows_of_all)
    except ValueError:  # one is longer than another
        return False
    finally:
        for source in opened:
            source.close()


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare our preprocessing with pandas.")
    parser.add_argument("--rows", type=int, default=1_600_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--escaped", type=float, default=0.0, help="share of tweets with quotes")
    chosen = parser.parse_args()
    if importlib.util.find_spec("pandas") is None:
        print("pandas is not installed: this comparison needs it (pip install pandas).")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.csv"
        write_raw(raw, chosen.rows, chosen.escaped)
        versions = f"Python {platform.python_version()}, pandas {version_of_pandas()}"
        size_mib = raw.stat().st_size / 2**20
        print(
            f"{chosen.rows:,} rows, {size_mib:.0f} MiB, {chosen.escaped:.0%} with quotes, ", end=""
        )
        print(f"best of {chosen.runs}; {versions}, {os.cpu_count()} cores.\n")
        outs = {contender: Path(folder) / f"{i}.csv" for i, contender in enumerate(CONTENDERS)}
        results: dict[str, list[tuple[float, float]]] = {contender: [] for contender in CONTENDERS}
        for _ in range(chosen.runs):
            for contender, out in outs.items():
                results[contender].append(measure(contender, raw, out))
        same = hold_the_same_rows(list(outs.values()))
    print_table(results)
    print(f"\nThe results hold {'the same' if same else 'DIFFERENT'} tweets and labels.")
    return 0 if same else 1


def version_of_pandas() -> str:
    from importlib.metadata import version

    return version("pandas")


def print_table(results: dict[str, list[tuple[float, float]]]) -> None:
    ours_s, ours_mib = (min(column) for column in zip(*next(iter(results.values())), strict=True))
    print("| | time, s | x ours | peak memory, MiB | x ours |\n|---|---|---|---|---|")
    for contender, runs in results.items():
        wall_clock_s, peak_mib = (min(column) for column in zip(*runs, strict=True))
        print(f"| {contender} | {wall_clock_s:.2f} | {wall_clock_s / ours_s:.1f} ", end="")
        print(f"| {peak_mib:.0f} | {peak_mib / ours_mib:.1f} |")


if __name__ == "__main__":
    sys.exit(main())
