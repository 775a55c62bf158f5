"""Answers as replies: statements, sources with their excerpts, buttons."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from bot.answering.answer import Answer, ArticleReference, Citation, Evidence
from bot.chat.actions import MORE_SOURCES, read_article_action
from bot.chat.markup import Block, Button, Reply, Span, paragraph
from bot.i18n import translate, written_date
from index.articles.article import Article, BlockKind
from index.articles.structure import blocks

_HOST = re.compile(r"[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)+")
_LONGEST_TITLE = 160
_SURROUNDINGS = 260  # characters of an excerpt on either side of the quote
_FURTHER = 4  # sources of one "more sources"
_READING = 1800  # characters of an article around the excerpt


def answer_reply(answer: Answer) -> Reply:
    """The answer with its sources, or that the corpus has none and what comes nearest."""
    heading = paragraph(Span(_one_line(answer.question), bold=True))
    if answer.abstained:
        return _abstention(answer, heading)
    body = []
    for statement in answer.statements:
        numbers = " ".join(f"[{number}]" for number in statement.citations)
        body.append(paragraph(f"{statement.text} {numbers}"))
    for citation in answer.citations:
        body += _source(citation, answer.language)
    return Reply(tuple(body), _buttons(answer), heading)


def more_sources_reply(answer: Answer) -> Reply:
    """Passages that the answer did not cite."""
    further = answer.further[:_FURTHER]
    if not further:
        nothing = translate("There is nothing else on this in the corpus.", answer.language)
        return Reply((paragraph(nothing),))
    title = translate("More on: {question}", answer.language, question=_one_line(answer.question))
    body = [paragraph(Span(title, bold=True))]
    rows = []
    for number, evidence in enumerate(further, start=1):
        body.append(_article_line(f"{number}. ", evidence.article, answer.language))
        body.append(_excerpt(evidence, evidence.start, evidence.start))
        rows.append(_read_button(str(number), evidence.article, evidence, answer.language))
    return Reply(tuple(body), (tuple(rows),))


def article_reply(article: Article, start: int, end: int, language: str) -> Reply:
    """The paragraphs of an article around `body[start:end]`, furniture left out."""
    start = min(start, len(article.body))
    end = min(max(start, end), len(article.body))
    reference = ArticleReference(
        article.id, article.title, article.url, article.source, article.published
    )
    body = [_article_line("", reference, language)]
    kept = [b for b in blocks(article.body) if b.kind is not BlockKind.FURNITURE]
    first, last = _around([(b.start, b.end) for b in kept], start, end)
    if first > 0:
        body.append(paragraph("…"))
    for block in kept[first : last + 1]:
        shown = _clipped(article.body, (block.start, block.end), (start, end))
        quoted = max(start, shown[0]), min(end, shown[1])
        spans = _spans(article.body, shown, quoted, block.kind is BlockKind.CROSS_HEAD)
        before = (Span("… "),) if shown[0] > block.start else ()
        after = (Span(" …"),) if shown[1] < block.end else ()
        body.append(Block((*before, *spans, *after)))
    if last < len(kept) - 1:
        body.append(paragraph("…"))
    return Reply(tuple(body))


def _abstention(answer: Answer, heading: Block) -> Reply:
    body = [paragraph(translate("The corpus holds no answer to this.", answer.language))]
    if answer.nearest:
        body.append(paragraph(translate("What comes nearest:", answer.language)))
        body += [
            _article_line(f"{number}. ", article, answer.language, tight=True)
            for number, article in enumerate(answer.nearest, start=1)
        ]
    rows = [
        _read_button(str(number), article, _evidence_of(answer, article), answer.language)
        for number, article in enumerate(answer.nearest, start=1)
    ]
    return Reply(tuple(body), (tuple(rows),) if rows else (), heading)


def _evidence_of(answer: Answer, article: ArticleReference) -> Evidence:
    return next(evidence for evidence in answer.further if evidence.article == article)


def _source(citation: Citation, language: str) -> list[Block]:
    return [
        _article_line(f"[{citation.number}] ", citation.article, language),
        *_copies(citation.evidence, language),
        _excerpt(citation.evidence, citation.start, citation.end),
    ]


def _copies(evidence: Evidence, language: str) -> list[Block]:
    """Who else printed nearly the same words."""
    others = dict.fromkeys(copy.source or _title(copy.title) for copy in evidence.copies)
    if not others:
        return []
    names = ", ".join(map(_one_line, others))
    return [paragraph(translate("Also in: {sources}", language, sources=names), tight=True)]


def _article_line(
    lead: str, article: ArticleReference, language: str, tight: bool = False
) -> Block:
    """Title, linked where it has an address, paper and date."""
    about = [article.source or ""]
    if article.published:
        about.append(written_date(article.published, language))
    rest = "".join(f" · {_one_line(part)}" for part in about if part)
    title = Span(_title(article.title), italic=True, url=web_address(article.url))
    return paragraph(lead, title, rest, tight=tight)


def _excerpt(evidence: Evidence, start: int, end: int) -> Block:
    """The passage as a quotation, the quote in bold; cut at words far from the quote."""
    text = evidence.text
    quote_start, quote_end = start - evidence.start, end - evidence.start
    left = min(_word_start(text, quote_start - _SURROUNDINGS), quote_start)
    right = max(_word_end(text, quote_end + _SURROUNDINGS), quote_end)
    spans = _spans(text, (left, right), (quote_start, quote_end), False)
    before = (Span("… "),) if left > 0 else ()
    after = (Span(" …"),) if right < len(text) else ()
    return Block((*before, *spans, *after), quotation=True, tight=True)


def _spans(
    text: str, whole: tuple[int, int], bold: tuple[int, int], all_bold: bool
) -> tuple[Span, ...]:
    start, end = whole
    if all_bold or bold[0] >= bold[1]:
        return (Span(text[start:end], bold=all_bold),)
    parts = (
        Span(text[start : bold[0]]),
        Span(text[bold[0] : bold[1]], bold=True),
        Span(text[bold[1] : end]),
    )
    return tuple(part for part in parts if part.text)


def _clipped(text: str, block: tuple[int, int], quote: tuple[int, int]) -> tuple[int, int]:
    """The part of a block that is near the quote: paragraphs may be of any length."""
    nearest = max(block[0], quote[0] - _READING // 2), min(block[1], quote[1] + _READING // 2)
    return (
        min(_word_start(text, nearest[0]), max(block[0], quote[0]))
        if nearest[0] > block[0]
        else block[0],
        max(_word_end(text, nearest[1]), min(block[1], quote[1]))
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
        _read_button(f"[{c.number}]", c.article, c.evidence, answer.language, (c.start, c.end))
        for c in answer.citations
    )
    if not answer.further:
        return (read,)
    more = Button(translate("More sources", answer.language), action=MORE_SOURCES)
    return (read, (more,))


def _read_button(
    name: str,
    article: ArticleReference,
    evidence: Evidence,
    language: str,
    span: tuple[int, int] | None = None,
) -> Button:
    """A link to the article, or the paragraphs around the excerpt where it has none."""
    label = translate("Read {number}", language, number=name)
    url = web_address(article.url)
    if url:
        return Button(label, url=url)
    start, end = span or (evidence.start, evidence.end)
    return Button(label, action=read_article_action(article.id, start, end))


def web_address(url: str | None) -> str | None:
    """The URL if Telegram would take it for a link: http or https, with a host of two labels.

    It refuses the whole message for the sake of one button's address.
    """
    if not url or len(url) > 2000 or any(c.isspace() or not c.isprintable() for c in url):
        return None
    try:
        parts = urlsplit(url)
        good_port = parts.port is None or parts.port > 0
    except ValueError:  # a port that is no number, or above 65,535
        return None
    good_host = _HOST.fullmatch(parts.hostname or "") is not None
    empty_port = parts.netloc.endswith(":")
    good = parts.scheme in ("http", "https") and good_host and good_port and not empty_port
    return url if good else None


def _title(title: str) -> str:
    line = _one_line(title)
    if len(line) <= _LONGEST_TITLE:
        return line
    return line[:_LONGEST_TITLE].rsplit(" ", 1)[0] + "…"


def _one_line(text: str) -> str:
    return " ".join(text.split("\n")).strip()


def _word_start(text: str, at: int) -> int:
    """The start of a word near `at`, not before it."""
    if at <= 0:
        return 0
    while at < len(text) and not text[at - 1].isspace():
        at += 1
    return at


def _word_end(text: str, at: int) -> int:
    """The end of a word near `at`, not after it."""
    if at >= len(text):
        return len(text)
    while at > 0 and not text[at].isspace():
        at -= 1
    return at
