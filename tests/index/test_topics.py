"""Which topics an article is about. How often that is right is for scripts/evaluate.py --alerts;
here is what holds whatever the weights are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.articles.article import Article
from index.background import (
    SHIPPED,
    Background,
    NoBackground,
    load_background,
    make_background,
    read_texts,
)
from index.embedding import Encoder
from index.search import Search
from index.topics import (
    ArticlePassages,
    Match,
    Sensitivity,
    Topic,
    Topics,
    bare_topic,
    load_calibration,
    threshold,
)
from tests.index.conftest import WordsEncoder

NORMAL, LOOSE = threshold(Sensitivity.NORMAL), threshold(Sensitivity.LOOSE)
MUSEUM, FERRY = "sample/musee/02-alarme-coupee.html", "sample/ferry/01-island-cut-off.md"
COACH, CABLE_CAR = "sample/club/04-lanoy-s-en-va.txt", "sample/seilbahn/03-ein-knappes-ja.html"
METRO = "sample/crue-1910/03-the-drowned-metro.html"


@pytest.fixture(scope="module")
def background() -> Background:
    return Background.load(SHIPPED)


def article_of(search: Search, id: str) -> ArticlePassages:
    stored = search.store.passages_of(id)
    return ArticlePassages(
        stored[0].article, [found.passage for found in stored], *search.vectors_of(stored)
    )


def all_articles(search: Search) -> list[ArticlePassages]:
    return [article_of(search, article.id) for article in search.store.articles()]


def topics_of(encoder: Encoder, background: Background, *written: tuple[str, str]) -> Topics:
    return Topics([Topic.of(text, language, encoder) for text, language in written], background)


@pytest.mark.parametrize(
    ("topic", "language", "about"),
    [
        ("vol au musée de Brissac", "fr", MUSEUM),
        ("Skerrow ferry", "en", FERRY),
        ("Béatrice Lanoy", "fr", COACH),
        ("Seilbahn Wiedenbrunn", "de", CABLE_CAR),
        # across languages
        ("le ferry de Skerrow", "fr", FERRY),
        ("robos en museos", "es", MUSEUM),
        ("téléphérique de Wiedenbrunn", "fr", CABLE_CAR),
    ],
)
def test_an_article_about_a_topic_is_told_from_all_others(
    sample_search: Search,
    encoder: Encoder,
    background: Background,
    topic: str,
    language: str,
    about: str,
) -> None:
    topics = topics_of(encoder, background, (topic, language))
    story = about.rpartition("/")[0]
    odds = {
        found.article.id: float(topics.match(found).log_odds[0])
        for found in all_articles(sample_search)
    }
    assert odds[about] >= NORMAL
    assert not [id for id in odds if odds[id] >= NORMAL and not id.startswith(story)]


@pytest.mark.parametrize(
    ("topic", "language"),
    [
        ("métro de Lyon", "fr"), ("musée du Louvre", "fr"), ("Seilbahn Koblenz", "de"),
        ("Heathrow third runway", "en"), ("Béatrice Dalle", "fr"), ("bitcoin", "fr"),
    ],
)  # fmt: skip
def test_a_topic_that_no_article_is_about_brings_none(
    sample_search: Search, encoder: Encoder, background: Background, topic: str, language: str
) -> None:
    topics = topics_of(encoder, background, (topic, language))
    odds = [topics.match(found).log_odds[0] for found in all_articles(sample_search)]
    assert max(odds) < threshold(Sensitivity.STRICT)


def test_an_article_with_a_name_is_likelier_about_it_than_one_without(
    sample_search: Search, encoder: Encoder, background: Background
) -> None:
    topics = topics_of(encoder, background, ("métro de Paris", "fr"), ("métro de Lyon", "fr"))
    paris, lyon = topics.match(article_of(sample_search, METRO)).log_odds
    assert paris > lyon + 1


def test_the_evidence_is_a_sentence_of_the_article(
    sample_search: Search, encoder: Encoder, background: Background
) -> None:
    topics = topics_of(encoder, background, ("Béatrice Lanoy", "fr"), ("women's football", "en"))
    found = article_of(sample_search, COACH)
    match = topics.match(found)
    for number in range(len(topics)):
        evidence = match.evidence(number)
        assert evidence.passage in found.passages
        assert evidence.sentence in evidence.passage.sentences
    span = match.evidence(0).sentence
    assert "Lanoy" in found.article.body[span.start : span.end]


def same(one: Match, other: Match) -> bool:
    return bool(np.allclose(one.log_odds, other.log_odds, atol=1e-4))


def test_a_score_depends_on_no_other_topic(
    sample_search: Search, encoder: Encoder, background: Background
) -> None:
    written = [("vol au musée", "fr"), ("ferry", "en"), ("Seilbahn", "de"), ("le vol", "fr")]
    found = article_of(sample_search, MUSEUM)
    together = topics_of(encoder, background, *written).match(found)
    for number, topic in enumerate(written):
        alone = topics_of(encoder, background, topic).match(found)
        assert alone.log_odds[0] == pytest.approx(together.log_odds[number], abs=1e-4)
        assert alone.evidence(0) == together.evidence(number)


def test_a_score_depends_on_no_other_article(
    sample_search: Search, encoder: Encoder, background: Background
) -> None:
    topics = topics_of(encoder, background, ("vol au musée", "fr"), ("ferry", "en"))
    found = article_of(sample_search, MUSEUM)
    first = topics.match(found)
    for other in all_articles(sample_search)[:5]:
        topics.match(other)
    assert np.array_equal(topics.match(found).log_odds, first.log_odds)


def test_ten_thousand_topics_match_as_each_alone(
    sample_search: Search, encoder: Encoder, background: Background
) -> None:
    few = [
        Topic.of(text, language, encoder)
        for text, language in [("vol au musée", "fr"), ("ferry", "en"), ("Museum", "de")]
    ]
    many = Topics([few[i % 3] for i in range(10_000)], background)
    found = article_of(sample_search, MUSEUM)
    odds = many.match(found).log_odds
    assert len(many) == len(odds) == 10_000
    alone = Topics(few, background).match(found).log_odds
    assert np.allclose(odds, np.resize(alone, 10_000), atol=1e-4)


def test_no_topics_and_no_passages_match_nothing(
    sample_search: Search, encoder: Encoder, background: Background
) -> None:
    found = article_of(sample_search, MUSEUM)
    assert Topics([], background).match(found).about(-100) == []
    empty = replace(
        found,
        passages=[],
        passage_vectors=found.passage_vectors[:0],
        sentence_vectors=found.sentence_vectors[:0],
    )
    topics = topics_of(encoder, background, ("vol au musée", "fr"))
    assert topics.match(empty).about(-100) == []


@pytest.mark.parametrize(
    "text",
    [
        "🚋",
        "!?",
        "a",
        "le la les",
        "x" * 200,
        "tram " * 40,
        "tram tram",
        "12 000",
        "مترو",
        "\u200b",
    ],
)
@pytest.mark.parametrize("language", ["fr", "de", "ja", "und"])
def test_odd_topics_have_a_score(
    sample_search: Search, encoder: Encoder, background: Background, text: str, language: str
) -> None:
    match = topics_of(encoder, background, (text, language)).match(article_of(sample_search, FERRY))
    assert np.isfinite(match.log_odds).all()
    assert match.evidence(0).sentence in match.evidence(0).passage.sentences


def test_an_article_in_an_unknown_language_is_matched(
    sample_search: Search, encoder: Encoder, background: Background
) -> None:
    found = article_of(sample_search, COACH)
    unknown = replace(found, article=replace(found.article, language="und"))
    topics = topics_of(encoder, background, ("Béatrice Lanoy", "fr"), ("bitcoin", "fr"))
    odds = topics.match(unknown).log_odds
    assert odds[0] > NORMAL > LOOSE > odds[1]


def test_topics_are_told_best_first_each_by_its_own_threshold(
    sample_search: Search, encoder: Encoder, background: Background
) -> None:
    topics = topics_of(encoder, background, ("bitcoin", "fr"), ("musée", "fr"), ("vol", "fr"))
    match = topics.match(article_of(sample_search, MUSEUM))
    everything = match.about(-100)
    assert sorted(everything) == [0, 1, 2]
    assert list(match.log_odds[everything]) == sorted(match.log_odds, reverse=True)
    assert match.about(np.array([-100, 100, 100])) == [0]


def test_a_stricter_sensitivity_asks_for_more_and_an_adjustment_moves_it() -> None:
    strict, normal, loose = (threshold(sensitivity) for sensitivity in Sensitivity)
    assert strict > normal > loose
    assert threshold(Sensitivity.NORMAL, 0.5) == pytest.approx(normal + 0.5)


def test_the_shipped_weights_count_for_a_topic_what_speaks_for_it() -> None:
    weights = load_calibration().weights
    for name in ("passage", "sentence", "article", "words", "words_across"):
        assert getattr(weights, name) > 0
    assert weights.names < 0
    assert weights.names_across < 0


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("OTAN et Russie", "OTAN et Russie"),
        ("Je veux tout savoir sur l'OTAN", "l'OTAN"),
        ("tout sur les loups", "les loups"),
        ("Toute l’actualité de l'OM", "l'OM"),
        ("suivre les dernières nouvelles de Lyon", "Lyon"),
        ("préviens-moi sur : la météo", "la météo"),
        ("follow the latest news about Ukraine", "Ukraine"),
        ("I want to know everything about wolves", "wolves"),
        ("quiero saber todo sobre el Real Madrid", "el Real Madrid"),
        ("Alles über Störche", "Störche"),
        ("Gibt es Neues von der Fähre?", "der Fähre?"),
        ("Voglio sapere tutto sulle brioche", "brioche"),
        # nothing but an instruction is a topic; so are words that only begin like one
        ("tout sur", "tout sur"),
        ("actualités", "actualités"),
        ("Suivrey-le-Vieux", "Suivrey-le-Vieux"),
        ("tout-à-l'égout", "tout-à-l'égout"),
        ("news", "news"),
        ("  deux   blancs ", "deux blancs"),
        ("", ""),
    ],
)
def test_words_that_only_ask_to_be_told_are_no_part_of_a_topic(text: str, bare: str) -> None:
    assert bare_topic(text) == bare


@given(st.text(max_size=60))
def test_a_topic_without_instructions_stays_so(text: str) -> None:
    bare = bare_topic(text)
    assert bare_topic(bare) == bare
    assert any(map(str.isalnum, bare)) == any(map(str.isalnum, text))


def test_a_topic_is_embedded_without_its_instruction(encoder: Encoder) -> None:
    asked, bare = (Topic.of(text, "fr", encoder) for text in ("tout sur les loups", "les loups"))
    assert np.array_equal(asked.vector, bare.vector)


TEXT = (
    '{"language": "fr", "title": "Le puits", "text": "Le puits de Garenne est sec. On creuse."}\n'
)


def test_another_model_has_a_background_of_its_own_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training, models = tmp_path / "training", tmp_path / "models"
    training.mkdir()
    (training / "news-z.jsonl").write_text(TEXT * 30, encoding="utf-8")
    (training / "topics.jsonl").write_text('{"topic": "puits"}\n', encoding="utf-8")
    monkeypatch.setattr("index.background.TRAINING", training)
    encoder = WordsEncoder("another")
    made = load_background(encoder, models)
    assert set(made.passages.of) == {"all", "fr"}
    assert encoder.passages
    encoder.passages.clear()
    again = load_background(encoder, models)
    assert not encoder.passages
    assert np.allclose(again.sentences.of["fr"], made.sentences.of["fr"], rtol=1e-2)
    [kept] = models.iterdir()
    kept.write_bytes(b"damaged")
    load_background(encoder, models)
    assert encoder.passages


def test_without_texts_there_is_no_background_for_another_model(tmp_path: Path) -> None:
    with pytest.raises(NoBackground, match=str(tmp_path)):
        make_background(WordsEncoder(), tmp_path)


def test_the_texts_that_topics_are_compared_from_have_ids_of_their_own() -> None:
    texts = read_texts(Path(__file__).parents[2] / "data" / "training")
    assert len({text.id for text in texts}) == len(texts) > 1000
    assert all(isinstance(text, Article) and text.body for text in texts)
