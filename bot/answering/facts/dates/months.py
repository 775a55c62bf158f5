"""Months without a day: "en juin", "May 2024"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from bot.answering.facts.dates.mention import YEAR, YEAR_LINK, Mention
from bot.answering.facts.dates.names import names, pattern
from bot.answering.facts.text import folded

# Abbreviations that are other words too: months only beside a day or a year.
_ABBREVIATED = frozenset(
    "mar set ago dic gen ene dec jan jun jul sep oct nov aug apr feb fev out dez abr mrt sept okt "
    "avr janv fevr juil lug giu mag ott".split()
)


@cache
def _month_pattern(language: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?<!\w)(?P<name>{pattern(language, 'months')})(?!\w)\.?"
        rf"(?:,? {YEAR_LINK}(?P<year>{YEAR})(?!\d| ?\d{{3}}\b))?",
        re.I,
    )


_BEFORE_MONTH = re.compile(
    r"(?:in|since|by|until|till|last|next|early|late|mid|of|from|to|and|this|every|through|between"
    r"|during|before|after|for)[ -]$",
    re.I,
)


def months(text: str, language: str) -> Iterator[Mention]:
    numbers = names(language, "months")
    for found in _month_pattern(language).finditer(text):
        name = found["name"]
        plain = folded(name).rstrip(".")
        year = int(found["year"]) if found["year"] else None
        if year is None:
            capital = name[0].isupper()
            if plain in _ABBREVIATED or (language in ("en", "de") and not capital):
                continue
            if language == "en" and plain in ("may", "march"):
                if not _BEFORE_MONTH.search(text, max(0, found.start() - 12), found.start()):
                    continue
            if language in ("fr", "it", "es", "pt") and capital and plain in ("mars", "marzo"):
                continue
        if (month := numbers.get(plain)) is not None:
            yield Mention(found.start(), found.end(), month=month, year=year)
