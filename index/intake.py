"""The store brought up to date with the files that have changed."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Set
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
    stages: Stages,
    fields: FieldNames,
) -> ArticlesRead:
    """Bring the store up to date with the files.

    :param previous: what the generation in use holds of the same roots.
    """
    intake = _Intake(planned, store, previous, fields)
    step = stages("reading", len(planned.changes.to_read))
    for folder in planned.changes.unlistable:
        intake.keep_beneath(folder)
    for id in planned.changes.gone:
        intake.drop(id)
    for file, state in planned.changes.to_read:
        intake.read_one(file, state)
        step(1)
    intake.read_what_others_lost()
    return intake.read


class _Intake:
    """Where several files hold one article, it is kept as the last of them by id has it."""

    def __init__(
        self, planned: Plan, store: StoreWriter, previous: Store | None, fields: FieldNames
    ) -> None:
        self.read = ArticlesRead()
        self._planned = planned
        self._store = store
        self._previous = previous
        self._fields = fields
        self._again = set[str]()  # files that hold what another has lost

    def keep_beneath(self, folder: ArticleFile) -> None:
        """A folder that cannot be listed: what was read beneath it stays."""
        found = read_file(folder)
        self.read.unreadable += [item for item in found if isinstance(item, Unreadable)]
        self._keep(folder.id, beneath=True)

    def drop(self, file: str) -> None:
        """A file that is gone."""
        for id in self._store.articles_of(file):
            self._remove(id)
        self._store.forget(file)
        self._store.forget_copies(file)

    def read_what_others_lost(self) -> None:
        while self._again:
            files = [f for f in article_files(self._planned.roots) if f.id in self._again]
            self._again.clear()
            for file in files:
                self.read_one(file, state_of(file)[1])

    def read_one(self, file: ArticleFile, state: FileState | None) -> None:
        """:param state: how the file is, None where that cannot be said."""
        store = self._store
        known = store.articles_of(file.id)
        seen, copies = set[str](), set[str]()
        complete = state is not None
        for item in read_file(file, self._fields):
            if isinstance(item, Unreadable):
                self._note_unreadable(item)
                complete = False
                continue
            holder = store.file_of(item.id)
            if holder is not None and holder > file.id:
                copies.add(item.id)
                continue
            if holder is not None and holder != file.id:
                store.note_copy(item.id, holder)
            seen.add(item.id)
            if item.id not in known:
                self.read.added += holder is None
                self.read.changed += holder is not None
            elif known[item.id] != item.content_hash:
                self.read.changed += 1
            else:
                continue
            store.add(item, split_into_passages(item), file.id)
            known[item.id] = item.content_hash
        unseen = known.keys() - seen
        if complete and state is not None:
            store.forget_copies(file.id)
            for id in unseen:
                if store.file_of(id) == file.id:
                    self._remove(id)
            store.record(file.id, state)
        else:
            # What another file holds and can give is newer than what this one gave once.
            elsewhere = {id for id in unseen if store.copies_of(id)}
            for id in elsewhere:
                self._remove(id)
            self._keep(file.id, but=seen | elsewhere)
            store.forget(file.id)
        for id in copies:
            store.note_copy(id, file.id)

    def _note_unreadable(self, item: Unreadable) -> None:
        # A file with a million bad records is to be told of, not kept.
        if not item.record or len(self.read.unreadable) < _MOST_LISTED:
            self.read.unreadable.append(item)

    def _remove(self, id: str) -> None:
        self._store.remove(id)
        self.read.removed += 1
        self._again.update(self._store.copies_of(id)[-1:])

    def _keep(self, file: str, *, but: Set[str] = frozenset(), beneath: bool = False) -> None:
        """What was last read of a file stays, or of all files beneath a folder."""
        if self._previous is None:
            return
        try:
            articles = [
                (of, article)
                for of, article in self._previous.articles_from(file, beneath=beneath)
                if article.id not in but
            ]
        except sqlite3.DatabaseError as error:
            logger.warning("the index in use cannot give back %s: %s", file, error)
            return
        if self._planned.base is None:  # or they are there already
            # What another file, read before, has given is newer.
            articles = [(of, a) for of, a in articles if self._store.file_of(a.id) is None]
            for of, article in articles:
                self._store.add(article, split_into_passages(article), of)
        self.read.kept += len(articles)
