"""Subscriptions and alerts in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.alerts.desk import alert_desk
from bot.answerer import Answerer
from bot.assistant import open_assistant
from bot.chat.asking import Asking
from bot.chat.conversation import Conversation
from bot.clock import utc_now
from bot.console import run_console
from bot.history import History
from bot.settings import Settings
from bot.state.database import Database, checked_url, prepare
from index.embedding import Encoder
from index.planning import Options
from index.reindex import reindex
from tests.chat.newsroom import FIRST, write_article
from tests.conftest import no_progress

OWLS = (
    "Trois chouettes effraies nées dans le clocher de Vaubrac",
    "Des habitants ont découvert dimanche trois petites chouettes dans le clocher de l’église. "
    "Une association de protection des oiseaux les surveille chaque nuit.",
)

Step = str | Callable[[], None]


class Typed:
    """A stdin on which lines are typed, and between them other things happen."""

    def __init__(self, steps: tuple[Step, ...]) -> None:
        self._steps = list(steps)

    def isatty(self) -> bool:
        return False

    def readline(self) -> str:
        while self._steps:
            step = self._steps.pop(0)
            if isinstance(step, str):
                return f"{step}\n"
            step()
        return ""


class Terminal:
    """One reader's terminal, over a folder of articles; opened as often as it is used."""

    def __init__(self, folder: Path, models_dir: Path, encoder: Encoder) -> None:
        self._folder = folder
        self._encoder = encoder
        self._settings = Settings(index_dir=folder / "built", models_dir=models_dir)
        self._url = checked_url(f"sqlite:///{folder / 'state.db'}")
        prepare(self._url)

    def publish(self, article: tuple[str, str]) -> None:
        write_article(self._folder, article, "Le Courrier", utc_now())
        reindex(
            [self._folder / "articles"],
            self._settings.index_dir,
            self._encoder.name,
            lambda: self._encoder,
            no_progress,
            Options(),
        )

    def use(self, *steps: Step) -> None:
        assistant = open_assistant(self._settings)
        database = Database(self._url)
        desk = alert_desk(self._settings, assistant, database, utc_now)
        conversation = Conversation(assistant)
        asking = Asking(conversation, Answerer(assistant), History(database, utc_now))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdin", Typed(steps))
            run_console(conversation, asking, desk, "fr")
        assistant.close()


@pytest.fixture
def terminal(tmp_path: Path, models_dir: Path, encoder: Encoder) -> Terminal:
    opened = Terminal(tmp_path, models_dir, encoder)
    opened.publish(FIRST)
    return opened


@pytest.mark.slow
def test_an_alert_that_arrives_is_shown_between_questions_once(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    def shown() -> str:
        return " ".join(capsys.readouterr().out.split())

    said: list[str] = []
    terminal.use(
        "/subscribe",
        "les chouettes de Vaubrac",
        "1",
        lambda: said.append(shown()),
        lambda: terminal.publish(OWLS),
        "/help",
        lambda: said.append(shown()),
        "/subscriptions",
        "3",
        "1",
    )
    said.append(shown())
    subscribed, told, after = said
    assert "Que voulez-vous suivre" in subscribed
    assert "Vous suivez « les chouettes de Vaubrac »" in subscribed
    assert f"{OWLS[0]} · Le Courrier" in told
    assert "**" in told
    assert "Vous ne suivez plus" in after
    assert after.count("Vous suivez") == 2  # in the list, and when it was undone
    terminal.use()
    assert OWLS[0] not in shown().partition("Le dernier article")[0]


@pytest.mark.slow
def test_what_arrived_since_is_shown_at_the_start(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.use("/subscribe les chouettes de Vaubrac", "1")
    terminal.publish(OWLS)
    capsys.readouterr()
    terminal.use()
    assert "🔔 les chouettes de Vaubrac" in capsys.readouterr().out
    terminal.use()
    assert "🔔" not in capsys.readouterr().out
