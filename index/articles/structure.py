"""The blocks of a body: its paragraphs, its cross-heads and its furniture."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.articles.article import Block, BlockKind
from index.articles.bylines import is_bare_date
from index.articles.furniture import is_furniture
from index.articles.lines import split

_HEAD = 90  # characters of a cross-head at most
_HEADS_IN_A_ROW = 3  # title, subtitle, cross-head; more short lines in a row are a list
_GLUED = 120  # a head on the line above its paragraph is told by the length of what follows
_BULLET = re.compile(r"[-–—•*‣▪◦]\s|\d+\)\s")
_PROSE_END = re.compile(r"[.!…:;,][)\]]*$")
_SENTENCE_WITHIN = re.compile(r"[.!?…]\s+[^\W\d_a-z]")
_QUOTATION = re.compile(r"«[^«»]*»|“[^“”]*”|\"[^\"]*\"|„[^„“”]*[“”]")


def blocks(body: str) -> list[Block]:
    """The body cut into blocks, in order; they hold all of it but the blank space between them.

    Blank lines separate blocks. In a body without any, each line is one, unless the text is
    wrapped by hand. A line of furniture, or a head, glued to a paragraph is its own block.
    """
    spans = list(split(body, _stands_alone))
    texts = [body[start:end] for start, end in spans]
    kinds = [BlockKind.FURNITURE if is_furniture(text) else BlockKind.PARAGRAPH for text in texts]
    _mark_date_lines(texts, kinds)
    _mark_cross_heads(texts, kinds)
    return [Block(*span, kind) for span, kind in zip(spans, kinds, strict=True)]


def _stands_alone(lines: str, following: str) -> bool:
    glued = len(following) >= _GLUED and not _BULLET.match(following)
    return is_furniture(lines) or (glued and _is_head(lines))


def _is_head(text: str) -> bool:
    """Whether the text has the form of a cross-head, whatever its place."""
    if len(text) > _HEAD or "\n" in text or _BULLET.match(text):
        return False
    if _QUOTATION.fullmatch(text):
        return not _SENTENCE_WITHIN.search(text)
    return not _PROSE_END.search(text)


def _mark_date_lines(texts: Sequence[str], kinds: list[BlockKind]) -> None:
    """A date by itself is furniture above the text, and a cross-head within it (a chronology)."""
    for index, text in enumerate(texts):
        if kinds[index] is BlockKind.PARAGRAPH:
            if is_bare_date(text):
                kinds[index] = BlockKind.FURNITURE
            elif not _is_head(text):
                return


def _mark_cross_heads(texts: Sequence[str], kinds: list[BlockKind]) -> None:
    """Mark heads that a paragraph follows, furniture between them apart."""
    run: list[int] = []
    for index, text in enumerate(texts):
        if kinds[index] is BlockKind.FURNITURE:
            continue
        if _is_head(text):
            run.append(index)
            continue
        if len(run) <= _HEADS_IN_A_ROW:
            for head in run:
                kinds[head] = BlockKind.CROSS_HEAD
        run = []
