"""Nearly the same words twice: the wire copies that several papers print."""

from __future__ import annotations

import re
from collections.abc import Iterable

from index.articles.article import Article
from index.scoring import Scored

_SHINGLE = 4  # words
# Of a passage's shingles, in another article's body. Two papers' own reports of one event share
# a few quotations; a copy with its first and last sentence changed keeps most of its words.
_REPEATED = 0.5

Shingles = set[tuple[str, ...]]


def collapsed(scored: Iterable[Scored], limit: int) -> list[tuple[Scored, tuple[Article, ...]]]:
    """The first passages that repeat no article before them, each with the articles that
    repeat it.

    A passage is compared with the whole body of the other articles, because a paragraph cut
    from a copy moves every border between passages after it.
    """
    kept: list[tuple[Scored, Shingles]] = []
    bodies: dict[str, Shingles] = {}  # of the articles kept, as they came
    copies: dict[str, dict[str, Article]] = {}  # by the article they repeat
    for passage in scored:
        if len(kept) >= limit:
            break
        article = passage.stored.article
        shingles = _shingles(passage.stored.passage.text)
        original = _original(article.id, shingles, bodies)
        if original is not None:
            copies.setdefault(original, {})[article.id] = article
            continue
        bodies.setdefault(article.id, _shingles(article.body))
        kept.append((passage, shingles))
    return [
        (
            passage,
            tuple(
                copy
                for copy in copies.get(passage.stored.article.id, {}).values()
                if _repeats(shingles, _shingles(copy.body))
            ),
        )
        for passage, shingles in kept
    ]


def _original(article: str, passage: Shingles, bodies: dict[str, Shingles]) -> str | None:
    """The article that a passage repeats: one that came before its own, or each of two copies
    would give way to the other."""
    for other, body in bodies.items():
        if other == article:
            return None
        if _repeats(passage, body):
            return other
    return None


def _repeats(passage: Shingles, body: Shingles) -> bool:
    return len(passage) > 0 and len(passage & body) >= _REPEATED * len(passage)


def _shingles(text: str) -> Shingles:
    words = re.findall(r"\w+", text.lower())
    return set(zip(*(words[i:] for i in range(_SHINGLE)), strict=False))
