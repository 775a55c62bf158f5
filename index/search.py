"""Hybrid search: meaning and words together, then a reading of the best passages.

Candidates come from the vectors and from the words; each then gets every score exactly, so
that none is missing when they are fused. Raw cosines are fused, not their standardised
values: on half of PIAF that gives 0.876 nDCG@10 against 0.871, and a score means the same on
a corpus of one article as of a thousand (docs/quality.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache

from index.articles.article import Article
from index.calibration import load_calibration, log_odds
from index.dense import DenseIndex
from index.duplicates import collapsed
from index.embedding import Encoder, Matrix
from index.hits import Hit
from index.lexical import UNSTEMMED, LexicalIndex, field_of
from index.passages import Span
from index.query import Query
from index.reader import Readable, Reader, Reading
from index.scoring import Scored, Scorer
from index.store import Store, StoredPassage

CANDIDATES = 50  # from the vectors, and as many from the words
# Read in two turns, each passage some 25 ms; the second only where the first found no answer
# that is more likely than not. On the tuning half of the sample's questions, four and four find
# no more answers.
READ_FIRST, READ_NEXT, LIKELY = 3, 3, 0.5
# The weight of the fused score beside what was read: set on the tuning halves of the sample's
# questions, where 30 to 80 differ little.
FUSED_IN_EVIDENCE = 50.0
UNREAD = Reading(0.0, ())  # of passages that others kept from being read
_ENCODED_QUERIES = 1024  # kept: 1.5 KB each


class Parts(StrEnum):
    """Which parts of the search put the passages in order."""

    DENSE = "dense"
    LEXICAL = "lexical"
    FUSED = "fused"
    FULL = "full"  # fused, then read


_ORDER: dict[Parts, Callable[[Scored], float]] = {
    Parts.DENSE: lambda scored: scored.dense,
    Parts.LEXICAL: lambda scored: scored.lexical,
    Parts.FUSED: lambda scored: scored.fused,
    Parts.FULL: lambda scored: scored.fused,
}


class Search:
    """Searches one generation. Safe to use from several threads."""

    def __init__(
        self,
        store: Store,
        dense: DenseIndex,
        lexical: LexicalIndex,
        encoder: Encoder,
        reader: Reader | None = None,
    ) -> None:
        self.store = store
        self.encoder = encoder
        self._reader = reader
        self._dense = dense
        self._lexical = lexical
        self._encoded = lru_cache(_ENCODED_QUERIES)(encoder.encode_query)
        self._curves = load_calibration()

    def indexed(self) -> int:
        """How many passages have a vector."""
        return len(self._dense)

    def vectors_of(self, stored: Sequence[StoredPassage]) -> tuple[Matrix, Matrix]:
        """Of passages, their titles joined, one row each; and of all their sentences, one after
        the other. In float32, of unit length within the 0.0005 that float16 costs."""
        numbers = [passage.number for passage in stored]
        runs = [(found.first_sentence, len(found.passage.sentences)) for found in stored]
        return self._dense.vectors_of(numbers, runs)

    def search(self, query: Query, limit: int, parts: Parts = Parts.FULL) -> list[Hit]:
        """The best passages, best first; of those that nearly repeat each other, the first."""
        scorer = self._scorer(query)
        found = collapsed(self._candidates(query, scorer, parts), limit)
        hits = [self._hit(scored, copies, scorer) for scored, copies in found]
        return self._read(query, hits) if self._reader and parts is Parts.FULL else hits

    def candidates(self, query: Query, parts: Parts = Parts.FULL) -> list[Scored]:
        """Every passage that was considered, with its scores, best first; none was read."""
        return self._candidates(query, self._scorer(query), parts)

    def _scorer(self, query: Query) -> Scorer:
        return Scorer(query, self._encoded(query.text), self._dense, self._lexical)

    def _candidates(self, query: Query, scorer: Scorer, parts: Parts) -> list[Scored]:
        allowed = self.store.matching(query.filter) if query.filter else None
        numbers: dict[int, None] = {}
        if parts is not Parts.LEXICAL:
            numbers |= dict.fromkeys(self._dense.search(scorer.vector, CANDIDATES, allowed))
        if parts is not Parts.DENSE:
            fields = list(dict.fromkeys([field_of(query.language), UNSTEMMED]))
            found = self._lexical.search(scorer.words, fields, CANDIDATES, allowed)
            numbers |= dict.fromkeys(found)
        order = _ORDER[parts]
        return sorted(
            scorer.score(self.store.passages(list(numbers))),
            key=lambda s: (-order(s), s.stored.article.id, s.stored.passage.start),
        )

    def _hit(self, scored: Scored, copies: tuple[Article, ...], scorer: Scorer) -> Hit:
        return Hit(
            scored.stored.article,
            scored.stored.passage,
            scored.dense,
            scored.lexical,
            tuple(scorer.sentences(scored)),
            scored.fused,
            self._curves.unread.probability(scored.fused),
            copies=copies,
        )

    def _read(self, query: Query, hits: Sequence[Hit]) -> list[Hit]:
        """The first hits read and put in order of what the reading says; the others after."""
        read = self._readings(query, hits[:READ_FIRST])
        if all(hit.probability < LIKELY for hit in read):
            read += self._readings(query, hits[READ_FIRST : READ_FIRST + READ_NEXT])
        read.sort(key=lambda hit: -_evidence(hit))
        others = (replace(hit, reading=UNREAD, probability=0.0) for hit in hits[len(read) :])
        return [*read, *others]

    def _readings(self, query: Query, hits: Sequence[Hit]) -> list[Hit]:
        assert self._reader is not None
        readings = self._reader.read(query.text, [_readable(hit) for hit in hits])
        return [
            replace(
                hit,
                reading=reading,
                probability=self._curves.read.probability(hit.score, reading.probability),
                sentences=tuple(
                    replace(sentence, probability=probability)
                    for sentence, probability in zip(hit.sentences, reading.sentences, strict=True)
                ),
            )
            for hit, reading in zip(hits, readings, strict=True)
        ]


def _readable(hit: Hit) -> Readable:
    start = hit.passage.start
    spans = tuple(Span(s.span.start - start, s.span.end - start) for s in hit.sentences)
    return Readable(hit.article.title, hit.passage.text, spans)


def _evidence(hit: Hit) -> float:
    """What orders the passages read: the log odds of the reading, and the fused score."""
    assert hit.reading is not None
    return log_odds(hit.reading.probability) + FUSED_IN_EVIDENCE * hit.score
