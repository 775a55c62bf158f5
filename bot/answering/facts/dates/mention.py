"""A date, or a part of one, where a text gives it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

# What may follow a day, a month or a season, as patterns.
YEAR_LINK = r"(?:de |del |of |dell'anno |do )?"
YEAR = r"1\d{3}|20\d\d|2100"


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
