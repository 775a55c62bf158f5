"""Telegram handlers of subscriptions: who may change them, and how replies are shown."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from telegram import CallbackQuery, ChatMember, ForceReply, LinkPreviewOptions, Message, Update
from telegram.constants import ChatMemberStatus, ChatType, ParseMode
from telegram.error import BadRequest, TelegramError
from telegram.ext import (
    Application,
    ApplicationHandlerStop,
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    filters,
)

from bot.alerts.subscription import ChatKind
from bot.alerts.subscriptions import Subscriptions
from bot.chat.actions import FOLLOW, parse_follow
from bot.chat.delivery import deliver, keyboard_of
from bot.chat.html import as_html
from bot.chat.markup import message
from bot.chat.subscribing import Said, SubscriptionTalk, Where, ask_topic, ask_words
from bot.chat.telegram import language_of, message_of, question_of, typing
from bot.i18n import LANGUAGES, translate

logger = logging.getLogger(__name__)

_BEFORE_QUESTIONS = -2  # the group of handlers that may keep a text from being a question
_KINDS = {ChatType.PRIVATE: ChatKind.PRIVATE, ChatType.CHANNEL: ChatKind.CHANNEL}
_MANAGE = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)
_GONE = (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)

Talk = Callable[[Where], Awaitable[Said]]


@dataclass(frozen=True, slots=True)
class SubscriptionHandlers:
    """Commands, buttons and texts about subscriptions, as updates come in."""

    talk: SubscriptionTalk
    subscriptions: Subscriptions
    default_language: str

    def register(self, application: Application) -> None:  # type: ignore[type-arg]
        """To be called before the handlers of questions are registered."""
        new = filters.UpdateType.MESSAGE | filters.UpdateType.CHANNEL_POST
        for command, handle in (
            ("subscribe", self.subscribe),
            ("subscriptions", self.listing),
            ("unsubscribe", self.unsubscribe),
            ("settings", self.settings),
        ):
            application.add_handler(CommandHandler(command, handle, filters=new))
        application.add_handler(CallbackQueryHandler(self.follow, pattern=f"^{FOLLOW}$"))
        application.add_handler(CallbackQueryHandler(self.pressed, pattern=r"^[sac]:"))
        application.add_handler(
            ChatMemberHandler(self.membership, ChatMemberHandler.MY_CHAT_MEMBER)
        )
        application.add_handler(MessageHandler(filters.StatusUpdate.MIGRATE, self.migrated))
        text = filters.TEXT & ~filters.COMMAND & new
        application.add_handler(MessageHandler(text, self.text), group=_BEFORE_QUESTIONS)
        # Who starts the bot has it greet them too.
        started = CommandHandler("start", self.started, filters=new)
        application.add_handler(started, group=_BEFORE_QUESTIONS)

    async def subscribe(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        text = " ".join(context.args or [])
        await self._command(update, lambda where: self.talk.subscribe(where, text))

    async def listing(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        await self._command(update, self.talk.listing)

    async def unsubscribe(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        text = " ".join(context.args or [])
        await self._command(update, lambda where: self.talk.unsubscribe(where, text))

    async def settings(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        text = " ".join(context.args or [])
        await self._command(update, lambda where: self.talk.settings(where, text))

    async def text(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """A text that is the topic asked for; any other is left to the other handlers."""
        said = message_of(update)
        where = self._where(update)
        if where.kind is not ChatKind.PRIVATE and not _answers_us(said, context.bot.id):
            return
        if not await self.talk.is_topic(where):
            return
        await self._command(update, lambda where: self.talk.subscribe(where, said.text or ""))
        raise ApplicationHandlerStop

    async def follow(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """The bell under an answer."""
        query = update.callback_query
        if query is None:
            return
        answer = query.message
        question = question_of(answer) if isinstance(answer, Message) else None
        if question is None:
            await self._press(update, query, self._too_old)
        else:
            await self._press(update, query, lambda where: self.talk.follow(where, question))

    async def pressed(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        if query is None:
            return
        action = parse_follow(query.data or "")
        if action is None:
            await self._press(update, query, self._too_old)
        else:
            await self._press(update, query, lambda where: self.talk.pressed(where, action))

    async def membership(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """The bot was blocked, removed, or let in again."""
        changed = update.my_chat_member
        if changed is None:
            return
        if changed.new_chat_member.status in _GONE:
            logger.info("chat=%d has removed or blocked the bot", changed.chat.id)
            await self.subscriptions.unreachable(changed.chat.id)
        else:
            await self.subscriptions.reachable(changed.chat.id)

    async def started(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Whoever starts the bot hears from it again, did it miss that they let it in or not."""
        await self.subscriptions.reachable(message_of(update).chat.id)

    async def migrated(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """A group has become a supergroup: told in the old one by its new id."""
        said = message_of(update)
        if said.migrate_to_chat_id is not None:
            await self.subscriptions.migrate(said.chat.id, said.migrate_to_chat_id)

    async def _command(self, update: Update, talk: Talk) -> None:
        said = message_of(update)
        where = self._where(update)
        if not await _may_manage(update):
            reply = message(_only_admins(where.language))
            await deliver(said.get_bot(), said.chat.id, reply, said.message_id)
            return
        async with typing(said.get_bot(), said.chat.id):
            outcome = await talk(where)
        in_group = where.kind is ChatKind.GROUP
        if outcome.reply is None:
            return
        force = ForceReply(selective=True) if outcome.asks else None
        await deliver(
            said.get_bot(),
            said.chat.id,
            outcome.reply,
            said.message_id if in_group else None,
            force,
        )

    async def _press(self, update: Update, query: CallbackQuery, talk: Talk) -> None:
        where = self._where(update)
        if query.message is None:
            return
        if not await _may_manage(update):
            with contextlib.suppress(TelegramError):
                await query.answer(_only_admins(where.language), show_alert=True)
            return
        outcome = await talk(where)
        with contextlib.suppress(TelegramError):  # its spinner ends by itself too
            await query.answer(outcome.toast or None)
        if outcome.reply is None:
            return
        bot = query.get_bot()
        if outcome.edit:
            [text, *_] = as_html(outcome.reply)
            try:
                await bot.edit_message_text(
                    text,
                    where.chat_id,
                    query.message.message_id,
                    parse_mode=ParseMode.HTML,
                    reply_markup=keyboard_of(outcome.reply),
                    link_preview_options=LinkPreviewOptions(is_disabled=True),
                )
                return
            except BadRequest as error:
                if "not modified" in str(error).lower():  # pressed twice
                    return
                logger.info("chat=%d a message was not changed (%s)", where.chat_id, error)
        in_group = where.kind is ChatKind.GROUP
        reply_to = query.message.message_id if in_group else None
        await deliver(bot, where.chat_id, outcome.reply, reply_to)

    async def _too_old(self, where: Where) -> Said:
        return Said(toast=translate("This message is too old.", where.language))

    def _where(self, update: Update) -> Where:
        chat = update.effective_chat
        if chat is None:
            raise TypeError(f"update {update.update_id} has no chat")
        kind = _KINDS.get(ChatType(chat.type), ChatKind.GROUP)
        user = update.effective_user
        language = language_of(update) or self.default_language
        return Where(chat.id, kind, language, user.id if user else None)


async def _may_manage(update: Update) -> bool:
    """Whether who wrote or pressed manages the chat: oneself, or a group's or channel's admin.

    Only admins write to a channel, and only they can write in the name of a group.
    """
    chat, user = update.effective_chat, update.effective_user
    if chat is None:
        return False
    if chat.type == ChatType.PRIVATE or update.channel_post is not None:
        return True
    said = update.message
    if said is not None and said.sender_chat is not None:
        return said.sender_chat.id == chat.id
    if user is None:
        return False
    try:
        member: ChatMember = await chat.get_member(user.id)
    except TelegramError as error:
        logger.warning("chat=%d could not say who its admins are: %s", chat.id, error)
        return False
    return member.status in _MANAGE


def _only_admins(language: str) -> str:
    return translate("Only the admins of this chat can change what it follows.", language)


def _answers_us(said: Message, bot_id: int) -> bool:
    """Whether a message replies to our question for a topic; groups show a bot no others."""
    asked = said.reply_to_message
    if asked is None:
        return False
    ours = asked.from_user is not None and asked.from_user.id == bot_id
    in_channel = said.chat.type == ChatType.CHANNEL
    questions = [ask(language) for ask in (ask_topic, ask_words) for language in LANGUAGES]
    return (ours or in_channel) and asked.text in questions
