"""Days without a date: "mardi", "yesterday"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from bot.answering.facts.dates.mention import Mention
from bot.answering.facts.dates.names import names, pattern
from bot.answering.facts.text import folded


@cache
def _weekday_pattern(language: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?<!\w)(?P<name>{pattern(language, 'days', shortest=5)})"
        r"(?:s|abend|morgen|nacht|nachmittag|mittag|en?)?(?!\w)",
        re.I,
    )


_PORTUGUESE = re.compile(
    r"(?<=\bna )(segunda|terça|quarta|quinta|sexta)(?=[,.;]| passada| à noite)"
)


def weekdays(text: str, language: str) -> Iterator[Mention]:
    numbers = names(language, "days")
    for found in _weekday_pattern(language).finditer(text):
        if (weekday := numbers.get(folded(found["name"]))) is not None:
            yield Mention(found.start(), found.end(), weekday=weekday)
    if language == "pt":
        for found in _PORTUGUESE.finditer(text):
            day = ("segunda", "terca", "quarta", "quinta", "sexta").index(folded(found[1]))
            yield Mention(found.start(), found.end(), weekday=day)


_SHIFTS = {
    **dict.fromkeys("hier yesterday gestern ayer ieri ontem gisteren".split(), -1),
    **dict.fromkeys("demain tomorrow domani amanhã".split(), 1),
    **dict.fromkeys("avant-hier vorgestern anteayer anteontem eergisteren".split(), -2),
    **dict.fromkeys("aujourd'hui today heute hoy oggi hoje vandaag".split(), 0),
}
_SHIFT = re.compile(
    rf"(?<![\w-])(?:{'|'.join(sorted(_SHIFTS, key=len, reverse=True))})(?![\w-])", re.I
)


def relative_days(text: str, language: str) -> Iterator[Mention]:
    for found in _SHIFT.finditer(text):
        word = found.group().casefold()
        if word == "hier" and language in ("de", "nl"):
            continue
        yield Mention(found.start(), found.end(), shift=_SHIFTS[word])
