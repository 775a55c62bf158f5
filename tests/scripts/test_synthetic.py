"""scripts/synthetic: collections made up, and how near they come to real ones."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from index.articles.article import Article
from index.articles.reading import read_articles
from index.embedding import Encoder, Matrix
from index.passages import split_into_passages
from index.scoring import searched_text
from index.vector_cache import VectorCache
from scripts.evaluation.dataset import load_dataset
from scripts.synthetic.articles import LANGUAGES, generated_article, generated_articles
from scripts.synthetic.vectors import (
    QUANTILES,
    RANKS,
    Asking,
    Mixture,
    Rows,
    VectorMixer,
    as_table,
    neighbour_scores,
    pair_scores,
    query_scores,
    report,
)

SAMPLE = Path(__file__).parents[2] / "data" / "sample"


@pytest.fixture(scope="module")
def made() -> list[Article]:
    return list(generated_articles(600))


@pytest.fixture(scope="module")
def sample() -> list[Article]:
    found = [item for item in read_articles([SAMPLE]) if isinstance(item, Article)]
    return [article for article in found if not article.id.startswith("sample/questions")]


def test_an_article_is_the_same_whatever_the_count(made: list[Article]) -> None:
    assert list(generated_articles(30)) == made[:30]
    assert generated_article(599) == made[599]
    assert next(iter(generated_articles(1, seed=1))) != made[0]
    assert list(islice(generated_articles(250_000), 3)) == made[:3]  # lazily


def test_articles_are_as_long_as_real_ones(made: list[Article], sample: list[Article]) -> None:
    ours, real = _lengths(made), _lengths(sample)
    assert {1, 8} <= set(ours["passages"]) <= set(range(1, 9))
    assert np.mean(ours["passages"]) == pytest.approx(np.mean(real["passages"]), rel=0.1)
    for what in ("characters", "sentences", "words"):
        assert np.median(ours[what]) == pytest.approx(np.median(real[what]), rel=0.15), what
        assert np.percentile(ours[what], 90) == pytest.approx(
            np.percentile(real[what], 90), rel=0.2
        ), what


def test_words_are_as_frequent_as_in_the_language(made: list[Article]) -> None:
    words = Counter(
        word
        for article in made
        if article.language == "fr"
        for word in re.findall(r"[^\W\d_]+", article.body.lower())
    )
    ranked = [count for _, count in words.most_common()]
    assert words.most_common(1)[0][0] == "de"
    assert 0.03 < ranked[0] / sum(ranked) < 0.08
    # Zipf: the thousandth is about a hundredth as frequent as the tenth.
    assert 30 < ranked[9] / ranked[999] < 300
    assert sum(count == 1 for count in ranked) > 0.2 * len(ranked)


def test_articles_look_like_articles(made: list[Article]) -> None:
    assert len({article.id for article in made}) == len(made)
    assert len({article.url for article in made}) == len(made)
    languages = Counter(article.language for article in made)
    assert set(languages) == set(LANGUAGES)
    assert languages.most_common(1)[0][0] == "fr"
    for article in made:
        assert article.title[0].isupper()
        assert article.published is not None
        assert article.source
        assert article.author
        assert re.fullmatch(
            r"https://[a-z0-9-]+\.example/\d{4}/\d\d/\d\d/[a-z0-9-]+", article.url or ""
        )
    text = " ".join(article.body for article in made)
    words = re.findall(r"\w+", text)
    assert 0.08 < np.mean([word[0].isupper() for word in words]) < 0.2
    assert 0.04 < np.mean([word.isdigit() for word in words]) < 0.12
    assert not re.search(r"’(\s|$)|\b[dlnst]’[b-df-gj-np-tv-xz]", text)


def test_articles_of_a_story_share_names_and_language(made: list[Article]) -> None:
    shared = [len(_names(one) & _names(two)) > 3 for one, two in zip(made, made[1:], strict=False)]
    # Stories have 3.4 articles: seven in ten are followed by one of the same story.
    assert 0.55 < np.mean(shared) < 0.85
    for together, one, two in zip(shared, made, made[1:], strict=False):
        assert not together or one.language == two.language


def _names(article: Article) -> set[str]:
    """Words written with a capital, and in the middle of a sentence."""
    return set(re.findall(r"(?<=[a-z,] )[A-Z]\w+", article.body))


def _lengths(articles: list[Article]) -> dict[str, list[int]]:
    split = [(article, split_into_passages(article)) for article in articles]
    passages = [(article, passage) for article, found in split for passage in found]
    return {
        "passages": [len(found) for _, found in split],
        "characters": [len(passage.text) for _, passage in passages],
        "sentences": [len(passage.sentences) for _, passage in passages],
        "words": [
            len(article.body[span.start : span.end].split())
            for article, passage in passages
            for span in passage.sentences
        ],
    }


@dataclass(frozen=True, slots=True)
class Real:
    """Real vectors: passages with the article of each, questions with the passage of each."""

    passages: Matrix
    articles: Rows
    questions: Matrix
    owners: Rows


@pytest.fixture(scope="module")
def real(sample: list[Article], sample_index: Path, encoder: Encoder) -> Real:
    rows = [(a, passage) for a in sample for passage in split_into_passages(a)]
    numbers = {article.id: number for number, article in enumerate(sample)}
    asked = [
        (question.text, row)
        for question in load_dataset(SAMPLE / "questions.jsonl", 0).questions
        for row, (article, passage) in enumerate(rows)
        if any(e.article == article.id and e.words in passage.text for e in question.answers)
    ]
    with VectorCache(sample_index, encoder) as known:
        passages = known.encode([searched_text(a, passage.text) for a, passage in rows])
        assert not known.embedded
    return Real(
        passages,
        np.array([numbers[a.id] for a, _ in rows]),
        np.stack([encoder.encode_query(text) for text, _ in asked]),
        np.array([row for _, row in asked]),
    )


@pytest.fixture(scope="module")
def mixer(real: Real) -> VectorMixer:
    return VectorMixer(real.passages, real.articles, real.questions, real.owners)


@pytest.fixture(scope="module")
def rows(mixer: VectorMixer) -> Matrix:
    return mixer.passages(0, 5000)


@given_settings(max_examples=20)
@given(start=st.integers(0, 4999), count=st.integers(0, 2500))
def test_a_passage_is_the_same_whatever_is_asked_with_it(
    mixer: VectorMixer, rows: Matrix, start: int, count: int
) -> None:
    count = min(count, 5000 - start)
    assert np.array_equal(mixer.passages(start, count), rows[start : start + count])


def test_the_seed_draws_the_vectors(real: Real, rows: Matrix) -> None:
    def first(seed: int) -> Matrix:
        known = real.passages, real.articles, real.questions, real.owners
        return VectorMixer(*known, seed=seed).passages(0, 10)

    assert np.array_equal(first(0), rows[:10])
    assert not np.allclose(first(1), rows[:10])


def test_vectors_are_of_unit_length_and_all_different(mixer: VectorMixer, rows: Matrix) -> None:
    asked, _ = mixer.queries(50, 5000)
    for vectors in (rows, asked):
        assert vectors.dtype == np.float32
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        assert len(np.unique(vectors, axis=0)) == len(vectors)


def test_passages_are_nearest_to_their_article_then_to_their_story(
    mixer: VectorMixer, rows: Matrix
) -> None:
    stories, articles = mixer.groups(0, 5000)
    assert np.array_equal(mixer.groups(3000, 500)[1], articles[3000:3500])
    assert max(Counter(articles.tolist()).values()) <= 8
    assert len(set(zip(stories.tolist(), articles.tolist(), strict=True))) == len(set(articles))
    scores = rows[:1000] @ rows[:1000].T
    same_article = articles[:1000, None] == articles[:1000]
    same_story = (stories[:1000, None] == stories[:1000]) & ~same_article
    np.fill_diagonal(same_article, False)
    others = stories[:1000, None] != stories[:1000]
    means = [scores[kind].mean() for kind in (same_article, same_story, others)]
    assert means[0] > means[1] + 0.02
    assert means[1] > means[2] + 0.005


def test_queries_are_about_their_passages(mixer: VectorMixer, rows: Matrix) -> None:
    asked, owners = mixer.queries(300, 5000)
    again, same = mixer.queries(20, 5000)
    assert np.allclose(again, asked[:20], atol=1e-6)
    assert np.array_equal(same, owners[:20])
    assert owners.min() >= 0
    assert owners.max() < 5000
    own = (asked * rows[owners]).sum(axis=1)
    assert (own > (asked * rows[np.roll(owners, 1)]).sum(axis=1)).mean() > 0.95


def test_fitted_vectors_have_the_scores_of_real_ones(mixer: VectorMixer, real: Real) -> None:
    fitted = mixer.fit(real.passages, real.questions, real.owners)
    assert fitted.mixture != mixer.mixture
    assert fitted.asking != mixer.asking
    count = len(real.passages)
    expected = report(real.passages, real.questions, real.owners)
    found = report(fitted.passages(0, count), *fitted.queries(300, count))
    table = as_table(expected, found)
    for name, quantiles in expected.items():
        away = np.abs(found[name] - quantiles)
        assert away.mean() < MEAN_AWAY, f"{name}\n{table}"
        assert away.max() < MOST_AWAY, f"{name}\n{table}"


# Of cosine, between quantiles: 278 passages are few, of stories larger than those mixed.
MEAN_AWAY, MOST_AWAY = 0.015, 0.04


def test_scores_are_those_of_all_pairs(rows: Matrix) -> None:
    few = rows[:150]
    scores = few @ few.T
    np.fill_diagonal(scores, -1)
    best = -np.sort(-scores, axis=1)
    found = neighbour_scores(few, 150, seed=0)
    assert tuple(found) == RANKS
    for rank in RANKS:
        assert np.allclose(found[rank], np.quantile(best[:, rank - 1], QUANTILES), atol=1e-5)
    pairs = np.quantile(scores[np.triu_indices(150, 1)], QUANTILES)
    assert np.allclose(pair_scores(few, 50_000, seed=0), pairs, atol=0.005)
    assert tuple(neighbour_scores(few[:6], 6, seed=0)) == (1, 2, 5)


def test_the_gap_is_to_the_best_other_passage() -> None:
    matrix = np.eye(3, dtype=np.float32)
    queries = np.array([[0.8, 0.6, 0], [0.6, 0, 0.8]], np.float32)
    found = query_scores(queries, np.array([0, 0]), matrix)
    assert found["own"][2] == pytest.approx(0.7)
    assert found["gap"][[0, -1]] == pytest.approx([-0.18, 0.18])


def test_the_table_sets_one_beside_the_other() -> None:
    ours, theirs = np.arange(5) / 10, np.arange(5) / 5
    head, line = as_table({"rank 1": ours}, {"rank 1": theirs}).splitlines()
    assert head.split() == ["quantile", "5", "%", "25", "%", "50", "%", "75", "%", "95", "%"]
    assert line.startswith("rank 1         0.000 | 0.000   0.100 | 0.200")


def test_two_articles_are_needed_and_one_of_two_passages() -> None:
    vectors = np.eye(3, dtype=np.float32)
    for articles in ([0, 0, 0], [0, 1, 2]):
        with pytest.raises(ValueError, match="two articles"):
            VectorMixer(vectors, np.array(articles), vectors, np.arange(3))


def test_the_shares_of_a_passage_leave_some_for_its_own() -> None:
    mixture, asking = Mixture(), Asking()
    assert mixture.story + mixture.article < 1
    assert 0 < asking.own < asking.rest < mixture.length
