"""Getting a reply to its chat: whatever Telegram and the network do, it is not lost."""

from __future__ import annotations

import asyncio
import html
import logging
import re
from collections.abc import Sequence

from telegram import (
    Bot,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
    ReplyParameters,
)
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from bot.chat.html import as_html
from bot.chat.markup import Reply
from bot.chat.pacing import seconds_of

logger = logging.getLogger(__name__)

# What Telegram says, by 400, of a chat that a bot cannot write to: a person who never wrote to
# it, a group that is gone or lets it only read.
_NO_CHAT = (
    "chat not found",
    "group chat was deactivated",
    "peer_id_invalid",
    "not enough rights",
    "have no rights",
    "need administrator rights",
    "chat_write_forbidden",
)
_TAG = re.compile(r"<[^>]*>")
# Waits between tries after a network failure, in seconds: some five minutes in all.
_WAITS = (0.5, 1, 2, 4, 8, 15, 30, 60, 60, 120)


async def deliver(
    bot: Bot,
    chat_id: int,
    reply: Reply,
    reply_to: int | None = None,
    force_reply: ForceReply | None = None,
) -> tuple[int, ...]:
    """Send every message of a reply, in order; buttons under the last, or the field for an
    answer to it. Their ids; none where the chat cannot be written to.

    A flood limit is waited out. After a network failure the message is sent again: where the
    connection broke after the request was written, Telegram may show it twice, which for an
    answer is better than not at all. A chat that can no longer be written to is let go.
    """
    return await send_all(bot, chat_id, as_html(reply), reply, reply_to, force_reply)


async def send_all(
    bot: Bot,
    chat_id: int,
    messages: Sequence[str],
    reply: Reply,
    reply_to: int | None = None,
    force_reply: ForceReply | None = None,
) -> tuple[int, ...]:
    """As `deliver`, of the messages of a reply that are still to be sent."""
    ids = []
    for number, text in enumerate(messages, start=1):
        keyboard = (force_reply or keyboard_of(reply)) if number == len(messages) else None
        try:
            sent = await _send(bot, chat_id, text, keyboard, reply_to if number == 1 else None)
        except Forbidden:
            logger.info("chat=%d can no longer be written to", chat_id)
            return ()
        chat_id = sent.chat.id  # another where the chat has moved
        ids.append(sent.message_id)
    return tuple(ids)


async def _send(
    bot: Bot,
    chat_id: int,
    text: str,
    keyboard: InlineKeyboardMarkup | ForceReply | None,
    reply_to: int | None,
) -> Message:
    """Send one message."""
    replied = reply_parameters(reply_to)
    waits = iter(_WAITS)
    plain = False
    while True:
        try:
            return await bot.send_message(
                chat_id,
                text,
                parse_mode=None if plain else ParseMode.HTML,
                reply_markup=keyboard,
                reply_parameters=replied,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
        except RetryAfter as error:
            await asyncio.sleep(seconds_of(error))
        except ChatMigrated as moved:
            chat_id, replied = moved.new_chat_id, None
        except (BadRequest, Forbidden, NetworkError) as error:
            if cannot_be_written_to(error):
                raise Forbidden(str(error)) from error
            if isinstance(error, BadRequest) and said_by_telegram(error):
                if plain:
                    raise
                logger.error("chat=%d Telegram refused a message (%s); sent plain", chat_id, error)
                plain = True
                text, keyboard = without_markup(text, keyboard)
                continue
            wait = next(waits, None)
            if wait is None:
                raise
            logger.warning("chat=%d sending failed (%s); again in %ss", chat_id, error, wait)
            await asyncio.sleep(wait)


def reply_parameters(reply_to: int | None) -> ReplyParameters | None:
    """To refer to a message, even one that is gone by now."""
    return ReplyParameters(reply_to, allow_sending_without_reply=True) if reply_to else None


def cannot_be_written_to(error: TelegramError) -> bool:
    """Whether it says that the chat is closed to the bot, now and until something changes."""
    if not said_by_telegram(error):
        return False
    said = str(error).lower()
    return isinstance(error, Forbidden) or (
        isinstance(error, BadRequest) and any(words in said for words in _NO_CHAT)
    )


def said_by_telegram(error: TelegramError) -> bool:
    """Whether Telegram refused the request: not a proxy, whose answer is no JSON, and not the
    network."""
    if isinstance(error, NetworkError) and not isinstance(error, BadRequest):
        return False
    return not isinstance(error, InvalidToken) and not isinstance(error.__cause__, TelegramError)


def without_markup(
    text: str, keyboard: InlineKeyboardMarkup | ForceReply | None
) -> tuple[str, InlineKeyboardMarkup | None]:
    """Words without their markup, and without links, that Telegram may not like."""
    return html.unescape(_TAG.sub("", text)), _actions_of(keyboard)


def _actions_of(
    keyboard: InlineKeyboardMarkup | ForceReply | None,
) -> InlineKeyboardMarkup | None:
    """The buttons that are no links."""
    if not isinstance(keyboard, InlineKeyboardMarkup):
        return None
    rows = [[b for b in row if b.url is None] for row in keyboard.inline_keyboard]
    return InlineKeyboardMarkup([row for row in rows if row]) if any(rows) else None


def keyboard_of(reply: Reply) -> InlineKeyboardMarkup | None:
    if not reply.buttons:
        return None
    return InlineKeyboardMarkup(
        [
            [InlineKeyboardButton(b.label, url=b.url, callback_data=b.action) for b in row]
            for row in reply.buttons
        ]
    )
