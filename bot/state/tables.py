"""The tables of the bot's state. Their history is in `bot/state/migrations`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcTime(TypeDecorator[datetime]):
    """A moment, aware; kept in UTC, which SQLite keeps without saying so."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class Table(DeclarativeBase):
    # Named, so that a migration can change them on every database.
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcTime}


# Ids stand in buttons, which outlive what they were for.
_NEVER_REUSED = {"sqlite_autoincrement": True}


class ChatRow(Table):
    """Where subscriptions are made and alerts go."""

    __tablename__ = "chats"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16))  # ChatKind
    language: Mapped[str] = mapped_column(String(8))  # of the interface
    time_zone: Mapped[str | None] = mapped_column(String(64))  # IANA; None: that of the settings
    quiet_from: Mapped[int | None] = mapped_column(Integer)  # minutes after midnight, local
    quiet_until: Mapped[int | None] = mapped_column(Integer)
    # Since when it cannot be written to; None while it can.
    unreachable_since: Mapped[datetime | None]
    # Until when the next text of the chat is the topic that was asked for.
    asked_until: Mapped[datetime | None]
    asked_by: Mapped[int | None] = mapped_column(BigInteger)  # the user who was asked
    created_at: Mapped[datetime]


class SubscriptionRow(Table):
    __tablename__ = "subscriptions"
    __table_args__ = (
        Index(None, "chat_id", "state"),
        Index(None, "state", "changed_at"),
        _NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    chat_id: Mapped[int] = mapped_column(ForeignKey(ChatRow.id))
    topic: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))  # of the topic
    vector: Mapped[bytes | None] = mapped_column(LargeBinary)  # float32
    model: Mapped[str | None] = mapped_column(Text)  # that the vector is of
    sensitivity: Mapped[str] = mapped_column(String(16))
    adjustment: Mapped[float] = mapped_column(Float)  # of the threshold, in log odds
    schedule: Mapped[str] = mapped_column(String(16))
    minute: Mapped[int] = mapped_column(Integer)  # of a digest: after midnight, local
    weekday: Mapped[int] = mapped_column(Integer)  # of a weekly digest: 0 is Monday
    sources: Mapped[list[str]] = mapped_column(JSON)  # empty: all
    languages: Mapped[list[str]] = mapped_column(JSON)  # empty: all
    updates: Mapped[bool]  # whether changed articles are wanted
    state: Mapped[str] = mapped_column(String(16))  # SubscriptionState
    # When the newest run that the index held at its making was: what came before is not new to
    # it. None where the index knew of no run.
    since: Mapped[datetime | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class MatchedRunRow(Table):
    """A run of reindexing whose articles have all been matched."""

    __tablename__ = "matched_runs"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]


class MatchedArticleRow(Table):
    """An article that has been matched with all subscriptions there were."""

    __tablename__ = "matched_articles"

    identity: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[str] = mapped_column(String(64), primary_key=True)  # "", or of a change
    at: Mapped[datetime]  # when the run was after which it was as it was matched


class TellingRow(Table):
    """An article of the last days, as the next ones are compared with it."""

    __tablename__ = "tellings"

    identity: Mapped[str] = mapped_column(String(64), primary_key=True)
    story: Mapped[str] = mapped_column(String(64), index=True)
    title: Mapped[str] = mapped_column(Text)
    opening: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    vector: Mapped[bytes] = mapped_column(LargeBinary)  # float32
    model: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcTime, index=True)


class AlertRow(Table):
    """The outbox: one article matched to one subscription."""

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("subscription_id", "identity", "version"),
        Index(None, "state", "due_at"),
        Index(None, "chat_id", "message_id"),
        Index(None, "subscription_id", "story"),
        Index(None, "outdated"),
        _NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey(SubscriptionRow.id))
    chat_id: Mapped[int] = mapped_column(ForeignKey(ChatRow.id))
    identity: Mapped[str] = mapped_column(String(64))  # of the article
    version: Mapped[str] = mapped_column(String(64))  # "", or of a change
    story: Mapped[str] = mapped_column(String(64))
    article: Mapped[dict[str, Any]] = mapped_column(JSON)  # as it was when it was matched
    excerpt: Mapped[dict[str, Any]] = mapped_column(JSON)
    others: Mapped[list[dict[str, Any]]] = mapped_column(JSON)  # that tell the same story
    outdated: Mapped[bool]  # the message that was sent does not name all of them
    log_odds: Mapped[float] = mapped_column(Float)
    state: Mapped[str] = mapped_column(String(16))  # AlertState
    due_at: Mapped[datetime]  # not to be sent before
    attempts: Mapped[int]  # that failed
    possibly_double: Mapped[bool]  # an attempt may have arrived without our knowing
    reason: Mapped[str | None] = mapped_column(Text)  # why it was dropped
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    sent_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class TurnRow(Table):
    """A question of a conversation, and its answer."""

    __tablename__ = "turns"
    __table_args__ = (
        Index(None, "chat_id", "thread_id", "id"),
        Index(None, "chat_id", "last_message_id"),
        Index(None, "at"),
        _NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger)
    thread_id: Mapped[int] = mapped_column(BigInteger)  # of a topic in the chat; 0: none
    # Of the answer, which may be several messages; None in a terminal.
    first_message_id: Mapped[int | None] = mapped_column(BigInteger)
    last_message_id: Mapped[int | None] = mapped_column(BigInteger)
    question: Mapped[str] = mapped_column(Text)  # as it stands alone
    answer: Mapped[str] = mapped_column(Text)  # its statements; empty where there was none
    at: Mapped[datetime]
