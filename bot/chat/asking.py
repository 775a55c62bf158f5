"""A question in a conversation: understood from what was said before, answered, remembered."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bot.answerer import Answerer, show_nothing
from bot.answering.answer import Answer
from bot.answering.followups import Turn
from bot.answering.writing.sharing import Show
from bot.chat.conversation import Conversation
from bot.chat.markup import Reply, message
from bot.chat.reply import answer_reply, more_sources_reply
from bot.history import History, Place
from bot.i18n import translate

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Replied:
    """The message of ours that a question is a reply to."""

    message_id: int
    question: str | None  # that heads it


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it came."""

    text: str
    language: str  # of the reader's interface
    place: Place
    replied: Replied | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What a question is answered with."""

    reply: Reply
    turn: Turn | None = None  # to be remembered once the reply is delivered


class Asking:
    """Answers questions of a conversation. For one event loop, which it never holds up."""

    def __init__(self, conversation: Conversation, answerer: Answerer, history: History) -> None:
        self._conversation = conversation
        self.answerer = answerer
        self._history = history

    async def ask(self, asked: Asked, show: Show = show_nothing) -> Said:
        """The answer to a question, or what is wrong with it.

        :param show: called with what there is of an answer while it is written.
        """
        if wrong := self._conversation.misunderstood(asked.text, asked.language):
            return Said(wrong)
        started = time.monotonic()
        turns, continues = await self._before(asked)
        question = await self.answerer.standalone(" ".join(asked.text.split()), turns, continues)
        answer = await self.answerer.answer(question, asked.language, show)
        logger.info(
            "answered statements=%d abstained=%s written=%s in %.2fs",
            len(answer.statements),
            answer.abstained,
            answer.written,
            time.monotonic() - started,
        )
        return said(answer)

    async def remember(self, place: Place, said: Said, message_ids: Sequence[int] = ()) -> None:
        """Note what was said, once it is delivered."""
        if said.turn is not None:
            await self._history.add(place, said.turn, message_ids)

    async def begin_anew(self, place: Place, language: str) -> Reply:
        """Forget what was said there."""
        await self._history.forget(place)
        return message(
            translate("A new conversation: your next question stands by itself.", language)
        )

    async def more_sources(self, question: str, language: str) -> Reply:
        """Passages on a question beside those its answer cites."""
        return more_sources_reply(await self.answerer.answered(question, language))

    async def _before(self, asked: Asked) -> tuple[list[Turn], bool]:
        """The turns that a question may go on from, and whether it is a reply to the last."""
        if asked.replied is None:
            return await self._history.turns(asked.place), False
        turns = await self._history.turns(asked.place, asked.replied.message_id)
        if not turns and asked.replied.question:  # its turn is no longer on record
            turns = [Turn(asked.replied.question, "")]
        return turns, bool(turns)


def said(answer: Answer) -> Said:
    """An answer, and the turn that it makes."""
    statements = " ".join(statement.text for statement in answer.statements)
    return Said(answer_reply(answer), Turn(answer.question, statements))
