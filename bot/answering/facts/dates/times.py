"""Times of day: "14 h 30", "2 p.m.", "midi"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.answering.facts.dates.mention import Mention
from bot.answering.facts.text import folded

_TIME = re.compile(
    r"(?<![\w.,:])(?P<h>[01]?\d|2[0-4])(?:"
    r" ?h(?:eures?)? ?(?P<m1>[0-5]\d)(?!\d)"
    r"|:(?P<m2>[0-5]\d)(?![\d:])(?P<suffix> ?(?:[ap]m\b|[ap]\.m\.))?"
    r"|\.(?P<m3>[0-5]\d)(?= Uhr| uur| horas| ?[ap]\.?m\b| heures|h\b)"
    r"(?P<suffix3> ?(?:[ap]m\b|[ap]\.m\.))?"
    r"|(?P<suffix2> ?(?:[ap]m\b|[ap]\.m\.))| ?h\b(?!/)"
    r"| Uhr(?: (?P<m4>[0-5]\d)(?!\d))?\b| uur\b| o'clock\b)"
    r"(?: Uhr| uur| horas)?",
    re.I,
)
_CLOCK_WORDS = {
    (12, 0): "midi noon midday mediodia mezzogiorno",
    (0, 0): "minuit midnight mitternacht medianoche mezzanotte meia-noite middernacht",
}
_CLOCK = {word: time for time, names in _CLOCK_WORDS.items() for word in names.split()}
_CLOCK_WORD = re.compile(rf"\b(?:{'|'.join(_CLOCK)}|mediodía)\b", re.I)
# "alle 14.30": after these words no decimals.
_DOTTED = re.compile(
    r"\b(?:alle|dalle|ore|las|às|um|om|at|until|by)(?: ore)? (?P<time>(?P<h>[01]?\d|2[0-3])"
    r"\.(?P<m>[0-5]\d))(?![\d%]|[.,]\d)",
    re.I,
)


def times(text: str, language: str) -> Iterator[Mention]:
    for found in _TIME.finditer(text):
        hour = int(found["h"])
        minute = int(found["m1"] or found["m2"] or found["m3"] or found["m4"] or 0)
        suffix = (found["suffix"] or found["suffix2"] or found["suffix3"] or "").strip().casefold()
        if suffix.startswith("p") and hour < 12:
            hour += 12
        elif suffix.startswith("a") and hour == 12:
            hour = 0
        half = not suffix and hour <= 12
        yield Mention(found.start(), found.end(), time=(hour, minute), half_day=half)
    for found in _DOTTED.finditer(text):
        start, stop = found.span("time")
        if not _TIME.match(text, start):
            hour = int(found["h"])
            yield Mention(start, stop, time=(hour, int(found["m"])), half_day=hour <= 12)
    for found in _CLOCK_WORD.finditer(text):
        word = folded(found.group())
        if word in _CLOCK:
            yield Mention(found.start(), found.end(), time=_CLOCK[word])
