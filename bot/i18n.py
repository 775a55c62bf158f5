"""The interface in the reader's language: gettext catalogues, kept by Babel.

English stands in the code; `locales/LANGUAGE.po` holds the rest. Catalogues are compiled as
they are read, in milliseconds, so that no compiled file can lag behind its source.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.dates import format_date, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

LANGUAGES = ("fr", "en")
_SOURCE_LANGUAGE = "en"
_LOCALES = Path(__file__).parent / "locales"


def supported(language: str | None) -> str | None:
    """The language of the interface for a language tag ("fr-CA" -> "fr"), or None."""
    code = (language or "").replace("_", "-").split("-")[0].lower()
    return code if code in LANGUAGES else None


def translate(message: str, language: str, **values: object) -> str:
    """The message in a language of LANGUAGES, its {placeholders} filled in."""
    return _catalogue(language).gettext(message).format(**values)


def translate_plural(one: str, many: str, count: int, language: str, **values: object) -> str:
    """As `translate`, for a count; {count} is filled in."""
    found = _catalogue(language).ngettext(one, many, count)
    return found.format(count=count, **values)


def written_date(day: date, language: str) -> str:
    """3 mai 2024, 3 May 2024."""
    return format_date(day, "d MMMM y", locale=language)


def written_number(number: float, language: str) -> str:
    """1 032, 1,032; at most one decimal."""
    written: str = format_decimal(round(number, 1), locale=language)
    return written


def written_duration(seconds: float, language: str) -> str:
    """4,2 s; 2 min 5 s; 1 h 3 min: in units that all languages share."""
    if seconds < 59.5:
        return f"{written_number(seconds if seconds < 10 else round(seconds), language)} s"
    minutes, left = divmod(round(seconds), 60)
    if seconds < 3599.5:
        return f"{minutes} min {left} s"
    return f"{minutes // 60} h {minutes % 60} min"


def written_age(age: timedelta, language: str) -> str:
    """il y a 3 heures, 3 hours ago."""
    past = min(-age, timedelta(seconds=-1))  # clocks may disagree
    written: str = format_timedelta(past, add_direction=True, locale=language)
    return written


@cache
def _catalogue(language: str) -> NullTranslations:
    if language == _SOURCE_LANGUAGE:
        return NullTranslations()
    with open(_LOCALES / f"{language}.po", "rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
