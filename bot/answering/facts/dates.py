"""Dates of a text, times of day, decades and centuries, in the languages of numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

from bot.answering.facts import number_words
from bot.answering.facts.text import folded, without


@dataclass(frozen=True, slots=True)
class Mention:
    """Part or whole of a date: `text[start:end]`."""

    start: int
    end: int
    day: int | None = None
    month: int | None = None
    year: int | None = None
    weekday: int | None = None  # Monday is 0
    decade: int | None = None  # 1990, or 90 where the century is not said
    century: int | None = None  # the 20th is 20
    season: int | None = None  # spring is 0
    shift: int | None = None  # days from publication: yesterday is -1
    time: tuple[int, int] | None = None  # hour and minute
    half_day: bool = False  # the hour may be one before or after noon


def whole_day(year: int | None, month: int, day: int) -> date | None:
    """The day, if there is one: not 30 February."""
    try:
        return date(year or 0, month, day)
    except ValueError:
        return None


def mentions(text: str, language: str, *, given: bool = False) -> list[Mention]:
    """The dates of a tidy text, in order. `given`: in a passage, every year that it may hold."""
    found = list[Mention]()
    rest = text
    for finder in (_times, _days, _decades, _centuries, _seasons, _months, _weekdays, _shifts):
        here = [mention for mention in finder(rest, language)]
        found += here
        rest = without(rest, [(mention.start, mention.end) for mention in here])
    found += _given_years(rest) if given else _years(rest)
    return sorted(found, key=lambda mention: mention.start)


# --- times of day ---

_TIME = re.compile(
    r"(?<![\w.,:])(?P<h>[01]?\d|2[0-4])(?:"
    r" ?h(?:eures?)? ?(?P<m1>[0-5]\d)(?!\d)"
    r"|:(?P<m2>[0-5]\d)(?![\d:])(?P<suffix> ?(?:[ap]m\b|[ap]\.m\.))?"
    r"|\.(?P<m3>[0-5]\d)(?= Uhr| uur| horas| ?[ap]\.?m\b| heures|h\b)"
    r"(?P<suffix3> ?(?:[ap]m\b|[ap]\.m\.))?"
    r"|(?P<suffix2> ?(?:[ap]m\b|[ap]\.m\.))| ?h\b(?!/)"
    r"| Uhr(?: (?P<m4>[0-5]\d)(?!\d))?\b| uur\b| o'clock\b)"
    r"(?: Uhr| uur| horas)?",
    re.I,
)
_CLOCK_WORDS = {
    (12, 0): "midi noon midday mediodia mezzogiorno",
    (0, 0): "minuit midnight mitternacht medianoche mezzanotte meia-noite middernacht",
}
_CLOCK = {word: time for time, names in _CLOCK_WORDS.items() for word in names.split()}
_CLOCK_WORD = re.compile(rf"\b(?:{'|'.join(_CLOCK)}|mediodía)\b", re.I)
# "alle 14.30": after these words no decimals.
_DOTTED = re.compile(
    r"\b(?:alle|dalle|ore|las|às|um|om|at|until|by)(?: ore)? (?P<time>(?P<h>[01]?\d|2[0-3])"
    r"\.(?P<m>[0-5]\d))(?![\d%]|[.,]\d)",
    re.I,
)


def _times(text: str, language: str) -> Iterator[Mention]:
    for found in _TIME.finditer(text):
        hour = int(found["h"])
        minute = int(found["m1"] or found["m2"] or found["m3"] or found["m4"] or 0)
        suffix = (found["suffix"] or found["suffix2"] or found["suffix3"] or "").strip().casefold()
        if suffix.startswith("p") and hour < 12:
            hour += 12
        elif suffix.startswith("a") and hour == 12:
            hour = 0
        half = not suffix and hour <= 12
        yield Mention(found.start(), found.end(), time=(hour, minute), half_day=half)
    for found in _DOTTED.finditer(text):
        start, stop = found.span("time")
        if not _TIME.match(text, start):
            hour = int(found["h"])
            yield Mention(start, stop, time=(hour, int(found["m"])), half_day=hour <= 12)
    for found in _CLOCK_WORD.finditer(text):
        word = folded(found.group())
        if word in _CLOCK:
            yield Mention(found.start(), found.end(), time=_CLOCK[word])


# --- names of months, weekdays and seasons ---


@cache
def _names(language: str, kind: str) -> dict[str, int]:
    """CLDR's names of months (from 1) or weekdays (from 0), folded, abbreviations without dot."""
    from babel import Locale

    locale = Locale.parse(language)
    tables = locale.months if kind == "months" else locale.days
    found = dict[str, int]()
    for context in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for number, name in tables[context][width].items():
                plain = folded(name).rstrip(".")
                if len(plain) >= 3 and plain.isalpha() or (width == "wide"):
                    found.setdefault(plain, number)
    if kind == "months":
        found.update(_MORE_MONTHS.get(language, {}))
    return found


