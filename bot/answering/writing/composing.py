"""A checked answer as it grows: citations numbered in the order in which they are read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, get_month_names

from bot.answering.answer import Answer, Citation, Evidence, Statement
from bot.answering.facts import has_figure
from bot.answering.writing.checking import Flaw, Support, Supported

# How a language says as of which day a figure holds.
_AS_OF = {
    "fr": "au {date}",
    "en": "as of {date}",
    "es": "a {date}",
    "de": "Stand: {date}",
    "it": "al {date}",
    "pt": "em {date}",
    "nl": "per {date}",
}
_MAY_ANSWER = 0.05  # probability, of a passage that may say another figure for the same
_STOP = re.compile(r"[.!?…]*\Z")
_YEAR = re.compile(r"\b(?:1\d|20)\d\d\b")


class Composed:
    """The statements that hold so far."""

    def __init__(self, found: Answer, given: Sequence[Evidence], language: str) -> None:
        """:param found: what was searched for, and found.
        :param given: the passages that the model writes from.
        :param language: ISO 639-1, that it writes in.
        """
        self._found = found
        self._language = language
        self._statements: list[Statement] = []
        self._citations: dict[tuple[str, int, int], Citation] = {}
        self._said: list[str] = []
        days = {
            item.article.published
            for item in given
            if item.article.published and item.probability >= _MAY_ANSWER
        }
        self._may_have_changed = len(days) > 1

    def __len__(self) -> int:
        return len(self._statements)

    @property
    def answer(self) -> Answer:
        return replace(
            self._found,
            statements=tuple(self._statements),
            citations=tuple(self._citations.values()),
            nearest=(),
            written=True,
        )

    def add(self, checked: Supported) -> Flaw | None:
        """Take a statement in; why not, where it is not new."""
        words = " ".join(re.findall(r"\w+", checked.text.lower()))
        if words in self._said:
            return Flaw.REPEATED
        self._said.append(words)
        numbers = tuple(self._number(support) for support in checked.supports)
        text = self._dated(checked)
        self._statements.append(Statement(text, tuple(sorted(set(numbers)))))
        return None

    def _number(self, support: Support) -> int:
        article = support.evidence.article
        key = (article.id, support.start, support.end)
        if key not in self._citations:
            number = len(self._citations) + 1
            quote = support.evidence.words(support.start, support.end)
            self._citations[key] = Citation(
                number, article, support.start, support.end, quote, support.evidence
            )
        return self._citations[key].number

    def _dated(self, checked: Supported) -> str:
        """With the day of its article where it says a figure, articles of other days answer the
        question too, and it does not say a day itself."""
        day = checked.supports[0].evidence.article.published
        if not (day and self._may_have_changed and has_figure(checked.text, self._language)):
            return checked.text
        if _says_a_day(checked.text, self._language):
            return checked.text
        stop = _STOP.search(checked.text)
        assert stop is not None
        return f"{checked.text[: stop.start()]} ({self._as_of(day)}){stop[0]}"

    def _as_of(self, day: date) -> str:
        try:
            written = format_date(day, "long", locale=self._language)
        except UnknownLocaleError:
            written = day.isoformat()
        return _AS_OF.get(self._language, "{date}").format(date=written)


def _says_a_day(text: str, language: str) -> bool:
    if _YEAR.search(text):
        return True
    try:
        months = get_month_names("wide", locale=Locale(language)).values()
    except UnknownLocaleError:
        return False
    words = text.lower().split()
    return any(month.lower() in words for month in months)
