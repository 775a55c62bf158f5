"""Articles and passages of one generation, and which run brought what, in an SQLite file that is
written once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index import arrivals
from index.arrivals import Arrival, LedgerWriter, Run
from index.articles.article import Article
from index.passages import Passage, Span
from index.query import Filter

_TABLES = """
CREATE TABLE IF NOT EXISTS articles (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, key TEXT NOT NULL UNIQUE,
    file TEXT NOT NULL, hash TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL,
    language TEXT NOT NULL, url TEXT, source TEXT, author TEXT, published TEXT
);
CREATE INDEX IF NOT EXISTS articles_by_date ON articles (published);
CREATE INDEX IF NOT EXISTS articles_of_file ON articles (file);
CREATE TABLE IF NOT EXISTS passages (
    number INTEGER PRIMARY KEY, article INTEGER NOT NULL REFERENCES articles,
    "start" INTEGER NOT NULL, "end" INTEGER NOT NULL,
    first_sentence INTEGER NOT NULL, sentences TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS passages_of_article ON passages (article);
-- What was read, as it was on disk then.
CREATE TABLE IF NOT EXISTS files (
    id TEXT PRIMARY KEY, size INTEGER NOT NULL, modified INTEGER NOT NULL,
    changed INTEGER NOT NULL
) WITHOUT ROWID;
-- Files that hold an article too which is kept as another file, later by id, has it.
CREATE TABLE IF NOT EXISTS copies (
    article TEXT NOT NULL, file TEXT NOT NULL, PRIMARY KEY (article, file)
) WITHOUT ROWID;
-- Rows that have a vector, those of passages that are gone among them: none is used again.
CREATE TABLE IF NOT EXISTS vectors (passages INTEGER NOT NULL, sentences INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class FileState:
    """By what a file is known to be the one that was read."""

    size: int
    modified: int  # ns since 1970
    changed: int  # likewise: of what the system keeps about it, its name or its permissions


def article_key(article_id: str) -> str:
    """A short name for an article that fits where 64 bytes must do (a button)."""
    return sha256(article_id.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage with its place: its number is its row among the passage vectors, and its
    sentences' vectors begin at row `first_sentence`."""

    number: int
    passage: Passage
    article: Article
    first_sentence: int


class StoreWriter:
    """Makes a store, or changes a copy of one."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        # What is built aside is thrown away when it is not finished.
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.executescript(_TABLES)
        self.ledger = LedgerWriter(self._connection)
        row = self._connection.execute("SELECT passages, sentences FROM vectors").fetchone()
        self._passages, self._sentences = map(int, row or (0, 0))
        # The passage, and the row of its first sentence, with which what is added begins.
        self.first_added = (self._passages, self._sentences)
        self.removed: list[int] = []  # passages that were there when it was opened

    def add(self, article: Article, passages: Sequence[Passage], file: str = "") -> list[int]:
        """Store both in place of what has the article's id; the numbers given to the passages.

        :param file: the id of the file it comes from.
        """
        self.remove(article.id)
        published = article.published.isoformat() if article.published else None
        added = self._connection.execute(
            "INSERT INTO articles VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (article.id, article_key(article.id), file, article.content_hash, article.title,
             article.body, article.language, article.url, article.source, article.author,
             published),
        )  # fmt: skip
        numbers = []
        for passage in passages:
            spans = " ".join(f"{span.start}-{span.end}" for span in passage.sentences)
            self._connection.execute(
                "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?)",
                (self._passages, added.lastrowid, passage.start, passage.end,
                 self._sentences, spans),
            )  # fmt: skip
            numbers.append(self._passages)
            self._passages += 1
            self._sentences += len(passage.sentences)
        self.ledger.note(article, passages)
        return numbers

    def remove(self, id: str) -> None:
        """Drop an article and its passages, if it is there."""
        row = self._connection.execute("SELECT number FROM articles WHERE id = ?", (id,)).fetchone()
        if row is None:
            return
        gone = self._connection.execute("SELECT number FROM passages WHERE article = ?", row)
        self.removed += [number for (number,) in gone if number < self.first_added[0]]
        self._connection.execute("DELETE FROM passages WHERE article = ?", row)
        self._connection.execute("DELETE FROM articles WHERE number = ?", row)

    def article(self, id: str) -> Article | None:
        return _article(self._connection, "id", id)

    def articles_of(self, file: str) -> dict[str, str]:
        """Of each article that comes from a file, by id, what its `content_hash` was."""
        rows = self._connection.execute("SELECT id, hash FROM articles WHERE file = ?", (file,))
        return dict(rows.fetchall())

    def file_of(self, id: str) -> str | None:
        """The file that an article comes from; None where there is no such article."""
        row = self._connection.execute("SELECT file FROM articles WHERE id = ?", (id,)).fetchone()
        return row[0] if row else None

    def note_copy(self, id: str, file: str) -> None:
        """A file holds an article too that is kept as another file has it."""
        self._connection.execute("INSERT OR IGNORE INTO copies VALUES (?, ?)", (id, file))

    def forget_copies(self, file: str) -> None:
        self._connection.execute("DELETE FROM copies WHERE file = ?", (file,))

    def copies_of(self, id: str) -> list[str]:
        """The files that hold an article too, by id."""
        rows = self._connection.execute(
            "SELECT file FROM copies WHERE article = ? ORDER BY file", (id,)
        )
        return [file for (file,) in rows]

    def record(self, file: str, state: FileState) -> None:
        """A file has been read, being so."""
        self._connection.execute(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)",
            (file, state.size, state.modified, state.changed),
        )

    def forget(self, file: str) -> None:
        """A file has not been read, or is there no more."""
        self._connection.execute("DELETE FROM files WHERE id = ?", (file,))

    def added(self) -> Iterator[StoredPassage]:
        """The passages added since it was opened, by number."""
        rows = self._connection.execute(
            f"SELECT {_PASSAGE}, {_ARTICLE} FROM passages p JOIN articles a ON "
            "a.number = p.article WHERE p.number >= ? ORDER BY p.number",
            (self.first_added[0],),
        )
        return map(_as_passage, rows)

    def vectors_added(self) -> tuple[int, int]:
        """How many rows of vectors, of passages and of sentences, what was added takes."""
        return self._passages - self.first_added[0], self._sentences - self.first_added[1]

    @property
    def changed(self) -> bool:
        """Whether anything is other than when it was opened."""
        return self._connection.total_changes > 0

    def wasted(self) -> float:
        """The share of the rows of vectors whose passages are gone, in [0, 1]."""
        return 1 - self.counts()[1] / self._passages if self._passages else 0.0

    def counts(self) -> tuple[int, int]:
        """How many articles and passages."""
        return _counts(self._connection)

    def articles_by_file(self) -> dict[str, int]:
        """How many articles each file gave."""
        return _articles_by_file(self._connection)

    def numbers(self) -> NDArray[np.int64]:
        """Of all passages, ascending."""
        return _numbers(self._connection)

    def abandon(self) -> None:
        """Leave it as it is; nothing happens to one that is closed."""
        self._connection.close()

    def close(self) -> None:
        self._connection.execute("DELETE FROM vectors")
        self._connection.execute(
            "INSERT INTO vectors VALUES (?, ?)", (self._passages, self._sentences)
        )
        self._connection.commit()
        self._connection.close()


class Store:
    """Reads one. Safe to use from several threads: SQLite serialises this connection."""

    def __init__(self, path: Path) -> None:
        """:raises sqlite3.Error: for a file that is missing or not a store."""
        self._connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        try:
            self.latest()  # SQLite opens anything; a query tells
        except sqlite3.Error:
            self._connection.close()
            raise

    def article(self, article_id: str) -> Article | None:
        return _article(self._connection, "id", article_id)

    def files(self) -> dict[str, FileState]:
        """The files that were read, by id."""
        rows = self._connection.execute("SELECT id, size, modified, changed FROM files")
        return {id: FileState(*state) for id, *state in rows}

    def articles_by_file(self) -> dict[str, int]:
        """How many articles each file gave."""
        return _articles_by_file(self._connection)

    def copies(self) -> list[tuple[str, str]]:
        """Articles, by id, with each file that holds one too beside the file it is kept from."""
        return self._connection.execute("SELECT article, file FROM copies").fetchall()

    def articles_from(self, file: str, *, beneath: bool = False) -> Iterator[tuple[str, Article]]:
        """The articles of a file, or of all files beneath a folder ("" for all there are), each
        with the id of its file."""
        if beneath:
            start = f"{file}/" if file else ""
            condition, values = "substr(a.file, 1, ?) = ?", [len(start), start]
        else:
            condition, values = "a.file = ?", [file]
        rows = self._connection.execute(
            f"SELECT a.file, {_ARTICLE} FROM articles a WHERE {condition} ORDER BY a.number", values
        )
        return ((of, _as_article(row)) for of, *row in rows)

    def article_with_key(self, key: str) -> Article | None:
        """The article whose `article_key` this is."""
        return _article(self._connection, "key", key)

    def latest(self) -> Article | None:
        """The article published last, of those that have a date."""
        row = self._connection.execute(
            f"SELECT {_ARTICLE} FROM articles a WHERE published IS NOT NULL "
            "ORDER BY published DESC, id LIMIT 1"
        ).fetchone()
        return _as_article(row) if row else None

    def articles(self) -> Iterator[Article]:
        """All of them, by id."""
        for row in self._connection.execute(f"SELECT {_ARTICLE} FROM articles a ORDER BY id"):
            yield _as_article(row)

    def passages(self, numbers: Sequence[int]) -> list[StoredPassage]:
        """In the order of `numbers`; KeyError for one that is not stored."""
        marks = ",".join("?" * len(numbers))
        rows = self._connection.execute(
            f"SELECT {_PASSAGE}, {_ARTICLE} FROM passages p JOIN articles a "
            f"ON a.number = p.article WHERE p.number IN ({marks})",
            [int(number) for number in numbers],
        )
        found = {row[0]: _as_passage(row) for row in rows}
        return [found[number] for number in numbers]

    def passages_of(self, article_id: str) -> list[StoredPassage]:
        """The passages of an article, in its order; none where it is not here."""
        rows = self._connection.execute(
            f"SELECT {_PASSAGE}, {_ARTICLE} FROM articles a JOIN passages p "
            'ON p.article = a.number WHERE a.id = ? ORDER BY p."start"',
            (article_id,),
        )
        return list(map(_as_passage, rows))

    def numbers(self) -> NDArray[np.int64]:
        """Of all passages, ascending."""
        return _numbers(self._connection)

    def matching(self, filter: Filter) -> NDArray[np.int64]:
        """The numbers of the passages that a filter lets through, ascending.

        A passage whose article has no date is outside every range of dates.
        """
        clauses, values = ["1"], list[str]()
        if filter.since:
            clauses.append("a.published >= ?")
            values.append(filter.since.isoformat())
        if filter.until:
            clauses.append("a.published <= ?")
            values.append(filter.until.isoformat())
        if filter.languages:
            clauses.append(f"a.language IN ({','.join('?' * len(filter.languages))})")
            values += sorted(filter.languages)
        rows = self._connection.execute(
            "SELECT p.number, a.source FROM passages p JOIN articles a ON a.number = p.article "
            f"WHERE {' AND '.join(clauses)} ORDER BY p.number",
            values,
        )
        matching = (number for number, source in rows if filter.names(source))
        return np.fromiter(matching, np.int64)

    def counts(self) -> tuple[int, int]:
        """How many articles and passages."""
        return _counts(self._connection)

    def sources(self, most: int) -> list[str]:
        """The papers that gave most articles, those first."""
        return self._commonest("source", most)

    def languages(self, most: int) -> list[str]:
        """The languages of most articles, those first."""
        return self._commonest("language", most)

    def runs(self) -> Iterator[Run]:
        """The runs that brought something, newest first; read as they are asked for."""
        return arrivals.runs(self._connection)

    def arrived_in(self, run: Run) -> list[Arrival]:
        """The articles that a run brought, as they are now; those that are gone left out.

        An article that changed again later is with the later run. Costs what it gives.
        """
        found = []
        for id, identity, first in arrivals.ids_brought(self._connection, run):
            article = self.article(id)
            if article is not None and arrivals.identity_hash(article) == identity:
                found.append(Arrival(article, first))
        return found

    def first_arrived(self, article_id: str) -> Run | None:
        """The run that brought an article first; None for one that is not here."""
        article = self.article(article_id)
        return arrivals.run_of_first_arrival(self._connection, article) if article else None

    def ledger(self) -> tuple[Iterable[Sequence[Any]], Iterable[Sequence[Any]]]:
        """All runs and arrivals, as `LedgerWriter.take` takes them."""
        return arrivals.ledger_rows(self._connection)

    def close(self) -> None:
        self._connection.close()

    def _commonest(self, column: str, most: int) -> list[str]:
        rows = self._connection.execute(
            f"SELECT {column} FROM articles WHERE {column} IS NOT NULL "
            f"GROUP BY {column} ORDER BY count(*) DESC, {column} LIMIT ?",
            (most,),
        )
        return [value for (value,) in rows]


def _article(connection: sqlite3.Connection, column: str, value: str) -> Article | None:
    row = connection.execute(
        f"SELECT {_ARTICLE} FROM articles a WHERE {column} = ?", (value,)
    ).fetchone()
    return _as_article(row) if row else None


def _counts(connection: sqlite3.Connection) -> tuple[int, int]:
    (articles,) = connection.execute("SELECT count(*) FROM articles").fetchone()
    (passages,) = connection.execute("SELECT count(*) FROM passages").fetchone()
    return articles, passages


def _articles_by_file(connection: sqlite3.Connection) -> dict[str, int]:
    return dict(connection.execute("SELECT file, count(*) FROM articles GROUP BY file").fetchall())


def _numbers(connection: sqlite3.Connection) -> NDArray[np.int64]:
    rows = connection.execute("SELECT number FROM passages ORDER BY number")
    return np.fromiter((number for (number,) in rows), np.int64)


_PASSAGE = 'p.number, p."start", p."end", p.first_sentence, p.sentences'
_ARTICLE = "a.id, a.title, a.body, a.language, a.url, a.source, a.author, a.published"


def _as_article(row: Sequence[Any]) -> Article:
    id, title, body, language, url, source, author, published = row
    day = date.fromisoformat(published) if published else None
    return Article(id, title, body, language, url, source, author, day)


def _as_passage(row: Sequence[Any]) -> StoredPassage:
    number, start, end, first_sentence, sentences, *article_row = row
    article = _as_article(article_row)
    spans = tuple(Span(int(a), int(b)) for a, b in (span.split("-") for span in sentences.split()))
    passage = Passage(article.id, start, end, article.body[start:end], spans)
    return StoredPassage(number, passage, article, first_sentence)
