"""Vectors: the nearest passages, of all or of those allowed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.dense import DenseIndex, write_vectors
from index.embedding import Matrix

ROWS, DIMENSION = 60, 8


def unit_rows(count: int, seed: int) -> Matrix:
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32)
    unit: Matrix = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


VECTORS = unit_rows(ROWS, 1)
queries = st.integers(2, 2**32 - 1).map(lambda seed: unit_rows(1, seed)[0])


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> DenseIndex:
    folder: Path = tmp_path_factory.mktemp("vectors")
    write_vectors(folder, VECTORS, VECTORS[::-1])
    return DenseIndex(folder)


@given(queries, st.integers(0, ROWS + 10))
def test_the_nearest_come_first(index: DenseIndex, query: Matrix, limit: int) -> None:
    assert index.search(query, limit) == list(np.argsort(-(VECTORS @ query))[:limit])


@given(queries, st.sets(st.integers(0, ROWS - 1)), st.integers(0, ROWS + 10))
def test_of_those_allowed_the_nearest_are_found_in_the_same_order(
    index: DenseIndex, query: Matrix, allowed: set[int], limit: int
) -> None:
    among = [number for number in index.search(query, ROWS) if number in allowed]
    assert index.search(query, limit, sorted(allowed)) == among[:limit]


def test_where_none_is_allowed_none_is_found(index: DenseIndex) -> None:
    assert index.search(VECTORS[0], 10, []) == []


def test_scores_are_cosines_in_the_order_asked_for(index: DenseIndex) -> None:
    numbers = [7, 0, 59]
    assert np.allclose(index.passage_scores(VECTORS[3], numbers), VECTORS[numbers] @ VECTORS[3])
    reversed_rows = VECTORS[::-1][10:13]
    found = index.sentence_scores(VECTORS[3], 10, 3)
    assert np.abs(found - reversed_rows @ VECTORS[3]).max() < 0.0005  # kept in float16
