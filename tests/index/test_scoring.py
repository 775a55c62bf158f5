"""How the scores of a passage are fused, and what BM25 is taken over."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.articles.article import Article
from index.passages import split_into_passages
from index.query import Query
from index.scoring import (
    WEIGHTS,
    Scored,
    normalised_bm25,
    term_coverage,
)
from index.search import Search
from index.store import StoredPassage

ARTICLE = Article("a", "Le pont", "Le pont a rouvert lundi.", "fr")
PASSAGE = StoredPassage(0, split_into_passages(ARTICLE)[0], ARTICLE, 0)
SAME = Scored(PASSAGE, 0.8, 0.9, 0.1, (0.9,), across=False)
ACROSS = replace(SAME, across=True)

cosines = st.floats(-1, 1)
words_scores = st.floats(0, 1, exclude_max=True)


def test_meaning_sentence_and_words_are_weighed_and_added() -> None:
    assert SAME.fused == pytest.approx(
        (1 - WEIGHTS.sentence) * 0.8 + WEIGHTS.sentence * 0.9 + WEIGHTS.lexical * 0.1
    )


def test_across_languages_a_passage_with_few_words_of_the_question_is_not_put_behind() -> None:
    assert ACROSS.fused == replace(SAME, lexical=WEIGHTS.across).fused > SAME.fused


def test_across_languages_a_passage_with_many_words_of_the_question_keeps_its_score() -> None:
    many = WEIGHTS.across + 0.2
    assert replace(ACROSS, lexical=many).fused == replace(SAME, lexical=many).fused


@given(cosines, cosines, words_scores)
def test_within_one_language_words_count_for_what_they_are(
    dense: float, sentence: float, lexical: float
) -> None:
    scored = Scored(PASSAGE, dense, sentence, lexical, (sentence,), across=False)
    without = replace(scored, lexical=0.0)
    assert scored.fused - without.fused == pytest.approx(WEIGHTS.lexical * lexical)
    assert replace(scored, across=True).fused >= scored.fused


@given(cosines, cosines, words_scores, words_scores, st.booleans())
def test_more_words_of_the_question_never_lower_the_score(
    dense: float, sentence: float, one: float, other: float, across: bool
) -> None:
    low, high = sorted((one, other))
    scored = Scored(PASSAGE, dense, sentence, low, (sentence,), across)
    assert scored.fused <= replace(scored, lexical=high).fused


def test_a_question_in_another_language_than_the_article_is_asked_across(
    sample_search: Search,
) -> None:
    found = sample_search.candidates(
        Query("Wann wird das Gericht über die Seilbahn urteilen?", "de")
    )
    german = [scored for scored in found if scored.stored.article.language == "de"]
    others = [scored for scored in found if scored.stored.article.language != "de"]
    assert german
    assert others
    assert not any(scored.across for scored in german)
    assert all(scored.across for scored in others)


weights = st.dictionaries(st.text("abc", min_size=1, max_size=2), st.floats(0.01, 20), max_size=5)
texts = st.lists(st.text("abcd", min_size=1, max_size=2), max_size=40)


@given(weights, texts)
def test_words_score_within_their_range(weights: dict[str, float], words: list[str]) -> None:
    assert 0 <= normalised_bm25(weights, words) < 1
    assert 0 <= term_coverage(weights, words) <= 1 + 1e-9
    held = bool(set(weights) & set(words))
    assert (normalised_bm25(weights, words) > 0) == (term_coverage(weights, words) > 0) == held
