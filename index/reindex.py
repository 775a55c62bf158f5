"""From article files to a new generation of the index, at the cost of what has changed."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np

from index.articles.article import Article
from index.articles.files import ArticleFile, id_prefixes
from index.articles.reading import (
    FieldNames,
    Unreadable,
    article_files,
    kinds_read,
    read_file,
)
from index.changes import Changes, changes, state_of
from index.dense import CODES, PASSAGES, SENTENCES, write_codes
from index.embedding import Encoder, Matrix, Progress
from index.generations import (
    IndexNotBuilt,
    IndexUnusable,
    Manifest,
    building,
    current_manifest,
    damaged_files,
    lexical_path,
    open_search,
    open_store,
    publish,
    store_path,
    sweep,
    why_unusable,
)
from index.lexical import LexicalWriter
from index.lock import locked
from index.passages import PASSAGE_SIZE, split_into_passages
from index.query import Query
from index.scoring import searched_text
from index.store import FileState, Store, StoredPassage, StoreWriter
from index.vector_cache import Uncached, VectorCache
from index.vector_files import VectorWriter
from index.writing import writing

logger = logging.getLogger(__name__)

# Counts changes to how files are read and cut.
PIPELINE = 3
# Share of one corpus folder's articles that may vanish at once: more is rather a disk that is
# not mounted.
MOST_VANISHING = 0.2
# Share of the rows of vectors whose passages are gone, above which all are written anew.
_MOST_WASTED = 0.5
_PASSAGES_AT_ONCE = 128
_MOST_LISTED = 1000  # records that cannot be read
_CHECKED_LENGTH = 400  # characters of a passage that must find it

# Starts a stage, named, of so many steps; returns what to call as they are done.
Stages = Callable[[str, int], Progress]


class NothingToIndex(Exception):
    """The roots hold no article that can be read; the index stays as it was."""


class IndexingFailed(Exception):
    """The new generation does not hold what it should; the index stays as it was."""


class Refused(Exception):
    """What was asked for would lose something; the message says what, and how to insist."""


class ModelChanged(Refused):
    """The index was built by another model."""


class WouldShrink(Refused):
    """Many of a folder's articles would vanish."""


@dataclass(frozen=True, slots=True)
class Options:
    full: bool = False  # read and build everything anew
    allow_shrink: bool = False  # however many articles vanish
    fields: FieldNames = field(default_factory=FieldNames)  # of records


@dataclass(slots=True)
class ArticlesRead:
    """What reading the files came to, in articles."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    kept: int = 0  # of what cannot be read, in the index as they were last read
    unreadable: list[Unreadable] = field(default_factory=list)  # a thousand records at most


@dataclass(frozen=True, slots=True)
class Report:
    """What a reindex did."""

    manifest: Manifest  # of the generation now in use
    published: bool  # whether that is a new one
    articles: ArticlesRead
    embedded: int  # texts, passages and sentences alike, that were not known
    seconds: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, before anything is read."""

    roots: tuple[Path, ...]
    base: Manifest | None  # the generation that is changed, None where all is built anew
    previous: Manifest | None  # the generation in use, if it is of the same roots
    changes: Changes

    @property
    def nothing_to_do(self) -> bool:
        found = self.changes
        return self.base is not None and not (found.to_read or found.unlistable or found.gone)


