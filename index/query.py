"""What is searched for, and among which articles."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

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
