"""Telegram handlers: read the update, call the conversation, send what it returns."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    CallbackQuery,
    Message,
    MessageEntity,
    Update,
)
from telegram.constants import ChatAction, ChatType
from telegram.error import BadRequest, Forbidden, NetworkError, TelegramError
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    filters,
)

from bot.chat.actions import MORE_SOURCES, parse_read_article
from bot.chat.asking import Asked, Asking, Replied, Said, said
from bot.chat.conversation import COMMANDS, Conversation
from bot.chat.delivery import deliver
from bot.chat.live import LiveAnswer, stopped_reply
from bot.chat.markup import Reply
from bot.chat.stopping import Stops, parse_stop, stop_action
from bot.history import Place
from bot.i18n import LANGUAGES, supported, translate

logger = logging.getLogger(__name__)

_TYPING_LASTS = 4.0  # seconds; Telegram shows it for five


@dataclass(frozen=True, slots=True)
class Handlers:
    """The conversation as updates come in."""

    conversation: Conversation
    asking: Asking
    stops: Stops
    default_language: str

    def register(self, application: Application) -> None:  # type: ignore[type-arg]
        """All there is to handle; the first that fits an update takes it."""
        private = filters.ChatType.PRIVATE
        for handler in (
            CommandHandler("start", self.start, filters=filters.UpdateType.MESSAGE),
            CommandHandler("help", self.help, filters=filters.UpdateType.MESSAGE),
            CommandHandler("ask", self.ask, filters=filters.UpdateType.MESSAGE),
            CommandHandler("new", self.new, filters=filters.UpdateType.MESSAGE),
            CallbackQueryHandler(self.stop, pattern=r"^stop:"),
            CallbackQueryHandler(self.button),
            # What follows speaks to the bot only in a private chat.
            MessageHandler(filters.COMMAND & private & filters.UpdateType.MESSAGE, self.unknown),
            MessageHandler(filters.TEXT & private & filters.UpdateType.MESSAGE, self.question),
            MessageHandler(
                ~filters.StatusUpdate.ALL & private & filters.UpdateType.MESSAGE, self.not_text
            ),
        ):
            application.add_handler(handler)
        application.add_error_handler(self.error)

    async def start(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        await self._reply(update, self.conversation.start)

    async def help(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        await self._reply(update, self.conversation.help)

    async def unknown(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        await self._reply(update, self.conversation.unknown_command)

    async def not_text(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        await self._reply(update, self.conversation.not_text)

    async def ask(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Answer the question after /ask."""
        await self._ask(update, " ".join(context.args or []))

    async def question(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Answer any text of a private chat."""
        await self._ask(update, message_of(update).text or "")

    async def new(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Begin a new conversation."""
        asked, language = message_of(update), self._language(update)
        reply = await self.asking.begin_anew(place_of(asked), language)
        await deliver(context.bot, asked.chat.id, reply, _refers_to(asked))

    async def stop(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Stop the answer that is being written for who presses. Waits for no other update."""
        query = update.callback_query
        number = parse_stop(query.data or "") if query else None
        if query is None or number is None:
            return
        mine = self.stops.stop(number, query.from_user.id)
        language = self._language(update)
        said = None if mine else translate("Only who asked can stop the answer.", language)
        with contextlib.suppress(TelegramError):
            await query.answer(said)

    async def button(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """More sources, or the article around an excerpt."""
        query = update.callback_query
        if query is None:
            return
        with contextlib.suppress(TelegramError):  # its spinner ends by itself too
            await query.answer()
        if query.message is None:
            return
        chat_id = query.message.chat.id
        async with typing(context.bot, chat_id):
            reply = await self._pressed(query, self._language(update))
        in_group = query.message.chat.type != ChatType.PRIVATE
        await deliver(context.bot, chat_id, reply, query.message.message_id if in_group else None)

    async def error(self, update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Log first; then tell the reader that it was not their doing."""
        logger.error("an update failed", exc_info=context.error)
        if isinstance(update, Update) and update.effective_chat:
            unreachable = isinstance(context.error, (Forbidden, NetworkError))
            if unreachable and not isinstance(context.error, BadRequest):
                return  # nothing more will get through
            reply = self.conversation.failed(self._language(update))
            await deliver(context.bot, update.effective_chat.id, reply)

    async def _pressed(self, query: CallbackQuery, language: str) -> Reply:
        wanted = parse_read_article(query.data or "")
        if wanted is not None:
            return await asyncio.to_thread(self.conversation.read, wanted, language)
        question = question_of(query.message) if isinstance(query.message, Message) else None
        if query.data == MORE_SOURCES and question:
            return await self.asking.more_sources(question, language)
        return self.conversation.expired(language)

    async def _ask(self, update: Update, text: str) -> None:
        """Answer a question, which the chat sees grow and may stop."""
        message, language = message_of(update), self._language(update)
        bot, chat = message.get_bot(), message.chat
        private = chat.type == ChatType.PRIVATE
        asked = Asked(text, language, place_of(message), _replied(message, bot.id))
        user = update.effective_user
        with self.stops.begin(user.id if user else None) as stoppable:
            written = self.asking.answerer.writer is not None
            action = stop_action(stoppable.number) if written else None
            async with (
                LiveAnswer(bot, chat.id, private, _refers_to(message), language, action) as live,
                typing(bot, chat.id),
            ):
                stoppable.task = asyncio.create_task(self.asking.ask(asked, live.show))
                try:
                    result = await stoppable.task
                except asyncio.CancelledError:
                    if not stoppable.stopped:
                        raise
                    result = said(live.latest) if live.latest else Said(stopped_reply(language))
                finally:
                    stoppable.task.cancel()
            ids = await live.finish(result.reply)
        if ids:
            await self.asking.remember(asked.place, result, ids)

    async def _reply(self, update: Update, compose: Callable[[str], Reply]) -> None:
        await reply_to(message_of(update), self._language(update), compose)

    def _language(self, update: Update) -> str:
        return language_of(update) or self.default_language


async def reply_to(message: Message, language: str, compose: Callable[[str], Reply]) -> None:
    """Compose off the event loop, while the chat shows "typing", and send."""
    bot = message.get_bot()
    async with typing(bot, message.chat.id):
        reply = await asyncio.to_thread(compose, language)
    await deliver(bot, message.chat.id, reply, _refers_to(message))


async def publish_commands(
    bot: Bot,
    default_language: str,
    commands: Mapping[str, str] = COMMANDS,
    scope: BotCommandScope | None = None,
) -> None:
    """The menu of commands, in every language of the interface and for all other readers."""
    for language in LANGUAGES:
        menu = [BotCommand(name, translate(text, language)) for name, text in commands.items()]
        await bot.set_my_commands(menu, scope=scope, language_code=language)
        if language == default_language:
            await bot.set_my_commands(menu, scope=scope)


def language_of(update: Update) -> str | None:
    """The language that Telegram gives its reader, if the interface speaks it."""
    user = update.effective_user
    return supported(user.language_code if user else None)


def message_of(update: Update) -> Message:
    """The message of an update that is known to carry one."""
    if update.effective_message is None:
        raise TypeError(f"update {update.update_id} carries no message")
    return update.effective_message


def place_of(message: Message) -> Place:
    """Where the conversation of a message is."""
    thread = message.message_thread_id if message.is_topic_message else None
    return Place(message.chat.id, thread or 0)


def stops_an_answer(update: Update) -> bool:
    """Whether an update is to be handled while its chat waits for an answer: it ends that."""
    query = update.callback_query
    return query is not None and parse_stop(query.data or "") is not None


def question_of(message: Message) -> str | None:
    """The question that heads an answer of ours, in bold."""
    for entity, text in message.parse_entities([MessageEntity.BOLD]).items():
        return text if entity.offset == 0 else None
    return None


def _replied(message: Message, bot_id: int) -> Replied | None:
    """The answer of ours that a message is a reply to."""
    answer = message.reply_to_message
    if answer is None or answer.from_user is None or answer.from_user.id != bot_id:
        return None
    return Replied(answer.message_id, question_of(answer))


def _refers_to(message: Message) -> int | None:
    """The message to refer to: in a group, where others write too."""
    return message.message_id if message.chat.type != ChatType.PRIVATE else None


@contextlib.asynccontextmanager
async def typing(bot: Bot, chat_id: int) -> AsyncIterator[None]:
    """Show "typing" in the chat for as long as this lasts."""

    async def keep_typing() -> None:
        while True:
            with contextlib.suppress(TelegramError):
                await bot.send_chat_action(chat_id, ChatAction.TYPING)
            await asyncio.sleep(_TYPING_LASTS)

    task = asyncio.create_task(keep_typing())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
