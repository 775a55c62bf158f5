"""Numbers in letters, ordinals and Roman numerals: where they stand and what they are worth."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from bot.answering.facts.text import folded

if TYPE_CHECKING:
    from text_to_num import Occurence


@dataclass(frozen=True, slots=True)
class Spelled:
    """A number in letters: `text[start:end]`."""

    start: int
    end: int
    value: Fraction
    ordinal: bool = False
    rough: bool = False  # a round number by nature: "une centaine"
    vague: bool = False  # in a statement it says nothing that can be checked: "des milliers"


_TOKEN = re.compile(r"[^\W\d_]+|[^\s\w]|\d+")
_ROMAN = re.compile(r"(?<![\w'-])(?=[IVXLC])(X{0,3})(IX|IV|V?I{0,3})(?![\w'])")
_ROMAN_ORDINAL = re.compile(
    r"(?<![\w'-])(?=[IVX])(X{0,3})(IX|IV|V?I{0,3})(?:e|ème|er|ère|re)(?!\w)"
)
_UNITS = {"": 0, "I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9}

# Round numbers: "une centaine", "a dozen". Folded, singular and plural.
_ROUND = {
    word: int(value)
    for line in """
        7|huitaine
        10|dizaine dizaines decena decenas decina decine dezena dezenas tiental tientallen
        12|douzaine douzaines dozen dozens dutzend dutzende dutzenden docena docenas dozzina
        12|dozzine duzia duzias dozijn dozijnen
        15|quinzaine quinzaines quincena quindicina
        20|vingtaine vingtaines veintena ventina vintena twintigtal
        30|trentaine treintena trentina trintena dertigtal
        40|quarantaine quarantina quarentena veertigtal
        50|cinquantaine cincuentena cinquantina vijftigtal
        60|soixantaine sessantina zestigtal
        70|settantina
        80|ottantina
        90|novantina
        100|centaine centaines centena centenas centenar centenares centinaio centinaia honderdtal
        100|hundreds hunderte hunderten honderden
        1000|millier milliers millar millares migliaio migliaia milhar milhares thousands
        1000|tausende tausenden duizenden duizendtal
        1000000|millionen milioni millones milhoes miljoenen
    """.split("\n")
    if "|" in line
    for value, words in [line.strip().split("|")]
    for word in words.split()
}
_DECADES = frozenset(
    "decennie decennies decade decades jahrzehnt jahrzehnte jahrzehnten decada decadas decenio "
    "decenios decennio decenni decennia decennium".split()
)
_PLURAL_ROUND = frozenset(
    """dizaines decenas decine dezenas tientallen douzaines dozens dutzende dutzenden docenas
    dozzine duzias dozijnen quinzaines vingtaines centaines centenas centenares centinaia hundreds
    hunderte hunderten honderden milliers millares migliaia milhares thousands tausende tausenden
    duizenden millions millionen milioni millones milhoes miljoenen billions milliards
    milliarden miliardi milliers miljarden hunderttausende decennies decades jahrzehnte jahrzehnten
    decadas decenios decenni decennia tens""".split()
)
# What tells a twosome or a tripling; read in passages only: "les deux", of what was said of both.
_HIDDEN = (
    (2, re.compile(r"\b(?:doubl\w*|redoubl\w*|twice|twins?|both|beid\w+|ambos|ambas|entramb\w+|"
                   r"couples?|paires?|pairs?|duos?|jume\w+|doppelt\w*|verdoppel\w*|zwei\w*|doble\w*|"
                   r"duplic\w*|dobr\w+|doppi\w*|raddoppi\w*|verdubbel\w*|dubbel\w*|beide\w*|tweeling"
                   r"|paar|pareja|coppia|gemel\w+|zwilling\w*|semestr\w*|allebei)\b", re.I)),
    (3, re.compile(r"\b(?:tripl\w*|thrice|dreifach\w*|verdreifach\w*|dreimal|drievoud\w*|trio|"
                   r"trimestr\w*|quarters?)\b", re.I)),
    (4, re.compile(r"\b(?:quadrupl\w*|viermal|vierfach\w*|cuadruplic\w*)\b", re.I)),
    (2, re.compile(r"\b(?:fortnight\w*|week-?ends?|Wochenenden?)\b", re.I)),
    (Fraction(3, 2), re.compile(r"(?<=[^\W\d_] )(?:et demie?|and a half|y medi[oa]|e mezz[oa])\b",
                                re.I)),
    (15, re.compile(r"\b(?:fortnight\w*|quinzaine)\b", re.I)),
    (30, re.compile(r"\b(?:demi-heure|half[ -]an[ -]hour|half[ -]hour|halbe[nr]? Stunde|media hora|"
                    r"mezz'ora|meia hora|half ?uur)\b", re.I)),
    (Fraction(1, 2), re.compile(r"\b(?:divis\w+ (?:par|por|per) (?:deux|dos|dois|due)|halv\w+|"
                                r"halbier\w+|demi|dimezz\w+|gehalveerd|à parts égales)\b", re.I)),
)  # fmt: skip
_FRACTIONS = {
    **dict.fromkeys("moitie half halves halfte haelfte mitad meta metade helft halben".split(), 2),
    **dict.fromkeys("tiers third thirds drittel dritteln tercio tercios terzi derde".split(), 3),
    **dict.fromkeys("quart quarts quarter quarters viertel vierteln kwart".split(), 4),
    **dict.fromkeys("cuarto cuartos quarti quarto quartos".split(), 4),
    **dict.fromkeys("cinquieme cinquiemes fifth fifths funftel quinto quintos quinti".split(), 5),
    **dict.fromkeys("dixieme dixiemes tenth tenths zehntel decimo decimos decimi".split(), 10),
}
_CLEAR = frozenset("moitie halfte mitad meta metade helft tiers drittel viertel tercio".split())
_OF = frozenset("of de des du d di dei del della delle degli do da dos das van".split())
_ELIDED = {
    "vent": "venti",
    **{ten: ten + "a" for ten in "trent quarant cinquant sessant settant ottant novant".split()},
}
_ARTICLES = frozenset("un une a an one ein eine einem einer einen una uno um uma een".split())
HALVES = re.compile(
    r" (?:(?:[^\W\d_]+ )?(?:et demie?s?|and a half|y medi[oa]|e mezz[oa]|e mei[oa])|and one half)\b"
)
_WITH_HALF = re.compile(
    r"\b(?:(anderthalb|anderhalf|eineinhalb)|(zweieinhalb|tweeënhalf|tweeeneenhalf)|(dreieinhalb|"
    r"drieënhalf|drieeneenhalf)|(viereinhalb|vierenhalf)|(fünfeinhalb)|(sechseinhalb)|"
    r"(siebeneinhalb)|(achteinhalb)|(neuneinhalb)|(zehneinhalb))\w{0,2}\b",
    re.I,
)
# Words that are numbers only in certain company.
_AFTER_SECONDO = frozenset("il al nel del dal un sul questo suo loro e primo lo ogni per".split())
_NO_NINE_AFTER = frozenset("a tout flambant remis remise".split())
_NO_NINE_BEFORE = frozenset(
    "et pour de dans a en sur par qui que au ou mais est depuis avec sans chez".split()
)


class _Token:
    """What text2num reads: lower-case words, anything else as a full stop."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def text(self) -> str:
        return self._text

    def nt_separated(self, previous: object) -> bool:
        return False

    def not_a_number_part(self) -> bool:
        return False


