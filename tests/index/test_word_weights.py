"""How much a word says, and the scores made of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.scoring import normalised_bm25, term_coverage
from index.word_weights import inverse_document_frequency

COUNTS = st.integers(0, 10_000_000).flatmap(
    lambda passages: st.tuples(st.integers(0, passages), st.just(passages))
)
LANGUAGES = st.sampled_from(["fr", "en", "es", "pl", "xx", "und"])
WORDS = st.sampled_from(["le", "the", "maire", "xylophone", "310", "Ostwick"]) | st.text(max_size=9)
WEIGHTS = st.dictionaries(st.sampled_from("abcdef"), st.floats(1e-6, 20), max_size=6)
TERMS = st.lists(st.sampled_from("abcdefxyz"), max_size=300)


@given(WORDS, LANGUAGES, COUNTS)
def test_every_word_says_something(word: str, language: str, counts: tuple[int, int]) -> None:
    assert 0 < inverse_document_frequency(word, language, *counts) < 30


@given(WORDS, LANGUAGES, COUNTS, st.integers(0, 10_000_000))
def test_passages_that_are_gone_do_not_make_a_word_say_less_than_if_all_held_it(
    word: str, language: str, counts: tuple[int, int], gone: int
) -> None:
    _, passages = counts
    everywhere = inverse_document_frequency(word, language, passages, passages)
    assert inverse_document_frequency(word, language, passages + gone, passages) == everywhere


@given(WORDS, LANGUAGES, COUNTS)
def test_a_word_in_fewer_passages_says_more(
    word: str, language: str, counts: tuple[int, int]
) -> None:
    held, passages = counts
    rarer = inverse_document_frequency(word, language, held // 2, passages)
    commoner = inverse_document_frequency(word, language, held, passages)
    assert rarer > commoner or held == 0


@pytest.mark.parametrize(
    ("language", "from_rare_to_common"),
    [
        ("fr", ["xylophone", "tramway", "maire", "le"]),
        ("en", ["xylophone", "ferry", "people", "the"]),
    ],
)
def test_on_a_corpus_of_one_passage_the_language_at_large_tells_what_is_rare(
    language: str, from_rare_to_common: list[str]
) -> None:
    weights = [inverse_document_frequency(w, language, 1, 1) for w in from_rare_to_common]
    assert weights == sorted(weights, reverse=True)
    assert len(set(weights)) == len(weights)


@given(WEIGHTS, TERMS)
def test_scores_of_words_stay_within_their_ranges(
    weights: dict[str, float], words: list[str]
) -> None:
    assert 0 <= normalised_bm25(weights, words) < 1
    assert 0 <= term_coverage(weights, words) <= 1


@given(WEIGHTS.filter(bool))
def test_a_text_with_every_word_covers_the_question_and_one_with_none_does_not(
    weights: dict[str, float],
) -> None:
    assert term_coverage(weights, list(weights)) == pytest.approx(1)
    assert term_coverage(weights, ["x"]) == normalised_bm25(weights, ["x"]) == 0


def test_nothing_asked_scores_nothing() -> None:
    assert normalised_bm25({}, ["a"]) == term_coverage({}, ["a"]) == 0


@given(WEIGHTS.filter(bool), TERMS, st.data())
def test_one_more_of_a_question_s_words_never_lowers_what_is_covered(
    weights: dict[str, float], words: list[str], data: st.DataObject
) -> None:
    word = data.draw(st.sampled_from(sorted(weights)))
    assert term_coverage(weights, [*words, word]) >= term_coverage(weights, words)


@given(WEIGHTS.filter(bool), TERMS, st.data())
def test_a_word_of_the_question_in_place_of_another_never_lowers_bm25(
    weights: dict[str, float], words: list[str], data: st.DataObject
) -> None:
    word = data.draw(st.sampled_from(sorted(weights)))
    without = normalised_bm25(weights, [*words, "x"])
    assert normalised_bm25(weights, [*words, word]) >= without
