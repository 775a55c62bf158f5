"""Outboxes filled straight into the tables, with what matching would have written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select

from bot.alerts.alert import AlertState, Excerpt, article_as_json
from bot.alerts.subscription import ChatKind, Schedule, SubscriptionState
from bot.answering.answer import ArticleReference
from bot.state.database import Database
from bot.state.tables import AlertRow, ChatRow, SubscriptionRow
from index.topics import Sensitivity

_SENTENCE = "Le tram reliera la gare au campus en dix-huit minutes."
_TEXT = f"La métropole a voté jeudi. {_SENTENCE} Le chantier commencera au printemps."
_EXCERPT = Excerpt(0, len(_TEXT), _TEXT, _TEXT.index(_SENTENCE), _TEXT.index(" Le chantier"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an alert."""

    id: int
    chat_id: int
    title: str  # of its article, which no other alert has
    state: AlertState
    possibly_double: bool
    attempts: int
    reason: str | None
    message_id: int | None


async def fill(
    database: Database, chats: Iterable[int], alerts: int = 1, **values: Any
) -> dict[int, list[str]]:
    """Chats, each with a subscription and so many alerts on it, of which the first has been due
    longest; the titles of their articles, by chat. `values` are columns of the alerts."""
    now = datetime.now(UTC)
    async with database.writing() as session:
        first = (await session.scalar(select(func.max(AlertRow.id))) or 0) + 1
        ids = list(chats)
        known = set(await session.scalars(select(ChatRow.id).where(ChatRow.id.in_(ids))))
        if new := [id for id in ids if id not in known]:
            await session.execute(insert(ChatRow), [_chat(id, now) for id in new])
            await session.execute(insert(SubscriptionRow), [_subscription(id, now) for id in new])
        found = await session.execute(
            select(SubscriptionRow.chat_id, SubscriptionRow.id).where(
                SubscriptionRow.chat_id.in_(ids)
            )
        )
        subscriptions = {chat: id for chat, id in found}
        titles: dict[int, list[str]] = {id: [] for id in ids}
        rows = []
        for number, chat in enumerate((id for id in ids for _ in range(alerts)), start=first):
            title = f"Nouvelle n° {number:05}"
            titles[chat].append(title)
            due = now - timedelta(hours=1) + timedelta(milliseconds=number)
            rows.append(_alert(number, chat, subscriptions[chat], title, due) | values)
        await session.execute(insert(AlertRow), rows)
    return titles


async def outcomes(database: Database) -> list[Outcome]:
    """Of all alerts, in the order in which they were made."""
    async with database.reading() as session:
        rows = await session.scalars(select(AlertRow).order_by(AlertRow.id))
        return [
            Outcome(
                row.id,
                row.chat_id,
                row.article["title"],
                AlertState(row.state),
                row.possibly_double,
                row.attempts,
                row.reason,
                row.message_id,
            )
            for row in rows
        ]


async def tell_again(database: Database, title: str, others: Sequence[str]) -> None:
    """More articles, by their titles, tell the story of an alert that was sent."""
    async with database.writing() as session:
        rows = await session.scalars(select(AlertRow))
        [row] = [row for row in rows if row.article["title"] == title]
        row.others = [*row.others, *(_reference(f"autre-{other}", other) for other in others)]
        row.outdated = row.state in (AlertState.SENT, AlertState.SENDING)


def _chat(id: int, now: datetime) -> dict[str, Any]:
    kind = ChatKind.PRIVATE if id > 0 else ChatKind.GROUP
    return {"id": id, "kind": kind, "language": "fr", "created_at": now}


def _subscription(chat: int, now: datetime) -> dict[str, Any]:
    return {
        "chat_id": chat,
        "topic": "le tram",
        "language": "fr",
        "sensitivity": Sensitivity.NORMAL,
        "adjustment": 0.0,
        "schedule": Schedule.NOW,
        "minute": 0,
        "weekday": 0,
        "sources": [],
        "languages": [],
        "updates": False,
        "state": SubscriptionState.ACTIVE,
        "created_at": now,
        "changed_at": now,
    }


def _alert(
    number: int, chat: int, subscription: int, title: str, due_at: datetime
) -> dict[str, Any]:
    return {
        "subscription_id": subscription,
        "chat_id": chat,
        "identity": f"article-{number}",
        "version": "",
        "story": f"article-{number}",
        "article": _reference(f"article-{number}", title),
        "excerpt": _EXCERPT.as_json(),
        "others": [],
        "outdated": False,
        "log_odds": 3.0,
        "state": AlertState.PENDING,
        "due_at": due_at,
        "attempts": 0,
        "possibly_double": False,
        "created_at": due_at,
    }


def _reference(id: str, title: str) -> dict[str, Any]:
    article = ArticleReference(id, title, source="Le Courrier", published=None, url=None)
    return article_as_json(article)
