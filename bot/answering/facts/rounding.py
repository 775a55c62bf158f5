"""Whether a number rounds another, as the words before it say: "près de", "more than"."""

from __future__ import annotations

import re
from fractions import Fraction

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
_FRACTION_OFF = Fraction(1, 10)
_MOST_DIGITS = 2  # that a rounded number may keep


def hedge_before(text: str, start: int, end: int) -> str:
    """How the words before `text[start:end]` say that a number is not exact: "about", "over",
    "under", or "" where they do not."""
    found = _HEDGE.search(text[max(0, start - 40) : start].rstrip())
    if not found:
        return ""
    if (found["over"] or "").casefold() in _DURING and _DURATION.match(text, end):
        return ""
    return found.lastgroup or ""


def rounds(stated: Fraction, hedge: str, given: Fraction) -> bool:
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
