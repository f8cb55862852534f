"""Tweets per second in training and evaluation: our batches beside those of the usual notebook.

    python benchmarks/training_speed.py [--data CSV --tokenizer FOLDER] [--tweets N] [--epochs 3]

Our way is `make_loaders`: tweets are tokenised once, similar lengths go together, and a batch is
padded to its own longest tweet, at most 128 tokens. The usual way is that of the notebook this
exercise grew out of: batches of random tweets, each tokenised anew in every epoch and padded to 128
whatever is in it. Everything else is the same: model, first weights, batch size, optimizer, tweets,
and the loop (`data_utils.training.train`), with one difference on a GPU: ours computes in bfloat16
there, which is that loop's default, and the usual way in float32.

Times are those of the loops over the batches, making the batches included. The two ways take turns,
epoch by epoch, and the median epoch counts. Tokenising once is no part of an epoch: it stands in a
line of its own, and in the time of the whole run. Beside the ratios of wall clock stand those of
CPU time, which other work on the machine disturbs less (on a GPU they say little).

CSV is the raw Sentiment-140 file, or a part of it; FOLDER holds the vocabulary of bert-base-uncased
(or name another that `load_tokenizer` finds). Without them tweets are generated and a tokenizer is
trained on them.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from data_utils.batching import make_loaders
from data_utils.corpus import generate_tweets
from data_utils.dataset import SentimentDataset
from data_utils.preprocess_dataset import preprocess_dataset
from data_utils.tokenisation import load_tokenizer, train_tokenizer
from data_utils.training import train
from solutions.bert.classifier import SimplifiedBertClassifier

MAX_LENGTH = 128
SIZES = {"emb_size": 128, "n_layers": 2, "n_heads": 4, "intermediate_size": 512}
LEARNING_RATE = 5e-4
EMBEDDING_STD = 0.1  # the model then learns from thousands of tweets, see `real_sample.py`


class PaddedTo128:
    """Batches as the usual notebook makes them, tokenised whenever they are asked for."""

    def __init__(self, half: SentimentDataset, tokenizer, batch_size: int, *, shuffle: bool):
        self.tokenizer = tokenizer
        self.batches = DataLoader(half, batch_size, shuffle=shuffle)

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        for tweets, labels in self.batches:
            encoded = self.tokenizer(
                list(tweets),
                padding="max_length",
                truncation=True,
                max_length=MAX_LENGTH,
                return_token_type_ids=False,
                return_tensors="pt",
            )
            yield {**encoded, "labels": labels}


class Timed:
    """A loader that notes how long each pass over it takes, with all that is done in the loop."""

    def __init__(self, loader):
        self.loader = loader
        self.passes_s: list[float] = []
        self.passes_cpu_s: list[float] = []
        self.tokens = 0  # padding included

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        started_s, started_cpu_s = time.perf_counter(), time.process_time()
        for batch in self.loader:
            self.tokens += batch["input_ids"].numel()
            yield batch
        # Asked for one more batch: the last step is done, and on a GPU too, for the loop reads each
        # step's loss.
        self.passes_s.append(time.perf_counter() - started_s)
        self.passes_cpu_s.append(time.process_time() - started_cpu_s)


class Way:
    """One way of making batches, with a model of its own to train on them."""

    def __init__(self, loaders, sizes, tokenising_s: float, vocab_size: int, chosen, *, ours: bool):
        torch.manual_seed(chosen.seed)  # the same first weights both ways
        self.model = SimplifiedBertClassifier(vocab_size, **SIZES).to(chosen.device)
        for table in (
            self.model.embedding.word_embeddings,
            self.model.embedding.position_embeddings,
        ):
            nn.init.normal_(table.weight, std=EMBEDDING_STD)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=LEARNING_RATE)
        self.loaders = [Timed(loader) for loader in loaders]
        self.sizes = sizes  # tweets in each half
        self.tokenising_s = tokenising_s
        self.device = chosen.device
        self.mixed_precision = None if ours else False
        self.accuracy = 0.0

    def run_epoch(self) -> None:
        """Train and evaluate once."""
        history = train(
            self.model,
            *self.loaders,
            self.optimizer,
            nn.CrossEntropyLoss(),
            self.device,
            num_epochs=1,
            clip_norm=1.0,
            mixed_precision=self.mixed_precision,
            progress=False,
        )
        self.accuracy = history.val_accuracy[-1]

    def rate(self, half: int) -> float:
        """Tweets per second in training (0) or evaluation (1), in the median pass."""
        return self.sizes[half] / statistics.median(self.loaders[half].passes_s)

    def cpu_s(self, half: int) -> float:
        """CPU time of the median pass."""
        return statistics.median(self.loaders[half].passes_cpu_s)

    @property
    def whole_s(self) -> float:
        """Tokenising once, and all passes."""
        return self.tokenising_s + sum(sum(loader.passes_s) for loader in self.loaders)

    @property
    def tokens_per_tweet(self) -> float:
        """Padding included."""
        training = self.loaders[0]
        return training.tokens / len(training.passes_s) / self.sizes[0]


def read_halves(chosen) -> list[SentimentDataset]:
    """Return the training and the test half, of the given file or of generated tweets."""
    if chosen.data is None:
        tweets = generate_tweets(chosen.tweets or 10_000, seed=chosen.seed)
        texts, labels = [t.text for t in tweets], [t.label for t in tweets]
        return [SentimentDataset.from_tweets(texts, labels, half) for half in (True, False)]
    with tempfile.TemporaryDirectory() as folder:
        processed = Path(folder) / "dataset.csv"
        rows = preprocess_dataset(chosen.data, processed, progress=False).rows_written
        fraction = min(1.0, chosen.tweets / rows) if chosen.tweets else 1.0
        return [SentimentDataset(processed, half, fraction=fraction) for half in (True, False)]


def print_table(ours: Way, usual: Way) -> None:
    print("| | usual way | our way | ratio | in CPU time |\n|---|---:|---:|---:|---:|")
    for half, name in enumerate(("training", "evaluation")):
        slow, fast = usual.rate(half), ours.rate(half)
        print(f"| {name}, tweets per second | {slow:,.0f} | {fast:,.0f} ", end="")
        print(f"| {fast / slow:.1f} | {usual.cpu_s(half) / ours.cpu_s(half):.1f} |")
    slow, fast = usual.tokens_per_tweet, ours.tokens_per_tweet
    print(f"| tokens per tweet, padding included | {slow:.1f} | {fast:.1f} | {slow / fast:.1f} | |")
    print(f"| tokenising before the first epoch, s | 0 | {ours.tokenising_s:.1f} | | |")
    ratio = usual.whole_s / ours.whole_s
    print(f"| whole run, s | {usual.whole_s:.0f} | {ours.whole_s:.0f} | {ratio:.1f} | |")
    print(f"| accuracy on the test half | {usual.accuracy:.3f} | {ours.accuracy:.3f} | | |\n")


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Compare how fast our batches and the usual notebook's train the same model.",
        epilog="example: python benchmarks/training_speed.py --tweets 2000 --epochs 1",
    )
    parser.add_argument("--data", help="the raw Sentiment-140 file (generated tweets)")
    parser.add_argument("--tokenizer", help="its folder or name (trained on the tweets)")
    parser.add_argument("--tweets", type=int, help="how many, both halves together (all; 10000)")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seed", type=int, default=140)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)

    halves = read_halves(chosen)
    if chosen.tokenizer is None:
        tokenizer = train_tokenizer(halves[0].tweets)
    else:
        tokenizer = load_tokenizer(chosen.tokenizer)
    where = (
        torch.cuda.get_device_name()
        if "cuda" in chosen.device
        else f"{chosen.threads} CPU thread(s)"
    )
    print(
        f"{len(halves[0]):,} {'generated' if chosen.data is None else 'real'} tweets for training, "
        f"{len(halves[1]):,} for evaluation; {chosen.epochs} epochs, batches of "
        f"{chosen.batch_size}; {where}, torch {torch.__version__}.\n"
        f"Model: {', '.join(f'{name} {size}' for name, size in SIZES.items())}, "
        f"{len(tokenizer):,} tokens in the vocabulary.\n"
    )
    size = chosen.batch_size
    usual_loaders = [
        PaddedTo128(half, tokenizer, size, shuffle=number == 0)
        for number, half in enumerate(halves)
    ]
    started_s = time.perf_counter()
    our_loaders = make_loaders(*halves, tokenizer, size, max_length=MAX_LENGTH)
    tokenising_s = time.perf_counter() - started_s
    sizes = [len(half) for half in halves]
    usual = Way(usual_loaders, sizes, 0.0, len(tokenizer), chosen, ours=False)
    ours = Way(our_loaders, sizes, tokenising_s, len(tokenizer), chosen, ours=True)
    for _ in range(chosen.epochs):
        # In turns: what else the machine does then disturbs both alike.
        for way in (usual, ours):
            way.run_epoch()
    print_table(ours, usual)

    p, n = (ours.accuracy + usual.accuracy) / 2, len(halves[1])
    noise = 2 * math.sqrt(2 * p * (1 - p) / n)
    difference = abs(ours.accuracy - usual.accuracy)
    verdict = "within" if difference <= noise else "OUTSIDE"
    print(f"Accuracies differ by {difference:.3f}, {verdict} two standard errors ({noise:.3f}).")
    return 0 if difference <= noise else 1


if __name__ == "__main__":
    sys.exit(main())
