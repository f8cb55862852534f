"""Batches for training: tweets are tokenised once and padded only to the longest beside them.

Runs anywhere torch and numpy do; takes a tokenizer and imports none.

Attention costs grow with the square of T, and padding is paid for like words. So tweets of similar
length go together: each epoch shuffles all tweets, sorts by length within pools of a hundred
batches, and shuffles the batches. A batch is then nearly free of padding, and still neither the
tweets in it nor the order of batches repeat from epoch to epoch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data_utils.dataset import SentimentDataset
from data_utils.errors import DataProblem
from data_utils.tokenisation import refuse_unusable

if TYPE_CHECKING:
    from transformers import BertTokenizer

DEFAULT_SEED = 140
# Tweets handed to the tokenizer at a time: bounds the memory its Python objects take.
TOKENISED_AT_ONCE = 4_096
# Batches sorted together: more leaves less padding, fewer mix tweets better. At a hundred, some
# three tokens in a hundred are padding.
POOL_BATCHES = 100


@dataclass(frozen=True)
class TokenisedTweets:
    """N tokenised tweets, end to end: 4 bytes a token, where lists of ids would take 36.

    `tokens` int32 holds all ids, special tokens included and padding not; tweet `i` is
    `tokens[offsets[i]:offsets[i + 1]]`. `offsets` (N + 1,) int64, `labels` (N,) int64; `pad_id` is
    the id that fills up a batch.
    """

    tokens: NDArray[np.int32]
    offsets: NDArray[np.int64]
    labels: NDArray[np.int64]
    pad_id: int = 0

    @classmethod
    def from_tweets(
        cls,
        tweets: Sequence[str],
        labels: Sequence[int],
        tokenizer: BertTokenizer,
        max_length: int = 128,
        *,
        progress: bool = False,
    ) -> TokenisedTweets:
        """Tokenise `tweets`, each cut to `max_length` tokens; the order is kept.

        `progress` shows a bar on standard error where that is a terminal. Raises DataProblem for no
        tweets, as many labels as not tweets, or a `max_length` below 3.
        """
        from tqdm import tqdm  # type: ignore[import-untyped]

        refuse_unusable(tweets, max_length)
        if len(tweets) != len(labels):
            raise DataProblem(f"{len(tweets)} tweets do not match {len(labels)} labels.")
        lengths = np.empty(len(tweets), dtype=np.int64)
        pieces: list[NDArray[np.int32]] = []
        with tqdm(
            total=len(tweets), desc="tokenising", leave=False, disable=None if progress else True
        ) as bar:
            for start in range(0, len(tweets), TOKENISED_AT_ONCE):
                some = list(tweets[start : start + TOKENISED_AT_ONCE])
                ids = tokenizer(
                    some,
                    truncation=True,
                    max_length=max_length,
                    return_attention_mask=False,
                    return_token_type_ids=False,
                )["input_ids"]
                lengths[start : start + len(some)] = [len(tweet) for tweet in ids]
                pieces.append(np.fromiter(chain.from_iterable(ids), dtype=np.int32))
                bar.update(len(some))
        return cls(
            tokens=np.concatenate(pieces),
            offsets=np.concatenate([[0], np.cumsum(lengths)]),
            labels=np.asarray(labels, dtype=np.int64),
            pad_id=int(tokenizer.pad_token_id),
        )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens in each tweet (N,), special tokens included."""
        return np.diff(self.offsets)

    def pad_rows(self, rows: NDArray[np.int64]) -> dict[str, Tensor]:
        """Return the batch of these B tweets, padded to the longest of them (T tokens).

        `input_ids` (B, T), `attention_mask` (B, T), 1 on tokens and 0 on padding, `labels` (B,);
        all int64.
        """
        starts = self.offsets[rows]
        lengths = self.offsets[rows + 1] - starts
        columns = np.arange(lengths.max())
        real = columns < lengths[:, None]  # (B, T)
        # Past its end a row reads its neighbour's tokens, at the very end the last token again:
        # whatever is read there is replaced.
        places = np.minimum(starts[:, None] + columns, len(self.tokens) - 1)  # (B, T)
        input_ids = np.where(real, self.tokens[places], self.pad_id).astype(np.int64)
        return {
            "input_ids": torch.from_numpy(input_ids),
            "attention_mask": torch.from_numpy(real.astype(np.int64)),
            "labels": torch.from_numpy(self.labels[rows]),
        }


class LengthBatches:
    """The tweets in batches of similar length; iterate it once an epoch.

    Every epoch gives each tweet exactly once, in `len(batches)` batches of `batch_size` tweets (one
    may be smaller). With `shuffle` the order is drawn from `seed` and `epoch`, which iterating
    counts up by one: set `epoch` to resume a run where it stopped. Without, every epoch is the
    same, from the shortest tweets to the longest. Raises DataProblem for a batch size below 1.
    """

    def __init__(
        self,
        tweets: TokenisedTweets,
        batch_size: int,
        *,
        shuffle: bool = True,
        seed: int = DEFAULT_SEED,
    ) -> None:
        if batch_size < 1:
            raise DataProblem(f"batch_size must be at least 1, got {batch_size}.")
        if seed < 0:
            raise DataProblem(f"seed must be at least 0, got {seed}.")
        self.tweets = tweets
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return math.ceil(len(self.tweets) / self.batch_size)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        # Counted here, not in the generator below: also an epoch left half-way is over.
        epoch = self.epoch
        self.epoch += 1
        return (self.tweets.pad_rows(rows) for rows in self.choose_rows(epoch))

    def choose_rows(self, epoch: int) -> list[NDArray[np.int64]]:
        """Return which tweets each batch of `epoch` holds, to match predictions with tweets."""
        lengths = self.tweets.lengths
        if not self.shuffle:
            return self._cut(np.argsort(lengths, kind="stable"))
        # Sorting raw draws shuffles the same way everywhere (see dataset.py).
        generator = np.random.PCG64([self.seed, epoch])
        order = np.argsort(generator.random_raw(len(lengths)), kind="stable")
        # Sort by pool first and length second; within one length the order stays shuffled.
        pools = np.arange(len(order)) // (self.batch_size * POOL_BATCHES)
        batches = self._cut(order[np.lexsort((lengths[order], pools))])
        places = np.argsort(generator.random_raw(len(batches)), kind="stable")
        return [batches[place] for place in places]

    def _cut(self, rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        size = self.batch_size
        return [rows[start : start + size] for start in range(0, len(rows), size)]


def make_loaders(
    train: SentimentDataset,
    test: SentimentDataset,
    tokenizer: BertTokenizer,
    batch_size: int,
    *,
    max_length: int = 128,
    seed: int = DEFAULT_SEED,
    progress: bool = False,
) -> tuple[LengthBatches, LengthBatches]:
    """Tokenise both halves and return their batches: training shuffled each epoch, test in order.

    Raises DataProblem as TokenisedTweets and LengthBatches do.
    """
    halves = [
        TokenisedTweets.from_tweets(
            half.tweets, half.labels, tokenizer, max_length, progress=progress
        )
        for half in (train, test)
    ]
    return (
        LengthBatches(halves[0], batch_size, seed=seed),
        LengthBatches(halves[1], batch_size, shuffle=False),
    )
