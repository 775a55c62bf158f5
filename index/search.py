"""Hybrid search: meaning and words together, then a reading of the best passages.

Candidates come from the vectors and from the words; each then gets every score exactly, so
that none is missing when they are fused. Raw cosines are fused, not their standardised
values: on half of PIAF that gives 0.876 nDCG@10 against 0.871, and a score means the same on
a corpus of one article as of a thousand (docs/quality.md).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from index.articles.article import Article
from index.articles.language import detect
from index.dense import DenseIndex
from index.embedding import Encoder, Vector
from index.lexical import UNSTEMMED, LexicalIndex, content_words, field_of, terms
from index.passages import Passage, Span
from index.reader import Readable, Reader, Reading
from index.store import Store, StoredPassage
from index.word_weights import inverse_document_frequency

# Weights of the fused score, tuned on half of PIAF by scripts/tune_search.py.
DENSE_WEIGHT, SENTENCE_WEIGHT, LEXICAL_WEIGHT = 0.5, 0.5, 0.12
SENTENCE_COVERAGE_WEIGHT, SENTENCE_TEMPERATURE = 0.03, 0.02
# Passages read, each some 40 ms, and the weight of the fused score beside what was read: set
# on the tuning halves of the sample's questions, where 6 to 12 and 30 to 80 differ little.
READ = 6
FUSED_IN_EVIDENCE = 50.0
# A passage on another subject is no answer however it reads: its fused score says so.
FUSED_IN_PROBABILITY, FUSED_MIDDLE = 20.0, 0.93
UNREAD = Reading(0.0, ())  # of passages that others kept from being read
# Without a reader: a logistic curve over the fused score, provisional.
UNREAD_SLOPE, UNREAD_MIDDLE = 60.0, 0.9
CANDIDATES = 50  # from the vectors, and as many from the words
# BM25's usual constants: Robertson & Zaragoza 2009, section 3.2.
_K1, _B = 1.2, 0.75
_AVERAGE_TERMS = 130  # of a passage of this project's size
_LEAST_CONFIDENCE = 0.6  # below, the language of a question is not known


@dataclass(frozen=True, slots=True)
class Query:
    """A question or a topic, as searched."""

    text: str
    language: str  # ISO 639-1, as given or detected

    @classmethod
    def of(cls, text: str, fallback: str = "fr") -> Query:
        """Language detected; `fallback` where the text does not say."""
        language, probability = detect(text)
        return cls(text, language if probability >= _LEAST_CONFIDENCE else fallback)


@dataclass(frozen=True, slots=True)
class ScoredSentence:
    """A sentence that may be quoted: `article.body[start:end]`."""

    span: Span
    dense: float  # cosine with the query
    coverage: float  # share of the query's word weight that the sentence holds, in [0, 1]
    probability: float | None = None  # that the answer stands in it, where it was read

    @property
    def score(self) -> float:
        """How well it answers, beside the other sentences of its passage: positive, a ratio.

        The probability where it was read, else what stands in for it.
        """
        if self.probability is not None:
            return self.probability
        similarity = self.dense + SENTENCE_COVERAGE_WEIGHT * self.coverage
        return math.exp((similarity - 1) / SENTENCE_TEMPERATURE)


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage with its scores for a query. Higher is better for all of them."""

    article: Article
    passage: Passage
    dense: float  # cosine of the passage, its title joined
    lexical: float  # BM25 over the most a passage could have, in [0, 1)
    sentences: tuple[ScoredSentence, ...]
    score: float  # fused
    reading: Reading | None = None

    @property
    def probability(self) -> float:
        """That the passage answers the query, in [0, 1]."""
        if self.reading is not None:
            odds = _log_odds(self.reading.probability)
            return _logistic(odds + FUSED_IN_PROBABILITY * (self.score - FUSED_MIDDLE))
        return _logistic(UNREAD_SLOPE * (self.score - UNREAD_MIDDLE))


