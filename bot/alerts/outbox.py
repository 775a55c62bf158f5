"""The outbox: what is to be sent, is being sent, and was.

An alert is claimed in a transaction before it is written to Telegram, and noted as sent after.
What is found claimed at a start may have arrived: it is sent once more, and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.alerts.alert import Alert, AlertState, Excerpt, article_from_json
from bot.alerts.subscription import Chat, ChatKind, Schedule, SubscriptionState
from bot.alerts.subscriptions import as_chat
from bot.alerts.timing import quiet_until
from bot.state.database import Database
from bot.state.tables import AlertRow, ChatRow, SubscriptionRow


@dataclass(frozen=True, slots=True)
class Claim:
    """Alerts of one chat that are about to be sent as one message."""

    chat: Chat
    alerts: tuple[Alert, ...]
    attempts: int  # the most that failed before for one of them
    more: int  # that are due too, and did not fit

    @property
    def ids(self) -> list[int]:
        return [alert.id for alert in self.alerts]


@dataclass(frozen=True, slots=True)
class Counts:
    """Of all alerts there are."""

    pending: int
    sent: int
    possibly_double: int  # of those sent
    dropped: int


class Outbox:
    """Every change is one transaction."""

    def __init__(
        self, database: Database, now: Callable[[], datetime], default_zone: ZoneInfo
    ) -> None:
        self._database = database
        self._now = now
        self._default_zone = default_zone

    async def recover(self, *, terminal: bool) -> int:
        """Alerts that a process that died was sending are to be sent once more; how many.

        :param terminal: those of the terminal, or else those of all other chats.
        """
        chats = select(ChatRow.id).where(_of(terminal))
        async with self._database.writing() as session:
            found = await session.execute(
                update(AlertRow)
                .where(AlertRow.state == AlertState.SENDING)
                .where(AlertRow.chat_id.in_(chats))
                .values(state=AlertState.PENDING, possibly_double=True)
                .returning(AlertRow.id)
            )
            return len(found.all())

    async def due_chats(self, most: int, *, terminal: bool) -> list[int]:
        """Chats that are due an alert, those that have waited longest first."""
        async with self._database.reading() as session:
            found = await session.execute(
                select(AlertRow.chat_id)
                .join(SubscriptionRow, AlertRow.subscription_id == SubscriptionRow.id)
                .join(ChatRow, AlertRow.chat_id == ChatRow.id)
                .where(AlertRow.state == AlertState.PENDING, AlertRow.due_at <= self._now())
                .where(SubscriptionRow.state == SubscriptionState.ACTIVE)
                .where(ChatRow.unreachable_since.is_(None), _of(terminal))
                .group_by(AlertRow.chat_id)
                .order_by(func.min(AlertRow.due_at), AlertRow.chat_id)
                .limit(most)
            )
            return list(found.scalars())

    async def claim(
        self, chat_id: int, most: int, fits: Callable[[Chat, Sequence[Alert], int], bool]
    ) -> Claim | None:
        """Take what is due to a chat, as much as fits one message: it counts as being sent.

        :param fits: whether a message can hold these, and say that so many more are due.
        """
        now = self._now()
        async with self._database.writing() as session:
            row = await session.get(ChatRow, chat_id)
            if row is None or row.unreachable_since is not None:
                return None
            chat = as_chat(row, self._default_zone)
            if quiet := quiet_until(chat, now):
                await _postpone(session, chat_id, now, quiet)
            due = _due(chat_id, now)
            found = (
                await session.execute(
                    due.order_by(*_IN_ORDER).limit(most).with_for_update(of=AlertRow)
                )
            ).all()
            if not found:
                return None
            total = max(await _count(session, due), len(found))
            alerts = [_as_alert(*pair) for pair in found]
            count = len(alerts)
            while count > 1 and not fits(chat, alerts[:count], total - count):
                count = count * 3 // 4
            taken = [alert for alert, _ in found[:count]]
            for alert in taken:
                alert.state = AlertState.SENDING
                alert.outdated = False
            attempts = max(alert.attempts for alert in taken)
            return Claim(chat, tuple(alerts[:count]), attempts, total - count)

    async def sent(self, ids: Sequence[int], message_id: int | None) -> None:
        now = self._now()
        async with self._database.writing() as session:
            await session.execute(
                update(AlertRow)
                .where(AlertRow.id.in_(ids))
                .values(state=AlertState.SENT, message_id=message_id, sent_at=now)
            )

    async def not_sent(self, ids: Sequence[int], again_at: datetime, *, unknown: bool) -> None:
        """An attempt failed; the next is due then.

        :param unknown: the message may have arrived all the same.
        """
        values = {"possibly_double": True} if unknown else {}
        async with self._database.writing() as session:
            await session.execute(
                update(AlertRow)
                .where(AlertRow.id.in_(ids), AlertRow.state == AlertState.SENDING)
                .values(
                    state=AlertState.PENDING,
                    due_at=again_at,
                    attempts=AlertRow.attempts + 1,
                    **values,
                )
            )

    async def release(self, ids: Sequence[int], again_at: datetime | None = None) -> None:
        """What was claimed did not arrive, which is no failure; it is due still, or then."""
        due = {"due_at": again_at} if again_at else {}
        async with self._database.writing() as session:
            await session.execute(
                update(AlertRow)
                .where(AlertRow.id.in_(ids), AlertRow.state == AlertState.SENDING)
                .values(state=AlertState.PENDING, **due)
            )

    async def dropped(self, ids: Sequence[int], reason: str) -> None:
        async with self._database.writing() as session:
            await session.execute(
                update(AlertRow)
                .where(AlertRow.id.in_(ids))
                .values(state=AlertState.DROPPED, reason=reason)
            )

    async def outdated(self, most: int) -> list[tuple[int, int]]:
        """Messages, by chat and id, that do not name every article on their stories."""
        async with self._database.reading() as session:
            found = await session.execute(
                select(AlertRow.chat_id, AlertRow.message_id)
                .join(ChatRow, AlertRow.chat_id == ChatRow.id)
                .where(AlertRow.outdated, AlertRow.message_id.is_not(None))
                .where(AlertRow.state == AlertState.SENT, ChatRow.unreachable_since.is_(None))
                .distinct()
                .limit(most)
            )
            return [(chat, message) for chat, message in found if message is not None]

    async def message(self, chat_id: int, message_id: int) -> Claim | None:
        """What one message told, as it is to be shown now."""
        async with self._database.reading() as session:
            row = await session.get(ChatRow, chat_id)
            found = await session.execute(
                select(AlertRow, SubscriptionRow)
                .join(SubscriptionRow, AlertRow.subscription_id == SubscriptionRow.id)
                .where(AlertRow.chat_id == chat_id, AlertRow.message_id == message_id)
                .order_by(*_IN_ORDER)
            )
            alerts = tuple(_as_alert(*pair) for pair in found)
            if row is None or not alerts:
                return None
            return Claim(as_chat(row, self._default_zone), alerts, 0, 0)

    async def shown(self, claim: Claim) -> None:
        """A message names all that these alerts do. What came since is still to be shown."""
        others = {alert.id: len(alert.others) for alert in claim.alerts}
        async with self._database.writing() as session:
            rows = await session.scalars(
                select(AlertRow).where(AlertRow.id.in_(others)).with_for_update()
            )
            for row in rows:
                if len(row.others) == others[row.id]:
                    row.outdated = False

    async def counts(self) -> Counts:
        async with self._database.reading() as session:
            found = await session.execute(
                select(AlertRow.state, AlertRow.possibly_double, func.count()).group_by(
                    AlertRow.state, AlertRow.possibly_double
                )
            )
            by_state: dict[str, int] = {}
            double = 0
            for state, doubtful, count in found:
                by_state[state] = by_state.get(state, 0) + count
                double += count if doubtful and state == AlertState.SENT else 0
        waiting = by_state.get(AlertState.PENDING, 0) + by_state.get(AlertState.SENDING, 0)
        return Counts(
            waiting, by_state.get(AlertState.SENT, 0), double, by_state.get(AlertState.DROPPED, 0)
        )


# Topic by topic, the likeliest first.
_IN_ORDER = (AlertRow.subscription_id, -AlertRow.log_odds, AlertRow.id)


def _of(terminal: bool) -> ColumnElement[bool]:
    return ChatRow.kind == ChatKind.TERMINAL if terminal else ChatRow.kind != ChatKind.TERMINAL


def _due(chat_id: int, now: datetime) -> Select[AlertRow, SubscriptionRow]:
    return (
        select(AlertRow, SubscriptionRow)
        .join(SubscriptionRow, AlertRow.subscription_id == SubscriptionRow.id)
        .where(AlertRow.chat_id == chat_id, AlertRow.state == AlertState.PENDING)
        .where(AlertRow.due_at <= now, SubscriptionRow.state == SubscriptionState.ACTIVE)
    )


async def _count(session: AsyncSession, due: Select[AlertRow, SubscriptionRow]) -> int:
    return await session.scalar(due.with_only_columns(func.count())) or 0


async def _postpone(session: AsyncSession, chat_id: int, now: datetime, quiet: datetime) -> None:
    """What would come at once waits for the end of the quiet hours."""
    at_once = select(SubscriptionRow.id).where(
        SubscriptionRow.chat_id == chat_id, SubscriptionRow.schedule == Schedule.NOW
    )
    await session.execute(
        update(AlertRow)
        .where(AlertRow.chat_id == chat_id, AlertRow.state == AlertState.PENDING)
        .where(AlertRow.due_at <= now, AlertRow.subscription_id.in_(at_once))
        .values(due_at=quiet)
    )


def _as_alert(row: AlertRow, subscription: SubscriptionRow) -> Alert:
    return Alert(
        row.id,
        row.subscription_id,
        subscription.topic,
        article_from_json(row.article),
        Excerpt(**row.excerpt),
        tuple(map(article_from_json, row.others)),
        row.version != "",
    )
