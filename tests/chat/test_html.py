"""Replies as Telegram messages: whatever the text, they parse, fit, and lose no word."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.chat.html import LONGEST_MESSAGE, as_html
from bot.chat.markup import Block, Reply, Span, message, paragraph, split, utf16_length
from tests.botapi import parse_html

_HARD = [
    "<b>", "</b>", "&amp;", "&", "<", '"', "*_`[", "👩‍👩‍👧‍👦", "𝕏", "مرحبا",
    "\u202e", "\u0301", "\n", "\n\n",
    ". ", " ", "\u00a0", "\t", "\x00", "\x1b[31m", "\x7f", "\ufffe", "mot", "« oui »", "x" * 5000,
    "👍" * 2100, "phrase. " * 700, "ligne\n" * 800, "&" * 4096,
]  # fmt: skip
_TEXTS = st.lists(
    st.sampled_from(_HARD) | st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    max_size=8,
).map("".join)
_SPANS = st.builds(
    Span,
    text=_TEXTS,
    bold=st.booleans(),
    italic=st.booleans(),
    url=st.none() | st.just('https://courrier.example/a?b="c"&d=<e>'),
)
# A reply always says something in each of its blocks.
_BLOCKS = st.builds(
    Block,
    spans=st.lists(_SPANS, max_size=3).map(lambda spans: (Span("¶"), *spans)),
    quotation=st.booleans(),
    tight=st.booleans(),
)
replies = st.lists(_BLOCKS, min_size=1, max_size=4).map(lambda blocks: Reply(tuple(blocks)))


def _seen(texts: Iterable[str]) -> str:
    """What of the texts a reader sees: no blanks, no control characters or those Telegram drops."""
    return "".join(
        character
        for text in texts
        for character in text
        if not character.isspace()
        and unicodedata.category(character) not in ("Cc", "Cf", "Cn", "Mn")
    )


@given(replies)
@example(message("x" * 4096))
@example(message("👍" * 2049))
@example(message("&" * 9000))
def test_every_message_parses_and_fits(reply: Reply) -> None:
    for html in as_html(reply):
        text, _ = parse_html(html)
        assert utf16_length(text) <= LONGEST_MESSAGE


@given(replies)
def test_no_word_is_lost_and_none_becomes_markup(reply: Reply) -> None:
    sent = _seen(parse_html(html)[0] for html in as_html(reply))
    assert sent == _seen(block.text for block in reply.blocks)


@given(replies, st.integers(100, 5000))
def test_runs_fit_the_limit_and_keep_every_character(reply: Reply, limit: int) -> None:
    runs = split(reply.blocks, limit)
    assert all(runs)
    for run in runs:
        breaks = 2 * (len(run) - 1)
        assert sum(utf16_length(block.text) for block in run) <= limit
        assert sum(utf16_length(block.text) for block in run) + breaks <= limit + sum(
            block.tight for block in run
        )
    assert "".join(b.text for run in runs for b in run) == "".join(b.text for b in reply.blocks)


@given(replies)
def test_bold_text_stays_bold_wherever_it_is_cut(reply: Reply) -> None:
    expected = _seen(s.text for block in reply.blocks for s in block.spans if s.bold)
    parsed = [parse_html(html) for html in as_html(reply)]
    bold = [e.of(text) for text, entities in parsed for e in entities if e.type == "bold"]
    assert _seen(bold) == expected


def test_a_short_reply_is_one_message_with_a_blank_line_between_paragraphs() -> None:
    reply = Reply((paragraph(Span("Un", bold=True)), paragraph("deux"), paragraph("3", tight=True)))
    assert as_html(reply) == ["<b>Un</b>\n\ndeux\n3"]


def test_a_quotation_can_be_unfolded() -> None:
    quotation = Block((Span("a "), Span("b", bold=True)), quotation=True)
    assert as_html(Reply((quotation,))) == ["<blockquote expandable>a <b>b</b></blockquote>"]


def test_a_source_is_not_parted_from_its_excerpt() -> None:
    first = paragraph("x" * 3000)
    source, excerpt = paragraph("[1] Titre"), Block((Span("y" * 1100),), quotation=True, tight=True)
    runs = split([first, source, excerpt], 4096)
    assert runs == [[first], [source, excerpt]]


def test_a_long_text_is_cut_after_a_sentence() -> None:
    [first], [second] = split([paragraph("Une phrase entière. " * 300)], 4096)
    assert first.text.endswith("entière. ")
    assert second.text.startswith("Une phrase")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("<b>non</b>", "&lt;b&gt;non&lt;/b&gt;"),
        ("&lt;", "&amp;lt;"),
        ("a\x00b\x1b[31m", "ab[31m"),
        ("*a* _b_ `c`", "*a* _b_ `c`"),
    ],
)
def test_text_is_never_markup(text: str, html: str) -> None:
    assert as_html(message(text)) == [html]