def spelled_numbers(text: str, language: str) -> Iterator[Spelled]:
    """The numbers in letters of a tidy text, in order; articles that mean one are vague."""
    found = list(_TOKEN.finditer(text))
    tokens = [match.group() for match in found]
    plain = [folded(token) for token in tokens]
    occurrences = {one.start: one for one in _occurrences(tokens, language)}
    at = 0
    while at < len(tokens):
        occurrence = occurrences.get(at)
        if occurrence is None:
            if alone := _alone(plain, at, language):
                yield replace(alone, start=found[at].start(), end=found[at].end())
            at += 1
            continue
        end = max(occurrence.end, at + 1)
        read = _read(plain, at, end, Fraction(occurrence.value), occurrence.is_ordinal, language)
        spelled = replace(read, start=found[at].start(), end=found[read.end - 1].end())
        at = read.end
        if half := HALVES.match(text, spelled.end):
            spelled = replace(
                spelled, end=half.end(), value=spelled.value + Fraction(1, 2), vague=False
            )
        yield spelled


def _read(
    plain: Sequence[str], at: int, end: int, value: Fraction, ordinal: bool, language: str
) -> Spelled:
    """A number that text2num found, with what follows it: thirds, dozens, decades.

    `start` and `end` are places of tokens here.
    """
    word, single = plain[at], end - at == 1
    before, following = _beside(plain, at - 1), _beside(plain, end)
    if following == "-" and _beside(plain, end + 1) in _FRACTIONS:
        end, following = end + 1, plain[end + 1]
    if single and ordinal and word in _FRACTIONS:
        if before in _ARTICLES and following in _OF:
            return Spelled(at, end, Fraction(1, _FRACTIONS[word]))
        if following in _OF and value > 2 and word not in ("third", "terzo", "tercero"):
            return Spelled(at, end, Fraction(1, _FRACTIONS[word]), vague=True)
    ordinal = ordinal or (single and word in ("tercer", "primer"))
    if single and _is_no_number(plain, at, end, ordinal, language):
        return Spelled(at, end, value, ordinal, vague=True)
    if ordinal or (value == 1 and word in _ARTICLES and following not in _FRACTIONS):
        return Spelled(at, end, value, ordinal, vague=not ordinal and value == 1)
    if following in _FRACTIONS and value < 100 and following not in ("half", "halves"):
        return Spelled(at, end + 1, value / _FRACTIONS[following])
    if following in _PLURAL_ROUND and following in _ROUND:
        return Spelled(at, end + 1, value * _ROUND[following], rough=True)
    if following in _DECADES:
        return Spelled(at, end + 1, value * 10)
    return Spelled(at, end, value, vague=value == 1 or (single and word in _PLURAL_ROUND))


