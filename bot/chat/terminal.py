"""Replies as plain text, for any terminal."""

from __future__ import annotations

import re
import textwrap

from bot.chat.markup import Block, Button, Reply, separator

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # also what would steer a terminal
_QUOTATION_MARGIN = "  │ "


def as_text(reply: Reply, width: int = 80) -> str:
    """The reply wrapped to a width; its buttons, numbered, on a line each."""
    parts: list[str] = []
    heading = (reply.heading,) if reply.heading else ()
    for block in (*heading, *reply.blocks):
        if parts:
            parts.append(separator(block))
        parts.append(_block(block, width))
    lines = "".join(parts)
    for number, button in enumerate(numbered_buttons(reply), start=1):
        start = "\n\n" if number == 1 else "\n"
        lines += f"{start}  ({number}) {_clean(button.label)}"
        if button.url:
            lines += f": {_clean(button.url)}"
    return lines


def numbered_buttons(reply: Reply) -> list[Button]:
    """The buttons in the order of the numbers that `as_text` gives them, from 1."""
    return [button for row in reply.buttons for button in row]


def _block(block: Block, width: int) -> str:
    margin = _QUOTATION_MARGIN if block.quotation else ""
    marked = "".join(
        f"**{span.text}**" if span.bold and block.quotation and span.text.strip() else span.text
        for span in block.spans
    )
    wrapped = [
        textwrap.fill(
            line,
            width,
            initial_indent=margin,
            subsequent_indent=margin,
            break_long_words=False,
            break_on_hyphens=False,
        )
        or margin.rstrip()
        for line in _clean(marked).split("\n")
    ]
    return "\n".join(wrapped)


def _clean(text: str) -> str:
    return _CONTROLS.sub("", text)
