"""The interface in every language: no message missing, none left over, none broken."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from bot.chat.admin import ADMIN_COMMANDS
from bot.chat.conversation import COMMANDS
from bot.i18n import (
    LANGUAGES,
    supported,
    translate,
    translate_plural,
    written_age,
    written_date,
    written_duration,
    written_number,
)

BOT = Path(__file__).parents[1] / "bot"
KEYWORDS = {"translate": None, "translate_plural": (1, 2)}
TRANSLATED = [language for language in LANGUAGES if language != "en"]


def in_code() -> set[object]:
    """Every message of the code: a text, or (one, many)."""
    found = extract_from_dir(BOT, method_map=[("**.py", "python")], keywords=KEYWORDS)
    described = {*COMMANDS.values(), *ADMIN_COMMANDS.values()}
    return {message for _, _, message, _, _ in found} | described


def catalogue(language: str) -> Catalog:
    with (BOT / "locales" / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def messages(language: str) -> Iterator[Message]:
    return (message for message in catalogue(language) if message.id)


def texts(message: Message) -> list[str]:
    return _each(message.string)


def ids(message: Message) -> list[str]:
    return _each(message.id)


def _each(text: object) -> list[str]:
    """One text, or those of a plural."""
    return list(map(str, text)) if isinstance(text, (tuple, list)) else [str(text)]


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_language_has_its_catalogue_and_no_other_is_there() -> None:
    there = {path.stem for path in (BOT / "locales").glob("*.po")}
    assert there == set(TRANSLATED)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_of_the_code_is_translated_and_none_is_stale(language: str) -> None:
    assert in_code()
    assert {message.id for message in messages(language)} == in_code()


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_empty_or_doubtful(language: str) -> None:
    for message in messages(language):
        assert all(text.strip() for text in texts(message)), message.id
        assert not message.fuzzy, message.id
    assert not catalogue(language).obsolete


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_fills_in_what_its_message_does(language: str) -> None:
    for message in messages(language):
        expected = set().union(*map(placeholders, ids(message)))
        for text in texts(message):
            # A singular may spell its count out.
            assert placeholders(text) - {"count"} == expected - {"count"}, message.id
            assert placeholders(text) <= expected, message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_plural_form_of_the_language_is_there(language: str) -> None:
    forms = catalogue(language).num_plurals
    for message in messages(language):
        if isinstance(message.id, tuple):
            assert len(texts(message)) == forms, message.id


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("fr", "fr"), ("fr-CA", "fr"), ("FR_be", "fr"), ("en-GB", "en"), ("frr", None),
        ("de", None), ("", None), (None, None), ("../en", None),
    ],
)  # fmt: skip
def test_a_language_tag_chooses_the_interface(tag: str | None, expected: str | None) -> None:
    assert supported(tag) == expected


@pytest.mark.parametrize("value", ["{count}", "{}", "%s", "<b>", "{0.__class__}"])
def test_values_are_shown_as_they_are(value: str) -> None:
    assert value in translate("More on: {question}", "fr", question=value)


@pytest.mark.parametrize(
    ("count", "language", "words"),
    [(1, "fr", "l’article"), (2, "fr", "2 articles"), (1, "en", "one"), (40, "en", "40 articles")],
)
def test_counts_agree(count: int, language: str, words: str) -> None:
    [(one, many)] = [
        message
        for message in in_code()
        if isinstance(message, tuple) and message[0].startswith("Hello!")
    ]
    assert words in translate_plural(one, many, count, language)


@pytest.mark.parametrize(
    ("number", "language", "written"),
    [(0, "fr", "0"), (1032, "fr", "1\u202f032"), (1032, "en", "1,032"), (4.25, "fr", "4,2")],
)
def test_numbers_are_written_as_people_write_them(
    number: float, language: str, written: str
) -> None:
    assert written_number(number, language) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0.04, "0 s"), (4.2, "4.2 s"), (59.4, "59 s"), (59.5, "1 min 0 s"), (125, "2 min 5 s"),
        (3599.7, "1 h 0 min"), (3785, "1 h 3 min"),
    ],
)  # fmt: skip
def test_durations_are_written_in_units_that_fit(seconds: float, written: str) -> None:
    assert written_duration(seconds, "en") == written


@pytest.mark.parametrize(
    ("age", "language", "written"),
    [
        (timedelta(hours=3), "fr", "il y a 3 heures"),
        (timedelta(minutes=1), "en", "1 minute ago"),
        (timedelta(0), "en", "1 second ago"),
        (timedelta(minutes=-5), "en", "1 second ago"),
    ],
)
def test_ages_are_written_in_words(age: timedelta, language: str, written: str) -> None:
    assert written_age(age, language) == written


def test_dates_are_written_as_people_write_them() -> None:
    assert written_date(date(2024, 5, 3), "fr") == "3 mai 2024"
    assert written_date(date(2024, 5, 3), "en") == "3 May 2024"
