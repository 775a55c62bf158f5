"""What is searched for, and among which articles."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import date

from index.articles.article import Article
from index.articles.language import detect

_LEAST_CONFIDENCE = 0.6  # below, the language of a question is not known


@dataclass(frozen=True, slots=True)
class Filter:
    """Which articles may answer; every part that is empty lets all of them through."""

    since: date | None = None  # published that day or later
    until: date | None = None  # published that day or earlier
    languages: frozenset[str] = frozenset()  # ISO 639-1
    sources: frozenset[str] = frozenset()  # parts of a source's name, whatever their case

    def __bool__(self) -> bool:
        return bool(self.since or self.until or self.languages or self.sources)

    def lets_through(self, article: Article) -> bool:
        """An article without a date is outside every range of dates."""
        day = article.published
        return (
            not (self.since and (day is None or day < self.since))
            and not (self.until and (day is None or day > self.until))
            and not (self.languages and article.language not in self.languages)
            and self.names(article.source)
        )

    def names(self, source: str | None) -> bool:
        """Whether a source is among those asked for, or none is."""
        if not self.sources:
            return True
        name = _folded(source or "")
        return any(_folded(part) in name for part in self.sources)


@dataclass(frozen=True, slots=True)
class Query:
    """A question or a topic, as searched."""

    text: str
    language: str  # ISO 639-1, as given or detected
    filter: Filter = field(default_factory=Filter)

    @classmethod
    def of(cls, text: str, fallback: str = "fr") -> Query:
        """Language detected; `fallback` where the text does not say."""
        language, probability = detect(text)
        return cls(text, language if probability >= _LEAST_CONFIDENCE else fallback)


def _folded(name: str) -> str:
    """Without case, accents, and the difference between apostrophes."""
    letters = unicodedata.normalize("NFKD", name.replace("’", "'").casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
