"""Articles in plain text, and what the text of any article says of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from index.articles.article import Block, BlockKind
from index.articles.bylines import author_in, published_in
from index.articles.draft import Draft
from index.articles.text import decode

_TITLE = 120  # characters, about
# A full stop after an initial or one of these ends no sentence.
_ABBREVIATION = re.compile(
    r"(?:^|[\s(«“\"'’.-])(?:[^\W\d_]|MM|Mr|Mrs|Ms|Mme|Mlle|Dr|Me|Pr|St|Ste|Sr|Sra|av|bd|art|vol|"
    r"no|n°|cf|env|p|pp|etc|"
    r"ex|hab|Jr|Gen|Gov|Sen|Rep|Inc|Ltd|Co|vs|approx|bzw|ca)\.$"
)
_STOP = re.compile(r"[.!?…]+(?:\s?[»”\"’)\]])*(?=\s+[«“\"‘'(\[—–-]*\s?[^\W_a-zß-öø-ÿ])")


def read(data: bytes) -> Draft:
    """Plain text declares nothing about itself: the whole of it is the body."""
    return Draft(decode(data))


def title_of(body: str, parts: Sequence[Block]) -> str:
    """The title line at the top of the body, or its first sentence, cut at a word where long."""
    first = next((part for part in parts if part.kind is not BlockKind.FURNITURE), parts[0])
    text = re.sub(r"[ \t\n]+", " ", body[first.start : first.end])
    return shortened(text if first.kind is BlockKind.CROSS_HEAD else _first_sentence(text))


def shortened(text: str) -> str:
    """At most about 120 characters, whole words; "…" says that something was left out."""
    if len(text) <= _TITLE:
        return text
    cut = text.rfind(" ", 0, _TITLE)
    return text[: cut if cut > _TITLE // 2 else _TITLE - 1].rstrip(" \xa0\u202f,;:–—-(«“") + "…"


def author_of(body: str, parts: Sequence[Block]) -> str | None:
    """The names in the first byline."""
    return next((name for line in _facts(body, parts) if (name := author_in(line))), None)


def published_of(body: str, parts: Sequence[Block]) -> date | None:
    """The date on a line that says when the article came out, or else when it was updated."""
    found = [dated for line in _facts(body, parts) if (dated := published_in(line))]
    return min(found, key=lambda dated: dated[1])[0] if found else None


def _facts(body: str, parts: Sequence[Block]) -> Iterator[str]:
    """Furniture line by line, and piece by piece where a line holds several."""
    for part in parts:
        if part.kind is BlockKind.FURNITURE:
            for line in body[part.start : part.end].splitlines():
                plain = " ".join(line.replace("’", "'").split()).lstrip("•·*–—- ")
                yield from re.split(r"\s[|·•–—-]\s", plain)


def _first_sentence(text: str) -> str:
    for stop in _STOP.finditer(text):
        if not _ABBREVIATION.search(text[: stop.end()]):
            return text[: stop.end()]
    return text
