"""Sentiment-140 as a torch dataset: two halves that never share a tweet.

Runs anywhere torch does. The notebook this exercise grew out of drew a fresh random split each time
a half was built, so most of its test tweets had been trained on and the accuracy it reported was
partly memory. Here one split, fixed by a seed, is drawn once and each half takes its side of it.

The split is drawn over distinct texts, not rows: a tweet that was posted many times ("Good
morning!") lies wholly on one side. Each class is divided by itself, so both halves keep the share
of positive tweets. The drawing uses nothing but the raw output of numpy's PCG64 generator, which
numpy promises not to change: the same file and seed give the same halves on every machine.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from data_utils.errors import DataProblem

HEADER = ["tweet", "label"]
DEFAULT_SEED = 140
_LABELS = {"0": 0, "1": 1}


class SentimentDataset(Dataset[tuple[str, int]]):
    """One half of the processed Sentiment-140 file, shuffled; items are `(tweet, label)`.

    Args:
        csv_path: the file `python -m data_utils.preprocess_dataset` wrote.
        training_set: True for the training half, False for the test half. With equal other
            arguments the two halves share no text and together hold every row (at fraction 1).
        fraction: how much of the half to keep, in (0, 1], of each class alike. A smaller fraction
            is contained in a larger one, so results for growing fractions are comparable.
        seed: fixes split, subset and order. Use the same for both halves, or they overlap.
        test_share: the share of rows in the test half, in (0, 1).

    `tweets` and `labels` (0 negative, 1 positive) are lists of equal length. Shares are met to
    within one text's repetitions. Raises DataProblem for a missing file, another format, labels
    other than 0 and 1, too few tweets, or a share out of range.
    """

    def __init__(
        self,
        csv_path: str | os.PathLike[str],
        training_set: bool = True,
        *,
        fraction: float = 1.0,
        seed: int = DEFAULT_SEED,
        test_share: float = 0.2,
    ) -> None:
        tweets, labels = read_processed(csv_path)
        self.tweets, self.labels = _draw_half(
            tweets, labels, training_set, fraction, seed, test_share
        )

    @classmethod
    def from_tweets(
        cls,
        tweets: Sequence[str],
        labels: Iterable[int],
        training_set: bool = True,
        *,
        fraction: float = 1.0,
        seed: int = DEFAULT_SEED,
        test_share: float = 0.2,
    ) -> SentimentDataset:
        """Build a half from tweets in memory; arguments and errors are those of the class."""
        half = cls.__new__(cls)
        half.tweets, half.labels = _draw_half(
            list(tweets), list(labels), training_set, fraction, seed, test_share
        )
        return half

    def __len__(self) -> int:
        return len(self.tweets)

    def __getitem__(self, index: int) -> tuple[str, int]:
        return self.tweets[index], self.labels[index]


def read_processed(csv_path: str | os.PathLike[str]) -> tuple[list[str], list[int]]:
    """Return all tweets and labels of a processed file, in its order.

    Raises DataProblem, naming the row, when the file is missing or of another format.
    """
    path = Path(csv_path)
    command = "python -m data_utils.preprocess_dataset"
    if path.is_dir():
        raise DataProblem(f"{path} is a directory, not the file `{command}` writes.")
    if not path.exists():
        raise DataProblem(f"{path} was not found: `{command}` makes it from the raw file.")
    try:
        with path.open(encoding="utf-8", newline="") as source:
            rows = csv.reader(source)
            if next(rows, None) != HEADER:
                raise DataProblem(
                    f"{path} does not begin with the header `{','.join(HEADER)}`: "
                    f"run `{command}` on the raw file first."
                )
            tweets: list[str] = []
            labels: list[int] = []
            # Batches this small die before the garbage collector looks: five times as fast.
            while batch := list(islice(rows, 256)):
                # A line of other than two columns fails to unpack; `_explain_bad_row` finds it.
                batch_tweets, batch_labels = zip(*batch, strict=True)
                tweets += batch_tweets
                labels += [_LABELS[label] for label in batch_labels]
    except (KeyError, ValueError, csv.Error) as problem:
        if isinstance(problem, DataProblem):
            raise
        raise DataProblem(_explain_bad_row(path, command)) from problem
    except OSError as problem:
        raise DataProblem(f"Cannot read {path}: {problem.strerror}.") from problem
    if not tweets:
        raise DataProblem(f"{path} has a header and no tweets: run `{command}` again.")
    return tweets, labels


def _draw_half(
    tweets: list[str],
    labels: list[int],
    training_set: bool,
    fraction: float,
    seed: int,
    test_share: float,
) -> tuple[list[str], list[int]]:
    if not 0 < fraction <= 1:  # false for NaN as well
        raise DataProblem(f"fraction must be above 0 and at most 1, got {fraction}.")
    if not 0 < test_share < 1:
        raise DataProblem(f"test_share must lie between 0 and 1, got {test_share}.")
    if seed < 0:
        raise DataProblem(f"seed must be at least 0, got {seed}.")
    _refuse_labels(tweets, labels)
    rows = choose_rows(tweets, labels, training_set, fraction, seed, test_share)
    if not len(rows):
        half = "training" if training_set else "test"
        raise DataProblem(f"{len(tweets)} tweets are too few: the {half} half would be empty.")
    return [tweets[row] for row in rows], [int(labels[row]) for row in rows]


def choose_rows(
    tweets: Sequence[str],
    labels: Sequence[int],
    training_set: bool,
    fraction: float,
    seed: int,
    test_share: float,
) -> NDArray[np.int64]:
    """Return the rows of one half, shuffled.

    Distinct texts get a random place in their class; the first ones, up to the test share of the
    rows, are the test half and the others the training half, of which a fraction is again the
    first ones: so a smaller fraction is a prefix of a larger one.
    """
    numbers: dict[str, int] = {}
    text_of_row = np.array([numbers.setdefault(tweet, len(numbers)) for tweet in tweets])
    repetitions = np.bincount(text_of_row, minlength=len(numbers))
    # Texts are numbered by first appearance, so the first row of each is where the number is new.
    # A text that occurs with both labels counts as of its first row's class.
    first_rows = np.unique(text_of_row, return_index=True)[1]
    class_of_text = np.asarray(labels, dtype=np.int64)[first_rows]
    text_keys, row_keys = _draw_keys(seed, len(numbers), len(tweets))
    chosen = np.zeros(len(numbers), dtype=bool)
    for label in (0, 1):
        texts = np.flatnonzero(class_of_text == label)
        texts = texts[np.argsort(text_keys[texts], kind="stable")]
        cut = _count_texts(repetitions[texts], test_share)
        if len(texts) > 1:  # neither half goes without a class it could have
            cut = min(max(cut, 1), len(texts) - 1)
        half = texts[cut:] if training_set else texts[:cut]
        chosen[half[: max(1, _count_texts(repetitions[half], fraction))]] = True
    rows = np.flatnonzero(chosen[text_of_row])
    # A row keeps its key at every fraction, so the order of a subset is that of the whole.
    return rows[np.argsort(row_keys[rows], kind="stable")]


def _count_texts(repetitions: NDArray[np.int64], share: float) -> int:
    """Return how many first texts come closest to `share` of the rows."""
    reached = np.concatenate([[0], np.cumsum(repetitions)])
    return int(np.argmin(np.abs(reached - share * reached[-1])))


def _draw_keys(seed: int, texts: int, rows: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    generator = np.random.PCG64(seed)
    return generator.random_raw(texts), generator.random_raw(rows)


def _refuse_labels(tweets: list[str], labels: list[int]) -> None:
    if len(tweets) != len(labels):
        raise DataProblem(f"{len(tweets)} tweets do not match {len(labels)} labels.")
    if not tweets:
        raise DataProblem("There are no tweets to split.")
    strange = set(labels) - {0, 1}
    if strange:
        shown = ", ".join(sorted(map(repr, strange))[:3])
        raise DataProblem(f"Labels must be 0 (negative) or 1 (positive), got {shown}.")


def _explain_bad_row(path: Path, command: str) -> str:
    """Read the file once more, slowly, and say which row is at fault and why."""
    again = f"run `{command}` again"
    row = 0
    try:
        with path.open(encoding="utf-8", newline="") as source:
            for row, columns in enumerate(csv.reader(source)):
                if row and len(columns) != len(HEADER):
                    return f"{path} has {len(columns)} columns in row {row}, expected 2: {again}."
                if row and columns[1] not in _LABELS:
                    return f"{path} has the label {columns[1]!r} in row {row}, not 0 or 1: {again}."
    except (csv.Error, UnicodeDecodeError) as problem:
        return f"{path} cannot be read after row {row} ({problem}): {again}."
    return f"{path} changed while it was being read: {again}."
