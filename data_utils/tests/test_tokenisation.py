from pathlib import Path

import pytest
import torch

from data_utils.errors import DataProblem
from data_utils.tokenisation import SPECIAL_TOKENS, load_tokenizer, preprocess, train_tokenizer

pytest.importorskip("transformers")

PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "data" / "bert-base-uncased"
TWEETS = [
    "I love the runner who runs",
    "so sad, running today",
    "@ana LOVES running #run",
    "the saddest song today...",
] * 5


@pytest.fixture(autouse=True)
def _offline(monkeypatch):
    import huggingface_hub.constants

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    # The library reads the variable once, when it is imported.
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)


@pytest.fixture(scope="module")
def trained():
    return train_tokenizer(TWEETS, vocab_size=200)


def test_a_trained_tokenizer_numbers_its_special_tokens_0_to_4(trained):
    assert trained.convert_tokens_to_ids(list(SPECIAL_TOKENS)) == [0, 1, 2, 3, 4]
    assert (trained.pad_token_id, trained.unk_token_id, trained.cls_token_id) == (0, 1, 2)
    assert (trained.sep_token_id, trained.mask_token_id) == (3, 4)


def test_a_trained_tokenizer_ignores_case_and_knows_frequent_words_whole(trained):
    assert trained.tokenize("LOVE Running") == trained.tokenize("love running")
    assert trained.tokenize("running") == ["running"]


def test_letters_that_were_never_seen_become_unk(trained):
    assert trained.tokenize("zq") == ["[UNK]"]


@pytest.mark.parametrize("vocab_size", [7, 20, 60, 150])
def test_a_trained_vocabulary_never_exceeds_its_size(vocab_size):
    tokenizer = train_tokenizer(TWEETS, vocab_size=vocab_size, min_frequency=1)
    assert len(tokenizer) <= vocab_size
    assert sorted(tokenizer.get_vocab().values()) == list(range(len(tokenizer)))


@pytest.mark.parametrize("vocab_size", [60, 70, 200])
def test_training_again_gives_the_same_pieces_and_ids(vocab_size):
    # Many pieces of equal frequency, which the library by itself would rank at random.
    tweets = [f"{a}{b}{c}" for a in "abcdefg" for b in "hijklm" for c in "nopqrs"]
    vocabularies = [train_tokenizer(tweets, vocab_size).get_vocab() for _ in range(5)]
    assert all(vocabulary == vocabularies[0] for vocabulary in vocabularies)
    assert len(vocabularies[0]) == min(vocab_size, 79)


def test_a_trained_vocabulary_is_the_same_in_every_process():
    tokenizer = train_tokenizer(TWEETS, vocab_size=80)
    pieces = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)
    assert pieces[5:12] == ["#", ",", ".", "@", "a", "d", "e"]
    assert pieces[-3:] == ["ana", "who", "saddest"]


def test_a_trained_tokenizer_comes_back_from_its_folder(trained, tmp_path):
    trained.save_pretrained(tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert loaded.get_vocab() == trained.get_vocab()
    assert loaded(TWEETS)["input_ids"] == trained(TWEETS)["input_ids"]


def test_training_on_nothing_or_one_bare_text_is_refused():
    for nothing in ([], ["", "  "]):
        with pytest.raises(DataProblem, match="no words"):
            train_tokenizer(nothing)
    with pytest.raises(DataProblem, match="list of tweets"):
        train_tokenizer("one text")
    with pytest.raises(DataProblem, match="vocab_size must be at least 7"):
        train_tokenizer(TWEETS, vocab_size=6)


def test_a_batch_begins_with_cls_ends_with_sep_and_is_padded_to_its_longest(trained):
    batch = preprocess(["love", "love the runner today"], trained)
    assert set(batch) == {"input_ids", "attention_mask"}
    ids, mask = batch["input_ids"], batch["attention_mask"]
    assert ids.dtype == mask.dtype == torch.int64
    assert ids.shape == mask.shape == (2, len(trained.tokenize("love the runner today")) + 2)
    assert ids[:, 0].tolist() == [trained.cls_token_id] * 2
    assert ids[0].tolist()[:3] == [2, trained.convert_tokens_to_ids("love"), 3]
    assert ids[1, -1] == trained.sep_token_id
    assert (ids[0, 3:] == trained.pad_token_id).all()
    assert mask.tolist() == (ids != 0).long().tolist()


def test_a_long_tweet_is_cut_to_the_maximum_and_keeps_its_sep(trained):
    batch = preprocess(["love " * 300, "sad"], trained)
    assert batch["input_ids"].shape == (2, 128)
    assert batch["input_ids"][0, -1] == trained.sep_token_id
    assert preprocess(["love " * 300], trained, max_length=5)["input_ids"].shape == (1, 5)


def test_an_empty_tweet_is_just_cls_and_sep(trained):
    assert preprocess([""], trained)["input_ids"].tolist() == [[2, 3]]


def test_tweets_a_tokenizer_cannot_take_are_refused_clearly(trained):
    with pytest.raises(DataProblem, match="come as a list"):
        preprocess("one bare tweet", trained)
    with pytest.raises(DataProblem, match="no tweets"):
        preprocess([], trained)
    with pytest.raises(DataProblem, match="max_length must be at least 3"):
        preprocess(["a"], trained, max_length=2)


def test_a_model_that_is_not_here_is_refused_offline_rather_than_loaded_empty():
    # transformers 5 itself answers with a tokenizer of five special tokens.
    with pytest.raises(DataProblem, match=r"hub cannot be reached.*train_tokenizer"):
        load_tokenizer("nobody-here/no-such-bert")


@pytest.mark.parametrize("path", ["/nowhere/at/all", "./nowhere", "a/b/c"])
def test_a_folder_that_is_not_there_is_refused(path):
    with pytest.raises(DataProblem, match="is not a folder"):
        load_tokenizer(path)


def test_a_folder_without_a_vocabulary_is_refused(tmp_path):
    with pytest.raises(DataProblem, match=r"neither vocab.txt nor tokenizer.json"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{broken")
    with pytest.raises(DataProblem, match="cannot be read"):
        load_tokenizer(tmp_path)


def test_a_plain_vocab_txt_is_enough(tmp_path):
    (tmp_path / "vocab.txt").write_text("\n".join([*SPECIAL_TOKENS, "love", "##ly"]))
    assert load_tokenizer(tmp_path).tokenize("Lovely love") == ["love", "##ly", "love"]


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published vocabulary is not beside the kit")
def test_the_published_vocabulary_has_the_documented_ids():
    tokenizer = load_tokenizer(PUBLISHED)
    assert len(tokenizer) == 30_522
    assert tokenizer.convert_tokens_to_ids(list(SPECIAL_TOKENS)) == [0, 100, 101, 102, 103]
    batch = preprocess(["Hello world!"], tokenizer)
    assert batch["input_ids"].tolist() == [[101, 7592, 2088, 999, 102]]
