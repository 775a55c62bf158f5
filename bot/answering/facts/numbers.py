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
from bot.answering.facts.text import folded

PERCENT = "%"
_NO_UNIT = frozenset({""})


@dataclass(frozen=True, slots=True)
class Number:
    """A number: `text[start:end]`."""

    start: int
    end: int
    values: frozenset[Fraction]  # any of which it may be
    units: frozenset[str] = _NO_UNIT  # any of: "", PERCENT, ISO 4217
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
            _rounds(value, stated.hedge, own) for value in stated.values for own in self.values
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
_SCALES: dict[str, int] = {
    **dict.fromkeys("k mille mila mil tausend tsd thousand duizend".split(), 10**3),
    **dict.fromkeys("mio mln mill million millions millionen".split(), 10**6),
    **dict.fromkeys("millon millones milione milioni milhao milhoes".split(), 10**6),
    **dict.fromkeys("miljoen miljoenen m millions".split(), 10**6),
    **dict.fromkeys("md mds mrd mld milliard milliards milliarde milliarden".split(), 10**9),
    **dict.fromkeys("miliardo miliardi miljard miljarden bn mm".split(), 10**9),
    **dict.fromkeys("bilhao bilhoes".split(), 10**9),
    **dict.fromkeys("billones bilione bilioni billonen biljoen bilionen trilhoes".split(), 10**12),
    **dict.fromkeys("billon bilioes trillion trillions".split(), 10**12),
    **dict.fromkeys("dozen dutzend docenas douzaines".split(), 12),
    **dict.fromkeys("cent cents hundred hundert cientos".split(), 100),
    **dict.fromkeys("dizaines".split(), 10),
    **dict.fromkeys("centaines".split(), 100),
    **dict.fromkeys("milliers millares migliaia milhares".split(), 1000),
}
_SHORT_SCALE = frozenset({"en"})  # languages whose billion is 10**9
_DOUBLE_SCALE = re.compile(
    r" (?:mille milliards?|mil millones|mil milhões|mila miliardi|tausend milliarden"
    r"|(?:hundred )?thousand million)(?!\w)",
    re.I,
)
_DOUBLE = {"mille": 10**12, "mil": 10**9, "mila": 10**12, "tausend": 10**12, "thousand": 10**9}
_SCALE = re.compile(r" ?([^\W\d_]+)\.?(?![^\W_])")
_SYMBOLS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₽": "RUB", "₺": "TRY", "₹": "INR"}
_CURRENCIES = {
    "EUR": "euro euros eur euroa",
    "USD": "dollar dollars usd dolar dolares dollari dollaro dollars",
    "GBP": "livre livres sterling pound pounds gbp pfund libra libras sterlina sterline ponden",
    "CHF": "franc francs franken chf franco francos franchi",
    "JPY": "yen yens jpy ienes",
    "CNY": "yuan yuans cny renminbi",
    "RUB": "rouble roubles ruble rubles rubel rublos rubli roebel",
    "SEK": "couronne couronnes krona kronor kronen krone kroner coronas corone coroas krone",
    "PLN": "zloty zlotys",
    "INR": "roupie roupies rupee rupees rupien rupias rupie",
    "MXN": "peso pesos",
    "TRY": "lira liras lire",
}
_CURRENCY = {word: code for code, names in _CURRENCIES.items() for word in names.split()}
_PERCENT = re.compile(
    r" ?(?:%|pour[ -]cent(?!\w)|per[ -]?cent(?!\w|o)|por[ -]ciento(?!\w)|por[ -]cento(?!\w)|"
    r"Prozent(?!\w)|procent(?!\w)|per cento(?!\w))",
    re.I,
)
_POINTS = re.compile(
    r" ?(?:%-?punkt\w*|Prozentpunkt\w*|procentpunt\w*|points? de pourcentage|percentage points?"
    r"|puntos? porcentual\w*|punti percentual\w*|pontos? percentua\w*|%)",
    re.I,
)
_SPACED = re.compile(r" ?(?:de |d'|di |of |in |à )?([€$£¥₽₺₹]|[^\W\d_]+)")
_BEFORE = re.compile(r"([€$£¥₽₺₹]|\b(?:EUR|USD|CHF|GBP|US\$))\s?$")
_ADJECTIVES = frozenset(
    "us canadian australian canadiens americains américains australiens suisses swiss "
    "schweizer estadounidenses statunitensi".split()
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
_OVER = (
    "plus de|plus d'|more than|over|above|upwards of|mehr als|über|más de|mas de|oltre|più di|"
    "piu di|mais de|meer dan|au-delà de|supérieur à|dépasse|passé les|superior a|superiore a|"
    "au moins|at least|mindestens|al menos|almeno|pelo menos|minstens|exceeds|exceeding|surpassing|"
    "dépassant|dépassent|dépassé|cap des|mark of|supera|superan|superato|superano|ultrapassa|gut|"
    "bien plus de|well over|just over|un peu plus de|a little over|slightly more than|knapp über"
)
_UNDER = (
    "près de|pres de|près d'|almost|nearly|close to|fast|beinahe|knapp|casi|cerca de|quasi|"
    "quase|bijna|moins de|less than|fewer than|under|below|weniger als|unter|menos de|meno di|"
    "minder dan|just under|à peine|barely|vicino a|todo|frôle|frôlant|up to|jusqu'à|bis zu"
)
_ABOUT = (
    "environ|quelque|à peu près|autour de|aux alentours de|de l'ordre de|about|around|"
    "approximately|roughly|some|circa|ca|ca\\.|etwa|rund|ungefähr|gegen|aproximadamente|unos|unas|"
    "alrededor de|en torno a|cerca di|cerca de|cerca del|intorno a|à quelque|presque|"
    "próximo de|por volta de|ongeveer|zo'n|zirka|circa|une? bonne|vers|près de|nearly|almost|close "
    "to|fast|quasi|casi|estimé à|estimated at|un po'|nell'ordine di|il y a"
)
_HEDGE = re.compile(
    rf"(?<!\w)(?:(?P<over>{_OVER})|(?P<under>{_UNDER})|(?P<about>{_ABOUT}))"
    r"(?: (?:les|le|la|des|du|the|los|las|i|gli|der|die|den|a|an|one|une?|ein|eine|einer)|d'une?)?"
    r" ?[€$£]?$",
    re.I,
)
# "Over twenty years" is as long as that.
_DURING = ("over", "über")
_DURATION = re.compile(
    r" (?:hours?|days?|weeks?|months?|years?|decades?|Stunden?|Tagen?|Wochen?|Monaten?|Jahren?)\b"
)
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
_FRACTION_OFF = Fraction(1, 10)
_MOST_DIGITS = 2  # that a rounded number may keep


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
            hedge=_hedge(text, number),
            clock=_is_clock(text, number),
            day=bool(_DAY.search(text, max(0, number.start - 8), number.start))
            and not _NOUN.match(text, number.end),
        )
        for number in found
    ]


