"""What stands beside the store in a generation: vectors, words, codes; all of it checked."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from index.dense import CODES, PASSAGES, SENTENCES, write_codes
from index.embedding import Encoder, Matrix, Progress, Stages
from index.generations import Manifest, lexical_path, open_search, publish, store_path
from index.lexical import LexicalWriter
from index.passages import split_into_passages
from index.query import Query
from index.scoring import searched_text
from index.store import Store, StoredPassage, StoreWriter
from index.vector_cache import Uncached, VectorCache
from index.vector_files import VectorWriter

_PASSAGES_AT_ONCE = 128
_CHECKED_LENGTH = 400  # characters of a passage that must find it


class IndexingFailed(Exception):
    """The new generation does not hold what it should; the index stays as it was."""


def write_beside(
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


def publish_checked(
    folder: Path,
    index_dir: Path,
    store: StoreWriter,
    encoder: Encoder,
    base: Manifest | None,
    pipeline: str,
    roots: Sequence[str],
    unreadable: Sequence[tuple[str, str]],
) -> Manifest:
    """Close the store, open what was built, see that it is whole, and make it current."""
    counts, numbers = store.counts(), store.numbers()
    store.close()
    # Two of those between too; the last is new, if any is.
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


def compacted(folder: Path, store: StoreWriter) -> StoreWriter:
    """The same articles in a folder without what was left of others; all are added again, and
    the ledger is taken over as it is."""
    store.close()
    old = store_path(folder).rename(folder / "old.sqlite")
    shutil.rmtree(lexical_path(folder))
    for kind in (f"{PASSAGES}-*", f"{SENTENCES}-*", CODES):
        for path in folder.glob(kind):
            path.unlink()
    anew = StoreWriter(store_path(folder))
    reading = Store(old)
    for file, article in reading.articles_from("", beneath=True):
        anew.add(article, split_into_passages(article), file)
    for file, state in reading.files().items():
        anew.record(file, state)
    for id, file in reading.copies():
        anew.note_copy(id, file)
    anew.ledger.take(*reading.ledger())
    reading.close()
    old.unlink()
    return anew


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


def _batches(found: Iterator[StoredPassage], size: int) -> Iterator[list[StoredPassage]]:
    while batch := list(islice(found, size)):
        yield batch
