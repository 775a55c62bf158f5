"""What is on disk: complete, immutable, checksummed builds of the index, and which is current.

INDEX_DIR/
    current                 the name of the generation in use; replaced by an atomic rename
    generations/NAME/       manifest.json, articles.sqlite, passages-*.npy, sentences-*.npy,
                            codes.faiss (of a large corpus), lexical/
    vectors-*.sqlite        embeddings by the words they embed, for all generations
    .lock                   who is writing

A generation that changes little shares the files that did not change with the one before, by
hard links; none of them is ever written to again.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import file_digest
from pathlib import Path

from index.dense import DenseIndex
from index.embedding import Encoder
from index.lexical import LexicalIndex
from index.reader import Reader
from index.search import Search
from index.store import Store

# Counts changes to what a generation holds; one of another format is built anew.
FORMAT = 4
KEPT = 3

_MANIFEST = "manifest.json"
_STORE = "articles.sqlite"
_LEXICAL = "lexical"
_BUILDING = ".building-"
_NAMED = "%Y%m%dT%H%M%S.%f"  # in the order of time


class IndexNotBuilt(Exception):
    """There is no generation to open; the message names the command that builds one."""


class IndexUnusable(Exception):
    """The current generation is damaged, or was built by another model or version."""


class NoEarlierGeneration(Exception):
    """There is none to go back to."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation says of itself."""

    format: int
    name: str
    created: str  # ISO 8601, UTC
    model: str  # Encoder.name
    pipeline: str  # how files were read and cut: another is no base to add to
    roots: list[str]  # absolute paths
    articles: int
    passages: int
    unreadable: list[list[str]]  # [path and record, reason]
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
    return Search(*_parts(folder), encoder, reader)


def _parts(folder: Path) -> tuple[Store, DenseIndex, LexicalIndex]:
    store = Store(folder / _STORE)
    try:
        return store, DenseIndex(folder, store.numbers()), LexicalIndex(folder / _LEXICAL)
    except BaseException:
        store.close()
        raise


def why_unusable(index_dir: Path) -> Exception | None:
    """What keeps the current generation from being opened; None where nothing does."""
    try:
        store, _, _ = _parts(_current_folder(index_dir))
    except Exception as error:  # of SQLite, FAISS, NumPy and Tantivy alike
        return error
    store.close()
    return None


def current_name(index_dir: Path) -> str | None:
    """What the current generation is called; None where there is none."""
    try:
        return _current_folder(index_dir).name
    except (IndexNotBuilt, IndexUnusable):
        return None


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
            f"EMBEDDING_MODEL is now {encoder.name}: run .venv/bin/python scripts/reindex.py --full"
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


def newest_of(
    index_dir: Path, roots: Sequence[str], base: Manifest | None
) -> tuple[Manifest | None, bool]:
    """The last generation built of these roots, in use or gone back from, whose store is as it
    was sealed; and whether that is the last of all, or a later one is damaged.

    :param base: one that is not checked, since it is built upon anyway.
    """
    last = True
    for name in reversed(_names(index_dir)):
        folder = index_dir / "generations" / name
        try:
            manifest = _read_manifest(folder)
        except IndexUnusable:
            last = last and _made(name) is None
            continue
        if set(manifest.roots) != set(roots):
            continue
        if base and base.name == name:
            return manifest, last
        store = folder / _STORE
        if store.is_file() and _checksum(store) == manifest.checksums.get(_STORE):
            return manifest, last
        last = False
    return None, last


@contextmanager
def building(index_dir: Path, base: Manifest | None = None) -> Iterator[Path]:
    """A folder to build in, gone afterwards unless `publish` moved it away.

    It is empty, or holds what the generation `base` does. The index is to be locked.
    """
    generations = index_dir / "generations"
    generations.mkdir(parents=True, exist_ok=True)
    sweep(index_dir)
    folder = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=generations))
    try:
        if base:
            for name in base.checksums:
                _link(generations / base.name / name, folder / name)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(index_dir: Path) -> None:
    """Remove what processes that were killed left behind. The index is to be locked."""
    for folder in (index_dir / "generations").glob(f"{_BUILDING}*"):
        shutil.rmtree(folder, ignore_errors=True)
    for aside in index_dir.glob(".current.*"):
        aside.unlink(missing_ok=True)


def store_path(folder: Path) -> Path:
    return folder / _STORE


def folder_of(index_dir: Path, manifest: Manifest) -> Path:
    return index_dir / "generations" / manifest.name


def lexical_path(folder: Path) -> Path:
    return folder / _LEXICAL