_MORE_MONTHS: dict[str, dict[str, int]] = {
    "en": {"sept": 9},
    "es": {"setiembre": 9},
    "de": {"maerz": 3, "janner": 1, "jänner": 1, "feber": 2, "okt": 10, "dez": 12},
}
# Abbreviations that are other words too: months only beside a day or a year.
_ABBREVIATED = frozenset(
    "mar set ago dic gen ene dec jan jun jul sep oct nov aug apr feb fev out dez abr mrt sept okt "
    "avr janv fevr juil lug giu mag ott".split()
)


@cache
def _month_pattern(language: str) -> str:
    from_names = sorted(_spellings(language, "months"), key=len, reverse=True)
    return "|".join(map(re.escape, from_names))


@cache
def _spellings(language: str, kind: str) -> frozenset[str]:
    """The names as they may be written: with their accents, and without."""
    from babel import Locale

    locale = Locale.parse(language)
    tables = locale.months if kind == "months" else locale.days
    written = {
        name.casefold().rstrip(".")
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
        for name in tables[context][width].values()
    }
    if kind == "months":
        written |= set(_MORE_MONTHS.get(language, {}))
    return frozenset(name for one in written for name in (one, folded(one)) if len(name) >= 3)


_JOIN = (
    r"(?:-| ?- ?|/| (?:à|et|au|ou|to|and|or|bis|bis zum|und|oder|y|al|a|e|ed|o|tot|en|of|t/m) "
    r"| e il | y el | et le | and the | au |, | bis | und dem )"
)


@cache
def _day_pattern(language: str) -> re.Pattern[str]:
    month = _month_pattern(language)
    weekday = "|".join(sorted(map(re.escape, _spellings(language, "days")), key=len, reverse=True))
    suffix = r"(?:er|st|nd|rd|th|\.|º|°|ª|e)?"
    day = rf"(?:[12]\d|3[01]|0?[1-9])(?!\d){suffix}"
    of = r"(?: (?:de |of |del |di |do )?| ?/|-)"
    year = (
        r"(?:,? (?:de |del |of |dell'anno |do )?(?P<year{n}>1\d{{3}}|20\d\d|2100)"
        r"(?!\d| ?\d{{3}}\b))?"
    )
    article = r"(?: (?:le |den |dem |the |el |il |dia |o |der ))?"
    leading = rf"(?:(?P<weekday>{weekday})(?!\w)\.?,?{article} ?)?"
    return re.compile(
        rf"(?<![\w.,-]){leading}(?:"
        rf"(?P<iso>(?P<iy>\d{{4}})-(?P<im>\d\d)-(?P<id>\d\d)(?!\d))"
        rf"|(?P<num>(?P<nd>\d{{1,2}})(?P<nm>[/.])(?P<nmo>\d{{1,2}})(?P=nm)(?P<ny>\d{{4}}|\d\d)(?!\d))"
        rf"|(?P<days>{day}(?:(?:{_JOIN})(?:(?:{weekday})\.? )?{day}){{0,4}}){of}"
        rf"(?P<month>{month})\b\.?{year.format(n=1)}"
        rf"|(?P<usmonth>{month})\b\.? (?:the )?(?P<usdays>{day}(?:{_JOIN}{day}){{0,4}})"
        rf"(?![\d%]|[.,]\d| ?(?:h|:)){year.format(n=2)}"
        rf"|(?P<written>[^\W\d_]+(?:[ -][^\W\d_]+)?) (?:de |of )?"
        rf"(?P<wmonth>{month})\b{year.format(n=3)}"
        r")",
        re.I,
    )


