"""Vectors kept by the words they embed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from index.embedding import Encoder, Matrix
from index.vector_cache import VectorCache

if TYPE_CHECKING:
    from tests.index.conftest import WrappedEncoder

TEXTS = ["Le tram coûtera cher.", "Une chouette.", "The bakery closes.", "Une chouette."]


def encoded(folder: Path, encoder: Encoder, texts: Sequence[str]) -> Matrix:
    with VectorCache(folder, encoder) as cache:
        return cache.encode(texts)


def test_the_same_words_are_embedded_once(tmp_path: Path, counting_encoder: WrappedEncoder) -> None:
    with VectorCache(tmp_path, counting_encoder) as cache:
        cache.encode(TEXTS)
        assert cache.embedded == 3
        cache.encode([*TEXTS, "Un mot de plus."])
        assert cache.embedded == 4
    assert counting_encoder.passages == [*TEXTS[:3], "Un mot de plus."]


def test_vectors_are_kept_from_one_run_to_the_next(
    tmp_path: Path, counting_encoder: WrappedEncoder
) -> None:
    before = encoded(tmp_path, counting_encoder, TEXTS)
    counting_encoder.passages.clear()
    after = encoded(tmp_path, counting_encoder, TEXTS)
    assert counting_encoder.passages == []
    assert np.array_equal(before, after)


def test_rows_are_in_the_order_of_the_texts_whatever_is_known(
    tmp_path: Path, encoder: Encoder
) -> None:
    with VectorCache(tmp_path, encoder) as cache:
        cache.encode([TEXTS[1]])
        matrix = cache.encode(TEXTS)
        turned = cache.encode(TEXTS[::-1])
    exact = encoder.encode_passages(TEXTS)
    assert np.array_equal(matrix, turned[::-1])
    assert np.all(np.sum(matrix * exact, axis=1) > 0.999)


def test_vectors_are_of_unit_length(tmp_path: Path, encoder: Encoder) -> None:
    lengths = np.linalg.norm(encoded(tmp_path, encoder, TEXTS), axis=1)
    assert np.allclose(lengths, 1, atol=1e-6)


def test_progress_counts_every_text_once(tmp_path: Path, encoder: Encoder) -> None:
    for known in (0, len(TEXTS)):
        steps: list[int] = []
        with VectorCache(tmp_path, encoder) as cache:
            cache.encode(TEXTS, steps.append)
        assert sum(steps) == len(TEXTS), f"{known} were known"


def test_vectors_of_another_model_are_not_used(
    tmp_path: Path, encoder: Encoder, other_encoder: WrappedEncoder
) -> None:
    encoded(tmp_path, encoder, TEXTS)
    encoded(tmp_path, other_encoder, TEXTS)
    assert other_encoder.passages == TEXTS[:3]


def test_two_runs_may_write_at_once(tmp_path: Path, counting_encoder: WrappedEncoder) -> None:
    with (
        VectorCache(tmp_path, counting_encoder) as one,
        VectorCache(tmp_path, counting_encoder) as other,
    ):
        assert np.array_equal(one.encode(TEXTS), other.encode(TEXTS))
    assert counting_encoder.passages == TEXTS[:3]


def test_no_text_has_no_vector(tmp_path: Path, counting_encoder: WrappedEncoder) -> None:
    assert encoded(tmp_path, counting_encoder, []).shape == (0, counting_encoder.dimension)
