"""Read articles from files: every file gives articles, or the reason why not."""

from __future__ import annotations

import errno
import logging
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatch
from pathlib import Path

from index.articles import html, markdown, plain_text
from index.articles.article import Article, Block, BlockKind
from index.articles.csv_files import read_csv
from index.articles.draft import Draft, NotAnArticle
from index.articles.files import ArticleFile, RootNotFound, list_files
from index.articles.json_files import read_json, read_json_lines
from index.articles.language import declared_language, language_of
from index.articles.opening import PACKED, beginning, kind_of, pieces
from index.articles.records import (
    DEFAULT,
    BadRecord,
    FieldNames,
    Record,
    draft_of,
    id_of,
    is_no_article,
)
from index.articles.streams import decoded
from index.articles.structure import blocks
from index.articles.text import tidy

__all__ = [
    "ArticleFile",
    "FieldNames",
    "RootNotFound",
    "Unreadable",
    "article_files",
    "kinds_read",
    "read_article",
    "read_articles",
    "read_file",
]

logger = logging.getLogger(__name__)

RecordReader = Callable[[Iterable[str], FieldNames], Iterator[Record | BadRecord]]
# Of files that are one article.
READERS: dict[str, Callable[[bytes], Draft]] = {
    ".txt": plain_text.read,
    ".md": markdown.read,
    ".markdown": markdown.read,
    ".html": html.read,
    ".htm": html.read,
}
# Of files of any number of articles, which may be too long to hold.
RECORD_READERS: dict[str, RecordReader] = {
    ".json": read_json,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".csv": read_csv,
}
_KINDS = (*READERS, *RECORD_READERS)  # each may be packed: .txt.gz
# What scripts/evaluate.py asks of the articles beside it is none of them.
_NO_ARTICLES = ("questions*.jsonl", "statements*.jsonl", "topics.jsonl")
_LARGEST = 20_000_000  # bytes; beyond it a file is no article, and could exhaust memory
_HOPELESS = 100  # records; when none of so many is an article, the file is of something else
_DATED_NAME = re.compile(r"\d{4}-\d{2}-\d{2}(?!\d)")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file, or a record in one, that gave no article.

    The reason completes "could not be read: …".
    """

    path: Path
    reason: str
    record: str = ""  # "line 12", "record 3"; empty: the file, or the rest of it

    @property
    def place(self) -> str:
        """What could not be read, to be shown: the file's path, and the record in it."""
        return f"{self.path}, {self.record}" if self.record else str(self.path)


def article_files(roots: Sequence[Path]) -> list[ArticleFile]:
    """The files of articles beneath some folders (or files), sorted by id, each once.

    Raises RootNotFound.
    """
    files = list_files(roots, [kind + packed for kind in _KINDS for packed in ("", PACKED)])
    return [f for f in files if not any(fnmatch(f.path.name, name) for name in _NO_ARTICLES)]


def kinds_read() -> str:
    """The kinds of files that are read, to be shown."""
    return f"{', '.join(_KINDS)}; each also as {PACKED}"


def read_articles(
    roots: Sequence[Path], fields: FieldNames = DEFAULT
) -> Iterator[Article | Unreadable]:
    """Every article beneath some folders (or files), read as it is asked for.

    Raises RootNotFound.
    """
    return (found for file in article_files(roots) for found in read_file(file, fields))


def read_article(file: ArticleFile) -> Article | Unreadable:
    """The article of a file that is one, the first of a file of several. Nothing raises."""
    with closing(read_file(file)) as found:
        return next(found)


