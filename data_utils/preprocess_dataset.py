"""Turn the raw Sentiment-140 file into `dataset.csv`, which the training notebook reads.

    python -m data_utils.preprocess_dataset [RAW] [OUT]

RAW is Kaggle's `training.1600000.processed.noemoticon.csv` (Latin-1, six quoted columns, labels 0
and 4, no header). OUT gets the header `tweet,label` and one line a tweet, UTF-8, label 0 negative
or 1 positive. Tweets are kept letter for letter, mentions, links and HTML entities such as `&amp;`
included: cleaning is a decision about the model, not about the file.

Runs anywhere (standard library and tqdm) in a few megabytes, whatever the size of the file. OUT
appears or is replaced only once it is complete; after an error or Ctrl-C nothing is left behind.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from data_utils.errors import DataProblem
from data_utils.raw_tweets import HEADER, RawTweets

RAW_NAME = "training.1600000.processed.noemoticon.csv"
OUT_NAME = "dataset.csv"
WHERE_TO_GET_IT = (
    "Kaggle, dataset Sentiment140 (https://www.kaggle.com/datasets/kazanova/sentiment140)"
)

EXIT_REFUSED = 2
EXIT_INTERRUPTED = 130  # what a shell reports for a command ended by Ctrl-C


@dataclass(frozen=True)
class Summary:
    """What a run wrote: rows by new label, rows left out by reason, and how long it took."""

    out: Path
    negative: int
    positive: int
    dropped: dict[str, int]
    wall_clock_s: float

    @property
    def rows_written(self) -> int:
        """Tweets in the processed file."""
        return self.negative + self.positive

    def __str__(self) -> str:
        lines = [
            f"{self.out}: {self.rows_written:,} tweets, {self.negative:,} negative (0) and "
            f"{self.positive:,} positive (1), in {self.wall_clock_s:.1f} s."
        ]
        lines += [f"Dropped: {count:,} ({reason})." for reason, count in self.dropped.items()]
        return "\n".join(lines)


def preprocess_dataset(
    raw: str | os.PathLike[str], out: str | os.PathLike[str], *, progress: bool = True
) -> Summary:
    """Write the tweets of `raw` to `out` and return what was written.

    `progress` shows a bar of bytes read on standard error, and only on a terminal. An existing
    `out` is replaced after success only. Raises DataProblem, one sentence, when `raw` is not the
    raw file or `out` cannot be written; `out` is then as it was before.
    """
    started_s = time.perf_counter()
    raw, out = Path(raw), Path(out)
    with _told_as(f"Cannot read {raw}"):
        _refuse_raw(raw)
    with _told_as(f"Cannot write {out}"):
        _refuse_out(raw, out)
    # A link stays a link: what it points to is replaced. The name carries the process id so that
    # two runs at once do not write into each other's file.
    target = out.resolve()
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        tweets = _convert_file(raw, out, partial, progress=progress)
        with _told_as(f"Cannot write {out}"):
            partial.replace(target)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return Summary(
        out=out,
        negative=tweets.label_counts["0"],
        positive=tweets.label_counts["1"],
        dropped=dict(tweets.dropped),
        wall_clock_s=time.perf_counter() - started_s,
    )


def _convert_file(raw: Path, out: Path, partial: Path, *, progress: bool) -> RawTweets:
    from tqdm import tqdm  # type: ignore[import-untyped]

    with _told_as(f"Cannot read {raw}"):
        source = raw.open("rb")
    with source:
        tweets = RawTweets(source, str(raw))
        blocks = tweets.convert()
        with (
            _told_as(f"Cannot write {out}"),
            partial.open("wb") as sink,
            # None means: only on a terminal.
            tqdm(
                total=raw.stat().st_size,
                unit="B",
                unit_scale=True,
                desc=raw.name[:24],
                leave=False,
                disable=None if progress else True,
            ) as bar,
        ):
            sink.write(HEADER.encode())
            while True:
                with _told_as(f"Cannot read {raw}"):
                    block = next(blocks, None)
                if block is None:
                    break
                sink.write(block)
                bar.update(tweets.bytes_read - bar.n)
    if not sum(tweets.label_counts.values()):
        reasons = ", ".join(f"{count} {reason}" for reason, count in tweets.dropped.items())
        raise DataProblem(f"{raw} has no usable tweet (dropped: {reasons}).")
    return tweets


def _refuse_raw(raw: Path) -> None:
    if raw.is_dir():
        raise DataProblem(f"{raw} is a directory: name the file {RAW_NAME} inside it.")
    if not raw.exists():
        raise DataProblem(f"{raw} was not found: download it from {WHERE_TO_GET_IT}.")
    if not raw.is_file():
        raise DataProblem(f"{raw} is not a regular file.")


def _refuse_out(raw: Path, out: Path) -> None:
    if out.is_dir():
        raise DataProblem(f"{out} is a directory: name a file to write, such as {out / OUT_NAME}.")
    if out.exists() and not out.is_file():
        raise DataProblem(f"{out} is not a regular file and cannot be replaced.")
    if out.exists() and out.samefile(raw):
        raise DataProblem(f"{out} is the raw file itself: name another file to write.")
    if not out.resolve().parent.is_dir():
        raise DataProblem(f"Cannot write {out}: its folder does not exist.")


@contextmanager
def _told_as(action: str) -> Iterator[None]:
    """Turn an OSError into a DataProblem "action: reason."."""
    try:
        yield
    except OSError as problem:
        raise DataProblem(f"{action}: {problem.strerror or problem}.") from problem


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, 130 on Ctrl-C, or 2 after a refusal: one sentence on stderr."""
    parser = argparse.ArgumentParser(
        prog="python -m data_utils.preprocess_dataset",
        description="Turn the raw Sentiment-140 file into the CSV file the training reads.",
        epilog=f"example: python -m data_utils.preprocess_dataset {RAW_NAME} {OUT_NAME}",
    )
    parser.add_argument("raw", nargs="?", default=RAW_NAME, help="the raw file (%(default)s)")
    parser.add_argument("out", nargs="?", default=OUT_NAME, help="the file to write (%(default)s)")
    chosen = parser.parse_args(arguments)
    try:
        summary = preprocess_dataset(chosen.raw, chosen.out)
    except DataProblem as problem:
        sys.stderr.write(f"{problem}\n")
        return EXIT_REFUSED
    except KeyboardInterrupt:
        sys.stderr.write(f"Stopped: {chosen.out} is as it was before.\n")
        return EXIT_INTERRUPTED
    sys.stdout.write(f"{summary}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
