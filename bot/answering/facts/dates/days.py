"""Days of a month: "le mardi 4 juin 2024", "June 3 and 4", "2024-06-04", "premier mai"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from bot.answering.facts import number_words
from bot.answering.facts.dates.mention import YEAR, YEAR_LINK, Mention, whole_day
from bot.answering.facts.dates.names import names, pattern
from bot.answering.facts.text import folded

_JOIN = (
    r"(?:-| ?- ?|/| (?:à|et|au|ou|to|and|or|bis|bis zum|und|oder|y|al|a|e|ed|o|tot|en|of|t/m) "
    r"| e il | y el | et le | and the | au |, | bis | und dem )"
)


@cache
def _day_pattern(language: str) -> re.Pattern[str]:
    month, weekday = pattern(language, "months"), pattern(language, "days")
    suffix = r"(?:er|st|nd|rd|th|\.|º|°|ª|e)?"
    day = rf"(?:[12]\d|3[01]|0?[1-9])(?!\d){suffix}"
    of = r"(?: (?:de |of |del |di |do )?| ?/|-)"
    year = rf"(?:,? {YEAR_LINK}(?P<year%d>{YEAR})(?!\d| ?\d{{3}}\b))?"
    article = r"(?: (?:le |den |dem |the |el |il |dia |o |der ))?"
    leading = rf"(?:(?P<weekday>{weekday})(?!\w)\.?,?{article} ?)?"
    return re.compile(
        rf"(?<![\w.,-]){leading}(?:"
        rf"(?P<iso>(?P<iy>\d{{4}})-(?P<im>\d\d)-(?P<id>\d\d)(?!\d))"
        rf"|(?P<num>(?P<nd>\d{{1,2}})(?P<nm>[/.])(?P<nmo>\d{{1,2}})(?P=nm)(?P<ny>\d{{4}}|\d\d)(?!\d))"
        rf"|(?P<days>{day}(?:(?:{_JOIN})(?:(?:{weekday})\.? )?{day}){{0,4}}){of}"
        rf"(?P<month>{month})\b\.?{year % 1}"
        rf"|(?P<usmonth>{month})\b\.? (?:the )?(?P<usdays>{day}(?:{_JOIN}{day}){{0,4}})"
        rf"(?![\d%]|[.,]\d| ?(?:h|:)){year % 2}"
        rf"|(?P<written>[^\W\d_]+(?:[ -][^\W\d_]+)?) (?:de |of )?"
        rf"(?P<wmonth>{month})\b{year % 3}"
        r")",
        re.I,
    )


_DAY_NUMBER = re.compile(r"(?<!\d)\d{1,2}(?!\d)")


def days(text: str, language: str) -> Iterator[Mention]:
    months, weekdays = names(language, "months"), names(language, "days")
    at = 0
    while found := _day_pattern(language).search(text, at):
        at = found.end()
        weekday = weekdays.get(folded(found["weekday"] or "").rstrip("."))
        start, end = found.span()
        if found["iso"]:
            day = (int(found["iy"]), int(found["im"]), int(found["id"]))
            if whole_day(*day):
                yield Mention(start, end, day[2], day[1], day[0], weekday)
        elif found["num"]:
            yield from _numeric(found, start, end, language, weekday)
        elif found["written"]:
            mention = _written_day(found, language, weekday)
            if mention:
                yield mention
            else:
                # only the month counts here: looked at again, after its first word
                at = found.start("written") + len(found["written"].split(" ")[0].split("-")[0])
                at = max(at, found.start() + 1)
                continue
        else:
            name, written = found["month"], found["days"]
            if found["usmonth"]:
                name, written = found["usmonth"], found["usdays"]
                if name.islower() and language in ("en", "de"):
                    at = found.end("usmonth")
                    continue
            month = months.get(folded(name).rstrip("."))
            year = found["year1"] or found["year2"]
            for number in _DAY_NUMBER.findall(written):
                yield Mention(start, end, int(number), month, int(year) if year else None, weekday)
            for word in re.findall(r"[^\W\d_]{3,}", written):
                if (other := weekdays.get(folded(word))) is not None:
                    yield Mention(start, end, weekday=other)
        if weekday is not None:
            yield Mention(start, end, weekday=weekday)


def _numeric(
    found: re.Match[str], start: int, end: int, language: str, weekday: int | None
) -> Iterator[Mention]:
    first, second, year = int(found["nd"]), int(found["nmo"]), int(found["ny"])
    if len(found["ny"]) == 2:
        year += 2000
    orders = {(first, second), (second, first)} if language == "en" else {(first, second)}
    for day, month in sorted(orders):
        if whole_day(year, month, day):
            yield Mention(start, end, day, month, year, weekday)


def _written_day(found: re.Match[str], language: str, weekday: int | None) -> Mention | None:
    """A day in letters: "premier mai", "vingt et un juin"."""
    spelled = list(number_words.spelled_numbers(found["written"], language))
    if len(spelled) != 1 or spelled[0].start != 0 or spelled[0].end != len(found["written"]):
        return None
    value = spelled[0].value
    if value.denominator != 1 or not 1 <= value <= 31:
        return None
    month = names(language, "months").get(folded(found["wmonth"]).rstrip("."))
    year = int(found["year3"]) if found["year3"] else None
    return Mention(found.start(), found.end(), int(value), month, year, weekday)
