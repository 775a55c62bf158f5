"""Where words come from, as it is shown: an article, an excerpt, the way to read on."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from bot.answering.answer import ArticleReference
from bot.chat.actions import read_article_action
from bot.chat.markup import Block, Button, Span, paragraph
from bot.i18n import translate, written_date

_HOST = re.compile(r"[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)+")
_LONGEST_TITLE = 160
_LONGEST_SOURCE = 80
_LONGEST_BRIEF = 350  # characters of the sentence of a brief excerpt
_SURROUNDINGS = 260  # characters of an excerpt on either side of the quote


def article_line(lead: str, article: ArticleReference, language: str, tight: bool = False) -> Block:
    """Title, linked where it has an address, paper and date."""
    about = [article.source or ""]
    if article.published:
        about.append(written_date(article.published, language))
    rest = "".join(f" · {shortened(part, _LONGEST_SOURCE)}" for part in about if part)
    title = Span(short_title(article.title), italic=True, url=web_address(article.url))
    return paragraph(lead, title, rest, tight=tight)


def excerpt(text: str, start: int, end: int, surroundings: int = _SURROUNDINGS) -> Block:
    """A passage as a quotation, `text[start:end]` in bold; cut at words far from that.

    :param surroundings: characters that are kept on either side.
    """
    left = min(word_start(text, start - surroundings), start)
    right = max(word_end(text, end + surroundings), end)
    spans = emphasised(text, (left, right), (start, end))
    before = (Span("… "),) if left > 0 else ()
    after = (Span(" …"),) if right < len(text) else ()
    return Block((*before, *spans, *after), quotation=True, tight=True)


def brief_excerpt(text: str, start: int, end: int, surroundings: int) -> Block:
    """As `excerpt`, where several have to fit: a long sentence is cut too."""
    if end - start > _LONGEST_BRIEF:
        cut = start + _LONGEST_BRIEF
        end = word_end(text, cut) if word_end(text, cut) > start else cut
    return excerpt(text, start, end, surroundings)


def emphasised(text: str, whole: tuple[int, int], bold: tuple[int, int]) -> tuple[Span, ...]:
    """The spans of `text[start:end]` of `whole`, a part of it in bold."""
    start, end = whole
    if bold[0] >= bold[1]:
        return (Span(text[start:end]),)
    parts = (
        Span(text[start : bold[0]]),
        Span(text[bold[0] : bold[1]], bold=True),
        Span(text[bold[1] : end]),
    )
    return tuple(part for part in parts if part.text)


def read_button(
    name: str, article: ArticleReference, span: tuple[int, int], language: str
) -> Button:
    """A link to the article, or the paragraphs around a span of its body where it has none."""
    label = translate("Read {number}", language, number=name)
    url = web_address(article.url)
    if url:
        return Button(label, url=url)
    return Button(label, action=read_article_action(article.id, *span))


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


def short_title(title: str) -> str:
    line = one_line(title)
    if len(line) <= _LONGEST_TITLE:
        return line
    return line[:_LONGEST_TITLE].rsplit(" ", 1)[0] + "…"


def signed(sign: str, label: str) -> str:
    """The label of a button with a sign before it."""
    return f"{sign} {label}"


def shortened(text: str, longest: int = 40) -> str:
    """In one line, cut where it is longer than so many characters."""
    line = one_line(text)
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def one_line(text: str) -> str:
    return " ".join(text.split("\n")).strip()


def word_start(text: str, at: int) -> int:
    """The start of a word near `at`, not before it."""
    if at <= 0:
        return 0
    while at < len(text) and not text[at - 1].isspace():
        at += 1
    return at


def word_end(text: str, at: int) -> int:
    """The end of a word near `at`, not after it."""
    if at >= len(text):
        return len(text)
    while at > 0 and not text[at].isspace():
        at -= 1
    return at
