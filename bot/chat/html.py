"""Replies as Telegram HTML: https://core.telegram.org/bots/api#html-style."""

from __future__ import annotations

import html
import re

from bot.chat.markup import Block, Reply, Span, separator, split, utf16_length

LONGEST_MESSAGE = 4096  # UTF-16 code units, after entities are parsed
_BETWEEN = 2  # of the heading and what follows
# Telegram refuses or drops them; no reader misses them.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")


def as_html(reply: Reply) -> list[str]:
    """The messages of a reply, each within Telegram's limit."""
    if reply.heading is None:
        return [_message(run) for run in split(reply.blocks, LONGEST_MESSAGE)]
    taken = utf16_length(reply.heading.text) + _BETWEEN
    runs = split(reply.blocks, LONGEST_MESSAGE - taken) or [[]]
    return [_message([reply.heading, *run]) for run in runs]


def _message(blocks: list[Block]) -> str:
    parts = [_block(blocks[0])]
    for block in blocks[1:]:
        parts += [separator(block), _block(block)]
    return "".join(parts)


def _block(block: Block) -> str:
    inside = "".join(map(_span, block.spans))
    return f"<blockquote expandable>{inside}</blockquote>" if block.quotation else inside


def _span(span: Span) -> str:
    text = html.escape(_CONTROLS.sub("", span.text), quote=False)
    if not text.strip():
        return text  # an entity of blanks alone would be dropped
    if span.italic:
        text = f"<i>{text}</i>"
    if span.bold:
        text = f"<b>{text}</b>"
    if span.url:
        text = f'<a href="{html.escape(span.url)}">{text}</a>'
    return text
