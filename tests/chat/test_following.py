"""A bot that answers while the index changes under it."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.following import RunWatch
from index.embedding import Encoder
from index.generations import current_name, write_durably
from index.run_record import RunRecord, keep_record
from tests.botapi import BotApiServer
from tests.chat.editions import QUESTIONS, edition_of, publish_edition
from tests.chat.running import Bot, eventually, running_bot

PATIENCE = 180.0  # seconds: machines that run tests may be busy
CHATS = (11, 12, 13, 14)


@dataclass(frozen=True)
class Newsroom:
    """A bot, its index, and those who read it."""

    telegram: BotApiServer
    bot: Bot
    articles: Path
    index_dir: Path
    encoder: Encoder

    def publish(self, edition: int) -> None:
        publish_edition(self.articles, self.index_dir, self.encoder, edition)

    def ask(self, chat: int, question: str) -> int:
        """The edition that the answer is from."""
        asked = self.telegram.say(chat, question)
        [answer] = self.telegram.wait_for(chat, 1, PATIENCE, after=asked)
        assert answer.text.startswith(question), answer.text
        return edition_of(answer.text)

    def in_hand(self) -> set[str]:
        """The generations of which the bot has a file open or mapped."""
        process = Path("/proc") / str(self.bot.process.pid)
        paths = (process / "maps").read_text(encoding="utf-8").split("\n")
        for descriptor in (process / "fd").iterdir():
            try:
                paths.append(os.readlink(descriptor))
            except FileNotFoundError:  # closed meanwhile
                continue
        marked = [path.partition("/generations/")[2] for path in paths]
        return {rest.partition("/")[0] for rest in marked if rest}

    def descriptors(self) -> int:
        """How many files the bot has open; connections to Telegram and to its database come and
        go."""
        folder = Path("/proc") / str(self.bot.process.pid) / "fd"
        links = [os.readlink(descriptor) for descriptor in folder.iterdir()]
        return sum(not link.startswith("socket:") and "depeche.db" not in link for link in links)


@pytest.fixture
def newsroom(encoder: Encoder, models_dir: Path, tmp_path: Path) -> Iterator[Newsroom]:
    """A bot that answers from edition 1."""
    articles, index_dir = tmp_path / "articles", tmp_path / "built"
    publish_edition(articles, index_dir, encoder, 1)
    with (
        BotApiServer(longest_poll=1.0) as telegram,
        running_bot(telegram, index_dir, models_dir, tmp_path) as bot,
    ):
        room = Newsroom(telegram, bot, articles, index_dir, encoder)
        for question in QUESTIONS:  # what is loaded on first use is loaded now
            assert room.ask(1, question) == 1
        yield room


@pytest.mark.slow
def test_questions_asked_while_generations_switch_are_all_answered_each_from_one(
    newsroom: Newsroom,
) -> None:
    over = threading.Event()
    files = newsroom.descriptors()
    last = 11

    def ask_without_pause(chat: int) -> list[int]:
        editions: list[int] = []
        while not over.is_set():
            question = QUESTIONS[(chat + len(editions)) % len(QUESTIONS)]
            editions.append(newsroom.ask(chat, question))
        return editions

    with ThreadPoolExecutor(len(CHATS)) as pool:
        asking = [pool.submit(ask_without_pause, chat) for chat in CHATS]
        try:
            for edition in range(2, last + 1):
                newsroom.publish(edition)
                time.sleep(1.0)
            time.sleep(6.0)  # an answer may wait for its turn, with the edition that it is from
        finally:
            over.set()
        for answered in (future.result(PATIENCE) for future in asking):
            assert answered == sorted(answered)  # a chat never goes back in time
            assert answered[-1] == last
            assert len(set(answered)) > 3
    log = newsroom.bot.log
    assert "ERROR" not in log
    assert "Traceback" not in log
    current = {str(current_name(newsroom.index_dir))}
    eventually(lambda: newsroom.in_hand() <= current, "old generations are let go")
    assert newsroom.descriptors() <= files + 2


@pytest.mark.slow
def test_a_new_generation_is_used_within_two_seconds(newsroom: Newsroom) -> None:
    # Machines that run tests may be busy at one moment, or at another.
    for edition in (2, 3, 4):
        newsroom.publish(edition)
        time.sleep(2.0)
        if newsroom.ask(1, QUESTIONS[0]) == edition:
            return
    raise AssertionError(f"three times too late\n{newsroom.bot.log}")


@pytest.mark.slow
def test_a_damaged_generation_is_passed_over_and_the_next_good_one_used(
    newsroom: Newsroom,
) -> None:
    name = _publish_damaged(newsroom.index_dir)
    eventually(lambda: "stays in use" in newsroom.bot.log, "it is said")
    assert newsroom.ask(1, QUESTIONS[0]) == 1
    time.sleep(1.5)  # a few more looks
    assert newsroom.bot.log.count("stays in use") == 1
    assert newsroom.bot.log.count(name) >= 1
    newsroom.publish(2)
    eventually(lambda: newsroom.ask(1, QUESTIONS[0]) == 2, "the next is used")
    assert newsroom.bot.log.count("stays in use") == 1


def _publish_damaged(index_dir: Path) -> str:
    """Make current a generation whose articles cannot be read."""
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
    folder = index_dir / "generations" / name
    shutil.copytree(index_dir / "generations" / str(current_name(index_dir)), folder)
    (folder / "articles.sqlite").write_bytes(b"no database" * 99)
    write_durably(index_dir / "current", name)
    return name


_RUN = RunRecord("2026-11-23T04:00:00+00:00", 0, 1.5, "a", articles=6, passages=6)
_BAD = (("a/b.html", "it holds no text"),)
_WORSE = (*_BAD, ("a/c.json", "not JSON"))


@pytest.mark.parametrize(
    ("runs", "news"),
    [
        ([{}], [False]),
        ([{"published": True, "added": 1}, {}], [True, False]),
        ([{"published": True, "changed": 1}, {"published": True, "removed": 2}], [True, True]),
        ([{"published": True}], [False]),  # files were touched, and their words are the same
        ([{"unreadable": _BAD}] * 3, [True, False, False]),
        ([{"unreadable": _BAD}, {"unreadable": _WORSE}, {}], [True, True, True]),
        ([{"status": 5, "error": "no"}] * 3, [True, False, False]),
        ([{"status": 5, "error": "no"}, {"status": 6, "error": "no"}], [True, True]),
        ([{"status": 5, "error": "no"}, {}, {"status": 5, "error": "no"}], [True, False, True]),
        # a run that failed has read nothing, and says nothing of what could be
        (
            [{"unreadable": _BAD}, {"status": 6, "error": "no"}, {"unreadable": _BAD}],
            [True, True, False],
        ),
    ],
)
def test_what_changes_nothing_is_no_news(
    runs: list[dict[str, object]], news: list[bool], tmp_path: Path
) -> None:
    keep_record(tmp_path, _RUN)
    watch = RunWatch(tmp_path)
    assert watch.look() is None  # it was there
    told = []
    for number, changes in enumerate(runs):
        run = replace(_RUN, finished=f"2026-11-23T05:00:{number:02}+00:00", **changes)  # type: ignore[arg-type]
        keep_record(tmp_path, run)
        seen = watch.look()
        assert seen is not None
        assert seen[0] == run
        assert watch.look() is None
        told.append(seen[1])
    assert told == news


def test_a_failure_that_lasts_is_told_again_after_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = RunWatch(tmp_path)
    told = []
    for hour in range(0, 50, 5):
        monkeypatch.setattr("bot.following.time.monotonic", lambda hour=hour: hour * 3600.0)
        keep_record(tmp_path, replace(_RUN, finished=str(hour), status=6, error="disk full"))
        seen = watch.look()
        assert seen is not None
        if seen[1]:
            told.append(hour)
    assert told == [0, 25]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"finished": 1}', "\x00"])
def test_a_record_that_cannot_be_read_is_no_run(text: str, tmp_path: Path) -> None:
    keep_record(tmp_path, _RUN)
    [file] = [path for path in tmp_path.iterdir() if path.suffix == ".json"]
    watch = RunWatch(tmp_path)
    file.write_text(text, encoding="utf-8")
    assert watch.look() is None
