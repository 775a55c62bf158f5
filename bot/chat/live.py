"""An answer that a chat sees grow while it is written, with a button that stops it.

In a private chat it grows in a draft, which Telegram shows without keeping it; elsewhere, and
where drafts are not to be had, in a message that is edited. What is final is always a message.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, Message
from telegram.constants import ParseMode
from telegram.error import BadRequest, RetryAfter, TelegramError

from bot.answering.answer import Answer
from bot.chat.delivery import deliver, keyboard_of, reply_parameters, send_all
from bot.chat.html import as_html
from bot.chat.markup import Reply, message
from bot.chat.pacing import seconds_of
from bot.chat.reply import growing_reply
from bot.chat.sources import signed
from bot.i18n import translate

logger = logging.getLogger(__name__)

# A written answer that takes longer is one that can be stopped.
_STOPPABLE_AFTER = 1.5  # seconds
# A draft may change as often as it likes, but a reader reads; an edited message may change about
# as often as one may be sent: once a second, and twenty times a minute in a group.
_DRAFT_GAP, _EDIT_GAP, _GROUP_EDIT_GAP = 0.5, 1.2, 3.5  # seconds
_DRAFT_LASTS = 20.0  # seconds; Telegram drops it after thirty
_FINAL_TRIES = 3


class LiveAnswer:
    """One answer in one chat. `async with`; then `finish`, which delivers it whatever went wrong.

    Nothing that fails while it grows is raised: what counts is the end.
    """

    def __init__(
        self,
        bot: Bot,
        chat_id: int,
        private: bool,
        reply_to: int | None,
        language: str,
        stop_action: str | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """:param reply_to: the question's message, where the answer is to refer to it.
        :param stop_action: of the button that stops it; None: it is quoted, and soon there.
        """
        self._bot = bot
        self._chat_id = chat_id
        self._private = private
        self._reply_to = reply_to
        self._language = language
        self._stop = _button(stop_action, language) if stop_action else None
        self._clock = clock
        self._drafts = private
        self._draft_id = secrets.randbelow(2**31 - 1) + 1
        self._notice: Message | None = None  # the message that carries the button
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._over = False
        self.latest: Answer | None = None

    async def __aenter__(self) -> LiveAnswer:
        self._task = asyncio.create_task(self._keep_showing())
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._end()

    async def show(self, answer: Answer) -> None:
        """Take what there is by now; it is shown as soon as may be."""
        self.latest = answer
        self._changed.set()

    async def finish(self, reply: Reply) -> tuple[int, ...]:
        """Deliver the answer: the ids of its messages; none where the chat cannot be written to."""
        await self._end()
        notice = self._notice
        if notice is None or self._drafts:
            ids = await deliver(self._bot, self._chat_id, reply, self._reply_to)
            await self._remove(notice)
            return ids
        messages = as_html(reply)
        if not await self._edit_finally(notice, messages[0], reply if len(messages) == 1 else None):
            ids = await deliver(self._bot, self._chat_id, reply, self._reply_to)
            await self._remove(notice)
            return ids
        others = await send_all(self._bot, self._chat_id, messages[1:], reply)
        return (notice.message_id, *others)

    async def _end(self) -> None:
        """Let a request that is under way end: a message that is cancelled may still arrive."""
        self._over = True
        self._changed.set()
        if self._task is not None:
            await self._task
            self._task = None

    async def _keep_showing(self) -> None:
        began = self._clock()
        due = began
        shown: Answer | None = None
        shown_at = began
        while not self._over:
            now = self._clock()
            if self._stop and self._notice is None and now - began >= _STOPPABLE_AFTER:
                await self._send_notice()
            stale = self._drafts and now - shown_at >= _DRAFT_LASTS
            new = self.latest if self.latest is not shown or stale else None
            if new is not None and now >= due and (self._drafts or self._notice):
                gap = await self._show(new)
                if gap is not None:
                    due = self._clock() + gap
                    shown, shown_at = new, self._clock()
            self._changed.clear()
            if self._over:
                return
            waits = [_DRAFT_LASTS]
            if self._stop and self._notice is None:
                waits.append(began + _STOPPABLE_AFTER - now)
            if self.latest is not shown:
                waits.append(due - now)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(min(waits), 0.05)):
                    await self._changed.wait()

    async def _send_notice(self) -> None:
        text = translate("Writing the answer…", self._language)
        try:
            self._notice = await self._bot.send_message(
                self._chat_id,
                signed("✍️", text),
                reply_markup=self._stop,
                reply_parameters=reply_parameters(self._reply_to),
                disable_notification=True,
            )
        except TelegramError as error:
            logger.info("chat=%d a notice could not be sent: %s", self._chat_id, error)

    async def _show(self, answer: Answer) -> float | None:
        """Show it; for how many seconds not to change it again. None: to be shown otherwise."""
        text = as_html(growing_reply(answer))[0]
        try:
            if self._drafts:
                await self._bot.send_message_draft(
                    self._chat_id, self._draft_id, text, parse_mode=ParseMode.HTML
                )
                return _DRAFT_GAP
            assert self._notice is not None
            await self._edit(self._notice, text, self._stop)
        except RetryAfter as error:
            return seconds_of(error)
        except TelegramError as error:
            if self._drafts:
                logger.info("chat=%d takes no drafts: %s", self._chat_id, error)
                self._drafts = False
                return None
            logger.info("chat=%d an edit failed: %s", self._chat_id, error)
        return _EDIT_GAP if self._private else _GROUP_EDIT_GAP

    async def _edit_finally(self, notice: Message, text: str, last: Reply | None) -> bool:
        """Make the notice the answer, or its first part; whether that is known to have worked.

        :param last: the reply, where this is all of it.
        """
        keyboard = keyboard_of(last) if last else None
        for _ in range(_FINAL_TRIES):
            try:
                await self._edit(notice, text, keyboard)
                return True
            except RetryAfter as error:
                await asyncio.sleep(seconds_of(error))
            except BadRequest as error:
                if "not modified" in str(error).lower():
                    return True
                return False
            except TelegramError as error:
                logger.info("chat=%d the final edit failed: %s", self._chat_id, error)
        return False

    async def _edit(
        self, notice: Message, text: str, keyboard: InlineKeyboardMarkup | None
    ) -> None:
        await self._bot.edit_message_text(
            text,
            self._chat_id,
            notice.message_id,
            parse_mode=ParseMode.HTML,
            reply_markup=keyboard,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )

    async def _remove(self, notice: Message | None) -> None:
        if notice is None:
            return
        try:
            await self._bot.delete_message(self._chat_id, notice.message_id)
        except TelegramError as error:  # then at least its button goes
            logger.info("chat=%d a notice could not be removed: %s", self._chat_id, error)
            with contextlib.suppress(TelegramError):
                await self._bot.edit_message_text(
                    signed("✓", translate("The answer is written.", self._language)),
                    self._chat_id,
                    notice.message_id,
                )


def _button(action: str, language: str) -> InlineKeyboardMarkup:
    label = signed("⏹", translate("Stop", language))
    return InlineKeyboardMarkup([[InlineKeyboardButton(label, callback_data=action)]])


def stopped_reply(language: str) -> Reply:
    """For an answer that was stopped before any of it stood."""
    return message(translate("Stopped.", language))
