"""Limits that a reader writes into a question: `depuis:2024 source:courrier langue:fr`."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

from index.query import Filter

# Each with the names it goes by in the languages of readers.
_NAMES = {
    "since": ("depuis", "since", "desde", "seit", "dal"),
    "after": ("après", "apres", "after", "nach", "dopo"),
    "until": ("jusque", "until", "hasta", "bis", "fino"),
    "before": ("avant", "before", "antes", "vor", "prima"),
    "source": ("source", "journal", "fuente", "quelle", "fonte"),
    "language": ("langue", "lang", "language", "idioma", "sprache", "lingua"),
}
_KINDS = {name: kind for kind, names in _NAMES.items() for name in names}
_LIMIT = re.compile(
    rf"(?<!\S)(?P<name>(?i:{'|'.join(_KINDS)})):"
    r'(?:"(?P<straight>[^"]*)"|“(?P<curved>[^”]*)”|«\s*(?P<french>[^»]*?)\s*»|(?P<bare>[^\s"“«]\S*))'
)
_AFTERTHOUGHT = "?!.,;:…"  # what may follow a limit, and is not of it
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
        kind = _KINDS.get(found["name"].lower())
        bare = (found["bare"] or "").rstrip(_AFTERTHOUGHT)
        value = (found["straight"] or found["curved"] or found["french"] or bare).strip()
        days = _days(value)
        if kind == "source" and value:
            sources.add(value)
        elif kind == "language" and re.fullmatch(r"[A-Za-z]{2}", value):
            languages.add(value.lower())
        elif kind == "since" and days:
            since = days[0]
        elif kind == "until" and days:
            until = days[1]
        elif kind == "after" and days and days[1] < date.max:
            since = days[1] + timedelta(days=1)
        elif kind == "before" and days and days[0] > date.min:
            until = days[0] - timedelta(days=1)
        else:
            return found[0]
        return (found["bare"] or "")[len(bare) :]

    question = " ".join(_LIMIT.sub(taken, text).split())
    return question, Filter(since, until, frozenset(languages), frozenset(sources))


def split_limits(text: str) -> tuple[str, str]:
    """The question without its limits, and the limits as they were written."""
    question, filter = split_filter(text)
    if not filter:
        return question, ""
    return question, " ".join(found[0].rstrip(_AFTERTHOUGHT) for found in _LIMIT.finditer(text))


def _days(value: str) -> tuple[date, date] | None:
    """The first and last day of a year, a month or a day; None for what is none of them."""
    found = _ISO.fullmatch(value) or _WRITTEN.fullmatch(value)
    if found is None:
        return None
    year = int(found["year"])
    month = None if found["month"] is None else int(found["month"])
    day = None if found["day"] is None else int(found["day"])
    try:
        first = date(year, 1 if month is None else month, 1 if day is None else day)
        last_month = 12 if month is None else month
        last_day = calendar.monthrange(year, last_month)[1] if day is None else day
        last = date(year, last_month, last_day)
    except ValueError:
        return None
    return first, last
