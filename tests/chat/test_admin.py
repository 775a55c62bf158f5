"""What those who keep the corpus are told, and may do, in Telegram."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bot.alerts import outbox
from bot.answering.writing import counts as writing
from bot.chat.admin import ADMIN_COMMANDS
from bot.chat.conversation import COMMANDS
from bot.chat.html import as_html
from bot.chat.report import Status, run_reply, status_reply
from index.embedding import Encoder
from index.generations import Manifest, current_manifest
from index.lock import locked
from index.run_record import RunRecord, keep_record, last_record
from tests.botapi import BotApiServer, SentMessage, faults, parse_html
from tests.chat.editions import publish_edition, write_edition
from tests.chat.running import Bot, environment, eventually, running_bot

PATIENCE = 180.0  # seconds: machines that run tests may be busy
TOLD_WITHIN = 2.0  # of what is on record; nothing more comes after that
ADMIN, ENGLISH, READER = 71, 72, 73  # the second has written in English before

MANIFEST = Manifest(3, "20261123", "2026-11-23T04:00:00+00:00", "small", "p", [], 9, 9, [], {})
FIRST = RunRecord("2026-11-23T04:00:00+00:00", 0, 1.5, "a", True, 9, 9, added=9)
_seconds = count()


@dataclass(frozen=True)
class Desk:
    """A bot with two admins, and the corpus they keep."""

    telegram: BotApiServer
    bot: Bot
    folder: Path
    variables: dict[str, str]

    @property
    def index_dir(self) -> Path:
        return self.folder / "built"

    def reindex(self) -> int:
        """As an admin runs it on the server."""
        ended = subprocess.run(
            [sys.executable, "-m", "scripts.reindex"],
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            timeout=PATIENCE,
        )
        return ended.returncode

    def record(self, **changes: object) -> None:
        """A run of which this is on record has ended."""
        now = f"2026-11-23T05:00:00.{next(_seconds):06}+00:00"
        keep_record(self.index_dir, replace(FIRST, finished=now, **changes))  # type: ignore[arg-type]

    def ask(self, chat: int, text: str, language: str = "fr") -> str:
        asked = self.telegram.say(chat, text, language_code=language)
        return self.telegram.wait_for(chat, 1, PATIENCE, after=asked)[0].text

    def told(self, chat: int, words: str, after: int) -> SentMessage:
        """The message that holds these words."""
        found = self.telegram.wait_for(
            chat, 1, PATIENCE, after=after, where=lambda message: words in message.text
        )
        assert len(found) == 1
        return found[0]

    def last(self, chat: int) -> int:
        return max((message.message_id for message in self.telegram.sent(chat)), default=0)

    def since(self, chat: int, after: int) -> list[str]:
        """What was sent, once all there is to send has been."""
        time.sleep(TOLD_WITHIN)
        return [message.text for message in self.telegram.sent(chat, after=after)]

    def process(self, beyond: str = "") -> int:
        """The run that was begun last, as the log tells of it after those it told of before."""

        def begun() -> list[str]:
            return re.findall(r"began a reindex, process (\d+)", self.bot.log.removeprefix(beyond))

        eventually(lambda: bool(begun()), "the run is begun")
        return int(begun()[-1])


@pytest.fixture(scope="module")
def desk(
    encoder: Encoder, models_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    publish_edition(folder / "articles", folder / "built", encoder, 1)
    keep_record(folder / "built", FIRST)
    settings: dict[str, Any] = {
        "articles_dir": str(folder / "articles"),
        "admin_ids": f"{ADMIN}, {ENGLISH}",
        "log_level": "INFO",
    }
    variables = environment(index_dir=folder / "built", models_dir=models_dir, **settings)
    with (
        BotApiServer(longest_poll=1.0) as telegram,
        running_bot(telegram, folder / "built", models_dir, folder, **settings) as bot,
    ):
        desk = Desk(telegram, bot, folder, variables)
        desk.ask(ENGLISH, "/start", "en")
        yield desk


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def test_the_run_that_was_on_record_at_the_start_is_told_to_nobody(desk: Desk) -> None:
    assert desk.since(ADMIN, 0) == []


@pytest.mark.slow
def test_a_run_that_publishes_is_told_once_to_each_admin_in_their_language_and_to_no_other(
    desk: Desk,
) -> None:
    after, english = desk.last(ADMIN), desk.last(ENGLISH)
    article = desk.folder / "articles" / "2.md"
    article.write_text(article.read_text(encoding="utf-8") + "\nIl rouvrira.\n", encoding="utf-8")
    (desk.folder / "articles" / "bad.json").write_text('{"body": ', encoding="utf-8")
    assert desk.reindex() == 1
    french = plain(desk.told(ADMIN, "ont été réindexés", after).text)
    assert "Nouveaux : 0 · modifiés : 1 · retirés : 0" in french
    assert "Articles : 5 · passages : 5" in french
    assert re.search(r"Durée : [\d,]+ (s|min)", french)
    assert "N’ont pas pu être lus : 1\n• " in french
    assert "bad.json" in french
    assert "New: 0 · changed: 1 · removed: 0" in desk.told(ENGLISH, "reindexed", english).text
    # The same again is nothing new, though a file still cannot be read.
    assert desk.reindex() == 1
    assert len(desk.since(ADMIN, after)) == len(desk.since(ENGLISH, english)) == 1
    assert desk.since(READER, 0) == []


@pytest.mark.slow
def test_a_refused_run_is_told_with_why_and_what_to_do(desk: Desk) -> None:
    after = desk.last(ADMIN)
    for number in (2, 3):
        (desk.folder / "articles" / f"{number}.md").rename(desk.folder / f"{number}.aside")
    try:
        assert desk.reindex() == 5
        text = desk.told(ADMIN, "refusée", after).text
        assert "--allow-shrink" in text
        assert "/reindex" in text
        assert desk.reindex() == 5  # as a job does every few minutes
        assert len(desk.since(ADMIN, after)) == 1
    finally:
        for number in (2, 3):
            (desk.folder / f"{number}.aside").rename(desk.folder / "articles" / f"{number}.md")


def test_a_failed_run_is_told_and_the_same_failure_not_again(desk: Desk) -> None:
    after = desk.last(ADMIN)
    for _ in range(3):
        desk.record(status=6, published=False, error="[Errno 28] No space left on <device> & co")
        time.sleep(1.0)
    desk.told(ADMIN, "No space left on <device> & co", after)
    assert len(desk.since(ADMIN, after)) == 1


def test_status_tells_an_admin_of_the_index_and_the_last_run(desk: Desk) -> None:
    desk.record(published=False, unreadable=(("a/b.html", "it holds no text"),))
    time.sleep(TOLD_WITHIN)
    manifest = current_manifest(desk.index_dir)
    assert manifest is not None
    text = plain(desk.ask(ADMIN, "/status"))
    assert text.startswith(f"Génération {manifest.name}\nConstruite il y a ")
    assert f"Articles : {manifest.articles} · passages : {manifest.passages}" in text
    assert f"Modèle : {manifest.model}" in text
    assert "Dernière réindexation, il y a " in text
    assert "a/b.html: it holds no text" in text
    assert "Alertes : 0 envoyées" in text
    assert desk.ask(ENGLISH, "/status", "en").startswith(f"Generation {manifest.name}\nMade ")


@pytest.mark.parametrize("command", ["/status", "/reindex", "/status now", "/REINDEX"])
def test_others_are_told_that_there_is_no_such_command(desk: Desk, command: str) -> None:
    log = desk.bot.log
    assert desk.ask(READER, command) == desk.ask(READER, "/fly")
    assert "began a reindex" not in desk.bot.log.removeprefix(log)


def test_in_a_group_an_admin_is_a_reader_like_others(desk: Desk) -> None:
    group = -1_000_000_000_071
    for command in ("/status", "/reindex"):
        desk.telegram.say(group, command, user_id=ADMIN)
    desk.telegram.say(group, "/help", user_id=ADMIN)
    [help] = desk.telegram.wait_for(group, 1, PATIENCE)
    assert "/status" not in help.text


def test_help_names_the_admins_commands_to_them_alone(desk: Desk) -> None:
    mine, theirs = desk.ask(ADMIN, "/help"), desk.ask(READER, "/help")
    assert mine.startswith(theirs)
    added = [line.split()[0] for line in mine.removeprefix(theirs).splitlines() if line]
    assert added == [f"/{name}" for name in ADMIN_COMMANDS]


def test_the_menu_of_an_admin_has_their_commands_in_every_language(desk: Desk) -> None:
    calls = desk.telegram.wait_for_call("setMyCommands", 9, PATIENCE)
    menus: dict[object, list[list[str]]] = {}
    for call in calls:
        chat = (call.params.get("scope") or {}).get("chat_id")
        names = [command["command"] for command in call.params["commands"]]
        menus.setdefault(chat, []).append(names)
    everybody, admins = list(COMMANDS), [*COMMANDS, *ADMIN_COMMANDS]
    assert menus == {None: [everybody] * 3, ADMIN: [admins] * 3, ENGLISH: [admins] * 3}


@pytest.mark.slow
def test_an_admin_begins_a_run_is_told_so_at_once_and_then_how_it_ended(desk: Desk) -> None:
    desk.reindex()
    time.sleep(TOLD_WITHIN)
    after, english = desk.last(ADMIN), desk.last(ENGLISH)
    assert desk.ask(ADMIN, "/reindex").startswith("La réindexation a commencé")
    assert "était à jour" in desk.told(ADMIN, "Durée", after).text  # asked for, so told
    assert len(desk.since(ADMIN, after)) == 2
    assert desk.since(ENGLISH, english) == []
    record = last_record(desk.index_dir)
    assert record is not None
    assert not record.published


@pytest.mark.slow
def test_no_second_run_is_begun_while_one_is_under_way(desk: Desk) -> None:
    desk.reindex()
    time.sleep(TOLD_WITHIN)
    log, after, english = desk.bot.log, desk.last(ADMIN), desk.last(ENGLISH)
    assert desk.ask(ADMIN, "/reindex").startswith("La réindexation a commencé")
    process = desk.process(log)
    os.kill(process, signal.SIGSTOP)  # it takes its time
    try:
        assert "est en cours" in desk.ask(ADMIN, "/reindex")
        assert "is under way" in desk.ask(ENGLISH, "/reindex", "en")
        assert "est en cours" in desk.ask(ADMIN, "/status")
        assert desk.process(log) == process
    finally:
        os.kill(process, signal.SIGCONT)
    desk.told(ADMIN, "L’index était à jour.\n", desk.last(ADMIN))
    desk.told(ENGLISH, "The index was up to date.\n", english)  # who asked too
    assert len(desk.since(ADMIN, after)) == 4
    assert desk.bot.log.removeprefix(log).count("began a reindex") == 1


def test_who_holds_the_lock_is_told(desk: Desk) -> None:
    log = desk.bot.log
    with locked(desk.index_dir, "an indexer of ours"):
        text = desk.ask(ADMIN, "/reindex")
    assert f"an indexer of ours (process {os.getpid()} on " in text
    assert "began a reindex" not in desk.bot.log.removeprefix(log)


@pytest.mark.slow
def test_a_run_that_was_killed_is_told_and_another_can_be_begun(desk: Desk) -> None:
    for _ in range(2):
        log, after = desk.bot.log, desk.last(ADMIN)
        desk.ask(ADMIN, "/reindex")
        os.kill(desk.process(log), signal.SIGKILL)
        assert desk.told(ADMIN, "s’est interrompue (code de sortie -9)", after).text.endswith(
            "Killed"
        )


@pytest.mark.slow
def test_a_wrong_setting_is_told(desk: Desk) -> None:
    after = desk.last(ADMIN)
    (desk.folder / ".env").write_text("FEEDS_ALLOW_NETS=nowhere\n", encoding="utf-8")
    try:
        desk.ask(ADMIN, "/reindex")
        assert "FEEDS_ALLOW_NETS" in desk.told(ADMIN, "n’a pas pu commencer", after).text
    finally:
        (desk.folder / ".env").unlink()


def test_an_admin_who_never_wrote_disturbs_nobody_and_is_logged_once(desk: Desk) -> None:
    desk.telegram.faults.add(faults.BadRequest("chat not found"), chat_id=ENGLISH, times=None)
    log, after, english = desk.bot.log, desk.last(ADMIN), desk.last(ENGLISH)
    for number in range(1, 4):
        desk.record(added=number)
        desk.told(ADMIN, f"{number} · modifiés", after)
    told = desk.bot.log.removeprefix(log)
    assert told.count(f"admin {ENGLISH} ") == 1
    assert "ERROR" not in told
    assert desk.telegram.sent(ENGLISH, after=english) == []
    desk.telegram.faults.clear()
    desk.ask(ENGLISH, "/start", "en")
    desk.record(added=4)
    desk.told(ENGLISH, "New: 4 ·", english)


@pytest.mark.slow
def test_the_end_of_the_bot_does_not_end_a_run(
    encoder: Encoder, models_dir: Path, tmp_path: Path
) -> None:
    articles, index_dir = tmp_path / "articles", tmp_path / "built"
    publish_edition(articles, index_dir, encoder, 1)
    write_edition(articles, 1)
    values: dict[str, Any] = {"articles_dir": str(articles), "admin_ids": str(ADMIN)}
    with (
        BotApiServer(longest_poll=1.0) as telegram,
        running_bot(telegram, index_dir, models_dir, tmp_path, **values) as bot,
    ):
        desk = Desk(telegram, bot, tmp_path, {})
        desk.ask(ADMIN, "/reindex")
        process = desk.process()
        os.kill(process, signal.SIGSTOP)
        try:
            assert bot.end() == 0
            assert "Traceback" not in bot.log
        finally:
            os.kill(process, signal.SIGCONT)
        eventually(lambda: last_record(index_dir) is not None, "the run ends by itself")
    record = last_record(index_dir)
    assert record is not None
    assert record.status == 0


def test_status_tells_what_became_of_written_answers() -> None:
    counts = writing.Counts(written=12, quoted=3, kept=1_040)
    counts.dropped.update({"no marker": 5, "a number that is not there": 2})
    counts.failures["not in time"] = 1
    status = Status(MANIFEST, None, None, None, outbox.Counts(0, 0, 0, 0), counts)
    html = "".join(as_html(status_reply(status, datetime(2026, 11, 24, tzinfo=UTC), "en")))
    text, _ = parse_html(html)
    assert "Written answers: 12, 3 quoted instead; statements: 1,040 held, 7 dropped" in text
    assert "no marker: 5\na number that is not there: 2\nnot in time: 1" in text
    without = status_reply(replace(status, writing=None), datetime(2026, 11, 24, tzinfo=UTC), "en")
    assert "Written answers" not in "".join(as_html(without))


@pytest.mark.parametrize("language", ["fr", "en"])
def test_ten_files_are_listed_and_the_others_counted(language: str) -> None:
    bad = tuple((f"a/{number}.html", "it holds no <text>") for number in range(1032))
    [html] = as_html(run_reply(replace(FIRST, unreadable=bad, kept=7), "a", language))
    text, _ = parse_html(html)
    assert text.count("it holds no <text>") == 10
    assert plain(text).replace(",", " ").count("1 022") == 1
    assert text.endswith("7")


def test_names_and_reasons_of_any_length_make_one_message() -> None:
    bad = tuple(("x/" * 4000, "y\n" * 4000) for _ in range(12))
    [html] = as_html(run_reply(replace(FIRST, unreadable=bad), "a", "fr"))
    failed = replace(FIRST, status=6, published=False, error="no " * 9999)
    assert len(as_html(run_reply(failed, "a", "fr"))) == 1
    text, _ = parse_html(html)
    assert "/x/: y y" in text  # a path is known by its end, a reason by its beginning


def test_a_generation_that_the_bot_cannot_open_is_told() -> None:
    html = "".join(as_html(run_reply(replace(FIRST, generation="20261123"), "20261122", "en")))
    assert "20261123 is there, but I answer from 20261122" in html
