"""Articles and passages of one generation, in an SQLite file that is written once."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from index.articles.article import Article
from index.passages import Passage, Span
from index.query import Filter

_TABLES = """
CREATE TABLE articles (
    id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, title TEXT NOT NULL, body TEXT NOT NULL,
    language TEXT NOT NULL, url TEXT, source TEXT, author TEXT, published TEXT
);
CREATE INDEX articles_by_date ON articles (published);
CREATE TABLE passages (
    number INTEGER PRIMARY KEY, article_id TEXT NOT NULL REFERENCES articles,
    "start" INTEGER NOT NULL, "end" INTEGER NOT NULL,
    first_sentence INTEGER NOT NULL, sentences TEXT NOT NULL
);
CREATE INDEX passages_of_article ON passages (article_id);
"""


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
    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        self._connection.executescript(_TABLES)
        self._passages = 0
        self._sentences = 0

    def add(self, article: Article, passages: Sequence[Passage]) -> list[int]:
        """Store both; the numbers given to the passages."""
        published = article.published.isoformat() if article.published else None
        self._connection.execute(
            "INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (article.id, article_key(article.id), article.title, article.body,
             article.language, article.url, article.source, article.author, published),
        )  # fmt: skip
        numbers = []
        for passage in passages:
            spans = " ".join(f"{span.start}-{span.end}" for span in passage.sentences)
            self._connection.execute(
                "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?)",
                (self._passages, article.id, passage.start, passage.end, self._sentences, spans),
            )
            numbers.append(self._passages)
            self._passages += 1
            self._sentences += len(passage.sentences)
        return numbers

    def close(self) -> None:
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
        return self._article("id", article_id)

    def last_good(self, id: str) -> list[Article]:
        """The article of a file, or all those beneath a folder that can no longer be listed."""
        rows = self._connection.execute(
            f"SELECT {_ARTICLE} FROM articles a WHERE id = ? OR substr(id, 1, ?) = ?",
            (id, len(id) + 1, f"{id}/"),
        )
        return [_as_article(row) for row in rows]

    def article_with_key(self, key: str) -> Article | None:
        """The article whose `article_key` this is."""
        return self._article("key", key)

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
            f'SELECT p.number, p."start", p."end", p.first_sentence, p.sentences, {_ARTICLE} '
            f"FROM passages p JOIN articles a ON a.id = p.article_id WHERE p.number IN ({marks})",
            [int(number) for number in numbers],
        )
        found = {row[0]: _as_passage(row) for row in rows}
        return [found[number] for number in numbers]

    def matching(self, filter: Filter) -> list[int]:
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
            "SELECT p.number, a.source FROM passages p JOIN articles a ON a.id = p.article_id "
            f"WHERE {' AND '.join(clauses)} ORDER BY p.number",
            values,
        )
        wanted = [_folded(source) for source in filter.sources]
        return [
            number
            for number, source in rows
            if not wanted or (source and any(part in _folded(source) for part in wanted))
        ]

    def counts(self) -> tuple[int, int]:
        """How many articles and passages."""
        (articles,) = self._connection.execute("SELECT count(*) FROM articles").fetchone()
        (passages,) = self._connection.execute("SELECT count(*) FROM passages").fetchone()
        return articles, passages

    def close(self) -> None:
        self._connection.close()

    def _article(self, column: str, value: str) -> Article | None:
        row = self._connection.execute(
            f"SELECT {_ARTICLE} FROM articles a WHERE {column} = ?", (value,)
        ).fetchone()
        return _as_article(row) if row else None


def _folded(name: str) -> str:
    """Without case, accents, and the difference between apostrophes."""
    letters = unicodedata.normalize("NFKD", name.replace("’", "'").casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


_ARTICLE = "a.id, a.title, a.body, a.language, a.url, a.source, a.author, a.published"


def _as_article(row: Sequence[Any]) -> Article:
    id, title, body, language, url, source, author, published = row
    day = date.fromisoformat(published) if published else None
    return Article(id, title, body, language, url, source, author, day)


def _as_passage(row: tuple[Any, ...]) -> StoredPassage:
    number, start, end, first_sentence, sentences, *article_row = row
    article = _as_article(article_row)
    spans = tuple(Span(int(a), int(b)) for a, b in (span.split("-") for span in sentences.split()))
    passage = Passage(article.id, start, end, article.body[start:end], spans)
    return StoredPassage(number, passage, article, first_sentence)
