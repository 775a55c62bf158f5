"""Whether the dates of a passage hold those of a statement.

They do where day, month and year are the same; what the passage leaves out is taken from the day
on which the article appeared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from bot.answering.facts.dates import Mention, whole_day

_NEAR = 7  # days before or after publication that a weekday may mean
_HALF_YEAR = 183  # days
_SEASON_MONTHS = ((3, 4, 5, 6), (6, 7, 8, 9), (9, 10, 11, 12), (12, 1, 2, 3))


@dataclass(slots=True)
class Calendar:
    """The dates that a passage gives, `published` among what they are completed with."""

    published: date | None
    mentions: list[Mention]
    years: set[int] = field(default_factory=set)
    dates: set[date] = field(default_factory=set)  # whole ones

    def __post_init__(self) -> None:
        self.years |= {mention.year for mention in self.mentions if mention.year is not None}
        dated = {mention.start for mention in self.mentions if mention.day is not None}
        for mention in self.mentions:
            if mention.day is not None or mention.start not in dated:
                self.dates.update(self._whole(mention))
        if self.published:
            self.dates.add(self.published)
            self.years.add(self.published.year)

    def stands(self, stated: Mention) -> bool:
        """Whether a date of a statement is one that the passage gives."""
        if stated.time is not None:
            return any(_same_time(stated, given) for given in self.mentions if given.time)
        if stated.decade is not None:
            return any(_same_decade(stated.decade, given.decade) for given in self.mentions)
        if stated.century is not None:
            return any(stated.century == given.century for given in self.mentions)
        if stated.shift is not None:
            return self._stands_shift(stated.shift)
        if stated.season is not None:
            return self._stands_year(stated.year) and any(
                stated.season == given.season or given.month in _SEASON_MONTHS[stated.season]
                for given in self.mentions
            )
        if stated.day is None and stated.month is None and stated.weekday is None:
            return self._stands_year(stated.year)
        if stated.day is None and stated.month is None:
            return self._stands_weekday(stated.weekday)
        if stated.day is None:
            return self._stands_month(stated)
        return self._stands_day(stated)

    def _whole(self, mention: Mention) -> Iterator[date]:
        """The days that a mention may be, whole."""
        if self.published and mention.shift is not None:
            yield self.published + timedelta(mention.shift)
        if self.published and mention.weekday is not None and mention.day is None:
            for days in range(-_NEAR, _NEAR + 1):
                day = self.published + timedelta(days)
                if day.weekday() == mention.weekday:
                    yield day
        if mention.day is None or mention.month is None:
            return
        years = {mention.year} if mention.year else set[int]()
        if not years and self.published:
            years = {self.published.year - 1, self.published.year, self.published.year + 1}
        for year in years:
            dated = whole_day(year, mention.month, mention.day)
            if dated and (
                mention.year
                or (self.published and abs(dated - self.published) <= timedelta(_HALF_YEAR))
                or (self.published and dated.year == self.published.year)
            ):
                yield dated

    def _stands_shift(self, shift: int) -> bool:
        if any(given.shift == shift for given in self.mentions):
            return True
        return self.published is not None and self.published + timedelta(shift) in self.dates

    def _stands_year(self, year: int | None) -> bool:
        return year is None or year in self.years

    def _stands_weekday(self, weekday: int | None) -> bool:
        return any(given.weekday == weekday for given in self.mentions) or any(
            day.weekday() == weekday for day in self.dates
        )

    def _stands_month(self, stated: Mention) -> bool:
        months = {given.month for given in self.mentions}
        within = {(day.month, day.year) for day in self.dates}
        if stated.year is None:
            return stated.month in months or any(month == stated.month for month, _ in within)
        if (stated.month, stated.year) in within:
            return True
        return any(
            given.month == stated.month
            and (given.year == stated.year or (given.year is None and self._fits(stated)))
            for given in self.mentions
        )

    def _fits(self, stated: Mention) -> bool:
        """Whether the year of a statement may be that of a passage which gives none here."""
        if stated.year in self.years:
            return True
        if not self.published or stated.year is None or stated.month is None:
            return False
        day = whole_day(stated.year, stated.month, stated.day or 15)
        return day is not None and abs(day - self.published) <= timedelta(_HALF_YEAR)

    def _stands_day(self, stated: Mention) -> bool:
        if stated.year is not None and stated.month is not None and stated.day is not None:
            if whole_day(stated.year, stated.month, stated.day) in self.dates:
                return True
        elif any((day.month, day.day) == (stated.month, stated.day) for day in self.dates):
            return True
        return any(
            (given.day, given.month) == (stated.day, stated.month)
            and (stated.year in (None, given.year) or (given.year is None and self._fits(stated)))
            for given in self.mentions
        )


def _same_time(stated: Mention, given: Mention) -> bool:
    if stated.time is None or given.time is None:
        return False
    hours, minutes = stated.time
    own, own_minutes = given.time
    if minutes != own_minutes:
        return False
    return hours % 24 == own % 24 or (
        (stated.half_day or given.half_day) and hours % 12 == own % 12
    )


def _same_decade(stated: int, given: int | None) -> bool:
    if given is None:
        return False
    return stated == given or (min(stated, given) < 100 and stated % 100 == given % 100)
