"""Seasons, years, decades and centuries."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.answering.facts import number_words
from bot.answering.facts.dates.mention import YEAR, YEAR_LINK, Mention
from bot.answering.facts.text import folded

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
    rf"(?: {YEAR_LINK}(?P<year>{YEAR})(?!\d))?",
    re.I,
)
_BEFORE_SEASON = re.compile(
    r"(?:\b(?:l'|d'|cet|un|chaque|en|in|this|last|next|the|by|until|since|early|late|mid|every|per|"
    r"previous|through|dernier|quel|dell'|nell'|d|l|all'|of|and|est)[ -]?|')$",
    re.I,
)
_NO_AUTUMN = ("the", "and", "of")  # "the fall of a bridge"


def seasons(text: str, language: str) -> Iterator[Mention]:
    for found in _SEASON_WORD.finditer(text):
        name = folded(found["name"])
        year = int(found["year"]) if found["year"] else None
        if year is None and name in ("ete", "fall", "spring", "estate", "lente"):
            before = _BEFORE_SEASON.search(text, max(0, found.start() - 12), found.start())
            if not before or (name == "fall" and before[0].strip().casefold() in _NO_AUTUMN):
                continue
        yield Mention(found.start(), found.end(), year=year, season=_SEASON[name])


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


def decades(text: str, language: str) -> Iterator[Mention]:
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


def centuries(text: str, language: str) -> Iterator[Mention]:
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


def years(text: str) -> Iterator[Mention]:
    """Four digits that the words around them make a year."""
    for found in _YEAR.finditer(text):
        before = _BEFORE_YEAR.search(text, max(0, found.start() - 14), found.start())
        if before or _AFTER_YEAR.match(text, found.end()):
            yield from _years_of(found)


def given_years(text: str) -> Iterator[Mention]:
    for found in _YEAR.finditer(text):
        yield from _years_of(found)


def _years_of(found: re.Match[str]) -> Iterator[Mention]:
    first = found["a"]
    yield Mention(found.start(), found.end(), year=int(first))
    if last := found["b"]:
        year = int(last) if len(last) == 4 else int(first[:2] + last)
        yield Mention(found.start(), found.end(), year=year)
