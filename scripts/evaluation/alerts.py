"""How well alerts find the articles that topics are about.

A file of graded topics, one JSON object a line, beside the articles: id, topic, language, and
the articles that are `squarely` about it, `about` it among other things, and only `related`; all
others have nothing to do with it. Every topic is matched with every article, as an article that
has just arrived is.

At each sensitivity an alert is right where the article has at least the grade that the
sensitivity asks for: strict, squarely; normal, about; loose, related. Precision is the share of
alerts that are right, recall the share of such articles that are alerted: over all pairs of
topic and article (micro), and averaged over topics (macro: precision over those with an alert,
recall over those with such an article). `precision_lenient` also counts as right the next lower
grade, with which a subscriber may well be content.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np

from bot.settings import Settings
from index.articles.article import Article
from index.articles.reading import read_articles
from index.background import Background, load_background
from index.embedding import Encoder, Matrix, load_encoder
from index.passages import split_into_passages
from index.scoring import searched_text
from index.search import Search
from index.topics import ArticlePassages, Sensitivity, Topic, Topics, threshold
from scripts.common import progress_bar
from scripts.evaluation.dataset import Half, NotADataset
from scripts.evaluation.figures import Figures
from scripts.evaluation.systems import indexed

TOPICS = Path("data/sample/topics.jsonl")


class Grade(IntEnum):
    """How much an article has to do with a topic."""

    NOTHING = 0
    RELATED = 1
    ABOUT = 2
    SQUARELY = 3


ASKED = {
    Sensitivity.STRICT: Grade.SQUARELY,
    Sensitivity.NORMAL: Grade.ABOUT,
    Sensitivity.LOOSE: Grade.RELATED,
}


@dataclass(frozen=True, slots=True)
class GradedTopic:
    id: str
    text: str
    language: str  # ISO 639-1
    grades: Mapping[
        str, Grade
    ]  # Article.id -> grade; those with nothing to do with it are left out

    @property
    def half(self) -> Half:
        """Drawn by its id alone: topics added later move no other."""
        return Half.REPORT if hashlib.sha256(self.id.encode()).digest()[0] % 2 else Half.TUNE


@dataclass(frozen=True, slots=True)
class Pair:
    """One topic and one article."""

    topic: GradedTopic
    article: Article
    log_odds: float

    @property
    def grade(self) -> Grade:
        return self.topic.grades.get(self.article.id, Grade.NOTHING)

    @property
    def across(self) -> bool:
        return self.article.language != self.topic.language


def read_graded_topics(path: Path) -> list[GradedTopic]:
    """:raises NotADataset: where the file holds none."""
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        topics = [_graded(row) for row in rows]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise NotADataset(f"{path} is not a file of graded topics: {error!r}") from error
    if not topics:
        raise NotADataset(f"{path} holds no topic")
    return topics


def of_half(topics: Sequence[GradedTopic], half: Half | None) -> list[GradedTopic]:
    return [topic for topic in topics if half is None or topic.half is half]


def embedded(articles: Sequence[Article], encoder: Encoder) -> list[ArticlePassages]:
    """Articles as the index holds them, without an index."""
    cut = [split_into_passages(article) for article in articles]
    passages = [
        searched_text(article, passage.text)
        for article, own in zip(articles, cut, strict=True)
        for passage in own
    ]
    sentences = [
        searched_text(article, article.body[span.start : span.end])
        for article, own in zip(articles, cut, strict=True)
        for passage in own
        for span in passage.sentences
    ]
    rows = _in_halves(encoder.encode_passages(passages, progress_bar("passages", len(passages))))
    of_sentences = _in_halves(
        encoder.encode_passages(sentences, progress_bar("sentences", len(sentences)))
    )
    found = []
    first = first_sentence = 0
    for article, own in zip(articles, cut, strict=True):
        end = first + len(own)
        end_sentence = first_sentence + sum(len(passage.sentences) for passage in own)
        found.append(
            ArticlePassages(
                article, own, rows[first:end], of_sentences[first_sentence:end_sentence]
            )
        )
        first, first_sentence = end, end_sentence
    return found


def matched(
    topics: Sequence[GradedTopic],
    articles: Iterable[ArticlePassages],
    encoder: Encoder,
    background: Background,
) -> list[Pair]:
    """Every topic with every article."""
    all_topics = Topics(
        [Topic.of(topic.text, topic.language, encoder) for topic in topics], background
    )
    return [
        Pair(topic, article.article, log_odds)
        for article in articles
        for topic, log_odds in zip(topics, all_topics.match(article).log_odds.tolist(), strict=True)
    ]


def measured(pairs: Sequence[Pair]) -> Figures:
    """By the names under which they are reported; shares are in [0, 1]."""
    topics = {pair.topic.id for pair in pairs}
    unmatched = topics - {pair.topic.id for pair in pairs if pair.grade}
    figures: Figures = {
        "topics": len(topics),
        "topics_that_no_article_is_about": len(unmatched),
        "articles": len({pair.article.id for pair in pairs}),
    }
    for sensitivity, asked in ASKED.items():
        least = threshold(sensitivity)
        figures |= {
            f"{sensitivity}_{name}": value for name, value in _shares(pairs, least, asked).items()
        }
        for name, across in (("same_language", False), ("across_languages", True)):
            some = _shares([pair for pair in pairs if pair.across is across], least, asked)
            figures |= {
                f"{sensitivity}_{kind}_{name}": some[kind] for kind in ("precision", "recall")
            }
        figures[f"{sensitivity}_alerts_where_nothing_is"] = sum(
            pair.topic.id in unmatched and pair.log_odds >= least for pair in pairs
        )
    return figures


def curve(pairs: Sequence[Pair], asked: Grade = Grade.ABOUT) -> list[tuple[float, ...]]:
    """(threshold, alerts, precision, recall) by half steps of the log odds."""
    rows = list[tuple[float, ...]]()
    for step in range(-8, 13):
        shares = _shares(pairs, step / 2, asked)
        rows.append((step / 2, shares["alerts"], shares["precision"], shares["recall"]))
    return rows


def misses(pairs: Sequence[Pair], sensitivity: Sensitivity) -> Iterator[str]:
    """What went wrong, a line each: alerts that are wrong, the surest first; then articles that
    none was for, the least sure first."""
    least, asked = threshold(sensitivity), ASKED[sensitivity]
    wrong = [pair for pair in pairs if (pair.log_odds >= least) != (pair.grade >= asked)]
    for pair in sorted(wrong, key=lambda p: (p.log_odds < least, -abs(p.log_odds - least))):
        kind = "wrong " if pair.log_odds >= least else "missed"
        yield (
            f"{kind} {pair.log_odds:6.2f} {pair.topic.id} {pair.topic.text} [{pair.topic.language}]"
            f" | {pair.grade.name.lower()} | {pair.article.title} ({pair.article.id})"
        )


def run(path: Path, settings: Settings, half: str, with_misses: bool) -> Figures:
    """Index the articles beside a file of graded topics, and print and return the figures.

    :param half: of the topics: tune, report or all.
    :raises NotADataset: where the file holds no such topics.
    """
    encoder = load_encoder(settings.embedding_model, settings.models_dir)
    articles = [found for found in read_articles([path.parent]) if isinstance(found, Article)]
    with indexed(articles, encoder) as search:
        chosen = None if half == "all" else Half(half)
        pairs = evaluate_alerts(path, chosen, search, encoder, settings.models_dir)
    return print_alerts(pairs, with_misses=with_misses)


def evaluate_alerts(
    path: Path, half: Half | None, search: Search, encoder: Encoder, models_dir: Path
) -> list[Pair]:
    """Every graded topic of a file with every article of an index of those beside it.

    :param half: the topics that count; None for all.
    :raises NotADataset: where the file holds no such topics, or the index not their articles.
    :raises NoBackground: where the model is not the default one and has none.
    """
    topics = of_half(read_graded_topics(path), half)
    if not topics:
        raise NotADataset(f"{path} holds no topic of that half")
    articles = list(search.store.articles())
    missing = {id for topic in topics for id in topic.grades} - {article.id for article in articles}
    if missing:
        raise NotADataset(f"the index does not hold {min(missing)}, which {path} grades")
    read = (_as_indexed(article, search) for article in articles)
    return matched(topics, read, encoder, load_background(encoder, models_dir))


def print_alerts(pairs: Sequence[Pair], *, with_misses: bool) -> Figures:
    """Print what was measured, and precision and recall at normal by threshold."""
    figures = measured(pairs)
    for name, value in figures.items():
        print(f"{name:46} {value:9}" if isinstance(value, int) else f"{name:46} {value:9.4f}")
    print("\nlog odds  alerts  precision  recall")
    for least, alerts, precision, recall in curve(pairs):
        print(f"{least:8.1f}  {alerts:6.0f}  {precision:9.3f}  {recall:6.3f}")
    if with_misses:
        print()
        for line in misses(pairs, Sensitivity.NORMAL):
            print(line)
    return figures


def _graded(row: dict[str, Any]) -> GradedTopic:
    grades = {
        article: grade
        for grade in (Grade.RELATED, Grade.ABOUT, Grade.SQUARELY)
        for article in row[grade.name.lower()]
    }
    return GradedTopic(row["id"], row["topic"], row["language"], grades)


def _in_halves(vectors: Matrix) -> Matrix:
    """With what an index loses of them."""
    halved: Matrix = vectors.astype(np.float16).astype(np.float32)
    return halved


def _shares(pairs: Sequence[Pair], least: float, asked: Grade) -> Figures:
    alerts = [pair for pair in pairs if pair.log_odds >= least]
    right = [pair for pair in alerts if pair.grade >= asked]
    wanted = [pair for pair in pairs if pair.grade >= asked]
    lenient = max(asked - 1, Grade.RELATED)
    precision, recall = _share(len(right), len(alerts)), _share(len(right), len(wanted))
    return {
        "alerts": len(alerts),
        "precision": precision,
        "precision_lenient": _share(sum(p.grade >= lenient for p in alerts), len(alerts)),
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if right else 0.0,
        "precision_macro": _macro(right, alerts),
        "recall_macro": _macro(right, wanted),
    }


def _macro(some: Sequence[Pair], all_of_them: Sequence[Pair]) -> float:
    """The share of some in all, averaged over the topics that have any."""
    shares = [
        _share(
            sum(pair.topic.id == topic for pair in some),
            sum(pair.topic.id == topic for pair in all_of_them),
        )
        for topic in sorted({pair.topic.id for pair in all_of_them})
    ]
    return sum(shares) / len(shares) if shares else math.nan


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _as_indexed(article: Article, search: Search) -> ArticlePassages:
    stored = search.store.passages_of(article.id)
    passages, sentences = search.vectors_of(stored)
    return ArticlePassages(article, [found.passage for found in stored], passages, sentences)
