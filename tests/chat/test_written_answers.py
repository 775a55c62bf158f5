"""Answers of a language model as readers meet them: a bot process between two HTTP servers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Event

import pytest

from tests.botapi import BotApiServer, SentMessage, faults
from tests.chat.running import Bot, eventually, running_bot
from tests.llm.recording import Request
from tests.llm.replies import Behaviour, says, speaks, stalls
from tests.llm.server import LanguageModelServer

PATIENCE = 60.0  # seconds: machines that run tests may be busy
KEY = "sk-that-no-log-may-hold"
QUESTION = "Pourquoi Béatrice Lanoy quitte Marvelle ?"
HOURS = "Elle était rémunérée dix heures par semaine"
FIRST = "Béatrice Lanoy était rémunérée dix heures par semaine et le pôle lui offre un temps plein"
SECOND = "Elle rejoint à Castelbrun le pôle espoirs féminin de la Ligue des Plaines"
_chats = count(7000)


def number_of(words: str, request: Request) -> int:
    texts = re.findall(r'<passage number="\d+".*?</passage>', request.text, re.DOTALL)
    return next(n for n, text in enumerate(texts, start=1) if words in text)


def answering(request: Request) -> str:
    if "You rewrite" in request.text:
        return "Pourquoi Béatrice Lanoy quitte Marvelle ?"
    if HOURS not in request.text:  # whether it is there, at the start, or of something else
        return "NO_ANSWER"
    n = number_of(HOURS, request)
    return f"{FIRST} [{n}]. {SECOND} [{n}]."


@dataclass
class Chat:
    telegram: BotApiServer
    model: LanguageModelServer
    bot: Bot

    def ask(self, chat: int, text: str) -> SentMessage:
        asked = self.telegram.say(chat, text)
        return self.telegram.wait_for(
            chat, 1, PATIENCE, after=asked, where=lambda sent: is_answer(sent)
        )[0]


def is_answer(sent: SentMessage) -> bool:
    """Not the notice that one is being written."""
    buttons = [button.callback_data or "" for row in sent.keyboard for button in row]
    return not any(data.startswith("stop:") for data in buttons)


@pytest.fixture(scope="module")
def chat(
    sample_index: Path, models_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chat]:
    folder = tmp_path_factory.mktemp("written")
    with (
        LanguageModelServer() as model,
        BotApiServer(longest_poll=1.0, enforce_limits=True) as telegram,
    ):
        model.default = speaks(answering)
        with running_bot(
            telegram,
            sample_index,
            models_dir,
            folder,
            llm_model="openai:small",
            llm_base_url=model.url,
            llm_api_key=KEY,
            llm_timeout=60,
            log_level="DEBUG",
        ) as bot:
            telegram.wait_for_call("setMyCommands", 3, PATIENCE)
            yield Chat(telegram, model, bot)
            assert KEY not in bot.log
            assert "Traceback" not in bot.log
            assert telegram.violations == []


@pytest.fixture(autouse=True)
def as_before(chat: Chat) -> Iterator[None]:
    yield
    chat.model.default = speaks(answering)


def held(until: Event, question: str) -> Callable[[Request], Behaviour]:
    """The first statement; the second once the event is set."""

    def reply(request: Request) -> Behaviour:
        if "You rewrite" in request.text:
            return says(question)
        n = number_of(HOURS, request)
        first, rest = f"{FIRST} [{n}]. ", f"{SECOND} [{n}]."
        return says(first + rest, pieces=(first, "Elle ", rest.removeprefix("Elle ")), until=until)

    return reply


def test_a_written_answer_has_its_statements_and_their_sources(chat: Chat) -> None:
    answer = chat.ask(next(_chats), QUESTION)
    assert f"{FIRST}. [1]" in answer.text
    assert f"{SECOND}. [2]" in answer.text
    assert HOURS in answer.text
    assert answer.button("Lire [1]")
    assert answer.button("Suivre")


def test_a_private_chat_sees_it_grow_in_drafts_with_a_button_to_stop_it(chat: Chat) -> None:
    go_on = Event()
    chat.model.default = held(go_on, QUESTION)
    reader = next(_chats)
    asked = chat.telegram.say(reader, f"{QUESTION} Merci !")

    def drafts() -> list[str]:
        calls = [c for c in chat.telegram.calls if c.method == "sendMessageDraft"]
        return [call.params["text"] for call in calls if call.params["chat_id"] == reader]

    eventually(lambda: bool(drafts()), "a draft is shown", PATIENCE)
    assert FIRST in drafts()[-1]
    assert SECOND not in drafts()[-1]
    [notice] = chat.telegram.wait_for(
        reader, 1, PATIENCE, after=asked, where=lambda sent: not is_answer(sent)
    )
    assert notice.button("Arrêter")
    go_on.set()
    [answer] = chat.telegram.wait_for(reader, 1, PATIENCE, after=asked, where=is_answer)
    assert FIRST in answer.text
    assert SECOND in answer.text
    eventually(
        lambda: [sent.message_id for sent in chat.telegram.sent(reader)] == [answer.message_id],
        "the notice is gone",
    )


def test_a_group_sees_it_grow_in_a_message_that_becomes_the_answer(chat: Chat) -> None:
    go_on = Event()
    chat.model.default = held(go_on, QUESTION)
    group = -1_000_000_000_000 - next(_chats)
    asked = chat.telegram.say(group, f"/ask {QUESTION} Svp", user_id=5)
    [growing] = chat.telegram.wait_for(
        group, 1, PATIENCE, after=asked, where=lambda sent: FIRST in sent.text
    )
    assert SECOND not in growing.text
    assert growing.reply_to == asked
    go_on.set()
    [answer] = chat.telegram.wait_for(
        group, 1, PATIENCE, after=asked, where=lambda sent: SECOND in sent.text and is_answer(sent)
    )
    assert answer.message_id == growing.message_id
    assert answer.button("Lire [1]")


def test_without_drafts_a_private_chat_sees_edits(chat: Chat) -> None:
    go_on = Event()
    chat.model.default = held(go_on, QUESTION)
    reader = next(_chats)
    refused = faults.BadRequest("drafts are not available")
    chat.telegram.faults.add(refused, method="sendMessageDraft", chat_id=reader)
    asked = chat.telegram.say(reader, f"{QUESTION} Please")
    [growing] = chat.telegram.wait_for(
        reader, 1, PATIENCE, after=asked, where=lambda sent: FIRST in sent.text
    )
    go_on.set()
    [answer] = chat.telegram.wait_for(reader, 1, PATIENCE, after=asked, where=is_answer)
    assert answer.message_id == growing.message_id


def test_the_button_stops_it_and_who_stops_pays_no_longer(chat: Chat) -> None:
    chat.model.default = stalls("Béatrice Lanoy était")
    reader = next(_chats)
    before = len(chat.model.requests)
    asked = chat.telegram.say(reader, f"{QUESTION} Stop")
    [notice] = chat.telegram.wait_for(reader, 1, PATIENCE, after=asked)
    request = chat.model.wait_for_requests(before + 1, PATIENCE)[before]
    chat.telegram.press(notice, notice.button("Arrêter"))
    request.wait_until_hung_up(PATIENCE)
    [answer] = chat.telegram.wait_for(reader, 1, PATIENCE, after=asked, where=is_answer)
    assert answer.text == "Arrêté."


def test_a_follow_up_is_understood_from_what_was_said(chat: Chat) -> None:
    reader = next(_chats)
    chat.ask(reader, QUESTION)
    asked = len(chat.model.requests)
    answer = chat.ask(reader, "Et pourquoi ?")
    assert answer.text.startswith(QUESTION)
    rewriting = chat.model.requests[asked]
    assert "<last>Et pourquoi ?</last>" in rewriting.text
    assert f"<asked>{QUESTION}</asked>" in rewriting.text


def test_a_new_conversation_knows_nothing_of_the_one_before(chat: Chat) -> None:
    reader = next(_chats)
    chat.ask(reader, QUESTION)
    assert "Nouvelle conversation" in chat.ask(reader, "/new").text
    asked = len(chat.model.requests)
    answer = chat.ask(reader, "Et pourquoi ?")
    assert answer.text.startswith("Et pourquoi ?")
    assert not any("You rewrite" in r.text for r in chat.model.requests[asked:])


def test_more_sources_are_not_paid_for(chat: Chat) -> None:
    reader = next(_chats)
    answer = chat.ask(reader, QUESTION)
    paid = len(chat.model.requests)
    before = max(sent.message_id for sent in chat.telegram.sent(reader))
    chat.telegram.press(answer, answer.button("Plus de sources"))
    [more] = chat.telegram.wait_for(reader, 1, PATIENCE, after=before)
    assert QUESTION in more.text
    assert len(chat.model.requests) == paid
