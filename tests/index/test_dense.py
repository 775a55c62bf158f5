"""Vectors: the nearest passages, of all or of those allowed."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from index import dense
from index.dense import CODES, PASSAGES, SENTENCES, DenseIndex, write_codes
from index.embedding import Matrix
from index.vector_files import VectorWriter

ROWS, DIMENSION = 60, 8


def unit_rows(count: int, seed: int, dimension: int = DIMENSION) -> Matrix:
    rows = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    unit: Matrix = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def append(folder: Path, passages: Matrix, sentences: Matrix) -> None:
    for kind, rows in ((PASSAGES, passages), (SENTENCES, sentences)):
        writer = VectorWriter(folder, kind, len(rows), rows.shape[1])
        writer.write(rows)
        writer.close()


def these(numbers: Collection[int]) -> NDArray[np.int64]:
    return np.array(sorted(numbers), np.int64)


VECTORS = unit_rows(ROWS, 1).astype(np.float16).astype(np.float32)  # as they are kept
queries = st.integers(2, 2**32 - 1).map(lambda seed: unit_rows(1, seed)[0])


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> DenseIndex:
    folder: Path = tmp_path_factory.mktemp("vectors")
    append(folder, VECTORS, VECTORS[::-1])
    return DenseIndex(folder, np.arange(ROWS))


@given(queries, st.integers(0, ROWS + 10))
def test_the_nearest_come_first(index: DenseIndex, query: Matrix, limit: int) -> None:
    assert index.search(query, limit) == list(np.argsort(-(VECTORS @ query))[:limit])


@given(queries, st.sets(st.integers(0, ROWS - 1)), st.integers(0, ROWS + 10))
def test_of_those_allowed_the_nearest_are_found_in_the_same_order(
    index: DenseIndex, query: Matrix, allowed: set[int], limit: int
) -> None:
    among = [number for number in index.search(query, ROWS) if number in allowed]
    assert index.search(query, limit, these(allowed)) == among[:limit]


def test_where_none_is_allowed_none_is_found(index: DenseIndex) -> None:
    assert index.search(VECTORS[0], 10, these([])) == []


def test_scores_are_cosines_in_the_order_asked_for(index: DenseIndex) -> None:
    numbers = [7, 0, 59]
    assert np.allclose(index.passage_scores(VECTORS[3], numbers), VECTORS[numbers] @ VECTORS[3])
    found, other = index.sentence_scores(VECTORS[3], [(10, 3), (50, 2)])
    assert np.abs(other - VECTORS[::-1][50:52] @ VECTORS[3]).max() < 0.0005
    assert np.allclose(found, VECTORS[::-1][10:13] @ VECTORS[3])


def test_rows_whose_passages_are_gone_are_not_found(tmp_path: Path) -> None:
    append(tmp_path, VECTORS, VECTORS)
    numbers = np.arange(0, ROWS, 3)
    index = DenseIndex(tmp_path, numbers)
    assert len(index) == len(numbers)
    expected = numbers[np.argsort(-(VECTORS[numbers] @ VECTORS[1]))]
    assert index.search(VECTORS[1], ROWS) == expected.tolist()


def test_a_passage_without_a_vector_is_refused(tmp_path: Path) -> None:
    append(tmp_path, VECTORS, VECTORS)
    with pytest.raises(ValueError, match=f"passage {ROWS}"):
        DenseIndex(tmp_path, np.arange(ROWS + 1))


# Beyond EXACT: 40 topics of 60 near passages each, since no one is near to others drawn at random.
_TOPICS = unit_rows(40, 5, 32).repeat(60, axis=0)
MANY = _TOPICS + 0.12 * np.random.default_rng(6).standard_normal(_TOPICS.shape).astype(np.float32)
MANY /= np.linalg.norm(MANY, axis=1, keepdims=True)
MANY = MANY[np.random.default_rng(7).permutation(len(MANY))]
COUNT = len(MANY)
START = np.arange(2000)


@pytest.fixture
def coded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the codes of the first 2000 passages."""
    monkeypatch.setattr(dense, "EXACT", 500)
    append(tmp_path, MANY[START], MANY[:1])
    write_codes(tmp_path, START)
    assert (tmp_path / CODES).exists()
    return tmp_path


def recall(index: DenseIndex, numbers: NDArray[np.int64], *, limit: int = 10) -> float:
    """Share of the exact nearest ten that are found, over some passages as queries."""
    found = 0
    for query in MANY[::97]:
        exact = numbers[np.argsort(-(MANY[numbers] @ query))[:limit]]
        allowed = None if len(numbers) == len(index) else numbers
        nearest = index.search(query, limit, allowed)
        assert set(nearest) <= set(numbers.tolist())
        found += len(set(nearest) & set(exact.tolist()))
    return found / limit / len(MANY[::97])


def test_beyond_the_limit_nearly_all_of_the_nearest_are_found(coded: Path) -> None:
    assert recall(DenseIndex(coded, START), START) > 0.95


def test_beyond_the_limit_the_order_is_that_of_the_exact_scores(coded: Path) -> None:
    index = DenseIndex(coded, START)
    found = index.search(MANY[3], 50)
    scores = index.passage_scores(MANY[3], found)
    assert found[0] == 3
    assert list(scores) == sorted(scores, reverse=True)


@pytest.mark.parametrize("every", [2, 40], ids=["many allowed", "few allowed"])
def test_beyond_the_limit_a_filter_is_kept_to(coded: Path, every: int) -> None:
    assert recall(DenseIndex(coded, START), START[::every]) > 0.95


def test_codes_follow_what_is_added_and_removed(coded: Path) -> None:
    removed, added = START[::7], np.arange(2000, COUNT)
    append(coded, MANY[added], MANY[:1])
    numbers = np.concatenate([np.setdiff1d(START, removed), added])
    write_codes(coded, numbers)
    index = DenseIndex(coded, numbers)
    assert len(index) == len(numbers)
    assert recall(index, numbers) > 0.95
    assert index.search(MANY[added[0]], 1) == [added[0]]
    assert 7 not in index.search(MANY[7], 50)


def test_the_codes_of_another_generation_are_not_written_to(
    coded: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    link = tmp_path_factory.mktemp("older") / CODES
    link.hardlink_to(coded / CODES)
    before = link.read_bytes()
    append(coded, MANY[2000:], MANY[:1])
    write_codes(coded, np.arange(COUNT))
    assert link.read_bytes() == before
    assert len(DenseIndex(coded, np.arange(COUNT))) == COUNT


def test_codes_that_nothing_was_added_to_stay_the_same_file(
    coded: Path,
) -> None:
    before = (coded / CODES).stat()
    write_codes(coded, START)
    after = (coded / CODES).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_under_the_limit_again_there_are_no_codes(coded: Path) -> None:
    few = START[:500]
    write_codes(coded, few)
    assert not (coded / CODES).exists()
    assert recall(DenseIndex(coded, few), few) == 1


def test_codes_that_are_not_those_of_the_vectors_are_refused(coded: Path) -> None:
    append(coded, MANY[2000:], MANY[:1])
    with pytest.raises(ValueError, match=f"2000 codes of {COUNT}"):
        DenseIndex(coded, START)
    (coded / CODES).write_bytes(b"no such thing" * 500)
    with pytest.raises(RuntimeError):
        DenseIndex(coded, START)
