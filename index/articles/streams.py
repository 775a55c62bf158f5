"""Files too long to hold: from pieces of bytes to pieces of text, and to lines."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable, Iterator

from index.articles.draft import NotAnArticle
from index.articles.text import NOT_TEXT, encoding_of, marked_encoding, seems_utf8


def decoded(pieces: Iterable[bytes]) -> Iterator[str]:
    """The text of the pieces, none of it empty, its lines ended by `\\n`.

    The encoding is what a byte order mark says, or else what the first piece beyond ASCII
    seems to be written in, by the rules of `text.decode`.

    Raises NotAnArticle when that is no encoding of text.
    """
    line_ends = io.IncrementalNewlineDecoder(None, translate=True)
    texts = _decoded(iter(pieces))
    for text in texts:
        if plain := line_ends.decode(text):
            yield plain
    if rest := line_ends.decode("", final=True):
        yield rest


def _decoded(pieces: Iterator[bytes]) -> Iterator[str]:
    first = next(pieces, b"")
    encoding = marked_encoding(first)
    if encoding is None and b"\x00" in first:
        raise NotAnArticle(NOT_TEXT)
    decoder = codecs.getincrementaldecoder(encoding or "utf-8")("replace")
    decided = encoding is not None
    piece = first
    while piece:
        held, _ = decoder.getstate()
        text = decoder.decode(piece)
        if not decided and not text.isascii():
            decided = True
            if not seems_utf8(text):
                decoder = codecs.getincrementaldecoder(encoding_of(held + piece))("replace")
                text = decoder.decode(held + piece)
        yield text
        piece = next(pieces, b"")
    yield decoder.decode(b"", final=True)


def lines(texts: Iterable[str], longest: int) -> Iterator[str | None]:
    """Line by line, without line ends; `None` for one of more than `longest` characters,
    which is never held as a whole.
    """
    held: list[str] | None = []  # the beginning of a line, in parts; None: it is too long
    length = 0
    for text in texts:
        *ends, beginning = text.split("\n")
        for end in ends:
            whole = held is not None and length + len(end) <= longest
            yield "".join([*held, end]) if held is not None and whole else None
            held, length = [], 0
        length += len(beginning)
        if length > longest:
            held = None
        elif held is not None and beginning:
            held.append(beginning)
    if held is None or held:
        yield None if held is None else "".join(held)
