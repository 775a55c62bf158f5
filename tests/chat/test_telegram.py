"""The bot as its readers meet it: a process that talks to a Bot API server over HTTP."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from bot.chat.actions import read_article_action
from bot.chat.conversation import COMMANDS
from index.generations import current_manifest
from scripts import reindex
from tests.botapi import BotApiServer, SentMessage, faults
from tests.chat.running import Bot, environment, running_bot

TOKEN = "123456:a-secret-that-no-log-may-hold"
PATIENCE = 60.0  # seconds: machines that run tests may be busy

QUESTION = "Pourquoi Béatrice Lanoy quitte Marvelle ?"  # its article has no address
OTHER = "Combien a coûté finalement la vanne du barrage de Valorgue ?"
ENGLISH = "How many turbines will the Penhoël wind farm have?"
UNANSWERED = "Quelle est la capitale de l’Australie ?"

_chats = count(5000)


@pytest.fixture(scope="module")
def telegram() -> Iterator[BotApiServer]:
    with BotApiServer(token=TOKEN, longest_poll=1.0) as server:
        yield server


@pytest.fixture(scope="module")
def bot(
    telegram: BotApiServer,
    sample_index: Path,
    models_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Bot]:
    folder = tmp_path_factory.mktemp("bot")
    with running_bot(telegram, sample_index, models_dir, folder, log_level="DEBUG") as running:
        telegram.wait_for_call("setMyCommands", 3, PATIENCE)
        yield running


@pytest.fixture
def chat() -> int:
    """A private chat that no other test has seen."""
    return next(_chats)


@pytest.fixture
def group() -> int:
    return -1_000_000_000_000 - next(_chats)


def ask(
    telegram: BotApiServer, chat: int, text: str, language: str = "fr", messages: int = 1
) -> SentMessage:
    """Write to the bot, and its first message after that."""
    asked = telegram.say(chat, text, language_code=language)
    return telegram.wait_for(chat, messages, PATIENCE, after=asked)[0]


def press(telegram: BotApiServer, message: SentMessage, words: str) -> SentMessage:
    """Press the button whose label holds these words, and what comes of it."""
    before = max(sent.message_id for sent in telegram.sent(message.chat_id))
    telegram.press(message, message.button(words))
    [reply] = telegram.wait_for(message.chat_id, 1, PATIENCE, after=before)
    return reply


def until(telegram: BotApiServer, chat: int, words: str) -> list[SentMessage]:
    """All messages to the chat once there is one that begins so."""
    telegram.wait_for(chat, 1, PATIENCE, where=lambda message: message.text.startswith(words))
    return telegram.sent(chat)


def of_type(message: SentMessage, kind: str) -> list[str]:
    return [entity.of(message.text) for entity in message.entities if entity.type == kind]


@pytest.mark.parametrize(
    ("language", "words"),
    [("fr", "Bonjour"), ("fr-CA", "Bonjour"), ("en-GB", "Hello"), ("ja", "Bonjour")],
)
def test_start_greets_in_the_readers_language_or_the_bots(
    telegram: BotApiServer, bot: Bot, sample_index: Path, chat: int, language: str, words: str
) -> None:
    greeting = ask(telegram, chat, "/start", language)
    manifest = current_manifest(sample_index)
    assert manifest is not None
    assert greeting.text.startswith(words)
    assert f" {manifest.articles} articles" in greeting.text


@pytest.mark.parametrize(
    ("language", "words"), [("fr", "Poser une question"), ("en", "Ask a question")]
)
def test_help_lists_the_commands(
    telegram: BotApiServer, bot: Bot, chat: int, language: str, words: str
) -> None:
    text = ask(telegram, chat, "/help", language).text
    assert words in text
    listed = [line.split()[0] for line in text.splitlines() if line[:1] == "/"]
    assert listed == [f"/{name}" for name in COMMANDS]
    assert {"/ask", "/subscribe", "/help"} <= set(listed)


def test_the_menu_of_commands_is_published_in_every_language(
    telegram: BotApiServer, bot: Bot
) -> None:
    calls = telegram.wait_for_call("setMyCommands", 3, PATIENCE)
    menus = {
        call.params.get("language_code", ""): call.params["commands"][0]["description"]
        for call in calls
    }
    english = "Ask a question about the articles"
    french = "Poser une question sur les articles"
    assert menus == {"fr": french, "en": english, "": french}


def test_a_question_gets_a_statement_a_source_and_an_excerpt(
    telegram: BotApiServer, bot: Bot, chat: int
) -> None:
    answer = ask(telegram, chat, f"  {QUESTION}\n")
    assert answer.text.startswith(QUESTION)
    assert of_type(answer, "bold")[0] == QUESTION
    assert "[1]" in answer.text
    assert answer.button("Lire [1]").startswith("read:")
    assert answer.reply_to is None
    excerpts = of_type(answer, "expandable_blockquote")
    assert excerpts
    quotes = of_type(answer, "bold")[1:]
    assert all(any(quote in excerpt for excerpt in excerpts) for quote in quotes)
    statement = answer.text.split("\n\n")[1].replace("\n", " ")
    assert quotes[0].replace("\n", " ") in statement


def test_an_english_question_is_answered_in_english(
    telegram: BotApiServer, bot: Bot, chat: int
) -> None:
    answer = ask(telegram, chat, ENGLISH)
    assert answer.button("Read [1]").startswith("https://")


def test_ask_answers_as_plain_words_do(telegram: BotApiServer, bot: Bot, chat: int) -> None:
    plain = ask(telegram, chat, QUESTION)
    assert ask(telegram, chat, f"/ask {QUESTION}").text == plain.text
    assert ask(telegram, chat, f"/ask@depeche_test_bot\n{QUESTION}").text == plain.text


def test_what_the_corpus_does_not_hold_is_said_so(
    telegram: BotApiServer, bot: Bot, chat: int
) -> None:
    answer = ask(telegram, chat, UNANSWERED)
    assert "Le corpus ne contient pas de réponse" in answer.text
    assert "[1]" not in answer.text
    assert not of_type(answer, "expandable_blockquote")


def test_typing_is_shown_before_the_answer(telegram: BotApiServer, bot: Bot, chat: int) -> None:
    ask(telegram, chat, QUESTION)
    mine = [call for call in telegram.calls if call.params.get("chat_id") == chat]
    assert mine[0].method == "sendChatAction"
    assert mine[0].params["action"] == "typing"
    assert mine[-1].method == "sendMessage"


def test_more_sources_shows_other_passages_on_the_question(
    telegram: BotApiServer, bot: Bot, chat: int
) -> None:
    answer = ask(telegram, chat, QUESTION)
    more = press(telegram, answer, "Plus de sources")
    assert QUESTION in of_type(more, "bold")[0]
    assert of_type(more, "expandable_blockquote")
    assert "1. " in more.text


def test_an_article_without_address_is_read_in_the_chat(
    telegram: BotApiServer, bot: Bot, chat: int
) -> None:
    answer = ask(telegram, chat, QUESTION)
    quote = of_type(answer, "bold")[1]
    article = press(telegram, answer, "Lire [1]")
    assert any(quote.split("\n")[0] in shown for shown in of_type(article, "bold"))
    assert len(article.text) > len(quote)


def test_a_press_is_acknowledged(telegram: BotApiServer, bot: Bot, chat: int) -> None:
    answer = ask(telegram, chat, QUESTION)
    query = telegram.press(answer, answer.button("Plus de sources"))
    telegram.wait_for_call(
        "answerCallbackQuery",
        timeout=PATIENCE,
        where=lambda call: call.params["callback_query_id"] == query,
    )


@pytest.mark.parametrize(
    "payload",
    [
        "nothing", "read:", "read:0123456789abcdef:0:9", "read:../../etc/passwd:1:2",
        "more:1:2:3", "<b>", "\u202e", "more ", "x" * 64,
    ],
)  # fmt: skip
def test_a_forged_button_gets_a_kind_reply(
    telegram: BotApiServer, bot: Bot, chat: int, payload: str
) -> None:
    answer = ask(telegram, chat, "/start")
    telegram.press(answer, payload, forged=True)
    [reply] = telegram.wait_for(chat, 1, PATIENCE, after=answer.message_id)
    assert ("trop ancien" in reply.text) or ("n’est plus dans le corpus" in reply.text)


def test_more_sources_pressed_under_no_answer_gets_a_kind_reply(
    telegram: BotApiServer, bot: Bot, chat: int
) -> None:
    greeting = ask(telegram, chat, "/start")
    telegram.press(greeting, "more", forged=True)
    [reply] = telegram.wait_for(chat, 1, PATIENCE, after=greeting.message_id)
    assert "posez de nouveau la question" in reply.text


def test_a_button_of_a_message_that_is_gone_gets_a_kind_reply(
    telegram: BotApiServer, bot: Bot, chat: int
) -> None:
    answer = ask(telegram, chat, QUESTION)
    with telegram.world.changed:  # as if its reader had cleared the chat
        del telegram.world.messages[chat, answer.message_id]
        del telegram.world.sent[chat, answer.message_id]
    telegram.press(answer, "more", forged=True)
    [reply] = telegram.wait_for(chat, 1, PATIENCE, after=answer.message_id)
    assert "trop ancien" in reply.text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/ask", "Quelle est votre question"),
        ("/ask   ", "Quelle est votre question"),
        ("👍🎉", "Je ne comprends que les mots"),
        ("?!…", "Je ne comprends que les mots"),
        ("/ask 🤷", "Je ne comprends que les mots"),
        ("Pourquoi " * 100 + "?", "901 caractères"),
        ("/fly me to the moon", "Je ne connais pas cette commande"),
    ],
)
def test_what_is_no_question_gets_a_short_kind_reply(
    telegram: BotApiServer, bot: Bot, chat: int, text: str, words: str
) -> None:
    reply = ask(telegram, chat, text)
    assert words in reply.text
    assert len(reply.text) < 200


def test_stickers_and_photos_get_a_short_kind_reply(
    telegram: BotApiServer, bot: Bot, chat: int
) -> None:
    telegram.sticker(chat)
    telegram.send_photo_update(chat, caption=QUESTION)
    replies = telegram.wait_for(chat, 2, PATIENCE)
    assert {reply.text for reply in replies} == {
        "Je ne sais lire que du texte\u00a0: écrivez votre question."
    }


@pytest.mark.parametrize(
    "text",
    [
        "<b>Pourquoi</b> Béatrice Lanoy & co quittent <i>Marvelle</i> ?",
        "Pourquoi *Béatrice* _Lanoy_ quitte [Marvelle](https://a.example) ?",
        "Pourquoi Béatrice Lanoy 👩‍👩‍👧‍👦 quitte Marvelle \u202e ?",
        "Marvelle " + "x" * 480,
    ],
)
def test_a_question_is_shown_back_as_it_was_written(
    telegram: BotApiServer, bot: Bot, chat: int, text: str
) -> None:
    answer = ask(telegram, chat, text)
    assert of_type(answer, "bold")[0] == text.replace("\u202e", "")


def test_a_group_hears_only_what_is_addressed_to_the_bot(
    telegram: BotApiServer, bot: Bot, group: int
) -> None:
    telegram.say(group, QUESTION)
    telegram.say(group, "/fly")
    telegram.sticker(group)
    asked = telegram.say(group, f"/ask {QUESTION}")
    [answer] = telegram.wait_for(group, 1, PATIENCE)
    assert answer.reply_to == asked
    assert answer.text.startswith(QUESTION)
    telegram.wait_until_read(PATIENCE)
    assert telegram.sent(group) == [answer]


def test_an_edited_question_is_not_answered_again(
    telegram: BotApiServer, bot: Bot, chat: int
) -> None:
    asked = telegram.say(chat, QUESTION)
    telegram.wait_for(chat, 1, PATIENCE)
    telegram.edit(chat, asked, OTHER)
    ask(telegram, chat, "/help")  # what came before it has been dealt with
    assert len(telegram.sent(chat)) == 2


def test_quick_questions_of_one_chat_are_answered_in_order(
    telegram: BotApiServer, bot: Bot, chat: int
) -> None:
    questions = [QUESTION, "/ask", OTHER]
    for question in questions:
        telegram.say(chat, question)
    answers = telegram.wait_for(chat, 3, PATIENCE)
    beginnings = [QUESTION, "Quelle est votre question", OTHER]
    assert [
        answer.text.startswith(words) for answer, words in zip(answers, beginnings, strict=True)
    ] == [True] * 3


def test_one_chat_does_not_wait_for_another(telegram: BotApiServer, bot: Bot) -> None:
    slow, quick = next(_chats), next(_chats)
    telegram.faults.add(faults.RetryAfter(3), chat_id=slow)
    telegram.say(slow, QUESTION)
    telegram.say(quick, OTHER)
    [first] = telegram.wait_for(quick, 1, PATIENCE)
    [second] = telegram.wait_for(slow, 1, PATIENCE)
    assert first.text.startswith(OTHER)
    assert second.text.startswith(QUESTION)
    assert first.at < second.at


@pytest.mark.parametrize(
    "fault", [faults.RetryAfter(1), faults.Status(502), faults.DropBefore()], ids=repr
)
def test_an_answer_that_did_not_get_through_is_sent_again(
    telegram: BotApiServer, bot: Bot, chat: int, fault: faults.Kind
) -> None:
    telegram.faults.add(fault, chat_id=chat, times=2)
    asked = telegram.say(chat, QUESTION)
    # What is asked next is answered after it: nothing else is on its way then.
    telegram.say(chat, "/ask")
    answer, after = telegram.wait_for(chat, 2, PATIENCE, after=asked)
    assert answer.text.startswith(QUESTION)
    assert after.text.startswith("Quelle est votre question")


def test_an_answer_whose_receipt_was_lost_is_there_at_least_once(
    telegram: BotApiServer, bot: Bot, chat: int
) -> None:
    telegram.faults.add(faults.DropAfter(), chat_id=chat)
    telegram.say(chat, QUESTION)
    telegram.say(chat, "/ask")
    *answers, _ = until(telegram, chat, "Quelle est votre question")
    assert 1 <= len(answers) <= 2
    assert all(answer.text.startswith(QUESTION) for answer in answers)


def test_typing_that_fails_does_not_stop_the_answer(
    telegram: BotApiServer, bot: Bot, chat: int
) -> None:
    telegram.faults.add(faults.RetryAfter(30), method="sendChatAction", chat_id=chat)
    assert ask(telegram, chat, QUESTION).text.startswith(QUESTION)


def test_a_chat_that_blocked_the_bot_does_not_disturb_others(
    telegram: BotApiServer, bot: Bot, chat: int
) -> None:
    blocked = next(_chats)
    telegram.faults.add(faults.Forbidden(), chat_id=blocked, method=None, times=None)
    telegram.say(blocked, QUESTION)
    assert ask(telegram, chat, OTHER).text.startswith(OTHER)
    telegram.wait_for_call(
        "sendMessage", timeout=PATIENCE, where=lambda call: call.params["chat_id"] == blocked
    )
    assert telegram.sent(blocked) == []
    assert bot.process.poll() is None


def test_a_group_that_became_a_supergroup_gets_its_answer(
    telegram: BotApiServer, bot: Bot, group: int
) -> None:
    moved = group - 10_000_000
    telegram.faults.add(faults.Migrate(moved), chat_id=group)
    telegram.say(group, f"/ask {QUESTION}", chat_type="group")
    [answer] = telegram.wait_for(moved, 1, PATIENCE)
    assert answer.text.startswith(QUESTION)


def test_the_log_tells_of_answers_and_never_holds_the_token(
    telegram: BotApiServer, bot: Bot, chat: int
) -> None:
    for fault in (faults.Status(502), faults.DropBefore(), faults.BadRequest("no")):
        telegram.faults.add(fault, chat_id=chat)
    telegram.say(chat, QUESTION)
    ask(telegram, chat, "/help")
    log = bot.log
    assert "answered" in log
    assert "sending failed" in log
    assert TOKEN not in log
    assert TOKEN.partition(":")[2] not in log


WORD = "vert" * 1250  # longer than a message
_HOSTILE = """---
title: 'Le <b>pont</b> & la *mairie* de Kervanec </i>'
source: L'Écho <script> & Cie
date: 2024-05-03
---

