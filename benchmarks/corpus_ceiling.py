"""How far models get on the embedded corpus when something of BERT is missing.

    python benchmarks/corpus_ceiling.py [--hard 8000] [--easy 5600] [--epochs 8] [--seeds 3] ...

Tweets of the full style of `data_utils.corpus` are generated. There every second clause is negated
and most tweets hold two clauses that disagree, so no word says anything by itself and there is
nothing simple to begin with: to the training half come easy tweets, of one clause and seldom
negated, from which the words can be learnt. The test holds the full style only, and no text that
was trained on. Numbers of tweets, sizes and epochs are by default much like the notebook's. Each
model learns the same tweets with the same vocabulary (every word an entry), batches and number of
epochs:

- a bag of words: logistic regression on which words a tweet holds; no order, no interplay;
- the reference, its position vectors held at 0: attention, but no order of words;
- the reference, attention left out and the mean of all tokens read instead of [CLS]'s vector (or it
  would read nothing but [CLS]): every token, with its place, for itself;
- the reference, attending to all real tokens of a tweet alike;
- the reference, started as torch starts it: embeddings with a standard deviation of 1;
- the reference, its embeddings started small; so do the first three variants of it. (A fresh model
  sees the same either way, for LayerNorm follows. But AdamW moves every number by about the
  learning rate in a step, which turns a small vector farther.)

Accuracy is given by seed (which draws tweets and weights anew) and on average. The rules label
every tweet without exception, so 1 is reachable, and half the tweets are positive, so 0.5 is
chance.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from data_utils.batching import LengthBatches, TokenisedTweets
from data_utils.corpus import FULL, Tweet, generate_tweets, split_words
from data_utils.training import train
from solutions.bert.classifier import SimplifiedBertClassifier

SIZES = {"emb_size": 64, "n_layers": 2, "n_heads": 4, "intermediate_size": 128, "dropout": 0.1}
BATCH_SIZE = 64
LEARNING_RATE, BAG_LEARNING_RATE = 2e-3, 1e-2
EMBEDDING_STD = 0.1
PAD, UNKNOWN, CLS, SEP = range(4)


class BagOfWords(nn.Module):
    """Logistic regression on the words of a tweet, each counted once."""

    def __init__(self, vocab_size: int) -> None:
        super().__init__()
        self.vocab_size = vocab_size
        self.linear = nn.Linear(vocab_size, 2)
        nn.init.zeros_(self.linear.weight)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Score a batch; one row of logits (B, 2)."""
        bag = torch.zeros(len(input_ids), self.vocab_size)
        bag.scatter_reduce_(1, input_ids, attention_mask.float(), reduce="amax")
        return self.linear(bag)


class LeftOut(nn.Module):
    """Stands where attention was: every token stays as it is."""

    def forward(self, emb: Tensor, att_mask: Tensor | None = None) -> Tensor:
        """Give back what came in."""
        return emb


class MeanOfTokens(nn.Module):
    """The reference's parts without attention; the mean of all real tokens goes to the pooler."""

    def __init__(self, vocab_size: int) -> None:
        super().__init__()
        self.model = make_reference(vocab_size)
        for block in self.model.encoder.transformer_layers:
            block.attn = LeftOut()

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Score a batch; one row of logits (B, 2)."""
        model, real = self.model, attention_mask.unsqueeze(-1)
        tokens = model.encoder(model.embedding(input_ids), attention_mask)
        mean = (tokens * real).sum(dim=1) / real.sum(dim=1)  # (B, T, C) -> (B, C)
        return model.classifier(model.dropout(model.pooler(mean.unsqueeze(1))))


def start_as_torch_does(vocab_size: int) -> SimplifiedBertClassifier:
    return SimplifiedBertClassifier(vocab_size, **SIZES)


def make_reference(vocab_size: int) -> SimplifiedBertClassifier:
    model = start_as_torch_does(vocab_size)
    for table in (model.embedding.word_embeddings, model.embedding.position_embeddings):
        nn.init.normal_(table.weight, std=EMBEDDING_STD)
    return model


def leave_out_positions(vocab_size: int) -> nn.Module:
    model = make_reference(vocab_size)
    positions = model.embedding.position_embeddings.weight
    positions.requires_grad_(False).zero_()
    return model


def make_attention_uniform(vocab_size: int) -> nn.Module:
    """Hold all queries at 0: all scores are then equal, and only the mask tells keys apart."""
    model = make_reference(vocab_size)
    for block in model.encoder.transformer_layers:
        for weight in block.attn.query.parameters():
            weight.requires_grad_(False).zero_()
    return model


EASY = replace(FULL, negation_rate=0.1, contrast_rate=0.0)
MODELS: dict[str, Callable[[int], nn.Module]] = {
    "bag of words": BagOfWords,
    "no positions": leave_out_positions,
    "no attention, mean of tokens": MeanOfTokens,
    "uniform attention": make_attention_uniform,
    "the reference, torch's own start": start_as_torch_does,
    "the reference": make_reference,
}


def encode_tweets(tweets: Iterable[Tweet], vocabulary: dict[str, int]) -> TokenisedTweets:
    """Return the tweets' ids, [CLS] first and [SEP] last."""
    tweets = list(tweets)
    rows = [
        [CLS, *(vocabulary.get(word, UNKNOWN) for word in split_words(tweet.text)), SEP]
        for tweet in tweets
    ]
    return TokenisedTweets(
        tokens=np.array([number for row in rows for number in row], dtype=np.int32),
        offsets=np.cumsum([0, *map(len, rows)]),
        labels=np.array([tweet.label for tweet in tweets]),
        pad_id=PAD,
    )


