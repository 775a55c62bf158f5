"""Read articles from files: every file gives an article, or the reason why not."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from index.articles import html, markdown, plain_text
from index.articles.article import Article, Block, BlockKind
from index.articles.draft import Draft, NotAnArticle
from index.articles.files import ArticleFile, RootNotFound, list_files
from index.articles.language import declared_language, language_of
from index.articles.structure import blocks
from index.articles.text import tidy

__all__ = [
    "ArticleFile",
    "RootNotFound",
    "Unreadable",
    "article_files",
    "read_article",
    "read_articles",
]

logger = logging.getLogger(__name__)

READERS: dict[str, Callable[[bytes], Draft]] = {
    ".txt": plain_text.read,
    ".md": markdown.read,
    ".markdown": markdown.read,
    ".html": html.read,
    ".htm": html.read,
}
_LARGEST = 20_000_000  # bytes; beyond it a file is no article, and could exhaust memory
_DATED_NAME = re.compile(r"\d{4}-\d{2}-\d{2}(?!\d)")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that gave no article; the reason completes "could not be read: …"."""

    path: Path
    reason: str


def article_files(roots: Sequence[Path]) -> list[ArticleFile]:
    """The articles beneath some folders (or files), sorted by id, each once.

    Raises RootNotFound.
    """
    return list_files(roots, READERS.keys())


def read_articles(roots: Sequence[Path]) -> Iterator[Article | Unreadable]:
    """Every article beneath some folders (or files), read as it is asked for.

    Raises RootNotFound.
    """
    return map(read_article, article_files(roots))


def read_article(file: ArticleFile) -> Article | Unreadable:
    """The article in a file. Nothing about the file raises."""
    try:
        return _article(file, _draft(file.path))
    except NotAnArticle as error:
        return Unreadable(file.path, str(error))
    except OSError as error:
        return Unreadable(file.path, _trouble(error))
    except Exception as error:  # parsers fail on hostile files in ways that no list covers
        logger.warning("reader failed on %s", file.id, exc_info=True)
        return Unreadable(file.path, f"its reader failed on it ({type(error).__name__}: {error})")


def _draft(path: Path) -> Draft:
    reader = READERS.get(path.suffix.lower())
    if path.is_dir():
        next(path.iterdir(), None)  # says why it may not be listed
        raise NotAnArticle("it is a folder")
    if reader is None:
        raise NotAnArticle(f"files of its kind are not read, only {', '.join(sorted(READERS))}")
    with path.open("rb") as file:
        data = file.read(_LARGEST + 1)
    if not data.strip():
        raise NotAnArticle("the file is empty")
    if len(data) > _LARGEST:
        raise NotAnArticle(f"it is larger than {_LARGEST // 1_000_000} MB")
    return reader(data)


def _article(file: ArticleFile, draft: Draft) -> Article:
    body = tidy(draft.text)
    if not any(map(str.isalnum, body)):
        raise NotAnArticle("no text is left in it once markup is taken away")
    parts = blocks(body)
    return Article(
        id=file.id,
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


def _trouble(error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return "it vanished before it could be read"
        case PermissionError():
            return "permission to read it is denied"
        case _:
            return f"the system could not read it ({error.strerror or error})"
