"""A statement against the passage it cites."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from bot.answering.facts import names, quotations
from bot.answering.facts.calendars import Calendar
from bot.answering.facts.dates import Mention, mentions
from bot.answering.facts.model import Fact, FactKind, Ground
from bot.answering.facts.numbers import Number, numbers
from bot.answering.facts.text import composed, known, tidy, without


def missing_facts(statement: str, language: str, ground: Ground) -> list[Fact]:
    """The facts of a statement, in a language (ISO 639-1), that what it rests on does not give.

    In the order in which they stand. Whether the statement says of them what the passage says
    is another question: a figure that the passage gives of something else is not missing.
    """
    text = tidy(composed(statement))
    language = known(language)
    given = _given(ground)
    found = list[tuple[int, int, FactKind]]()

    quoted = quotations.quoted_spans(text)
    for start, end in quoted:
        if not quotations.stands(text[start + 1 : end - 1], given.quotable):
            found.append((start, end, FactKind.QUOTATION))
    text = without(text, quoted)

    dates = mentions(text, language)
    for mention in dates:
        if mention.shift != 0 and not given.has_date(mention):
            kind = FactKind.NUMBER if mention.time else FactKind.DATE
            found.append((mention.start, mention.end, kind))
    text = without(text, [(mention.start, mention.end) for mention in dates])

    figures = numbers(text, language)
    for number in figures:
        if not number.vague and not given.has_number(number):
            found.append((number.start, number.end, FactKind.NUMBER))
    text = without(text, [(number.start, number.end) for number in figures])

    for start, end in names.missing_names(
        text, language, given.names, language != known(ground.language)
    ):
        found.append((start, end, FactKind.NAME))
    written = composed(statement)
    return [
        Fact(kind, written[start:end].strip())
        for start, end, kind in dict.fromkeys(sorted(found, key=lambda one: one[:2]))
    ]


def has_figure(statement: str, language: str) -> bool:
    """Whether a statement gives a number that is not merely a date or a year."""
    text = tidy(composed(statement))
    language = known(language)
    dates = mentions(text, language)
    if any(mention.time for mention in dates):
        return True
    text = without(text, [(mention.start, mention.end) for mention in dates])
    return any(not number.vague for number in numbers(text, language))


@dataclass(frozen=True, slots=True)
class _Given:
    """What a passage gives, read once for all that is said of it."""

    quotable: str
    calendar: Calendar
    numbers: tuple[Number, ...]  # each once
    by_value: Mapping[Fraction, Sequence[Number]]
    by_digits: Mapping[str, Sequence[Number]]
    names: names.Known

    def has_date(self, stated: Mention) -> bool:
        if self.calendar.stands(stated):
            return True
        # A year may be a mere number, and the hour of a passage one without its minutes.
        value = stated.year if _is_year(stated) else None
        if value is None and stated.time and not stated.time[1]:
            return any(
                hour in number.values
                for number in self.numbers
                for hour in (
                    {stated.time[0]} | ({stated.time[0] % 12} if stated.half_day else set())
                )
            )
        return value is not None and any(value in number.values for number in self.numbers)

    def _like(self, stated: Number) -> Iterable[Number]:
        """The numbers that share a value or the digits with one of a statement."""
        for value in stated.values:
            yield from self.by_value.get(value, ())
        yield from self.by_digits.get(stated.digits, ())

    def _has_without_scale(self, stated: Number) -> bool:
        """ "la région 25", for 25 million, where others of the passage are so many million."""
        if stated.scaled == 1 or stated.ordinal:
            return False
        bare = {value / stated.scaled for value in stated.values}
        return any(number.scaled == stated.scaled for number in self.numbers) and any(
            number.scaled == 1 and not number.ordinal and bare & number.values
            for number in self.numbers
        )

    def has_number(self, stated: Number) -> bool:
        like = self.numbers if stated.hedge else self._like(stated)
        if any(number.stands_for(stated) for number in like):
            return True
        if self._has_without_scale(stated):
            return True
        if any(int(value) in self.calendar.years for value in stated.values if 1000 < value < 2200):
            return True
        if stated.clock:
            hours = {value % 12 for value in stated.values}
            if any(
                mention.time and not mention.time[1] and mention.time[0] % 12 in hours
                for mention in self.calendar.mentions
            ):
                return True
            if any(
                number.clock and hours & {value % 12 for value in number.values}
                for number in self.numbers
            ):
                return True
        return stated.day and any(
            mention.day in stated.values for mention in self.calendar.mentions
        )


def _is_year(mention: Mention) -> bool:
    return mention.year is not None and mention.month is None and mention.season is None


@lru_cache(maxsize=64)
def _given(ground: Ground) -> _Given:
    language = known(ground.language)
    text = tidy(composed(f"{ground.title}\n\n{ground.text}"))
    dates = mentions(text, language, given=True)
    rest = without(
        text, [(mention.start, mention.end) for mention in dates if not _is_year(mention)]
    )
    given = {_essence(number): number for number in numbers(rest, language, given=True)}
    by_value, by_digits = defaultdict[Fraction, list[Number]](list), dict[str, list[Number]]()
    for number in given.values():
        for value in number.values:
            by_value[value].append(number)
        if number.digits:
            by_digits.setdefault(number.digits, []).append(number)
    return _Given(
        quotations.plain(text),
        Calendar(ground.published, dates),
        tuple(given.values()),
        by_value,
        by_digits,
        names.Known.of(f"{text}\n\n{tidy(composed(ground.source or ''))}"),
    )


def _essence(number: Number) -> Number:
    """The number without its place."""
    return replace(number, start=0, end=0)
