"""What a feed holds: RSS, Atom or RDF to entries, from bytes that nobody vouches for.

Nothing before the root element reaches a parser, so that no document type can declare entities
that explode or name files. What is not well-formed is mended by lxml first: feedparser's own
way with broken documents takes hours on some of them.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.utils import parsedate_to_datetime
from html.entities import html5
from typing import Any
from xml.parsers import expat

import feedparser
import httpx
from lxml import etree

from index.articles.draft import NotAnArticle
from index.articles.language import LANGUAGES, declared_language, language_of
from index.articles.text import decode_html
from scripts.feeds.prose import on_one_line, text_of_html, text_of_plain

TOO_SHORT = 80  # characters; less is a headline, with nothing to quote
_LONGEST_FACT = 500  # characters of a title, a name or an address
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?(?:rss|feed|RDF)(?=[\s/>])", re.I)
_ROOT_CLOSED = re.compile(r"</(?:[A-Za-z_][\w.-]*:)?(?:rss|feed|RDF)\s*>\s*\Z", re.I)
_MARKUP = re.compile(r"<[A-Za-z!/][^<>]*>|&(?:#\d+|#x[\da-f]+|\w+);", re.I)
_PREFIX = re.compile(r"[<\s]([A-Za-z_][\w.-]{0,30}):[A-Za-z_]")
_AMPERSAND = re.compile(r"&(?:(#\d{1,7}|#x[\dA-Fa-f]{1,6});|(\w{1,32};)?)")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "media": "http://search.yahoo.com/mrss/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
}


class NotAFeed(Exception):
    """The document holds no feed; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One article of a feed. Every text is clean (`prose.clean`); all but `text` are one line."""

    identity: str  # the same as long as the feed means the same article
    title: str | None
    text: str  # paragraphs, a blank line between them
    url: str | None = None
    author: str | None = None
    published: date | None = None
    language: str | None = None  # ISO 639-1


@dataclass(frozen=True, slots=True)
class Feed:
    """What could be read of a feed."""

    title: str | None
    entries: tuple[Entry, ...]  # in the feed's order, each identity once
    short: int  # entries left out because their text is less than TOO_SHORT


def read_feed(data: bytes, listed: str, found: str, today: date) -> Feed:
    """The feed in a document; `listed` is its address on the list, `found` after redirects.

    Dates after tomorrow are not believed. Raises NotAFeed.
    """
    source, whole = _well_formed(_source(data))
    parsed = feedparser.parse(
        io.BytesIO(source),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,  # everything is escaped when it is written
        resolve_relative_uris=False,
    )
    if not parsed.version:
        raise NotAFeed("it is neither RSS nor Atom")
    # Of a document that breaks off, the last entry may be half there.
    items = parsed.entries if whole else parsed.entries[:-1]
    language = parsed.feed.get("language")
    found_entries: dict[str, Entry] = {}
    short = 0
    for item in items:
        entry = _entry(item, listed, found, language, today)
        if len(entry.text) < TOO_SHORT:
            short += 1
        else:
            found_entries.setdefault(entry.identity, entry)
    title = _inline(parsed.feed.get("title_detail"))
    return Feed(title, tuple(found_entries.values()), short)


def _source(data: bytes) -> str:
    """The document from its root element on."""
    if not data.strip():
        raise NotAFeed("it is empty")
    try:
        text = _decoded(data)
    except NotAnArticle as error:
        raise NotAFeed(str(error)) from error
    root = _ROOT.search(text)
    if root is None:
        page = re.search(r"<(?:!doctype )?html\b", text[:2000], re.I)
        raise NotAFeed("it is a web page, not a feed" if page else "it is neither RSS nor Atom")
    return text[root.start() :]


def _decoded(data: bytes) -> str:
    """The text. What is UTF-8 to the last byte is that, whatever it holds or declares."""
    if not data.isascii():
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            pass
    return decode_html(data)


def _well_formed(text: str) -> tuple[bytes, bool]:
    """The document as XML that parses, and whether it came to its end."""
    data = text.encode("utf-8", "replace")
    if _parses(data):
        return data, True
    whole = _ROOT_CLOSED.search(text[-200:]) is not None
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(_mended(text).encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        raise NotAFeed(f"its XML is broken ({error.msg})") from error
    mended = b"" if root is None else etree.tostring(root, encoding="utf-8")
    if not mended or not _parses(mended):
        raise NotAFeed("its XML is broken beyond mending")
    return mended, whole


def _parses(data: bytes) -> bool:
    try:
        expat.ParserCreate("utf-8", " ").Parse(data, True)
    except expat.ExpatError:
        return False
    return True


def _mended(text: str) -> str:
    """The document with its ampersands escaped, its prefixes declared, and XML's characters."""
    text = _NOT_XML.sub("", text)
    pieces: list[str] = []
    at = 0
    while at < len(text):
        start = text.find("<![CDATA[", at)
        end = text.find("]]>", start) if start >= 0 else -1
        if end < 0:
            start = end = len(text)
        pieces += (_AMPERSAND.sub(_escaped, text[at:start]), text[start : end + 3])
        at = end + 3
    mended = "".join(pieces)
    head = mended[: mended.find(">")]
    prefixes = {found[1] for found in _PREFIX.finditer(mended)} - {"xml", "xmlns"}
    missing = sorted(prefix for prefix in prefixes if f"xmlns:{prefix}=" not in head)[:50]
    declared = "".join(
        f' xmlns:{prefix}="{_NAMESPACES.get(prefix, f"urn:undeclared:{prefix}")}"'
        for prefix in missing
    )
    root = _ROOT.match(mended)
    end = root.end() if root else 0
    return mended[:end] + declared + mended[end:]


