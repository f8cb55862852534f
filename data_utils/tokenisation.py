"""Tweets to token ids: BERT's tokenizer loaded or trained, and the tensors a model takes.

Runs anywhere; transformers and tokenizers are imported only when a tokenizer is loaded or trained.

A tokenizer is always a `transformers.BertTokenizer`: lower case, WordPiece, `[CLS] tweet [SEP]`.
The ids of its special tokens depend on where its vocabulary comes from:

| token            | [PAD] | [UNK] | [CLS] | [SEP] | [MASK] |
|------------------|-------|-------|-------|-------|--------|
| bert-base-uncased|     0 |   100 |   101 |   102 |    103 |
| trained here     |     0 |     1 |     2 |     3 |      4 |

so ask `tokenizer.cls_token_id` and its like for them, and rely on nothing but [PAD] = 0.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from data_utils.errors import DataProblem
from data_utils.weight_files import reach_hub

if TYPE_CHECKING:
    from transformers import BertTokenizer

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
# A vocabulary of a few thousand entries is to hold words, not the rarest letters of the world.
ALPHABET_MAX = 1_000


def load_tokenizer(name_or_path: str | os.PathLike[str] = "bert-base-uncased") -> BertTokenizer:
    """Return the BERT tokenizer of a hub model or of a local folder.

    A folder holds `vocab.txt`, or the `tokenizer.json` that `save_pretrained` writes, and needs no
    network; neither does a hub model that was downloaded before. Raises DataProblem when the folder
    holds neither file, and after about ten seconds when the hub cannot be reached.
    """
    folder = Path(name_or_path)
    if folder.is_dir():
        if not any((folder / name).is_file() for name in ("vocab.txt", "tokenizer.json")):
            raise DataProblem(f"{folder} holds neither vocab.txt nor tokenizer.json.")
        tokenizer = _load(str(folder), local_files_only=True)
        if tokenizer is None:
            raise DataProblem(f"The vocabulary in {folder} cannot be read as a BERT tokenizer's.")
        return tokenizer
    name = str(name_or_path)
    if folder.is_absolute() or name.startswith(".") or name.count("/") > 1:
        raise DataProblem(f"{folder} is not a folder: give one with a vocab.txt in it.")
    tokenizer = _load(name, local_files_only=True)
    if tokenizer is None:
        try:
            reach_hub(name)
        except DataProblem as problem:
            raise DataProblem(f"{problem}, or train a tokenizer with train_tokenizer.") from problem
        tokenizer = _load(name, local_files_only=False)
    if tokenizer is None:
        raise DataProblem(f"{name} on the Hugging Face hub has no BERT vocabulary.")
    return tokenizer


def _load(source: str, *, local_files_only: bool) -> BertTokenizer | None:
    """Return the tokenizer, or None when `source` gives no vocabulary."""
    from transformers import BertTokenizer

    try:
        tokenizer = BertTokenizer.from_pretrained(source, local_files_only=local_files_only)
    except Exception:  # noqa: BLE001 (which errors a hub client raises changes with its releases)
        return None
    # Where it finds no vocabulary, transformers 5 returns one of special tokens only, in silence:
    # every word of every tweet would become [UNK].
    return tokenizer if len(tokenizer) > len(SPECIAL_TOKENS) else None


def train_tokenizer(
    tweets: Iterable[str], vocab_size: int = 8_000, min_frequency: int = 2
) -> BertTokenizer:
    """Train a WordPiece vocabulary on `tweets` and return its tokenizer.

    The vocabulary has at most `vocab_size` entries, fewer where the tweets give no more pieces seen
    `min_frequency` times; `len(tokenizer)` says how many. Special tokens have the ids 0 to 4 (see
    above), letters the next ones. The same tweets give the same ids in every run.
    `save_pretrained(folder)` keeps the tokenizer and `load_tokenizer(folder)` brings it back.
    Raises DataProblem when there are no words in the tweets or the size is too small for letters.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
    from transformers import BertTokenizer

    if isinstance(tweets, str):
        raise DataProblem("train_tokenizer takes a list of tweets, not one text.")
    # A letter takes two entries: one where it begins a word and one ("##a") where it goes on.
    letters_max = min(ALPHABET_MAX, (vocab_size - len(SPECIAL_TOKENS)) // 2)
    if letters_max < 1:
        raise DataProblem(f"vocab_size must be at least {len(SPECIAL_TOKENS) + 2}.")
    tweets = list(tweets)
    trained = Tokenizer(models.WordPiece(unk_token=SPECIAL_TOKENS[1]))
    trained.normalizer = normalizers.BertNormalizer(lowercase=True)
    trained.pre_tokenizer = split = pre_tokenizers.BertPreTokenizer()
    letters = _choose_letters(tweets, trained.normalizer.normalize_str, letters_max)
    # Left to itself the trainer numbers "##" letters in the random order of a hash table and, as
    # it breaks ties by number, ends with other pieces in every run. Only special tokens are
    # numbered as given, so to the trainer, whose own tokenizer is thrown away, letters are that.
    # Punctuation is split off before a word is cut up and never goes on.
    going_on = [letter for letter in letters if len(split.pre_tokenize_str("a" + letter)) == 1]
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        limit_alphabet=len(letters),
        initial_alphabet=letters,
        special_tokens=[*SPECIAL_TOKENS, *letters, *("##" + letter for letter in going_on)],
        show_progress=False,
    )
    trained.train_from_iterator(tweets, trainer)
    return BertTokenizer(vocab=trained.get_vocab(), do_lower_case=True)


def _choose_letters(
    tweets: list[str], normalise: Callable[[str], str], letters_max: int
) -> list[str]:
    """Return the most frequent letters of the tweets, in order of their code points."""
    raw: Counter[str] = Counter()
    for tweet in tweets:
        raw.update(tweet)
    counts: Counter[str] = Counter()
    for character, count in raw.items():  # one by one: thousands, where the tweets are millions
        for letter in normalise(character):
            if not letter.isspace():
                counts[letter] += count
    if not counts:
        raise DataProblem("There are no words to train a tokenizer on.")
    return sorted(sorted(counts, key=lambda letter: (-counts[letter], letter))[:letters_max])


def preprocess(
    tweets: Sequence[str], tokenizer: BertTokenizer, max_length: int = 128
) -> dict[str, Tensor]:
    """Return the model's inputs for a batch of B tweets.

    `input_ids` (B, T) int64 begins each row with [CLS], ends the tweet with [SEP] and fills up with
    [PAD]; `attention_mask` (B, T) int64 is 1 on the tweet and 0 on padding. T is the longest tweet
    of the batch, at most `max_length`: what exceeds it is cut off before [SEP]. Raises DataProblem
    for no tweets, one bare text, or a `max_length` below 3.
    """
    refuse_unusable(tweets, max_length)
    encoded = tokenizer(
        list(tweets),
        padding="longest",
        truncation=True,
        max_length=max_length,
        return_token_type_ids=False,
        return_tensors="pt",
    )
    return {"input_ids": encoded["input_ids"], "attention_mask": encoded["attention_mask"]}


def refuse_unusable(tweets: Sequence[str], max_length: int) -> None:
    """Raise DataProblem for what a tokenizer would answer with an obscure error, or not at all."""
    if isinstance(tweets, str):
        raise DataProblem("Tweets come as a list: give [tweet] for a single one.")
    if not len(tweets):
        raise DataProblem("There are no tweets to tokenise.")
    if max_length < 3:
        raise DataProblem(
            f"max_length must be at least 3 ([CLS], a token, [SEP]), got {max_length}."
        )
