"""Articles as records: which field of a record says what, whatever its feed or dump calls it."""

from __future__ import annotations

import html as entities
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from index.articles import html
from index.articles.article import UNKNOWN_LANGUAGE
from index.articles.dates import find_date
from index.articles.draft import Draft, NotAnArticle
from index.articles.language import declared_language, language_of

LARGEST_RECORD = 20_000_000  # characters; more is no article, and could exhaust memory
_LONGEST_ID = 500  # characters; what is longer names nothing
_HTML_NAMES = ("contenthtml", "bodyhtml", "texthtml", "fullhtml", "rawhtml", "html", "encoded")
# By fact, in the form of `field_key`, the most telling first.
_USUAL: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "headline", "name", "webtitle", "titre"),
    "text": (
        *("articlebody", "fulltext", "text", "body", "maintext", "bodytext", "contenttext"),
        *("plaintext", "content", "article", "story", "texte", "corps", *_HTML_NAMES),
    ),
    "url": (
        *("url", "link", "permalink", "canonicalurl", "articleurl", "weburl", "links"),
        "mainentityofpage",
    ),
    "source": (
        *("source", "site", "sitename", "publication", "publisher", "outlet", "newspaper"),
        *("sourcename", "journal", "domain"),
    ),
    "author": ("author", "authors", "creator", "byline", "auteur", "auteurs"),
    "published": (
        *("published", "datepublished", "publishedat", "pubdate", "publicationdate"),
        *("publisheddate", "publishdate", "datepublish", "publishedon", "webpublicationdate"),
        *("date", "issued", "seendate", "timestamp", "created", "createdat", "datecreated"),
        *("updated", "updatedat", "datemodified", "modified"),
    ),
    "language": ("language", "lang", "inlanguage", "langue"),
    "id": ("id", "guid", "uuid"),
}
# An object may keep its fields, or a field its value, one level further down.
_WITHIN = ("source", "article", "data", "item", "document", "doc", "fields", "attributes", "node")
_VALUES = ("rendered", "html", "text", "plain", "value", "name", "main", "href", "url", "id")
_MARKUP = re.compile(
    r"</?(?:p|br|div|h[1-6]|ul|ol|li|blockquote|article|section|figure|table|body|html)\b[^<>]*>",
    re.I,
)
_PAGE = re.compile(r"<(?:!doctype|html|body)\b", re.I)
_PARAGRAPH = re.compile(r"<p\b", re.I)
_TWO_BREAKS = re.compile(r"(?:<br\s*/?>\s*){2,}", re.I)
_URL = re.compile(r"https?://[^\s/]+\S*", re.I)
_COMPACT = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})(?:T?\d{4,6}Z?)?")
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?!\d)")
_SECONDS = re.compile(r"-?\d{8,10}(?:\.\d+)?")
_MILLISECONDS = re.compile(r"\d{12,13}")
_ARTICLE_TYPE = re.compile("article|posting|report|review", re.I)
_NOTHING = ("", "~", "null", "none", "nan", "n/a")


class TooLarge(NotAnArticle):
    """A record is longer than any article."""

    def __init__(self) -> None:
        super().__init__(f"it is larger than {LARGEST_RECORD // 1_000_000} MB")


@dataclass(frozen=True, slots=True)
class Record:
    """The fields of one article in a file of several."""

    place: str  # in the file, to be shown: "line 12", "record 3"; empty: the file is this record
    number: int  # from 1, and 0 for the whole file
    fields: Mapping[str, object]  # strings, or lists and mappings of them


