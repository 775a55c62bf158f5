"""A language model that does as it is told, and what answers with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from bot.answerer import Answerer, open_checker, token_counter
from bot.answering.writing.checking import Checker
from bot.answering.writing.model import ModelChoice, open_language_model
from bot.answering.writing.writer import Writer
from bot.assistant import Assistant, open_assistant
from bot.settings import Settings
from tests.llm.server import LanguageModelServer

Opens = Callable[..., tuple[Answerer, Writer]]


@pytest.fixture(scope="session")
def assistant(sample_index: Path, models_dir: Path) -> Iterator[Assistant]:
    opened = open_assistant(Settings(index_dir=sample_index, models_dir=models_dir))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def checker(models_dir: Path) -> Checker:
    """It takes seconds to open, and so is opened once."""
    opened = open_checker(models_dir)
    assert opened is not None
    return opened


@pytest.fixture
async def opens(
    language_model: LanguageModelServer, assistant: Assistant, checker: Checker, models_dir: Path
) -> AsyncIterator[Opens]:
    """Makes what answers with the language model."""
    made = []

    def make(
        seconds: float = 20.0, context_tokens: int = 8192, key: str | None = None
    ) -> tuple[Answerer, Writer]:
        choice = ModelChoice(
            "openai", "small", key, language_model.url, context_tokens, seconds=seconds
        )
        writer = Writer(open_language_model(choice), choice, checker, token_counter(models_dir))
        answerer = Answerer(assistant, writer)
        made.append(answerer)
        return answerer, writer

    yield make
    for answerer in made:
        await answerer.close()
