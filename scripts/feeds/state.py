"""What is remembered between runs, in one SQLite file beside the articles.

    feeds      what to recognise an unchanged feed by, and when it was last asked
    held       hosts and feeds that are not asked before some time, and why
    articles   what was stored where, and for which feed

It may be lost: articles that are on disk are found there again. Only what a person deleted is
then fetched anew.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from scripts.feeds.fetching import Validators

_TABLES = """
create table if not exists feeds (
    address text primary key, asked real not null, url text, etag text, modified text
) without rowid;
create table if not exists held (
    what text primary key, until real not null, reason text not null
) without rowid;
create table if not exists articles (
    host text, key text, path text not null, content text not null, feed text not null,
    primary key (host, key)
) without rowid;
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """An article that was stored: where, the digest of its words, the feed that it is of."""

    path: str
    content: str
    feed: str


class State:
    """Changes are kept once `commit` has returned. Every method raises sqlite3.Error."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    @classmethod
    def open(cls, path: Path) -> tuple[State, bool]:
        """The state in a file, and whether a damaged one was set aside for it."""
        try:
            return cls(_opened(path)), False
        except sqlite3.OperationalError:
            raise  # it cannot be opened, or is in use: that is no damage
        except sqlite3.DatabaseError:
            path.replace(path.with_name(f"{path.name}.damaged"))
            return cls(_opened(path)), True

    @classmethod
    def copy(cls, path: Path) -> State:
        """The state in a file, or an empty one; what is changed is not kept."""
        memory = sqlite3.connect(":memory:")
        if path.exists():
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as file:
                file.backup(memory)
        memory.executescript(_TABLES)
        return cls(memory)

    def close(self) -> None:
        self._database.close()

    def commit(self) -> None:
        self._database.commit()

    def asked(self, feed: str) -> float:
        """When a feed was last asked, in seconds since 1970; 0 for never."""
        row = self._database.execute("select asked from feeds where address = ?", (feed,))
        return float((row.fetchone() or (0,))[0])

    def validators(self, feed: str) -> Validators | None:
        row = self._database.execute(
            "select url, etag, modified from feeds where address = ? and url is not null", (feed,)
        ).fetchone()
        return Validators(*row) if row else None

    def set_asked(self, feed: str, at: float) -> None:
        self._database.execute(
            "insert into feeds (address, asked) values (?, ?) "
            "on conflict (address) do update set asked = excluded.asked",
            (feed, at),
        )

    def set_validators(self, feed: str, found: Validators | None) -> None:
        url, etag, modified = (found.url, found.etag, found.modified) if found else (None,) * 3
        self._database.execute(
            "update feeds set url = ?, etag = ?, modified = ? where address = ?",
            (url, etag, modified, feed),
        )

    def held(self, what: str, now: float) -> str | None:
        """Why a host or a feed is not to be asked now, or None."""
        row = self._database.execute(
            "select reason from held where what = ? and until > ?", (what, now)
        ).fetchone()
        return str(row[0]) if row else None

    def hold(self, what: str, until: float, reason: str) -> None:
        self._database.execute(
            "insert or replace into held values (?, ?, ?)", (what, until, reason)
        )

    def article(self, host: str, key: str) -> Stored | None:
        row = self._database.execute(
            "select path, content, feed from articles where host = ? and key = ?", (host, key)
        ).fetchone()
        return Stored(*row) if row else None

    def set_article(self, host: str, key: str, stored: Stored) -> None:
        self._database.execute(
            "insert or replace into articles values (?, ?, ?, ?, ?)",
            (host, key, stored.path, stored.content, stored.feed),
        )


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=5.0)
    try:
        database.executescript(_TABLES)
        # Reads all of it: damage is to be met here, not in the middle of a run.
        [result] = database.execute("pragma quick_check(1)").fetchone()
    except BaseException:
        database.close()
        raise
    if result != "ok":
        database.close()
        raise sqlite3.DatabaseError(result)
    return database
