"""From the outbox to Telegram: everything once, and what may have been lost once more."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from itertools import chain, repeat

import httpx
from sqlalchemy.exc import SQLAlchemyError
from telegram import InlineKeyboardMarkup, LinkPreviewOptions
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.ext import ExtBot

from bot.alerts.alert import Alert
from bot.alerts.outbox import Claim, Outbox
from bot.alerts.subscription import Chat
from bot.alerts.subscriptions import Subscriptions
from bot.chat.alert_reply import MOST_IN_ONE, alert_reply
from bot.chat.delivery import (
    cannot_be_written_to,
    keyboard_of,
    said_by_telegram,
    without_markup,
)
from bot.chat.html import as_html
from bot.chat.pacing import Pacer, Priority, Turn, seconds_of
from bot.tasks import BackgroundTask

logger = logging.getLogger(__name__)

_LOOK_EVERY = 0.5  # seconds
_CHATS_AT_ONCE = 500  # that wait for their turn
_READ_TIMEOUT = 30.0  # seconds
_FINISHED_WITHIN = 10.0  # seconds, when the bot ends
# Waits after failures in a row, in seconds; the last one for all that follow.
_WAITS = (1, 2, 4, 8, 15, 30, 60, 120, 300)
# The connection was not made, or nothing was written to it.
_NOT_WRITTEN = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class AlertDelivery:
    """A task that sends what is due, as fast as Telegram allows."""

    def __init__(
        self,
        bot: ExtBot[Priority | Turn],
        pacer: Pacer,
        outbox: Outbox,
        subscriptions: Subscriptions,
        now: Callable[[], datetime],
        read_timeout: float = _READ_TIMEOUT,
    ) -> None:
        """:param read_timeout: seconds; an answer that is later leaves the outcome unknown."""
        self._bot = bot
        self._pacer = pacer
        self._outbox = outbox
        self._subscriptions = subscriptions
        self._now = now
        self._read_timeout = read_timeout
        self._wake = asyncio.Event()
        self._task = BackgroundTask(self._deliver)
        self._sending: dict[int, asyncio.Task[None]] = {}  # by chat
        self._claimed: set[int] = set()  # chats to which a message is being written
        self._singly: set[int] = set()  # chats that get one alert a message: some are refused

    def start(self) -> None:
        self._task.start()

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    async def stop(self) -> None:
        """Messages that are being written are waited for; others stay in the outbox."""
        await self._task.stop()
        for chat_id, task in self._sending.items():
            if chat_id not in self._claimed:
                task.cancel()
        tasks = list(self._sending.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_FINISHED_WITHIN)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver(self) -> None:
        recovered = False
        failure = ""
        while True:
            try:
                if not recovered:
                    again = await self._outbox.recover(terminal=False)
                    recovered = True
                    if again:
                        logger.warning("alerts=%d were being sent when the bot ended: again", again)
                await self._start_due()
                failure = ""
            except Exception as error:  # a database that is away for a while, or a defect
                if repr(error) != failure:
                    logger.exception("could not look for alerts to send")
                failure = repr(error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _LOOK_EVERY)
            self._wake.clear()

    async def _start_due(self) -> None:
        room = _CHATS_AT_ONCE - len(self._sending)
        if room <= 0:
            return
        for chat_id in await self._outbox.due_chats(_CHATS_AT_ONCE, terminal=False):
            if chat_id not in self._sending and len(self._sending) < _CHATS_AT_ONCE:
                self._begin(chat_id, self._deliver_to(chat_id))
        for chat_id, message_id in await self._outbox.outdated(room):
            if chat_id not in self._sending:
                self._begin(chat_id, self._bring_up_to_date(chat_id, message_id))

    def _begin(self, chat_id: int, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._sending[chat_id] = task
        task.add_done_callback(lambda done: self._ended(chat_id, done))

    def _ended(self, chat_id: int, task: asyncio.Task[None]) -> None:
        del self._sending[chat_id]
        if not task.cancelled() and (error := task.exception()):
            logger.error("chat=%d alerts could not be sent", chat_id, exc_info=error)

    async def _deliver_to(self, chat_id: int) -> None:
        """One message of all that is due to a chat."""
        async with self._pacer.turn(chat_id, Priority.ALERT) as turn:
            self._claimed.add(chat_id)
            try:
                await self._claim_and_send(chat_id, turn)
            finally:
                self._claimed.discard(chat_id)

    async def _claim_and_send(self, chat_id: int, turn: Turn) -> None:
        claim = await self._outbox.claim(
            chat_id, 1 if chat_id in self._singly else MOST_IN_ONE, _fits
        )
        if claim is None:
            self._singly.discard(chat_id)
            return
        try:
            text, keyboard = _message(claim)
        except Exception:  # a defect of ours: a later version may know better
            await self._again(claim, unknown=False)
            raise
        try:
            message_id = await self._send(claim, text, keyboard, turn)
        except ChatMigrated as moved:
            new = moved.new_chat_id
            logger.info("chat=%d is now chat=%d", chat_id, new)
            await self._note(lambda: self._outbox.release(claim.ids))
            await self._note(lambda: self._subscriptions.migrate(chat_id, new))
        except RetryAfter as error:  # the pacer has noted it too; this outlives the process
            seconds = seconds_of(error)
            again_at = self._now() + timedelta(seconds=seconds)
            await self._note(lambda: self._outbox.release(claim.ids, again_at))
            logger.info("chat=%d alerts wait %gs", chat_id, seconds)
        except TelegramError as error:
            await self._failed(claim, error)
        except Exception:
            await self._again(claim, unknown=True)
            raise
        else:
            await self._note(lambda: self._outbox.sent(claim.ids, message_id))
            logger.info("chat=%d alerts=%d sent", chat_id, len(claim.ids))

    async def _failed(self, claim: Claim, error: TelegramError) -> None:
        chat_id = claim.chat.id
        if cannot_be_written_to(error):
            logger.info("chat=%d can no longer be written to (%s)", chat_id, error)
            await self._note(lambda: self._subscriptions.unreachable(chat_id))
        elif not isinstance(error, BadRequest) or not said_by_telegram(error):
            unknown = outcome_is_unknown(error)
            wait = await self._again(claim, unknown=unknown)
            logger.warning(
                "chat=%d alerts=%d failed (%s%s); again in %ss",
                chat_id,
                len(claim.ids),
                error,
                ", and may have arrived" if unknown else "",
                wait,
            )
        elif len(claim.ids) > 1:  # because of one of them, perhaps
            self._singly.add(chat_id)
            await self._note(lambda: self._outbox.release(claim.ids))
        else:
            logger.error("chat=%d Telegram refuses alert=%s: %s", chat_id, claim.ids[0], error)
            await self._note(lambda: self._outbox.dropped(claim.ids, str(error)))

    async def _again(self, claim: Claim, *, unknown: bool) -> int:
        """In how many seconds: longer with every failure.

        :param unknown: it may have arrived all the same.
        """
        wait = _WAITS[min(claim.attempts, len(_WAITS) - 1)]
        again_at = self._now() + timedelta(seconds=wait)
        await self._note(lambda: self._outbox.not_sent(claim.ids, again_at, unknown=unknown))
        return wait

    async def _note(self, note: Callable[[], Awaitable[None]]) -> None:
        """Write down what became of a message. A database that is away is waited for: what was
        known would be unknown if it were not."""
        for wait in chain(_WAITS, repeat(_WAITS[-1])):
            try:
                return await note()
            except (SQLAlchemyError, OSError) as error:
                logger.error("what became of alerts could not be noted (%s)", error)
                await asyncio.sleep(wait)

    async def _send(
        self, claim: Claim, text: str, keyboard: InlineKeyboardMarkup | None, turn: Turn
    ) -> int:
        """:raises TelegramError: where it may not have arrived."""
        try:
            return await self._send_message(claim.chat.id, text, keyboard, ParseMode.HTML, turn)
        except BadRequest as error:
            if cannot_be_written_to(error) or not said_by_telegram(error):
                raise
            logger.error("chat=%d Telegram refused an alert (%s)", claim.chat.id, error)
            plain, actions = without_markup(text, keyboard)
            return await self._send_message(claim.chat.id, plain, actions, None, turn)

    async def _send_message(
        self,
        chat_id: int,
        text: str,
        keyboard: InlineKeyboardMarkup | None,
        mode: ParseMode | None,
        turn: Turn,
    ) -> int:
        sent = await self._bot.send_message(
            chat_id,
            text,
            parse_mode=mode,
            reply_markup=keyboard,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            read_timeout=self._read_timeout,
            rate_limit_args=turn,
        )
        return sent.message_id

    async def _bring_up_to_date(self, chat_id: int, message_id: int) -> None:
        """Name in a message that was sent who else tells its stories by now.

        Within a turn, so that edits keep a pace too, and the chat gets nothing meanwhile.
        """
        async with self._pacer.turn(chat_id, Priority.ALERT):
            claim = await self._outbox.message(chat_id, message_id)
            if claim is not None and await self._edit(claim, message_id):
                await self._outbox.shown(claim)

    async def _edit(self, claim: Claim, message_id: int) -> bool:
        """Whether that is done with, be it because it cannot be."""
        reply = alert_reply(claim.alerts, claim.chat.language)
        [text, *rest] = as_html(reply)
        if rest:  # it would not fit any more
            return True
        try:
            await self._bot.edit_message_text(
                text,
                claim.chat.id,
                message_id,
                parse_mode=ParseMode.HTML,
                reply_markup=keyboard_of(reply),
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
        except RetryAfter as error:
            await asyncio.sleep(seconds_of(error))
            return False
        except TelegramError as error:
            logger.info("chat=%d an alert was not brought up to date (%s)", claim.chat.id, error)
            if said_by_telegram(error):  # it was deleted, or is as it was
                return True
            await asyncio.sleep(_WAITS[0])
            return False
        return True


def outcome_is_unknown(error: TelegramError) -> bool:
    """Whether a message may have arrived all the same: the request was written, and no answer
    to it could be read. An answer of a server that failed (5xx) says that it did not."""
    cause = error.__cause__
    if isinstance(error, NetworkError):
        # Its own cause is of an answer that was no JSON, but had a status.
        return cause is not None and not isinstance(cause, (TelegramError, *_NOT_WRITTEN))
    return type(error) is TelegramError  # "Invalid server response", of status 200


def _message(claim: Claim) -> tuple[str, InlineKeyboardMarkup | None]:
    reply = alert_reply(claim.alerts, claim.chat.language, claim.more)
    text, *_ = as_html(reply)  # of one alert that is too long, as much as goes
    return text, keyboard_of(reply)


def _fits(chat: Chat, alerts: Sequence[Alert], more: int) -> bool:
    return len(as_html(alert_reply(alerts, chat.language, more))) == 1
