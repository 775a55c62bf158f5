"""In which language a text is written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from index.articles.article import UNKNOWN_LANGUAGE, Article
from index.articles.language import LANGUAGES, declared_language, detect, language_of
from index.articles.reading import ArticleFile, read_article


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Combien coûte le pont ?", "fr"),
        ("How much does the bridge cost?", "en"),
        ("¿Cuánto cuesta el puente?", "es"),
        ("Wie viel kostet die Brücke?", "de"),
        ("Quanto costa il ponte?", "it"),
        ("Сколько стоит мост?", "ru"),
        ("كم يكلف الجسر؟", "ar"),
    ],
)
def test_a_short_question_is_recognised(question: str, language: str) -> None:
    found, probability = detect(question)
    assert found == language
    assert 0.5 < probability <= 1


@pytest.mark.parametrize("text", ["", "  ", "2024 ?", "…"])
def test_a_text_without_letters_has_no_language(text: str) -> None:
    assert detect(text) == (UNKNOWN_LANGUAGE, 0.0)


@pytest.mark.parametrize(
    "text", ["Le pont.", "市长周二承认了这一点，工程费用远高于预期，市民对此表示不满。"]
)
def test_a_body_that_is_short_or_unlike_all_known_languages_stays_unknown(text: str) -> None:
    assert language_of(text) == UNKNOWN_LANGUAGE


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("fr", "fr"),
        ("fr-FR", "fr"),
        ("FR_be", "fr"),
        (" en ", "en"),
        ("pl", "pl"),
        ("xx", None),
        ("français", None),
        ("", None),
        (None, None),
    ],
)
def test_a_language_tag_is_reduced_to_its_code(tag: str | None, code: str | None) -> None:
    assert declared_language(tag) == code


@pytest.mark.parametrize(("declared", "expected"), [("en-GB", "en"), ("klingon", "fr")])
def test_a_declared_language_wins_where_it_is_one(
    tmp_path: Path, declared: str, expected: str
) -> None:
    path = tmp_path / "a.md"
    prose = "Le pont des Aulnes a rouvert lundi, après deux ans de travaux."
    path.write_text(f"---\nlang: {declared}\n---\n{prose}", encoding="utf-8")
    got = read_article(ArticleFile("a", path))
    assert isinstance(got, Article)
    assert got.language == expected


def test_furniture_does_not_vote(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    furniture = "Sign up to our newsletter to get the best of our reporting in your inbox\n\n" * 5
    path.write_text(furniture + "Le pont des Aulnes a rouvert lundi matin.", encoding="utf-8")
    got = read_article(ArticleFile("a", path))
    assert isinstance(got, Article)
    assert got.language == "fr"


def test_many_threads_may_ask_at_once() -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(detect, ["Combien coûte le pont ?"] * 64))
    assert {language for language, _ in found} == {"fr"}
    assert set(LANGUAGES) >= {"fr", "en"}
