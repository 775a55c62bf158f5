"""Which articles of a day tell one story: a reader wants one alert for it, that names them all.

Articles come one after another and alerts go out meanwhile, so each is put where it belongs
when it comes and never moved: into the story whose tellings it is likest, or into one of its
own. To merge two stories hides one of them from a reader, to part one repeats it: where in
doubt, they are parted.

Near-identical words are not enough. "Météo Nancy : prévisions de vendredi" and "Météo Metz :
prévisions de vendredi", two horoscopes, two drawings of a lottery and two road works are made
from a template: they differ in names or numbers and in nothing else, and that tells them apart.
The price is that a headline repeated with another death toll is a story of its own. A wire copy
with its title unchanged differs in nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from index.embedding import Vector
from index.lexical import UNSTEMMED, field_of, joined_digits, terms
from index.word_weights import PRIOR_PASSAGES, inverse_document_frequency

# No two tellings of a story lie further apart. A story that began so long ago is over, so
# tellings are to be kept for twice as long.
WINDOW = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Telling:
    """What an article says first: all that its story is known by."""

    article: str  # its id; the story that it is the first to tell is called by it
    title: str
    opening: str  # the body's first sentences; may be empty
    language: str  # ISO 639-1
    vector: Vector  # of the title alone, as a passage
    at: datetime  # aware


@dataclass(frozen=True, slots=True)
class Told:
    """A telling and its story: the id of the article that told it first."""

    telling: Telling
    story: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """What two titles in one language share; the terms of the log odds of one story."""

    cosine: float  # of the vectors
    words: float  # logarithm of the cosine of the weighted words, a little added
    shared: float  # logarithm of the weight of the words they share, and one
    names: float  # weight of the names they share
    conflict: float  # weight of the names that one has and the other's article has not, and
    # the other way round: the lesser of the two

    @property
    def is_copy(self) -> bool:
        """Whether the titles have the same words, and say more than "Les vœux du maire"."""
        return self.words >= math.log(_SMOOTHED + 0.999) and self.shared >= math.log(1 + _COPIED)


@dataclass(frozen=True, slots=True)
class Weights:
    """Of a likeness: a logistic curve."""

    intercept: float
    cosine: float
    words: float
    shared: float
    names: float
    conflict: float

    def log_odds(self, likeness: Likeness) -> float:
        if likeness.is_copy:
            return _COPY
        return (
            self.intercept
            + self.cosine * likeness.cosine
            + self.words * likeness.words
            + self.shared * likeness.shared
            + self.names * likeness.names
            + self.conflict * likeness.conflict
        )


# Fitted by scripts/tune_stories.py on the tuning half of 2,526 French headlines of one morning.
WEIGHTS = Weights(-16.85, 8.36, 1.26, 2.89, 0.14, -0.11)
# Least log odds, the mean over a story's tellings, for one more to be put there. Chosen by
# reading what was merged among all of them: at 0 some one merger in ten was wrong, at 1 some one
# in twenty. Agreement with the stories that an aggregator made, fragments as they are, is best
# at -1.5.
THRESHOLD = 1.0

# Titles in one language whose weighted words are less alike are not compared further.
_LEAST_WORDS = 0.1
# One text under two titles is a copy too: most of the words of the openings are the same, and half
# of the names, which those of a template are not.
_SAME_NAMES = 0.5
# Log odds of two articles that tell two stories: bounded, so that one such pair does not keep
# an article out of a long story by itself.
_APART = -8.0
# And of a wire copy.
_COPY = 4.0
_COPIED = 12.0  # weight of its title's words, at least: some three of them
_SMOOTHED = 0.02
# What a telling in another language counts for or against, where log odds are averaged.
_ACROSS = 2.0
# Words that weigh less say nothing: articles, prepositions, auxiliaries.
_SAYS_SOMETHING = 1.5
# One likeness of names must not outweigh all else.
_MOST_NAMES, _MOST_CONFLICT = 8.0, 6.0
# Weight of the names that two articles must share where both have an opening: about one that
# is seldom in the news, or two that often are.
_SHARED_BY_OPENINGS = 6.0
# Or of the weight of all words of the shorter, as only nearly the same text has it: of 4,000 pairs
# of French texts of data/training the most is 0.36.
_SHARED_OF_OPENINGS = 0.5
# Across languages words say nothing, and vectors less than within one: titles of two stories
# reach a cosine of 0.94, and more where they name the same people or places.
_ACROSS_COSINE = 0.92
_ACROSS_NAMES = 8.0

_WORD = re.compile(r"[^\W_]+")
# What stands before the first word of a sentence.
_BEFORE_SENTENCE = re.compile(r"(?:^|[.:!?…«»“”\"(|]\s*|\s[-–—]\s)$")
_ENDS_LABEL = re.compile(r"\s?[.:](\s|$)")
_PARTICLE = 4  # letters at most, of a word within a name: "de", "sur", "lès"


def stories_told(
    new: Sequence[Telling],
    told: Sequence[Told],
    weights: Weights = WEIGHTS,
    threshold: float = THRESHOLD,
) -> list[str]:
    """The story of each new telling, by the article that told it first: its own, or another's.

    :param new: in the order in which they came. Given one at a time, each among those told at
        the next call, they get the same stories.
    :param told: in that order too.
    """
    day = Day([*(before.telling for before in told), *new])
    odds = (day.log_odds(place, weights) for place in range(len(told), len(day.tellings)))
    own = [telling.article for telling in new]
    return joined(odds, own, [before.story for before in told], threshold)


def joined(
    log_odds: Iterable[NDArray[np.float64]],
    own: Sequence[str],
    told: Sequence[str],
    threshold: float,
) -> list[str]:
    """The story that each telling joins: the likeliest, and of equals the one told first.

    :param log_odds: of each telling, that it tells the story of each before it.
    :param own: what the story of each is called where it joins none.
    :param told: the stories of the tellings before the first.
    """
    stories = list(told)
    members: dict[str, list[int]] = {}
    for place, story in enumerate(told):
        members.setdefault(story, []).append(place)
    for name, odds in zip(own, log_odds, strict=True):
        # A mean reaches the threshold only where one of its members does.
        alike = {stories[int(i)]: None for i in np.flatnonzero(odds >= threshold)}
        means = {story: float(odds[members[story]].mean()) for story in alike}
        best = max(means, key=lambda story: means[story], default=name)
        if means.get(best, -math.inf) < threshold:
            best = name
        members.setdefault(best, []).append(len(stories))
        stories.append(best)
    return stories[len(told) :]


class Day:
    """Tellings in the order in which they came, each to be compared with those before it.

    What a telling is compared by does not depend on what came after it.
    """

    def __init__(self, tellings: Sequence[Telling]) -> None:
        self.tellings = tellings
        self._read = [_read(t.title, t.opening, t.language) for t in tellings]
        self._at = np.array([t.at.timestamp() for t in tellings])
        self._vectors = np.array([t.vector for t in tellings], np.float32)
        languages = {t.language: i for i, t in enumerate(tellings)}
        self._languages = np.array([languages[t.language] for t in tellings])
        # The terms of all titles, one after another: which, whose, and their general frequency.
        self._numbers: dict[tuple[str, str], int] = {}
        self._terms = np.array(
            [
                self._numbers.setdefault((telling.language, term), len(self._numbers))
                for telling, read in zip(tellings, self._read, strict=True)
                for term in read.words
            ],
            np.int64,
        )
        lengths = [len(read.words) for read in self._read]
        self._owners = np.repeat(np.arange(len(tellings)), lengths)
        self._ends = np.cumsum(lengths)
        self._general = np.array([read.general[term] for read in self._read for term in read.words])

    def log_odds(self, place: int, weights: Weights) -> NDArray[np.float64]:
        """That each telling before this one tells its story; minus infinity outside the window."""
        near = self._near(place)
        odds = np.where(near, _APART, -math.inf)
        for before, likeness in self.likenesses(place):
            odds[before] = max(_APART, weights.log_odds(likeness))
            if _same_text(self._read[place], self._read[before]):
                odds[before] = max(odds[before], _COPY)
        across = near & (self._languages[:place] != self._languages[place])
        if across.any():
            odds[across] = -_ACROSS
            alike = across & (self._cosines(place) >= _ACROSS_COSINE)
            for before in map(int, np.flatnonzero(alike)):
                if _same_names(self._read[place], self._read[before]):
                    odds[before] = _ACROSS
        return odds

    def likenesses(self, place: int) -> Iterator[tuple[int, Likeness]]:
        """The tellings before this one that may tell its story in its language, each with what
        the two share."""
        near = self._near(place) & (self._languages[:place] == self._languages[place])
        if not near.any():
            return
        frequencies = self._frequencies(place, near)
        words, shared = self._words(place, frequencies)
        cosines = self._cosines(place)
        one = self._read[place]
        for before in map(int, np.flatnonzero(near & (words >= _LEAST_WORDS))):
            other = self._read[before]
            if _of_a_template(one, other, frequencies) or not _openings_agree(
                one, other, frequencies
            ):
                continue
            in_both = one.names.intersection(other.words) | other.names.intersection(one.words)
            yield (
                before,
                Likeness(
                    float(cosines[before]),
                    math.log(_SMOOTHED + words[before]),
                    math.log(1 + shared[before]),
                    min(frequencies.weight(one, in_both), _MOST_NAMES),
                    min(
                        frequencies.weight(one, one.names - other.general.keys()),
                        frequencies.weight(other, other.names - one.general.keys()),
                        _MOST_CONFLICT,
                    ),
                ),
            )

    def _near(self, place: int) -> NDArray[np.bool_]:
        near: NDArray[np.bool_] = (
            np.abs(self._at[:place] - self._at[place]) <= WINDOW.total_seconds()
        )
        return near

    def _cosines(self, place: int) -> NDArray[np.float32]:
        # Not a product of matrices: its last digits depend on how many rows there are.
        cosines: NDArray[np.float32] = np.einsum(
            "ij,j->i", self._vectors[:place], self._vectors[place]
        )
        return cosines

    def _frequencies(self, place: int, near: NDArray[np.bool_]) -> _Frequencies:
        end = int(self._ends[place])
        counted = np.append(near, True)
        titles = self._terms[:end][counted[self._owners[:end]]]
        among = np.bincount(titles, minlength=len(self._numbers))
        return _Frequencies(self._numbers, self.tellings[place].language, among, int(counted.sum()))

    def _words(
        self, place: int, frequencies: _Frequencies
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of each title before this one, the cosine of its weighted words with this one's, and
        the weight of those they share."""
        end = int(self._ends[place])
        start = end - len(self._read[place].words)
        owners, numbers = self._owners[:end], self._terms[:end]
        weights = frequencies.weights(numbers, self._general[:end])
        own = np.zeros(len(self._numbers))
        own[numbers[start:]] = weights[start:]
        in_both = own[numbers]
        norms = np.sqrt(np.bincount(owners, weights**2, place + 1))
        products = np.bincount(owners, weights * in_both, place + 1)
        shared = np.bincount(owners, in_both, place + 1)
        longest = np.maximum(norms[:place] * norms[place], 1e-9)  # a title may have no word
        return np.asarray(products[:place] / longest), shared[:place].astype(np.float64)


