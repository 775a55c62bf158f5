"""The chats and what they follow, in the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.alerts.alert import AlertState
from bot.alerts.subscription import (
    ADJUSTED_BY,
    MOST_ADJUSTED,
    Chat,
    ChatKind,
    Delivery,
    Schedule,
    Subscription,
    SubscriptionState,
)
from bot.alerts.timing import due_at
from bot.state.database import Database
from bot.state.tables import AlertRow, ChatRow, SubscriptionRow
from index.embedding import Vector
from index.topics import Sensitivity

_ASKED_FOR = timedelta(minutes=15)  # after which a text is a question again
_DRAFTS_KEPT = timedelta(days=2)
_DELETED_KEPT = timedelta(days=30)  # for an undo
_ALERTS_KEPT = timedelta(days=90)  # once sent, for the buttons under them
_LARGEST_ID = 2**31 - 1  # PostgreSQL fails on one that its column cannot hold
_LISTED = (SubscriptionState.ACTIVE, SubscriptionState.PAUSED)


class TooMany(Exception):
    """The chat follows as many topics as it may."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A topic as it was understood, for a draft."""

    topic: str
    language: str
    vector: Vector
    model: str
    since: datetime | None  # of the newest run that the index knows
    sources: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


class Subscriptions:
    """Every change is one transaction. A subscription is only ever found from its own chat:
    the ids in buttons can be forged."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        default_zone: ZoneInfo,
        most: int,
    ) -> None:
        """:param most: subscriptions a chat may have."""
        self._database = database
        self._now = now
        self._default_zone = default_zone
        self.most = most

    async def meet(self, chat_id: int, kind: ChatKind, language: str) -> Chat:
        """The chat, made where it is new; one that was unreachable is so no more."""
        async with self._database.writing() as session:
            await session.execute(
                self._database.insert_new(ChatRow).values(
                    id=chat_id, kind=kind, language=language, created_at=self._now()
                )
            )
            row = await session.get_one(ChatRow, chat_id)
            row.unreachable_since = None
            if kind is ChatKind.PRIVATE:  # in others, whoever came first chose
                row.language = language
            return self._chat(row)

    async def chat(self, chat_id: int) -> Chat | None:
        async with self._database.reading() as session:
            row = await session.get(ChatRow, chat_id)
            return self._chat(row) if row else None

    async def set_zone(self, chat_id: int, zone: ZoneInfo) -> None:
        """Digests and quiet hours that are to come move with it."""
        async with self._database.writing() as session:
            row = await session.get_one(ChatRow, chat_id)
            row.time_zone = zone.key
            await self._reschedule(session, row)

    async def set_quiet(self, chat_id: int, quiet: tuple[int, int] | None) -> None:
        async with self._database.writing() as session:
            row = await session.get_one(ChatRow, chat_id)
            row.quiet_from, row.quiet_until = quiet or (None, None)
            await self._reschedule(session, row)

    async def ask(self, chat_id: int, user_id: int | None) -> None:
        """The next text of this user in the chat is a topic."""
        async with self._database.writing() as session:
            row = await session.get_one(ChatRow, chat_id)
            row.asked_until, row.asked_by = self._now() + _ASKED_FOR, user_id

    async def asked(self, chat_id: int, user_id: int | None) -> bool:
        """Whether a topic was asked for, and is not any more."""
        async with self._database.reading() as session:
            found = await session.get(ChatRow, chat_id)
            if found is None or found.asked_until is None:
                return False
        async with self._database.writing() as session:
            row = await session.get_one(ChatRow, chat_id, with_for_update=True)
            until, by = row.asked_until, row.asked_by
            if until is None or by != user_id:
                return False
            row.asked_until = row.asked_by = None
            return self._now() <= until

    async def draft(self, chat_id: int, proposal: Proposal) -> Subscription:
        """:raises TooMany: where the chat may have no more."""
        async with self._database.writing() as session:
            await self._room_for_one(session, chat_id, proposal.topic)
            now = self._now()
            row = SubscriptionRow(
                chat_id=chat_id,
                topic=proposal.topic,
                language=proposal.language,
                vector=proposal.vector.astype(np.float32).tobytes(),
                model=proposal.model,
                sensitivity=Sensitivity.NORMAL,
                adjustment=0.0,
                schedule=Schedule.NOW,
                minute=Delivery().minute,
                weekday=Delivery().weekday,
                sources=list(proposal.sources),
                languages=list(proposal.languages),
                updates=False,
                state=SubscriptionState.DRAFT,
                since=proposal.since,
                created_at=now,
                changed_at=now,
            )
            session.add(row)
            await session.flush()
            return as_subscription(row)

    async def confirm(
        self, chat_id: int, id: int, since: datetime | None
    ) -> tuple[Subscription, bool] | None:
        """The draft is followed from now on; whether it was not before. One on the same topic
        gives way to it.

        :param since: of the newest run that the index knows.
        :raises TooMany: where the chat may have no more.
        """
        async with self._database.writing() as session:
            row = await _own(session, chat_id, id)
            if row is None:
                return None
            if row.state != SubscriptionState.DRAFT:
                return as_subscription(row), False
            await self._room_for_one(session, chat_id, row.topic)
            row.state, row.since = SubscriptionState.ACTIVE, since
            row.changed_at = self._now()
            await self._give_way(session, row)
            return as_subscription(row), True

    async def find(self, chat_id: int, id: int) -> Subscription | None:
        async with self._database.reading() as session:
            row = await _own(session, chat_id, id)
            return as_subscription(row) if row else None

    async def listed(self, chat_id: int) -> list[Subscription]:
        """Those that are followed or paused, the oldest first."""
        async with self._database.reading() as session:
            return [as_subscription(row) for row in await self._listed(session, chat_id)]

    async def set_state(
        self, chat_id: int, id: int, state: SubscriptionState
    ) -> Subscription | None:
        """Pause, resume, delete, or undo that. What was matched before stays in the outbox, and
        is sent when the subscription is active again. To one that comes back, another on the
        same topic gives way.

        :raises TooMany: where one that was deleted has no room any more.
        """
        async with self._database.writing() as session:
            row = await _own(session, chat_id, id)
            if row is None:
                return None
            comes_back = row.state not in _LISTED and state in _LISTED
            if comes_back:
                await self._room_for_one(session, chat_id, row.topic)
            row.state, row.changed_at = state, self._now()
            if comes_back:
                await self._give_way(session, row)
            return as_subscription(row)

    async def change(self, chat_id: int, id: int, **values: Any) -> Subscription | None:
        """Set columns of a subscription; alerts that wait for a digest move with its hour."""
        async with self._database.writing() as session:
            row = await _own(session, chat_id, id)
            if row is None:
                return None
            for name, value in values.items():
                setattr(row, name, value)
            row.changed_at = self._now()
            if values.keys() & {"schedule", "minute", "weekday"}:
                chat = await session.get_one(ChatRow, chat_id)
                await self._reschedule(session, chat)
            return as_subscription(row)

    async def of_alert(self, chat_id: int, alert_id: int) -> Subscription | None:
        """The subscription that an alert of this chat came from."""
        async with self._database.reading() as session:
            alert = await session.get(AlertRow, alert_id) if alert_id <= _LARGEST_ID else None
            if alert is None or alert.chat_id != chat_id:
                return None
            row = await _own(session, chat_id, alert.subscription_id)
            return as_subscription(row) if row else None

    async def adjust(self, chat_id: int, id: int, stricter: bool) -> Subscription | None:
        """Tighten or loosen a subscription, by what a reader said of an alert."""
        async with self._database.writing() as session:
            row = await _own(session, chat_id, id)
            if row is None:
                return None
            moved = row.adjustment + (ADJUSTED_BY if stricter else -ADJUSTED_BY)
            row.adjustment = min(max(moved, -MOST_ADJUSTED), MOST_ADJUSTED)
            row.changed_at = self._now()
            return as_subscription(row)

    async def unreachable(self, chat_id: int) -> None:
        """The chat cannot be written to: its alerts are dropped, its subscriptions kept for
        when it comes back."""
        async with self._database.writing() as session:
            row = await session.get(ChatRow, chat_id)
            if row is None:
                return
            row.unreachable_since = row.unreachable_since or self._now()
            await session.execute(
                update(AlertRow)
                .where(AlertRow.chat_id == chat_id)
                .where(AlertRow.state.in_([AlertState.PENDING, AlertState.SENDING]))
                .values(state=AlertState.DROPPED, reason="the chat cannot be written to")
            )

    async def reachable(self, chat_id: int) -> None:
        async with self._database.writing() as session:
            row = await session.get(ChatRow, chat_id)
            if row is not None:
                row.unreachable_since = None

    async def migrate(self, old: int, new: int) -> None:
        """A group has become a supergroup, which is another chat to Telegram."""
        async with self._database.writing() as session:
            row = await session.get(ChatRow, old)
            if row is None:
                return
            if await session.get(ChatRow, new) is None:
                copied = {c.key: getattr(row, c.key) for c in ChatRow.__mapper__.columns}
                session.add(ChatRow(**{**copied, "id": new, "unreachable_since": None}))
                await session.flush()
            await session.execute(
                update(SubscriptionRow).where(SubscriptionRow.chat_id == old).values(chat_id=new)
            )
            # A supergroup counts its messages anew: what was sent before cannot be changed there.
            await session.execute(
                update(AlertRow)
                .where(AlertRow.chat_id == old)
                .values(chat_id=new, message_id=None, outdated=False)
            )
            await session.delete(row)

    async def tidy(self) -> None:
        """Forget drafts, what was deleted, and alerts that were sent, after a while."""
        now = self._now()
        async with self._database.writing() as session:
            await session.execute(
                delete(AlertRow)
                .where(AlertRow.state.in_([AlertState.SENT, AlertState.DROPPED]))
                .where(AlertRow.created_at < now - _ALERTS_KEPT)
            )
            gone = (
                select(SubscriptionRow.id)
                .where(SubscriptionRow.state == SubscriptionState.DELETED)
                .where(SubscriptionRow.changed_at < now - _DELETED_KEPT)
            )
            await session.execute(delete(AlertRow).where(AlertRow.subscription_id.in_(gone)))
            await session.execute(delete(SubscriptionRow).where(SubscriptionRow.id.in_(gone)))
            await session.execute(
                delete(SubscriptionRow)
                .where(SubscriptionRow.state == SubscriptionState.DRAFT)
                .where(SubscriptionRow.changed_at < now - _DRAFTS_KEPT)
            )

    def _chat(self, row: ChatRow) -> Chat:
        return as_chat(row, self._default_zone)

    async def _room_for_one(self, session: AsyncSession, chat_id: int, topic: str) -> None:
        """One on the same topic gives way, and takes no room."""
        await session.get(ChatRow, chat_id, with_for_update=True)  # of two at once, one waits
        listed = await self._listed(session, chat_id)
        if sum(not _same_topic(row.topic, topic) for row in listed) >= self.most:
            raise TooMany

    async def _give_way(self, session: AsyncSession, row: SubscriptionRow) -> None:
        """Delete the others on the topic of one that is followed now, which takes over the
        alerts that wait."""
        await session.flush()
        held = aliased(AlertRow)
        told = select(held.identity).where(held.subscription_id == row.id)
        for other in await self._listed(session, row.chat_id):
            if other.id == row.id or not _same_topic(other.topic, row.topic):
                continue
            other.state, other.changed_at = SubscriptionState.DELETED, self._now()
            await session.execute(
                update(AlertRow)
                .where(AlertRow.subscription_id == other.id, AlertRow.identity.not_in(told))
                .where(AlertRow.state.in_([AlertState.PENDING, AlertState.SENDING]))
                .values(subscription_id=row.id)
            )
        await self._reschedule(session, await session.get_one(ChatRow, row.chat_id))

    async def _listed(self, session: AsyncSession, chat_id: int) -> Sequence[SubscriptionRow]:
        found = await session.scalars(
            select(SubscriptionRow)
            .where(SubscriptionRow.chat_id == chat_id)
            .where(SubscriptionRow.state.in_(_LISTED))
            .order_by(SubscriptionRow.id)
        )
        return found.all()

    async def _reschedule(self, session: AsyncSession, row: ChatRow) -> None:
        """Alerts that wait for their hour are due anew, by what is wanted now."""
        chat, now = self._chat(row), self._now()
        subscriptions = await session.scalars(
            select(SubscriptionRow)
            .where(SubscriptionRow.chat_id == chat.id)
            .where(SubscriptionRow.state.in_(_LISTED))
        )
        for subscription in subscriptions:
            await session.execute(
                update(AlertRow)
                .where(AlertRow.subscription_id == subscription.id)
                .where(AlertRow.state == AlertState.PENDING, AlertRow.due_at > now)
                .values(due_at=due_at(as_subscription(subscription).delivery, chat, now))
            )


async def _own(session: AsyncSession, chat_id: int, id: int) -> SubscriptionRow | None:
    row = await session.get(SubscriptionRow, id) if id <= _LARGEST_ID else None
    return row if row is not None and row.chat_id == chat_id else None


def _same_topic(one: str, other: str) -> bool:
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())


def as_chat(row: ChatRow, default_zone: ZoneInfo) -> Chat:
    quiet = None
    if row.quiet_from is not None and row.quiet_until is not None:
        quiet = row.quiet_from, row.quiet_until
    zone = ZoneInfo(row.time_zone) if row.time_zone else default_zone
    return Chat(row.id, ChatKind(row.kind), row.language, zone, quiet)


def as_subscription(row: SubscriptionRow) -> Subscription:
    return Subscription(
        row.id,
        row.chat_id,
        row.topic,
        row.language,
        Sensitivity(row.sensitivity),
        row.adjustment,
        Delivery(Schedule(row.schedule), row.minute, row.weekday),
        tuple(row.sources),
        tuple(row.languages),
        row.updates,
        SubscriptionState(row.state),
        row.since,
        row.created_at,
    )
