"""Which topics an article is about: meaning and words together, thousands of topics at once.

Being about a topic is not answering a question, so this has a calibration of its own
(topics.json, written by scripts/calibrate_topics.py). What an article scores for a topic depends
on the two alone: on no other article, no other topic and no corpus.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.articles.article import Article
from index.background import Background, Centres
from index.embedding import Encoder, Matrix, Vector
from index.lexical import UNSTEMMED, content_words, field_of, terms
from index.passages import Passage, Span
from index.scoring import searched_text
from index.word_weights import inverse_document_frequency

FITTED = Path(__file__).parent / "topics.json"

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]


class Sensitivity(StrEnum):
    """How sure a subscriber wants to be that an article is about the topic."""

    STRICT = "strict"  # squarely about it
    NORMAL = "normal"
    LOOSE = "loose"  # related is enough


@dataclass(frozen=True, slots=True, eq=False)
class Topic:
    """What a subscriber follows, in their own words."""

    text: str
    language: str  # ISO 639-1
    vector: Vector  # of what `bare_topic` leaves, as a query

    @classmethod
    def of(cls, text: str, language: str, encoder: Encoder) -> Topic:
        return cls(text, language, encoder.encode_query(bare_topic(text)))


@dataclass(frozen=True, slots=True, eq=False)
class ArticlePassages:
    """An article as it is matched."""

    article: Article
    passages: Sequence[Passage]
    passage_vectors: Matrix  # a row for each passage, its title joined
    sentence_vectors: Matrix  # a row for each sentence of each passage, in order, likewise


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where an article is about a topic."""

    passage: Passage
    sentence: Span  # the best of the passage, in the article's body


@dataclass(frozen=True, slots=True)
class Weights:
    """Log odds = intercept + the most that a passage adds + what the whole article adds.

    Cosines are taken from where such vectors lie (index/background.py). Where topic and article
    are in different languages, words have weights of their own.
    """

    intercept: float
    passage: float  # cosine of a passage
    sentence: float  # of its best sentence
    article: float  # mean of the passages' cosines
    words: float  # share of the topic's words that the passage or the title holds
    names: float  # share that is names which the article holds nowhere
    intercept_across: float
    words_across: float
    names_across: float


@dataclass(frozen=True, slots=True)
class Calibration:
    weights: Weights
    thresholds: dict[Sensitivity, float]  # least log odds


@cache
def load_calibration(path: Path = FITTED) -> Calibration:
    fields = json.loads(path.read_text(encoding="utf-8"))
    return Calibration(
        Weights(**fields["weights"]),
        {Sensitivity(name): float(least) for name, least in fields["thresholds"].items()},
    )


def threshold(sensitivity: Sensitivity, adjustment: float = 0.0) -> float:
    """The least log odds that make an alert.

    :param adjustment: in log odds; above 0 for fewer alerts.
    """
    return load_calibration().thresholds[sensitivity] + adjustment


