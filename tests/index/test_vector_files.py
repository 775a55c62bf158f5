"""Vectors in files that are added to by adding files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.embedding import Matrix
from index.vector_files import VectorFiles, VectorWriter

DIMENSION = 4


def rows_of(count: int, seed: int = 0) -> Matrix:
    return np.random.default_rng(seed).uniform(-1, 1, (count, DIMENSION)).astype(np.float32)


def append(folder: Path, rows: Matrix, cut: int = 0) -> None:
    """Written in two parts, the first of `cut` rows."""
    writer = VectorWriter(folder, "rows", len(rows), DIMENSION)
    writer.write(rows[:cut])
    writer.write(rows[cut:])
    writer.close()


@pytest.fixture
def thirty(tmp_path: Path) -> Path:
    """A folder of three files, with 30 rows together."""
    for count, seed in ((20, 1), (7, 2), (3, 3)):
        append(tmp_path, rows_of(count, seed))
    assert len(list(tmp_path.iterdir())) == 3
    return tmp_path


ALL = np.concatenate([rows_of(20, 1), rows_of(7, 2), rows_of(3, 3)])


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=12))
def test_any_sequence_of_appends_reads_back_from_few_files(
    appends: Sequence[tuple[int, int]],
) -> None:
    with TemporaryDirectory() as name:
        folder, written = Path(name), [np.empty((0, DIMENSION), np.float32)]
        for seed, (count, cut) in enumerate(appends):
            written.append(rows_of(count, seed))
            append(folder, written[-1], cut)
            everything = np.concatenate(written)
            files = VectorFiles(folder, "rows")
            assert len(files) == len(everything)
            found = files.rows(0, len(files))
            assert found.dtype == np.float32
            assert np.allclose(found, everything, atol=0.0005)
            assert len(list(folder.iterdir())) <= 2 + np.log2(1 + len(everything))


def test_an_append_never_writes_to_a_file_that_is_there(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "new", tmp_path / "old"
    folder.mkdir()
    elsewhere.mkdir()
    append(folder, rows_of(20))
    for count in (1, 5, 10, 80):
        kept = {path: path.read_bytes() for path in folder.iterdir()}
        for path in kept:
            (elsewhere / path.name).unlink(missing_ok=True)
            os.link(path, elsewhere / path.name)
        append(folder, rows_of(count))
        assert {path: (elsewhere / path.name).read_bytes() for path in kept} == kept


@given(
    first=st.integers(0, 30),
    count=st.integers(0, 30),
    taken=st.lists(st.integers(0, 29)),
)
def test_rows_are_read_across_the_borders_of_files(
    first: int, count: int, taken: list[int]
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        for size, seed in ((20, 1), (7, 2), (3, 3)):
            append(folder, rows_of(size, seed))
        files = VectorFiles(folder, "rows")
        count = min(count, 30 - first)
        assert np.allclose(files.rows(first, count), ALL[first : first + count], atol=0.0005)
        assert np.allclose(files.take(taken), ALL[taken], atol=0.0005)
        ascending = sorted(set(taken))
        batches = [np.empty((0, DIMENSION), np.float32), *files.batches(ascending)]
        assert np.allclose(np.concatenate(batches), ALL[ascending], atol=0.0005)


@pytest.mark.parametrize(("first", "count"), [(-1, 2), (29, 2), (31, 0), (0, -1)])
def test_rows_that_are_not_there_are_an_error(thirty: Path, first: int, count: int) -> None:
    with pytest.raises(IndexError):
        VectorFiles(thirty, "rows").rows(first, count)


@pytest.mark.parametrize("number", [-1, 30])
def test_a_row_that_is_not_there_is_an_error(thirty: Path, number: int) -> None:
    with pytest.raises(IndexError):
        VectorFiles(thirty, "rows").take([number])


def test_a_file_cut_short_is_refused(thirty: Path) -> None:
    for path in thirty.iterdir():
        whole = path.read_bytes()
        path.write_bytes(whole[:-1])
        with pytest.raises(ValueError, match="cut short"):
            VectorFiles(thirty, "rows")
        path.write_bytes(whole)
    assert len(VectorFiles(thirty, "rows")) == 30


def test_files_that_do_not_follow_each_other_are_refused(thirty: Path) -> None:
    first, second, third = sorted(thirty.iterdir())
    second.unlink()
    with pytest.raises(ValueError, match="does not follow"):
        VectorFiles(thirty, "rows")
    third.unlink()
    assert len(VectorFiles(thirty, "rows")) == 20
    first.rename(second)
    with pytest.raises(ValueError, match="does not follow"):
        VectorFiles(thirty, "rows")


def test_no_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        VectorFiles(tmp_path, "rows")


@pytest.mark.parametrize("words", [b"", b"no such thing" * 50])
def test_another_kind_of_file_is_refused(thirty: Path, words: bytes) -> None:
    sorted(thirty.iterdir())[1].write_bytes(words)
    with pytest.raises(ValueError, match="."):
        VectorFiles(thirty, "rows")


def test_vectors_of_another_precision_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "rows-0000000000.npy", rows_of(3))
    with pytest.raises(ValueError, match="float16"):
        VectorFiles(tmp_path, "rows")


def test_one_that_is_left_unfinished_leaves_what_there_was(thirty: Path) -> None:
    with VectorWriter(thirty, "rows", 3, DIMENSION) as writer:
        writer.write(rows_of(2))
    assert len(VectorFiles(thirty, "rows")) == 30


@pytest.mark.parametrize("count", [2, 4])
def test_other_rows_than_announced_are_an_error(tmp_path: Path, count: int) -> None:
    writer = VectorWriter(tmp_path, "rows", 3, DIMENSION)
    writer.write(rows_of(count))
    with pytest.raises(ValueError, match="missing"):
        writer.close()
    assert not list(tmp_path.glob("rows-*"))
