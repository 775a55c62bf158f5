"""Vectors kept by the words they embed, so that no words are embedded twice."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Self

import numpy as np

from index.embedding import Encoder, Matrix, Progress

logger = logging.getLogger(__name__)

# Texts embedded between two writes: what a killed run pays for again at the most.
_BATCH = 512


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=60)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID"
        )
    except sqlite3.Error:
        connection.close()
        raise
    return connection


class Uncached:
    """In place of a VectorCache for an encoder that costs nothing: nothing is kept."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.embedded = 0

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Matrix:
        self.embedded += len(texts)
        return self._encoder.encode_passages(texts, progress)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        pass


class VectorCache:
    """One SQLite file for one encoder, shared by all generations."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = sha256(encoder.name.encode()).hexdigest()[:16]
        self._encoder = encoder
        self.embedded = 0  # texts that were not known
        self._path = folder / f"vectors-{name}.sqlite"
        try:
            self._connection = _open(self._path)
        except sqlite3.DatabaseError as error:
            self._start_anew(error)

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Matrix:
        """Vectors of passages, rows in the order given, kept in float16 where known.

        Every vector returned has passed through float16, so that a rebuilt index is the same.
        """
        matrix = np.empty((len(texts), self._encoder.dimension), np.float32)
        for start in range(0, len(texts), _BATCH):
            part = texts[start : start + _BATCH]
            try:
                rows = self._encode(part, progress)
            except sqlite3.DatabaseError as error:
                self._connection.close()
                self._start_anew(error)
                rows = self._encode(part, None)
            matrix[start : start + len(part)] = rows
        return matrix

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._connection.close()

    def _start_anew(self, error: sqlite3.DatabaseError) -> None:
        """Drop what is damaged: it is only a cache."""
        if isinstance(error, sqlite3.OperationalError):
            raise error  # locked, full or not writable: nothing is wrong with what it holds
        logger.warning("%s is damaged (%s): its texts will be embedded again", self._path, error)
        for file in self._path.parent.glob(f"{self._path.name}*"):  # with its journal
            file.unlink()
        self._connection = _open(self._path)

    def _encode(self, texts: Sequence[str], progress: Progress | None) -> Matrix:
        keys = [sha256(text.encode()).digest() for text in texts]
        known = self._known(keys)
        if progress:
            progress(sum(key in known for key in keys))
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            texts_missing = list(missing.values())
            self.embedded += len(texts_missing)
            vectors = self._encoder.encode_passages(texts_missing, progress).astype(np.float16)
            fresh = {key: vectors[row].tobytes() for row, key in enumerate(missing)}
            with self._connection:
                self._connection.executemany(
                    "INSERT OR IGNORE INTO vectors VALUES (?, ?)", fresh.items()
                )
            known |= fresh
            if progress:  # those that stand in the batch more than once
                progress(sum(key in missing for key in keys) - len(missing))
        rows = np.frombuffer(b"".join(known[key] for key in keys), np.float16)
        matrix: Matrix = rows.reshape(len(texts), -1).astype(np.float32)
        matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
        return matrix

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        for start in range(0, len(keys), 500):  # SQLite's oldest limit is 999 variables
            part = keys[start : start + 500]
            marks = ",".join("?" * len(part))
            found.update(
                self._connection.execute(
                    f"SELECT key, vector FROM vectors WHERE key IN ({marks})", part
                )
            )
        return found
