"""Getting a reply to its chat: whatever Telegram and the network do, it is not lost."""

from __future__ import annotations

import asyncio
import html
import logging
import re
from datetime import timedelta

from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    ReplyParameters,
)
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    NetworkError,
    RetryAfter,
)

from bot.chat.html import as_html
from bot.chat.markup import Reply

logger = logging.getLogger(__name__)

_NO_CHAT = "chat not found"  # what Telegram says of a person who never wrote to the bot
_TAG = re.compile(r"<[^>]*>")
# Waits between tries after a network failure, in seconds: some five minutes in all.
_WAITS = (0.5, 1, 2, 4, 8, 15, 30, 60, 60, 120)


async def deliver(bot: Bot, chat_id: int, reply: Reply, reply_to: int | None = None) -> bool:
    """Send every message of a reply, in order; buttons under the last. Whether the chat could be
    written to.

    A flood limit is waited out. After a network failure the message is sent again: where the
    connection broke after the request was written, Telegram may show it twice, which for an
    answer is better than not at all. A chat that can no longer be written to is let go.
    """
    messages = as_html(reply)
    for number, text in enumerate(messages, start=1):
        keyboard = _keyboard(reply) if number == len(messages) else None
        try:
            chat_id = await _send(bot, chat_id, text, keyboard, reply_to if number == 1 else None)
        except Forbidden:
            logger.info("chat=%d can no longer be written to", chat_id)
            return False
    return True


async def _send(
    bot: Bot,
    chat_id: int,
    text: str,
    keyboard: InlineKeyboardMarkup | None,
    reply_to: int | None,
) -> int:
    """Send one message; the chat it went to, which is another where the chat has moved."""
    reply_parameters = (
        ReplyParameters(reply_to, allow_sending_without_reply=True) if reply_to else None
    )
    waits = iter(_WAITS)
    plain = False
    while True:
        try:
            await bot.send_message(
                chat_id,
                text,
                parse_mode=None if plain else ParseMode.HTML,
                reply_markup=keyboard,
                reply_parameters=reply_parameters,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
            return chat_id
        except RetryAfter as error:
            await asyncio.sleep(_seconds(error))
        except ChatMigrated as moved:
            chat_id, reply_parameters = moved.new_chat_id, None
        except BadRequest as error:
            if _NO_CHAT in str(error).lower():
                raise Forbidden(str(error)) from error
            if plain:
                raise
            # Words without their markup, and without links that Telegram may not like.
            logger.error("chat=%d Telegram refused a message (%s); sent plain", chat_id, error)
            plain = True
            text = html.unescape(_TAG.sub("", text))
            keyboard = _actions_of(keyboard)
        except Forbidden:
            raise  # trying again changes nothing
        except NetworkError as error:
            wait = next(waits, None)
            if wait is None:
                raise
            logger.warning("chat=%d sending failed (%s); again in %ss", chat_id, error, wait)
            await asyncio.sleep(wait)


def _seconds(error: RetryAfter) -> float:
    wait: int | timedelta = error.retry_after  # on its way from one type to the other
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


def _actions_of(keyboard: InlineKeyboardMarkup | None) -> InlineKeyboardMarkup | None:
    """The buttons that are no links."""
    rows = (
        [[b for b in row if b.url is None] for row in keyboard.inline_keyboard] if keyboard else []
    )
    return InlineKeyboardMarkup([row for row in rows if row]) if any(rows) else None


def _keyboard(reply: Reply) -> InlineKeyboardMarkup | None:
    if not reply.buttons:
        return None
    return InlineKeyboardMarkup(
        [
            [InlineKeyboardButton(b.label, url=b.url, callback_data=b.action) for b in row]
            for row in reply.buttons
        ]
    )