@dataclass(frozen=True, slots=True)
class BadRecord:
    """What should have been a record; the reason completes "could not be read: …"."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class FieldNames:
    """Names of fields beside the usual ones, as pairs of a fact and a name; they come first.

    The facts are title, text, url, source, author, published, language and id. A name may be a
    path, `fields.bodyText`; capitals and signs between words make no difference.
    """

    own: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> FieldNames:
        """From `title=titre,text=corps`. Raises ValueError, saying what is wrong."""
        own = []
        for pair in filter(None, map(str.strip, text.split(","))):
            fact, equals, name = (part.strip() for part in pair.partition("="))
            if not (equals and field_key(name)):
                raise ValueError(f"{pair!r} is not of the form title=titre")
            if fact.lower() not in _USUAL:
                raise ValueError(f"{fact!r} is none of {', '.join(_USUAL)}")
            own.append((fact.lower(), name))
        return cls(tuple(own))

    def of(self, fact: str) -> tuple[str, ...]:
        """The names of a fact, the first to be preferred."""
        return (*(name for known, name in self.own if known == fact), *_USUAL[fact])

    def is_text(self, name: str) -> bool:
        """Whether a field of this name may hold the text of an article."""
        return field_key(name) in map(field_key, self.of("text"))


DEFAULT = FieldNames()


def field_key(name: str) -> str:
    """What names that differ in capitals, signs or a prefix share: `dc:pub_date`, `pubDate`."""
    return re.sub(r"[\W_]+", "", name.rpartition(":")[2]).casefold()


def draft_of(fields: Mapping[str, object], names: FieldNames) -> Draft:
    """What a record says. Raises NotAnArticle when it has no text."""
    known = _by_key(fields)
    if all(isinstance(value, Mapping) for _, value in _values(known, names, "text")):
        for within in _WITHIN:
            if isinstance(inner := known.get(within), Mapping):
                known = _by_key(inner) | known
    texts = ((name, _text(value)) for name, value in _values(known, names, "text"))
    name, text = next((found for found in texts if found[1].strip()), ("", ""))
    if not text:
        raise NotAnArticle(_no_text(fields))
    language = _one_line(known, names, "language")
    draft = _of_text(text, is_html=field_key(name) in _HTML_NAMES)
    return replace(
        draft,
        title=_one_line(known, names, "title") or draft.title,
        url=_url(known, names) or draft.url,
        source=_one_line(known, names, "source") or draft.source,
        author=_one_line(known, names, "author") or draft.author,
        published=_published(known, names, language, draft.text) or draft.published,
        language=language or draft.language,
    )


def id_of(record: Record, url: str | None, names: FieldNames, file_id: str) -> str:
    """The id of a record's article, the same whenever the file is read.

    It is the record's URL, or else the file's id and after a `#` the record's own, or its
    number; a file that is one record keeps its id.
    """
    if url:
        return url
    if not record.number:
        return file_id
    own = _one_line(_by_key(record.fields), names, "id")
    return f"{file_id}#{own if own and len(own) <= _LONGEST_ID else record.number}"


def is_no_article(fields: Mapping[str, object]) -> bool:
    """Whether a record of linked data declares that it is something else: a site, a person."""
    types = fields.get("@type")
    declared = " ".join(map(str, types)) if isinstance(types, list) else str(types or "article")
    return not _ARTICLE_TYPE.search(declared)


def _by_key(fields: Mapping[str, object]) -> dict[str, object]:
    known: dict[str, object] = {}
    for name, value in fields.items():
        if value not in (None, "", [], {}):
            known.setdefault(field_key(name), value)
    return known


def _values(
    known: Mapping[str, object], names: FieldNames, fact: str
) -> Iterator[tuple[str, object]]:
    """The names of a fact that the fields have, and their values."""
    for name in names.of(fact):
        value: object = known
        for step in name.split("."):
            value = _by_key(value).get(field_key(step)) if isinstance(value, Mapping) else None
        if value is not None:
            yield name, value


def _text(value: object) -> str:
    """A string as it is, the parts of a list as paragraphs, what an object says."""
    if isinstance(value, str):
        # No file can be written with half a character, or found by a word with a null in it.
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")
    if isinstance(value, list):
        return "\n\n".join(filter(None, map(_text, value)))
    if isinstance(value, Mapping):
        known = _by_key(value)
        return next((text for key in _VALUES if (text := _text(known.get(key)))), "")
    return ""


def _of_text(text: str, *, is_html: bool) -> Draft:
    if not (is_html or _MARKUP.search(text)):
        return Draft(text)
    if not _PAGE.search(text):
        # A fragment is the article itself, and says so to who looks for one in a page.
        inner = text if _PARAGRAPH.search(text) else f"<p>{_TWO_BREAKS.sub('</p><p>', text)}</p>"
        text = f"<html><head></head><body><article>{inner}</article></body></html>"
    return html.read(text.encode("utf-8-sig"))


def _one_line(known: Mapping[str, object], names: FieldNames, fact: str) -> str | None:
    """The first usable value of a fact, on one line; the names of several authors are joined."""
    for _, value in _values(known, names, fact):
        parts = value if isinstance(value, list) else [value]
        lines = (" ".join(entities.unescape(_text(part)).split()) for part in parts)
        told = [line for line in lines if line.casefold() not in _NOTHING]
        if told:
            return ", ".join(told) if fact == "author" else told[0]
    return None


def _url(known: Mapping[str, object], names: FieldNames) -> str | None:
    """The first web address; a link may be one of several of an article."""
    for _, value in _values(known, names, "url"):
        for part in value if isinstance(value, list) else [value]:
            if _URL.fullmatch(url := _text(part).strip()):
                return url
    return None


def _published(
    known: Mapping[str, object], names: FieldNames, language: str | None, body: str
) -> date | None:
    for _, value in _values(known, names, "published"):
        written = _text(value).strip()
        if found := _date(written):
            return found
        # 03/05/2024: only English is read in two orders.
        if (found := find_date(written, day_first=True)) and (
            declared_language(language) or language_of(body)
        ) not in ("en", UNKNOWN_LANGUAGE):
            return found
    return None


def _date(text: str) -> date | None:
    """The day in a date as written, or of a number of seconds (or thousandths) since 1970, UTC."""
    try:
        if compact := _COMPACT.fullmatch(text):
            return date(*map(int, compact.groups()))
        if year_first := _YEAR_FIRST.match(text):
            return date(*map(int, year_first.groups()))
        if _SECONDS.fullmatch(text):
            return datetime.fromtimestamp(float(text), UTC).date()
        if _MILLISECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text) / 1000, UTC).date()
    except (ValueError, OverflowError, OSError):
        return None
    return find_date(text)


def _no_text(fields: Iterable[str]) -> str:
    shown = ", ".join(repr(name[:40]) for name in list(fields)[:12]) or "none"
    return (
        f"no field of it is known to hold the text (its fields: {shown}); "
        "if one does, name it in ARTICLE_FIELDS: text=its name"
    )
