"""The Telegram bot, put together."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from telegram import Bot
from telegram.error import InvalidToken, TelegramError
from telegram.ext import Application, ApplicationBuilder

from bot.alerts.desk import alert_desk
from bot.alerts.watching import ArrivalWatch
from bot.answerer import Answerer
from bot.chat.admin import Admins
from bot.chat.alert_delivery import AlertDelivery
from bot.chat.asking import Asking
from bot.chat.conversation import Conversation
from bot.chat.order import ChatOrder
from bot.chat.pacing import Pacer
from bot.chat.stopping import Stops
from bot.chat.subscribing import SubscriptionTalk
from bot.chat.subscription_handlers import SubscriptionHandlers
from bot.chat.telegram import Handlers, publish_commands, stops_an_answer
from bot.clock import utc_now
from bot.following import Following
from bot.history import History
from bot.settings import Settings
from bot.state.database import Database

logger = logging.getLogger(__name__)

# Updates that wait for others of their chat count too, so that this bounds memory, not work:
# one busy chat is to leave room for all others.
_UPDATES_AT_ONCE = 4096
_CONNECTIONS = 64
_UPDATES = ["message", "callback_query", "channel_post", "my_chat_member"]


class TelegramRefused(Exception):
    """Telegram does not know this bot."""


def run_telegram(
    settings: Settings,
    token: str,
    conversation: Conversation,
    answerer: Answerer,
    now: Callable[[], datetime] = utc_now,
) -> None:
    """Poll Telegram, answer, and send alerts, until interrupted.

    :param now: the time by which alerts are due.
    :raises TelegramRefused: when the token is not accepted.
    """
    pacer = Pacer()
    application = (
        ApplicationBuilder()
        .token(token)
        .base_url(f"{settings.telegram_api_url}/bot")
        .base_file_url(f"{settings.telegram_api_url}/file/bot")
        .concurrent_updates(ChatOrder(_UPDATES_AT_ONCE, stops_an_answer))
        .connection_pool_size(_CONNECTIONS)
        .pool_timeout(30)
        .rate_limiter(pacer)
        .build()
    )
    assistant, bot = conversation.assistant, application.bot
    database = Database(settings.database_url.get_secret_value())
    desk = alert_desk(settings, assistant, database, now)
    delivery = AlertDelivery(bot, pacer, desk.outbox, desk.subscriptions, now)
    arrivals = ArrivalWatch(desk.matcher, desk.subscriptions, delivery.wake)
    admins = Admins(
        settings.admin_ids,
        conversation,
        settings.index_dir,
        settings.ui_language,
        bot,
        desk.outbox,
        answerer.writer.counts if answerer.writer else None,
    )
    following = Following(assistant, settings.index_dir, admins.heard, arrivals.wake)

    async def begin(application: Application) -> None:  # type: ignore[type-arg]
        following.start()
        arrivals.start()
        delivery.start()
        await _greet(settings.ui_language, bot)
        await admins.publish_commands()

    async def end(application: Application) -> None:  # type: ignore[type-arg]
        await following.stop()
        await arrivals.stop()
        await delivery.stop()
        await admins.stop()

    async def close(application: Application) -> None:  # type: ignore[type-arg]
        await end(application)  # one that never ran is not stopped
        await answerer.close()
        await desk.close()

    application.post_init, application.post_stop, application.post_shutdown = begin, end, close
    admins.register(application)  # before the others: some of their commands are everybody's
    talk = SubscriptionTalk(desk.subscriptions, assistant, desk.topics)
    SubscriptionHandlers(talk, desk.subscriptions, settings.ui_language).register(application)
    asking = Asking(conversation, answerer, History(database, now))
    Handlers(conversation, asking, Stops(), settings.ui_language).register(application)
    logging.getLogger("telegram.ext").addFilter(_said_once)
    try:
        # Questions asked while the bot was down are answered; a network that is down at the
        # start is waited for.
        application.run_polling(allowed_updates=_UPDATES, bootstrap_retries=-1)
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
