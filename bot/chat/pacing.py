"""When each message may be sent: as fast as Telegram allows and never faster, answers first.

Telegram lets a bot send 30 messages a second in all, about one a second to a chat (a few at once
now and then) and 20 a minute to a group or channel:
https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this

    pacer = Pacer()
    application = ApplicationBuilder().token(token).rate_limiter(pacer).build()
    await application.bot.send_message(chat_id, text)  # an answer
    await application.bot.send_message(chat_id, text, rate_limit_args=Priority.ALERT)

Only Telegram sees when a request arrives: between its start here and its completion, which is
its response, its error, or that nobody waits for either any longer. So a message holds its place
from its start until a second after its completion, and at most 30 places are held. Of 31
arrivals within a second, the other 30 would hold theirs when the last of them to start did so:
each started before that, and completed, if at all, less than a second before. The same goes for
a group's minute. Out of reach is only what arrives after nobody waited for it any longer.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum
from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import Any

from telegram.error import RetryAfter
from telegram.ext import BaseRateLimiter

logger = logging.getLogger(__name__)

ChatId = int | str  # Telegram takes the name of a channel, "@news", for its id


class Priority(IntEnum):
    """Who goes first where both could; the library passes no argument on that is 0."""

    ANSWER = 0
    ALERT = 1


# What each priority may use. Two of thirty places are out of reach of alerts, and alerts start
# one by one, not all at once: so places come free one by one too, and an answer that finds both
# of its own taken gets the next. Alerts alone go at 28 / (1 + d) a second where a request takes
# d seconds: from 28 down to 26 at 77 ms.
_OVERALL = {Priority.ANSWER: 30, Priority.ALERT: 28}  # messages
_OVERALL_SECONDS = 1.0
_ALERT_GAP = _OVERALL_SECONDS / _OVERALL[Priority.ALERT]
_GROUP = {Priority.ANSWER: 20, Priority.ALERT: 18}  # messages
_GROUP_SECONDS = 60.0
_CHAT_GAP = 1.0  # seconds, on average
_BURST = {Priority.ANSWER: 3, Priority.ALERT: 1}  # messages at once to a chat

# Every other method that sends, forwards or copies puts a message into a chat.
_NO_MESSAGE = frozenset({"sendChatAction", "sendMessageDraft"})


def seconds_of(error: RetryAfter) -> float:
    """How long Telegram asks to wait."""
    wait: int | timedelta = error.retry_after  # on its way from one type to the other
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A message's place in the schedule; numbers rise in the order of joining."""

    number: int
    chat_id: ChatId
    priority: Priority


class _Window:
    """At most so many messages in any stretch of so many seconds."""

    def __init__(self, most: int, seconds: float) -> None:
        self._seconds = seconds
        self._in_flight = 0
        # Earlier ones have left the window before any of these does.
        self._completed: deque[float] = deque(maxlen=most)

    def opens_at(self, places: int) -> float:
        """From when on fewer than so many places are held; inf: not before a completion."""
        over = self._in_flight + len(self._completed) - places
        if over < 0:
            return -inf
        return self._completed[over] + self._seconds if over < len(self._completed) else inf

    def empty_at(self) -> float:
        return self._completed[-1] + self._seconds if self._completed else -inf

    def start(self) -> None:
        self._in_flight += 1

    def give_back(self) -> None:
        self._in_flight -= 1

    def complete(self, now: float) -> None:
        self._in_flight -= 1
        self._completed.append(now)


@dataclass(eq=False, slots=True)
class _Chat:
    """One chat's messages, of which one at a time is in flight: that keeps their order.

    The pace is a generic cell rate: `due` is when the chat would be owed its next message had
    they come one a second; whoever may burst by n goes up to n - 1 seconds before it.
    """

    id: ChatId
    minute: _Window | None  # of a group or channel
    due: float = -inf
    refused_until: float = -inf
    in_flight: Ticket | None = None
    waiting: dict[Priority, OrderedDict[int, Ticket]] = field(default_factory=dict)
    entry: _Entry | None = None  # the one that counts of those in the schedule's heaps

    def head(self) -> Ticket | None:
        """Who goes next. No alert could go while an answer waits: all it needs is stricter."""
        for priority in Priority:
            for ticket in self.waiting.get(priority, {}).values():
                return ticket
        return None

    def opens_at(self, priority: Priority) -> float:
        opens = max(self.refused_until, self.due - (_BURST[priority] - 1) * _CHAT_GAP)
        return max(opens, self.minute.opens_at(_GROUP[priority])) if self.minute else opens

    def fresh_at(self) -> float:
        """When nothing of what it was sent matters any more."""
        fresh = max(self.refused_until, self.due)
        return max(fresh, self.minute.empty_at()) if self.minute else fresh

    def complete(self, now: float) -> None:
        self.due = max(self.due, now) + _CHAT_GAP
        if self.minute:
            self.minute.complete(now)


_Entry = tuple[float, int, _Chat]  # when the chat opens to its head, and that one's number


