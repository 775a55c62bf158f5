"""What a chat follows, and how it wants to be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from index.topics import Sensitivity

TERMINAL = 0  # the chat of the terminal: Telegram gives none this id
LONGEST_TOPIC = 200  # characters
MIDNIGHT = 24 * 60  # minutes
# One press of "not about this" or "more like this", in log odds of the threshold, and how far
# presses go in all: three in a row take a subscription from "normal" past "strict".
ADJUSTED_BY, MOST_ADJUSTED = 0.5, 2.5


class ChatKind(StrEnum):
    PRIVATE = "private"
    GROUP = "group"
    CHANNEL = "channel"
    TERMINAL = "terminal"


class Schedule(StrEnum):
    NOW = "now"
    DAILY = "daily"
    WEEKLY = "weekly"


class SubscriptionState(StrEnum):
    DRAFT = "draft"  # shown, not confirmed
    ACTIVE = "active"
    PAUSED = "paused"
    DELETED = "deleted"  # for a while, so that it can be undone


@dataclass(frozen=True, slots=True)
class Chat:
    id: int
    kind: ChatKind
    language: str  # of the interface
    time_zone: ZoneInfo
    quiet: tuple[int, int] | None = None  # from, until: minutes after local midnight


@dataclass(frozen=True, slots=True)
class Delivery:
    """When alerts come."""

    schedule: Schedule = Schedule.NOW
    minute: int = 8 * 60  # of a digest: after local midnight
    weekday: int = 0  # of a weekly digest: 0 is Monday


@dataclass(frozen=True, slots=True)
class Subscription:
    id: int
    chat_id: int
    topic: str
    language: str  # ISO 639-1, of the topic
    sensitivity: Sensitivity = Sensitivity.NORMAL
    adjustment: float = 0.0  # of the threshold, in log odds; higher is stricter
    delivery: Delivery = field(default_factory=Delivery)
    sources: tuple[str, ...] = ()  # empty: all
    languages: tuple[str, ...] = ()  # empty: all
    updates: bool = False  # whether articles that change are wanted again
    state: SubscriptionState = SubscriptionState.DRAFT
    since: datetime | None = None  # when the newest run known at its making was
    created_at: datetime | None = None
