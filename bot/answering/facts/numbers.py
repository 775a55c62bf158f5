"""Numbers of a text, with what they count where that is a currency or a share of a hundred.

A number is a set of values: "4" beside "5,7 millions" may be four or four million. What is equal
only after rounding is not equal, unless the statement says that it rounds ("près de", "more
than") and rounds to the leading digits, in the direction it says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from bot.answering.facts import number_words
from bot.answering.facts.number_words import Spelled
from bot.answering.facts.rounding import hedge_before, rounds
from bot.answering.facts.units import NO_UNIT, PERCENT, scale_after, unit_beside


@dataclass(frozen=True, slots=True)
class Number:
    """A number: `text[start:end]`."""

    start: int
    end: int
    values: frozenset[Fraction]  # any of which it may be
    units: frozenset[str] = NO_UNIT  # any of: "", PERCENT, ISO 4217
    ordinal: bool = False
    digits: str = ""  # as written, where it is written in digits
    hedge: str = ""  # of "about", "over", "under"
    vague: bool = False  # nothing to be checked in a statement
    day: bool = False  # perhaps a day of a month that goes unsaid
    clock: bool = False  # perhaps an hour of the day
    scaled: Fraction = Fraction(1)  # by which a scale word multiplied it

    def stands_for(self, stated: Number) -> bool:
        """Whether a number of a passage is the one of a statement."""
        if not self._same_unit(stated) or not self._same_order(stated):
            return False
        if self.values & stated.values or (
            self.digits and self.digits == stated.digits and self.scaled == stated.scaled
        ):
            return True
        return bool(stated.hedge) and any(
            rounds(value, stated.hedge, own) for value in stated.values for own in self.values
        )

    def _same_unit(self, stated: Number) -> bool:
        if self.units & stated.units:
            return True
        if PERCENT in self.units or PERCENT in stated.units:
            return False
        return "" in self.units or "" in stated.units

    def _same_order(self, stated: Number) -> bool:
        # Large ordinals are the same fact as the count: "la 25e édition", "25 éditions".
        return self.ordinal == stated.ordinal or max(stated.values) > 12


# Digits, with one kind of mark between thousands, and another before decimals.
_DIGITS = re.compile(
    r"(?<![^\W_])(?P<digits>\d{1,3}(?P<mark>[ .,'])\d{3}(?:(?P=mark)\d{3})*(?!\d)(?:[.,]\d+)?"
    r"|\d+(?:[.,]\d+)?)"
)
_POINT = frozenset({"en"})  # languages whose decimals follow a point
_ORDINAL = re.compile(
    r"(?:er|ère|ere|re|e|ème|eme|nd|nde|st|rd|th|de|ste|º|ª|°(?! ?[CF\d])|o|a)(?![\w])"
    r"|\.(?= [^\W\d_])"
)
# Between the ends of a range or the parts of a pair, which share a scale and a unit.
_JOINS = re.compile(
    r" ?(?:-|/|à|et|ou|to|and|or|bis|und|oder|y|o|a|e|ed|ou|tot|en|of|al|et les|e i|y los|à près de"
    r"|bis zu|contre|à environ|and up to|ou bien|then|puis|then to|auf|, puis|against|gegenüber|,"
    r"|frente a|contro|rispetto a|contre seulement|up from|down from|from|au lieu de|statt"
    r"|instead of|in luogo di|en lugar de|invece di|, contre|, up from|, down from|, against|, and"
    r"|, et|, statt|, rather than|et non|, et non|, au lieu de|, instead of) ?(?:[€$£])?"
)
_CONTRAST = re.compile(
    r"(?:contre|au lieu de|et non(?: plus)?|plutôt que|against|instead of|rather than|from|than|"
    r"gegenüber|statt|frente a|en lugar de|contro|rispetto a|invece di|puis|puis de|then|dont|"
    r"and not|not|nicht|sondern|à|to|auf|las?|les?|the|des|den|die|que les|von|depuis)"
    r"(?: (?:les?|las?|los|the|die|der|den|des|seulement|only|i|gli|plus|nur))? ?$",
    re.I,
)
_NEAR = 80  # characters after a scaled number in which another may share its scale
_MINUS = re.compile(r"(?:(?:^|[\s(])-|\b(?:moins|minus|menos|meno|min)\s)$", re.I)
_BELOW_ZERO = re.compile(
    r"[^.!?\d]{0,12} ?(?:°|degrés?|degrees?|grad|gradi|grados?|graus?|graden)[^.!?\d]{0,12} "
    r"(?:sous (?:le )?zéro|au-dessous de zéro|en dessous de zéro|below zero|"
    r"unter null|bajo cero|sotto (?:lo )?zero|negativos?|abaixo de zero|onder nul)",
    re.I,
)
_DEGREES = re.compile(r" ?(?:°|degr|degree|grad|grau)", re.I)
_ONE_IN = re.compile(
    r"\b(?:une?|one|ein\w*|un[oa]?|um|uma|één|een)\b(?: [^\W\d_]+){0,2} "
    r"(?:sur|in|out of|von|de cada|su|em cada|op(?: de)?|van de) $",
    re.I,
)
_AT = re.compile(
    r"\b(?:à|alle|dalle|at|a las|las|um|às|om|dès|vers|until|bis|ab|ore|hasta las|tot|by|from|to|"
    r"jusqu'à|gegen|entre|de|et|and|und|y|e) $",
    re.I,
)
_NOUN = re.compile(r"[ .]{0,3}[^\W\d_]")
_DAY = re.compile(r"\b(?:le|du|au|the|am|vom|zum|dem|den|bis|ab|el|il|dia|dal|al|op) $", re.I)
_HOURS = re.compile(
    r"(?: heures?| Uhr| uur| horas|,| o'clock|\.|;| du | in the| de la| del| on | et |$)"
)


def numbers(text: str, language: str, *, given: bool = False) -> list[Number]:
    """The numbers of a tidy text, in order. `given`: in a passage, everything that may be read
    as a number, so that a statement may rest on it."""
    found = [*_written(text, language, given=given)]
    taken = [(number.start, number.end) for number in found]
    spelled = [
        *number_words.halves(text),
        *number_words.roman_ordinals(text),
        *number_words.spelled_numbers(text, language),
    ]
    place = 0
    taken.sort()
    for number in sorted(spelled, key=lambda number: (number.start, -number.end)):
        while place < len(taken) and taken[place][1] <= number.start:
            place += 1
        if place < len(taken) and taken[place][0] < number.end:
            continue
        found.append(_of_words(text, number, language))
    found.sort(key=lambda number: (number.start, -number.end))
    found = [
        number
        for before, number in zip([None, *found], found, strict=False)
        if before is None or number.start >= before.end
    ]
    found = _years_in_words(text, found)
    found = _shared(text, found, given=given)
    found = [_one_in(text, number) for number in found]
    if given:
        found += [_plain(number) for number in number_words.hidden_numbers(text)]
        found += [_plain(number) for number in number_words.roman_numerals(text)]
        found += _parts(found)
        return [replace(number, clock=_is_clock(text, number)) for number in found]
    return [
        replace(
            number,
            hedge=hedge_before(text, number.start, number.end) or number.hedge,
            clock=_is_clock(text, number),
            day=bool(_DAY.search(text, max(0, number.start - 8), number.start))
            and not _NOUN.match(text, number.end),
        )
        for number in found
    ]


def _is_clock(text: str, number: Number) -> bool:
    """Whether a number may be an hour of the day: "à huit heures", "at five"."""
    if number.ordinal or number.units != NO_UNIT or not 0 <= min(number.values) <= 24:
        return False
    return bool(
        _AT.search(text, max(0, number.start - 12), number.start) and _HOURS.match(text, number.end)
    )


def _written(text: str, language: str, *, given: bool) -> Iterator[Number]:
    end = 0
    for found in _DIGITS.finditer(text):
        if found.start() < end:
            continue
        digits = found["digits"]
        readings = _readings(digits, found["mark"], language, given=given)
        stop = found.end()
        ordinal = _ORDINAL.match(text, stop)
        is_ordinal = bool(ordinal) and digits.isdigit() and len(digits) < 4
        if is_ordinal and ordinal and ordinal.group() == ".":
            is_ordinal = language == "de" and len(digits) < 3
        if is_ordinal and ordinal and ordinal.group() in "oa":
            is_ordinal = language in ("es", "it", "pt")
        if is_ordinal and ordinal:
            if ordinal.group() != ".":
                stop = ordinal.end()
            yield Number(found.start(), stop, frozenset(readings), ordinal=True, digits=digits)
            end = stop
            continue
        scale, stop = scale_after(text, stop, language)
        values = frozenset(reading * scale for reading in readings)
        if half := _half_after(text, stop):
            values = frozenset(value + Fraction(scale) / 2 for value in values)
            stop = half
        yield _with_unit(
            text, Number(found.start(), stop, values, digits=digits, scaled=Fraction(scale))
        )
        end = stop


def _readings(digits: str, mark: str | None, language: str, *, given: bool) -> list[Fraction]:
    """What digits are worth: marks part thousands or decimals, as the language has it."""
    if mark in (" ", "'"):
        whole, _, decimals = re.sub(r"[ ']", "", digits).replace(",", ".").partition(".")
        return [Fraction(f"{whole}.{decimals or 0}")]
    if mark is None:
        return [Fraction(digits.replace(",", "."))]
    if digits.count(mark) > 1 or len(re.findall(r"[.,]", digits)) > 1:
        other = "," if mark == "." else "."
        return [Fraction(digits.replace(mark, "").replace(other, "."))]
    thousands = Fraction(digits.replace(mark, ""))
    decimals_read = Fraction(digits.replace(",", "."))
    parts_thousands = (mark == ",") == (language in _POINT)
    if given and not digits.startswith("0"):
        return [thousands, decimals_read]
    if digits.startswith("0"):
        return [decimals_read]
    return [thousands if parts_thousands else decimals_read]


def _half_after(text: str, at: int) -> int | None:
    half = number_words.HALVES.match(text, at)
    return half.end() if half else None


def _of_words(text: str, spelled: Spelled, language: str) -> Number:
    end, value, scale = spelled.end, spelled.value, 1
    if not spelled.ordinal and value < 1000:
        scale, end = scale_after(text, end, language)
    number = _plain(replace(spelled, end=end, value=value * scale))
    number = replace(number, vague=spelled.vague and scale == 1, scaled=Fraction(scale))
    if value >= 1000 and scale == 1:
        for size in (10**12, 10**9, 10**6, 1000):
            if value >= size:
                number = replace(number, scaled=Fraction(size))
                break
    if spelled.rough:
        number = replace(number, hedge="about")
    return number if spelled.ordinal else _with_unit(text, number)


def _plain(spelled: Spelled) -> Number:
    return Number(
        spelled.start,
        spelled.end,
        frozenset({spelled.value}),
        ordinal=spelled.ordinal,
        vague=spelled.vague,
    )


def _with_unit(text: str, number: Number) -> Number:
    """The number with the currency or the percent sign beside it, and with its sign."""
    units, end = unit_beside(text, number.start, number.end)
    values = number.values
    if units != NO_UNIT and end == number.end and number.scaled == 1:  # "€3 million"
        scale, end = scale_after(text, end, "en")
        values = frozenset(value * scale for value in values)
    start = number.start
    minus = _MINUS.search(text, max(0, start - 8), start)
    if minus and not re.search(r"[\d%] ?-$", text[max(0, start - 3) : start]):
        if text[start - 1] == "-" or _DEGREES.match(text, end) or PERCENT in units:
            signed = frozenset(-value for value in values)
            # A fall "of 5 %" is one "of −5 %".
            values = signed | values if PERCENT in units else signed
    elif _BELOW_ZERO.match(text, end):
        values = frozenset(-value for value in values)
    digits = number.digits if values >= number.values else ""  # a sign makes others of them
    return replace(number, end=end, units=units, values=values, digits=digits)


def _years_in_words(text: str, found: list[Number]) -> list[Number]:
    """Two numbers that are a year: "nineteen ninety-nine"."""
    joined = list[Number]()
    for number in found:
        before = joined[-1] if joined else None
        if (
            before
            and not (before.digits or number.digits or before.ordinal or number.ordinal)
            and text[before.end : number.start] == " "
            and all(11 <= value <= 20 for value in before.values)
            and all(10 <= value <= 99 for value in number.values)
        ):
            value = 100 * min(before.values) + min(number.values)
            joined[-1] = Number(before.start, number.end, frozenset({value}))
        else:
            joined.append(number)
    return joined


def _shared(text: str, found: list[Number], *, given: bool) -> list[Number]:
    """Numbers that share the scale and the unit of one beside them: "3 à 4 millions d'euros"."""
    found = list(found)
    for place in range(len(found) - 2, -1, -1):
        number, after = found[place], found[place + 1]
        between = text[number.end : after.start]
        if number.ordinal or not _JOINS.fullmatch(between):
            continue
        if number.units == NO_UNIT and after.units != NO_UNIT:
            number = replace(number, units=number.units | after.units)
        if number.scaled == 1 and after.scaled > 1 and max(number.values) < 1000:
            scaled = frozenset(value * after.scaled for value in number.values)
            number = replace(number, values=number.values | scaled)
        found[place] = number
    if not given:
        return found
    scaled_before: Number | None = None
    for place, number in enumerate(found):
        if number.scaled > 1 or number.units != NO_UNIT:
            scaled_before = number
        elif scaled_before and not number.ordinal:
            between = text[scaled_before.end : number.start]
            near = len(between) <= _NEAR and not re.search(r"[.!?]\s", between)
            if near and _CONTRAST.search(between) and max(number.values) < 10_000:
                scaled = frozenset(value * scaled_before.scaled for value in number.values)
                found[place] = replace(
                    number,
                    values=number.values | scaled,
                    units=number.units | scaled_before.units,
                )
    return found


def _one_in(text: str, number: Number) -> Number:
    """ "Un sur quatre", which is a quarter too."""
    if number.ordinal or number.units != NO_UNIT or min(number.values) < 2:
        return number
    if not _ONE_IN.search(text, max(0, number.start - 50), number.start):
        return number
    return replace(number, values=number.values | {1 / value for value in number.values})


def _parts(found: list[Number]) -> list[Number]:
    """Halves and quarters that a share of a hundred is, and the reverse."""
    parts = list[Number]()
    for number in found:
        for value in number.values:
            if 0 < value < 1 and "" in number.units:
                percent = frozenset({100 * value})
                parts.append(Number(number.start, number.end, percent, frozenset({PERCENT})))
            elif PERCENT in number.units and 0 < value < 100:
                parts.append(Number(number.start, number.end, frozenset({value / 100})))
    return parts
