"""Vectors: passages in FAISS, sentences in a memory-mapped file beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np

from index.embedding import Matrix, Vector

_PASSAGES = "passages.faiss"
_SENTENCES = "sentences.npy"


def write_vectors(folder: Path, passages: Matrix, sentences: Matrix) -> None:
    """Rows are passage numbers and sentence rows of the store.

    Sentences are kept in float16: a cosine changes by less than 0.0005.
    """
    # Inner product equals cosine here only because vectors are of unit length.
    index = faiss.IndexFlatIP(passages.shape[1])
    index.add(passages)
    faiss.write_index(index, str(folder / _PASSAGES))
    np.save(folder / _SENTENCES, sentences.astype(np.float16))


class DenseIndex:
    """Reads them. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._passages = faiss.read_index(str(folder / _PASSAGES))
        self._sentences = np.load(folder / _SENTENCES, mmap_mode="r")

    def __len__(self) -> int:
        return int(self._passages.ntotal)

    def search(self, query: Vector, limit: int, allowed: Sequence[int] | None = None) -> list[int]:
        """Numbers of the nearest passages, nearest first; of those allowed, if any are given."""
        limit = min(limit, len(self) if allowed is None else len(allowed))
        if limit == 0:
            return []
        parameters = None
        if allowed is not None:
            among = faiss.IDSelectorBatch(np.asarray(allowed, np.int64))
            parameters = faiss.SearchParameters()
            parameters.sel = among
        _, rows = self._passages.search(query[None, :], limit, params=parameters)
        return [int(row) for row in rows[0] if row >= 0]

    def passage_scores(self, query: Vector, numbers: Sequence[int]) -> Vector:
        """Exact cosine of each passage, in the order given."""
        vectors = self._passages.reconstruct_batch(np.asarray(numbers, np.int64))
        scores: Vector = vectors @ query
        return scores

    def sentence_scores(self, query: Vector, first: int, count: int) -> Vector:
        """Cosine of `count` sentences from row `first` on."""
        rows: Vector = self._sentences[first : first + count].astype(np.float32)
        return rows @ query
