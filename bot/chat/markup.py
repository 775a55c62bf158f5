"""What a reply is made of, whatever shows it: paragraphs, quotations, buttons.

Text from articles and readers is only ever the `text` of a span, so it cannot become markup.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text in one style."""

    text: str
    bold: bool = False
    italic: bool = False
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or a quotation that may be folded.

    `tight`: belongs to the block before it, and follows without a blank line.
    """

    spans: tuple[Span, ...]
    quotation: bool = False
    tight: bool = False

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)


@dataclass(frozen=True, slots=True)
class Button:
    """A label with either a link or an action (see `bot.chat.actions`)."""

    label: str
    url: str | None = None
    action: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the bot. Long ones are sent as several messages, each under the heading."""

    blocks: tuple[Block, ...]
    buttons: tuple[tuple[Button, ...], ...] = ()
    heading: Block | None = None  # short


def paragraph(*spans: Span | str, tight: bool = False) -> Block:
    """A block of spans; a plain string is a span without style."""
    return Block(tuple(s if isinstance(s, Span) else Span(s) for s in spans), tight=tight)


def message(*texts: str) -> Reply:
    """A reply of plain paragraphs."""
    return Reply(tuple(paragraph(text) for text in texts))


def split(blocks: Iterable[Block], limit: int) -> list[list[Block]]:
    """Blocks in runs whose text is at most `limit` UTF-16 units, as Telegram counts.

    A block stays with the tight ones after it where they fit together; a block that is longer
    than a message by itself is cut, at the end of a sentence or a word where there is one.
    """
    runs: list[list[Block]] = [[]]
    for group in _groups(blocks):
        if runs[-1] and _length([*runs[-1], *group]) > limit:
            runs.append([])
        for block in group:
            for piece in _pieces(block, limit):
                if runs[-1] and _length([*runs[-1], piece]) > limit:
                    runs.append([])
                runs[-1].append(piece)
    return [run for run in runs if run]


def utf16_length(text: str) -> int:
    """In UTF-16 code units: what lies beyond the basic plane, as most emoji do, counts twice."""
    return len(text) + sum(character > "\uffff" for character in text)


def separator(block: Block) -> str:
    """What stands between a block and the one before it."""
    return "\n" if block.tight else "\n\n"


def _length(blocks: list[Block]) -> int:
    between = sum(len(separator(block)) for block in blocks[1:])
    return between + sum(utf16_length(block.text) for block in blocks)


def _groups(blocks: Iterable[Block]) -> list[list[Block]]:
    groups: list[list[Block]] = []
    for block in blocks:
        if block.tight and groups:
            groups[-1].append(block)
        else:
            groups.append([block])
    return groups


def _pieces(block: Block, limit: int) -> list[Block]:
    pieces = []
    rest = block
    while utf16_length(rest.text) > limit:
        at = _cut(rest.text, limit)
        head, rest = _halves(rest, at)
        pieces.append(head)
    return [*pieces, rest]


def _cut(text: str, limit: int) -> int:
    """Where to cut a text so that what stands before fits the limit."""
    units = list(accumulate(map(utf16_length, text)))
    fits = bisect_right(units, limit)
    for mark in ("\n", ". ", "! ", "? ", " "):
        at = text.rfind(mark, fits // 2, fits)
        if at > 0:
            return at + len(mark)
    return fits


def _halves(block: Block, at: int) -> tuple[Block, Block]:
    before, after = [], []
    position = 0
    for span in block.spans:
        cut = min(max(at - position, 0), len(span.text))
        before.append(replace(span, text=span.text[:cut]))
        after.append(replace(span, text=span.text[cut:]))
        position += len(span.text)
    return (
        replace(block, spans=tuple(span for span in before if span.text)),
        replace(block, spans=tuple(span for span in after if span.text)),
    )