_DAY_NUMBER = re.compile(r"(?<!\d)\d{1,2}(?!\d)")


def _days(text: str, language: str) -> Iterator[Mention]:
    months, weekdays = _names(language, "months"), _names(language, "days")
    at = 0
    pattern = _day_pattern(language)
    while found := pattern.search(text, at):
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
            names, written = (
                (found["month"], found["days"])
                if found["month"]
                else (found["usmonth"], found["usdays"])
            )
            if found["usmonth"] and names.islower() and language in ("en", "de"):
                at = found.start("usmonth") + len(names)
                continue
            month = months.get(folded(names).rstrip("."))
            year = found["year1"] or found["year2"]
            for number in _DAY_NUMBER.findall(written):
                yield Mention(start, end, int(number), month, int(year) if year else None, weekday)
            for name in re.findall(r"[^\W\d_]{3,}", written):
                if (other := weekdays.get(folded(name))) is not None:
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
    month = _names(language, "months").get(folded(found["wmonth"]).rstrip("."))
    year = int(found["year3"]) if found["year3"] else None
    return Mention(found.start(), found.end(), int(value), month, year, weekday)


@cache
def _month_alone(language: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?<!\w)(?P<name>{_month_pattern(language)})(?!\w)\.?"
        r"(?:,? (?:de |del |of |dell'anno |do )?(?P<year>1\d{3}|20\d\d|2100)(?!\d| ?\d{3}\b))?",
        re.I,
    )


_BEFORE_MONTH = re.compile(
    r"(?:in|since|by|until|till|last|next|early|late|mid|of|from|to|and|this|every|through|between"
    r"|during|before|after|for)[ -]$",
    re.I,
)


def _months(text: str, language: str) -> Iterator[Mention]:
    names = _names(language, "months")
    for found in _month_alone(language).finditer(text):
        name = found["name"]
        plain = folded(name).rstrip(".")
        year = int(found["year"]) if found["year"] else None
        if year is None:
            capital = name[0].isupper()
            if language in ("en", "de") and not capital:
                continue
            if plain in _ABBREVIATED or (language == "en" and plain in ("may", "march")):
                before = _BEFORE_MONTH.search(text, max(0, found.start() - 12), found.start())
                if plain in _ABBREVIATED or not before:
                    continue
            if language in ("fr", "it", "es", "pt") and capital and plain in ("mars", "marzo"):
                continue
        if (month := names.get(plain)) is not None:
            yield Mention(found.start(), found.end(), month=month, year=year)


@cache
def _weekday_pattern(language: str) -> re.Pattern[str]:
    wide = [name for name in _spellings(language, "days") if len(name) > 4]
    names = "|".join(sorted(map(re.escape, wide), key=len, reverse=True))
    return re.compile(
        rf"(?<!\w)(?P<name>{names})(?:s|abend|morgen|nacht|nachmittag|mittag|en?)?(?!\w)", re.I
    )


def _weekdays(text: str, language: str) -> Iterator[Mention]:
    names = _names(language, "days")
    for found in _weekday_pattern(language).finditer(text):
        if (weekday := names.get(folded(found["name"]))) is not None:
            yield Mention(found.start(), found.end(), weekday=weekday)
    if language == "pt":
        for found in _PORTUGUESE.finditer(text):
            day = ("segunda", "terca", "quarta", "quinta", "sexta").index(folded(found[1]))
            yield Mention(found.start(), found.end(), weekday=day)


_PORTUGUESE = re.compile(
    r"(?<=\bna )(segunda|terça|quarta|quinta|sexta)(?=[,.;]| passada| à noite)"
)

