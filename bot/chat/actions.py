"""What a button asks for, in the 64 bytes that Telegram gives it.

The payload says all there is to know, so buttons work after a restart; the question comes
from the message that carries them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from index.store import article_key

MORE_SOURCES = "more"
FOLLOW = "follow"  # the topic of the question that heads the message
_READ = re.compile(r"read:([0-9a-f]{16}):(\d{1,9}):(\d{1,9})")
_ID = r"(\d{1,15})"


class OnSubscription(StrEnum):
    """What can be done with a subscription."""

    CONFIRM = "ok"
    CANCEL = "no"
    SHOW = "show"
    BACK = "back"  # from a menu
    SENSITIVITY = "p"  # the choices, or with a value: choose
    SCHEDULE = "w"
    HOUR = "h"
    WEEKDAY = "d"
    LIMITS = "l"
    LANGUAGE = "lang"
    SOURCE = "src"
    UPDATES = "u"
    PAUSE = "pause"
    RESUME = "resume"
    DELETE = "del"
    UNDO = "undo"


class OnAlert(StrEnum):
    """What can be said of an alert."""

    NOT_ABOUT = "not"
    MORE_LIKE = "like"
    SUBSCRIPTION = "sub"
    STOP = "stop"


class OnChat(StrEnum):
    """What can be set for a chat."""

    SETTINGS = "show"
    ZONE = "tz"
    QUIET = "q"


_SUBSCRIPTION = re.compile(rf"s:{_ID}:({'|'.join(OnSubscription)})(?::([\w-]{{1,24}}))?")
_ALERT = re.compile(rf"a:{_ID}:({'|'.join(OnAlert)})")
_CHAT = re.compile(rf"c:({'|'.join(OnChat)})(?::([\w+/:-]{{1,48}}))?")


@dataclass(frozen=True, slots=True)
class ReadArticle:
    """Show the article around `body[start:end]`."""

    article_key: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SubscriptionAction:
    id: int
    kind: OnSubscription
    value: str = ""

    def __str__(self) -> str:
        return f"s:{self.id}:{self.kind}" + (f":{self.value}" if self.value else "")


@dataclass(frozen=True, slots=True)
class AlertAction:
    id: int
    kind: OnAlert

    def __str__(self) -> str:
        return f"a:{self.id}:{self.kind}"


@dataclass(frozen=True, slots=True)
class ChatAction:
    kind: OnChat
    value: str = ""

    def __str__(self) -> str:
        return f"c:{self.kind}" + (f":{self.value}" if self.value else "")


def read_article_action(article_id: str, start: int, end: int) -> str:
    return f"read:{article_key(article_id)}:{start}:{end}"


def parse_read_article(data: str) -> ReadArticle | None:
    """None for anything else: payloads can be forged."""
    match = _READ.fullmatch(data)
    if match is None:
        return None
    key, start, end = match.groups()
    return ReadArticle(key, int(start), int(end))


def parse_follow(data: str) -> SubscriptionAction | AlertAction | ChatAction | None:
    """What a button about subscriptions asks for; None for anything else."""
    if match := _SUBSCRIPTION.fullmatch(data):
        id, kind, value = match.groups()
        return SubscriptionAction(int(id), OnSubscription(kind), value or "")
    if match := _ALERT.fullmatch(data):
        id, kind = match.groups()
        return AlertAction(int(id), OnAlert(kind))
    if match := _CHAT.fullmatch(data):
        kind, value = match.groups()
        return ChatAction(OnChat(kind), value or "")
    return None