def _is_clock(text: str, number: Number) -> bool:
    """Whether a number may be an hour of the day: "à huit heures", "at five"."""
    if number.ordinal or number.units != _NO_UNIT or not 0 <= min(number.values) <= 24:
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
        scale, stop = _scale(text, stop, language)
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


def _scale(text: str, at: int, language: str) -> tuple[int, int]:
    """By what the word at a place multiplies the number before it, and where it ends."""
    if double := _DOUBLE_SCALE.match(text, at):
        return _DOUBLE[double.group().split()[0].casefold()], double.end()
    found = _SCALE.match(text, at)
    if not found:
        if glued := re.compile(r" ?(Mds?|M|k|bn)(?=[€$£])").match(text, at):
            return _SCALES[glued[1].casefold()], glued.end()
        return 1, at
    word = folded(found[1])
    spaced = text[at : at + 1] == " "
    if word in ("m", "k", "mm", "cent", "cents", "mill") and (
        spaced and not (found[1] == "M" or word in ("hundert",))
    ):
        return 1, at  # metres, or the hundredth of a euro
    if word == "m" and found[1] == "m" and language not in ("en",):
        return 1, at
    if word in ("billion", "billions", "billionen"):
        return 10**9 if language in _SHORT_SCALE else 10**12, found.end(1)
    if word in ("trillion", "trillions"):
        return 10**12 if language in _SHORT_SCALE else 10**18, found.end(1)
    if word in _SCALES and word not in ("cent", "cents"):
        return _SCALES[word], found.end(1)
    return 1, at