Le maire de Kervanec a inauguré lundi le <b>pont</b> de Traoudour & ses deux quais, dit-il.

La peinture du pont de Traoudour à Kervanec est d’un vert appelé « {word} » par le peintre &amp; ses aides &lt;/b&gt;&lt;i&gt;.

Le pont de Traoudour à Kervanec a coûté 4,2 millions d’euros à la commune </b> d’après le *maire* [source](x).
"""  # noqa: E501


@pytest.fixture(scope="module")
def hostile_index(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of one article full of markup and of a word longer than a message."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "articles").mkdir()
    text = _HOSTILE.format(word=WORD)
    (folder / "articles" / "pont.md").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("INDEX_DIR", str(folder / "index"))
        patch.setenv("MODELS_DIR", str(models_dir))
        assert reindex.main([str(folder / "articles")]) == 0
    return folder / "index"


def test_articles_full_of_markup_and_endless_words_are_shown_as_they_are(
    hostile_index: Path, models_dir: Path, tmp_path: Path
) -> None:
    with (
        BotApiServer(token=TOKEN, longest_poll=1.0) as telegram,
        running_bot(telegram, hostile_index, models_dir, tmp_path),
    ):
        telegram.say(1, "Combien a coûté le pont de Traoudour à Kervanec ?")
        telegram.say(1, "/help")
        *answer, _ = until(telegram, 1, "Écrivez votre question")
        text = "".join(message.text for message in answer)
        assert "<b>pont</b> & la" in text
        [carrier] = [message for message in answer if message.keyboard]
        body = _HOSTILE.format(word=WORD).split("---\n\n")[1]
        at = body.index(WORD)
        telegram.press(carrier, read_article_action("articles/pont.md", at, at + 9), forged=True)
        telegram.say(1, "/ask")
        shown = until(telegram, 1, "Quelle est votre question")
        article = [m.text for m in shown if m.message_id > answer[-1].message_id]
        assert WORD[:9] in "".join(article)  # the part of it that was asked for


def test_buttons_work_after_a_restart_and_what_was_asked_meanwhile_is_answered(
    sample_index: Path, models_dir: Path, tmp_path: Path
) -> None:
    with BotApiServer(token=TOKEN, longest_poll=1.0) as telegram:
        with running_bot(telegram, sample_index, models_dir, tmp_path) as first:
            answer = ask(telegram, 1, QUESTION)
            assert first.end() == 0, first.log
            assert "Traceback" not in first.log
            assert "Lanoy" not in first.log  # what people ask is their own
        telegram.say(1, OTHER)
        telegram.faults.add(faults.Status(502), method="getMe", times=2)
        with running_bot(telegram, sample_index, models_dir, tmp_path):
            [missed] = telegram.wait_for(1, 1, PATIENCE, after=answer.message_id)
            assert missed.text.startswith(OTHER)
            more = press(telegram, answer, "Plus de sources")
            assert QUESTION in of_type(more, "bold")[0]
            article = press(telegram, answer, "Lire [1]")
            assert of_type(article, "bold")


def test_a_wrong_token_ends_the_bot_with_one_line(
    telegram: BotApiServer, sample_index: Path, models_dir: Path, tmp_path: Path
) -> None:
    wrong = "654321:another-secret"
    ended = subprocess.run(
        [sys.executable, "-m", "bot"],
        cwd=tmp_path,
        env=environment(
            telegram_bot_token=wrong,
            telegram_api_url=telegram.url,
            index_dir=sample_index,
            models_dir=models_dir,
            log_level="ERROR",
        ),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    [line] = ended.stderr.splitlines()
    assert line.startswith("TELEGRAM_BOT_TOKEN is not accepted by Telegram")
    assert wrong not in line
