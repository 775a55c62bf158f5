"""From the articles that arrived to alerts in the outbox."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Select, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.alerts.alert import AlertState, article_as_json
from bot.alerts.subscription import Chat, Subscription, SubscriptionState
from bot.alerts.subscriptions import as_chat, as_subscription
from bot.alerts.timing import due_at
from bot.alerts.topics import About, Followed, TopicIndex, article_passages
from bot.answering.answer import ArticleReference
from bot.assistant import Assistant
from bot.state.database import Database
from bot.state.tables import (
    AlertRow,
    ChatRow,
    MatchedArticleRow,
    MatchedRunRow,
    SubscriptionRow,
    TellingRow,
)
from index.arrivals import Arrival, Run
from index.articles.article import Article
from index.embedding import Vector
from index.generations import Generation
from index.stories import WINDOW, Telling, Told, stories_told

logger = logging.getLogger(__name__)

_RUNS_AT_ONCE = 50
_ARTICLES_AT_ONCE = 200  # in one transaction
_ROWS_AT_ONCE = 500
_OPENING = 300  # characters of the body that help to tell its story


@dataclass(frozen=True, slots=True)
class _Followers:
    """Subscriptions that may be told, each with its chat."""

    followed: Followed
    chats: Sequence[Chat]


@dataclass(frozen=True, slots=True)
class _Found:
    """An article that some subscription is to be told of."""

    article: Article
    identity: str
    version: str  # "" where it is new, else the run that changed it
    telling: Telling
    told: list[tuple[Subscription, Chat, About]]


@dataclass(slots=True)
class _Batch:
    """Articles of one run that have been matched, those that nobody follows among them."""

    matched: list[tuple[str, str]] = field(default_factory=list)  # identity and version
    found: list[_Found] = field(default_factory=list)


class Matcher:
    """Matches every article that arrives, once, with all subscriptions there are then."""

    def __init__(
        self,
        assistant: Assistant,
        topics: TopicIndex,
        database: Database,
        now: Callable[[], datetime],
        default_zone: ZoneInfo,
        max_age: timedelta,
    ) -> None:
        """:param max_age: of articles, by their date; one without a date is of today."""
        self._assistant = assistant
        self._topics = topics
        self._database = database
        self._now = now
        self._default_zone = default_zone
        self._max_age = max_age
        self._one_at_a_time = asyncio.Lock()

    async def match_arrivals(self) -> int:
        """Match what arrived since the last time; how many alerts were written.

        What has been matched is marked in the transaction that writes its alerts.
        """
        async with self._one_at_a_time:
            with self._assistant.generation() as generation:
                runs = await self._unmatched(generation)
                return sum([await self._match_run(generation, run, runs[-1]) for run in runs])

    async def _unmatched(self, generation: Generation) -> list[Run]:
        """Runs since the last that was matched, the oldest first.

        A generation holds every run before those it holds: the newest known one ends the search.
        """
        runs: list[Run] = []
        walk = generation.store.runs()
        while page := await asyncio.to_thread(lambda: list(islice(walk, _RUNS_AT_ONCE))):
            async with self._database.reading() as session:
                found = await session.scalars(
                    select(MatchedRunRow.id).where(MatchedRunRow.id.in_([run.id for run in page]))
                )
                known = set(found)
            for run in page:
                if run.id in known:
                    return runs[::-1]
                runs.append(run)
        return runs[::-1]

    async def _match_run(self, generation: Generation, run: Run, newest: Run) -> int:
        """:param newest: of the generation, whose articles are as they were after that run."""
        written = articles = 0
        followers = None if run.quiet else await self._followers(run)
        if followers:
            arrivals = iter(await asyncio.to_thread(generation.store.arrived_in, run))
            while batch := list(islice(arrivals, _ARTICLES_AT_ONCE)):
                matched = await asyncio.to_thread(self._match, generation, run, followers, batch)
                written += await self._write(run, newest, matched)
                articles += len(batch)
        async with self._database.writing() as session:
            await session.execute(
                self._database.insert_new(MatchedRunRow).values(id=run.id, at=self._now())
            )
        if articles:
            logger.info("matched articles=%d alerts=%d", articles, written)
        return written

    async def _followers(self, run: Run) -> _Followers | None:
        """The subscriptions to which this run is new, if there are any."""
        reached = select(ChatRow.__table__).where(ChatRow.unreachable_since.is_(None))
        following = (
            select(SubscriptionRow.__table__)
            .where(SubscriptionRow.state == SubscriptionState.ACTIVE)
            .where(or_(SubscriptionRow.since.is_(None), SubscriptionRow.since < run.at))
            .order_by(SubscriptionRow.id)
        )
        chats: dict[int, Chat] = {}
        subscriptions: list[Subscription] = []
        vectors: list[Vector | None] = []
        async with self._database.reading() as session:
            async for row in _rows(session, reached):
                chats[row.id] = as_chat(row, self._default_zone)
            async for row in _rows(session, following):
                if row.chat_id in chats:
                    known = row.vector is not None and row.model == self._topics.model
                    subscriptions.append(as_subscription(row))
                    vectors.append(np.frombuffer(row.vector, np.float32) if known else None)
        if not subscriptions:
            return None
        pairs = zip(subscriptions, vectors, strict=True)
        current = [
            await self._embed_anew(subscription) if vector is None else vector
            for subscription, vector in pairs
        ]
        followed = await asyncio.to_thread(self._topics.followed, subscriptions, current)
        return _Followers(followed, [chats[found.chat_id] for found in subscriptions])

    async def _embed_anew(self, subscription: Subscription) -> Vector:
        """A vector of another model is replaced by one of the model in use."""
        vector = await asyncio.to_thread(self._topics.vector, subscription.topic)
        async with self._database.writing() as session:
            await session.execute(
                update(SubscriptionRow)
                .where(SubscriptionRow.id == subscription.id)
                .values(vector=vector.tobytes(), model=self._topics.model)
            )
        return vector

    def _match(
        self,
        generation: Generation,
        run: Run,
        followers: _Followers,
        arrivals: Sequence[Arrival],
    ) -> _Batch:
        """Blocking: computes for some milliseconds an article."""
        batch = _Batch()
        today = self._now().date()
        followed, chats = followers.followed, followers.chats
        for arrival in arrivals:
            article = arrival.article
            identity = _identity(article)
            version = "" if arrival.first else run.id
            batch.matched.append((identity, version))
            if article.published and today - article.published > self._max_age:
                continue
            passages = article_passages(generation, article)
            found = followed.about(passages, updated=not arrival.first)
            if found:
                telling = self._telling(article)
                told = [
                    (followed.subscriptions[about.number], chats[about.number], about)
                    for about in found
                ]
                batch.found.append(_Found(article, identity, version, telling, told))
        return batch

    def _telling(self, article: Article) -> Telling:
        """As it is told now: of most articles only the day is known."""
        return Telling(
            _identity(article),
            article.title,
            " ".join(article.body[:_OPENING].split()),
            article.language,
            self._topics.title_vector(article.title),
            self._now(),
        )

    async def _write(self, run: Run, newest: Run, batch: _Batch) -> int:
        """Mark what was matched and write its alerts, in one transaction; how many are new."""
        now = self._now()
        async with self._database.writing() as session:
            fresh = await self._mark(session, run, newest, batch.matched)
            found = [item for item in batch.found if (item.identity, item.version) in fresh]
            if not found:
                return 0
            stories = await self._stories(session, found, now)
            told = await self._told(session, set(stories), now)
            new: dict[tuple[int, str], dict[str, Any]] = {}
            values: list[dict[str, Any]] = []
            for item, story in zip(found, stories, strict=True):
                reference = article_as_json(ArticleReference.of(item.article))
                for subscription, chat, about in item.told:
                    place = subscription.id, story
                    if not item.version and (earlier := new.get(place)):
                        earlier["others"].append(reference)
                    elif not item.version and (row := told.get(place)):
                        row.others = [*row.others, reference]
                        row.outdated = row.state in (AlertState.SENT, AlertState.SENDING)
                    else:
                        alert = _values(item, subscription, chat, about, story, reference, now)
                        new.setdefault(place, alert)
                        values.append(alert)
            if values:
                await session.execute(insert(AlertRow), values)
            return len(values)

    async def _mark(
        self,
        session: AsyncSession,
        run: Run,
        newest: Run,
        matched: Sequence[tuple[str, str]],
    ) -> set[tuple[str, str]]:
        """Those that nobody had matched before."""
        rows = [{"identity": id, "version": version, "at": newest.at} for id, version in matched]
        inserted = await session.execute(
            self._database.insert_new(MatchedArticleRow)
            .values(rows)
            .returning(MatchedArticleRow.identity, MatchedArticleRow.version)
        )
        fresh = {(identity, version) for identity, version in inserted}
        # What had changed by the time it was told of as new was told of as it is.
        changed = [identity for identity, version in fresh if version]
        as_it_is = await session.scalars(
            select(MatchedArticleRow.identity)
            .where(MatchedArticleRow.identity.in_(changed), MatchedArticleRow.version == "")
            .where(MatchedArticleRow.at >= run.at)
        )
        return fresh - {(identity, run.id) for identity in as_it_is}

    async def _stories(
        self, session: AsyncSession, found: Sequence[_Found], now: datetime
    ) -> list[str]:
        """The story that each tells: one of the last day, or its own.

        Tellings are kept for two days: a story is over a day after it was told first.
        """
        await session.execute(delete(TellingRow).where(TellingRow.at < now - 2 * WINDOW))
        rows = await session.scalars(
            select(TellingRow)
            .where(TellingRow.model == self._topics.model)
            .order_by(TellingRow.at, TellingRow.identity)
        )
        told = [Told(_as_telling(row), row.story) for row in rows]
        known = {before.telling.article: before.story for before in told}
        new = {i.identity: i.telling for i in found if i.identity not in known}
        assigned = await asyncio.to_thread(stories_told, list(new.values()), told)
        known |= zip(new, assigned, strict=True)
        model = self._topics.model
        for identity, telling in new.items():
            await session.merge(_telling_row(telling, known[identity], model))
        return [known[item.identity] for item in found]

    async def _told(
        self, session: AsyncSession, stories: set[str], now: datetime
    ) -> dict[tuple[int, str], AlertRow]:
        """The alert of the last day on each of these stories, by subscription."""
        found = await session.scalars(
            select(AlertRow)
            .where(AlertRow.story.in_(stories), AlertRow.created_at >= now - WINDOW)
            .where(AlertRow.state != AlertState.DROPPED)
            .order_by(AlertRow.id)
            .with_for_update()
        )
        told: dict[tuple[int, str], AlertRow] = {}
        for row in found:
            told.setdefault((row.subscription_id, row.story), row)
        return told


async def _rows(session: AsyncSession, query: Select[*tuple[Any, ...]]) -> AsyncIterator[Any]:
    """The rows, by column: as objects of their tables they take ten times as long. Read piece
    by piece: thousands at once would hold up who waits for an answer."""
    found = await session.stream(query)
    async for piece in found.partitions(_ROWS_AT_ONCE):
        for row in piece:
            yield row


def _values(
    item: _Found,
    subscription: Subscription,
    chat: Chat,
    about: About,
    story: str,
    reference: dict[str, Any],
    now: datetime,
) -> dict[str, Any]:
    return {
        "subscription_id": subscription.id,
        "chat_id": subscription.chat_id,
        "identity": item.identity,
        "version": item.version,
        "story": story,
        "article": reference,
        "excerpt": about.excerpt.as_json(),
        "others": [],
        "outdated": False,
        "log_odds": about.log_odds,
        "state": AlertState.PENDING,
        "due_at": due_at(subscription.delivery, chat, now),
        "attempts": 0,
        "possibly_double": False,
        "created_at": now,
    }


def _identity(article: Article) -> str:
    return sha256(article.identity.encode()).hexdigest()[:32]


def _as_telling(row: TellingRow) -> Telling:
    vector = np.frombuffer(row.vector, np.float32)
    return Telling(row.identity, row.title, row.opening, row.language, vector, row.at)


def _telling_row(telling: Telling, story: str, model: str) -> TellingRow:
    return TellingRow(
        identity=telling.article,
        story=story,
        title=telling.title,
        opening=telling.opening,
        language=telling.language,
        vector=telling.vector.astype(np.float32).tobytes(),
        model=model,
        at=telling.at,
    )
