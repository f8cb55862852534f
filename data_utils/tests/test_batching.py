import time

import numpy as np
import pytest
import torch

from data_utils.batching import POOL_BATCHES, LengthBatches, TokenisedTweets, make_loaders
from data_utils.dataset import SentimentDataset
from data_utils.errors import DataProblem

PAD = 9


def tokenised(lengths, pad_id=PAD):
    """Return tweets of these lengths; tweet i is made of tokens 1000 + i, its label is i % 2."""
    numbers = np.arange(len(lengths))
    return TokenisedTweets(
        tokens=np.repeat(1000 + numbers, lengths).astype(np.int32),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        labels=numbers % 2,
        pad_id=pad_id,
    )


def lengths_like_tweets(count, seed=0):
    return np.random.default_rng(seed).integers(3, 60, size=count)


def numbers_of(batch):
    return (batch["input_ids"][:, 0] - 1000).tolist()


@pytest.mark.parametrize("count", [1, 7, 8, 9, 1000, 4321])
@pytest.mark.parametrize("shuffle", [True, False])
def test_an_epoch_holds_every_tweet_once_in_as_many_batches_as_promised(count, shuffle):
    batches = LengthBatches(tokenised(lengths_like_tweets(count)), 8, shuffle=shuffle)
    for _ in range(2):
        epoch = list(batches)
        assert len(epoch) == len(batches)
        assert sorted(n for batch in epoch for n in numbers_of(batch)) == list(range(count))
        assert sorted(len(batch["labels"]) for batch in epoch)[1:] == [8] * (len(epoch) - 1)


def test_a_batch_holds_the_tokens_of_its_tweets_padded_to_its_longest():
    lengths = lengths_like_tweets(300)
    for batch in LengthBatches(tokenised(lengths), 16):
        ids, mask = batch["input_ids"], batch["attention_mask"]
        numbers = numbers_of(batch)
        assert ids.dtype == mask.dtype == batch["labels"].dtype == torch.int64
        assert ids.shape == mask.shape == (len(numbers), lengths[numbers].max())
        assert batch["labels"].tolist() == [number % 2 for number in numbers]
        for row, number in enumerate(numbers):
            length = lengths[number]
            assert (ids[row, :length] == 1000 + number).all()
            assert (ids[row, length:] == PAD).all()
            assert mask[row].tolist() == [1] * length + [0] * (mask.shape[1] - length)


def test_similar_lengths_go_together():
    lengths = lengths_like_tweets(5000)
    rows = LengthBatches(tokenised(lengths), 16).choose_rows(0)
    padded = sum(lengths[batch].max() * len(batch) for batch in rows)
    assert lengths.sum() > 0.95 * padded


def test_epochs_differ_and_a_second_run_repeats_them():
    tweets = tokenised(lengths_like_tweets(500))
    runs = []
    for _ in range(2):
        batches = LengthBatches(tweets, 8, seed=3)
        runs.append([[numbers_of(batch) for batch in batches] for _ in range(2)])
    assert runs[0] == runs[1]
    assert runs[0][0] != runs[0][1]
    other = LengthBatches(tweets, 8, seed=4)
    assert [numbers_of(batch) for batch in other] != runs[0][0]


def test_the_same_tweets_do_not_stay_together_from_epoch_to_epoch():
    batches = LengthBatches(tokenised(np.full(400, 10)), 8)
    first, second = ({frozenset(numbers_of(batch)) for batch in batches} for _ in range(2))
    assert not first & second


def test_batches_of_an_epoch_do_not_come_in_order_of_length():
    one_pool = 16 * POOL_BATCHES
    epoch = list(LengthBatches(tokenised(lengths_like_tweets(one_pool)), 16))
    widths = [batch["input_ids"].shape[1] for batch in epoch]
    assert widths not in (sorted(widths), sorted(widths, reverse=True))


