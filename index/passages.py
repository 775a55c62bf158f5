"""From an article to its passages: what is embedded, retrieved and quoted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.articles.article import Article, Block, BlockKind
from index.articles.structure import blocks
from index.sentences import sentence_spans

# Characters, about 170 words of French: e5 was trained on paragraphs of this length.
PASSAGE_SIZE = 900
# A sentence longer than this (a list, a transcript without full stops) is cut at a blank.
LONGEST_SENTENCE = 700


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a body: `body[start:end]`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A contiguous stretch of an article's body, whole sentences, free of furniture.

    `article.body[start:end] == text`. `sentences` are the spans that may be quoted: they
    cover the passage in order, cross-heads excepted, which are context and no statement.
    """

    article_id: str
    start: int
    end: int
    text: str
    sentences: tuple[Span, ...]


def split_into_passages(article: Article, size: int = PASSAGE_SIZE) -> list[Passage]:
    """Passages of at most about `size` characters, without overlap.

    Whole paragraphs are gathered while they fit. Furniture ends a passage; so does a
    cross-head, which begins the next one. A paragraph longer than `size` is cut between
    sentences.
    """
    return [
        Passage(
            article_id=article.id,
            start=pieces[0].start,
            end=pieces[-1].end,
            text=article.body[pieces[0].start : pieces[-1].end],
            sentences=tuple(Span(p.start, p.end) for p in pieces if not p.heading),
        )
        for section in _stating(list(_sections(article.body)))
        for pieces in _gathered(article.body, section, size)
    ]


@dataclass(frozen=True, slots=True)
class _Piece:
    start: int
    end: int
    heading: bool
    opens_paragraph: bool


def _sections(body: str) -> Iterator[list[Block]]:
    """Runs of blocks that one passage may hold together."""
    section: list[Block] = []
    for block in blocks(body):
        starts_anew = block.kind is BlockKind.CROSS_HEAD and not _only_headings(section)
        if section and (block.kind is BlockKind.FURNITURE or starts_anew):
            yield section
            section = []
        if block.kind is not BlockKind.FURNITURE:
            section.append(block)
    if section:
        yield section


def _stating(sections: Sequence[list[Block]]) -> Sequence[list[Block]]:
    """The sections that say something: a cross-head alone does so only where nothing else does."""
    saying = [section for section in sections if not _only_headings(section)]
    return saying or sections


def _only_headings(section: Sequence[Block]) -> bool:
    return all(block.kind is BlockKind.CROSS_HEAD for block in section)


def _gathered(body: str, section: Sequence[Block], size: int) -> Iterator[list[_Piece]]:
    """Sections cut to size, between paragraphs where that can be, else between sentences."""
    pieces = [piece for block in section for piece in _pieces(body, block)]
    if all(piece.heading for piece in pieces):  # a body of headings is quoted as it is
        pieces = [_Piece(p.start, p.end, False, p.opens_paragraph) for p in pieces]
    current: list[_Piece] = []
    for position, piece in enumerate(pieces):
        if current and not all(p.heading for p in current):
            end = _paragraph_end(pieces, position) if piece.opens_paragraph else piece.end
            whole_fits = end - current[0].start <= size
            paragraph_is_long = piece.opens_paragraph and end - piece.start > size
            if not whole_fits and not (paragraph_is_long and piece.end - current[0].start <= size):
                yield current
                current = []
        current.append(piece)
    if current:
        yield current


def _paragraph_end(pieces: Sequence[_Piece], position: int) -> int:
    last = position
    while last + 1 < len(pieces) and not pieces[last + 1].opens_paragraph:
        last += 1
    return pieces[last].end


def _pieces(body: str, block: Block) -> Iterator[_Piece]:
    if block.kind is BlockKind.CROSS_HEAD:
        yield _Piece(block.start, block.end, heading=True, opens_paragraph=True)
        return
    first = True
    for start, end in sentence_spans(body, block.start, block.end):
        for part_start, part_end in _cut_to_length(body, start, end):
            yield _Piece(part_start, part_end, heading=False, opens_paragraph=first)
            first = False


def _cut_to_length(body: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > LONGEST_SENTENCE:
        blank = max(
            (i for i in range(start + 1, start + LONGEST_SENTENCE) if body[i].isspace()),
            default=start + LONGEST_SENTENCE,
        )
        stop = blank
        while stop > start and body[stop - 1].isspace():
            stop -= 1
        yield start, stop
        start = blank
        while start < end and body[start].isspace():
            start += 1
    yield start, end
