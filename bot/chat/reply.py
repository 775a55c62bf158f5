"""Answers as replies: statements, sources with their excerpts, buttons."""

from __future__ import annotations

from bot.answering.answer import Answer, ArticleReference, Citation, Evidence, Statement
from bot.chat.actions import FOLLOW, MORE_SOURCES
from bot.chat.markup import Block, Button, Reply, Span, paragraph
from bot.chat.sources import (
    article_line,
    emphasised,
    excerpt,
    one_line,
    read_button,
    short_title,
    signed,
    word_end,
    word_start,
)
from bot.i18n import translate
from index.articles.article import Article, BlockKind
from index.articles.structure import blocks

_FURTHER = 4  # sources of one "more sources"
_READING = 1800  # characters of an article around the excerpt


def answer_reply(answer: Answer) -> Reply:
    """The answer with its sources, or that the corpus has none and what comes nearest."""
    heading = _heading(answer)
    if answer.abstained:
        return _abstention(answer, heading)
    body = [_stated(statement) for statement in answer.statements]
    for citation in answer.citations:
        body += _source(citation, answer.language)
    return Reply(tuple(body), _buttons(answer), heading)


def growing_reply(answer: Answer) -> Reply:
    """What there is of an answer while it is written: its statements, without their sources."""
    body = tuple(_stated(statement) for statement in answer.statements)
    return Reply((*body, paragraph("…")), heading=_heading(answer))


def more_sources_reply(answer: Answer) -> Reply:
    """Passages that the answer did not cite."""
    further = answer.further[:_FURTHER]
    if not further:
        nothing = translate("There is nothing else on this in the corpus.", answer.language)
        return Reply((paragraph(nothing),))
    title = translate("More on: {question}", answer.language, question=one_line(answer.question))
    body = [paragraph(Span(title, bold=True))]
    rows = []
    for number, evidence in enumerate(further, start=1):
        body.append(article_line(f"{number}. ", evidence.article, answer.language))
        body.append(excerpt(evidence.text, 0, 0))
        rows.append(_read_evidence(str(number), evidence, answer.language))
    return Reply(tuple(body), (tuple(rows),))


def article_reply(article: Article, start: int, end: int, language: str) -> Reply:
    """The paragraphs of an article around `body[start:end]`, furniture left out."""
    start = min(start, len(article.body))
    end = min(max(start, end), len(article.body))
    body = [article_line("", ArticleReference.of(article), language)]
    kept = [b for b in blocks(article.body) if b.kind is not BlockKind.FURNITURE]
    first, last = _around([(b.start, b.end) for b in kept], start, end)
    if first > 0:
        body.append(paragraph("…"))
    for block in kept[first : last + 1]:
        shown = _clipped(article.body, (block.start, block.end), (start, end))
        quoted = max(start, shown[0]), min(end, shown[1])
        if block.kind is BlockKind.CROSS_HEAD:
            quoted = shown
        spans = emphasised(article.body, shown, quoted)
        before = (Span("… "),) if shown[0] > block.start else ()
        after = (Span(" …"),) if shown[1] < block.end else ()
        body.append(Block((*before, *spans, *after)))
    if last < len(kept) - 1:
        body.append(paragraph("…"))
    return Reply(tuple(body))


def _heading(answer: Answer) -> Block:
    return paragraph(Span(one_line(answer.question), bold=True))


def _stated(statement: Statement) -> Block:
    numbers = " ".join(f"[{number}]" for number in statement.citations)
    return paragraph(f"{statement.text} {numbers}")


def _abstention(answer: Answer, heading: Block) -> Reply:
    body = [paragraph(translate("The corpus holds no answer to this.", answer.language))]
    if answer.nearest:
        body.append(paragraph(translate("What comes nearest:", answer.language)))
        body += [
            article_line(f"{number}. ", article, answer.language, tight=True)
            for number, article in enumerate(answer.nearest, start=1)
        ]
    rows = [
        _read_evidence(str(number), _evidence_of(answer, article), answer.language)
        for number, article in enumerate(answer.nearest, start=1)
    ]
    follow = Button(
        signed("🔔", translate("Tell me when there is one", answer.language)), action=FOLLOW
    )
    return Reply(tuple(body), (*([tuple(rows)] if rows else []), (follow,)), heading)


def _evidence_of(answer: Answer, article: ArticleReference) -> Evidence:
    return next(evidence for evidence in answer.further if evidence.article == article)


def _source(citation: Citation, language: str) -> list[Block]:
    return [
        article_line(f"[{citation.number}] ", citation.article, language),
        *_copies(citation.evidence, language),
        _cited(citation),
    ]


def _cited(citation: Citation) -> Block:
    evidence = citation.evidence
    return excerpt(evidence.text, citation.start - evidence.start, citation.end - evidence.start)


def _read_evidence(name: str, evidence: Evidence, language: str) -> Button:
    return read_button(name, evidence.article, (evidence.start, evidence.end), language)


def _copies(evidence: Evidence, language: str) -> list[Block]:
    """Who else printed nearly the same words."""
    others = dict.fromkeys(copy.source or short_title(copy.title) for copy in evidence.copies)
    if not others:
        return []
    names = ", ".join(map(one_line, others))
    return [paragraph(translate("Also in: {sources}", language, sources=names), tight=True)]


def _clipped(text: str, block: tuple[int, int], quote: tuple[int, int]) -> tuple[int, int]:
    """The part of a block that is near the quote: paragraphs may be of any length."""
    nearest = max(block[0], quote[0] - _READING // 2), min(block[1], quote[1] + _READING // 2)
    return (
        min(word_start(text, nearest[0]), max(block[0], quote[0]))
        if nearest[0] > block[0]
        else block[0],
        max(word_end(text, nearest[1]), min(block[1], quote[1]))
        if nearest[1] < block[1]
        else block[1],
    )


def _around(spans: list[tuple[int, int]], start: int, end: int) -> tuple[int, int]:
    """First and last of the blocks to show: those of the quote, then others while they fit."""
    inside = [i for i, (a, b) in enumerate(spans) if a < max(end, start + 1) and b > start]
    first, last = (inside[0], inside[-1]) if inside else (0, 0)
    while True:
        options = []
        if first > 0:
            options.append((first - 1, last))
        if last < len(spans) - 1:
            options.append((first, last + 1))
        options = [o for o in options if spans[o[1]][1] - spans[o[0]][0] <= _READING]
        if not options:
            return first, last
        # The side that is shorter so far, so that the quote stays in the middle.
        first, last = min(
            options, key=lambda o: abs((start - spans[o[0]][0]) - (spans[o[1]][1] - end))
        )


def _buttons(answer: Answer) -> tuple[tuple[Button, ...], ...]:
    read = tuple(
        read_button(f"[{c.number}]", c.article, (c.start, c.end), answer.language)
        for c in answer.citations
    )
    follow = Button(signed("🔔", translate("Follow", answer.language)), action=FOLLOW)
    if not answer.further:
        return (read, (follow,))
    more = Button(translate("More sources", answer.language), action=MORE_SOURCES)
    return (read, (more, follow))