def test_setting_the_epoch_resumes_a_run():
    tweets = tokenised(lengths_like_tweets(100))
    run = LengthBatches(tweets, 8)
    epochs = [[numbers_of(batch) for batch in run] for _ in range(3)]
    resumed = LengthBatches(tweets, 8)
    resumed.epoch = 2
    assert [numbers_of(batch) for batch in resumed] == epochs[2]


def test_an_epoch_left_half_way_is_over():
    batches = LengthBatches(tokenised(lengths_like_tweets(100)), 8)
    next(iter(batches))
    assert batches.epoch == 1


def test_without_shuffling_every_epoch_is_the_same_and_matches_its_rows():
    batches = LengthBatches(tokenised(lengths_like_tweets(100)), 8, shuffle=False)
    expected = [rows.tolist() for rows in batches.choose_rows(0)]
    assert [numbers_of(batch) for batch in batches] == expected
    assert [numbers_of(batch) for batch in batches] == expected


@pytest.mark.parametrize("options", [{"batch_size": 0}, {"batch_size": 8, "seed": -1}])
def test_settings_out_of_range_are_refused(options):
    with pytest.raises(DataProblem, match="must be at least"):
        LengthBatches(tokenised([3, 4]), **options)


def test_an_epoch_of_200_000_tweets_is_padded_within_seconds():
    batches = LengthBatches(tokenised(lengths_like_tweets(200_000)), 64)
    started = time.perf_counter()
    assert sum(len(batch["labels"]) for batch in batches) == 200_000
    assert time.perf_counter() - started < 4


@pytest.fixture(scope="module")
def tokenizer():
    pytest.importorskip("transformers")
    from data_utils.tokenisation import train_tokenizer

    return train_tokenizer(["good bad tweet number day"] * 3 + ["0 1 2 3 4 5 6 7 8 9"] * 3)


@pytest.mark.slow
def test_tokenising_once_gives_what_the_tokenizer_gives(tokenizer):
    from data_utils.tokenisation import preprocess

    tweets = ["good day", "", "bad " * 200, "tweet number 5"] * 1500  # more than one chunk
    data = TokenisedTweets.from_tweets(tweets, [1, 0, 0, 1] * 1500, tokenizer, max_length=20)
    assert len(data) == 6000
    assert data.tokens.dtype == np.int32
    assert data.lengths.max() == 20
    rows = np.array([5999, 2, 4, 1])
    batch = data.pad_rows(rows)
    expected = preprocess([tweets[row] for row in rows], tokenizer, max_length=20)
    assert torch.equal(batch["input_ids"], expected["input_ids"])
    assert torch.equal(batch["attention_mask"], expected["attention_mask"])
    assert batch["labels"].tolist() == [1, 0, 1, 0]


def test_loaders_hold_the_two_halves_and_only_training_is_shuffled(tokenizer):
    tweets = [f"{'good' if i % 2 else 'bad'} tweet number {i}" for i in range(100)]
    labels = [i % 2 for i in range(100)]
    halves = [SentimentDataset.from_tweets(tweets, labels, side) for side in (True, False)]
    train, test = make_loaders(*halves, tokenizer, 8)
    assert (len(train), len(test)) == (10, 3)
    assert sum(len(batch["labels"]) for batch in train) == 80
    assert (train.shuffle, test.shuffle) == (True, False)
    good = tokenizer.convert_tokens_to_ids("good")
    for loader in (train, test):
        for batch in loader:
            assert (batch["input_ids"] == good).any(dim=1).long().tolist() == batch[
                "labels"
            ].tolist()


def test_labels_that_do_not_match_the_tweets_are_refused(tokenizer):
    with pytest.raises(DataProblem, match="2 tweets do not match 1 labels"):
        TokenisedTweets.from_tweets(["a", "b"], [1], tokenizer)
    with pytest.raises(DataProblem, match="no tweets"):
        TokenisedTweets.from_tweets([], [], tokenizer)
