"""Fit the log odds that an article is about a topic (index/topics.json).

    python scripts/calibrate_topics.py
    python scripts/calibrate_topics.py --background

Every topic of data/training, and every one of the tuning half of data/sample, is matched with
every article beside it; each pair is an example, and is about the topic if it is graded so or
squarely so. A logistic curve is fitted to how near the article is and to the words it shares,
and a threshold for each sensitivity is the least log odds at which alerts are right often
enough. Prints precision and recall of the examples; scripts/evaluate.py --alerts measures those
of the other half.

With --background, what topics are compared from (index/background.npz) is made before, which is
needed when the model's vectors or the texts of data/training have changed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from bot.settings import read_settings
from index.articles.article import Article
from index.articles.reading import read_articles
from index.background import (
    SHIPPED,
    TRAINING,
    Background,
    NoBackground,
    load_background,
    make_background,
    read_texts,
)
from index.embedding import Encoder, load_encoder
from index.topics import FITTED, Features, Sensitivity, Topic, Topics, Weights
from scripts.common import ERRORS, describe, quiet_logging
from scripts.evaluation.alerts import (
    ASKED,
    Grade,
    GradedTopic,
    embedded,
    of_half,
    read_graded_topics,
)
from scripts.evaluation.dataset import Half, NotADataset

SAMPLE = Path("data/sample")
# The share of alerts that are to be right: for each sensitivity, of what ASKED says.
PRECISION = {Sensitivity.STRICT: 0.9, Sensitivity.NORMAL: 0.8, Sensitivity.LOOSE: 0.5}
_TURNS = 6  # the best passage of an article depends on the weights: fit, choose again, fit


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Of pairs of topic and article."""

    features: list[tuple[Features, NDArray[np.int64]]]  # of some topics and one article: grades

    @property
    def grades(self) -> NDArray[np.int64]:
        return np.concatenate([grades for _, grades in self.features])

    def log_odds(self, weights: Weights) -> NDArray[np.float32]:
        return np.concatenate([features.log_odds(weights) for features, _ in self.features])


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    quiet_logging()
    try:
        settings = read_settings()
        encoder = load_encoder(settings.embedding_model, settings.models_dir)
        if arguments.background:
            make_background(encoder, arguments.training).save(SHIPPED)
        background = load_background(encoder, settings.models_dir)
        sets = [
            (
                read_graded_topics(arguments.training / "topics.jsonl"),
                read_texts(arguments.training),
            ),
            (
                of_half(read_graded_topics(arguments.sample / "topics.jsonl"), Half.TUNE),
                [a for a in read_articles([arguments.sample]) if isinstance(a, Article)],
            ),
        ]
        examples = Examples(
            [
                example
                for topics, articles in sets
                for example in _examples(topics, articles, encoder, background)
            ]
        )
        if len(set(examples.grades >= Grade.ABOUT)) < 2:
            raise NotADataset("articles that are about a topic and that are not are needed")
    except (*ERRORS, NotADataset, NoBackground) as error:
        print(f"calibrate_topics.py: {describe(error)}", file=sys.stderr)
        return 2
    weights = fitted(examples)
    thresholds = {
        sensitivity: least_log_odds(examples, weights, ASKED[sensitivity], precision)
        for sensitivity, precision in PRECISION.items()
    }
    written = {
        "weights": {name: round(value, 3) for name, value in asdict(weights).items()},
        "thresholds": thresholds,
        "fitted_on": {"topics": sum(len(topics) for topics, _ in sets)},
    }
    arguments.out.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    _print(examples, weights, thresholds)
    print(f"written to {arguments.out}")
    return 0


def fitted(examples: Examples) -> Weights:
    """The logistic curve that says best which articles are about a topic."""
    about = examples.grades >= Grade.ABOUT
    weights = Weights(0, 1, 1, 0, 0, 0, 0, 0, 0)
    for _ in range(_TURNS):
        rows = np.concatenate([_row(features, weights) for features, _ in examples.features])
        model = LogisticRegression(C=1e3, max_iter=5000).fit(rows, about)
        passage, sentence, article, words, names, words_across, names_across, across = map(
            float, model.coef_[0]
        )
        intercept = float(model.intercept_[0])
        weights = Weights(
            intercept=intercept,
            passage=passage,
            sentence=sentence,
            article=article,
            words=words,
            names=names,
            intercept_across=intercept + across,
            words_across=words_across,
            names_across=names_across,
        )
    return weights


def least_log_odds(examples: Examples, weights: Weights, asked: Grade, precision: float) -> float:
    """The lowest log odds, in tenths, from which on so large a share of alerts is right."""
    odds = examples.log_odds(weights)
    right = examples.grades >= asked
    for tenth in range(-60, 100):
        alerts = odds >= tenth / 10
        if alerts.any() and right[alerts].mean() >= precision:
            return tenth / 10
    raise NotADataset(f"no threshold makes {precision:.0%} of the alerts right")


def _examples(
    topics: Sequence[GradedTopic],
    articles: Sequence[Article],
    encoder: Encoder,
    background: Background,
) -> list[tuple[Features, NDArray[np.int64]]]:
    matcher = Topics(
        [Topic.of(topic.text, topic.language, encoder) for topic in topics], background
    )
    return [
        (features, np.array([topics[n].grades.get(found.article.id, 0) for n in numbers.tolist()]))
        for found in embedded(articles, encoder)
        for numbers, features in matcher.features(found)
    ]


def _row(features: Features, weights: Weights) -> NDArray[np.float64]:
    """What the curve weighs, a row a topic: of the passage that speaks most for it."""
    best = features.best(weights)[:, None]
    passage, sentence, words = (
        np.take_along_axis(of, best, axis=1)[:, 0]
        for of in (features.passage, features.sentence, features.words)
    )
    none = np.zeros_like(words)
    of_words = [words, features.names]
    of_words = [none, none, *of_words] if features.across else [*of_words, none, none]
    across = np.full_like(words, features.across)
    article = features.passage.mean(axis=1)
    return np.stack([passage, sentence, article, *of_words, across], axis=1)


def _print(examples: Examples, weights: Weights, thresholds: dict[Sensitivity, float]) -> None:
    odds, grades = examples.log_odds(weights), examples.grades
    print("sensitivity  log odds  alerts  precision  recall")
    for sensitivity, least in thresholds.items():
        alerts, right = odds >= least, grades >= ASKED[sensitivity]
        precision, recall = right[alerts].mean(), alerts[right].mean()
        print(f"{sensitivity:11}  {least:8.1f}  {alerts.sum():6}  {precision:9.3f}  {recall:6.3f}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--background", action="store_true", help="make the background first")
    parser.add_argument("--training", type=Path, default=TRAINING, metavar="DIR")
    parser.add_argument("--sample", type=Path, default=SAMPLE, metavar="DIR")
    parser.add_argument("--out", type=Path, default=FITTED, metavar="FILE")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
