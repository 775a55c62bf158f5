"""The Telegram bot, put together."""

from __future__ import annotations

import logging

from telegram import Bot
from telegram.error import InvalidToken, TelegramError
from telegram.ext import Application, ApplicationBuilder

from bot.chat.admin import Admins
from bot.chat.conversation import Conversation
from bot.chat.order import ChatOrder
from bot.chat.telegram import Handlers, publish_commands
from bot.following import Following
from bot.settings import Settings

logger = logging.getLogger(__name__)

# Updates that wait for others of their chat count too, so that this bounds memory, not work:
# one busy chat is to leave room for all others.
_UPDATES_AT_ONCE = 4096
_CONNECTIONS = 64


class TelegramRefused(Exception):
    """Telegram does not know this bot."""


def run_telegram(settings: Settings, token: str, conversation: Conversation) -> None:
    """Poll Telegram and answer, until interrupted.

    :raises TelegramRefused: when the token is not accepted.
    """
    application = (
        ApplicationBuilder()
        .token(token)
        .base_url(f"{settings.telegram_api_url}/bot")
        .base_file_url(f"{settings.telegram_api_url}/file/bot")
        .concurrent_updates(ChatOrder(_UPDATES_AT_ONCE))
        .connection_pool_size(_CONNECTIONS)
        .pool_timeout(30)
        .build()
    )
    admins = Admins(
        settings.admin_ids,
        conversation,
        settings.index_dir,
        settings.ui_language,
        application.bot,
    )
    following = Following(conversation.assistant, settings.index_dir, admins.heard)

    async def begin(application: Application) -> None:  # type: ignore[type-arg]
        following.start()
        await _greet(settings.ui_language, application.bot)
        await admins.publish_commands()

    async def end(application: Application) -> None:  # type: ignore[type-arg]
        await following.stop()
        await admins.stop()

    application.post_init = begin
    application.post_stop = application.post_shutdown = end  # one that never ran is not stopped
    admins.register(application)  # before the others: some of their commands are everybody's
    Handlers(conversation, settings.ui_language).register(application)
    logging.getLogger("telegram.ext").addFilter(_said_once)
    try:
        # Questions asked while the bot was down are answered; a network that is down at the
        # start is waited for.
        application.run_polling(allowed_updates=["message", "callback_query"], bootstrap_retries=-1)
    except InvalidToken:
        raise TelegramRefused(
            "TELEGRAM_BOT_TOKEN is not accepted by Telegram: ask @BotFather for the bot's token"
        ) from None


def _said_once(record: logging.LogRecord) -> bool:
    """A refused token is told in one line at the end, not in a trace before it."""
    return not (record.exc_info and isinstance(record.exc_info[1], InvalidToken))


async def _greet(language: str, bot: Bot) -> None:
    logger.info("answering as @%s", bot.username)
    try:
        await publish_commands(bot, language)
    except TelegramError as error:  # the menu is a convenience
        logger.warning("could not publish the menu of commands: %s", error)