class Search:
    """Searches one generation. Safe to use from several threads."""

    def __init__(
        self,
        store: Store,
        dense: DenseIndex,
        lexical: LexicalIndex,
        encoder: Encoder,
        reader: Reader | None = None,
    ) -> None:
        self.store = store
        self._reader = reader
        self._dense = dense
        self._lexical = lexical
        self._encoder = encoder

    def indexed(self) -> int:
        """How many passages have a vector."""
        return len(self._dense)

    def search(self, query: Query, limit: int) -> list[Hit]:
        """The best passages, best first."""
        vector = self._encoder.encode_query(query.text)
        words = content_words(query.text, query.language)
        fields = list(dict.fromkeys([field_of(query.language), UNSTEMMED]))
        numbers = dict.fromkeys(
            [
                *self._dense.search(vector, CANDIDATES),
                *self._lexical.search(words, fields, CANDIDATES),
            ]
        )
        if not numbers:
            return []
        candidates = self.store.passages(list(numbers))
        weights = {
            field: self._term_weights(words, query.language, field)
            for field in {self._field(query, candidate) for candidate in candidates}
        }
        cosines = self._dense.passage_scores(vector, list(numbers))
        hits = [
            self._scored(candidate, float(cosine), vector, self._field(query, candidate), weights)
            for candidate, cosine in zip(candidates, cosines, strict=True)
        ]
        hits.sort(key=lambda hit: (-hit.score, hit.article.id, hit.passage.start))
        return self._read(query, hits)[:limit]

    def _read(self, query: Query, hits: Sequence[Hit]) -> list[Hit]:
        """The first hits read and put in order of what the reading says; the others after."""
        if self._reader is None:
            return list(hits)
        first = hits[:READ]
        readings = self._reader.read(query.text, [_readable(hit) for hit in first])
        pairs = sorted(zip(first, readings, strict=True), key=lambda pair: -_evidence(*pair))
        read = [
            replace(
                hit,
                reading=reading,
                sentences=tuple(
                    replace(sentence, probability=probability)
                    for sentence, probability in zip(hit.sentences, reading.sentences, strict=True)
                ),
            )
            for hit, reading in pairs
        ]
        return [*read, *(replace(hit, reading=UNREAD) for hit in hits[READ:])]

    @staticmethod
    def _field(query: Query, candidate: StoredPassage) -> str:
        """Stems compare within one language only."""
        same = candidate.article.language == query.language
        return field_of(query.language) if same else UNSTEMMED

    def _term_weights(self, words: Sequence[str], language: str, field: str) -> dict[str, float]:
        """Each term of the query with its inverse document frequency in a field."""
        return {
            term: inverse_document_frequency(
                word, language, self._lexical.document_frequency(field, term), len(self._dense)
            )
            for word in words
            for term in terms(word, field)
        }

    def _scored(
        self,
        candidate: StoredPassage,
        dense: float,
        vector: Vector,
        field: str,
        weights_by_field: dict[str, dict[str, float]],
    ) -> Hit:
        weights = weights_by_field[field]
        article, passage = candidate.article, candidate.passage
        cosines = self._dense.sentence_scores(
            vector, candidate.first_sentence, len(passage.sentences)
        )
        sentences = tuple(
            ScoredSentence(
                span,
                float(cosine),
                term_coverage(weights, terms(article.body[span.start : span.end], field)),
            )
            for span, cosine in zip(passage.sentences, cosines, strict=True)
        )
        words = terms(searched_text(article, passage.text), field)
        lexical = normalised_bm25(weights, words)
        score = DENSE_WEIGHT * dense + SENTENCE_WEIGHT * max(cosines) + LEXICAL_WEIGHT * lexical
        return Hit(article, passage, dense, lexical, sentences, float(score))


def _readable(hit: Hit) -> Readable:
    start = hit.passage.start
    spans = tuple(Span(s.span.start - start, s.span.end - start) for s in hit.sentences)
    return Readable(hit.article.title, hit.passage.text, spans)


def _evidence(hit: Hit, reading: Reading) -> float:
    """What orders the passages read: the log odds of the reading, and the fused score."""
    return _log_odds(reading.probability) + FUSED_IN_EVIDENCE * hit.score


def _log_odds(probability: float) -> float:
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))


def _logistic(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))


def searched_text(article: Article, text: str) -> str:
    """What is embedded and indexed for a passage or sentence: the title gives it its subject."""
    return f"{article.title}\n{text}"


def normalised_bm25(weights: dict[str, float], words: Sequence[str]) -> float:
    """BM25 of a text over the most any text could have, in [0, 1); 0 where nothing is asked.

    Robertson & Zaragoza 2009, eq. 3.15, divided by its limit as every term's count grows.
    """
    counts = Counter(word for word in words if word in weights)
    length = _K1 * (1 - _B + _B * len(words) / _AVERAGE_TERMS)
    total = sum(weights.values())
    score = sum(weights[term] * count / (count + length) for term, count in counts.items())
    return score / total if total else 0.0


def term_coverage(weights: dict[str, float], words: Sequence[str]) -> float:
    """Share of the query's term weight that a text holds, in [0, 1]."""
    total = sum(weights.values())
    present = set(words)
    held = sum(weight for term, weight in weights.items() if term in present)
    return held / total if total else 0.0
