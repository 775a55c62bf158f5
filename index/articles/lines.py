"""Where the blocks of a body begin and end, told by its blank lines and the length of its lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

Span = tuple[int, int]  # start and end, in characters of the body; no blank space at either end

_WRAPPED = range(40, 101)  # columns at which texts are wrapped by hand
_MOSTLY = 0.6  # share of full lines in a text that is
_LINE = re.compile(r"[^\n]+")
_SENTENCE_END = re.compile(r"[.!?…][\s»”\"’)\]]*$")


def split(body: str, stands_alone: Callable[[str, str], bool]) -> Iterator[Span]:
    """The spans of a body's blocks, in order.

    Blank lines separate blocks; without any, every line is a block, unless lines were wrapped
    by hand. `stands_alone(lines, following)` says whether some lines that share a block with
    others are one by themselves; `following` is what comes next in the block, or "".
    """
    chunks = list(_chunks(body))
    width = _width(body, chunks)
    for chunk in chunks:
        pieces = list(_pieces(body, chunk, width, at_sentences=len(chunks) > 1))
        if len(chunks) == 1:
            yield from pieces
        else:
            yield from _regrouped(body, pieces, stands_alone)


def _chunks(body: str) -> Iterator[list[Span]]:
    """Runs of lines without a blank one between them."""
    chunk: list[Span] = []
    for match in _LINE.finditer(body):
        line = match[0]
        if not line.strip():
            continue
        start = match.start() + len(line) - len(line.lstrip())
        span = (start, match.start() + len(line.rstrip()))
        if chunk and body.count("\n", chunk[-1][1], start) > 1:
            yield chunk
            chunk = []
        chunk.append(span)
    if chunk:
        yield chunk


def _width(body: str, chunks: Sequence[Sequence[Span]]) -> int | None:
    """The column at which the body's lines were wrapped by hand, or `None`."""
    lines = [span for chunk in chunks if len(chunk) > 1 for span in chunk]
    width = max((end - start for start, end in lines), default=0)
    pairs = [pair for chunk in chunks for pair in zip(chunk, chunk[1:], strict=False)]
    full = sum(_is_full(body, *pair, width) for pair in pairs)
    return width if pairs and width in _WRAPPED and full >= _MOSTLY * len(pairs) else None


def _is_full(body: str, line: Span, following: Span, width: int) -> bool:
    """Whether the next line's first word had no room on this one."""
    word = body[slice(*following)].split(maxsplit=1)[0]
    return line[1] - line[0] + 1 + len(word) > width - 2


def _pieces(
    body: str, chunk: Sequence[Span], width: int | None, at_sentences: bool
) -> Iterator[Span]:
    """The chunk cut wherever a line ends that was not wrapped into the next."""
    start = chunk[0][0]
    for line, following in zip(chunk, chunk[1:], strict=False):
        ends = at_sentences and _SENTENCE_END.search(body[slice(*line)])
        if width is None or ends or not _is_full(body, line, following, width):
            yield start, line[1]
            start = following[0]
    yield start, chunk[-1][1]


def _regrouped(
    body: str, pieces: Sequence[Span], stands_alone: Callable[[str, str], bool]
) -> Iterator[Span]:
    """Pieces put together again, but for those that stand alone."""
    group: Span | None = None
    for piece, following in zip(pieces, [*pieces[1:], (0, 0)], strict=True):
        if len(pieces) > 1 and stands_alone(body[slice(*piece)], body[slice(*following)]):
            if group:
                yield group
            yield piece
            group = None
        else:
            group = (group[0] if group else piece[0], piece[1])
    if group:
        yield group
