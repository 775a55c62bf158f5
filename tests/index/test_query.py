"""Which articles may answer: filters in the store, and in a search of the sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from index.articles.article import Article
from index.hits import Hit
from index.passages import split_into_passages
from index.query import Filter, Query
from index.search import Parts, Search
from index.store import Store, StoreWriter

QUESTION = "Combien coûteront les travaux ?"
ENGLISH_MAY = Article(
    "a", "A", "One. Two.", "en", source="The Wexmouth Echo", published=date(2024, 5, 31)
)
FRENCH_JUNE = Article(
    "b", "B", "Un. Deux.", "fr", source="L’ÉCHO du Ried", published=date(2024, 6, 1)
)
FRENCH_OLD = Article("c", "C", "Trois.", "fr", source="La Gazette", published=date(987, 7, 3))
UNDATED = Article("d", "D", "Quatre.", "fr", source="La Gazette")
NO_SOURCE = Article("e", "E", "Fünf.", "de", published=date(2024, 6, 15))
# Longer than a passage, so that an article has several.
LONG = Article("f", "F", "Le pont a rouvert mardi. " * 90, "und", published=date(2025, 1, 1))
ALL = [ENGLISH_MAY, FRENCH_JUNE, FRENCH_OLD, UNDATED, NO_SOURCE, LONG]

Matching = Callable[[Filter], set[str]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path: Path = tmp_path_factory.mktemp("store") / "articles.sqlite"
    writer = StoreWriter(path)
    for article in ALL:
        writer.add(article, split_into_passages(article))
    writer.close()
    opened = Store(path)
    yield opened
    opened.close()


@pytest.fixture
def matching(store: Store) -> Matching:
    """The articles that a filter lets through."""

    def ids(filter: Filter) -> set[str]:
        return {found.article.id for found in store.passages(store.matching(filter).tolist())}

    return ids


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        (Filter(), "abcdef"),
        # the first and the last day are within the range
        (Filter(since=date(2024, 6, 1)), "bef"),
        (Filter(since=date(2024, 6, 2)), "ef"),
        (Filter(until=date(2024, 5, 31)), "ac"),
        (Filter(until=date(2024, 5, 30)), "c"),
        (Filter(until=date(987, 7, 3)), "c"),
        (Filter(since=date(2024, 6, 1), until=date(2024, 6, 1)), "b"),
        (Filter(since=date(2024, 6, 2), until=date(2024, 6, 1)), ""),
        # an article without a date is outside every range
        (Filter(since=date.min), "abcef"),
        (Filter(until=date.max), "abcef"),
        (Filter(languages=frozenset({"fr"})), "bcd"),
        (Filter(languages=frozenset({"fr", "de"})), "bcde"),
        (Filter(languages=frozenset({"pt"})), ""),
        # a part of the name is enough, whatever its case and accents
        (Filter(sources=frozenset({"écho"})), "ab"),
        (Filter(sources=frozenset({"ÉCHO"})), "ab"),
        (Filter(sources=frozenset({"WEXMOUTH ECHO"})), "a"),
        (Filter(sources=frozenset({"la gazette"})), "cd"),
        (Filter(sources=frozenset({"wexmouth", "ried"})), "ab"),
        (Filter(sources=frozenset({"%"})), ""),
        (Filter(sources=frozenset({"_a"})), ""),
        (Filter(sources=frozenset({"' OR 1=1 --"})), ""),
        (Filter(sources=frozenset({"gazette"}), since=date(900, 1, 1)), "c"),
        (
            Filter(
                since=date(2024, 1, 1),
                until=date(2024, 12, 31),
                languages=frozenset({"fr", "en"}),
                sources=frozenset({"du ried", "gazette"}),
            ),
            "b",
        ),
    ],
)
def test_a_filter_lets_through_what_it_names(
    matching: Matching, filter: Filter, expected: str
) -> None:
    assert matching(filter) == set(expected)


def test_every_passage_of_an_article_goes_through_with_it_in_order(store: Store) -> None:
    numbers = store.matching(Filter(since=date(2025, 1, 1)))
    assert len(numbers) == len(split_into_passages(LONG)) > 1
    assert numbers.tolist() == sorted(numbers)
    assert store.matching(Filter()).tolist() == list(range(store.counts()[1]))


@pytest.mark.parametrize(
    "filter",
    [
        Filter(since=date(2024, 1, 1)),
        Filter(until=date(2024, 1, 1)),
        Filter(languages=frozenset({"fr"})),
        Filter(sources=frozenset({"écho"})),
    ],
)
def test_a_filter_is_true_where_it_limits_something(filter: Filter) -> None:
    assert filter
    assert not Filter()


def found(search: Search, filter: Filter, parts: Parts = Parts.FUSED) -> list[Hit]:
    hits = search.search(Query(QUESTION, "fr", filter), 10, parts)
    assert hits
    return hits


@pytest.mark.parametrize("parts", [Parts.DENSE, Parts.LEXICAL, Parts.FUSED])
def test_a_search_finds_only_what_was_published_in_the_range(
    sample_search: Search, parts: Parts
) -> None:
    range = Filter(since=date(2023, 1, 1), until=date(2023, 12, 31))
    for hit in found(sample_search, range, parts):
        assert hit.article.published is not None
        assert hit.article.published.year == 2023


@pytest.mark.parametrize("language", ["fr", "en", "es", "de", "it"])
def test_a_search_finds_only_what_is_in_the_language(sample_search: Search, language: str) -> None:
    hits = found(sample_search, Filter(languages=frozenset({language})))
    assert {hit.article.language for hit in hits} == {language}


@pytest.mark.parametrize("source", ["CORREO DE", "harbour", "l'arvenne LIBRE"])
def test_a_search_finds_only_what_the_paper_printed(sample_search: Search, source: str) -> None:
    for hit in found(sample_search, Filter(sources=frozenset({source}))):
        assert source.lower() in (hit.article.source or "").lower()


def test_the_apostrophe_of_a_keyboard_is_that_of_a_paper(sample_search: Search) -> None:
    """On no keyboard is the ’ of "Le Phare de l’Ouest"."""
    for hit in found(sample_search, Filter(sources=frozenset({"Phare de l'Ouest"}))):
        assert hit.article.source == "Le Phare de l’Ouest"


def test_a_search_keeps_to_several_limits_at_once(sample_search: Search) -> None:
    both = Filter(
        since=date(2022, 1, 1), until=date(2022, 12, 31), sources=frozenset({"correo", "gazette"})
    )
    for hit in found(sample_search, both):
        assert hit.article.published is not None
        assert hit.article.published.year == 2022
        assert any(part in (hit.article.source or "").lower() for part in ("correo", "gazette"))


def test_what_the_filter_keeps_out_takes_no_place(sample_search: Search) -> None:
    """A question on one story, asked of a language in which nobody wrote about it: all places
    are filled, though without the filter none of these passages comes near the first."""
    question = Query("Quand commencent les travaux de la ligne D du tram d'Ostwick ?", "fr")
    italian = Query(question.text, "fr", Filter(languages=frozenset({"it"})))
    assert not [
        hit
        for hit in sample_search.search(question, 10, Parts.FUSED)
        if hit.article.language == "it"
    ]
    assert len(sample_search.search(italian, 10, Parts.FUSED)) == 10


def test_the_order_and_the_scores_are_those_without_the_filter(sample_search: Search) -> None:
    question = Query(QUESTION, "fr")
    french = Query(QUESTION, "fr", Filter(languages=frozenset({"fr"})))
    scores = {found.stored.number: found for found in sample_search.candidates(question)}
    filtered = sample_search.candidates(french)
    fused = [found.fused for found in filtered]
    assert fused == sorted(fused, reverse=True)
    known = [found for found in filtered if found.stored.number in scores]
    assert len(known) > 5
    for found in known:
        unfiltered = scores[found.stored.number]
        # Rounding depends on how many passages are scored at once.
        assert found.dense == pytest.approx(unfiltered.dense, abs=1e-5)
        assert found.fused == pytest.approx(unfiltered.fused, abs=1e-5)
        assert (found.lexical, found.cosines) == (unfiltered.lexical, unfiltered.cosines)


@pytest.mark.parametrize("parts", list(Parts))
@pytest.mark.parametrize(
    "filter",
    [
        Filter(since=date(2999, 1, 1)),
        Filter(since=date(2024, 2, 1), until=date(2024, 1, 1)),
        Filter(languages=frozenset({"zz"})),
        Filter(sources=frozenset({"no such paper"})),
    ],
)
def test_a_filter_that_nothing_passes_finds_nothing(
    sample_search: Search, filter: Filter, parts: Parts
) -> None:
    assert sample_search.search(Query(QUESTION, "fr", filter), 10, parts) == []
    assert sample_search.candidates(Query(QUESTION, "fr", filter), parts) == []


def test_a_copy_that_the_filter_keeps_out_is_not_named(sample_search: Search) -> None:
    question = "¿Cuántos paneles solares llevará la cubierta del mercado?"
    copies = {
        source: [
            copy.source
            for hit in sample_search.search(Query(question, "es", filter), 5, Parts.FUSED)
            for copy in hit.copies
        ]
        for source, filter in [
            ("any", Filter()),
            ("one", Filter(sources=frozenset({"Diario de la Ribera"}))),
        ]
    }
    assert copies["any"]
    assert copies["one"] == []
