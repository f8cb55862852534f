"""The training check's trusted half: the task, the reference's run, and what counts as learnt.

Runs on the trusted side only: it holds the test labels. The loop itself is the one the sandbox
runs, `autograder.untrusted.training`, so the reference and a submission are trained alike: same
tweets, same batches, same initial weights.

The task is made so that a fault shows as accuracy near chance and never as a slightly lower one:

- Reading a tweet needs the order of its clauses (no positions: two thirds right at best) and
  exchange between its tokens (no attention: one half).
- Behind each tweet the padding holds more words, "but" and a clause that says the opposite, so a
  model that ignores the mask cannot tell where the tweet ends (two thirds right at best).
- Embedding, attention and pooler start out useless in a way only their own gradients repair: see
  `_draw_initial_value`. A model in which one of them gets no gradient stays at one half, and so
  does one in which any layer cuts the gradient to the layers below it.

What accuracy cannot show: feed-forward layers or a linear head that stay as they were drawn, since
a random one serves the layers around it well enough, and attention whose weights are uniform. The
checks of gradients and values answer for those.

`benchmarks/mini_training_study.py` measures all of this; the constants below come from its table.
"""

import functools
import hashlib
import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from autograder.untrusted.training import train_and_predict
from data_utils.corpus import COMPACT, Tweet, draw_clause, generate_tweets, split_words

from .classifier import SimplifiedBertClassifier

# A submission may fall this far behind the reference, and must always reach the floor. Of 300
# trainings of correct models the worst reached 0.92, 299 reached 0.97 (float rounding, amplified by
# training); the best of the faulty ones this check answers for reached 0.71. The line is between.
ACCURACY_MARGIN = 0.17
ACCURACY_FLOOR = 0.80

# Id 0 stands for no word: a submission whose word embedding never trains row 0 loses nothing by it.
UNUSED_ID = 0

LEARNING_RATE = 5e-3
WEIGHT_DECAY = 0.01
WARMUP_STEPS = 6

# The first steps see one-clause tweets only: meanings first, then what "but" does to them.
EASY_STEPS_SHARE = 0.2

# Words start almost alike, drowned by their positions, until the embedding learns them apart.
WORD_STD = 0.005
POSITION_STD = 0.1
LINEAR_GAIN = 1.4  # std of a linear map's weights, times the root of its input size
POOLER_BIAS_STD = 0.5
HEAD_STD = 0.5


@dataclass(frozen=True)
class Scale:
    """How large one training is."""

    emb_size: int
    intermediate_size: int  # unlike emb_size, so that no two kinds of weight share a shape
    n_heads: int
    steps: int
    batch: int
    train_tweets: int
    test_tweets: int


N_LAYERS = 2
CPU_SCALE = Scale(32, 48, 4, steps=240, batch=64, train_tweets=5120, test_tweets=512)
CUDA_SCALE = Scale(64, 96, 4, steps=300, batch=128, train_tweets=16384, test_tweets=2048)


@dataclass(frozen=True)
class TrainingTask:
    """One training, wholly determined by its seed. The test labels stay on the trusted side."""

    model_kwargs: Mapping[str, Any]
    initial_state: Mapping[str, Tensor]  # the reference's parameters by name, float32
    train_ids: Tensor  # (N, T) int64, real words behind the padding boundary too
    train_mask: Tensor  # (N, T) int64
    train_labels: Tensor  # (N,) int64
    batch_order: Tensor  # (steps, batch) int64
    test_ids: Tensor  # (M, T) int64
    test_mask: Tensor  # (M, T) int64
    test_labels: Tensor  # (M,) int64
    learning_rate: float
    weight_decay: float
    warmup_steps: int
    device: str
    autocast_bf16: bool

    def worker_tensors(self) -> dict[str, Tensor]:
        """Return the tensors a submission may see: everything but the test labels."""
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.type is Tensor and field.name != "test_labels"
        }

    def worker_settings(self) -> dict[str, Any]:
        """Return the loop's other arguments."""
        names = ("learning_rate", "weight_decay", "warmup_steps", "device", "autocast_bf16")
        return {name: getattr(self, name) for name in names}