def draw_corpus(seed: int, chosen: argparse.Namespace):
    """Return training and test tweets, tokenised, and the size of the vocabulary."""
    test_tweets = generate_tweets(chosen.test, seed + 1)
    barred = {tweet.text for tweet in test_tweets}
    train_tweets = generate_tweets(chosen.hard, seed, exclude=barred)
    # Of one clause there are not so many: they come as often as they fall.
    train_tweets += generate_tweets(
        chosen.easy, seed + 2, style=EASY, exclude=barred, distinct=False
    )
    words = sorted({word for tweet in train_tweets for word in split_words(tweet.text)})
    vocabulary = {word: SEP + 1 + number for number, word in enumerate(words)}
    halves = [encode_tweets(tweets, vocabulary) for tweets in (train_tweets, test_tweets)]
    return halves, SEP + 1 + len(words)


def measure(make_model: Callable[[int], nn.Module], halves, vocab_size: int, seed: int, chosen):
    """Return test accuracy after the last epoch, training accuracy in it, and CPU seconds."""
    torch.manual_seed(seed)
    model = make_model(vocab_size)
    loaders = [
        LengthBatches(half, BATCH_SIZE, shuffle=number == 0, seed=seed)
        for number, half in enumerate(halves)
    ]
    bag = isinstance(model, BagOfWords)
    peak = BAG_LEARNING_RATE if bag else LEARNING_RATE
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=peak, weight_decay=0.0 if bag else 0.01)
    steps = chosen.epochs * len(loaders[0])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, peak, total_steps=steps)
    started_s = time.process_time()
    history = train(
        model,
        *loaders,
        optimizer,
        nn.CrossEntropyLoss(),
        "cpu",
        chosen.epochs,
        scheduler=schedule,
        clip_norm=1.0,
        seed=seed,
        progress=False,
    )
    taken_s = time.process_time() - started_s
    return history.val_accuracy[-1], history.train_accuracy[-1], taken_s


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Measure what models with something missing reach on the embedded corpus.",
        epilog="example: python benchmarks/corpus_ceiling.py --seeds 1 --epochs 4",
    )
    parser.add_argument("--model", choices=MODELS, help="measure this one only (all)")
    parser.add_argument("--hard", type=int, default=8_000, help="to learn from")
    parser.add_argument("--easy", type=int, default=5_600, help="besides, to begin with")
    parser.add_argument("--test", type=int, default=2_000)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)

    models = [chosen.model] if chosen.model else list(MODELS)
    seeds = [140 + 10 * number for number in range(chosen.seeds)]
    results: dict[str, list[tuple[float, float, float]]] = {name: [] for name in models}
    for seed in seeds:
        halves, vocab_size = draw_corpus(seed, chosen)
        for name in models:
            results[name].append(measure(MODELS[name], halves, vocab_size, seed, chosen))
            print(f"seed {seed}, {name}: {results[name][-1][0]:.3f}", file=sys.stderr, flush=True)

    print(
        f"{chosen.hard:,} tweets of the full style and {chosen.easy:,} easy ones for training, "
        f"{chosen.test:,} of the full style for the test; {vocab_size} words, "
        f"{chosen.epochs} epochs, batches of {BATCH_SIZE}.\n"
        f"The reference: {', '.join(f'{name} {size}' for name, size in SIZES.items())}; "
        f"{chosen.threads} CPU thread(s), torch {torch.__version__}.\n"
    )
    columns = " | ".join(f"seed {seed}" for seed in seeds)
    print(f"| model | {columns} | mean | in training | CPU s |")
    print("|---|" + "---:|" * (len(seeds) + 3))
    for name, of_seeds in results.items():
        tests, trainings, times_s = zip(*of_seeds, strict=True)
        cells = [*tests, sum(tests) / len(tests), sum(trainings) / len(trainings)]
        text = " | ".join(f"{cell:.3f}" for cell in cells)
        print(f"| {name} | {text} | {sum(times_s) / len(times_s):.0f} |")
    error = math.sqrt(0.25 / chosen.test)
    print(f"\nOne standard error of a single accuracy is at most {error:.3f}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
