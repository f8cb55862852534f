"""The embedded corpus: generated tweets whose sentiment needs the whole model, not single words.

Runs anywhere (standard library only, trusted side or a notebook) and downloads nothing. Every
tweet follows four rules a reader can check by eye, so its label is never a matter of opinion:

1. A clause holds exactly one sentiment word ("great", "awful", "love", "regret", ...).
2. A negator ("not", "never", "wasn't", ...) flips the sentiment word that follows it in its clause.
3. In "A but B" the clause after the adversative ("but", "yet", "still", ...) decides.
4. A concessive ("although", "though", ...) introduces the clause that yields, wherever it stands:
   in "A although B" clause A decides, in "although A, B" clause B does.

The two clauses of a contrast always disagree, and in the full style every second clause is negated,
so no single word says anything about the label: reading it takes the meaning of words, their order
inside a clause (negation) and the order of the clauses (contrast). Chatter, mentions, hashtags and
times carry no sentiment and lie around the clauses. The compact style negates less, to be learnt
faster: there a one-clause tweet gives itself away to a counter of words, a contrast still does not.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

NEGATIVE, POSITIVE = 0, 1

# A tweet is drawn again when it repeats an earlier one; past this many draws in a row the style
# evidently has no more tweets to give.
REDRAWS_MAX = 2_000


@dataclass(frozen=True)
class Tweet:
    """One generated tweet and its sentiment: 1 positive, 0 negative."""

    text: str
    label: int


@dataclass(frozen=True)
class Lexicon:
    """The words a style may use; adjectives and verbs by label, `[NEGATIVE, POSITIVE]`."""

    subjects: tuple[str, ...]
    objects: tuple[str, ...]
    adjectives: tuple[tuple[str, ...], tuple[str, ...]]
    verbs: tuple[tuple[str, ...], tuple[str, ...]]
    copulas: tuple[str, ...]
    negated_copulas: tuple[str, ...]
    persons: tuple[str, ...]
    verb_negators: tuple[str, ...]
    intensifiers: tuple[str, ...]
    adversatives: tuple[str, ...]
    concessives: tuple[str, ...]
    openers: tuple[str, ...]
    closers: tuple[str, ...]


@dataclass(frozen=True)
class Style:
    """How tweets of one kind are drawn; every rate is a probability, every length counts words."""

    lexicon: Lexicon
    words_min: int
    words_max: int
    contrast_rate: float  # tweets with two clauses
    concessive_rate: float  # of those, the ones joined by a concessive rather than an adversative
    leading_concessive_rate: float  # of those, "although A, B" rather than "A although B"
    negation_rate: float  # clauses with a negator; at 0.5 single words say nothing about the label
    verb_rate: float  # clauses built on a verb ("i love it") rather than an adjective
    intensifier_rate: float
    opener_rate: float
    closer_rate: float
    handle_rate: float  # tweets that begin with a mention, and, drawn apart, end with a hashtag


NEGATORS = frozenset(
    "not never hardly isn't wasn't aren't weren't don't can't couldn't didn't".split()
)

_FULL_LEXICON = Lexicon(
    subjects=(
        *"the coffee|the new phone|my commute|this album|the concert|our team".split("|"),
        *"the weather|the food|the service|my flight|this app|the update|the match".split("|"),
        *"the hotel|the queue|the lecture|my haircut|this book|the finale|the traffic".split("|"),
        *"the train|the pizza|my laptop|the garden|this game|the wifi|the playlist".split("|"),
        "the trailer",
    ),
    objects=(
        *"the coffee|mondays|this song|my job|the new season|these shoes|the gym".split("|"),
        *"this city|the beach|that movie|the homework|the meetings|my old bike|the rain".split("|"),
        *"early mornings|the neighbours|that podcast|the leftovers|the office".split("|"),
        "this recipe",
    ),
    adjectives=(
        tuple(
            "awful terrible bad boring disappointing horrible dreadful annoying ugly painful "
            "pathetic miserable lousy gloomy useless broken dull nasty sad rubbish".split()
        ),
        tuple(
            "great good wonderful amazing lovely brilliant delightful fantastic beautiful fun "
            "superb charming perfect excellent sweet exciting neat cheerful awesome "
            "impressive".split()
        ),
    ),
    verbs=(
        tuple("hate dislike regret dread despise resent loathe mourn".split()),
        tuple("love enjoy like adore recommend cherish appreciate treasure".split()),
    ),
    copulas=tuple("is|was|looks|feels|sounds|seems|turned out|has been".split("|")),
    negated_copulas=(
        *"is not|was not|is never|was never|is hardly|was hardly|isn't|wasn't".split("|"),
        *"never looks|hardly feels|hardly sounds|never seems".split("|"),
        *"has never been|has not been".split("|"),
    ),
    persons=tuple("i|we|they|my friends|people here|you guys".split("|")),
    verb_negators=tuple("do not|don't|never|can't|hardly|couldn't|didn't".split("|")),
    intensifiers=tuple("really|so|very|truly|quite|pretty|that|all that".split("|")),
    adversatives=tuple("but|yet|still|however|nevertheless".split("|")),
    concessives=tuple("although|though|even though|while|whereas".split("|")),
    openers=(
        *"ok so|well|just got home|listening to the radio|on the bus|back in town|hmm".split("|"),
        *"lunch break|writing this at 2 am|it is 7 pm|at the station|week three|so".split("|"),
        *"watching tv|day off|up since 5 am|omg|right|first day back|packing bags".split("|"),
    ),
    closers=(
        *"lol|today|this week|right now|at 9 pm|on a tuesday|again|as of 10 am|i guess".split("|"),
        *"tbh|see you at 6|more later|anyway|this morning|off to bed|going out now".split("|"),
    ),
)

_COMPACT_LEXICON = Lexicon(
    subjects=tuple(
        "food phone train album game coffee hotel team song film show beach book match pizza "
        "app".split()
    ),
    objects=(),
    adjectives=(
        tuple("bad awful sad dull ugly lousy".split()),
        tuple("good great fun neat sweet superb".split()),
    ),
    verbs=((), ()),
    copulas=("was", "is"),
    negated_copulas=("was not", "was never", "is not", "is never"),
    persons=(),
    verb_negators=(),
    intensifiers=(),
    adversatives=("but", "yet"),
    concessives=("although", "though"),
    openers=tuple("well ok hmm omg".split()),
    closers=(),
)

FULL = Style(
    lexicon=_FULL_LEXICON,
    words_min=4,
    words_max=24,
    contrast_rate=0.7,
    concessive_rate=0.5,
    leading_concessive_rate=0.5,
    negation_rate=0.5,
    verb_rate=0.4,
    intensifier_rate=0.3,
    opener_rate=0.35,
    closer_rate=0.35,
    handle_rate=0.25,
)

# Few words and short tweets under the same rules: a two-layer model of some 20 thousand parameters
# learns them within a second or two of one core, which is what the training check can afford. Its
# rates are part of that check's study (`benchmarks/mini_training_study.md`): change both or none.
COMPACT = Style(
    lexicon=_COMPACT_LEXICON,
    words_min=3,
    words_max=13,
    contrast_rate=2 / 3,
    concessive_rate=0.5,
    leading_concessive_rate=0.0,
    negation_rate=0.15,
    verb_rate=0.0,
    intensifier_rate=0.0,
    opener_rate=0.1,
    closer_rate=0.0,
    handle_rate=0.0,
)

_NAMES = "ana ben cleo dev ella finn gus hana ivo jo kim leo mia noor omar pia".split()
_TOPICS = "monday travel music news gaming foodie campus weekend weather football tv books".split()
_TOKEN = re.compile(r"[@#]?[\w']+|[^\w\s]")


def generate_tweets(
    n: int,
    seed: int,
    *,
    style: Style = FULL,
    exclude: Collection[str] = (),
    distinct: bool = True,
) -> list[Tweet]:
    """Return `n` tweets, half of them positive (to within one), in random order.

    The same arguments give the same tweets on every platform and Python version. No text in
    `exclude` is returned, so two sets are kept apart by passing one's texts when drawing the other.
    With `distinct` no text comes twice; without it short tweets keep their natural frequency.
    Raises ValueError when the style has no further tweet to give.
    """
    if n < 0:
        raise ValueError(f"n must be at least 0, got {n}")
    rng = random.Random(seed)
    labels = [POSITIVE, NEGATIVE] * (n // 2) + ([int(rng.random() * 2)] if n % 2 else [])
    _shuffle(rng, labels)
    barred = set(exclude)
    tweets: list[Tweet] = []
    for label in labels:
        text = _draw_allowed_text(rng, style, label, barred)
        if distinct:
            barred.add(text)
        tweets.append(Tweet(text, label))
    return tweets


def split_words(text: str) -> list[str]:
    """Split a tweet into words; a mention or hashtag is one word and so is a punctuation mark."""
    return _TOKEN.findall(text)


def _draw_allowed_text(rng: random.Random, style: Style, label: int, barred: set[str]) -> str:
    # The kind is drawn once and kept: redrawn too, the kinds with few tweets would thin out.
    kind = _draw_kind(rng, style)
    for _ in range(REDRAWS_MAX):
        text = _draw_text(rng, style, label, kind)
        if text not in barred and style.words_min <= len(text.split()) <= style.words_max:
            return text
    raise ValueError(f"no allowed tweet of kind {kind!r} in {REDRAWS_MAX} draws: ask for fewer")


def _draw_kind(rng: random.Random, style: Style) -> str:
    if rng.random() >= style.contrast_rate:
        return "single"
    if rng.random() >= style.concessive_rate:
        return "adversative"
    return "leading" if rng.random() < style.leading_concessive_rate else "concessive"


def _draw_text(rng: random.Random, style: Style, label: int, kind: str) -> str:
    lexicon = style.lexicon
    parts: list[str] = []
    if rng.random() < style.handle_rate:
        parts.append("@" + _pick(rng, _NAMES) + str(int(rng.random() * 100)))
    if rng.random() < style.opener_rate:
        parts.append(_pick(rng, lexicon.openers))
    parts.append(_draw_sentence(rng, style, label, kind))
    if rng.random() < style.closer_rate:
        parts.append(_pick(rng, lexicon.closers))
    if rng.random() < style.handle_rate:
        parts.append("#" + _pick(rng, _TOPICS))
    return " ".join(parts)


def _draw_sentence(rng: random.Random, style: Style, label: int, kind: str) -> str:
    """Return one clause of sentiment `label`, or two that disagree with `label` deciding."""
    deciding = draw_clause(rng, style, label)
    if kind == "single":
        return deciding
    yielding = draw_clause(rng, style, 1 - label)
    if kind == "adversative":
        return f"{yielding} {_pick(rng, style.lexicon.adversatives)} {deciding}"
    concessive = _pick(rng, style.lexicon.concessives)
    if kind == "leading":
        return f"{concessive} {yielding}, {deciding}"
    return f"{deciding} {concessive} {yielding}"


def draw_clause(rng: random.Random, style: Style, label: int) -> str:
    """Return a clause of sentiment `label`: a word of that polarity, or a negated opposite."""
    lexicon = style.lexicon
    negated = rng.random() < style.negation_rate
    polarity = 1 - label if negated else label
    intensifier = _pick(rng, lexicon.intensifiers) if rng.random() < style.intensifier_rate else ""
    if rng.random() < style.verb_rate:
        negator = _pick(rng, lexicon.verb_negators) if negated else ""
        verb, thing = _pick(rng, lexicon.verbs[polarity]), _pick(rng, lexicon.objects)
        words = [_pick(rng, lexicon.persons), negator, verb, thing]
    else:
        copula = _pick(rng, lexicon.negated_copulas if negated else lexicon.copulas)
        adjective = _pick(rng, lexicon.adjectives[polarity])
        words = [_pick(rng, lexicon.subjects), copula, intensifier, adjective]
    return " ".join(word for word in words if word)


# Only `Random.random` is promised to give the same numbers in every Python version, so picking and
# shuffling are built on it rather than on `choice` and `shuffle`.
def _pick(rng: random.Random, options: Sequence[str]) -> str:
    return options[int(rng.random() * len(options))]


def _shuffle(rng: random.Random, items: list[int]) -> None:
    for last in range(len(items) - 1, 0, -1):
        chosen = int(rng.random() * (last + 1))
        items[last], items[chosen] = items[chosen], items[last]
