"""What the conversation says to questions with limits, over the sample, unread."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.assistant import Assistant
from bot.chat.actions import FOLLOW
from bot.chat.conversation import Conversation
from bot.chat.markup import Reply
from bot.chat.reply import answer_reply
from bot.chat.terminal import as_text
from index.embedding import Encoder
from index.generations import current_name, open_current


@pytest.fixture(scope="module")
def unread(sample_index: Path, encoder: Encoder) -> Iterator[Conversation]:
    """The conversation without the reader, which takes its time and is not needed here."""
    assistant = Assistant(
        lambda: open_current(sample_index, encoder), lambda: current_name(sample_index)
    )
    yield Conversation(assistant)
    assistant.close()


def refused(conversation: Conversation, text: str, language: str) -> str:
    """What the conversation says of a text that is no question."""
    reply = conversation.misunderstood(text, language)
    assert reply is not None
    return " ".join(as_text(reply).split())


def asked(conversation: Conversation, question: str) -> Reply:
    assert conversation.misunderstood(question, "fr") is None
    return answer_reply(conversation.assistant.answer(" ".join(question.split()), "fr"))


@pytest.mark.parametrize(
    "text",
    ["", "  \n", "depuis:2024", "source:courrier langue:fr", ' since:2024 source:"Le Courrier" '],
)
def test_limits_alone_are_no_question(unread: Conversation, text: str) -> None:
    assert refused(unread, text, "fr") == refused(unread, "", "fr")
    assert "/ask" in refused(unread, text, "en")


@pytest.mark.parametrize("text", ["?", "… !", "? source:courrier", "depuis:2024 ?!"])
def test_signs_are_no_question_with_limits_or_without(unread: Conversation, text: str) -> None:
    assert refused(unread, text, "en") == refused(unread, "?", "en")
    assert "I only understand words" in refused(unread, text, "en")


def test_a_question_is_shown_with_its_limits(unread: Conversation) -> None:
    question = "Combien coûtera la ligne D du tram d’Ostwick ? depuis:2024"
    heading = asked(unread, f"  {question} ").heading
    assert heading is not None
    assert heading.text == question


def test_what_no_article_meets_is_said_to_have_no_answer(unread: Conversation) -> None:
    reply = asked(unread, "Combien coûtera la ligne D du tram d’Ostwick ? depuis:2999")
    assert [block.text for block in reply.blocks] == [
        "Le corpus ne contient pas de réponse à cette question."
    ]
    assert [[button.action for button in row] for row in reply.buttons] == [[FOLLOW]]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_help_names_limits_that_are_understood(unread: Conversation, language: str) -> None:
    from bot.answering.filters import split_filter

    text = " ".join(as_text(unread.help(language)).split())
    written = [word.rstrip(",.") for word in text.split() if ":" in word[1:-1]]
    assert len(written) == 4
    question, filter = split_filter(" ".join(written))
    assert question == ""
    assert filter.since
    assert filter.until
    assert filter.sources
    assert filter.languages
