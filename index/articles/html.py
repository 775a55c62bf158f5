"""Articles in HTML: trafilatura finds the article in the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from index.articles.article import BlockKind
from index.articles.draft import Draft, NotAnArticle
from index.articles.structure import blocks
from index.articles.text import decode_html, tidy

# trafilatura makes every space a plain one; these printable stand-ins pass through it.
_STAND_INS = str.maketrans({"\u00a0": "\u237d", "\u202f": "\u2422", "\u2009": "\u2420"})
_RESTORED = str.maketrans({"\u237d": "\u00a0", "\u2422": "\u202f", "\u2420": "\u2009"})
_SENTENCE = re.compile(r"[.!?…。！？؟]")
_BLOCKS = ("p", "head", "quote", "list", "table", "code", "div")


def read(data: bytes) -> Draft:
    """The article of a page; raises NotAnArticle when there is none."""
    # Imported here: it takes most of a second, and few commands read pages.
    from trafilatura import bare_extraction, load_html

    page = load_html(decode_html(data))
    if page is None:
        raise NotAnArticle("it is not an HTML page")
    _keep_spaces(page)
    found: Any = bare_extraction(
        page,
        include_comments=False,
        with_metadata=True,
        # Otherwise any date in the page may be taken for the article's.
        date_extraction_params={"extensive_search": False, "original_date": True},
    )
    if found is None:
        raise NotAnArticle("no article was found in the page")
    title, source = _field(found.title), _field(found.sitename)
    author = (_field(found.author) or "").replace("; ", ", ") or None
    text = "\n\n".join(_without(_texts(found.body), title, author, source))
    if not _has_sentence(text):
        raise NotAnArticle("no article was found in the page")
    return Draft(
        text,
        title=title,
        url=_field(found.url),
        source=source,
        author=author,
        published=date.fromisoformat(found.date) if found.date else None,
        language=page.get("lang"),
    )


def _has_sentence(text: str) -> bool:
    """Whether there is prose: where trafilatura finds no article, it returns menus and notices."""
    text = tidy(text)
    paragraphs = (block for block in blocks(text) if block.kind is BlockKind.PARAGRAPH)
    return any(_SENTENCE.search(text[block.start : block.end]) for block in paragraphs)


def _keep_spaces(page: Any) -> None:
    for element in page.iter():
        element.text = element.text and element.text.translate(_STAND_INS)
        element.tail = element.tail and element.tail.translate(_STAND_INS)
        if element.tag == "meta" and element.get("content"):
            element.set("content", element.get("content").translate(_STAND_INS))


def _field(value: str | None) -> str | None:
    return value.translate(_RESTORED).strip() or None if value else None


def _without(texts: Iterator[str], *facts: str | None) -> Iterator[str]:
    """The texts less those that only repeat a fact: some pages have their headline within."""
    repeated = {_folded(fact) for fact in facts if fact}
    return (text for text in texts if _folded(text) not in repeated)


def _folded(text: str) -> str:
    return " ".join(text.replace("’", "'").split()).casefold()


def _texts(element: Any) -> Iterator[str]:
    """The text of each block beneath the element, in order, none of it blank."""
    line = _text(element.text)
    for child in element:
        if child.tag in _BLOCKS:
            yield from filter(None, [_tidied(line)])
            line = ""
            yield from filter(None, _block(child))
        else:
            line += "\n" if child.tag == "lb" else _text("".join(child.itertext()))
        line += _text(child.tail)
    yield from filter(None, [_tidied(line)])


def _block(element: Any) -> Iterator[str]:
    match element.tag:
        case "list":
            items = ("\n".join(_texts(item)) for item in element)
            yield "\n".join(f"- {item}" for item in items if item)
        case "table":
            rows = (
                "\t".join(" ".join(_texts(cell)) for cell in row) for row in element.iter("row")
            )
            yield "\n".join(row.strip() for row in rows if row.strip())
        case "code":
            yield "".join(element.itertext()).translate(_RESTORED).strip("\n")
        case _:
            yield from _texts(element)


def _text(text: str | None) -> str:
    """Line breaks of the source are no line breaks of the page."""
    return re.sub(r"[ \t\r\n]+", " ", text or "")


def _tidied(line: str) -> str:
    return re.sub(r" *\n *", "\n", line).translate(_RESTORED).strip()
