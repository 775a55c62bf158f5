"""Those who keep the corpus: their commands in Telegram, and what they are told unasked."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from telegram import Bot, BotCommandScopeChat, Update
from telegram.error import TelegramError
from telegram.ext import Application, CommandHandler, ContextTypes, MessageHandler, filters

from bot.alerts.outbox import Counts, Outbox
from bot.answering.writing.counts import Counts as WritingCounts
from bot.chat.conversation import COMMANDS, Conversation
from bot.chat.delivery import deliver
from bot.chat.markup import Reply, paragraph
from bot.chat.report import (
    Status,
    begun_reply,
    broken_reply,
    not_begun_reply,
    run_reply,
    status_reply,
    under_way_reply,
)
from bot.chat.telegram import language_of, message_of, publish_commands, reply_to
from bot.i18n import translate
from bot.reindexing import Run, start_reindex
from index.generations import current_name
from index.lock import Locked
from index.run_record import RunRecord, last_record

logger = logging.getLogger(__name__)

# As COMMANDS, for admins alone.
ADMIN_COMMANDS = {
    "status": "The index, and how the last reindex ended",
    "reindex": "Bring the index up to date with the articles",
}

_BEFORE_OTHERS = -1  # the group of handlers that see every update


class Admins:
    """The admins' side of the bot. Others who send these commands get what any unknown one gets.

    Everything but `_compose…` runs in the event loop.
    """

    def __init__(
        self,
        ids: tuple[int, ...],
        conversation: Conversation,
        index_dir: Path,
        default_language: str,
        bot: Bot,
        outbox: Outbox,
        writing: WritingCounts | None = None,
    ) -> None:
        self._ids = ids
        self._conversation = conversation
        self._index_dir = index_dir
        self._default_language = default_language
        self._bot = bot
        self._outbox = outbox
        self._writing = writing
        self._languages: dict[int, str] = {}  # of those who have written since the start
        self._unreachable: set[int] = set()
        self._under_way: datetime | None = None  # since when a run begun in a chat is
        self._askers: set[int] = set()  # who wait to be told how it ended
        self._tasks: set[asyncio.Task[None]] = set()

    def register(self, application: Application) -> None:  # type: ignore[type-arg]
        """To be called before the handlers of all readers are registered."""
        if not self._ids:
            return
        admin = filters.User(self._ids) & filters.ChatType.PRIVATE & filters.UpdateType.MESSAGE
        application.add_handler(MessageHandler(admin, self.seen), group=_BEFORE_OTHERS)
        application.add_handler(CommandHandler("help", self.help, filters=admin))
        application.add_handler(CommandHandler("status", self.status, filters=admin))
        application.add_handler(CommandHandler("reindex", self.reindex, filters=admin))

    async def publish_commands(self) -> None:
        """The menu of each admin."""
        commands = {**COMMANDS, **ADMIN_COMMANDS}
        for id in self._ids:
            try:
                scope = BotCommandScopeChat(id)
                await publish_commands(self._bot, self._default_language, commands, scope)
            except TelegramError as error:
                logger.warning("could not publish the menu of admin %d: %s", id, error)

    async def seen(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Note the language of an admin, and that they can be written to."""
        id = message_of(update).chat.id
        self._unreachable.discard(id)
        if language := language_of(update):
            self._languages[id] = language

    async def help(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        await self._reply(update, self._compose_help)

    async def status(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        alerts = await self._outbox.counts()
        await self._reply(update, lambda language: self._compose_status(alerts, language))

    async def reindex(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Begin a run, unless one is under way."""
        id = message_of(update).chat.id
        self._askers.add(id)
        if self._under_way:
            since = self._under_way
            await self._tell(id, lambda language: under_way_reply(since, _now(), language))
            return
        began = self._under_way = _now()
        try:
            run = await asyncio.to_thread(start_reindex, self._index_dir)
        except (Locked, OSError) as error:
            self._under_way = None
            reason = str(error)
            await self._tell_askers(lambda language: not_begun_reply(reason, language))
            return
        logger.info("admin %d began a reindex, process %d", id, run.process.pid)
        self._in_background(self._see_to_its_end(run, began))
        await self._tell(id, begun_reply)

    def heard(self, record: RunRecord, news: bool) -> None:
        """A run has ended: tell all admins what is news, and those who asked in any case."""
        told = set(self._ids) if news else self._askers & set(self._ids)
        self._askers.clear()
        self._under_way = None  # though its process may take a moment to end
        with self._conversation.assistant.generation() as generation:
            in_use = generation.manifest.name
        for id in told - self._unreachable:
            reply = self._tell(id, lambda language: run_reply(record, in_use, language))
            self._in_background(reply)

    async def stop(self) -> None:
        """Let go of what is not delivered yet; a run goes on without the bot."""
        for task in list(self._tasks):
            task.cancel()
        for task in list(self._tasks):
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _see_to_its_end(self, run: Run, began: datetime) -> None:
        """Tell those who asked where a run left no record, of which `heard` would tell."""
        ended = await run.ended()
        if ended.record is None:
            logger.warning("a reindex ended with status %d: %s", ended.status, ended.said)
            status, said = ended.status, ended.said
            if self._under_way is began:
                self._under_way = None
            await self._tell_askers(lambda language: broken_reply(status, said, language))

    async def _tell_askers(self, compose: Callable[[str], Reply]) -> None:
        askers = list(self._askers)
        self._askers.clear()
        for id in askers:
            await self._tell(id, compose)

    async def _tell(self, id: int, compose: Callable[[str], Reply]) -> None:
        """Write to an admin; one who cannot be written to is let go until they write."""
        language = self._languages.get(id, self._default_language)
        try:
            reached = await deliver(self._bot, id, compose(language))
        except TelegramError as error:
            logger.error("admin %d could not be told: %s", id, error)
            return
        if not reached:
            self._unreachable.add(id)
            logger.warning("admin %d is told no more until they write to the bot", id)

    async def _reply(self, update: Update, compose: Callable[[str], Reply]) -> None:
        message = message_of(update)
        language = self._languages.get(message.chat.id, self._default_language)
        await reply_to(message, language, compose)

    def _compose_help(self, language: str) -> Reply:
        lines = [f"/{name} · {translate(text, language)}" for name, text in ADMIN_COMMANDS.items()]
        reply = self._conversation.help(language)
        return replace(reply, blocks=(*reply.blocks, paragraph("\n".join(lines))))

    def _compose_status(self, alerts: Counts, language: str) -> Reply:
        with self._conversation.assistant.generation() as generation:
            manifest = generation.manifest
        last = last_record(self._index_dir)
        status = Status(
            manifest, current_name(self._index_dir), last, self._under_way, alerts, self._writing
        )
        return status_reply(status, _now(), language)

    def _in_background(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)  # the loop itself keeps no task alive
        task.add_done_callback(self._tasks.discard)


def _now() -> datetime:
    return datetime.now(UTC)
