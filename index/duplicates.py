"""Nearly the same words twice: the wire copies that several papers print."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.scoring import Scored

_SHINGLE = 4  # words
# Of the shorter passage's shingles. Two papers' own reports of one event share a few
# quotations; a copy with its first and last sentence changed keeps most of its words.
_SHARED = 0.5


def collapsed(scored: Sequence[Scored]) -> list[list[Scored]]:
    """The passages in the order given, each followed by those that nearly repeat it.

    Only passages of different articles are compared: those of one never overlap.
    """
    groups: list[tuple[set[tuple[str, ...]], list[Scored]]] = []
    for passage in scored:
        shingles = _shingles(passage.stored.passage.text)
        for known, group in groups:
            if _repeats(shingles, known) and passage.stored.article.id not in {
                member.stored.article.id for member in group
            }:
                group.append(passage)
                break
        else:
            groups.append((shingles, [passage]))
    return [group for _, group in groups]


def _repeats(a: set[tuple[str, ...]], b: set[tuple[str, ...]]) -> bool:
    shorter = min(len(a), len(b))
    return shorter > 0 and len(a & b) >= _SHARED * shorter


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return set(zip(*(words[i:] for i in range(_SHINGLE)), strict=False))