_SEASONS = (
    "printemps spring fruhling fruhjahr primavera voorjaar lente",
    "ete summer sommer verano estate verao zomer",
    "automne autumn fall herbst otono autunno outono herfst najaar",
    "hiver winter invierno inverno",
)
_SEASON = {name: number for number, names in enumerate(_SEASONS) for name in names.split()}
_SEASON_WORD = re.compile(
    r"(?<!\w)(?P<name>printemps|été|automne|hiver|spring|summer|autumn|fall|winter|Frühling|Frühjahr"
    r"|Sommer|Herbst|Winter|primavera|verano|otoño|invierno|estate|autunno|inverno|verão|outono"
    r"|voorjaar|lente|zomer|herfst|najaar)(?:s)?(?!\w)"
    r"(?: (?:de |del |of |dell'anno )?(?P<year>1\d{3}|20\d\d|2100)(?!\d))?",
    re.I,
)
_BEFORE_SEASON = re.compile(
    r"(?:\b(?:l'|d'|cet|un|chaque|en|in|this|last|next|the|by|until|since|early|late|mid|every|per|"
    r"previous|through|dernier|quel|dell'|nell'|d|l|all'|of|and|est)[ -]?|')$",
    re.I,
)


def _seasons(text: str, language: str) -> Iterator[Mention]:
    for found in _SEASON_WORD.finditer(text):
        name = folded(found["name"])
        year = int(found["year"]) if found["year"] else None
        if year is None and name in ("ete", "fall", "spring", "estate", "lente"):
            before = _BEFORE_SEASON.search(text, max(0, found.start() - 12), found.start())
            if not before:
                continue
            if name == "fall" and before.group().strip().casefold() in (
                "a",
                "the",
                "to",
                "and",
                "of",
            ):
                continue
        yield Mention(found.start(), found.end(), year=year, season=_SEASON[name])


_SHIFTS = {
    **dict.fromkeys("hier yesterday gestern ayer ieri ontem gisteren".split(), -1),
    **dict.fromkeys("demain tomorrow domani amanhã".split(), 1),
    **dict.fromkeys("avant-hier vorgestern anteayer anteontem eergisteren".split(), -2),
    **dict.fromkeys("aujourd'hui today heute hoy oggi hoje vandaag".split(), 0),
}
_SHIFT = re.compile(
    rf"(?<![\w-])(?:{'|'.join(sorted(_SHIFTS, key=len, reverse=True))})(?![\w-])", re.I
)


def _shifts(text: str, language: str) -> Iterator[Mention]:
    for found in _SHIFT.finditer(text):
        word = found.group().casefold()
        if word == "hier" and language in ("de", "nl"):
            continue
        yield Mention(found.start(), found.end(), shift=_SHIFTS[word])


_DECADE = re.compile(
    r"(?<!\w)(?:(?:années|annees|años|anos|anni|jaren) '?(?P<a>\d{4}|\d0)(?!\d)"
    r"|(?:the |mid-|early |late )?'?(?P<b>1\d\d0|20\d0|[1-9]0)'?s(?!\w)"
    r"|(?P<c>1\d\d0|20\d0|[1-9]0)er(?:[ -]?Jahren?)?(?!\w)"
    r"|(?:(?:the |in den |die |der )(?=[^ ]+(?:ies|er)(?!\w))|années |años |anos |anni |jaren )"
    r"(?P<d>vingt|trente|quarante|cinquante|soixante|soixante-dix|quatre-vingt|quatre-vingt-dix|"
    r"(?:nineteen[ -])?(?:twenties|thirties|forties|fifties|sixties|seventies|eighties|nineties)|"
    r"zwanziger|dreißiger|vierziger|fünfziger|sechziger|siebziger|achtziger|neunziger|"
    r"veinte|treinta|cuarenta|cincuenta|sesenta|setenta|ochenta|noventa|"
    r"venti|trenta|quaranta|cinquanta|sessanta|settanta|ottanta|novanta|"
    r"vinte|trinta|quarenta|sessenta|oitenta|"
    r"twintig|dertig|veertig|vijftig|zestig|zeventig|tachtig|negentig)(?: Jahren?)?(?!\w))",
    re.I,
)
_TENS = (
    "",
    "",
    "vingt twenties zwanziger veinte venti vinte twintig",
    "trente thirties dreissiger treinta trenta trinta dertig",
    "quarante forties vierziger cuarenta quaranta quarenta veertig",
    "cinquante fifties funfziger cincuenta cinquanta vijftig",
    "soixante sixties sechziger sesenta sessanta sessenta zestig",
    "soixante-dix seventies siebziger setenta settanta zeventig",
    "quatre-vingt eighties achtziger ochenta ottanta oitenta tachtig",
    "quatre-vingt-dix nineties neunziger noventa novanta negentig",
)
_TEN = {name: 10 * number for number, names in enumerate(_TENS) for name in names.split()}


