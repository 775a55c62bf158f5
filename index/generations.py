"""What is on disk: complete, immutable, checksummed builds of the index, and which is current.

INDEX_DIR/
    current                 the name of the generation in use; replaced by an atomic rename
    generations/NAME/       manifest.json, articles.sqlite, passages.faiss, sentences.npy,
                            lexical/
    vectors-*.sqlite        embeddings by the words they embed, for all generations
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path

from index.dense import DenseIndex
from index.embedding import Encoder
from index.leftovers import remove_leftovers
from index.lexical import LexicalIndex
from index.reader import Reader
from index.search import Search
from index.store import Store

# Counts changes to what a generation holds; one of another format is built anew.
FORMAT = 1
KEPT = 3

_MANIFEST = "manifest.json"
_STORE = "articles.sqlite"
_LEXICAL = "lexical"


class IndexNotBuilt(Exception):
    """There is no generation to open; the message names the command that builds one."""


class IndexUnusable(Exception):
    """The current generation is damaged, or was built by another model or version."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation says of itself."""

    format: int
    name: str
    created: str  # ISO 8601, UTC
    model: str  # Encoder.name
    roots: list[str]  # absolute paths
    corpus: str  # fingerprint of the files it was built from
    articles: int
    passages: int
    unreadable: list[list[str]]  # [path, reason]
    checksums: dict[str, str]  # file -> SHA-256


@dataclass(frozen=True, slots=True)
class Generation:
    """One opened generation."""

    manifest: Manifest
    search: Search

    @property
    def store(self) -> Store:
        return self.search.store

    def close(self) -> None:
        self.store.close()


def open_search(folder: Path, encoder: Encoder, reader: Reader | None = None) -> Search:
    """What `folder` holds, sealed or not."""
    dense, lexical = DenseIndex(folder), LexicalIndex(folder / _LEXICAL)
    return Search(Store(folder / _STORE), dense, lexical, encoder, reader)


def current_manifest(index_dir: Path) -> Manifest | None:
    """The manifest of the current generation; None where there is none that can be read."""
    try:
        return _read_manifest(_current_folder(index_dir))
    except (IndexNotBuilt, IndexUnusable):
        return None


def open_current(index_dir: Path, encoder: Encoder, reader: Reader | None = None) -> Generation:
    """Open the generation in use.

    :raises IndexNotBuilt: where there is none.
    :raises IndexUnusable: where it cannot serve this model, or is damaged.
    """
    folder = _current_folder(index_dir)
    manifest = _read_manifest(folder)
    if manifest.model != encoder.name:
        raise IndexUnusable(
            f"the index in {index_dir} was built with the model {manifest.model}, and "
            f"EMBEDDING_MODEL is now {encoder.name}: run .venv/bin/python scripts/reindex.py"
        )
    try:
        return Generation(manifest, open_search(folder, encoder, reader))
    except Exception as error:  # of SQLite, FAISS, NumPy and Tantivy alike
        raise _damaged(folder, error) from error


def open_store(index_dir: Path) -> Store:
    """The articles of the generation in use, for which no model is needed."""
    folder = _current_folder(index_dir)
    _read_manifest(folder)
    try:
        return Store(folder / _STORE)
    except sqlite3.Error as error:
        raise _damaged(folder, error) from error


@contextmanager
def building(index_dir: Path) -> Iterator[Path]:
    """An empty folder to build in, gone afterwards unless `publish` moved it away."""
    generations = index_dir / "generations"
    generations.mkdir(parents=True, exist_ok=True)
    remove_leftovers(generations, ".building-")
    folder = Path(tempfile.mkdtemp(prefix=".building-", dir=generations))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def store_path(folder: Path) -> Path:
    return folder / _STORE


def lexical_path(folder: Path) -> Path:
    return folder / _LEXICAL


def publish(
    index_dir: Path,
    folder: Path,
    *,
    model: str,
    roots: list[Path],
    corpus: str,
    counts: tuple[int, int],
    unreadable: list[tuple[Path, str]],
) -> Manifest:
    """Seal what was built in `folder` and make it the current generation, atomically."""
    now = datetime.now(UTC)
    manifest = Manifest(
        format=FORMAT,
        name=f"{now:%Y%m%dT%H%M%S.%f}",
        created=now.isoformat(timespec="seconds"),
        model=model,
        roots=[str(root.resolve()) for root in roots],
        corpus=corpus,
        articles=counts[0],
        passages=counts[1],
        unreadable=[[str(path), reason] for path, reason in unreadable],
        checksums={
            str(file.relative_to(folder)): _sealed(file)
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        },
    )
    _write_durably(folder / _MANIFEST, json.dumps(asdict(manifest), indent=1, ensure_ascii=False))
    folder.chmod(0o755)
    target = index_dir / "generations" / manifest.name
    os.rename(folder, target)
    _write_durably(index_dir / "current", manifest.name)
    _drop_old(index_dir, manifest.name)
    return manifest


def damaged_files(index_dir: Path) -> list[str]:
    """The files of the generation in use that are not as they were sealed."""
    return damage(_current_folder(index_dir))


def damage(folder: Path) -> list[str]:
    """The files of a generation that are not as they were sealed."""
    manifest = _read_manifest(folder)
    return [
        name
        for name, checksum in manifest.checksums.items()
        if not (folder / name).is_file() or _checksum(folder / name) != checksum
    ]


def _current_folder(index_dir: Path) -> Path:
    try:
        name = (index_dir / "current").read_text(encoding="utf-8", errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise IndexNotBuilt(
            f"no index in {index_dir}: run .venv/bin/python scripts/reindex.py"
        ) from error
    except OSError as error:
        raise IndexUnusable(f"the index in {index_dir} cannot be read: {error}") from error
    return index_dir / "generations" / name


def _read_manifest(folder: Path) -> Manifest:
    try:
        fields = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        if fields["format"] != FORMAT:
            raise IndexUnusable(
                f"the index in {folder} is of format {fields['format']}, and this version "
                f"reads {FORMAT}: run .venv/bin/python scripts/reindex.py"
            )
        return Manifest(**fields)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(folder, error) from error


def _damaged(folder: Path, error: Exception) -> IndexUnusable:
    return IndexUnusable(
        f"the index in {folder} is damaged ({error}): "
        "run .venv/bin/python scripts/reindex.py --full"
    )


def _write_durably(path: Path, text: str) -> None:
    """Replace a file so that a reader, or a crash, sees the old text or the new one."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    with open(aside, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


def _checksum(file: Path) -> str:
    with open(file, "rb") as content:
        return file_digest(content, "sha256").hexdigest()


def _sealed(file: Path) -> str:
    """Its checksum, once it is on the disk and not only on its way there."""
    with open(file, "rb") as content:
        os.fsync(content.fileno())
    return _checksum(file)


def _drop_old(index_dir: Path, current: str) -> None:
    generations = index_dir / "generations"
    names = sorted(p.name for p in generations.iterdir() if not p.name.startswith("."))
    for name in names[:-KEPT]:
        if name != current:
            shutil.rmtree(generations / name, ignore_errors=True)
