"""From article files to a new generation of the index, at the cost of what has changed.

`index.planning` says what has changed, `index.intake` reads it into the store, `index.arrivals`
notes there what is news, and `index.assembly` writes what stands beside the store.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from index.articles.article import Article
from index.articles.reading import Unreadable, article_files, kinds_read
from index.assembly import compacted, publish_checked, write_beside
from index.changes import changes
from index.embedding import Encoder, Stages
from index.generations import (
    Manifest,
    building,
    damaged_files,
    folder_of,
    newest_of,
    store_path,
    sweep,
    why_unusable,
)
from index.intake import ArticlesRead, read_changes
from index.lock import locked
from index.passages import split_into_passages
from index.planning import (
    Options,
    Plan,
    Refused,
    opened_store,
    pipeline_of,
    plan,
    refuse_to_shrink,
    resolved,
)
from index.store import Store, StoreWriter
from index.vector_cache import Uncached, VectorCache
from index.writing import writing

logger = logging.getLogger(__name__)

# Share of the rows of vectors whose passages are gone, above which all are written anew.
_MOST_WASTED = 0.5


class NothingToIndex(Exception):
    """The roots hold no article that can be read; the index stays as it was."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a reindex did."""

    manifest: Manifest  # of the generation now in use
    published: bool  # whether that is a new one
    articles: ArticlesRead
    embedded: int  # texts, passages and sentences alike, that were not known
    seconds: float


def reindex(
    roots: Sequence[Path],
    index_dir: Path,
    model: str,
    load_encoder: Callable[[], Encoder],
    stages: Stages,
    options: Options | None = None,
) -> Report:
    """Bring the index up to date with exactly these roots.

    A new generation is built aside, checked, and switched to; where nothing has changed, none
    is. What is embedded is kept at once: a run that was killed is not paid for again.

    :param model: the name of the encoder that `load_encoder` gives.
    :raises Locked: while another process does the same.
    :raises NothingToIndex: when no article can be read.
    :raises IndexingFailed: when the result fails its check.
    :raises NotWritten: when the system would not write it.
    :raises RootNotFound, Refused: as `plan`.
    """
    started = time.monotonic()
    options = options or Options()
    with writing(index_dir), locked(index_dir, "reindex.py"):
        planned = plan(roots, index_dir, model, options)
        try:
            if planned.base is None or not planned.nothing_to_do:
                return _reindex(planned, index_dir, load_encoder, stages, options, started)
            failure = why_unusable(index_dir)
            if failure is None:
                sweep(index_dir)
                return Report(planned.base, False, ArticlesRead(), 0, time.monotonic() - started)
        except (NothingToIndex, Refused):
            raise
        except Exception as error:
            if planned.base is None or not damaged_files(index_dir):
                raise
            failure = error
        logger.warning("the index in use is damaged (%s); it is built anew", failure)
        anew = replace(planned, base=None, changes=changes(article_files(roots), {}))
        return _reindex(anew, index_dir, load_encoder, stages, options, started)


def build(
    articles: Iterable[Article],
    index_dir: Path,
    encoder: Encoder,
    stages: Stages,
    *,
    keep_vectors: bool = True,
) -> Manifest:
    """An index of these articles and no others, from no files.

    :param keep_vectors: for other builds, by the words they embed.
    :raises Locked, NothingToIndex, IndexingFailed, NotWritten: as `reindex`.
    """
    with writing(index_dir), locked(index_dir, "build"), building(index_dir) as folder:
        store = StoreWriter(store_path(folder))
        step = stages("reading", 0)
        for article in articles:
            store.add(article, split_into_passages(article))
            step(1)
        if not store.counts()[1]:
            raise NothingToIndex("the articles hold no text that can be quoted")
        with VectorCache(index_dir, encoder) if keep_vectors else Uncached(encoder) as vectors:
            write_beside(folder, store, vectors, encoder.dimension, stages)
        return publish_checked(folder, index_dir, store, encoder, None, "", (), ())