def _hide(seed: int) -> bytes:
    """Return what the labels are drawn from: of a seed alone, as reports tell it, nobody knows.

    It takes this file, which only staff have; a run is replayed by its seed all the same.
    """
    return hashlib.blake2b(Path(__file__).read_bytes(), key=str(seed).encode()).digest()


# A class is graded with one seed, and nobody changes a task.
@functools.lru_cache(maxsize=2)
def build_training_task(seed: int, device: str = "cpu") -> TrainingTask:
    """Draw corpus, vocabulary, batches and initial weights from `seed`.

    On a GPU the model and its data are larger and the forward pass runs in bfloat16.
    """
    on_gpu = device.startswith("cuda")
    scale = CUDA_SCALE if on_gpu else CPU_SCALE
    rng = random.Random(_hide(seed))  # noqa: S311 - a corpus, not a secret
    generator = torch.Generator().manual_seed(rng.getrandbits(62))

    test = generate_tweets(scale.test_tweets, rng.getrandbits(62), style=COMPACT, distinct=False)
    train = generate_tweets(
        scale.train_tweets,
        rng.getrandbits(62),
        style=COMPACT,
        distinct=False,
        exclude={tweet.text for tweet in test},
    )
    encoder = _Encoder([*train, *test], rng, generator)
    train_ids, train_mask = encoder.encode(train)
    test_ids, test_mask = encoder.encode(test)
    model_kwargs = {
        "vocab_size": encoder.vocab_size,
        "emb_size": scale.emb_size,
        "n_layers": N_LAYERS,
        "n_heads": scale.n_heads,
        "intermediate_size": scale.intermediate_size,
        "dropout": 0.0,
    }
    return TrainingTask(
        model_kwargs=model_kwargs,
        initial_state=_draw_initial_state(model_kwargs, generator),
        train_ids=train_ids,
        train_mask=train_mask,
        train_labels=_labels_of(train),
        batch_order=_order_batches(train, scale, generator),
        test_ids=test_ids,
        test_mask=test_mask,
        test_labels=_labels_of(test),
        learning_rate=LEARNING_RATE,
        weight_decay=WEIGHT_DECAY,
        warmup_steps=WARMUP_STEPS,
        device=device,
        autocast_bf16=on_gpu,
    )


def train_reference(task: TrainingTask) -> Tensor:
    """Train the reference on `task` and return its test logits, (M, 2) float32."""
    model = SimplifiedBertClassifier(**task.model_kwargs)
    # Not strict: the position ids are a buffer the model makes itself.
    model.load_state_dict(dict(task.initial_state), strict=False)
    return train_and_predict(model, **task.worker_tensors(), **task.worker_settings())


def measure_accuracy(logits: Tensor, labels: Tensor) -> float:
    """Return the share of rows labelled right; a row that is not finite is wrong."""
    right = (logits.argmax(dim=1) == labels) & logits.isfinite().all(dim=1)
    return right.double().mean().item()


def required_accuracy(reference_accuracy: float) -> float:
    """Return what a submission must reach on the task where the reference reached the given."""
    return max(ACCURACY_FLOOR, reference_accuracy - ACCURACY_MARGIN)


