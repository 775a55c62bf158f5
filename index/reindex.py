"""From article files to a new generation of the index."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from index.articles.article import Article
from index.articles.reading import ArticleFile, Unreadable, article_files, read_article
from index.dense import write_vectors
from index.embedding import Encoder, Progress
from index.generations import (
    IndexNotBuilt,
    IndexUnusable,
    Manifest,
    building,
    current_manifest,
    lexical_path,
    open_search,
    open_store,
    publish,
    store_path,
)
from index.lexical import LexicalWriter
from index.passages import PASSAGE_SIZE, Passage, split_into_passages
from index.query import Query
from index.scoring import searched_text
from index.store import Store, StoreWriter
from index.vector_cache import VectorCache

logger = logging.getLogger(__name__)

# Counts changes to how files are read and cut, which make an index out of date.
PIPELINE = 2
_CHECKED_LENGTH = 400  # characters of a passage that must find it

# Starts a stage, named, of so many steps; returns what to call as they are done.
Stages = Callable[[str, int], Progress]


class NothingToIndex(Exception):
    """The roots hold no article that can be read; the index stays as it was."""


class IndexingFailed(Exception):
    """The new generation does not hold what it should; the index stays as it was."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a reindex did."""

    manifest: Manifest
    seconds: float
    unreadable: list[Unreadable] = field(default_factory=list)
    kept: int = 0  # articles of unreadable files, in the index as they were last read


def is_current(roots: Sequence[Path], index_dir: Path, model: str) -> bool:
    """Whether the generation in use was built from these very files by this model."""
    manifest = current_manifest(index_dir)
    return (
        manifest is not None
        and manifest.model == model
        and manifest.corpus == corpus_fingerprint(article_files(roots))
    )


def corpus_fingerprint(files: Sequence[ArticleFile]) -> str:
    """Changes when a file is added, removed or written to, or passages are cut otherwise."""
    digest = sha256(f"pipeline {PIPELINE}, passages of {PASSAGE_SIZE}".encode())
    for file in files:
        try:
            stat = file.path.stat()
            # The change time too: a file that may be read again has the same words as before.
            line = f"\n{file.id} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}"
        except OSError:
            line = f"\n{file.id} -"
        digest.update(line.encode())
    return digest.hexdigest()


def reindex(
    roots: Sequence[Path],
    index_dir: Path,
    load_encoder: Callable[[], Encoder],
    stages: Stages,
) -> Report:
    """Build a generation from exactly these roots, check it, and switch to it.

    :raises RootNotFound: for a root that does not exist.
    :raises NothingToIndex: when no article can be read.
    :raises IndexingFailed: when the result fails its check.
    """
    started = time.monotonic()
    files = article_files(roots)
    fingerprint = corpus_fingerprint(files)
    articles, unreadable, kept = _read(files, roots, index_dir, stages)
    if not articles:
        raise NothingToIndex(_nothing(roots, unreadable))
    manifest = build(
        articles,
        index_dir,
        load_encoder(),
        stages,
        roots=roots,
        corpus=fingerprint,
        unreadable=[(item.path, item.reason) for item in unreadable],
    )
    return Report(manifest, time.monotonic() - started, unreadable, kept)


def build(
    articles: Sequence[Article],
    index_dir: Path,
    encoder: Encoder,
    stages: Stages,
    *,
    roots: Sequence[Path] = (),
    corpus: str = "",
    unreadable: Sequence[tuple[Path, str]] = (),
) -> Manifest:
    """Build a generation of these articles, check it, and switch to it.

    :param corpus: the fingerprint of the files they come from, beneath `roots`.
    :raises NothingToIndex, IndexingFailed: as `reindex`.
    """
    with building(index_dir) as folder:
        passages = [split_into_passages(article) for article in articles]
        counts = (len(articles), sum(map(len, passages)))
        if not counts[1]:
            raise NothingToIndex("the articles hold no text that can be quoted")
        _embed(articles, passages, folder, index_dir, encoder, stages)
        _write(articles, passages, folder, stages)
        _check(folder, counts, encoder)
        return publish(
            index_dir,
            folder,
            model=encoder.name,
            roots=list(roots),
            corpus=corpus,
            counts=counts,
            unreadable=list(unreadable),
        )


