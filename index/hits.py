"""What a search finds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from index.articles.article import Article
from index.passages import Passage, Span
from index.reader import Reading

SENTENCE_COVERAGE_WEIGHT, SENTENCE_TEMPERATURE = 0.03, 0.02


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
    probability: float  # that the passage answers the query, in [0, 1]
    reading: Reading | None = None  # where it was read
    copies: tuple[Article, ...] = ()  # others that hold nearly the same words