def plan(roots: Sequence[Path], index_dir: Path, model: str, options: Options) -> Plan:
    """Look at the files, and at what the index holds of them.

    :param model: the name of the encoder that will embed.
    :raises RootNotFound: for a root that does not exist.
    :raises ModelChanged, WouldShrink: unless the options allow it.
    """
    files = article_files(roots)
    previous = current_manifest(index_dir)
    if previous is not None and set(previous.roots) != set(_named(roots)):
        previous = None  # another corpus: nothing of it is kept
    store = _opened(index_dir) if previous else None
    if store is None or previous is None:
        return Plan(tuple(roots), None, None, changes(files, {}))
    try:
        if previous.model != model and not options.full:
            raise ModelChanged(
                f"the index was built with the model {previous.model}, and EMBEDDING_MODEL is "
                f"now {model}: every passage has to be embedded again, which --full does"
            )
        by_file = store.articles_by_file()
        known: dict[str, FileState | None] = {**dict.fromkeys(by_file), **store.files()}
        found = changes(files, known)
        if not options.allow_shrink:
            _refuse_to_shrink(roots, by_file, {id: by_file.get(id, 0) for id in found.gone})
        if not options.full and previous.pipeline != _pipeline(options):
            logger.warning("files are read otherwise than when the index was built: all are again")
        if options.full or previous.pipeline != _pipeline(options):
            return Plan(tuple(roots), None, previous, changes(files, {}))
        return Plan(tuple(roots), previous, previous, found)
    except sqlite3.DatabaseError as error:
        logger.warning("the index in use is damaged (%s); it is built anew", error)
        return Plan(tuple(roots), None, previous, changes(files, {}))
    finally:
        store.close()


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
            _write(folder, store, vectors, encoder.dimension, stages)
        return _published(folder, index_dir, store, encoder, None, "", (), ())


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
        read = ArticlesRead()
        _read(planned, store, previous, read, stages, options.fields)
        if not store.counts()[1]:
            raise NothingToIndex(_nothing(planned.roots, read.unreadable))
        if not options.allow_shrink:
            after = store.articles_by_file()
            fewer = [id for id, count in before.items() if after.get(id, 0) < count]
            lost = {id: _lost(id, previous, store) for id in fewer}
            _refuse_to_shrink(planned.roots, before, lost)
        unreadable = [(item.place, item.reason) for item in read.unreadable]
        if base and not store.changed and [list(item) for item in unreadable] == base.unreadable:
            return Report(base, False, read, 0, time.monotonic() - started)
        encoder = load_encoder()
        if base and store.wasted() > _MOST_WASTED:
            store = _compacted(folder, store)
            opened.callback(store.abandon)
            base = None
        with VectorCache(index_dir, encoder) as vectors:
            _write(folder, store, vectors, encoder.dimension, stages)
        pipeline, roots = _pipeline(options), _named(planned.roots)
        manifest = _published(folder, index_dir, store, encoder, base, pipeline, roots, unreadable)
        return Report(manifest, True, read, vectors.embedded, time.monotonic() - started)


def _read(
    planned: Plan,
    store: StoreWriter,
    previous: Store | None,
    read: ArticlesRead,
    stages: Stages,
    fields: FieldNames,
) -> None:
    """Bring the store up to date with the files."""
    found = planned.changes
    step = stages("reading", len(found.to_read))
    for folder in found.unlistable:
        read.unreadable += [item for item in read_file(folder) if isinstance(item, Unreadable)]
        read.kept += _keep(store, previous, planned, folder.id, beneath=True)
    again = set[str]()  # files that hold what another has lost
    for id in found.gone:
        for article in store.articles_of(id):
            _remove(article, store, read, again)
        store.forget(id)
        store.forget_copies(id)
    for file, state in found.to_read:
        _read_one(file, state, planned, store, previous, read, again, fields)
        step(1)
    while again:
        files = [file for file in article_files(planned.roots) if file.id in again]
        again.clear()
        for file in files:
            _, state = state_of(file)
            _read_one(file, state, planned, store, previous, read, again, fields)


def _read_one(
    file: ArticleFile,
    state: FileState | None,
    planned: Plan,
    store: StoreWriter,
    previous: Store | None,
    read: ArticlesRead,
    again: set[str],
    fields: FieldNames,
) -> None:
    """Where several files hold one article, it is kept as the last of them by id has it."""
    known = store.articles_of(file.id)
    seen = set[str]()
    copies = set[str]()
    failed = False
    for item in read_file(file, fields):
        if isinstance(item, Unreadable):
            # A file with a million bad records is to be told of, not kept.
            if not item.record or len(read.unreadable) < _MOST_LISTED:
                read.unreadable.append(item)
            failed = True
            continue
        holder = store.file_of(item.id)
        if holder is not None and holder > file.id:
            copies.add(item.id)
            continue
        if holder is not None and holder != file.id:
            store.note_copy(item.id, holder)
        seen.add(item.id)
        if item.id not in known:
            read.added += holder is None
            read.changed += holder is not None
        elif known[item.id] != item.content_hash:
            read.changed += 1
        else:
            continue
        store.add(item, split_into_passages(item), file.id)
        known[item.id] = item.content_hash
    complete = not failed and state is not None
    if complete:
        store.forget_copies(file.id)
    for id in copies:
        store.note_copy(id, file.id)
    if not complete or state is None:
        # What another file holds and can give is newer than what this one gave once.
        elsewhere = {id for id in known.keys() - seen if store.copies_of(id)}
        for id in elsewhere:
            _remove(id, store, read, again)
        read.kept += _keep(store, previous, planned, file.id, but=seen | elsewhere)
        store.forget(file.id)
        return
    for id in known.keys() - seen:
        if store.file_of(id) == file.id:
            _remove(id, store, read, again)
    store.record(file.id, state)