def _escaped(ampersand: re.Match[str]) -> str:
    """The reference by number: once a document is known to be broken, libxml2 drops names."""
    number, name = ampersand[1], ampersand[2]
    if number:
        return ampersand[0]
    if name and name in html5:
        return "".join(f"&#{ord(character)};" for character in html5[name])
    return f"&#38;{name or ''}"


def _entry(item: Any, listed: str, found: str, language: str | None, today: date) -> Entry:
    title = _inline(item.get("title_detail"))
    url = _web_address(item.get("feedburner_origlink") or item.get("link"), found)
    details = [*item.get("content", ()), item.get("summary_detail") or {}]
    text = max(map(_prose, details), key=len)
    tags = [detail.get("language") for detail in details]
    declared = next(filter(None, map(declared_language, [*tags, language])), None)
    return Entry(
        identity=_identity(item.get("id"), url, title, text, listed),
        title=title,
        text=text,
        url=url,
        author=_author(item),
        published=_published(item, today),
        language=_language(declared, text),
    )


def _identity(guid: object, url: str | None, title: str | None, text: str, listed: str) -> str:
    """The guid, or the address, or the words; with the feed's address unless it is of its own
    a name in the whole world."""
    guid = on_one_line(guid) if isinstance(guid, str) else ""
    if re.match(r"(?:https?://|urn:|tag:).", guid):
        return guid
    if guid:
        return f"{listed} {guid}"
    return url or f"{listed} {title or text}"


def _prose(detail: Any) -> str:
    value = detail.get("value") or ""
    match detail.get("type") or "text/plain":
        case "text/html" | "application/xhtml+xml" | "html" | "xhtml":
            return text_of_html(value)
        case "text/plain" | "text":
            # Some call plain what is not; feedparser doubts only markup of the common kind.
            return (text_of_html if _MARKUP.search(value) else text_of_plain)(value)
        case _:
            return ""


def _inline(detail: Any) -> str | None:
    """A title: its words on one line."""
    if not detail:
        return None
    value = detail.get("value") or ""
    if detail.get("type") != "text/plain":
        value = text_of_html(value)
    return _fact(value)


def _fact(value: str) -> str | None:
    """A text of one line; None where front matter could not hold it."""
    text = on_one_line(value)
    if len(text) > _LONGEST_FACT:
        text = on_one_line(text[: _LONGEST_FACT - 1]) + "…"
    return None if text in ("", "~", "null") else text


def _author(item: Any) -> str | None:
    names = []
    for author in item.get("authors", ()):
        named = re.fullmatch(r"[^\s()]+@[^\s()]+ \((.+)\)", author.get("name") or "")
        name = _fact(named[1] if named else author.get("name") or "")
        if name and "@" not in name and name not in names:
            names.append(name)
    return _fact(", ".join(names[:10]))


def _web_address(value: object, base: str) -> str | None:
    if not isinstance(value, str) or not value.strip():
        return None
    try:
        url = httpx.URL(base).join(value.strip()).copy_with(username=None, password=None)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return None
    if url.scheme not in ("http", "https") or not url.host or len(str(url)) > _LONGEST_FACT:
        return None
    return str(url)


def _published(item: Any, today: date) -> date | None:
    """The day where the paper is: feedparser knows only that of Greenwich."""
    key = "published" if "published" in item.keys() else "updated"
    written = item.get(key) if key in item.keys() else None
    if not isinstance(written, str):
        return None
    day = _day(written.strip())
    if day is None and (moment := item.get(f"{key}_parsed")):
        day = date(*moment[:3])
    return day if day is not None and day <= today + timedelta(days=1) else None


def _day(written: str) -> date | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            return read(written).date()
        except (ValueError, IndexError, TypeError, OverflowError):
            continue
    return None


def _language(declared: str | None, text: str) -> str | None:
    """The declared language, unless the text is plainly in another: many feeds say "en"."""
    if declared not in LANGUAGES:
        return declared
    return declared if language_of(text) in (declared, "und") else None
