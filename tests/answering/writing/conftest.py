"""A language model that does as it is told, and what answers with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from bot.answerer import Answerer, open_answerer
from bot.answering.writing.model import ModelChoice, open_language_model
from bot.settings import Settings
from tests.llm.server import LanguageModelServer

Opens = Callable[..., Answerer]


@pytest.fixture
def language_model() -> Iterator[LanguageModelServer]:
    with LanguageModelServer() as server:
        yield server


@pytest.fixture(scope="session")
def opened(sample_index: Path, models_dir: Path) -> Iterator[Answerer]:
    """What answers from the sample. It takes seconds to open, and so is opened once."""
    answerer = open_answerer(
        Settings(
            index_dir=sample_index,
            models_dir=models_dir,
            llm_model="openai:none",
            llm_base_url="http://127.0.0.1:9/v1",
        )
    )
    yield answerer
    answerer.assistant.close()


@pytest.fixture
async def opens(language_model: LanguageModelServer, opened: Answerer) -> AsyncIterator[Opens]:
    """Makes what answers with the language model as its settings say."""
    made = []

    def make(seconds: float = 20.0, context_tokens: int = 8192, key: str | None = None) -> Answerer:
        choice = ModelChoice(
            "openai",
            "small",
            key,
            language_model.url,
            context_tokens,
            seconds=seconds,
        )
        assert opened.writer is not None
        answerer = Answerer(
            opened.assistant, opened.writer.with_model(open_language_model(choice), choice)
        )
        made.append(answerer)
        return answerer

    yield make
    for answerer in made:
        await answerer.close()
