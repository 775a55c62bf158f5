"""Limits that a reader writes into a question: `depuis:2024 source:courrier langue:fr`."""

from __future__ import annotations

import calendar
import re
from datetime import date

from index.query import Filter

# Each with the names it goes by in the languages of readers.
_NAMES = {
    "since": ("depuis", "since", "after", "desde", "seit", "dal"),
    "until": ("avant", "jusque", "until", "before", "hasta", "bis", "fino"),
    "source": ("source", "journal", "fuente", "quelle", "fonte"),
    "language": ("langue", "lang", "language", "idioma", "sprache", "lingua"),
}
_KINDS = {name: kind for kind, names in _NAMES.items() for name in names}
_LIMIT = re.compile(
    rf"(?<!\S)(?P<name>{'|'.join(_KINDS)}):(?:\"(?P<quoted>[^\"]*)\"|(?P<bare>\S+))", re.IGNORECASE
)
_ISO = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d{1,2}))?(?:-(?P<day>\d{1,2}))?")
_WRITTEN = re.compile(r"(?:(?:(?P<day>\d{1,2})[/.])?(?P<month>\d{1,2})[/.])?(?P<year>\d{4})")


def split_filter(text: str) -> tuple[str, Filter]:
    """The question without its limits, and the limits. What is no limit stays in the question."""
    since: date | None = None
    until: date | None = None
    languages: set[str] = set()
    sources: set[str] = set()

    def taken(found: re.Match[str]) -> str:
        nonlocal since, until
        kind = _KINDS[found["name"].lower()]
        value = (found["quoted"] or found["bare"] or "").strip()
        days = _days(value)
        if kind == "source" and value:
            sources.add(value)
        elif kind == "language" and re.fullmatch(r"[A-Za-z]{2}", value):
            languages.add(value.lower())
        elif kind == "since" and days:
            since = days[0]
        elif kind == "until" and days:
            until = days[1]
        else:
            return found[0]
        return ""

    question = " ".join(_LIMIT.sub(taken, text).split())
    return question, Filter(since, until, frozenset(languages), frozenset(sources))


def _days(value: str) -> tuple[date, date] | None:
    """The first and last day of a year, a month or a day; None for what is none of them."""
    found = _ISO.fullmatch(value) or _WRITTEN.fullmatch(value)
    if found is None:
        return None
    year, month, day = (int(found[part] or 0) for part in ("year", "month", "day"))
    try:
        last_month = month or 12
        last_day = day or calendar.monthrange(year, last_month)[1]
        return date(year, month or 1, day or 1), date(year, last_month, last_day)
    except ValueError:
        return None
