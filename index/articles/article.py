"""The unit of the corpus: one article, and the blocks its body is made of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256

UNKNOWN_LANGUAGE = "und"  # ISO 639-2: undetermined


@dataclass(frozen=True, slots=True)
class Article:
    """One document of the corpus.

    `body` is the whole extracted text: NFC, lines ended by `\\n`, nothing else altered.
    Every offset in this project counts characters of it.
    """

    # Stable: the file's path beneath its root, prefixed with the root's name. Of one of several
    # in a file: its URL, or else the file's id, "#", and what tells it from the others there.
    id: str
    title: str
    body: str
    language: str  # ISO 639-1, or UNKNOWN_LANGUAGE
    url: str | None = None
    source: str | None = None  # the paper or site
    author: str | None = None
    published: date | None = None

    @property
    def identity(self) -> str:
        """What two versions of one article share, wherever they were read: its URL, or its id."""
        return self.url or self.id

    @property
    def content_hash(self) -> str:
        """SHA-256, in hexadecimal, of all that a reader sees of it."""
        published = self.published and self.published.isoformat()
        seen = (self.title, self.body, self.language, self.url, self.source, self.author, published)
        return sha256(json.dumps(seen).encode()).hexdigest()


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
