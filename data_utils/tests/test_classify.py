"""What classify_tweet promises, with a tokenizer of seven words."""

import types

import pytest
import torch
from torch import nn

from data_utils.classify import TWEETS_PER_PASS, Verdict, classify_tweet
from data_utils.errors import DataProblem

WORDS = {"[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "[UNK]": 3, "good": 4, "bad": 5, "day": 6}


def tokenizer(tweets, *, max_length, **settings):
    """Do what Hugging Face's tokenizer does when asked as `preprocess` asks it."""
    assert settings["return_tensors"] == "pt"
    rows = []
    for tweet in tweets:
        words = [WORDS.get(word, WORDS["[UNK]"]) for word in tweet.split()][: max_length - 2]
        rows.append([WORDS["[CLS]"], *words, WORDS["[SEP]"]])
    longest = max(map(len, rows))
    return {
        "input_ids": torch.tensor([row + [0] * (longest - len(row)) for row in rows]),
        "attention_mask": torch.tensor(
            [[1] * len(row) + [0] * (longest - len(row)) for row in rows]
        ),
    }


class CountsGood(nn.Module):
    """Logits: how often "bad" and "good" occur; in training mode nonsense."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.batch_sizes = []

    def forward(self, input_ids, attention_mask):
        assert not torch.is_grad_enabled()
        self.batch_sizes.append(len(input_ids))
        if self.training:
            return torch.full((len(input_ids), 2), 99.0)
        counts = [((input_ids == WORDS[word]) * attention_mask).sum(1) for word in ("bad", "good")]
        return torch.stack(counts, dim=1) * self.weight


class LikeHuggingFace(CountsGood):
    def forward(self, input_ids, attention_mask):
        return types.SimpleNamespace(logits=super().forward(input_ids, attention_mask))


@pytest.mark.parametrize("kind", [CountsGood, LikeHuggingFace])
def test_a_tweet_gets_its_label_name_and_probability(kind):
    verdict = classify_tweet("good day", kind(), tokenizer, "cpu", kind is LikeHuggingFace)
    assert (verdict.label, verdict.name) == (1, "positive")
    assert verdict.probability == pytest.approx(torch.sigmoid(torch.tensor(1.0)).item())
    verdict = classify_tweet("bad bad day", kind(), tokenizer, finetuning=kind is LikeHuggingFace)
    assert (verdict.label, verdict.name) == (0, "negative")
    assert verdict.probability == pytest.approx(torch.sigmoid(torch.tensor(2.0)).item())


def test_a_verdict_prints_as_a_reader_would_say_it():
    assert str(Verdict(1, "positive", 0.98312)) == "positive (98.3 %)"


def test_a_list_gives_a_list_in_order_whatever_the_batches():
    tweets = ["good", "bad day bad", "bad", "good good day"] * TWEETS_PER_PASS
    model = CountsGood()
    verdicts = classify_tweet(tweets, model, tokenizer)
    assert verdicts == [classify_tweet(tweet, model, tokenizer) for tweet in tweets]
    assert max(model.batch_sizes) == TWEETS_PER_PASS
    assert classify_tweet(["good"], model, tokenizer) == verdicts[:1]
    assert classify_tweet([], model, tokenizer) == []


@pytest.mark.parametrize("training", [True, False])
def test_dropout_is_off_and_the_mode_is_kept(training):
    model = CountsGood().train(training)
    assert classify_tweet("good", model, tokenizer).name == "positive"
    assert model.training is training


def test_a_long_tweet_is_read_up_to_max_length():
    tweet = "good " + "bad " * 9
    assert classify_tweet(tweet, CountsGood(), tokenizer).name == "negative"
    assert classify_tweet(tweet, CountsGood(), tokenizer, max_length=3).name == "positive"


def test_a_model_of_three_classes_names_them_by_number():
    class ThirdOfThree(CountsGood):
        def forward(self, input_ids, attention_mask):
            return torch.eye(3)[2].repeat(len(input_ids), 1)

    assert classify_tweet("day", ThirdOfThree(), tokenizer).name == "class 2"


class NotFinite(CountsGood):
    def forward(self, input_ids, attention_mask):
        return super().forward(input_ids, attention_mask) * torch.nan


class OneColumn(CountsGood):
    def forward(self, input_ids, attention_mask):
        return super().forward(input_ids, attention_mask)[:, 0]


@pytest.mark.parametrize(
    ("tweet", "kind", "finetuning", "message"),
    [
        ("good", NotFinite, False, r"shape \(1, 2\), not all finite"),
        ("good", OneColumn, False, r"shape \(1,\), all finite"),
        ("good", CountsGood, True, "finetuning=True is for Hugging Face"),
        ("good", LikeHuggingFace, False, "finetuning=True is for Hugging Face"),
        (["good", None], CountsGood, False, "None is a NoneType"),
    ],
)
def test_what_cannot_be_judged_is_told(tweet, kind, finetuning, message):
    with pytest.raises(DataProblem, match=message):
        classify_tweet(tweet, kind(), tokenizer, finetuning=finetuning)
