"""Words: terms of a field, the words of a question, and BM25 candidates."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from index.lexical import (
    STEMMERS,
    UNSTEMMED,
    LexicalIndex,
    LexicalWriter,
    content_words,
    field_of,
    joined_digits,
    terms,
)

Indexed = Callable[..., LexicalIndex]


@pytest.fixture
def indexed(tmp_path: Path) -> Indexed:
    """An index of (text, language) pairs, numbered from 0."""

    def build(*texts: tuple[str, str]) -> LexicalIndex:
        writer = LexicalWriter(tmp_path / "lexical")
        for number, (text, language) in enumerate(texts):
            writer.add(number, text, language)
        writer.close()
        return LexicalIndex(tmp_path / "lexical")

    return build


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("de", "Häuser", "Haus"),
        ("en", "crossings", "crossing"),
        ("es", "tumbas", "tumba"),
        ("fr", "coûtera", "coûter"),
        ("it", "musei", "museo"),
        ("nl", "boten", "boot"),
        ("pt", "cidades", "cidade"),
        ("ru", "городов", "город"),
    ],
)
def test_forms_of_a_word_are_one_term_in_its_language(language: str, one: str, other: str) -> None:
    assert terms(one, language) == terms(other, language) != []
    assert terms(one, UNSTEMMED) != terms(other, UNSTEMMED)


@pytest.mark.parametrize("field", [*STEMMERS, UNSTEMMED])
def test_case_and_accents_make_no_difference_to_a_term(field: str) -> None:
    assert terms("ZOË", field) == terms("zoë", field)
    assert all(term.isascii() for term in terms("Éléonore naïve", field))


@pytest.mark.parametrize("apostrophe", ["'", "’"])
def test_an_elided_article_is_a_word_of_its_own(apostrophe: str) -> None:
    assert terms("alarme", "fr")[0] in terms(f"l{apostrophe}alarme", "fr")


def test_languages_without_a_stemmer_share_a_field() -> None:
    assert field_of("fr") == "fr"
    assert field_of("pl") == field_of("und") == UNSTEMMED


@pytest.mark.parametrize(
    ("question", "language", "expected"),
    [
        ("Combien coûtera le tram ?", "fr", ["coûtera", "tram"]),
        ("Pourquoi la mercerie a-t-elle fermé ?", "fr", ["mercerie", "fermé"]),
        ("How many people were on board?", "en", ["people", "board"]),
        ("¿Cuántas tumbas se encontraron?", "es", ["tumbas", "encontraron"]),
        ("Tram, tram et TRAM", "fr", ["tram"]),
    ],
)
def test_the_words_of_a_question_are_those_that_say_what_it_is_about(
    question: str, language: str, expected: list[str]
) -> None:
    found = content_words(question, language)
    assert [word for word in found if word in expected] == expected
    assert not {"combien", "pourquoi", "how", "many", "cuántas", "le", "la", "et"} & set(found)
    assert len(set(found)) == len(found)


def test_a_question_of_nothing_but_question_words_keeps_them() -> None:
    assert content_words("Pourquoi ?", "fr") == ["pourquoi"]


def test_a_question_without_words_has_none() -> None:
    assert content_words(" ?! …", "fr") == []


def test_the_passage_with_the_words_is_found_first(indexed: Indexed) -> None:
    index = indexed(("La mairie ferme.", "fr"), ("Le tram coûtera cher.", "fr"))
    assert index.search(["coûter", "trams"], ["fr"], 10) == [1]
    assert index.document_frequency("fr", terms("coûter", "fr")[0]) == 1


@pytest.mark.parametrize("word", ["l’alarme", "ALARME", "alarmes"])
def test_elision_case_and_number_do_not_hide_a_word(indexed: Indexed, word: str) -> None:
    index = indexed(("La mairie ferme.", "fr"), ("Quand l'alarme sonne.", "fr"))
    assert index.search([word], ["fr"], 10)[0] == 1


def test_names_are_found_without_their_accents_in_any_language(indexed: Indexed) -> None:
    index = indexed(("La mairie ferme.", "fr"), ("À Penhoël, 310 éoliennes.", "fr"))
    assert index.search(["Penhoel"], ["en", UNSTEMMED], 10) == [1]
    assert index.search(["310"], ["es", UNSTEMMED], 10) == [1]


def test_the_terms_of_one_language_do_not_match_those_of_another(indexed: Indexed) -> None:
    index = indexed(("Les chats dorment.", "fr"))
    assert index.search(["chat"], ["fr"], 10) == [0]
    assert index.search(["chat"], ["en", UNSTEMMED], 10) == []


def test_a_language_without_a_stemmer_is_found_by_its_words(indexed: Indexed) -> None:
    index = indexed(("Burmistrz otworzył most w Łodzi.", "pl"))
    assert index.search(["łodzi"], [UNSTEMMED], 10) == [0]


@pytest.mark.parametrize(
    "words", [[], ["absent"], ["?"], [""], ["AND", "OR"], ['titre:"x" +(']], ids=repr
)
def test_words_that_are_nowhere_find_nothing(indexed: Indexed, words: list[str]) -> None:
    assert indexed(("Le tram coûtera cher.", "fr")).search(words, ["fr"], 10) == []


def test_what_is_removed_is_no_longer_found_and_the_rest_is(tmp_path: Path) -> None:
    folder = tmp_path / "lexical"
    writer = LexicalWriter(folder)
    for number in range(8):
        writer.add(number, f"Le tram numéro {number} passe.", "fr")
    writer.close()
    opened = LexicalIndex(folder)
    writer = LexicalWriter(folder)
    writer.remove([2, 5])
    writer.remove([])
    writer.add(2**33, "Le tram de nuit passe.", "fr")
    writer.close()
    assert sorted(LexicalIndex(folder).search(["tram"], ["fr"], 20)) == [0, 1, 3, 4, 6, 7, 2**33]
    assert len(opened.search(["tram"], ["fr"], 20)) == 8  # as it was when it was opened
    writer = LexicalWriter(folder)
    writer.remove([2**33])
    writer.close()
    assert sorted(LexicalIndex(folder).search(["tram"], ["fr"], 20)) == [0, 1, 3, 4, 6, 7]


def test_no_more_than_asked_for_are_given(indexed: Indexed) -> None:
    index = indexed(*[("Le tram passe.", "fr")] * 5)
    assert len(index.search(["tram"], ["fr"], 3)) == 3


@pytest.mark.parametrize(
    ("written", "joined"),
    [
        ("100 000", "100000"), ("100,000", "100000"), ("100.000", "100000"),
        ("100\u202f000", "100000"), ("100\u00a0000", "100000"), ("100’000", "100000"),
        ("100'000", "100000"), ("1 234 567", "1234567"), ("1.234.567", "1234567"),
        ("(31 600)", "(31600)"), ("31 600 brioches", "31600 brioches"), ("100 000.", "100000."),
        # a decimal after the groups stays apart
        ("1.234,56", "1234,56"), ("1,234.56", "1234.56"), ("2 500 000,5", "2500000,5"),
        # a year before a number
        ("2018 300", "2018 300"), ("en 2018, 300 brioches", "en 2018, 300 brioches"),
        ("2018 300 000", "2018 300000"),
        # decimals, dates, times, scores, ordinary lists
        ("1,5", "1,5"), ("3.14", "3.14"), ("0,25", "0,25"), ("01.02.2003", "01.02.2003"),
        ("2003-02-01", "2003-02-01"), ("12:300", "12:300"), ("3-000", "3-000"),
        ("1, 250", "1, 250"), ("12 34", "12 34"), ("12 3456", "12 3456"), ("1 2345", "1 2345"),
        # addresses and telephone numbers in short groups
        ("192.168.1.10", "192168.1.10"), ("10.0.0.1", "10.0.0.1"),
        ("06 12 34 56 78", "06 12 34 56 78"), ("+33 6 12 34 56 78", "+33 6 12 34 56 78"),
        ("", ""), ("cent mille", "cent mille"),
    ],
)  # fmt: skip
def test_groups_of_three_digits_are_one_number_and_other_digits_are_left(
    written: str, joined: str
) -> None:
    assert joined_digits(written) == joined


HUNDRED_THOUSAND = [
    "100 000", "100,000", "100.000", "100\u202f000", "100\u00a0000", "100’000", "100000",
]  # fmt: skip


@pytest.mark.parametrize("asked", HUNDRED_THOUSAND)
@pytest.mark.parametrize("written", HUNDRED_THOUSAND)
def test_a_number_is_found_however_it_is_written(
    indexed: Indexed, asked: str, written: str
) -> None:
    index = indexed(
        ("Quelque 100 personnes, et 000 ailleurs.", "fr"),
        (f"Il a coûté {written} euros.", "fr"),
        ("Il a coûté 1 100 000 euros, ou 100 0000.", "fr"),
    )
    words = content_words(f"Qui a payé {asked} euros ?", "fr")
    assert "100000" in words
    assert index.search(["100000"], ["fr"], 10) == index.search([asked], ["fr"], 10) == [1]


@pytest.mark.parametrize(
    "text", ["192.168.100.200", "192.168.1.10", "0800 123 456", "+33 6 12 34 56 78", "555-123-4567"]
)
def test_addresses_and_telephone_numbers_are_found_as_they_are_written(
    indexed: Indexed, text: str
) -> None:
    index = indexed(("La mairie ferme.", "fr"), (f"Composez le {text}, dit-elle.", "fr"))
    assert index.search(content_words(f"Qui répond au {text} ?", "fr"), ["fr"], 10) == [1]


NUMERALS = st.text(st.sampled_from("0123456789 .,'’\u00a0\u202fx"), max_size=30)


@given(st.text(st.characters(exclude_categories=["Nd"])))
def test_a_text_without_digits_stays_as_it_is(text: str) -> None:
    assert joined_digits(text) == text


@given(NUMERALS | st.text())
def test_digits_that_are_joined_stay_so(text: str) -> None:
    assert joined_digits(joined_digits(text)) == joined_digits(text)


@given(NUMERALS | st.text())
def test_joining_takes_away_separators_between_digits_and_nothing_else(text: str) -> None:
    joined = joined_digits(text)
    at = 0
    for character in joined:  # a subsequence of the text, what was left out being separators
        left_out = text[at : text.index(character, at)]
        assert set(left_out) <= set(" \u00a0\u202f.,'’")
        at += len(left_out) + 1
    assert text[at:] == ""
    assert [c for c in text if c.isdecimal()] == [c for c in joined if c.isdecimal()]


@given(st.integers(1000, 10**12), st.sampled_from(" ,.\u00a0\u202f"))
def test_any_whole_number_in_groups_is_the_number(number: int, separator: str) -> None:
    assert joined_digits(f"{number:,}".replace(",", separator)) == str(number)


def allowing(numbers: Collection[int]) -> NDArray[np.int64]:
    return np.array(sorted(numbers), np.int64)


DOCUMENTS = [("Le tram passe.", "fr"), ("Le tram et le tram du pont.", "fr"), ("Le pont.", "fr")]


@pytest.fixture(scope="module")
def thirty(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    folder = tmp_path_factory.mktemp("thirty") / "lexical"
    writer = LexicalWriter(folder)
    for number in range(30):
        writer.add(number, *DOCUMENTS[number % 3])
    writer.close()
    return LexicalIndex(folder)


@given(st.sets(st.integers(0, 29)), st.integers(1, 40))
def test_of_those_allowed_the_best_are_found_in_the_same_order(
    thirty: LexicalIndex, allowed: set[int], limit: int
) -> None:
    words = ["tram", "pont"]
    among = [number for number in thirty.search(words, ["fr"], 40) if number in allowed]
    assert thirty.search(words, ["fr"], limit, allowing(allowed)) == among[:limit]


def test_what_is_allowed_must_hold_the_words_too(indexed: Indexed) -> None:
    index = indexed(("Le tram passe.", "fr"), ("Les chouettes crient.", "fr"))
    assert index.search(["tram"], ["fr"], 10, allowing([0, 1])) == [0]
    assert index.search(["tram"], ["fr"], 10, allowing([1])) == []
    assert index.search(["tram"], ["fr"], 10, allowing([])) == []
    assert index.search([], ["fr"], 10, allowing([0])) == []


def test_an_endless_word_does_no_harm(indexed: Indexed) -> None:
    index = indexed(("é" * 70_000 + " tram", "fr"))
    assert index.search(["tram"], ["fr"], 10) == [0]
    assert index.search(["é" * 70_000], ["fr"], 10) == []


def test_many_threads_may_search_at_once(indexed: Indexed) -> None:
    index = indexed(("Le tram passe.", "fr"), ("Les chouettes crient.", "fr"))
    questions = [("Où est le tram ?", 0), ("Que font les chouettes ?", 1)] * 100

    def first(question: str) -> int:
        return index.search(content_words(question, "fr"), ["fr"], 1)[0]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(first, [text for text, _ in questions])) == [n for _, n in questions]
