"""The ledger of a store: which run brought which article, carried from generation to generation.

An article is known by its identity, and its row stays when it is removed: one that comes back has
arrived before. So has one without a URL that was moved or renamed, which is known by its words.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from index.articles.article import Article
from index.passages import Passage
from index.substance import fingerprint, is_another, says_something_new

TABLES = """
CREATE TABLE IF NOT EXISTS runs (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at TEXT NOT NULL, quiet INTEGER NOT NULL
);
-- Every article that was ever indexed; first_run and changed_run are numbers of runs.
CREATE TABLE IF NOT EXISTS arrivals (
    identity BLOB PRIMARY KEY, fingerprint BLOB NOT NULL, article TEXT NOT NULL,
    first_run INTEGER NOT NULL, changed_run INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS arrivals_by_words ON arrivals (fingerprint);
CREATE INDEX IF NOT EXISTS arrivals_by_first_run ON arrivals (first_run);
CREATE INDEX IF NOT EXISTS arrivals_by_changed_run ON arrivals (changed_run)
    WHERE changed_run IS NOT NULL;
"""
_TOUCHED = """
CREATE TEMP TABLE IF NOT EXISTS touched (
    article TEXT PRIMARY KEY, identity BLOB NOT NULL, fingerprint BLOB NOT NULL,
    first_run INTEGER, changed_run INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS temp.touched_by_words ON touched (fingerprint);
"""
_RUN = "number, id, at, quiet"
_ROW = "identity, fingerprint, article, first_run, changed_run"
_HASH = 16  # bytes


@dataclass(frozen=True, slots=True)
class Run:
    """A run of reindexing that brought articles that were new, or changed in substance."""

    number: int  # ascending, within the ledger of one index
    id: str  # unlike that of any other run of any index
    at: datetime  # UTC; later than every run before it, whatever the clock said
    quiet: bool  # nobody is to be told of what it brought


@dataclass(frozen=True, slots=True)
class Arrival:
    """An article that a run brought."""

    article: Article  # as it is now
    first: bool  # or else it was known, and its substance changed


class _Known(NamedTuple):
    """An entry of the ledger."""

    fingerprint: bytes
    article: str
    first_run: int
    changed_run: int | None


Find = Callable[[str], Article | None]


def identity_hash(article: Article) -> bytes:
    return sha256(article.identity.encode()).digest()[:_HASH]


class LedgerWriter:
    """Writes the ledger of a store that is being made.

    What was added to the store is told first, and judged when the run is over: only then is it
    known what stays.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.executescript(TABLES + _TOUCHED)

    def note(self, article: Article, passages: Sequence[Passage]) -> None:
        """An article was added to the store, or takes the place of another version."""
        words = fingerprint(article.title, [passage.text for passage in passages] or [article.body])
        self._connection.execute(
            "INSERT OR REPLACE INTO touched VALUES (?, ?, ?, NULL, NULL)",
            (article.id, identity_hash(article), words[:_HASH]),
        )

    def take(self, runs: Iterable[Sequence[Any]], arrivals: Iterable[Sequence[Any]]) -> None:
        """The rows of another ledger in place of what this one holds."""
        self._connection.execute("DELETE FROM runs")
        self._connection.execute("DELETE FROM arrivals")
        self._connection.executemany("INSERT INTO runs VALUES (?, ?, ?, ?)", runs)
        self._connection.executemany("INSERT INTO arrivals VALUES (?, ?, ?, ?, ?)", arrivals)

    def close_run(self, now: Find, before: Find, *, quiet: bool) -> Run | None:
        """Enter what was added: a run, if any of it had not arrived or has changed in substance.

        :param now: an article of the store that is being made, by id.
        :param before: likewise, of the newest generation that was made before.
        """
        last = next(runs(self._connection), None)
        number = last.number + 1 if last else 1
        self._judge(number, now, before)
        # By identity, so that the same articles are the same bytes on disk.
        self._connection.execute(
            f"INSERT OR REPLACE INTO arrivals ({_ROW}) SELECT {_ROW} FROM touched "
            "WHERE first_run IS NOT NULL ORDER BY identity, article"
        )
        brought = self._connection.execute(
            "SELECT 1 FROM touched WHERE ? IN (first_run, changed_run) LIMIT 1", (number,)
        ).fetchone()
        self._connection.execute("DELETE FROM touched")
        if not brought:
            return None
        at = datetime.now(UTC)
        if last:
            at = max(at, last.at + timedelta(microseconds=1))
        run = Run(number, uuid.uuid4().hex, at, quiet)
        self._connection.execute(
            "INSERT INTO runs VALUES (?, ?, ?, ?)",
            (run.number, run.id, at.isoformat(timespec="microseconds"), quiet),
        )
        return run

    def _judge(self, number: int, now: Find, before: Find) -> None:
        """Say in which runs all that was added arrived, from the ledger as it was before."""
        added = self._connection.execute(  # sorted, and so read to its end, before any is changed
            "SELECT t.article, t.identity, t.fingerprint FROM touched t "
            "JOIN articles a ON a.id = t.article ORDER BY t.identity, t.article"
        )
        for id, identity, words in added:
            known = self._known("identity", identity)
            if known is None or known.fingerprint != words:
                article = now(id)
                assert article is not None  # it was joined
                known = self._judged(article, words, known, before, number)
            self._connection.execute(
                "UPDATE touched SET first_run = ?, changed_run = ? WHERE article = ?",
                (known.first_run, known.changed_run, id),
            )

    def _judged(
        self, article: Article, words: bytes, known: _Known | None, before: Find, number: int
    ) -> _Known:
        """:param known: the ledger's entry, of other words."""
        moved = self._known("fingerprint", words)
        if moved and (article.url is None or (known is None and moved.article == article.id)):
            return moved
        new = _Known(words, article.id, number, None)
        if known is None or (article.url is None and self._went_elsewhere(known, article.id)):
            return new
        # Of several articles with one URL each is compared with what it was itself.
        versions = (before(article.id), before(known.article))
        was = next((v for v in versions if v and v.identity == article.identity), None)
        if was is None:  # it had been removed: nobody knows what it said
            return known._replace(changed_run=number)
        if article.url is None and is_another(was, article):
            return new
        return known._replace(changed_run=number) if says_something_new(was, article) else known

    def _went_elsewhere(self, known: _Known, id: str) -> bool:
        """Whether the words that an article had are now another's: where articles are numbered,
        one may have been put before it."""
        return bool(
            self._connection.execute(
                "SELECT 1 FROM touched WHERE fingerprint = ? AND article != ? LIMIT 1",
                (known.fingerprint, id),
            ).fetchone()
        )

    def _known(self, column: str, value: bytes) -> _Known | None:
        row = self._connection.execute(
            "SELECT fingerprint, article, first_run, changed_run FROM arrivals "
            f"WHERE {column} = ? ORDER BY first_run LIMIT 1",
            (value,),
        ).fetchone()
        return _Known(*row) if row else None


def runs(connection: sqlite3.Connection) -> Iterator[Run]:
    """The runs of a ledger, newest first."""
    rows = connection.execute(f"SELECT {_RUN} FROM runs ORDER BY number DESC")
    return map(_as_run, rows)


def run_of_first_arrival(connection: sqlite3.Connection, article: Article) -> Run | None:
    row = connection.execute(
        f"SELECT {_RUN} FROM runs WHERE number = "
        "(SELECT first_run FROM arrivals WHERE identity = ?)",
        (identity_hash(article),),
    ).fetchone()
    return _as_run(row) if row else None


def ids_brought(connection: sqlite3.Connection, run: Run) -> Iterator[tuple[str, bytes, bool]]:
    """Of what a run brought: the article's id, its identity, and whether it was the first time.

    Articles that are gone are among them, or have given their id to another article.
    """
    for first, column in ((True, "first_run"), (False, "changed_run")):
        rows = connection.execute(
            f"SELECT article, identity FROM arrivals WHERE {column} = ? ORDER BY article",
            (run.number,),
        )
        for id, identity in rows:
            yield id, identity, first


def ledger_rows(
    connection: sqlite3.Connection,
) -> tuple[Iterable[Sequence[Any]], Iterable[Sequence[Any]]]:
    """All of a ledger, its runs and its arrivals, as `LedgerWriter.take` takes it."""
    return (
        connection.execute(f"SELECT {_RUN} FROM runs ORDER BY number"),
        connection.execute(f"SELECT {_ROW} FROM arrivals ORDER BY identity"),
    )


def _as_run(row: Sequence[Any]) -> Run:
    number, id, at, quiet = row
    return Run(number, id, datetime.fromisoformat(at), bool(quiet))
