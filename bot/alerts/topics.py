"""Topics as they are understood, and the articles that are about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from bot.alerts.alert import Excerpt
from bot.alerts.subscription import Subscription
from bot.answering.answer import ArticleReference
from index.articles.article import Article
from index.background import Background
from index.embedding import Encoder, Vector
from index.generations import Generation
from index.query import Filter, Query
from index.topics import (
    ArticlePassages,
    Evidence,
    Topic,
    Topics,
    bare_topic,
    threshold,
)

_CONSIDERED = 40  # articles of a preview
_PREVIEWED = 3


@dataclass(frozen=True, slots=True)
class About:
    """An article that a subscription is to be told of."""

    number: int  # of the subscription, among those followed
    log_odds: float
    excerpt: Excerpt


@dataclass(frozen=True, slots=True)
class Previewed:
    """An article that a topic would have brought."""

    article: ArticleReference
    excerpt: Excerpt


class Followed:
    """Subscriptions, ready for articles to be matched with all of them."""

    def __init__(self, subscriptions: Sequence[Subscription], topics: Topics) -> None:
        self.subscriptions = subscriptions
        self._topics = topics
        self._least = np.array([threshold(s.sensitivity, s.adjustment) for s in subscriptions])

    def about(self, article: ArticlePassages, *, updated: bool) -> list[About]:
        """The subscriptions that are to be told of an article.

        :param updated: it was there before and has changed, which few want to know.
        """
        match = self._topics.match(article)
        found = []
        for number in match.about(self._least):
            subscription = self.subscriptions[number]
            wanted = filter_of(subscription).lets_through(article.article)
            if wanted and (subscription.updates or not updated):
                log_odds = float(match.log_odds[number])
                found.append(About(number, log_odds, _excerpt(match.evidence(number))))
        return found


class TopicIndex:
    """Understands topics. Blocking; safe to call from several threads."""

    def __init__(self, encoder: Encoder, background: Background) -> None:
        self._encoder = encoder
        self._background = background
        # Those that were followed last, by the ids of their subscriptions: topics never change.
        self._last: tuple[list[int], Topics] = [], Topics([], background)

    @property
    def model(self) -> str:
        return self._encoder.name

    def vector(self, topic: str) -> Vector:
        return self._encoder.encode_query(bare_topic(topic))

    def title_vector(self, title: str) -> Vector:
        vector: Vector = self._encoder.encode_passages([title])[0]
        return vector

    def followed(
        self, subscriptions: Sequence[Subscription], vectors: Sequence[Vector]
    ) -> Followed:
        """:param vectors: of their topics, by this model."""
        ids = [subscription.id for subscription in subscriptions]
        last = self._last
        if ids != last[0]:
            topics = [
                Topic(subscription.topic, subscription.language, vector)
                for subscription, vector in zip(subscriptions, vectors, strict=True)
            ]
            self._last = last = ids, Topics(topics, self._background)
        return Followed(subscriptions, last[1])

    def preview(self, generation: Generation, subscription: Subscription) -> list[Previewed]:
        """The latest articles of the corpus that the subscription would have brought."""
        topic = Topic(subscription.topic, subscription.language, self.vector(subscription.topic))
        topics = Topics([topic], self._background)
        query = Query(
            bare_topic(subscription.topic), subscription.language, filter_of(subscription)
        )
        least = threshold(subscription.sensitivity, subscription.adjustment)
        brought: list[tuple[date, float, Previewed]] = []
        for article in _candidates(generation, query):
            match = topics.match(article_passages(generation, article))
            if match.about(least):
                previewed = Previewed(ArticleReference.of(article), _excerpt(match.evidence(0)))
                day = article.published or date.min
                brought.append((day, float(match.log_odds[0]), previewed))
        brought.sort(key=lambda item: item[:2], reverse=True)
        return [previewed for _, _, previewed in brought[:_PREVIEWED]]


def article_passages(generation: Generation, article: Article) -> ArticlePassages:
    """An article with the vectors that the index has of it."""
    stored = generation.store.passages_of(article.id)
    passages, sentences = generation.search.vectors_of(stored)
    return ArticlePassages(article, [found.passage for found in stored], passages, sentences)


def newest_run(generation: Generation) -> datetime | None:
    """When the newest run was that a generation holds: what is later is new."""
    run = next(iter(generation.store.runs()), None)
    return run.at if run else None


def filter_of(subscription: Subscription) -> Filter:
    return Filter(
        languages=frozenset(subscription.languages), sources=frozenset(subscription.sources)
    )


def _candidates(generation: Generation, query: Query) -> Iterable[Article]:
    """Articles that may be about a topic, each once, the likeliest first."""
    found: dict[str, Article] = {}
    for scored in generation.search.candidates(query):
        found.setdefault(scored.stored.article.id, scored.stored.article)
    return list(found.values())[:_CONSIDERED]


def _excerpt(evidence: Evidence) -> Excerpt:
    passage, sentence = evidence.passage, evidence.sentence
    return Excerpt(passage.start, passage.end, passage.text, sentence.start, sentence.end)