def _reindex(
    planned: Plan,
    index_dir: Path,
    load_encoder: Callable[[], Encoder],
    stages: Stages,
    options: Options,
    started: float,
) -> Report:
    base = planned.base
    with ExitStack() as opened:
        folder = opened.enter_context(building(index_dir, base))
        previous = opened.enter_context(_previous(index_dir, planned))
        store = StoreWriter(store_path(folder))
        opened.callback(store.abandon)
        before = _articles_by_file(previous) if previous else {}
        read = read_changes(planned, store, previous, stages, options.fields)
        if not store.counts()[1]:
            raise NothingToIndex(_nothing(planned.roots, read.unreadable))
        if not options.allow_shrink:
            after = store.articles_by_file()
            fewer = [id for id, count in before.items() if after.get(id, 0) < count]
            lost = {id: _lost(id, previous, store) for id in fewer}
            refuse_to_shrink(planned.roots, before, lost)
        unreadable = [(item.place, item.reason) for item in read.unreadable]
        if base and not store.changed and [list(item) for item in unreadable] == base.unreadable:
            return Report(base, False, read, 0, time.monotonic() - started)
        _enter_arrivals(index_dir, planned, store, options)
        encoder = load_encoder()
        if base and store.wasted() > _MOST_WASTED:
            store = compacted(folder, store)
            opened.callback(store.abandon)
            base = None
        with VectorCache(index_dir, encoder) as vectors:
            write_beside(folder, store, vectors, encoder.dimension, stages)
        manifest = publish_checked(
            folder,
            index_dir,
            store,
            encoder,
            base,
            pipeline_of(options),
            resolved(planned.roots),
            unreadable,
        )
        return Report(manifest, True, read, vectors.embedded, time.monotonic() - started)


@contextmanager
def _previous(index_dir: Path, planned: Plan) -> Iterator[Store | None]:
    store = opened_store(index_dir) if planned.previous else None
    try:
        yield store
    finally:
        if store:
            store.close()


def _enter_arrivals(index_dir: Path, planned: Plan, store: StoreWriter, options: Options) -> None:
    """Note in the store's ledger what this run brings.

    The ledger is that of the newest generation of the same roots: after a rollback, what comes
    back has arrived before. Where a newer one is lost to damage, what it knew may come once more,
    and nobody is told.
    """
    newest, last = newest_of(index_dir, resolved(planned.roots), planned.base)
    quiet = (
        options.full
        or options.no_alerts
        or planned.previous is None
        or planned.previous.pipeline != pipeline_of(options)
        or not last
    )
    if newest is None:
        store.ledger.close_run(store.article, lambda id: None, quiet=quiet)
        return
    with closing(Store(store_path(folder_of(index_dir, newest)))) as known:
        if planned.base is None or planned.base.name != newest.name:
            store.ledger.take(*known.ledger())
        store.ledger.close_run(store.article, known.article, quiet=quiet)


def _articles_by_file(previous: Store) -> dict[str, int]:
    try:
        return previous.articles_by_file()
    except sqlite3.DatabaseError:  # of which `plan` has warned
        return {}


def _lost(file: str, previous: Store | None, store: StoreWriter) -> int:
    """How many articles that a file had given no file gives any more."""
    if previous is None:
        return 0
    try:
        known = previous.articles_from(file)
        return sum(store.file_of(article.id) is None for _, article in known)
    except sqlite3.DatabaseError:  # what cannot be given back is gone already
        return 0


def _nothing(roots: Sequence[Path], unreadable: Sequence[Unreadable]) -> str:
    where = ", ".join(map(str, roots))
    if not unreadable:
        return f"no article files ({kinds_read()}) beneath {where}"
    first = unreadable[0]
    return (
        f"none of the {len(unreadable)} files beneath {where} can be read; "
        f"the first, {first.place}: {first.reason}"
    )
