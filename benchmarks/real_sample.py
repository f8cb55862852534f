"""Training from scratch on real tweets, on a CPU: from the raw file to accuracy.

    python benchmarks/real_sample.py --data CSV [--rows 20000] [--epochs 4] [--seeds 140 141 142]

CSV is the raw Sentiment-140 file, or a part of it. Preprocessed, split, tokenised with a vocabulary
trained on the training half, and learnt by the reference at a small size. The accuracy is that of
the last epoch on the test half, which took no part in anything before; chance is the share of the
more frequent class there. `--rows` takes so many tweets, of both classes and both halves alike.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from pathlib import Path

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from data_utils.batching import make_loaders
from data_utils.dataset import SentimentDataset
from data_utils.history import History
from data_utils.preprocess_dataset import preprocess_dataset
from data_utils.tokenisation import train_tokenizer
from data_utils.training import train
from solutions.bert.classifier import SimplifiedBertClassifier

SIZES = {"emb_size": 64, "n_layers": 2, "n_heads": 4, "intermediate_size": 128, "dropout": 0.3}
VOCAB_SIZE = 4_000
BATCH_SIZE = 32
PEAK_LEARNING_RATE = 1e-3
# Torch starts embeddings at 1; AdamW's steps turn smaller vectors farther.
EMBEDDING_STD = 0.1


def train_from_scratch(
    halves: list[SentimentDataset], seed: int, epochs: int
) -> tuple[History, int]:
    """Return how training went and how many weights the model has."""
    torch.manual_seed(seed)
    tokenizer = train_tokenizer(halves[0].tweets, vocab_size=VOCAB_SIZE)
    loaders = make_loaders(*halves, tokenizer, BATCH_SIZE, seed=seed)
    model = SimplifiedBertClassifier(len(tokenizer), **SIZES)
    for table in (model.embedding.word_embeddings, model.embedding.position_embeddings):
        nn.init.normal_(table.weight, std=EMBEDDING_STD)
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK_LEARNING_RATE)
    steps = epochs * len(loaders[0])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LEARNING_RATE, total_steps=steps)
    history = train(
        model,
        *loaders,
        optimizer,
        nn.CrossEntropyLoss(),
        "cpu",
        epochs,
        scheduler=schedule,
        clip_norm=1.0,
        seed=seed,
        progress=False,
    )
    return history, sum(weight.numel() for weight in model.parameters())


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Train the reference from scratch on real tweets and say how far it gets.",
        epilog="example: python benchmarks/real_sample.py --data sample.csv --seeds 140",
    )
    parser.add_argument("--data", required=True, help="the raw Sentiment-140 file, or a part")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seeds", type=int, nargs="+", default=[140, 141, 142])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)

    with tempfile.TemporaryDirectory() as folder:
        processed = Path(folder) / "dataset.csv"
        rows = preprocess_dataset(chosen.data, processed, progress=False).rows_written
        fraction = min(1.0, chosen.rows / rows)
        halves = [SentimentDataset(processed, half, fraction=fraction) for half in (True, False)]
    n_test = len(halves[1])
    positive = sum(halves[1].labels) / n_test
    chance = max(positive, 1 - positive)

    lines = []
    for seed in chosen.seeds:
        started_s, started_cpu_s = time.perf_counter(), time.process_time()
        history, n_weights = train_from_scratch(halves, seed, chosen.epochs)
        wall_clock_s = time.perf_counter() - started_s
        cpu_s = time.process_time() - started_cpu_s
        accuracies = " ".join(f"{accuracy:.3f}" for accuracy in history.val_accuracy)
        lines.append(
            f"| {seed} | {history.val_accuracy[-1]:.3f} | {accuracies} "
            f"| {history.train_accuracy[-1]:.3f} | {wall_clock_s:.0f} | {cpu_s:.0f} |"
        )
    print(
        f"{len(halves[0]):,} tweets for training, {n_test:,} for the test; {chosen.epochs} epochs, "
        f"batches of {BATCH_SIZE}, {chosen.threads} CPU thread(s), torch {torch.__version__}.\n"
        f"Model: {', '.join(f'{name} {size}' for name, size in SIZES.items())}; "
        f"{n_weights:,} weights.\n\n"
        "| seed | accuracy | after each epoch | in training | time, s | CPU time, s |\n"
        "|---|---:|---|---:|---:|---:|"
    )
    print("\n".join(lines))
    error = math.sqrt(chance * (1 - chance) / n_test)
    print(f"\nChance: {chance:.3f}, with a standard error of {error:.3f}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
