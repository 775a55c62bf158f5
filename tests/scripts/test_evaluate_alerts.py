"""scripts/evaluation/alerts.py and scripts/calibrate_topics.py: what the figures say of alerts."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from bot.settings import Settings
from index.articles.article import Article
from index.background import read_texts
from index.embedding import Encoder
from index.search import Search
from index.topics import Features, Sensitivity, Weights, threshold
from scripts import calibrate_topics
from scripts.calibrate_topics import Examples, fitted, least_log_odds
from scripts.evaluation import alerts
from scripts.evaluation.alerts import (
    Grade,
    GradedTopic,
    Pair,
    curve,
    evaluate_alerts,
    measured,
    misses,
    of_half,
    print_alerts,
    read_graded_topics,
)
from scripts.evaluation.dataset import Half, NotADataset

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
TRAINING = Path(__file__).parents[2] / "data" / "training"
NORMAL = threshold(Sensitivity.NORMAL)


def pair(grade: Grade, log_odds: float, topic: str = "t", language: str = "fr") -> Pair:
    article = Article(f"a{log_odds}", "Titre", "Texte.", language)
    return Pair(GradedTopic(topic, "tram", "fr", {article.id: grade}), article, log_odds)


PAIRS = [
    pair(Grade.SQUARELY, NORMAL + 3),
    pair(Grade.ABOUT, NORMAL + 2),
    pair(Grade.RELATED, NORMAL + 1),
    pair(Grade.NOTHING, NORMAL, language="de"),
    pair(Grade.ABOUT, NORMAL - 9, language="de"),
    pair(Grade.NOTHING, NORMAL + 1, topic="none"),
]


def test_at_normal_an_alert_is_right_where_the_article_is_about_the_topic() -> None:
    figures = measured(PAIRS)
    assert figures["normal_alerts"] == 5
    assert figures["normal_precision"] == pytest.approx(2 / 5)
    assert figures["normal_precision_lenient"] == pytest.approx(3 / 5)
    assert figures["normal_recall"] == pytest.approx(2 / 3)
    assert figures["normal_f1"] == pytest.approx(0.5)
    assert figures["normal_precision_macro"] == pytest.approx((2 / 4 + 0) / 2)
    assert figures["normal_recall_macro"] == pytest.approx(2 / 3)
    assert figures["normal_precision_across_languages"] == 0
    assert figures["normal_recall_same_language"] == 1
    assert figures["topics_that_no_article_is_about"] == 1
    assert figures["normal_alerts_where_nothing_is"] == 1


def test_without_alerts_there_is_no_precision() -> None:
    figures = measured([pair(Grade.ABOUT, -90.0)])
    assert math.isnan(figures["normal_precision"])
    assert figures["normal_recall"] == figures["normal_f1"] == 0


def test_a_higher_threshold_never_brings_more() -> None:
    rows = curve(PAIRS)
    assert all(one[1] >= other[1] for one, other in zip(rows, rows[1:], strict=False))


def test_misses_are_wrong_alerts_and_missed_articles() -> None:
    lines = list(misses(PAIRS, Sensitivity.NORMAL))
    assert [line.split()[0] for line in lines] == ["wrong"] * 3 + ["missed"]


def test_halves_are_drawn_by_id_and_share_nothing() -> None:
    topics = read_graded_topics(SAMPLE / "topics.jsonl")
    tune, report = (of_half(topics, half) for half in Half)
    assert {t.id for t in tune} | {t.id for t in report} == {t.id for t in topics}
    assert not {t.id for t in tune} & {t.id for t in report}
    assert min(len(tune), len(report)) > len(topics) / 3
    assert of_half(topics, None) == topics


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id": "x"}', "5"])
def test_what_is_no_file_of_graded_topics_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "topics.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NotADataset, match=r"topics\.jsonl"):
        read_graded_topics(path)


def test_the_training_topics_grade_texts_that_are_there() -> None:
    known = {text.id for text in read_texts(TRAINING)}
    topics = read_graded_topics(TRAINING / "topics.jsonl")
    assert {id for topic in topics for id in topic.grades} <= known
    assert len({topic.id for topic in topics}) == len(topics)


def test_the_sample_is_measured(
    sample_search: Search,
    encoder: Encoder,
    models_dir: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pairs = evaluate_alerts(SAMPLE / "topics.jsonl", Half.TUNE, sample_search, encoder, models_dir)
    figures = print_alerts(pairs, with_misses=True)
    assert figures["articles"] == 68
    assert figures["normal_precision"] > 0.8
    assert figures["strict_recall"] <= figures["loose_recall"]
    printed = capsys.readouterr().out
    assert "loose_recall" in printed
    assert "log odds" in printed
    assert "missed" in printed


def test_the_articles_beside_a_file_of_topics_are_indexed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: Encoder, models_dir: Path
) -> None:
    monkeypatch.setattr(alerts, "load_encoder", lambda *_: encoder)
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name in ("tram", "pont"):
        text = f"Le {name} d'Ostwick\n\nLe {name} d'Ostwick a rouvert lundi, dit le maire.\n"
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    topic = {"id": "x", "topic": "le tram", "language": "fr", "squarely": ["corpus/tram.txt"]}
    path = folder / "topics.jsonl"
    path.write_text(json.dumps({**topic, "about": [], "related": []}), encoding="utf-8")
    settings = Settings(models_dir=models_dir)
    assert alerts.run(path, settings, "all", False)["articles"] == 2
    other = "tune" if read_graded_topics(path)[0].half is Half.REPORT else "report"
    with pytest.raises(NotADataset, match="half"):
        alerts.run(path, settings, other, False)


def test_topics_of_other_articles_are_refused(
    tmp_path: Path, sample_search: Search, encoder: Encoder, models_dir: Path
) -> None:
    topic = {"id": "x", "topic": "tram", "language": "fr", "squarely": ["elsewhere"]}
    path = tmp_path / "topics.jsonl"
    path.write_text(json.dumps({**topic, "about": [], "related": []}), encoding="utf-8")
    with pytest.raises(NotADataset, match="elsewhere"):
        evaluate_alerts(path, None, sample_search, encoder, models_dir)


TRUE = Weights(-3.0, 4.0, 3.0, 2.0, 1.0, -4.0, -2.0, 0.5, -2.0)


def drawn(count: int) -> Examples:
    """Articles of two passages that are about a topic as often as TRUE says."""
    rng = np.random.default_rng(0)
    examples = []
    for across in (False, True):
        shape = (count, 2)
        features = Features(
            rng.uniform(0, 1, shape).astype(np.float32),
            rng.uniform(0, 1, shape).astype(np.float32),
            rng.uniform(0, 1, shape).astype(np.float32),
            rng.uniform(0, 1, count).astype(np.float32),
            across,
        )
        about = rng.random(count) < 1 / (1 + np.exp(-features.log_odds(TRUE)))
        examples.append((features, np.where(about, Grade.SQUARELY, Grade.NOTHING)))
    return Examples(examples)


def test_the_weights_that_examples_were_drawn_from_are_found_again() -> None:
    examples = drawn(30_000)
    weights = fitted(examples)
    assert weights.passage == pytest.approx(TRUE.passage, abs=0.5)
    assert weights.names == pytest.approx(TRUE.names, abs=0.5)
    assert weights.intercept_across - weights.intercept == pytest.approx(1.0, abs=0.4)
    said = examples.log_odds(weights)
    assert np.corrcoef(said, examples.log_odds(TRUE))[0, 1] > 0.99


def test_the_threshold_is_the_lowest_at_which_enough_alerts_are_right() -> None:
    examples = drawn(5_000)
    least = least_log_odds(examples, TRUE, Grade.SQUARELY, 0.8)
    odds, right = examples.log_odds(TRUE), examples.grades >= Grade.SQUARELY
    assert right[odds >= least].mean() >= 0.8 > right[odds >= least - 0.1].mean()
    with pytest.raises(NotADataset):
        least_log_odds(examples, TRUE, Grade.SQUARELY, 1.01)


def test_folders_without_topics_are_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: Encoder,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(calibrate_topics, "load_encoder", lambda *_: encoder)
    out = tmp_path / "topics.json"
    assert calibrate_topics.main(["--training", str(tmp_path), "--out", str(out)]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("calibrate_topics.py: ")
    assert len(printed.err.splitlines()) == 1
    assert not out.exists()
