"""The store brought up to date with the files that have changed."""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import dataclass, field

from index.articles.files import ArticleFile
from index.articles.reading import FieldNames, Unreadable, article_files, read_file
from index.changes import state_of
from index.embedding import Stages
from index.passages import split_into_passages
from index.planning import Plan
from index.store import FileState, Store, StoreWriter

logger = logging.getLogger(__name__)

_MOST_LISTED = 1000  # records that cannot be read


@dataclass(slots=True)
class ArticlesRead:
    """What reading the files came to, in articles."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    kept: int = 0  # of what cannot be read, in the index as they were last read
    unreadable: list[Unreadable] = field(default_factory=list)  # a thousand records at most


def read_changes(
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
