"""What the embedded corpus promises, checked by a reader that shares no code with the generator."""

import hashlib
from collections import Counter

import pytest

from data_utils.corpus import COMPACT, FULL, NEGATORS, Tweet, generate_tweets, split_words

STYLES = pytest.mark.parametrize("style", [FULL, COMPACT], ids=["full", "compact"])

# The rules' words, written out again on purpose.
SAYS_GOOD = set(
    "great good wonderful amazing lovely brilliant delightful fantastic beautiful fun superb "
    "charming perfect excellent sweet exciting neat cheerful awesome impressive "
    "love enjoy like adore recommend cherish appreciate treasure".split()
)
SAYS_BAD = set(
    "awful terrible bad boring disappointing horrible dreadful annoying ugly painful pathetic "
    "miserable lousy gloomy useless broken dull nasty sad rubbish "
    "hate dislike regret dread despise resent loathe mourn".split()
)
FLIPS = set("not never hardly isn't wasn't don't can't couldn't didn't".split())
TURNS = set("but yet still however nevertheless".split())
CONCEDES = set("although though while whereas".split())


def read_clause(words):
    flipped, found = False, []
    for word in words:
        if word in FLIPS:
            flipped = not flipped
        elif word in SAYS_GOOD or word in SAYS_BAD:
            found.append((word in SAYS_GOOD) != flipped)
    assert len(found) == 1, words
    return int(found[0])


def read_tweet(text):
    """Return the label by the four rules, and the label of the clause that does not decide."""
    words = split_words(text)
    joints = [i for i, word in enumerate(words) if word in TURNS | CONCEDES]
    if not joints:
        return read_clause(words), None
    (joint,) = joints
    if words[joint] in CONCEDES and "," in words:
        comma = words.index(",")
        assert joint < comma
        return read_clause(words[comma:]), read_clause(words[joint:comma])
    before, after = read_clause(words[:joint]), read_clause(words[joint:])
    return (after, before) if words[joint] in TURNS else (before, after)


@STYLES
def test_every_label_follows_from_the_rules(style):
    tweets = generate_tweets(3000, 1, style=style, distinct=False)
    assert [read_tweet(tweet.text)[0] for tweet in tweets] == [tweet.label for tweet in tweets]


@STYLES
def test_the_two_clauses_of_a_contrast_disagree(style):
    for tweet in generate_tweets(2000, 2, style=style, distinct=False):
        decides, yields = read_tweet(tweet.text)
        assert yields is None or yields != decides, tweet


@STYLES
def test_labels_are_balanced_to_within_one(style):
    for n in (1000, 1001):
        positives = sum(tweet.label for tweet in generate_tweets(n, 3, style=style, distinct=False))
        assert abs(2 * positives - n) <= 1


@STYLES
def test_lengths_stay_within_the_style(style):
    lengths = [len(t.text.split()) for t in generate_tweets(2000, 4, style=style, distinct=False)]
    assert style.words_min <= min(lengths)
    assert max(lengths) <= style.words_max
    assert len(set(lengths)) > 4


def test_the_same_seed_gives_the_same_tweets_and_another_seed_others():
    assert generate_tweets(200, 5) == generate_tweets(200, 5)
    assert generate_tweets(200, 5) != generate_tweets(200, 6)


@pytest.mark.parametrize(
    ("style", "digest"),
    [(FULL, "b69d9d986fb083e4"), (COMPACT, "8186f310214721b6")],
    ids=["full", "compact"],
)
def test_the_tweets_of_a_seed_are_the_same_on_every_machine(style, digest):
    tweets = generate_tweets(100, 7, style=style)
    text = "\n".join(f"{tweet.label} {tweet.text}" for tweet in tweets)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == digest


def test_no_tweet_comes_twice():
    tweets = generate_tweets(5000, 8)
    assert len({tweet.text for tweet in tweets}) == 5000


@STYLES
def test_excluded_tweets_do_not_come_back(style):
    test = {tweet.text for tweet in generate_tweets(300, 9, style=style)}
    train = generate_tweets(3000, 9, style=style, exclude=test, distinct=False)
    assert test.isdisjoint(tweet.text for tweet in train)


def test_asking_for_more_than_a_style_has_is_refused():
    with pytest.raises(ValueError, match="ask for fewer"):
        generate_tweets(40_000, 10, style=COMPACT)


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError, match="at least 0"):
        generate_tweets(-1, 0)
    assert generate_tweets(0, 0) == []


def test_a_mention_or_a_contraction_is_one_word():
    assert split_words("@ana7 it isn't bad, ok #music") == [
        "@ana7", "it", "isn't", "bad", ",", "ok", "#music",
    ]  # fmt: skip


def test_the_rules_words_are_the_generators():
    lexicon = FULL.lexicon
    assert set(lexicon.adjectives[1] + lexicon.verbs[1]) == SAYS_GOOD
    assert set(lexicon.adjectives[0] + lexicon.verbs[0]) == SAYS_BAD
    assert FLIPS <= NEGATORS
    chatter = {
        word
        for phrase in lexicon.openers + lexicon.closers + lexicon.subjects + lexicon.objects
        for word in split_words(phrase)
    }
    assert chatter.isdisjoint(SAYS_GOOD | SAYS_BAD | FLIPS | TURNS | CONCEDES)


def test_no_word_says_more_about_the_label_than_chance():
    tweets = generate_tweets(20_000, 11)
    seen, positive = Counter(), Counter()
    for tweet in tweets:
        for word in set(split_words(tweet.text)):
            seen[word] += 1
            positive[word] += tweet.label
    # Some 150 words; 4.5 standard deviations of a fair coin for each.
    for word, count in seen.items():
        assert abs(positive[word] / count - 0.5) < 4.5 * 0.5 / count**0.5, word


def vote_by_words(train: list[Tweet], test: list[Tweet]) -> float:
    """Return the accuracy of a perceptron on the sets of words."""
    weight: Counter[str] = Counter()
    for _ in range(5):
        for tweet in train:
            words = set(split_words(tweet.text))
            wanted = 1 if tweet.label else -1
            if wanted * sum(weight[word] for word in words) <= 0:
                for word in words:
                    weight[word] += wanted
    right = sum(
        (sum(weight[word] for word in set(split_words(t.text))) > 0) == bool(t.label) for t in test
    )
    return right / len(test)


def test_a_bag_of_words_learns_next_to_nothing():
    test = generate_tweets(2000, 12)
    train = generate_tweets(4000, 13, exclude={tweet.text for tweet in test})
    assert vote_by_words(train, test) < 0.58