def _half_after(text: str, at: int) -> int | None:
    half = number_words.HALVES.match(text, at)
    return half.end() if half else None


def _of_words(text: str, spelled: Spelled, language: str) -> Number:
    end, value, scale = spelled.end, spelled.value, 1
    if not spelled.ordinal and value < 1000:
        scale, end = _scale(text, end, language)
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
    units, end = _NO_UNIT, number.end
    values = number.values
    if points := _POINTS.match(text, end):
        bare = points.group().strip() == "%"
        units, end = frozenset({PERCENT} if bare else {PERCENT, ""}), points.end()
    elif percent := _PERCENT.match(text, end):
        units, end = frozenset({PERCENT}), percent.end()
    elif before := _BEFORE.search(text, max(0, number.start - 4), number.start):
        symbol = before.group(1)
        units = frozenset({_SYMBOLS.get(symbol[-1], symbol)})
        if (scale := _scale(text, end, "en"))[0] > 1 and number.scaled == 1:
            values = frozenset(value * scale[0] for value in values)
            end = scale[1]
    elif after := _SPACED.match(text, end):
        word = after.group(1)
        if code := _SYMBOLS.get(word) or _CURRENCY.get(folded(word)):
            units, end = frozenset({code}), after.end()
        elif word.casefold() in _ADJECTIVES and (more := _SPACED.match(text, after.end())):
            if code := _CURRENCY.get(folded(more.group(1))):
                units, end = frozenset({code}), more.end()
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


_DEGREES = re.compile(r" ?(?:°|degr|degree|grad|grau)", re.I)


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
        if number.units == _NO_UNIT and after.units != _NO_UNIT:
            number = replace(number, units=number.units | after.units)
        if number.scaled == 1 and after.scaled > 1 and max(number.values) < 1000:
            scaled = frozenset(value * after.scaled for value in number.values)
            number = replace(number, values=number.values | scaled)
        found[place] = number
    if not given:
        return found
    scaled_before: Number | None = None
    for place, number in enumerate(found):
        if number.scaled > 1 or number.units != _NO_UNIT:
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
    if number.ordinal or number.units != _NO_UNIT or min(number.values) < 2:
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


def _hedge(text: str, number: Number) -> str:
    """How the words before a number of a statement say that it is not exact."""
    found = _HEDGE.search(text[max(0, number.start - 40) : number.start].rstrip())
    if found and found["over"] in _DURING and _DURATION.match(text, number.end):
        return number.hedge
    return found.lastgroup if found and found.lastgroup else number.hedge


def _rounds(stated: Fraction, hedge: str, given: Fraction) -> bool:
    """Whether a number rounds another to its leading digits, in the direction that is said."""
    if 0 < stated < 1 and stated.denominator < 6 and 0 < given < 1:
        # a half of what is 52 in a hundred
        off = given - stated
        away = {"over": off > 0, "under": off < 0}.get(hedge, abs(off) <= Fraction(3, 100))
        return away and abs(off) <= _FRACTION_OFF
    low, high = _leading(stated), _leading(given)
    if not (0 < stated and 0 < given) or low[1] > _MOST_DIGITS or low[1] >= high[1]:
        return False
    step = low[0]
    down = given // step * step
    up = down + step
    if hedge == "over":
        return stated == down
    if hedge == "under":
        return stated == up
    nearest = down if given - down < up - given else up
    return stated == nearest


def _leading(value: Fraction) -> tuple[Fraction, int]:
    """The worth of the last digit of a number that is not zero, and how many digits it has."""
    shift = Fraction(1)
    while value.denominator != 1 and shift < 10**12:
        value, shift = value * 10, shift * 10
    whole = abs(value.numerator // value.denominator)
    digits = str(whole)
    kept = digits.rstrip("0") or "0"
    return Fraction(10 ** (len(digits) - len(kept))) / shift, len(kept)
