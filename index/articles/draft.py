"""What a reader makes of one file, before it is known to be an article."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


class NotAnArticle(Exception):
    """The file holds nothing that can be read as an article; the message says why."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Text and whatever metadata the file itself declares; `None` where it declares none."""

    text: str
    title: str | None = None
    url: str | None = None
    source: str | None = None
    author: str | None = None
    published: date | None = None
    language: str | None = None  # as written: "fr", "fr-FR", or nonsense