class Schedule:
    """Who may send when, apart from any clock: each `now` is in seconds and never goes back.

    join -> start -> complete; `withdraw` ends either wait or turn without a message.
    """

    def __init__(self) -> None:
        self._numbers = count()
        self._chats: dict[ChatId, _Chat] = {}
        self._overall = _Window(_OVERALL[Priority.ANSWER], _OVERALL_SECONDS)
        self._alert_due = -inf
        self._refused_until = -inf
        self._last_refusal_over = -inf
        # Chats with somebody waiting, by when they open; and those that have, by who is oldest.
        # An entry that its chat has replaced stays until it comes up.
        self._closed: dict[Priority, list[_Entry]] = {priority: [] for priority in Priority}
        self._open: dict[Priority, list[tuple[int, _Entry]]] = {
            priority: [] for priority in Priority
        }
        self._idle: list[tuple[float, int, _Chat]] = []

    @property
    def chats(self) -> int:
        """How many chats are kept in mind."""
        return len(self._chats)

    def join(self, chat_id: ChatId, priority: Priority) -> Ticket:
        """Wait for a turn, behind those of the same priority."""
        ticket = Ticket(next(self._numbers), chat_id, priority)
        chat = self._chats.get(chat_id)
        if chat is None:
            limited = isinstance(chat_id, str) or chat_id < 0
            window = _Window(_GROUP[Priority.ANSWER], _GROUP_SECONDS) if limited else None
            chat = self._chats[chat_id] = _Chat(chat_id, window)
        chat.waiting.setdefault(priority, OrderedDict())[ticket.number] = ticket
        self._settle(chat)
        return ticket

    def start(self, now: float) -> Ticket | None:
        """Give the next turn that may be given now, if any may."""
        self._forget(now)
        for priority in Priority:
            if self._opens_at(priority) <= now and (chat := self._first(priority, now)):
                return self._start(chat, priority, now)
        return None

    def next_start(self) -> float:
        """When to call `start` again, once it gave None; inf: after the next change."""
        return min(max(self._opens_at(p), self._first_opens_at(p)) for p in Priority)

    def complete(self, ticket: Ticket, now: float) -> None:
        """The message of this turn is sent, or whatever became of it is known."""
        chat = self._chats[ticket.chat_id]
        chat.in_flight = None
        chat.complete(now)
        self._overall.complete(now)
        self._settle(chat)

    def withdraw(self, ticket: Ticket) -> None:
        """End a wait, or a turn in which nothing was written; nothing after `complete`."""
        chat = self._chats.get(ticket.chat_id)
        if chat is None:
            return
        if chat.in_flight is ticket:
            chat.in_flight = None
            self._overall.give_back()
            if chat.minute:
                chat.minute.give_back()
        else:
            chat.waiting.get(ticket.priority, OrderedDict()).pop(ticket.number, None)
        self._settle(chat)

    def refuse(self, ticket: Ticket, now: float, seconds: float) -> None:
        """Telegram sent this turn's message back: nothing to its chat for so many seconds.

        Two chats refused at a time means that the bot is: then nothing to anyone.
        """
        until = now + seconds
        if now < self._last_refusal_over:  # another chat's: this one got nothing during its own
            self._refused_until = max(self._refused_until, until)
        self._last_refusal_over = max(self._last_refusal_over, until)
        self._chats[ticket.chat_id].refused_until = until

    def _start(self, chat: _Chat, priority: Priority, now: float) -> Ticket:
        _, chat.in_flight = chat.waiting[priority].popitem(last=False)
        self._overall.start()
        if chat.minute:
            chat.minute.start()
        # Alerts keep a gap from answers too, but many answers hold them up by a second at most.
        # What a timer was late by, up to a gap, is made up for.
        due = max(self._alert_due, now - _ALERT_GAP) + _ALERT_GAP
        self._alert_due = min(due, now + _OVERALL_SECONDS)
        self._settle(chat)
        return chat.in_flight

    def _opens_at(self, priority: Priority) -> float:
        opens = max(self._refused_until, self._overall.opens_at(_OVERALL[priority]))
        return max(opens, self._alert_due) if priority is Priority.ALERT else opens

    def _settle(self, chat: _Chat) -> None:
        """Put the chat where it belongs now."""
        head = chat.head()
        if chat.in_flight:
            chat.entry = None
        elif head is None:
            chat.entry = None
            heappush(self._idle, (chat.fresh_at(), next(self._numbers), chat))
        else:
            entry = (chat.opens_at(head.priority), head.number, chat)
            if entry != chat.entry:
                chat.entry = entry
                heappush(self._closed[head.priority], entry)

    def _first(self, priority: Priority, now: float) -> _Chat | None:
        """The chat open to this priority whose head is oldest."""
        closed, opened = self._closed[priority], self._open[priority]
        while closed and closed[0][0] <= now:
            entry = heappop(closed)
            heappush(opened, (entry[1], entry))
        self._tidy(priority)
        return opened[0][1][2] if opened else None

    def _first_opens_at(self, priority: Priority) -> float:
        self._tidy(priority)
        if self._open[priority]:
            return -inf
        closed = self._closed[priority]
        return closed[0][0] if closed else inf

    def _tidy(self, priority: Priority) -> None:
        """Drop what has been replaced from the top of the heaps."""
        closed, opened = self._closed[priority], self._open[priority]
        while closed and closed[0][2].entry is not closed[0]:
            heappop(closed)
        while opened and opened[0][1][2].entry is not opened[0][1]:
            heappop(opened)

    def _forget(self, now: float) -> None:
        """Drop the chats that are as good as new."""
        while self._idle and self._idle[0][0] <= now:
            _, _, chat = heappop(self._idle)
            idle = not chat.in_flight and chat.head() is None and chat.fresh_at() <= now
            if idle and self._chats.get(chat.id) is chat:
                del self._chats[chat.id]


