"""What an answer is: statements, each with citations, or an abstention."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Self

from index.articles.article import Article


@dataclass(frozen=True, slots=True)
class ArticleReference:
    """What a reader is told of an article. Equality is that of its id and metadata."""

    id: str
    title: str
    url: str | None
    source: str | None
    published: date | None

    @classmethod
    def of(cls, article: Article) -> Self:
        return cls(article.id, article.title, article.url, article.source, article.published)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage found for a question, with the sentences that may be quoted.

    `text` is `body[start:end]` of the article.
    """

    article: ArticleReference
    language: str
    start: int
    end: int
    text: str
    sentences: tuple[tuple[int, int], ...]  # (start, end) in the body, in order
    sentence_scores: tuple[float, ...]  # how well each answers, higher is better
    score: float  # of the passage, fused
    probability: float  # that the passage answers the question, in [0, 1]
    copies: tuple[ArticleReference, ...] = ()  # other articles with nearly the same words

    def words(self, start: int, end: int) -> str:
        """`body[start:end]`, for a span inside the passage."""
        return self.text[start - self.start : end - self.start]


@dataclass(frozen=True, slots=True)
class Citation:
    """The very words a statement rests on: `body[start:end] == quote`, exactly."""

    number: int  # from 1, in order of first mention
    article: ArticleReference
    start: int
    end: int
    quote: str
    evidence: Evidence  # the passage around the quote


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer, as shown to a reader, and the citations it rests on."""

    text: str
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Statements with citations; or none, and the articles that come nearest."""

    question: str
    question_language: str  # ISO 639-1, as detected
    language: str  # of the words around the quotes: a language of the interface
    statements: tuple[Statement, ...] = ()
    citations: tuple[Citation, ...] = ()
    nearest: tuple[ArticleReference, ...] = ()
    found: tuple[Evidence, ...] = ()  # every passage found, best first
    written: bool = False  # by a language model, and checked; else quoted

    @property
    def further(self) -> tuple[Evidence, ...]:
        """The passages found that no citation comes from, for who wants more sources."""
        cited = {id(citation.evidence) for citation in self.citations}
        return tuple(evidence for evidence in self.found if id(evidence) not in cited)

    @property
    def abstained(self) -> bool:
        return not self.statements
