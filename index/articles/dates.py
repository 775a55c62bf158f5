"""Calendar dates as newspapers write them; never a guess."""

from __future__ import annotations

import re
from datetime import date

_MONTHS = (
    "janvier janv january jan enero januar gennaio janeiro",
    "février févr fevrier february feb febrero februar febbraio fevereiro",
    "mars march mar marzo märz março",
    "avril avr april apr abril aprile",
    "mai may mayo maggio maio",
    "juin june jun junio juni giugno junho",
    "juillet juil july jul julio juli luglio julho",
    "août aout august aug agosto",
    "septembre sept september sep septiembre settembre setembro",
    "octobre oct october octubre oktober ottobre outubro",
    "novembre nov november noviembre novembro",
    "décembre déc decembre december dec diciembre dezember dicembre dezembro",
)
_NUMBER = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_NAME = "|".join(sorted(_NUMBER, key=len, reverse=True))
_DAYS = (
    "lundi mardi mercredi jeudi vendredi samedi dimanche "
    "monday tuesday wednesday thursday friday saturday sunday "
    "lunes martes miércoles jueves viernes sábado domingo "
    "montag dienstag mittwoch donnerstag freitag samstag sonntag "
    "lunedì martedì mercoledì giovedì venerdì sabato domenica"
)
_SLASHED = r"(?P<a>\d{1,2})[/.](?P<b>\d{1,2})[/.](?P<slashed>\d{4})"
_DATE = re.compile(
    rf"(?<!\d)(?:(?P<day>\d{{1,2}})(?:er|st|nd|rd|th|\.|º|°)?\s+(?:de\s+|"
    rf"of\s+)?(?P<month>{_NAME})\.?"
    rf"\s+(?:de\s+)?(?P<year>\d{{4}})"
    rf"|(?<!\w)(?P<us_month>{_NAME})\.?\s+(?P<us_day>\d{{1,2}})(?:st|nd|rd|"
    rf"th)?,?\s+(?P<us_year>\d{{4}})"
    rf"|(?P<iso>\d{{4}}-\d{{1,2}}-\d{{1,2}})|{_SLASHED})(?!\d)",
    re.I,
)
_TIME = re.compile(
    r"(?<!\d)\d{1,2}\s?(?:h|:|\.)\s?\d{2}(?!\d)(?::\d{2})?|(?<!\d)\d{1,2}\s?h\b", re.I
)
_WEEKDAY = re.compile(rf"\b(?:{'|'.join(_DAYS.split())})\b,?", re.I)


def find_date(text: str, *, day_first: bool = False) -> date | None:
    """The first full date in the text: day, month and year.

    A date such as 03/05/2024 counts only where it can be read in one way, or `day_first`.
    """
    for match in _DATE.finditer(text):
        if found := _as_date(match, day_first):
            return found
    return None


def without_dates(text: str) -> str:
    """The text less its full dates, times of day and names of weekdays."""
    return _WEEKDAY.sub(" ", _TIME.sub(" ", _DATE.sub(" ", text)))


def _as_date(match: re.Match[str], day_first: bool) -> date | None:
    part = match.groupdict()
    if part["iso"]:
        year, month, day = (int(number) for number in part["iso"].split("-"))
    elif part["slashed"]:
        year, month, day = int(part["slashed"]), int(part["b"]), int(part["a"])
        if not day_first and day <= 12 and day != month:
            if month <= 12:
                return None
            month, day = day, month
    elif part["month"]:
        year, month, day = int(part["year"]), _NUMBER[part["month"].lower()], int(part["day"])
    else:
        month, day = _NUMBER[part["us_month"].lower()], int(part["us_day"])
        year = int(part["us_year"])
    try:
        return date(year, month, day)
    except ValueError:
        return None
