"""The YAML between two `---` lines at the top of a Markdown file."""

from __future__ import annotations

import re
from collections.abc import Mapping

import yaml  # type: ignore[import-untyped,unused-ignore]

from index.articles.dates import find_date
from index.articles.draft import Draft, NotAnArticle

_FENCED = re.compile(r"---[ \t]*\n(?P<yaml>.*?)(?:^|\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S)
_UNCLOSED = re.compile(r"---[ \t]*\n[A-Za-z_][\w-]*:(?:[ \t]|\n|\Z)")
_NOTHING = ("", "~", "null")


def split_front_matter(text: str) -> tuple[Mapping[str, object], str]:
    """The front matter, empty where there is none, and the text after it.

    Every scalar is a string: `title: 1984` is a title. Raises NotAnArticle, with the line.
    """
    fenced = _FENCED.match(text)
    if fenced is None:
        if _UNCLOSED.match(text):
            raise NotAnArticle('its front matter, opened by "---" on line 1, is never closed')
        return {}, text
    try:
        fields = yaml.load(fenced["yaml"], Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise NotAnArticle(_reason(error, fenced["yaml"])) from error
    if not isinstance(fields, dict):
        # Two rules with prose between them, or nothing.
        return {}, text if fields else text[fenced.end() :]
    return {str(key).lower(): value for key, value in fields.items()}, text[fenced.end() :]


def with_front_matter(fields: Mapping[str, object], text: str, title: str | None) -> Draft:
    """The draft of a text; its `title` is for front matter that has none."""
    published = _text(fields, "published", "date")
    return Draft(
        text,
        title=_text(fields, "title") or title,
        url=_text(fields, "url", "link"),
        source=_text(fields, "source", "site", "publication"),
        author=_text(fields, "author", "authors"),
        published=find_date(published) if published else None,
        language=_text(fields, "language", "lang"),
    )


def _text(fields: Mapping[str, object], *keys: str) -> str | None:
    """The first of the keys with a usable value; a list of names is joined."""
    for key in keys:
        value = fields.get(key)
        names = value if isinstance(value, list) and key.startswith("author") else [value]
        if found := ", ".join(name for name in map(_name, names) if name):
            return found
    return None


def _name(value: object) -> str | None:
    if isinstance(value, dict):
        value = value.get("name")
    text = " ".join(value.split()) if isinstance(value, str) else ""
    return None if text in _NOTHING else text


def _reason(error: Exception, source: str) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        line = mark.line
    else:
        line = source.count("\n", 0, getattr(error, "position", 0))
    problem = (
        getattr(error, "problem", None) or getattr(error, "reason", None) or "nested too deeply"
    )
    return f"its front matter is not valid YAML at line {line + 2}: {problem}"  # line 1 is "---"