@dataclass(frozen=True, slots=True)
class _Frequencies:
    """How often the terms of one language stand in the titles of a day."""

    numbers: dict[tuple[str, str], int]  # of the terms of a language
    language: str
    among: NDArray[np.int64]  # how many titles hold a term, by its number
    titles: int

    def weights(
        self, numbers: NDArray[np.int64], general: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Inverse document frequencies, as in index/word_weights.py.

        :param general: of each, _Known.added.
        """
        weights: NDArray[np.float64] = np.log(
            (self.titles + PRIOR_PASSAGES + 1) / (self.among[numbers] + general)
        )
        return weights

    def weight(self, read: _Read, chosen: Iterable[str]) -> float:
        """Of some terms of a text, together."""
        return sum(self._weight(read, term) for term in sorted(chosen))

    def says_something(self, read: _Read, chosen: Iterable[str]) -> bool:
        """Whether one of some terms of a text does."""
        return any(self._weight(read, term) >= _SAYS_SOMETHING for term in chosen)

    def _weight(self, read: _Read, term: str) -> float:
        number = self.numbers.get((self.language, term))
        among = 0 if number is None else int(self.among[number])
        return math.log((self.titles + PRIOR_PASSAGES + 1) / (among + read.general[term]))


@dataclass(frozen=True, slots=True)
class _Read:
    """The terms of a title and of the opening under it."""

    words: tuple[str, ...]  # of the title, each once, in order
    names: frozenset[str]  # of the title; numbers are names here
    perhaps_names: frozenset[str]  # and the first words of its sentences
    general: dict[str, float]  # each term of title and opening; what it holds: _Known.added
    all_names: frozenset[str]  # of both
    # Unstemmed, to be compared across languages: the title's names, and each term of both with
    # its weight.
    plain_names: frozenset[str]
    plain: dict[str, float]
    has_opening: bool


# Some days of a busy corpus: with each arrival all of a day's tellings are compared again.
@lru_cache(maxsize=20_000)
def _read(title: str, opening: str, language: str) -> _Read:
    title, opening = joined_digits(title), joined_digits(opening)
    both = f"{title} {opening}"
    found = {word[0] for word in _WORD.finditer(both)}
    lowercase = {word for word in found if word.islower()}
    names, first = (
        {word for word in words if word.lower() not in lowercase}
        for words in _names(title, language)
    )
    general: dict[str, float] = {}
    plain: dict[str, float] = {}
    for word in found:
        known = _known(word, language)
        for term in known.terms:
            general[term] = max(general.get(term, 0.0), known.added)
        for term in known.plain:
            plain[term] = min(plain.get(term, known.rarity), known.rarity)
    # Some scripts are cut into words otherwise by the analyzer.
    words = tuple(dict.fromkeys(terms(title, field_of(language))))
    for term in words:
        general.setdefault(term, _known("", language).added)
    return _Read(
        words,
        _terms_of(names, language),
        _terms_of(names | first, language),
        general,
        _terms_of(names | _names(opening, language)[0], language),
        frozenset(term for word in names for term in _known(word, language).plain),
        plain,
        bool(opening.strip()),
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a word whatever is in the news."""

    terms: tuple[str, ...]  # in the field of its language
    plain: tuple[str, ...]  # unstemmed
    rarity: float  # its inverse document frequency before any title is counted
    # Of PRIOR_PASSAGES passages, how many hold it, and a half: with this added to its count
    # among the titles of a day, its weight is that of index/word_weights.py.
    added: float


@lru_cache(maxsize=100_000)
def _known(word: str, language: str) -> _Known:
    rarity = inverse_document_frequency(word.lower(), language, 0, 0)
    return _Known(
        tuple(terms(word, field_of(language))),
        tuple(terms(word, UNSTEMMED)),
        rarity,
        (PRIOR_PASSAGES + 1) * math.exp(-rarity),
    )


def _terms_of(words: Iterable[str], language: str) -> frozenset[str]:
    return frozenset(term for word in words for term in _known(word, language).terms)


def _names(text: str, language: str) -> tuple[set[str], set[str]]:
    """The names of a text, numbers among them; and the capitalised first words of sentences,
    which may be.

    A first word is taken for a name where it is part of one ("Saint-Malo") or of a label
    ("Vitry-le-François. Le pont…").
    """
    found = list(_WORD.finditer(text))
    capitals = [_is_capitalised(word[0]) for word in found]
    names: set[str] = set()
    first: set[str] = set()
    if _capitals_say_nothing([word[0] for word in found], language):
        return {word[0] for word in found}, first
    for i, word in enumerate(found):
        if any(map(str.isdigit, word[0])):
            names.add(word[0])
        elif not capitals[i]:
            continue
        elif not _BEFORE_SENTENCE.search(text[: word.start()][-3:]) or _begins_name(
            text, found[i:]
        ):
            names.add(word[0])
        else:
            first.add(word[0])
    return names, first


def _begins_name(text: str, words: Sequence[re.Match[str]]) -> bool:
    for word, following in zip(words, [*words[1:], None], strict=True):
        if not (_is_capitalised(word[0]) or len(word[0]) <= _PARTICLE):
            return False
        if _ENDS_LABEL.match(text, word.end()):
            return True
        if word is words[0] and text[word.end() :][:1] == "-":
            return following is not None and following.start() == word.end() + 1
    return False


def _is_capitalised(word: str) -> bool:
    return len(word) > 1 and word[0].isupper()


def _capitals_say_nothing(words: Sequence[str], language: str) -> bool:
    """In German, in headlines that capitalise every word, in scripts without capitals: there
    every word counts as a name, so that two stories are rather parted than merged."""
    long = [word for word in words[1:] if len(word) > _PARTICLE and word.isalpha()]
    capitalised = sum(map(_is_capitalised, long))
    caseless = all(word.lower() == word.upper() for word in long)
    return language == "de" or (len(long) > 1 and (caseless or 4 * capitalised > 3 * len(long)))


def _of_a_template(one: _Read, other: _Read, frequencies: _Frequencies) -> bool:
    """Whether each title has words that the other has not, all of them names."""
    return all(
        frequencies.says_something(read, only & read.perhaps_names)
        and not frequencies.says_something(read, only - read.perhaps_names)
        for read, only in (
            (one, set(one.words).difference(other.words)),
            (other, set(other.words).difference(one.words)),
        )
    )


def _openings_agree(one: _Read, other: _Read, frequencies: _Frequencies) -> bool:
    """Whether the two articles share names, or most of their words, where both have more than a
    title to tell them."""
    if not (one.has_opening and other.has_opening):
        return True
    in_both = (one.all_names & other.general.keys()) | (other.all_names & one.general.keys())
    if frequencies.weight(one, in_both) >= _SHARED_BY_OPENINGS:
        return True
    shared = frequencies.weight(one, one.general.keys() & other.general.keys())
    least = min(frequencies.weight(read, read.general) for read in (one, other))
    return shared >= _SHARED_OF_OPENINGS * least


def _same_text(one: _Read, other: _Read) -> bool:
    """Whether the openings are nearly the same, as an agency's are in two papers."""
    if not (one.has_opening and other.has_opening):
        return False
    shared = sum(one.plain[term] for term in one.plain.keys() & other.plain.keys())
    least = min(sum(read.plain.values()) for read in (one, other))
    names = len(one.all_names & other.all_names)
    return shared >= _SHARED_OF_OPENINGS * least and names >= _SAME_NAMES * max(
        1, len(one.all_names), len(other.all_names)
    )


def _same_names(one: _Read, other: _Read) -> bool:
    """Whether two articles in different languages share names enough."""
    in_both = (one.plain_names & other.plain.keys()) | (other.plain_names & one.plain.keys())
    weights = [min(one.plain.get(n, 0.0), other.plain.get(n, 0.0)) for n in sorted(in_both)]
    return sum(weights) >= _ACROSS_NAMES