def hidden_numbers(text: str) -> Iterator[Spelled]:
    """Numbers that other words imply ("doublé", "both"): a passage gives them, no more."""
    for value, pattern in _HIDDEN:
        for found in pattern.finditer(text):
            yield Spelled(found.start(), found.end(), Fraction(value))


def halves(text: str) -> Iterator[Spelled]:
    """German and Dutch numbers and a half, in one word: "anderthalb" is 3/2."""
    for found in _WITH_HALF.finditer(text):
        whole = next(number for number in range(1, 11) if found.group(number))
        yield Spelled(found.start(), found.end(), Fraction(2 * whole + 1, 2))


def roman_ordinals(text: str) -> Iterator[Spelled]:
    """ "Ve", "XXIe", "Ier": ordinals by their ending."""
    for found in _ROMAN_ORDINAL.finditer(text):
        if value := _roman(found):
            yield Spelled(found.start(), found.end(), Fraction(value), ordinal=True)


def roman_numerals(text: str) -> Iterator[Spelled]:
    """ "XIV": what may be an ordinal, after a king's name or beside a century."""
    for found in _ROMAN.finditer(text):
        if value := _roman(found):
            yield Spelled(found.start(), found.end(), Fraction(value), ordinal=True)


def roman(numeral: str) -> int:
    """What a Roman numeral below forty is worth; 0 where it is none."""
    found = _ROMAN.fullmatch(numeral)
    return _roman(found) if found else 0


def _roman(found: re.Match[str]) -> int:
    return 10 * len(found[1]) + _UNITS[found[2]]


def _occurrences(tokens: Sequence[str], language: str) -> list[Occurence]:
    """What text2num finds. It is given words and hyphens; all else parts them."""
    # Imported here: a compiled library.
    from text_to_num import find_numbers

    read = [token.lower() if token.isalpha() or token == "-" else "." for token in tokens]
    if language == "fr":  # sea miles, which text2num takes for thousands
        read = ["." if token == "milles" else token for token in read]
    if language == "it":
        for place in range(len(read) - 1):
            if tokens[place + 1] == "'" and read[place] in _ELIDED:  # "trent'anni"
                read[place] = _ELIDED[read[place]]
    found: list[Occurence] = find_numbers([_Token(token) for token in read], language, 0.0)
    return found


def _beside(plain: Sequence[str], place: int) -> str:
    return plain[place] if 0 <= place < len(plain) else ""


def _alone(plain: Sequence[str], at: int, language: str) -> Spelled | None:
    """A number word that text2num does not know."""
    word, before, following = plain[at], _beside(plain, at - 1), _beside(plain, at + 1)
    if word in _ROUND:
        quarantine = word.startswith("quar") and before in ("en", "in", "em", "de", "la")
        vague = word in _PLURAL_ROUND or quarantine
        return Spelled(at, at + 1, Fraction(_ROUND[word]), rough=True, vague=vague)
    if word in _DECADES:
        return Spelled(at, at + 1, Fraction(10), rough=True, vague=before not in _ARTICLES)
    if word in _FRACTIONS:
        clear = word in _CLEAR and (word != "meta" or language == "it")
        if word in ("meta", "mitad", "metade", "halfway"):  # "a metà ottobre": dates are marks
            clear = clear and following not in ("\ufffc", "") and before not in ("a", "em")
        english = word == "half" and (following in ("of", "the") or before in ("by", "in"))
        return Spelled(at, at + 1, Fraction(1, _FRACTIONS[word]), vague=not (clear or english))
    if language == "fr" and word in ("second", "seconde", "seconds"):
        return Spelled(at, at + 1, Fraction(2), ordinal=True, vague=word != "second")
    return None


def _is_no_number(plain: Sequence[str], at: int, end: int, ordinal: bool, language: str) -> bool:
    """Whether a word that may be a number is something else: "neuf" new, "secondo" after."""
    word, before, following = plain[at], _beside(plain, at - 1), _beside(plain, end)
    if language == "fr" and word == "neuf":
        after_it = not following.isalpha() or following in _NO_NINE_BEFORE
        return before in _NO_NINE_AFTER or after_it
    if language == "it" and word == "secondo":
        return before not in _AFTER_SECONDO or following in ("momento", "tempo")
    if language == "de" and word == "achten":
        return before not in ("am", "der", "den", "dem", "zum", "im", "beim", "vom")
    if language == "en" and word == "second":
        return following == "-" or before in ("a", "per", "every", "each", "split")
    if language == "es" and word in ("segundos", "cuarto"):
        return True
    return ordinal and word in ("prima", "seconds", "minute")