@dataclass(eq=False, slots=True)
class Turn:
    """Leave to send one message to a chat now: pass it as `rate_limit_args`.

    More messages sent with it, or one to another chat, wait for turns of the same priority.
    """

    priority: Priority
    _ticket: Ticket | None

    def _spend(self, chat_id: ChatId) -> Ticket | None:
        """The turn, once, if it is this chat's."""
        ticket = self._ticket
        if ticket is None or ticket.chat_id != chat_id:
            return None
        self._ticket = None
        return ticket


class Pacer(BaseRateLimiter[Priority | Turn]):
    """Makes each message of one bot wait for its turn; without `rate_limit_args` it is an answer.

    Other methods pass at once. A request counts as one message. RetryAfter is raised on, and
    obeyed by whatever is sent next: who sends again waits here.
    """

    __slots__ = ("_clock", "_schedule", "_timer", "_waiting")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._schedule = Schedule()
        self._waiting: dict[Ticket, asyncio.Future[None]] = {}
        self._timer: tuple[float, asyncio.TimerHandle] | None = None

    async def initialize(self) -> None:
        """Nothing is needed before the first message."""

    async def shutdown(self) -> None:
        """Who still waits gets their turn: it is for their tasks to end."""

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, bool | dict[str, Any] | list[dict[str, Any]]]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: Priority | Turn | None,
    ) -> bool | dict[str, Any] | list[dict[str, Any]]:
        if not _is_message(endpoint) or "chat_id" not in data:
            return await callback(*args, **kwargs)
        chat_id, ticket = _plain(data["chat_id"]), None
        if isinstance(rate_limit_args, Turn):
            ticket = rate_limit_args._spend(chat_id)
            rate_limit_args = rate_limit_args.priority
        if ticket is None:
            ticket = await self._take(chat_id, rate_limit_args or Priority.ANSWER)
        try:
            return await callback(*args, **kwargs)
        except RetryAfter as error:
            seconds = seconds_of(error)
            logger.warning("chat=%s Telegram asks to wait %gs", chat_id, seconds)
            self._schedule.refuse(ticket, self._clock(), seconds)
            raise
        finally:
            self._schedule.complete(ticket, self._clock())
            self._proceed()

    @asynccontextmanager
    async def turn(
        self, chat_id: ChatId, priority: Priority = Priority.ANSWER
    ) -> AsyncIterator[Turn]:
        """Wait for a turn, and hold it, to do what must be done right before a message is sent:

            async with pacer.turn(chat_id, Priority.ALERT) as turn:
                await outbox.mark_as_being_sent(alert)
                await bot.send_message(chat_id, text, rate_limit_args=turn)

        The turn ends when its message is sent; if none was, at the end of the context, and then
        it does not count. Until it ends the chat gets no other message: one sent to it within
        the context but without the turn would wait for ever.
        """
        turn = Turn(priority, await self._take(_plain(chat_id), priority))
        try:
            yield turn
        finally:
            if turn._ticket is not None:
                self._schedule.withdraw(turn._ticket)
                turn._ticket = None
                self._proceed()

    async def _take(self, chat_id: ChatId, priority: Priority) -> Ticket:
        """Wait for a turn; it is to be completed or withdrawn."""
        ticket = self._schedule.join(chat_id, priority)
        turn = self._waiting[ticket] = asyncio.get_running_loop().create_future()
        self._proceed()
        try:
            await turn
        except asyncio.CancelledError:  # while it waited, or between its start and this line
            self._waiting.pop(ticket, None)
            self._schedule.withdraw(ticket)
            self._proceed()
            raise
        return ticket

    def _proceed(self) -> None:
        """Start whatever may start now, and see to it that this is called when more may."""
        now = self._clock()
        while ticket := self._schedule.start(now):
            turn = self._waiting.pop(ticket)
            if not turn.cancelled():  # else its task gives it back as soon as it hears of that
                turn.set_result(None)
        at = self._schedule.next_start()
        if self._timer is not None:
            if self._timer[0] == at:
                return
            self._timer[1].cancel()
            self._timer = None
        if at < inf:
            loop = asyncio.get_running_loop()
            self._timer = at, loop.call_later(at - now, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        self._proceed()


def _is_message(endpoint: str) -> bool:
    return endpoint.startswith(("send", "forward", "copy")) and endpoint not in _NO_MESSAGE


def _plain(chat_id: ChatId) -> ChatId:
    """Numbers as numbers: the library takes "42" too."""
    try:
        return int(chat_id)
    except ValueError:
        return chat_id