def publish(
    index_dir: Path,
    folder: Path,
    *,
    model: str,
    pipeline: str,
    roots: Sequence[str],
    counts: tuple[int, int],
    unreadable: Sequence[tuple[str, str]],
    base: Manifest | None = None,
) -> Manifest:
    """Seal what was built in `folder` and make it the current generation, atomically.

    :param base: the generation that some of its files are shared with.
    """
    before, now = current_name(index_dir), datetime.now(UTC)
    shared = _shared(index_dir, folder, base) if base else {}
    manifest = Manifest(
        format=FORMAT,
        name=_new_name(index_dir, now),
        created=now.isoformat(timespec="seconds"),
        model=model,
        pipeline=pipeline,
        roots=list(roots),
        articles=counts[0],
        passages=counts[1],
        unreadable=[list(item) for item in unreadable],
        checksums={name: shared.get(name) or _sealed(folder / name) for name in _files_in(folder)},
    )
    write_durably(folder / _MANIFEST, json.dumps(asdict(manifest), indent=1, ensure_ascii=False))
    folder.chmod(0o755)
    target = index_dir / "generations" / manifest.name
    os.rename(folder, target)
    try:
        write_durably(index_dir / "current", manifest.name)
    except BaseException:
        if current_name(index_dir) != manifest.name:  # or else it is in use
            os.rename(target, folder)
        raise
    _drop_old(index_dir, before, manifest.name)
    return manifest


def roll_back(index_dir: Path) -> Manifest:
    """Make the generation before the one in use current again.

    :raises NoEarlierGeneration: where none is kept that can be read.
    """
    current = _current_folder(index_dir).name
    for name in reversed(_names(index_dir)):
        if name < current:
            try:
                manifest = _read_manifest(index_dir / "generations" / name)
            except IndexUnusable:
                continue
            write_durably(index_dir / "current", name)
            return manifest
    raise NoEarlierGeneration(f"{index_dir} keeps no generation from before {current}")


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
        f"the index in {folder} is damaged ({error}): run .venv/bin/python scripts/reindex.py "
        "--full, or --rollback for the one before"
    )


def write_durably(path: Path, text: str) -> None:
    """Replace a file so that a reader, or a crash, sees the old text or the new one."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(aside, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def _checksum(file: Path) -> str:
    with open(file, "rb") as content:
        return file_digest(content, "sha256").hexdigest()


def _sealed(file: Path) -> str:
    """Its checksum, once it is on the disk and not only on its way there."""
    with open(file, "rb") as content:
        os.fsync(content.fileno())
    return _checksum(file)


def _drop_old(index_dir: Path, before: str | None, current: str) -> None:
    """Keep the last generations, without those that `before` was gone back to from."""
    generations = index_dir / "generations"
    names = _names(index_dir)
    left = [name for name in names if before is not None and before < name < current]
    for name in [*[name for name in names if name not in left][:-KEPT], *left]:
        if name != current:
            # Renamed first: one that is half gone must not be gone back to.
            doomed = generations / f"{_BUILDING}{name}"
            try:
                os.rename(generations / name, doomed)
            except OSError:  # the next run tries again
                continue
            shutil.rmtree(doomed, ignore_errors=True)


def _new_name(index_dir: Path, now: datetime) -> str:
    """The time; but after every generation there is, even where the clock went back."""
    for name in _names(index_dir):
        if made := _made(name):
            now = max(now, made + timedelta(microseconds=1))
    return now.strftime(_NAMED)


def _made(name: str) -> datetime | None:
    """When a generation was made, by its name; None for what is nothing of ours."""
    try:
        return datetime.fromisoformat(name).replace(tzinfo=UTC)
    except ValueError:
        return None


def _names(index_dir: Path) -> list[str]:
    """Of all generations, the oldest first."""
    folder = index_dir / "generations"
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def _files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _link(file: Path, link: Path) -> None:
    """One file under two names; the store, which will be changed, is copied."""
    if file.suffix == ".lock":  # of Tantivy's writer
        return
    link.parent.mkdir(exist_ok=True)
    if file.name != _STORE:
        try:
            os.link(file, link)
            return
        except OSError:  # not every file system can
            pass
    shutil.copyfile(file, link)


def _shared(index_dir: Path, folder: Path, base: Manifest) -> dict[str, str]:
    """The checksums of the files that are those of another generation still."""
    other = index_dir / "generations" / base.name
    return {
        name: checksum
        for name, checksum in base.checksums.items()
        if (folder / name).exists() and (folder / name).samefile(other / name)
    }