class _Encoder:
    """Tweets to ids: a first token, the tweet's words, then misleading words behind the mask."""

    def __init__(
        self, tweets: Sequence[Tweet], rng: random.Random, generator: torch.Generator
    ) -> None:
        words = sorted({word for tweet in tweets for word in split_words(tweet.text)})
        # Ids are dealt anew by every seed: what some id meant in an earlier run says nothing.
        ids = (torch.randperm(len(words) + 1, generator=generator) + UNUSED_ID + 1).tolist()
        self.first_id, self.id_of = ids[0], dict(zip(words, ids[1:], strict=True))
        self.vocab_size = len(words) + 1 + UNUSED_ID + 1
        self.tokens = 1 + max(len(split_words(tweet.text)) for tweet in tweets)
        self.rng = rng

    def encode(self, tweets: Sequence[Tweet]) -> tuple[Tensor, Tensor]:
        """Return ids and mask, both (rows, T) int64."""
        rows: list[list[int]] = []
        lengths: list[int] = []
        for tweet in tweets:
            words = split_words(tweet.text)
            lengths.append(1 + len(words))
            self._mislead(words, tweet.label)
            ids = [self.first_id] + [self.id_of[word] for word in words]
            rows.append(ids[: self.tokens])
        mask = torch.arange(self.tokens) < torch.tensor(lengths)[:, None]
        return torch.tensor(rows), mask.long()

    def _mislead(self, words: list[str], label: int) -> None:
        """Go on behind the tweet as if it did: "but" and a clause of the opposite sentiment.

        "A" padded by "but B" reads just like the tweet "A but B", which has the other label.
        """
        while 1 + len(words) < self.tokens:
            label = 1 - label
            words.append(self.rng.choice(COMPACT.lexicon.adversatives))
            words.extend(split_words(draw_clause(self.rng, COMPACT, label)))


def _order_batches(tweets: Sequence[Tweet], scale: Scale, generator: torch.Generator) -> Tensor:
    """Return rows by step, (steps, batch): easy tweets first, then all of them, reshuffled."""
    joints = {*COMPACT.lexicon.adversatives, *COMPACT.lexicon.concessives}
    easy = [row for row, tweet in enumerate(tweets) if joints.isdisjoint(tweet.text.split())]
    easy_steps = round(EASY_STEPS_SHARE * scale.steps)
    return torch.cat(
        [
            _draw_rows(easy, easy_steps * scale.batch, generator),
            _draw_rows(range(len(tweets)), (scale.steps - easy_steps) * scale.batch, generator),
        ]
    ).view(scale.steps, scale.batch)


def _draw_rows(rows: Iterable[int], count: int, generator: torch.Generator) -> Tensor:
    """Return `count` of `rows`, each again only when all have come up."""
    pool = torch.tensor(list(rows))
    rounds = math.ceil(count / len(pool))
    drawn = [pool[torch.randperm(len(pool), generator=generator)] for _ in range(rounds)]
    return torch.cat(drawn)[:count]


def _labels_of(tweets: Sequence[Tweet]) -> Tensor:
    return torch.tensor([tweet.label for tweet in tweets])


def _draw_initial_state(
    model_kwargs: Mapping[str, Any], generator: torch.Generator
) -> dict[str, Tensor]:
    model = SimplifiedBertClassifier(**model_kwargs)
    return {
        name: _draw_initial_value(name, parameter.shape, generator)
        for name, parameter in model.named_parameters()
    }


def _draw_initial_value(name: str, shape: torch.Size, generator: torch.Generator) -> Tensor:
    """Return a start from which the model gets nowhere unless each of three layers learns.

    Words are drowned by their positions, attention adds nothing, the pooler passes nothing on.
    """
    stds = {
        "embedding.word_embeddings.weight": WORD_STD,
        "embedding.position_embeddings.weight": POSITION_STD,
        "pooler.dense.bias": POOLER_BIAS_STD,
        "classifier.weight": HEAD_STD,
    }
    if name.endswith(("attn.final_linear.weight", "pooler.dense.weight")):
        return torch.zeros(shape)
    if name in stds:
        return torch.randn(shape, generator=generator) * stds[name]
    if name.endswith(".bias"):
        return torch.zeros(shape)
    if name.endswith(".ln.weight"):
        return torch.ones(shape)
    return torch.randn(shape, generator=generator) * (LINEAR_GAIN / math.sqrt(shape[1]))
