"""Meaning: the nearest passages by FAISS, and the exact score of any passage or sentence.

Up to EXACT passages every one is compared. Beyond, all are compared by codes of half a byte for
every two dimensions (product quantisation, Jégou et al. 2011, scanned in the processor's
registers, André et al. 2017), and the nearest of those by the vectors themselves. Of mixed
vectors (docs/scale.md) that finds 0.99 of the first ten among 60,000 and among 1,000,000;
inverted lists (IVF) found 0.42 where they looked at a fiftieth of the vectors and 0.91 where at
a quarter.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index.embedding import Matrix, Vector
from index.vector_files import VectorFiles

PASSAGES, SENTENCES = "passages", "sentences"
CODES = "codes.faiss"
EXACT = 50_000  # passages that are all compared: some 5 ms, and 75 MB
_TRAINED_ON = 20_000  # vectors
# How many are compared by their vectors: at least, and times the square root of all. Of the exact
# first fifty 0.99 are then found among 60,000 and among 1,000,000 (python scripts/scale.py search).
_COMPARED, _COMPARED_ROOT = 2000, 4.0


class DenseIndex:
    """Reads vectors. Safe to use from several threads."""

    def __init__(self, folder: Path, numbers: NDArray[np.int64]) -> None:
        """:param numbers: of the passages there are, ascending: rows of others are not found.
        :raises Exception: of NumPy, FAISS or the system, where the files are damaged.
        """
        self._passages = VectorFiles(folder, PASSAGES)
        self._sentences = VectorFiles(folder, SENTENCES)
        self._numbers = numbers
        if len(numbers) and numbers[-1] >= len(self._passages):
            raise ValueError(f"passage {numbers[-1]} has no vector")
        self._codes: Any = None
        if len(numbers) > EXACT:
            self._codes = faiss.read_index(str(folder / CODES))
            if self._codes.ntotal != len(self._passages):
                raise ValueError(f"{self._codes.ntotal} codes of {len(self._passages)} vectors")
        else:
            self._flat = self._flat_index(numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def search(
        self, query: Vector, limit: int, allowed: NDArray[np.int64] | None = None
    ) -> list[int]:
        """Numbers of the nearest passages, nearest first; of those allowed, if any are given.

        :param allowed: numbers of passages, ascending.
        """
        if allowed is None:
            allowed = self._numbers
        limit = min(limit, len(allowed))
        if limit == 0:
            return []
        if self._codes is None:
            return self._among_all(query, limit, allowed)
        if len(allowed) <= EXACT:
            return self._best(query, limit, allowed)
        return self._by_codes(query, limit, allowed)

    def passage_scores(self, query: Vector, numbers: Sequence[int]) -> Vector:
        """Exact cosine of each passage, in the order given."""
        scores: Vector = self._passages.take(numbers) @ query
        return scores

    def sentence_scores(self, query: Vector, runs: Sequence[tuple[int, int]]) -> list[Vector]:
        """Cosines of the sentences of passages: of each the row of the first, and how many."""
        scores: Vector = self._sentences.runs(runs) @ query
        return np.split(scores, np.cumsum([count for _, count in runs])[:-1])

    def vectors_of(
        self, numbers: Sequence[int], runs: Sequence[tuple[int, int]]
    ) -> tuple[Matrix, Matrix]:
        """The vectors of passages, and of sentences as `sentence_scores` takes them, in rows."""
        return self._passages.take(numbers), self._sentences.runs(runs)

    def _flat_index(self, numbers: NDArray[np.int64]) -> faiss.IndexFlatIP:
        # Inner product equals cosine here only because vectors are of unit length.
        index = faiss.IndexFlatIP(self._passages.dimension)
        for batch in self._passages.batches(numbers.tolist()):
            index.add(batch)
        return index

    def _among_all(self, query: Vector, limit: int, allowed: NDArray[np.int64]) -> list[int]:
        parameters = None
        if len(allowed) < len(self._numbers):
            among = faiss.IDSelectorBatch(np.searchsorted(self._numbers, allowed))
            parameters = faiss.SearchParameters()
            parameters.sel = among
        _, rows = self._flat.search(query[None, :], limit, params=parameters)
        return [int(number) for number in self._numbers[rows[0]]]

    def _by_codes(self, query: Vector, limit: int, allowed: NDArray[np.int64]) -> list[int]:
        compared = max(limit, _COMPARED, round(_COMPARED_ROOT * np.sqrt(len(allowed))))
        # Passages that are gone, or not allowed, have codes too.
        wanted = round(compared * self._codes.ntotal / len(allowed))
        _, found = self._codes.search(query[None, :], min(wanted, self._codes.ntotal))
        places = np.searchsorted(allowed, found[0])
        places[places == len(allowed)] = 0
        return self._best(query, limit, found[0][allowed[places] == found[0]])

    def _best(self, query: Vector, limit: int, numbers: NDArray[np.int64]) -> list[int]:
        """The nearest of some passages, each compared by its vector."""
        order = np.argsort(-self.passage_scores(query, numbers.tolist()), kind="stable")[:limit]
        return [int(number) for number in numbers[order]]


def write_codes(folder: Path, numbers: NDArray[np.int64]) -> None:
    """Bring the codes of a folder up to date with its vectors, or make them, or drop them.

    :param numbers: of all passages, ascending.
    :raises OSError: where the file cannot be written.
    """
    path = folder / CODES
    if len(numbers) <= EXACT:
        path.unlink(missing_ok=True)
        return
    vectors = VectorFiles(folder, PASSAGES)
    codes: Any = faiss.read_index(str(path)) if path.exists() else _trained(vectors, numbers)
    if codes.ntotal == len(vectors):
        return
    for rows in vectors.batches(range(codes.ntotal, len(vectors))):
        codes.add(rows)
    path.unlink(missing_ok=True)  # it is a link to the file of another generation
    try:
        faiss.write_index(codes, str(path))
    except RuntimeError as error:  # FAISS knows no other
        raise OSError(f"{path}: {error}") from error


def _trained(vectors: VectorFiles, numbers: NDArray[np.int64]) -> faiss.Index:
    codes = faiss.index_factory(
        vectors.dimension, f"PQ{vectors.dimension // 2}x4fs", faiss.METRIC_INNER_PRODUCT
    )
    drawn = np.random.default_rng(0).choice(numbers, min(len(numbers), _TRAINED_ON), replace=False)
    codes.train(np.concatenate(list(vectors.batches(np.sort(drawn).tolist()))))
    return codes
