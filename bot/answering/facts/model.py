"""What a fact is, and what a statement may rest on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class FactKind(StrEnum):
    """What can be compared to the letter, or in an equivalent form."""

    NUMBER = "number"
    DATE = "date"
    NAME = "name"
    QUOTATION = "quotation"


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact of a statement."""

    kind: FactKind
    text: str  # as it stands in the statement


@dataclass(frozen=True, slots=True)
class Ground:
    """What a statement may rest on: a passage, and what its article says of itself."""

    text: str  # of the passage
    language: str  # ISO 639-1, of the passage
    title: str = ""
    source: str | None = None
    published: date | None = None
