"""The unit of the corpus: one article, and the blocks its body is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

UNKNOWN_LANGUAGE = "und"  # ISO 639-2: undetermined


@dataclass(frozen=True, slots=True)
class Article:
    """One document of the corpus.

    `body` is the whole extracted text: NFC, lines ended by `\\n`, nothing else altered.
    Every offset in this project counts characters of it.
    """

    id: str  # stable: the file's path beneath its root, prefixed with the root's name
    title: str
    body: str
    language: str  # ISO 639-1, or UNKNOWN_LANGUAGE
    url: str | None = None
    source: str | None = None  # the paper or site
    author: str | None = None
    published: date | None = None


class BlockKind(StrEnum):
    """What a block of a body is to a reader."""

    PARAGRAPH = "paragraph"
    CROSS_HEAD = "cross-head"  # an intertitle: belongs to what follows it
    FURNITURE = "furniture"  # captions, "Lire aussi", newsletters: never quoted


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a body without blank lines at its ends: `body[start:end]`."""

    start: int
    end: int
    kind: BlockKind
