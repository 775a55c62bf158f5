"""Hybrid search, on the sample and on the smallest corpus there is.

Which passage scores how much is measured by scripts/evaluate.py; here is what holds whatever
the weights are.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.generations import open_current
from index.hits import Hit
from index.query import Query
from index.scoring import Scored
from index.search import CANDIDATES, Parts, Search

if TYPE_CHECKING:
    from tests.index.conftest import Newsroom, WrappedEncoder

ANSWERED = [
    (
        "Quand commencent les travaux de la ligne D du tram d'Ostwick ?",
        "fr",
        "sample/tram/01-un-projet-sur-les-rails.md",
    ),
    (
        "Pourquoi l'alarme du musée de Brissac n'a pas sonné ?",
        "fr",
        "sample/musee/02-alarme-coupee.html",
    ),
    (
        "How many people were on board the Brannock when it broke down?",
        "en",
        "sample/ferry/01-island-cut-off.md",
    ),
    # an English question, a French article
    (
        "What animal kept setting off the alarm at the Brissac museum?",
        "en",
        "sample/musee/02-alarme-coupee.html",
    ),
    # a French question, an English article
    (
        "Combien de temps a duré la première traversée du Solan vers Skerrow ?",
        "fr",
        "sample/ferry/05-first-crossing.html",
    ),
    (
        "¿Cuánto costará la línea D del tranvía de Ostwick?",
        "es",
        "sample/tram/04-310-millions.html",
    ),
    (
        "¿Cuánto costó la inundación de París de 1910?",
        "es",
        "sample/crue-1910/04-planks-and-patience.txt",
    ),
]

ODD_QUERIES = [
    "", " ", "\n", "?", "…!?", "«»", "🙂", "\x00", "'", "le la les", "pourquoi", "AND OR NOT",
    'titre:"x" +(', "%_*", "\u200b", "é" * 10_000, "tram " * 5_000,
]  # fmt: skip


def ids(hits: list[Hit]) -> list[str]:
    return [hit.article.id for hit in hits]


@pytest.mark.parametrize(("question", "language", "answering"), ANSWERED)
def test_a_question_finds_the_article_that_answers_it(
    sample_search: Search, question: str, language: str, answering: str
) -> None:
    query = Query.of(question)
    assert query.language == language
    assert answering in ids(sample_search.search(query, 5))


def test_a_question_too_short_to_tell_is_in_the_fallback_language() -> None:
    assert Query.of("310", fallback="en") == Query("310", "en")


@pytest.mark.parametrize("limit", [0, 1, 7, 1000])
def test_no_more_hits_than_asked_for_and_no_passage_twice(
    sample_search: Search, limit: int
) -> None:
    hits = sample_search.search(Query("Le tram d'Ostwick", "fr"), limit)
    assert len(hits) <= limit
    assert len({(hit.article.id, hit.passage.start) for hit in hits}) == len(hits)


@pytest.mark.parametrize(("question", "language"), [case[:2] for case in ANSWERED])
def test_whatever_is_found_stands_in_its_article(
    sample_search: Search, question: str, language: str
) -> None:
    for hit in sample_search.search(Query(question, language), 20):
        body, passage = hit.article.body, hit.passage
        assert passage.article_id == hit.article.id
        assert body[passage.start : passage.end] == passage.text
        assert tuple(sentence.span for sentence in hit.sentences) == passage.sentences


@pytest.mark.parametrize(("question", "language"), [case[:2] for case in ANSWERED])
def test_scores_stay_within_their_ranges(
    sample_search: Search, question: str, language: str
) -> None:
    for hit in sample_search.search(Query(question, language), 20):
        assert -1.001 <= hit.dense <= 1.001
        assert 0 <= hit.lexical < 1
        assert all(0 <= sentence.coverage <= 1 for sentence in hit.sentences)


@pytest.mark.parametrize("text", ODD_QUERIES, ids=lambda text: repr(text[:12]))
def test_no_query_fails(sample_search: Search, text: str) -> None:
    assert len(sample_search.search(Query.of(text), 5)) <= 5


@pytest.mark.parametrize("language", ["de", "und", "pl", "xx", "ar"])
def test_a_query_may_be_in_any_language(sample_search: Search, language: str) -> None:
    assert sample_search.search(Query("tram Ostwick", language), 5)


@pytest.mark.parametrize(
    ("text", "language"),
    [("東京の橋はいくらですか", "ja"), ("新桥要花多少钱", "zh"), ("다리는 얼마입니까?", "ko")],
)
def test_a_query_may_be_in_a_language_without_blanks(
    sample_search: Search, text: str, language: str
) -> None:
    assert sample_search.search(Query(text, language), 5)


def test_two_equal_searches_give_equal_hits(sample_search: Search) -> None:
    for question, language, _ in ANSWERED:
        query = Query(question, language)
        assert sample_search.search(query, 10) == sample_search.search(query, 10)


def test_many_threads_find_what_one_finds(sample_search: Search) -> None:
    queries = [Query(question, language) for question, language, _ in ANSWERED]
    alone = [ids(sample_search.search(query, 5)) for query in queries]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda query: sample_search.search(query, 5), queries * 3))
    assert [ids(hits) for hits in found] == alone * 3


def test_a_corpus_of_one_article_is_searched_like_any_other(newsroom: Newsroom) -> None:
    for name in ("owls.txt", "bread.txt"):
        (newsroom.articles / name).unlink()
    newsroom.reindex()
    with newsroom.opened() as generation:
        (hit,) = generation.search.search(Query("Combien coûtera le tram ?", "fr"), 5)
        assert "310 millions" in hit.passage.text
        for text in ODD_QUERIES:
            assert len(generation.search.search(Query(text, "fr"), 5)) <= 1


def test_a_passage_is_found_by_the_words_of_its_title(newsroom: Newsroom) -> None:
    newsroom.reindex()
    with newsroom.opened() as generation:
        hit, *_ = generation.search.search(Query("bakery in Skerrow", "en"), 5)
    assert hit.article.id == "articles/bread.txt"


@pytest.mark.parametrize(
    ("parts", "score"),
    [
        (Parts.DENSE, lambda scored: scored.dense),
        (Parts.LEXICAL, lambda scored: scored.lexical),
        (Parts.FUSED, lambda scored: scored.fused),
        (Parts.FULL, lambda scored: scored.fused),
    ],
)
@pytest.mark.parametrize(("question", "language"), [case[:2] for case in ANSWERED])
def test_each_part_orders_by_its_own_score(
    sample_search: Search,
    question: str,
    language: str,
    parts: Parts,
    score: Callable[[Scored], float],
) -> None:
    found = sample_search.candidates(Query(question, language), parts)
    scores = [score(scored) for scored in found]
    assert len(found) > 5
    assert scores == sorted(scores, reverse=True)


def test_the_parts_do_not_agree_on_the_order(sample_search: Search) -> None:
    query = Query(ANSWERED[0][0], "fr")
    orders = {
        tuple(hit.passage.text for hit in sample_search.search(query, 10, parts))
        for parts in (Parts.DENSE, Parts.LEXICAL, Parts.FUSED)
    }
    assert len(orders) == 3


@pytest.mark.parametrize("parts", list(Parts))
def test_hits_come_in_the_order_of_their_part(sample_search: Search, parts: Parts) -> None:
    query = Query(ANSWERED[0][0], "fr")
    places = [
        (scored.stored.article.id, scored.stored.passage.start)
        for scored in sample_search.candidates(query, parts)
    ]
    hits = sample_search.search(query, 10, parts)
    found = [places.index((hit.article.id, hit.passage.start)) for hit in hits]
    assert found == sorted(found)
    assert found[0] == 0


@pytest.mark.parametrize("parts", list(Parts))
def test_every_candidate_has_every_score(sample_search: Search, parts: Parts) -> None:
    found = sample_search.candidates(Query(ANSWERED[0][0], "fr"), parts)
    assert len({scored.stored.number for scored in found}) == len(found) <= 2 * CANDIDATES
    for scored in found:
        assert len(scored.cosines) == len(scored.stored.passage.sentences) > 0
        assert scored.best_sentence == max(scored.cosines)
        assert 0 < scored.dense <= 1.001
        assert 0 <= scored.lexical < 1
        assert scored.across == (scored.stored.article.language != "fr")
    # Those that the vectors found hold words too, and the other way round.
    assert any(scored.lexical for scored in found)


def test_without_the_vectors_only_passages_with_a_word_of_the_question_are_found(
    sample_search: Search,
) -> None:
    query = Query("Pelleteuse Vaudrecourt Ostwick", "fr")
    found = sample_search.candidates(query, Parts.LEXICAL)
    assert found
    for scored in found:
        assert "ostwick" in f"{scored.stored.article.title} {scored.stored.passage.text}".lower()
    assert sample_search.candidates(Query("Xylqzbrm ?", "fr"), Parts.LEXICAL) == []
    assert sample_search.candidates(Query("Xylqzbrm ?", "fr"), Parts.DENSE)


def test_a_question_asked_again_is_not_encoded_again(
    sample_index: Path, counting_encoder: WrappedEncoder
) -> None:
    generation = open_current(sample_index, counting_encoder)
    first, second = ANSWERED[0][0], ANSWERED[1][0]
    for question in (first, second, first, second):
        for parts in (Parts.FUSED, Parts.DENSE):
            generation.search.search(Query(question, "fr"), 5, parts)
    generation.search.candidates(Query(first, "en"))
    generation.close()
    assert counting_encoder.queries == [first, second]