class Topics:
    """Matches articles against topics. Safe to use from several threads."""

    def __init__(
        self, topics: Sequence[Topic], background: Background, weights: Weights | None = None
    ) -> None:
        self._topics = topics
        self._background = background
        self._weights = weights or load_calibration().weights
        numbers = defaultdict[str, list[int]](list)
        for number, topic in enumerate(topics):
            numbers[topic.language].append(number)
        self._groups = [
            _Group(language, np.array(of), [topics[number] for number in of], background.topics)
            for language, of in numbers.items()
        ]

    def __len__(self) -> int:
        return len(self._topics)

    def match(self, article: ArticlePassages) -> Match:
        """Score one article for every topic; one without passages is about nothing."""
        log_odds = np.full(len(self), -np.inf, np.float32)
        best = np.zeros(len(self), np.int64)
        for numbers, features in self.features(article):
            log_odds[numbers] = features.log_odds(self._weights)
            best[numbers] = features.best(self._weights)
        return Match(log_odds, article, best, self)

    def evidence(self, topic: int, article: ArticlePassages, best: int) -> Evidence:
        """The sentence of a passage, by its number, that is nearest to a topic."""
        asked, passage = self._topics[topic], article.passages[best]
        of = article.article.language
        across = of != asked.language
        field = UNSTEMMED if across else field_of(of)
        first = sum(len(before.sentences) for before in article.passages[:best])
        vectors = article.sentence_vectors[first : first + len(passage.sentences)]
        apart = self._background.topics.apart(asked.vector[None, :], asked.language)[0]
        cosines = self._background.sentences.apart(vectors, of) @ apart
        words = _topic_words(asked)
        weight = self._weights.words_across if across else self._weights.words

        def speaks_for_it(number: int) -> float:
            span = passage.sentences[number]
            held = set(terms(article.article.body[span.start : span.end], field))
            shares = sum(w.share for w in words if held.intersection(terms(w.text, field)))
            return self._weights.sentence * float(cosines[number]) + weight * shares

        number = max(range(len(passage.sentences)), key=speaks_for_it)
        return Evidence(passage, passage.sentences[number])

    def features(self, article: ArticlePassages) -> Iterator[tuple[Numbers, Features]]:
        """What the scores are made of: the numbers of some topics, and their features."""
        if not article.passages:
            return
        read = _ReadArticle(article, self._background)
        for group in self._groups:
            yield group.numbers, group.features(read)


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """One article against all topics, in their order."""

    log_odds: Floats  # that the article is about the topic
    _article: ArticlePassages
    _best: Numbers  # of each topic, the passage
    _topics: Topics

    def about(self, least: float | Floats) -> list[int]:
        """The topics whose log odds reach `least` (one for all, or one each), best first."""
        reached = np.flatnonzero(self.log_odds >= least)
        order = np.argsort(-self.log_odds[reached], kind="stable")
        return [int(topic) for topic in reached[order]]

    def evidence(self, topic: int) -> Evidence:
        """:param topic: its number among the topics; the article is to have a passage."""
        return self._topics.evidence(topic, self._article, int(self._best[topic]))


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What the score of one article is made of: a row a topic, and a column a passage."""

    passage: Floats
    sentence: Floats
    words: Floats
    names: Floats  # of the article: no columns
    across: bool

    def best(self, weights: Weights) -> Numbers:
        """Of each topic, the passage that speaks most for it."""
        best: Numbers = self._of_passages(weights).argmax(axis=1)
        return best

    def log_odds(self, weights: Weights) -> Floats:
        intercept, names = (
            (weights.intercept_across, weights.names_across)
            if self.across
            else (weights.intercept, weights.names)
        )
        of_article = weights.article * self.passage.mean(axis=1) + names * self.names
        odds: Floats = intercept + self._of_passages(weights).max(axis=1) + of_article
        return odds

    def _of_passages(self, weights: Weights) -> Floats:
        words = weights.words_across if self.across else weights.words
        odds: Floats = (
            weights.passage * self.passage + weights.sentence * self.sentence + words * self.words
        )
        return odds


class _ReadArticle:
    """An article, with what does not depend on the topics."""

    def __init__(self, article: ArticlePassages, background: Background) -> None:
        self.language = article.article.language
        self.passages = background.passages.apart(article.passage_vectors, self.language)
        self.sentences = background.sentences.apart(article.sentence_vectors, self.language)
        counts = [len(passage.sentences) for passage in article.passages]
        self.first_sentences = np.cumsum([0, *counts[:-1]])  # of each passage
        self._texts = [searched_text(article.article, found.text) for found in article.passages]
        self._terms: dict[str, list[set[str]]] = {}

    def terms(self, field: str) -> list[set[str]]:
        """Of each passage, its title joined."""
        if field not in self._terms:
            self._terms[field] = [set(terms(text, field)) for text in self._texts]
        return self._terms[field]


class _Group:
    """The topics of one language."""

    def __init__(
        self, language: str, numbers: Numbers, topics: Sequence[Topic], centres: Centres
    ) -> None:
        self.numbers = numbers
        self._language = language
        vectors = np.stack([topic.vector for topic in topics]).astype(np.float32)
        self._vectors = centres.apart(vectors, language)
        words = [_topic_words(topic) for topic in topics]
        self._own = _Postings(words, field_of(language))
        self._across = _Postings(words, UNSTEMMED)

    def features(self, article: _ReadArticle) -> Features:
        across = article.language != self._language
        postings = self._across if across else self._own
        held = article.terms(postings.field)
        words, _ = postings.held(held)
        _, names = postings.held([set.union(*held)])
        of_sentences = self._vectors @ article.sentences.T
        return Features(
            self._vectors @ article.passages.T,
            np.maximum.reduceat(of_sentences, article.first_sentences, axis=1),
            words,
            postings.names - names[:, 0],
            across,
        )


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    share: float  # of the weight of all the topic's words
    name: bool


class _Postings:
    """From a term of a field to the topics that hold it."""

    def __init__(self, topics: Sequence[Sequence[_Word]], field: str) -> None:
        self.field = field
        self.names = np.array([sum(w.share for w in t if w.name) for t in topics], np.float32)
        found = defaultdict[str, dict[int, list[float]]](dict)
        for number, words in enumerate(topics):
            for word in words:
                for term in dict.fromkeys(terms(word.text, field)):
                    # Two words of a topic may be one term.
                    shares = found[term].setdefault(number, [0.0, 0.0])
                    shares[0] += word.share
                    shares[1] += word.share * word.name
        self._count = len(topics)
        self._postings = {
            term: (np.fromiter(postings, np.int64), np.array(list(postings.values()), np.float32))
            for term, postings in found.items()
        }

    def held(self, texts: Sequence[set[str]]) -> tuple[Floats, Floats]:
        """The share of each topic's words, and of them as names, that each text holds.

        Both of shape (topics, texts).
        """
        shares = np.zeros((self._count, len(texts)), np.float32)
        names = np.zeros((self._count, len(texts)), np.float32)
        for column, words in enumerate(texts):
            for word in sorted(words & self._postings.keys()):
                numbers, values = self._postings[word]
                shares[numbers, column] += values[:, 0]
                names[numbers, column] += values[:, 1]
        return shares, names


def _topic_words(topic: Topic) -> list[_Word]:
    """The words of a topic that say what it is about, each with its share of the weight."""
    text = bare_topic(topic.text)
    words = content_words(text, topic.language)
    weights = [inverse_document_frequency(word, topic.language, 0, 0) for word in words]
    total = sum(weights)
    names = _names(text, topic.language)
    return [
        _Word(word, weight / total, word in names)
        for word, weight in zip(words, weights, strict=True)
    ]


def _names(text: str, language: str) -> set[str]:
    """The words of a topic that are written as names, lowercased.

    Those with a capital, but for the first, which has one anyway unless it begins a longer name
    or is an acronym; in German, where all nouns have one, those that follow another.
    """
    found = [(word[0], word.end()) for word in re.finditer(r"[^\W_]+", text)]
    capital = [word[0].isupper() for word, _ in found]
    names = set()
    for place, (word, _) in enumerate(found):
        after, before = capital[place + 1 : place + 2] == [True], place > 0 and capital[place - 1]
        acronym = len(word) > 1 and word.isupper()
        named = before if language == "de" else place > 0 or after
        if acronym or (capital[place] and named):
            names.add(word.lower())
    return names


_OPENINGS = {
    "fr": (
        r"(?:je (?:veux|voudrais|souhaite)|j['’]aimerais)(?: tout)?"
        r" (?:savoir|suivre|lire|être informée?|être tenue? au courant)"
        r"(?: sur|de tout sur|de| des| du)?",
        r"(?:parle|informe|préviens|alerte|tiens)[ -]moi(?: au courant)?(?: sur| de| des| du)?",
        r"suivre",
        r"(?:quoi de neuf|du nouveau) (?:sur|pour|à propos de|à|au|chez)",
        r"tout(?: savoir)?(?: ce qui (?:concerne|touche(?: à)?|se passe))? (?:sur|de|du|des)",
        r"(?:toutes? )?(?:l['’]|les |la |des )?(?:dernières? )?"
        r"(?:actualités?|actus?|nouvelles|infos?|informations|news|articles)"
        r" (?:sur|de|du|des|concernant|à propos d[eu]s?)",
    ),
    "en": (
        r"i(?: want|['’]d like| would like) to (?:know|read|hear|follow)"
        r"(?: (?:everything|all|more))?(?: about| on)?",
        r"(?:please )?(?:tell|alert|notify|inform) me (?:about|of|on|when)",
        r"keep me (?:informed|posted|updated) (?:about|of|on)",
        r"follow",
        r"(?:everything|anything|all) (?:about|on)",
        r"(?:all )?(?:the )?(?:latest )?(?:news|articles|stories|updates) (?:about|on|of|from)",
    ),
    "es": (
        r"(?:quiero|quisiera|me gustaría) (?:saber|seguir|leer)(?: todo)?(?: sobre| de)?",
        r"(?:avísame|infórmame|avisadme) (?:sobre|de)",
        r"seguir",
        r"todo (?:sobre|lo que pasa (?:con|en))",
        r"(?:todas? )?(?:las? )?(?:últimas? )?(?:noticias?|novedades|actualidad) (?:sobre|del?)",
    ),
    "de": (
        r"ich (?:will|möchte)(?: gerne?)? (?:alles |mehr )?(?:über )?",
        r"(?:informiere|benachrichtige) mich (?:über|zu)",
        r"alles (?:über|zu[mr]?)",
        r"(?:gibt es|was gibt es) (?:etwas )?neues (?:über|von|zu[mr]?|aus)",
        r"(?:alle |die )?(?:neuesten? |aktuellen? )?"
        r"(?:nachrichten|neuigkeiten|meldungen|artikel|news) (?:über|zu[mr]?|aus|von)",
    ),
    "it": (
        r"(?:voglio|vorrei) (?:sapere|seguire|leggere)(?: tutto)?(?: su\w*['’]?)?",
        r"(?:avvisami|informami|tienimi aggiornat[oa]) (?:su\w*['’]?|di)",
        r"seguire",
        r"tutto (?:su(?:l|llo|lla|i|gli|lle)?\b['’]?|quello che succede (?:a|in))",
        r"(?:tutte )?(?:le )?(?:ultime )?(?:notizie|novità) (?:su\w*['’]?|d[ai]\w*['’]?)",
    ),
}
_OPENING = re.compile(
    rf"\s*(?:{'|'.join(piece for pieces in _OPENINGS.values() for piece in pieces)})\b[\s:,–-]*",
    re.IGNORECASE,
)


def bare_topic(text: str) -> str:
    """A topic without the words that only ask to be told: "tout sur l'OTAN" -> "l'OTAN"."""
    bare = text
    while opening := _OPENING.match(bare):
        rest = bare[opening.end() :]
        if not any(map(str.isalnum, rest)):
            break
        bare = rest
    return " ".join(bare.split())
