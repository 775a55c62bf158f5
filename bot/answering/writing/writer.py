"""The answer written by a language model from the passages found, statement by statement.

Each is checked before it is shown. Where the model fails, or little of what it wrote holds, the
quoted answer takes its place: a reader always gets one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState

from bot.answering.answer import Answer, Evidence
from bot.answering.extractive import abstention
from bot.answering.facts import FactKind, Ground, missing_facts
from bot.answering.followups import LONGEST_ALONE, Turn, carried_over
from bot.answering.writing.checking import Checker, Flaw
from bot.answering.writing.composing import Composed
from bot.answering.writing.counts import Counts
from bot.answering.writing.drafts import Draft, DraftParser
from bot.answering.writing.failures import Failure, failure_of
from bot.answering.writing.model import ModelChoice
from bot.answering.writing.prompt import (
    answer_prompt,
    chosen_passages,
    rewriting_prompt,
    room_for_passages,
)
from bot.answering.writing.sharing import Show

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

logger = logging.getLogger(__name__)

# Below this probability of its best passage a question is not put to the model: 13 of the
# sample's 36 questions without an answer, and 3 of the 144 that have one, cost nothing so.
HOPELESS = 0.02
# From here on a quotation is shown even if the model finds no answer in it.
FIRM = 0.75
MOST_STATEMENTS = 8
# Of the statements written, this share must hold; an answer that lost more may have lost what it
# was about.
_LEAST_KEPT = 1 / 3
_LONGEST_ANSWER = 12  # characters a token; what goes on longer is endless
_TRIES = 2
_REWRITING_SECONDS = 15.0
# As many failures in a row let the provider rest for so many seconds; then one is tried.
_FAILURES, _REST_SECONDS = 3, 60.0
# Worth another try at once, where nothing was shown.
_PASSING = (Failure.EMPTY, Failure.FORMAT, Failure.LANGUAGE, Failure.UNREACHABLE, Failure.SERVER)


@dataclass(slots=True)
class _Attempt:
    """What came of one request."""

    written: int = 0  # statements
    refused: bool = False
    flaws: list[Flaw] = field(default_factory=list)
    failure: Failure | None = None


class Writer:
    """Writes answers. For one event loop; what computes runs in threads."""

    def __init__(
        self,
        model: BaseChatModel,
        choice: ModelChoice,
        checker: Checker,
        count_tokens: Callable[[str], int],
    ) -> None:
        """:param count_tokens: the embedding model's tokens of a text."""
        self._model = model
        self._choice = choice
        self._checker = checker
        self._count_tokens = count_tokens
        self.counts = Counts()
        self._breakers = AsyncCircuitBreakerFactory(
            default_threshold=_FAILURES,
            default_ttl=_REST_SECONDS,
            exclude=[
                asyncio.CancelledError,  # a reader's wish
                (Exception, lambda error: failure_of(error) is Failure.CONTEXT),
            ],
        )

    async def write(self, found: Answer, show: Show) -> Answer:
        """The answer to what was searched for: written, or as it was quoted.

        :param found: the quoted answer, or abstention, with every passage found.
        :param show: called with the answer so far, each time that a statement joins it.
        """
        if not found.found or found.found[0].probability < HOPELESS:
            return found
        started = time.monotonic()
        try:
            answer = await self._written(found, show, started + self._choice.seconds)
        except asyncio.CancelledError:
            self.counts.stopped += 1
            raise
        if answer.written:
            self.counts.written += 1
        elif not answer.abstained:
            self.counts.quoted += 1
        logger.info(
            "wrote statements=%d written=%s in %.2fs",
            len(answer.statements),
            answer.written,
            time.monotonic() - started,
        )
        return answer

    async def standalone(self, question: str, turns: Sequence[Turn]) -> str:
        """The question as it stands alone after what was said: rewritten by the model, or with
        its subject carried over where the model fails."""
        try:
            text = await self._whole(rewriting_prompt(question, turns))
        except Exception as error:  # each package has errors of its own
            self._failed(_failure(error))
            return carried_over(question, turns)
        lines = [line.strip(" \"'«»“”\u00a0") for line in text.splitlines() if line.strip()]
        if len(lines) == 1 and await asyncio.to_thread(_rests_on, lines[0], question, turns):
            return lines[0]
        self._failed(Failure.FORMAT)
        return carried_over(question, turns)

    async def _written(self, found: Answer, show: Show, deadline: float) -> Answer:
        language = found.question_language
        room = room_for_passages(
            self._choice.context_tokens,
            self._choice.answer_tokens,
            found.question,
            self._count_tokens,
        )
        again = shrunk = False
        tries = 0
        while True:
            given = await asyncio.to_thread(chosen_passages, found.found, room, self._count_tokens)
            composed = Composed(found, given, language)
            messages = answer_prompt(found.question, language, given, again)
            attempt = await self._attempt(messages, given, composed, show, deadline)
            tries += 1
            if attempt.failure:
                self._failed(attempt.failure)
            if attempt.failure is Failure.CONTEXT and not shrunk and not len(composed):
                shrunk, room, tries = True, room // 2, tries - 1
                continue
            passing = attempt.failure in _PASSING and not len(composed)
            if not (passing and tries < _TRIES and time.monotonic() < deadline):
                break
            again = attempt.failure in (Failure.FORMAT, Failure.LANGUAGE)
        if attempt.refused and not len(composed):
            self.counts.refused += 1
            firm = not found.abstained and found.found[0].probability >= FIRM
            return found if firm else abstention(found)
        if len(composed) and len(composed) >= _LEAST_KEPT * attempt.written:
            return composed.answer
        return found

    async def _attempt(
        self,
        messages: list[BaseMessage],
        given: Sequence[Evidence],
        composed: Composed,
        show: Show,
        deadline: float,
    ) -> _Attempt:
        """One request, and what of its answer holds."""
        attempt = _Attempt()
        parser = DraftParser()

        async def take(drafts: Sequence[Draft]) -> None:
            for draft in drafts:
                attempt.written += 1
                if flaw := await self._take(draft, given, composed):
                    attempt.flaws.append(flaw)
                    self.counts.dropped[flaw] += 1
                    logger.info("dropped a statement: %s", flaw)
                else:
                    self.counts.kept += 1
                    await show(composed.answer)

        try:
            async with (
                await self._breakers.get_breaker("language model"),
                asyncio.timeout(max(deadline - time.monotonic(), 0.01)),
            ):
                self.counts.requests += 1
                longest = _LONGEST_ANSWER * self._choice.answer_tokens
                # A generator, which langchain-core declares as a mere iterator.
                async with aclosing(self._model.astream(messages)) as stream:  # type: ignore[type-var]
                    async for chunk in stream:
                        await take(parser.feed(str(chunk.text)))
                        if attempt.written >= MOST_STATEMENTS or len(parser.text) > longest:
                            break
            await take(parser.close()[: MOST_STATEMENTS - attempt.written])
        except Exception as error:  # each package has errors of its own
            attempt.failure = _failure(error)
            return attempt
        attempt.refused = parser.refused
        attempt.failure = _unusable(parser, attempt, composed)
        return attempt

    async def _take(
        self, draft: Draft, given: Sequence[Evidence], composed: Composed
    ) -> Flaw | None:
        checked = await asyncio.to_thread(
            self._checker.check, draft, given, composed.answer.question_language
        )
        return checked if isinstance(checked, Flaw) else composed.add(checked)

    async def _whole(self, messages: list[BaseMessage]) -> str:
        async with (
            await self._breakers.get_breaker("language model"),
            asyncio.timeout(min(_REWRITING_SECONDS, self._choice.seconds)),
        ):
            self.counts.requests += 1
            reply = await self._model.ainvoke(messages)
        parser = DraftParser()
        parser.feed(str(reply.text))
        return parser.text

    def _failed(self, failure: Failure) -> None:
        self.counts.failures[failure] += 1
        level = logging.INFO if failure is Failure.RESTING else logging.WARNING
        logger.log(level, "the language model failed: %s", failure)


def _failure(error: Exception) -> Failure:
    if isinstance(error, OpenedState):
        return Failure.RESTING
    return Failure.TIMEOUT if isinstance(error, TimeoutError) else failure_of(error)


def _unusable(parser: DraftParser, attempt: _Attempt, composed: Composed) -> Failure | None:
    """Why nothing of an answer that came can be used; None where something can."""
    if len(composed) or attempt.refused:
        return None
    if not parser.text.strip():
        return Failure.EMPTY
    if all(flaw in (Flaw.NO_MARKER, Flaw.LENGTH) for flaw in attempt.flaws):
        return Failure.FORMAT
    return Failure.LANGUAGE if Flaw.LANGUAGE in attempt.flaws else Failure.UNSUPPORTED


def _rests_on(alone: str, question: str, turns: Sequence[Turn]) -> bool:
    """Whether a rewritten question names nothing that the conversation does not."""
    if not alone or len(alone) > LONGEST_ALONE or not any(map(str.isalnum, alone)):
        return False
    said = "\n".join([*(f"{turn.question}\n{turn.answer}" for turn in turns), question])
    missing = missing_facts(alone, "", Ground(said, ""))
    return not [fact for fact in missing if fact.kind is not FactKind.QUOTATION]
