"""The conversation over the sample, and the same as people meet it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.assistant import open_assistant
from bot.chat.conversation import Conversation
from bot.settings import Settings


@pytest.fixture(scope="session")
def conversation(sample_index: Path, models_dir: Path) -> Iterator[Conversation]:
    assistant = open_assistant(Settings(index_dir=sample_index, models_dir=models_dir))
    yield Conversation(assistant)
    assistant.close()