def _remove(id: str, store: StoreWriter, read: ArticlesRead, again: set[str]) -> None:
    store.remove(id)
    read.removed += 1
    again.update(store.copies_of(id)[-1:])


def _keep(
    store: StoreWriter,
    previous: Store | None,
    planned: Plan,
    file: str,
    *,
    but: set[str] | None = None,
    beneath: bool = False,
) -> int:
    """What was last read of a file stays, or of all files beneath a folder; how many articles."""
    if previous is None:
        return 0
    try:
        articles = [
            (of, article)
            for of, article in previous.articles_from(file, beneath=beneath)
            if article.id not in (but or ())
        ]
    except sqlite3.DatabaseError as error:
        logger.warning("the index in use cannot give back %s: %s", file, error)
        return 0
    if planned.base is None:  # or they are there already
        # What another file, read before, has given is newer.
        articles = [(of, article) for of, article in articles if not store.holds(article.id)]
        for of, article in articles:
            store.add(article, split_into_passages(article), of)
    return len(articles)


def _write(
    folder: Path,
    store: StoreWriter,
    vectors: VectorCache | Uncached,
    dimension: int,
    stages: Stages,
) -> None:
    """Everything beside the store, of what was added to it or removed."""
    _embed(folder, store, vectors, dimension, stages)
    step = stages("indexing", store.vectors_added()[0])
    lexical = LexicalWriter(lexical_path(folder))
    lexical.remove(store.removed)
    added = 0
    for stored in store.added():
        text = searched_text(stored.article, stored.passage.text)
        lexical.add(stored.number, text, stored.article.language)
        added += 1
        step(1)
    step(store.vectors_added()[0] - added)  # of what was added and removed again
    lexical.close()
    write_codes(folder, store.numbers())


def _embed(
    folder: Path,
    store: StoreWriter,
    vectors: VectorCache | Uncached,
    dimension: int,
    stages: Stages,
) -> None:
    """Files of the vectors of what was added."""
    passages, sentences = store.vectors_added()
    if not passages:
        return
    step = stages("embedding", passages + sentences)
    with (
        VectorWriter(folder, PASSAGES, passages, dimension) as of_passages,
        VectorWriter(folder, SENTENCES, sentences, dimension) as of_sentences,
    ):
        next_passage, next_sentence = store.first_added
        for batch in _batches(store.added(), _PASSAGES_AT_ONCE):
            texts = [searched_text(found.article, found.passage.text) for found in batch]
            quoted = [
                searched_text(found.article, found.article.body[span.start : span.end])
                for found in batch
                for span in found.passage.sentences
            ]
            rows = vectors.encode([*texts, *quoted], step)
            # Rows of what was added and removed again within this run stay empty.
            places = [found.number - next_passage for found in batch]
            next_passage += _write_rows(of_passages, places, rows[: len(batch)], step)
            places = [
                found.first_sentence - next_sentence + place
                for found in batch
                for place in range(len(found.passage.sentences))
            ]
            next_sentence += _write_rows(of_sentences, places, rows[len(batch) :], step)
        first_passage, first_sentence = store.first_added
        for writer, missing in (
            (of_passages, first_passage + passages - next_passage),
            (of_sentences, first_sentence + sentences - next_sentence),
        ):
            writer.write(np.zeros((missing, dimension), np.float32))
            step(missing)
            writer.close()


def _write_rows(writer: VectorWriter, rows: Sequence[int], vectors: Matrix, step: Progress) -> int:
    """Vectors at their rows, counted from the next one, and nothing at those between; how many
    rows that is."""
    filled = np.zeros((rows[-1] + 1, vectors.shape[1]), np.float32)
    filled[list(rows)] = vectors
    writer.write(filled)
    step(len(filled) - len(rows))
    return len(filled)


