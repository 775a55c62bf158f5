"""Dates of a text, times of day, decades and centuries, in the languages of numbers."""

from __future__ import annotations

from bot.answering.facts.dates.days import days
from bot.answering.facts.dates.mention import Mention, whole_day
from bot.answering.facts.dates.months import months
from bot.answering.facts.dates.periods import centuries, decades, given_years, seasons, years
from bot.answering.facts.dates.times import times
from bot.answering.facts.dates.weekdays import relative_days, weekdays
from bot.answering.facts.text import without

__all__ = ["Mention", "mentions", "whole_day"]

_FINDERS = (times, days, decades, centuries, seasons, months, weekdays, relative_days)


def mentions(text: str, language: str, *, given: bool = False) -> list[Mention]:
    """The dates of a tidy text, in order. `given`: in a passage, every year that it may hold."""
    found = list[Mention]()
    rest = text
    for finder in _FINDERS:
        here = list(finder(rest, language))
        found += here
        rest = without(rest, [(mention.start, mention.end) for mention in here])
    found += given_years(rest) if given else years(rest)
    return sorted(found, key=lambda mention: mention.start)
