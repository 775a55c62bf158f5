"""Words: terms of a field, the words of a question, and BM25 candidates."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from index.lexical import (
    STEMMERS,
    UNSTEMMED,
    LexicalIndex,
    LexicalWriter,
    content_words,
    field_of,
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


def test_no_more_than_asked_for_are_given(indexed: Indexed) -> None:
    index = indexed(*[("Le tram passe.", "fr")] * 5)
    assert len(index.search(["tram"], ["fr"], 3)) == 3


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
