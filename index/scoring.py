"""How a passage is scored for a query: by meaning, by words, and both fused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from index.articles.article import Article
from index.dense import DenseIndex
from index.embedding import Vector
from index.hits import ScoredSentence
from index.lexical import UNSTEMMED, LexicalIndex, content_words, field_of, terms
from index.query import Query
from index.store import StoredPassage
from index.word_weights import inverse_document_frequency

# BM25's usual constants: Robertson & Zaragoza 2009, section 3.2.
_K1, _B = 1.2, 0.75
_AVERAGE_TERMS = 130  # of a passage of this project's size


@dataclass(frozen=True, slots=True)
class Weights:
    """How the scores of a passage are fused."""

    sentence: float  # of the best sentence; the passage's own vector has the rest
    lexical: float
    # What BM25 is at least taken to be where question and article are in different languages
    # and share few words whatever the article says.
    across: float


# Tuned by scripts/tune_search.py on the tuning halves of PIAF and of data/training: 0.610
# nDCG@10 over all, 0.614 across languages. Assuming 0.25 there instead of 0.3 gives 0.571
# across languages, 0.4 gives 0.656 and 0.605 over all.
WEIGHTS = Weights(sentence=0.7, lexical=0.12, across=0.3)


@dataclass(frozen=True, slots=True)
class Scored:
    """A passage with its scores; what they mean stands at `index.hits.Hit`."""

    stored: StoredPassage
    dense: float
    best_sentence: float  # highest cosine of a sentence, its title joined
    lexical: float
    cosines: tuple[float, ...]  # of each sentence
    across: bool  # question and article are in different languages

    @property
    def fused(self) -> float:
        return self.fused_with(WEIGHTS)

    def fused_with(self, weights: Weights) -> float:
        lexical = max(self.lexical, weights.across) if self.across else self.lexical
        return (
            (1 - weights.sentence) * self.dense
            + weights.sentence * self.best_sentence
            + weights.lexical * lexical
        )


class Scorer:
    """Scores passages for one query."""

    def __init__(
        self, query: Query, vector: Vector, dense: DenseIndex, lexical: LexicalIndex
    ) -> None:
        self._query = query
        self.vector = vector
        self._dense = dense
        self._lexical = lexical
        self.words = content_words(query.text, query.language)
        self._weights: dict[str, dict[str, float]] = {}

    def score(self, passages: Sequence[StoredPassage]) -> list[Scored]:
        """Every score of every passage, in the order given."""
        if not passages:
            return []
        cosines = self._dense.passage_scores(self.vector, [found.number for found in passages])
        runs = [(found.first_sentence, len(found.passage.sentences)) for found in passages]
        of_sentences = self._dense.sentence_scores(self.vector, runs)
        return [self._scored(*found) for found in zip(passages, cosines, of_sentences, strict=True)]

    def sentences(self, scored: Scored) -> Iterable[ScoredSentence]:
        """The sentences of a passage, in order."""
        article, passage = scored.stored.article, scored.stored.passage
        field = self._field(article)
        for span, cosine in zip(passage.sentences, scored.cosines, strict=True):
            held = terms(article.body[span.start : span.end], field)
            yield ScoredSentence(span, cosine, term_coverage(self._term_weights(field), held))

    def _scored(self, stored: StoredPassage, dense: np.float32, cosines: Vector) -> Scored:
        article, passage = stored.article, stored.passage
        field = self._field(article)
        words = terms(searched_text(article, passage.text), field)
        return Scored(
            stored,
            float(dense),
            float(cosines.max()),
            normalised_bm25(self._term_weights(field), words),
            tuple(map(float, cosines)),
            article.language != self._query.language,
        )

    def _field(self, article: Article) -> str:
        """Stems compare within one language only."""
        same = article.language == self._query.language
        return field_of(self._query.language) if same else UNSTEMMED

    def _term_weights(self, field: str) -> dict[str, float]:
        """Each term of the query with its inverse document frequency in a field."""
        if field not in self._weights:
            self._weights[field] = {
                term: inverse_document_frequency(
                    word,
                    self._query.language,
                    self._lexical.document_frequency(field, term),
                    len(self._dense),
                )
                for word in self.words
                for term in terms(word, field)
            }
        return self._weights[field]


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
