"""An encoder that mixes vectors in place of embedding: see scripts.synthetic.vectors."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from index.embedding import Matrix, Progress, Vector
from index.generations import Generation
from index.lexical import content_words
from index.query import Query
from scripts.synthetic.vectors import VectorMixer

_QUERY_WORDS = 6
_SENTENCE = 0.35  # of a sentence's vector that is not its passage's: cosines of about 0.93


class MixedEncoder:
    """Vectors that are mixed, in place of embeddings: see VectorMixer.

    Passages take the mixer's rows in the order they come in; their sentences, which come after
    them in the same call, are mixed of their passage's and another's.
    """

    def __init__(self, mixer: VectorMixer) -> None:
        self.name = "mixed"
        self.dimension = mixer.dimension
        self.seconds = 0.0  # spent here
        self._mixer = mixer
        self._row = 0
        self._queries: dict[str, Vector] = {}

    def encode_query(self, text: str) -> Vector:
        known = self._queries.get(text)
        return self._mixer.passages(0, 1)[0] if known is None else known

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Matrix:
        started = time.perf_counter()
        # A passage begins with its first sentence, after the same title.
        passages = next(
            (n for n in range(1, len(texts)) if texts[0].startswith(texts[n])), len(texts)
        )
        vectors = np.empty((len(texts), self.dimension), np.float32)
        vectors[:passages] = self._mixer.passages(self._row, passages)
        self._row += passages
        of = self._passages_of(texts, passages)
        rest = len(texts) - passages
        if rest:
            other = self._mixer.passages(1 << 30, rest)
            vectors[passages:] = (1 - _SENTENCE) * vectors[of] + _SENTENCE * other
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        if progress:
            progress(len(texts))
        self.seconds += time.perf_counter() - started
        return vectors

    def queries(self, generation: Generation, count: int) -> list[Query]:
        """Queries of mixed vectors, each with words of the passage it is about."""
        passages = generation.manifest.passages
        vectors, rows = self._mixer.queries(count, passages)
        rng = np.random.default_rng(0)
        queries = []
        stored = generation.store.passages(rows.tolist())
        for number, (vector, found) in enumerate(zip(vectors, stored, strict=True)):
            language = found.article.language
            words = content_words(found.passage.text, language)
            chosen = rng.permutation(words)[:_QUERY_WORDS]
            text = f"{' '.join(chosen)} {number}"
            self._queries[text] = vector
            queries.append(Query(text, language))
        return queries

    @staticmethod
    def _passages_of(texts: Sequence[str], passages: int) -> list[int]:
        """For each sentence the number of the passage it stands in."""
        found, current = [], 0
        for text in texts[passages:]:
            words = text.partition("\n")[2]
            while current < passages - 1 and words not in texts[current]:
                current += 1
            found.append(current)
        return found
