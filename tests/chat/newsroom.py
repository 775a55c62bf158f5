"""A bot over articles that come as files, and the readers who follow topics."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.botapi import BotApiServer, SentMessage
from tests.chat.clocked import Clock
from tests.chat.running import Bot, environment, eventually, running_bot

PATIENCE = 180.0  # seconds: machines that run tests may be busy
PARIS = ZoneInfo("Europe/Paris")
WEDNESDAY = datetime(2024, 5, 15, 10, 0, tzinfo=PARIS)

Text = tuple[str, str]  # title, body

FIRST: Text = (
    "La dernière boulangerie de Skerrow ferme",
    "La boulangère a cuit vendredi sa dernière fournée après trente ans de métier. Personne ne "
    "s’est proposé pour reprendre le fournil, a-t-elle dit.",
)


@dataclass(frozen=True)
class Newsroom:
    telegram: BotApiServer
    bot: Bot
    clock: Clock
    folder: Path
    models_dir: Path

    def publish(self, *articles: tuple[Text, str], to_nobody: bool = False) -> None:
        """Index articles of papers, and wait until they are matched.

        :param to_nobody: there is no subscription: nothing is matched.
        """
        before = self.bot.log.count("matched articles=")
        for article, source in articles:
            self.write(article, source)
        self.reindex()
        if not to_nobody:
            eventually(
                lambda: self.bot.log.count("matched articles=") > before, "articles are matched"
            )

    def write(self, article: Text, source: str, name: str | None = None) -> None:
        write_article(self.folder, article, source, self.clock.now(), name)

    def reindex(self, *options: str) -> None:
        reindex(self.folder, self.models_dir, *options)

    def subscribe(self, chat: int, topic: str) -> SentMessage:
        """Follow a topic; the message by which that is confirmed."""
        return self.press(self.ask(chat, f"/subscribe {topic}"), "Suivre")

    def ask(self, chat: int, text: str, user: int | None = None) -> SentMessage:
        """Write to the bot, and its answer."""
        asked = self.telegram.say(chat, text, user_id=user)
        return self.telegram.wait_for(chat, 1, PATIENCE, after=asked)[0]

    def press(self, message: SentMessage, words: str, user: int | None = None) -> SentMessage:
        """Press a button under a message that changes with it; the message as it is then."""
        self.telegram.press(message, message.button(words), user_id=user)
        return self.changed(message)

    def press_for_another(self, message: SentMessage, words: str) -> SentMessage:
        """Press a button that another message comes of."""
        before = max(sent.message_id for sent in self.telegram.sent(message.chat_id))
        self.telegram.press(message, message.button(words))
        return self.telegram.wait_for(message.chat_id, 1, PATIENCE, after=before)[0]

    def changed(self, message: SentMessage) -> SentMessage:
        """A message once it is other than it was."""

        def other(sent: SentMessage) -> bool:
            return sent.message_id == message.message_id and sent.edits > message.edits

        return self.telegram.wait_for(message.chat_id, 1, PATIENCE, where=other)[0]

    def alerts(self, chat: int) -> list[SentMessage]:
        return [sent for sent in self.telegram.sent(chat) if is_alert(sent)]

    def wait_for_alert(self, chat: int, number: int = 1) -> SentMessage:
        return self.telegram.wait_for(chat, number, PATIENCE, where=is_alert)[number - 1]


def is_alert(sent: SentMessage) -> bool:
    buttons = [button for row in sent.keyboard for button in row]
    return any((button.callback_data or "").startswith("a:") for button in buttons)


@contextmanager
def open_newsroom(folder: Path, models_dir: Path, **settings: object) -> Iterator[Newsroom]:
    """A bot over one article, on a Wednesday morning. It may not exceed Telegram's limits, or
    log an error."""
    clock = Clock(folder / "clock")
    clock.set(WEDNESDAY)
    write_article(folder, FIRST, "Le Courrier", clock.now())
    reindex(folder, models_dir)
    with BotApiServer(longest_poll=1.0, enforce_limits=True) as telegram:
        with running_bot(
            telegram, folder / "built", models_dir, folder, folder / "clock", **settings
        ) as bot:
            yield Newsroom(telegram, bot, clock, folder, models_dir)
        assert telegram.violations == []
        assert "Traceback" not in bot.log, bot.log


def write_article(
    folder: Path, article: Text, source: str, now: datetime, name: str | None = None
) -> None:
    title, body = article
    path = folder / "articles" / f"{name or f'{source}-{title}'.replace('/', '-')}.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f'---\ntitle: "{title}"\nsource: {source}\npublished: {now.date()}\n---\n\n{body}\n',
        encoding="utf-8",
    )


def reindex(folder: Path, models_dir: Path, *options: str) -> None:
    """Run scripts/reindex.py over the folder's articles."""
    ended = subprocess.run(
        [sys.executable, "-m", "scripts.reindex", *options],
        cwd=folder,
        env=environment(
            articles_dir=folder / "articles", index_dir=folder / "built", models_dir=models_dir
        ),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert ended.returncode == 0, ended.stderr
