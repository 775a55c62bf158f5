"""The same conversation in a terminal."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.alerts.alert import AlertState, Excerpt, article_as_json
from bot.alerts.desk import alert_desk
from bot.alerts.subscription import TERMINAL
from bot.answerer import Answerer
from bot.answering.answer import ArticleReference
from bot.chat.asking import Asking
from bot.chat.conversation import Conversation
from bot.clock import utc_now
from bot.console import run_console
from bot.history import History
from bot.settings import Settings
from bot.state.database import Database, checked_url, prepare
from bot.state.tables import AlertRow, SubscriptionRow
from tests.chat.running import environment

QUESTION = "Pourquoi Béatrice Lanoy quitte Marvelle ?"
GREETING = "Bonjour"

Show = Callable[..., str]


@pytest.fixture
def state(tmp_path: Path) -> str:
    """The database of a terminal."""
    url = checked_url(f"sqlite:///{tmp_path / 'state.db'}")
    prepare(url)
    return url


@pytest.fixture
def shown(
    conversation: Conversation,
    state: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Show:
    """What the terminal shows once these lines are typed, line breaks folded."""

    def show(*lines: str, language: str = "fr") -> str:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        database = Database(state)
        desk = alert_desk(Settings(), conversation.assistant, database, utc_now)
        asking = Asking(conversation, Answerer(conversation.assistant), History(database, utc_now))
        run_console(conversation, asking, desk, language)
        return " ".join(capsys.readouterr().out.split())

    return show


@pytest.mark.parametrize(("language", "words"), [("fr", GREETING), ("en", "Hello")])
def test_it_greets_and_ends_when_its_input_ends(shown: Show, language: str, words: str) -> None:
    assert shown(language=language).startswith(words)


def test_nothing_is_answered_after_quit(shown: Show) -> None:
    assert shown("/quit", "/help") == shown()


def test_empty_lines_are_passed_over(shown: Show) -> None:
    assert shown("", "   ") == shown()


def test_a_question_is_answered_with_its_sources(shown: Show) -> None:
    text = shown(QUESTION)
    assert f"{QUESTION} " in text
    assert "[1]" in text
    assert "│" in text
    assert "(1) Lire [1]" in text
    assert shown(f"/ask {QUESTION}") == text


def test_a_number_presses_a_button(shown: Show) -> None:
    answered = shown(QUESTION)
    article = shown(QUESTION, "1").removeprefix(answered)
    assert "Lanoy" in article
    assert len(article) > 400


def test_more_sources_come_by_number_and_can_be_read(shown: Show) -> None:
    answered = shown(QUESTION)
    number = answered.partition(") Plus de sources")[0].rpartition("(")[2]
    more = shown(QUESTION, number).removeprefix(answered)
    assert QUESTION in more
    assert "(1) Lire 1" in more


def test_a_topic_is_asked_for_shown_and_followed(shown: Show) -> None:
    text = shown("/subscribe", "la ligne D du tram d’Ostwick", "1", "/subscriptions")
    for words in (
        "Que voulez-vous suivre ?",
        "🔔 la ligne D du tram d’Ostwick Ce qu’il aurait apporté récemment : 1.",
        "Vous suivez « la ligne D du tram d’Ostwick ».",
        "Vous suivez 1 sujet : 1. la ligne D du tram d’Ostwick",
    ):
        assert words in text
        text = text.partition(words)[2]
    assert "1. la ligne D du tram d’Ostwick" in shown("/subscriptions")  # another day
    assert "Vous ne suivez plus" in shown("/unsubscribe la ligne D du tram d’Ostwick")


def test_the_topic_of_a_question_can_be_followed(shown: Show) -> None:
    answered = shown(QUESTION)
    number = answered.partition(") 🔔 Suivre")[0].rpartition("(")[2]
    assert "🔔 Béatrice Lanoy quitte Marvelle Ce qu’il" in shown(QUESTION, number)


async def _have_due(state: str, topic: str) -> None:
    """Have an alert in the outbox for the one topic that is followed in the terminal."""
    database = Database(state)
    async with database.writing() as session:
        [subscription] = await session.scalars(select(SubscriptionRow))
        article = ArticleReference("a", "Une cinquième ligne", None, "Le Courrier", None)
        session.add(
            AlertRow(
                subscription_id=subscription.id, chat_id=TERMINAL, identity="a", version="",
                story="a", article=article_as_json(article),
                excerpt=Excerpt(0, 25, "Le tram ira à Marvelle. Oui", 0, 23).as_json(), others=[],
                outdated=False, log_odds=1.0, state=AlertState.PENDING, due_at=utc_now(),
                attempts=0, possibly_double=False, created_at=utc_now(),
            )
        )  # fmt: skip
    assert subscription.topic == topic
    await database.close()


def test_what_is_due_is_shown_once_between_questions(shown: Show, state: str) -> None:
    shown("/subscribe le tram", "1")
    asyncio.run(_have_due(state, "le tram"))
    text = shown("/help")
    alert = "Une cinquième ligne · Le Courrier"
    assert text.index("Bonjour") < text.index(alert) < text.index("/ask ·")
    assert "Le tram ira à Marvelle." in text
    assert alert not in shown("/help")


def test_quiet_hours_are_set_here_too(shown: Show) -> None:
    assert "Heures calmes : 22:00 – 07:00" in shown("/settings 22-7")
    assert "Heures calmes : 22:00 – 07:00" in shown("/settings")


@pytest.mark.parametrize("number", ["0", "99", "1"])
def test_a_number_without_a_button_is_told_so(shown: Show, number: str) -> None:
    assert f"pas de bouton {number}" in shown("/help", number)


@pytest.mark.parametrize("line", ["²", "①", "1" * 5000, "1.5", "-1"])
def test_what_only_looks_like_a_number_is_a_question(shown: Show, line: str) -> None:
    assert len(shown(line)) > len(shown())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/help", "/ask · Poser une question"),
        ("/HELP", "/ask · Poser une question"),
        ("/start", "Bonjour"),
        ("/fly", "Je ne connais pas cette commande"),
        ("/", "Je ne connais pas cette commande"),
        ("/ask", "Quelle est votre question"),
        ("👍", "Je ne comprends que les mots"),
    ],
)
def test_commands_are_those_of_the_chat(shown: Show, line: str, words: str) -> None:
    assert words in shown(line).removeprefix(shown())


def _console(
    sample_index: Path, models_dir: Path, folder: Path, typed: bytes, **variables: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "bot", "--console"],
        cwd=folder,
        env=environment(index_dir=sample_index, models_dir=models_dir) | variables,
        input=typed,
        capture_output=True,
        timeout=120,
    )


@pytest.mark.slow
def test_it_runs_without_a_token_and_ends_with_its_input(
    sample_index: Path, models_dir: Path, tmp_path: Path
) -> None:
    ended = _console(sample_index, models_dir, tmp_path, f"{QUESTION}\n/help".encode())
    shown = ended.stdout.decode()
    assert ended.returncode == 0
    assert ended.stderr == b""
    assert QUESTION in shown
    assert "/ask · Poser une question" in shown


# As Python decodes stdin in the locales C.UTF-8 and fr_FR.UTF-8.
@pytest.mark.slow
@pytest.mark.parametrize("decoding", ["utf-8:surrogateescape", "utf-8:strict"])
def test_bytes_that_are_no_text_do_not_end_it(
    decoding: str, sample_index: Path, models_dir: Path, tmp_path: Path
) -> None:
    typed = b"Le caf\xe9 de Marvelle ?\n/help\n"
    ended = _console(sample_index, models_dir, tmp_path, typed, PYTHONIOENCODING=decoding)
    assert ended.returncode == 0, ended.stderr.decode()
    assert "/ask · Poser une question" in ended.stdout.decode()