def _decades(text: str, language: str) -> Iterator[Mention]:
    for found in _DECADE.finditer(text):
        if digits := found["a"] or found["b"] or found["c"]:
            yield Mention(found.start(), found.end(), decade=int(digits))
        else:
            name = folded(found["d"]).split(" ")[-1]
            word = name.removeprefix("nineteen-")
            yield Mention(found.start(), found.end(), decade=_TEN.get(word))


_CENTURY = re.compile(
    r"(?<!\w)(?:(?P<a>[IVX]+|\d{1,2})(?:e|ème|er|th|st|nd|rd|\.|º|de|ste)?(?: |-)"
    r"(?:siècles?|centur(?:y|ies)|Jahrhunderts?|secolo|eeuw)"
    r"|(?:siglo|século) (?P<b>[IVX]+|\d{1,2})"
    r"|(?P<c>[^\W\d_]+(?:-[^\W\d_]+)?) (?:siècles?|century|Jahrhunderts?|secolo|eeuw))(?!\w)"
)


def _centuries(text: str, language: str) -> Iterator[Mention]:
    for found in _CENTURY.finditer(text):
        written = found["a"] or found["b"]
        if written:
            number = int(written) if written.isdigit() else number_words.roman(written)
        else:
            spelled = list(number_words.spelled_numbers(found["c"], language))
            ordinal = len(spelled) == 1 and spelled[0].ordinal
            number = int(spelled[0].value) if ordinal else 0
        if number:
            yield Mention(found.start(), found.end(), century=number)


_YEAR = re.compile(
    r"(?<![\w.,'/-])(?<!\d )(?P<a>1[1-9]\d\d|20\d\d|2100)(?:(?P<join>[-/])(?P<b>\d{4}|\d\d))?"
    r"(?![\w%€$£]|[.,]\d|-\w| (?:\d{3}\b|%|€|euros?|dollars?|Euro|pour cent|per ?cent|Prozent))"
)
_BEFORE_YEAR = re.compile(
    r"(?:\b(?:en|in|de|d'|of|since|depuis|seit|desde|dal|del|nel|l'an|année|jahr|jahre|year|início|"
    r"début|fin|mi|dès|courant|avant|après|before|after|by|until|till|bis|ab|für|for|pour|vor|nach|"
    r"entre|between|zwischen|tra|fra|et|and|und|y|e|a|à|to|from|au|um|anno|año|ano|nell'|dall'|"
    r"end|start|mid|late|early|ende|anfang|mitte|fine|metà|inizio|finales|principios|finais|"
    r"jaar|sinds|eind|begin|tot|van|voor|na|exercice|saison|season|élections|d|dell'|von|aus|"
    r"around|circa|vers|que|than|as|wie|el|para|per|o|or|ou|oder|até|hasta|fino al|entro il|il|the)"
    r"[ -]?|[(,;:]\s?|'|^)$",
    re.I,
)
_AFTER_YEAR = re.compile(r"\s*(?:[.,;:!?)»”\"'\ufffc-]|$)")


def _years(text: str) -> Iterator[Mention]:
    """Four digits that the words around them make a year."""
    for found in _YEAR.finditer(text):
        before = _BEFORE_YEAR.search(text, max(0, found.start() - 14), found.start())
        if before or _AFTER_YEAR.match(text, found.end()):
            yield from _years_of(found)


def _given_years(text: str) -> Iterator[Mention]:
    for found in _YEAR.finditer(text):
        yield from _years_of(found)


def _years_of(found: re.Match[str]) -> Iterator[Mention]:
    first = found["a"]
    yield Mention(found.start(), found.end(), year=int(first))
    if last := found["b"]:
        year = int(last) if len(last) == 4 else int(first[:2] + last)
        yield Mention(found.start(), found.end(), year=year)
