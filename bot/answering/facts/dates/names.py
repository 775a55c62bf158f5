"""Names of months and weekdays, in the languages of numbers."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

from bot.answering.facts.text import folded

Kind = Literal["months", "days"]

_MORE_MONTHS: dict[str, dict[str, int]] = {
    "en": {"sept": 9},
    "es": {"setiembre": 9},
    "de": {"maerz": 3, "janner": 1, "jänner": 1, "feber": 2, "okt": 10, "dez": 12},
}


@cache
def names(language: str, kind: Kind) -> dict[str, int]:
    """The numbers of months (from 1) or weekdays (from 0), by their names, folded."""
    return {folded(name): number for name, number in _written(language, kind).items()}


@cache
def pattern(language: str, kind: Kind, shortest: int = 3) -> str:
    """Matches any of the names, with their accents and without."""
    both = {name for one in _written(language, kind) for name in (one, folded(one))}
    longest_first = sorted(both, key=len, reverse=True)
    return "|".join(re.escape(name) for name in longest_first if len(name) >= shortest)


@cache
def _written(language: str, kind: Kind) -> dict[str, int]:
    """As CLDR gives them, in lower case; abbreviations of three letters or more, without dot."""
    from babel import Locale

    locale = Locale.parse(language)
    tables = locale.months if kind == "months" else locale.days
    found = {
        name.casefold().rstrip("."): number
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
        for number, name in tables[context][width].items()
    }
    more = _MORE_MONTHS.get(language, {}) if kind == "months" else {}
    return {name: number for name, number in (found | more).items() if len(name) >= 3}
