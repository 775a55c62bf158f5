"""What the server knows: chats, their messages, and every call the bot made."""

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from threading import Condition

from .faults import Faults
from .keyboards import Keyboard, keyboard_of
from .limits import Limits
from .text import Entity, JsonDict
from .updates import UpdateQueue


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the bot. `at` is its arrival on time.monotonic().

    `status` is the HTTP status answered, 0 where the connection was dropped instead. A call is
    recorded once it has had its effect, so a long poll is recorded when it ends.
    """

    method: str
    params: JsonDict
    at: float
    status: int


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message of the bot as its reader sees it now.

    `text` and `entities` are what parsing left; `html` is the text as last sent, markup and all.
    `at` is when it first arrived, on time.monotonic(); `edits` how often it was changed since.
    """

    message_id: int
    chat_id: int
    text: str
    entities: tuple[Entity, ...]
    html: str
    keyboard: Keyboard
    reply_to: int | None
    at: float
    edits: int = 0

    def button(self, words: str) -> str:
        """The payload or address of the first button whose text contains these words."""
        for button in (button for row in self.keyboard for button in row):
            if words in button.text:
                return button.callback_data or button.url or ""
        raise AssertionError(f"no button {words!r} under {self}")

    def __str__(self) -> str:
        rows = " / ".join(" | ".join(button.text for button in row) for row in self.keyboard)
        reply = f" in reply to {self.reply_to}" if self.reply_to else ""
        return f"#{self.message_id} to {self.chat_id}{reply}: {self.text!r} [{rows}]"


def sent_message(message: JsonDict, html: str, at: float, edits: int = 0) -> SentMessage:
    """What a reader sees of a Message the bot sent."""
    reply = message.get("reply_to_message")
    return SentMessage(
        message_id=message["message_id"],
        chat_id=message["chat"]["id"],
        text=message["text"],
        entities=tuple(Entity(**entity) for entity in message.get("entities", [])),
        html=html,
        keyboard=keyboard_of(message.get("reply_markup")),
        reply_to=reply["message_id"] if reply else None,
        at=at,
        edits=edits,
    )


@dataclass
class World:
    """Everything behind one lock: hold `changed` to read or write, and notify after a change.

    Message ids are shared by all private chats and counted from 1 in every group, as in Telegram.
    """

    token: str
    enforce_limits: bool
    longest_poll: float  # seconds
    changed: Condition = field(default_factory=Condition)
    messages: dict[tuple[int, int], JsonDict] = field(default_factory=dict)
    sent: dict[tuple[int, int], SentMessage] = field(default_factory=dict)
    chats: dict[int, JsonDict] = field(default_factory=dict)
    members: dict[tuple[int, int], str] = field(default_factory=dict)
    users: dict[int, JsonDict] = field(default_factory=dict)
    callbacks: set[str] = field(default_factory=set)
    profile: dict[tuple[str, ...], object] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    limits: Limits = field(default_factory=Limits)
    updates: UpdateQueue = field(init=False)
    faults: Faults = field(init=False)
    _counters: defaultdict[int, "count[int]"] = field(
        default_factory=lambda: defaultdict(lambda: count(1))
    )

    def __post_init__(self) -> None:
        self.updates = UpdateQueue(self.changed)
        self.faults = Faults(self.changed)

    @property
    def bot(self) -> JsonDict:
        return {
            "id": int(self.token.partition(":")[0]),
            "is_bot": True,
            "first_name": "Dépêche",
            "username": "depeche_test_bot",
        }

    def chat(self, chat_id: int, chat_type: str | None = None) -> JsonDict:
        """The chat of this id; a new one is private where the id is positive."""
        if chat_id not in self.chats:
            kind = chat_type or ("private" if chat_id > 0 else "supergroup")
            name = "first_name" if kind == "private" else "title"
            words = "Reader" if kind == "private" else "Group"
            self.chats[chat_id] = {"id": chat_id, "type": kind, name: f"{words} {chat_id}"}
        return self.chats[chat_id]

    def user(self, user_id: int, language_code: str | None = None) -> JsonDict:
        known = self.users.get(user_id) or {
            "id": user_id,
            "is_bot": False,
            "first_name": f"Reader {user_id}",
        }
        language = {"language_code": language_code} if language_code else {}
        self.users[user_id] = {**known, **language}
        return self.users[user_id]

    def add_message(self, chat: JsonDict, sender: JsonDict, content: JsonDict) -> JsonDict:
        """A new message; `content` holds its text or media, and its date unless that is now."""
        chat_id = chat["id"]
        message = {
            "message_id": next(self._counters[min(chat_id, 0)]),
            "from": sender,
            "chat": chat,
            "date": int(time.time()),
            **content,
        }
        self.messages[chat_id, message["message_id"]] = message
        return message

    def quoted(self, chat_id: int, message_id: int) -> JsonDict:
        """The message as it appears inside a reply to it. Raises KeyError."""
        message = self.messages[chat_id, message_id]
        return {name: value for name, value in message.items() if name != "reply_to_message"}

    def record(self, call: Call) -> None:
        with self.changed:
            self.calls.append(call)
            self.changed.notify_all()


def entities_json(entities: Iterable[Entity]) -> JsonDict:
    """The `entities` member of a message, absent where there are none."""
    as_json = [entity.as_json() for entity in entities]
    return {"entities": as_json} if as_json else {}
