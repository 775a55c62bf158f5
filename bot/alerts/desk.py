"""The parts that alerts are made of, put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.alerts.matching import Matcher
from bot.alerts.outbox import Outbox
from bot.alerts.subscriptions import Subscriptions
from bot.alerts.topics import TopicIndex
from bot.assistant import Assistant
from bot.settings import Settings
from bot.state.database import Database
from index.background import load_background


@dataclass(frozen=True, slots=True)
class AlertDesk:
    """All that a chat or a terminal needs for subscriptions and alerts."""

    subscriptions: Subscriptions
    outbox: Outbox
    matcher: Matcher
    topics: TopicIndex
    _database: Database

    async def close(self) -> None:
        await self._database.close()


def alert_desk(
    settings: Settings, assistant: Assistant, database: Database, now: Callable[[], datetime]
) -> AlertDesk:
    """:param now: the time, aware.
    :raises NoBackground: where topics cannot be compared by this model; says what to do.
    """
    zone = settings.time_zone
    with assistant.generation() as generation:
        encoder = generation.search.encoder
    topics = TopicIndex(encoder, load_background(encoder, settings.models_dir))
    max_age = timedelta(days=settings.alert_max_age_days)
    return AlertDesk(
        Subscriptions(database, now, zone, settings.subscriptions_per_chat),
        Outbox(database, now, zone),
        Matcher(assistant, topics, database, now, zone, max_age),
        topics,
        database,
    )
