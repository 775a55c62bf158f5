"""Vectors on disk: rows of float16 in files that are appended to by adding files.

A generation that adds rows links the files of the one before and writes one of its own; a file
once written never changes. Rows that follow one another are read, not mapped:
every page of a mapping that was ever touched counts as the process's memory. Scattered ones are
too many to be read one by one. A cosine changes by less than 0.0005 in float16.
"""

from __future__ import annotations

import os
import shutil
import weakref
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from index.embedding import Matrix

_ROWS_AT_ONCE = 8192


class VectorFiles:
    """All files of one kind in a folder as one matrix. Safe to use from several threads."""

    def __init__(self, folder: Path, kind: str) -> None:
        """:raises ValueError, OSError: where a file is missing, cut short or no such file."""
        self._files = [_VectorFile(path) for path in _paths(folder, kind)]
        if not self._files:
            raise FileNotFoundError(f"no {kind}-*.npy in {folder}")
        starts = [0]
        for file in self._files:
            if file.first_row != starts[-1]:
                raise ValueError(f"{file.path} does not follow the {starts[-1]} rows before it")
            starts.append(starts[-1] + file.count)
        self._starts = starts
        self.dimension = self._files[0].dimension

    def __len__(self) -> int:
        return self._starts[-1]

    def rows(self, first: int, count: int) -> Matrix:
        """`count` rows from `first` on, shape (count, dimension), in float32."""
        return self.runs([(first, count)])

    def runs(self, runs: Sequence[tuple[int, int]]) -> Matrix:
        """Runs of rows one after the other, each `count` rows from `first` on, in float32."""
        parts = [np.empty((0, self.dimension), np.float16)]
        for first, count in runs:
            if not 0 <= first <= first + count <= len(self):
                raise IndexError(f"rows {first} to {first + count} of {len(self)}")
            while count:
                which = bisect_right(self._starts, first) - 1
                file, row = self._files[which], first - self._starts[which]
                part = min(count, file.count - row)
                parts.append(file.read(row, part))
                first, count = first + part, count - part
        found: Matrix = np.concatenate(parts).astype(np.float32)
        return found

    def take(self, rows: Sequence[int]) -> Matrix:
        """The rows named, in that order, shape (len(rows), dimension), in float32."""
        which = np.searchsorted(self._starts, rows, "right") - 1
        if len(rows) and not (0 <= min(which) and max(which) < len(self._files)):
            raise IndexError(f"a row of {rows} of {len(self)}")
        found = np.empty((len(rows), self.dimension), np.float32)
        numbers = np.asarray(rows, np.int64)
        for file in np.unique(which):
            here = which == file
            found[here] = self._files[file].mapped[numbers[here] - self._starts[file]]
        return found

    def batches(self, numbers: Sequence[int] | range) -> Iterator[Matrix]:
        """The rows named, which ascend, some thousands at a time."""
        for start in range(0, len(numbers), _ROWS_AT_ONCE):
            part = np.asarray(numbers[start : start + _ROWS_AT_ONCE])
            first, last = int(part[0]), int(part[-1])
            if last - first < 2 * len(part):  # close together: one read serves them all
                yield self.rows(first, last - first + 1)[part - first]
            else:
                yield self.take(part.tolist())


class VectorWriter:
    """Adds a file with `count` rows to those of one kind in a folder.

    The last files are taken into the new one while they are no more than twice as long: so
    there are few, and a row is copied few times however many files are added.
    """

    def __init__(self, folder: Path, kind: str, count: int, dimension: int) -> None:
        paths = _paths(folder, kind)
        total = count
        self._absorbed: list[Path] = []
        while paths and (rows := _rows_of(paths[-1])) <= 2 * total:
            total += rows
            self._absorbed.insert(0, paths.pop())
        first = sum(map(_rows_of, paths))
        self._path = folder / f"{kind}-{first:010}.npy"
        self._aside = folder / f".{kind}.npy"
        self._missing = count
        self._file = open(self._aside, "wb")
        npy.write_array_header_1_0(
            self._file, {"descr": "<f2", "fortran_order": False, "shape": (total, dimension)}
        )
        for path in self._absorbed:
            with open(path, "rb") as old:
                _read_header(old)
                shutil.copyfileobj(old, self._file, 1 << 20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._file.close()  # of one that failed: nothing comes of it

    def write(self, rows: Matrix) -> None:
        self._file.write(np.ascontiguousarray(rows, np.float16).tobytes())
        self._missing -= len(rows)

    def close(self) -> None:
        """:raises ValueError: where as many rows as announced were not written."""
        self._file.close()
        if self._missing:
            raise ValueError(f"{self._missing} rows of {self._path} are missing")
        for path in self._absorbed:
            path.unlink()
        self._aside.rename(self._path)


class _VectorFile:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.first_row = int(path.stem.rpartition("-")[2])
        with open(path, "rb") as file:
            self.count, self.dimension = _read_header(file)
            self._offset = file.tell()
            self._width = self.dimension * 2
            if os.fstat(file.fileno()).st_size != self._offset + self.count * self._width:
                raise ValueError(f"{path} is cut short")
            self._descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._descriptor)
        shape = self.count, self.dimension
        mapped = np.memmap(path, np.float16, "r", self._offset, shape) if self.count else None
        self.mapped = np.empty(shape, np.float16) if mapped is None else np.asarray(mapped)

    def read(self, row: int, count: int) -> NDArray[np.float16]:
        data = os.pread(self._descriptor, count * self._width, self._offset + row * self._width)
        return np.frombuffer(data, np.float16).reshape(count, self.dimension)


def _paths(folder: Path, kind: str) -> list[Path]:
    return sorted(folder.glob(f"{kind}-*.npy"))


def _rows_of(path: Path) -> int:
    with open(path, "rb") as file:
        return _read_header(file)[0]


def _read_header(file: BinaryIO) -> tuple[int, int]:
    """Rows and columns; the file is then at its first row."""
    if npy.read_magic(file) != (1, 0):
        raise ValueError("not a file of vectors")
    (count, dimension), fortran, kind = npy.read_array_header_1_0(file)
    if fortran or kind != np.float16:
        raise ValueError("not a file of vectors in float16")
    return int(count), int(dimension)