def _read(
    files: Sequence[ArticleFile], roots: Sequence[Path], index_dir: Path, stages: Stages
) -> tuple[list[Article], list[Unreadable], int]:
    previous = _previous(index_dir, roots)
    articles: list[Article] = []
    unreadable: list[Unreadable] = []
    kept = 0
    step = stages("reading", len(files))
    for file in files:
        found = read_article(file)
        if isinstance(found, Article):
            articles.append(found)
        else:
            unreadable.append(found)
            last_good = _last_good(previous, file.id)
            articles += last_good
            kept += len(last_good)
        step(1)
    if previous:
        previous.close()
    return articles, unreadable, kept


def _last_good(previous: Store | None, id: str) -> list[Article]:
    try:
        return previous.last_good(id) if previous else []
    except sqlite3.DatabaseError as error:
        logger.warning("the index in use cannot give back %s: %s", id, error)
        return []


def _previous(index_dir: Path, roots: Sequence[Path]) -> Store | None:
    """The articles of the generation in use, if it was built from the same roots."""
    manifest = current_manifest(index_dir)
    if manifest is None or manifest.roots != [str(root.resolve()) for root in roots]:
        return None
    try:
        return open_store(index_dir)
    except (IndexNotBuilt, IndexUnusable):
        return None


def _nothing(roots: Sequence[Path], unreadable: Sequence[Unreadable]) -> str:
    where = ", ".join(map(str, roots))
    if not unreadable:
        return f"no article files (.txt, .md, .html) beneath {where}"
    first = unreadable[0]
    return (
        f"none of the {len(unreadable)} files beneath {where} can be read; "
        f"the first, {first.path}: {first.reason}"
    )


def _embed(
    articles: Sequence[Article],
    passages: Sequence[Sequence[Passage]],
    folder: Path,
    index_dir: Path,
    encoder: Encoder,
    stages: Stages,
) -> None:
    whole = [
        searched_text(article, passage.text)
        for article, its_passages in zip(articles, passages, strict=True)
        for passage in its_passages
    ]
    sentences = [
        searched_text(article, article.body[span.start : span.end])
        for article, its_passages in zip(articles, passages, strict=True)
        for passage in its_passages
        for span in passage.sentences
    ]
    step = stages("embedding", len(whole) + len(sentences))
    cache = VectorCache(index_dir, encoder)
    try:
        vectors = cache.encode([*whole, *sentences], step)
    finally:
        cache.close()
    write_vectors(folder, vectors[: len(whole)], vectors[len(whole) :])


def _write(
    articles: Sequence[Article],
    passages: Sequence[Sequence[Passage]],
    folder: Path,
    stages: Stages,
) -> None:
    step = stages("indexing", len(articles))
    store = StoreWriter(store_path(folder))
    lexical = LexicalWriter(lexical_path(folder))
    for article, its_passages in zip(articles, passages, strict=True):
        for number, passage in zip(store.add(article, its_passages), its_passages, strict=True):
            lexical.add(number, searched_text(article, passage.text), article.language)
        step(1)
    store.close()
    lexical.close()


def _check(folder: Path, counts: tuple[int, int], encoder: Encoder) -> None:
    """Open what was built; its counts agree, and passages spread over it find themselves."""
    search = open_search(folder, encoder)
    try:
        if search.store.counts() != counts or search.indexed() != counts[1]:
            raise IndexingFailed(
                f"the new index holds {search.store.counts()} articles and passages and "
                f"{search.indexed()} vectors instead of {counts}; the old one stays in use"
            )
        for number in {0, counts[1] // 2, counts[1] - 1}:
            (stored,) = search.store.passages([number])
            text = searched_text(stored.article, stored.passage.text)
            query = Query(text[:_CHECKED_LENGTH], stored.article.language)
            found = [hit.passage.text for hit in search.search(query, limit=10)]
            if stored.passage.text not in found:
                raise IndexingFailed(
                    f"the new index does not find a passage of {stored.article.id} by its own "
                    "words; the old one stays in use"
                )
    finally:
        search.store.close()