def _published(
    folder: Path,
    index_dir: Path,
    store: StoreWriter,
    encoder: Encoder,
    base: Manifest | None,
    pipeline: str,
    roots: Sequence[str],
    unreadable: Sequence[tuple[str, str]],
) -> Manifest:
    counts, numbers = store.counts(), store.numbers()
    store.close()
    # The first and the last found, those between, and what was added before all.
    spread = numbers[np.linspace(0, len(numbers) - 1, 4).astype(int)]
    _check(folder, counts, {*map(int, spread)}, encoder)
    return publish(
        index_dir,
        folder,
        model=encoder.name,
        pipeline=pipeline,
        roots=roots,
        counts=counts,
        unreadable=unreadable,
        base=base,
    )


def _check(folder: Path, counts: tuple[int, int], numbers: set[int], encoder: Encoder) -> None:
    """Open what was built; its counts agree, and passages spread over it find themselves."""
    search = open_search(folder, encoder)
    try:
        if search.store.counts() != counts or search.indexed() != counts[1]:
            raise IndexingFailed(
                f"the new index holds {search.store.counts()} articles and passages and "
                f"{search.indexed()} vectors instead of {counts}; the old one stays in use"
            )
        for stored in search.store.passages(sorted(numbers)):
            text = searched_text(stored.article, stored.passage.text)
            query = Query(text[:_CHECKED_LENGTH], stored.article.language)
            # Copies of it may come first, and would stand for it in what `search` gives.
            found = [other.stored.passage.text for other in search.candidates(query)]
            if stored.passage.text not in found:
                raise IndexingFailed(
                    f"the new index does not find a passage of {stored.article.id} by its own "
                    "words; the old one stays in use"
                )
    finally:
        search.store.close()


def _compacted(folder: Path, store: StoreWriter) -> StoreWriter:
    """The same articles in a folder without what was left of others; all are added again."""
    store.close()
    old = store_path(folder).rename(folder / "old.sqlite")
    shutil.rmtree(lexical_path(folder))
    for kind in (f"{PASSAGES}-*", f"{SENTENCES}-*", CODES):
        for path in folder.glob(kind):
            path.unlink()
    compacted = StoreWriter(store_path(folder))
    reading = Store(old)
    for file, article in reading.articles_from("", beneath=True):
        compacted.add(article, split_into_passages(article), file)
    for file, state in reading.files().items():
        compacted.record(file, state)
    reading.close()
    old.unlink()
    return compacted


@contextmanager
def _previous(index_dir: Path, planned: Plan) -> Iterator[Store | None]:
    store = _opened(index_dir) if planned.previous else None
    try:
        yield store
    finally:
        if store:
            store.close()


def _opened(index_dir: Path) -> Store | None:
    try:
        return open_store(index_dir)
    except (IndexNotBuilt, IndexUnusable) as error:
        logger.warning("%s; it is built anew", error)
        return None


def _articles_by_file(previous: Store) -> dict[str, int]:
    try:
        return previous.articles_by_file()
    except sqlite3.DatabaseError:  # of which `plan` has warned
        return {}


def _pipeline(options: Options) -> str:
    names = ",".join("=".join(pair) for pair in options.fields.own)
    return f"{PIPELINE}, passages of {PASSAGE_SIZE}, fields {names or 'as usual'}"


def _named(roots: Sequence[Path]) -> list[str]:
    return [str(root.resolve()) for root in roots]


def _refuse_to_shrink(
    roots: Sequence[Path], articles: Mapping[str, int], lost: Mapping[str, int]
) -> None:
    """:param articles: how many each file had given, by the file's id; `lost`, how many go."""
    prefixes = id_prefixes(roots)
    had, goes = Counter[Path](), Counter[Path]()
    for counted, by_file in ((had, articles), (goes, lost)):
        for id, count in by_file.items():
            for prefix, root in prefixes.items():
                if id.startswith(prefix):
                    counted[root] += count
    for root, count in goes.items():
        if count > MOST_VANISHING * had[root]:
            raise WouldShrink(
                f"{count} of the {had[root]} articles of {root} would vanish from the index: is "
                "a disk not mounted, or a folder moved? If they are to go, add --allow-shrink"
            )


def _lost(file: str, previous: Store | None, store: StoreWriter) -> int:
    """How many articles that a file had given no file gives any more."""
    if previous is None:
        return 0
    try:
        return sum(not store.holds(article.id) for _, article in previous.articles_from(file))
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


def _batches(found: Iterator[StoredPassage], size: int) -> Iterator[list[StoredPassage]]:
    while batch := list(islice(found, size)):
        yield batch