def read_file(
    file: ArticleFile, fields: FieldNames = DEFAULT
) -> Generator[Article | Unreadable, None, None]:
    """Every article of a file, or why not; always at least one of these. Nothing raises.

    The file is read as articles are asked for, and never more of it held than one. Two of them
    may have one `id` (an article that was corrected and appended): the last is the one to keep.
    An Unreadable without a record is about the rest of the file: articles may be missing.
    """
    try:
        if file.leads_to:
            raise NotAnArticle(
                f"it is a link to {file.leads_to}, outside the folders given; to have that read, "
                "name it as a folder of articles"
            )
        kind = kind_of(file.path)
        if kind in RECORD_READERS:
            yield from _of_records(file, RECORD_READERS[kind], fields)
        else:
            yield _article(file, file.id, _draft(file.path, kind))
    except Exception as error:
        yield Unreadable(file.path, _reason(file, error))


def _of_records(
    file: ArticleFile,
    reader: RecordReader,
    fields: FieldNames,
) -> Iterator[Article | Unreadable]:
    count = articles = 0
    with closing(pieces(file.path)) as data:
        for count, record in enumerate(reader(decoded(data), fields), 1):
            found = _of_record(file, record, fields)
            articles += isinstance(found, Article)
            if found is not None:
                yield found
            if count == _HOPELESS and not articles:
                raise NotAnArticle(f"none of its first {_HOPELESS} records is an article")
    if not count:
        raise NotAnArticle("it holds no records")


def _of_record(
    file: ArticleFile, record: Record | BadRecord, names: FieldNames
) -> Article | Unreadable | None:
    """`None` for a record that declares to be something else."""
    if isinstance(record, BadRecord):
        return Unreadable(file.path, record.reason, record.place)
    try:
        draft = draft_of(record.fields, names)
        return _article(file, id_of(record, draft.url, names, file.id), draft)
    except Exception as error:
        if isinstance(error, NotAnArticle) and record.number and is_no_article(record.fields):
            return None
        return Unreadable(file.path, _reason(file, error), record.place)


def _draft(path: Path, kind: str) -> Draft:
    data = beginning(path, _LARGEST)
    reader = READERS.get(kind)
    if reader is None:
        raise NotAnArticle(f"files of its kind are not read, only {kinds_read()}")
    if not data.strip():
        raise NotAnArticle("the file is empty")
    if len(data) > _LARGEST:
        raise NotAnArticle(f"it is larger than {_LARGEST // 1_000_000} MB")
    return reader(data)


def _article(file: ArticleFile, id: str, draft: Draft) -> Article:
    body = tidy(draft.text)
    if not any(map(str.isalnum, body)):
        raise NotAnArticle("no text is left in it once markup is taken away")
    parts = blocks(body)
    return Article(
        id=id,
        title=tidy(draft.title or "") or plain_text.title_of(body, parts),
        body=body,
        language=declared_language(draft.language) or language_of(_prose(body, parts)),
        url=draft.url,
        source=draft.source,
        author=draft.author or plain_text.author_of(body, parts),
        published=draft.published
        or plain_text.published_of(body, parts)
        or _date_in_name(file.path),
    )


def _prose(body: str, parts: Sequence[Block]) -> str:
    return "\n".join(
        body[part.start : part.end] for part in parts if part.kind is BlockKind.PARAGRAPH
    )


def _date_in_name(path: Path) -> date | None:
    """2024-05-03-tram.txt: the day is in the name of many an archive's files."""
    dated = _DATED_NAME.match(path.name)
    try:
        return date.fromisoformat(dated[0]) if dated else None
    except ValueError:
        return None


def _reason(file: ArticleFile, error: Exception) -> str:
    match error:
        case NotAnArticle():
            return str(error)
        case FileNotFoundError():
            return "it vanished before it could be read"
        case PermissionError():
            return "permission to read it is denied"
        case OSError(errno=errno.ELOOP):
            return "it is a link that leads back to itself"
        case OSError():
            return f"the system could not read it ({error.strerror or error})"
        case _:  # parsers fail on hostile files in ways that no list covers
            logger.warning("reader failed on %s", file.id, exc_info=error)
            return f"its reader failed on it ({type(error).__name__}: {error})"
