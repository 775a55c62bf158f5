"""Subscriptions and an outbox over a database of the test's own, and a clock that it sets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy import select, update

from bot.alerts.alert import AlertState, Excerpt, article_as_json
from bot.alerts.outbox import Outbox
from bot.alerts.subscription import ChatKind, Subscription
from bot.alerts.subscriptions import Proposal, Subscriptions
from bot.answering.answer import ArticleReference
from bot.state.database import Database, checked_url, prepare
from bot.state.tables import AlertRow, ChatRow

PARIS = ZoneInfo("Europe/Paris")
MOST = 3  # subscriptions a chat may have
CHAT = 42


class Clock:
    """The time, which stands still until it is told to pass."""

    def __init__(self) -> None:
        self.time = datetime(2024, 5, 15, 10, 0, tzinfo=PARIS).astimezone(UTC)  # a Wednesday

    def __call__(self) -> datetime:
        return self.time

    def passes(self, **time: float) -> None:
        self.time += timedelta(**time)

    def set(self, day: int, hour: int, minute: int = 0) -> None:
        """That day of May, in Paris."""
        self.time = datetime(2024, 5, day, hour, minute, tzinfo=PARIS).astimezone(UTC)


def paris(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2024, 5, day, hour, minute, tzinfo=PARIS)


def proposal(topic: str, **values: Any) -> Proposal:
    return Proposal(topic, "fr", np.ones(3, np.float32), "a-model", None, **values)


@dataclass(frozen=True)
class Desk:
    """What the tests of the state act on."""

    database: Database
    clock: Clock
    subscriptions: Subscriptions
    outbox: Outbox

    async def follow(self, topic: str, chat_id: int = CHAT, **changes: object) -> Subscription:
        """A subscription of the chat, confirmed."""
        if await self.subscriptions.chat(chat_id) is None:
            await self.subscriptions.meet(chat_id, ChatKind.PRIVATE, "fr")
        draft = await self.subscriptions.draft(chat_id, proposal(topic))
        found = await self.subscriptions.confirm(chat_id, draft.id, None)
        assert found is not None
        if changes:
            changed = await self.subscriptions.change(chat_id, found[0].id, **changes)
            assert changed is not None
            return changed
        return found[0]

    async def alert(self, subscription: Subscription, **values: Any) -> int:
        """Have one in the outbox, due now; its id."""
        [id] = await self.alerts(subscription, 1, **values)
        return id

    async def alerts(self, subscription: Subscription, number: int, **values: Any) -> list[int]:
        """Likewise, several; those that come later are less likely to be about the topic."""
        given = {
            "excerpt": asdict(Excerpt(0, 9, "Le tram. ", 0, 8)),
            "others": [],
            "outdated": False,
            "state": AlertState.PENDING,
            "due_at": self.clock(),
            "attempts": 0,
            "possibly_double": False,
            "created_at": self.clock(),
            "version": "",
            **values,
        }
        rows = []
        for place in range(number):
            identity = f"article-{next(_articles)}"
            article = ArticleReference(identity, f"Titre {identity}", None, "Le Courrier", None)
            row = {
                "subscription_id": subscription.id,
                "chat_id": subscription.chat_id,
                "identity": identity,
                "story": identity,
                "article": article_as_json(article),
                "log_odds": 5.0 - place * 0.01,
            }
            rows.append(AlertRow(**{**row, **given}))
        async with self.database.writing() as session:
            session.add_all(rows)
            await session.flush()
            return [row.id for row in rows]

    async def row(self, alert_id: int) -> AlertRow:
        async with self.database.reading() as session:
            return await session.get_one(AlertRow, alert_id)

    async def rows(self) -> list[AlertRow]:
        async with self.database.reading() as session:
            return list(await session.scalars(select(AlertRow).order_by(AlertRow.id)))

    async def set_alert(self, alert_id: int, **values: Any) -> None:
        async with self.database.writing() as session:
            await session.execute(update(AlertRow).where(AlertRow.id == alert_id).values(**values))

    async def chat_row(self, chat_id: int = CHAT) -> ChatRow | None:
        async with self.database.reading() as session:
            return await session.get(ChatRow, chat_id)


_articles = count()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An empty one, on SQLite and on PostgreSQL."""
    url = checked_url(database_url)
    prepare(url)
    database = Database(url)
    yield database
    await database.close()


@pytest.fixture
def desk(database: Database) -> Desk:
    clock = Clock()
    return Desk(
        database,
        clock,
        Subscriptions(database, clock, PARIS, MOST),
        Outbox(database, clock, PARIS),
    )
