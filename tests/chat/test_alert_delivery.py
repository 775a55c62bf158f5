"""Alerts on their way from the outbox to chats, whatever Telegram, the network and the machine
do. Telegram is a server on loopback that counts what comes faster than it allows."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select, text
from telegram.error import (
    BadRequest,
    Conflict,
    InvalidToken,
    NetworkError,
    TelegramError,
    TimedOut,
)
from telegram.ext import ApplicationBuilder, ExtBot

from bot.alerts.alert import AlertState
from bot.alerts.outbox import Outbox
from bot.alerts.subscriptions import Subscriptions
from bot.chat.alert_delivery import AlertDelivery, outcome_is_unknown
from bot.chat.pacing import Pacer
from bot.clock import utc_now
from bot.state.database import Database, checked_url, prepare
from bot.state.tables import ChatRow, SubscriptionRow
from tests.alerts.outboxes import Outcome, fill, outcomes, tell_again
from tests.botapi import BotApiServer, faults
from tests.botapi.world import Call
from tests.chat.running import Bot, eventually, running_bot

PATIENCE = 180.0  # seconds: machines that run tests may be busy
PARIS = ZoneInfo("Europe/Paris")
SEED = 5
_chats = count(20_000)

# The library warns of the type to come when it makes a RetryAfter.
pytestmark = pytest.mark.filterwarnings("ignore:.*retry_after")


@pytest.fixture
def telegram() -> Iterator[BotApiServer]:
    with BotApiServer(longest_poll=1.0, enforce_limits=True) as server:
        yield server
        assert server.violations == []


@pytest.fixture
def chat() -> int:
    """A private chat that no other test has seen."""
    return next(_chats)


@pytest.fixture
def chats() -> list[int]:
    return [next(_chats) for _ in range(6)]


# In this process: the delivery, over HTTP, with python-telegram-bot's own bot.


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    url = checked_url(database_url)
    await asyncio.to_thread(prepare, url)
    database = Database(url)
    yield database
    await database.close()


@dataclass
class Clock:
    """Seconds that pass by themselves until the test takes them in hand."""

    held_at: float | None = None

    def __call__(self) -> float:
        return time.monotonic() if self.held_at is None else self.held_at


@asynccontextmanager
async def delivering(
    telegram: BotApiServer,
    database: Database,
    read_timeout: float = 60.0,
    url: str | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[None]:
    """A bot that delivers, until the context ends.

    :param read_timeout: seconds.
    :param url: of the server, where it is reached by another.
    :param clock: by which it keeps Telegram's pace.
    """
    pacer = Pacer(clock)
    application = (
        ApplicationBuilder()
        .token(telegram.token)
        .base_url(f"{url or telegram.url}/bot")
        .rate_limiter(pacer)
        .connection_pool_size(64)
        .pool_timeout(30)
        .updater(None)
        .build()
    )
    bot = application.bot
    assert isinstance(bot, ExtBot)
    delivery = AlertDelivery(
        bot,
        pacer,
        Outbox(database, utc_now, PARIS),
        Subscriptions(database, utc_now, PARIS, most=20),
        utc_now,
        read_timeout,
    )
    async with application:
        delivery.start()
        try:
            yield
        finally:
            await delivery.stop()


async def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE} s: {what}"
        await asyncio.sleep(0.02)


async def settled(database: Database) -> list[Outcome]:
    """What became of every alert, once that is known."""
    deadline = time.monotonic() + PATIENCE
    outbox = Outbox(database, utc_now, PARIS)
    while (counts := await outbox.counts()).pending:
        assert time.monotonic() < deadline, f"not settled within {PATIENCE} s: {counts}"
        await asyncio.sleep(0.2)
    return await outcomes(database)


def attempts(telegram: BotApiServer, chat: int, method: str = "sendMessage") -> list[Call]:
    """Those to send to a chat, with or without success."""
    return [c for c in telegram.calls if c.method == method and c.params["chat_id"] == chat]


def times_sent(telegram: BotApiServer, chat: int, title: str) -> int:
    return sum(title in message.text for message in telegram.sent(chat))


def everything_once(telegram: BotApiServer, found: Iterable[Outcome]) -> None:
    for outcome in found:
        assert outcome.state is AlertState.SENT, outcome
        assert times_sent(telegram, outcome.chat_id, outcome.title) == 1, outcome
        assert not outcome.possibly_double, outcome


async def test_what_is_due_is_sent_once(
    telegram: BotApiServer, database: Database, chats: list[int]
) -> None:
    await fill(database, chats)
    async with delivering(telegram, database):
        found = await settled(database)
    everything_once(telegram, found)
    for outcome in found:
        [message] = telegram.sent(outcome.chat_id)
        assert message.message_id == outcome.message_id
        assert message.text.startswith("🔔 le tram")
        assert "en dix-huit minutes" in message.text


async def test_a_chat_that_telegram_refuses_gets_nothing_before_the_time_it_names(
    telegram: BotApiServer, database: Database, chats: list[int]
) -> None:
    chat, *others = chats
    await fill(database, chats)
    telegram.faults.add(faults.RetryAfter(4), chat_id=chat)
    async with delivering(telegram, database):
        found = await settled(database)
    everything_once(telegram, found)
    refused, sent = attempts(telegram, chat)
    assert (refused.status, sent.status) == (429, 200)
    assert sent.at - refused.at >= 4
    assert all(telegram.sent(other)[0].at < sent.at for other in others)
    assert all(outcome.attempts == 0 for outcome in found)


async def test_a_bot_that_is_started_again_waits_as_it_was_told(
    telegram: BotApiServer, database: Database, chat: int
) -> None:
    await fill(database, [chat])
    telegram.faults.add(faults.RetryAfter(4), chat_id=chat)
    async with delivering(telegram, database):
        await until(lambda: len(attempts(telegram, chat)) == 1, "an attempt")
        await asyncio.sleep(0.2)
    async with delivering(telegram, database):
        everything_once(telegram, await settled(database))
    refused, sent = attempts(telegram, chat)
    assert sent.at - refused.at >= 4


async def test_a_bot_that_telegram_refuses_sends_nothing_to_anyone(
    telegram: BotApiServer, database: Database, chats: list[int]
) -> None:
    for chat in chats[:3]:
        telegram.faults.add(faults.RetryAfter(3), chat_id=chat)
    await fill(database, chats[:3])
    async with delivering(telegram, database):
        await until(lambda: telegram.faults.pending == 0, "all are refused")
        await fill(database, chats[3:])
        everything_once(telegram, await settled(database))
    calls = [call for chat in chats for call in attempts(telegram, chat)]
    refused = [call.at for call in calls if call.status == 429]
    sent = [call.at for call in calls if call.status == 200]
    assert len(refused) == 3
    assert min(sent) - min(refused) >= 3


@pytest.mark.parametrize(
    "fault",
    [
        faults.Status(502),
        faults.Status(500),
        # Of a proxy, by its page: no word of Telegram's about the chat, the message or the bot.
        faults.Status(400),
        faults.Status(403),
        faults.Status(404),
    ],
    ids=str,
)
async def test_a_server_that_fails_is_tried_again(
    telegram: BotApiServer, database: Database, chats: list[int], fault: faults.Status
) -> None:
    chat = chats[0]
    await fill(database, chats)
    telegram.faults.add(fault, chat_id=chat, times=2)
    async with delivering(telegram, database):
        found = await settled(database)
    everything_once(telegram, found)
    assert {outcome.chat_id: outcome.attempts for outcome in found if outcome.attempts} == {chat: 2}
    first, second, third = attempts(telegram, chat)
    assert second.at - first.at >= 1
    assert third.at - second.at >= 2


@pytest.mark.parametrize(
    ("fault", "times"),
    [(faults.DropBefore(), 1), (faults.DropAfter(), 2), (faults.Garbage(), 2)],
    ids=str,
)
async def test_what_may_have_arrived_is_sent_once_more_and_counted(
    telegram: BotApiServer, database: Database, chats: list[int], fault: faults.Kind, times: int
) -> None:
    chat, *others = chats
    await fill(database, chats)
    telegram.faults.add(fault, chat_id=chat)
    async with delivering(telegram, database):
        found = await settled(database)
    everything_once(telegram, (outcome for outcome in found if outcome.chat_id in others))
    [doubtful] = [outcome for outcome in found if outcome.chat_id == chat]
    assert (doubtful.state, doubtful.possibly_double) == (AlertState.SENT, True)
    assert times_sent(telegram, chat, doubtful.title) == times
    assert len(attempts(telegram, chat)) == 2
    counts = await Outbox(database, utc_now, PARIS).counts()
    assert (counts.sent, counts.possibly_double, counts.pending) == (6, 1, 0)


async def test_an_answer_that_comes_too_late_may_have_arrived(
    telegram: BotApiServer, database: Database, chat: int
) -> None:
    await fill(database, [chat])
    telegram.faults.add(faults.Slow(20.0), chat_id=chat)
    async with delivering(telegram, database, read_timeout=2.0):
        [outcome] = await settled(database)
    assert (outcome.state, outcome.possibly_double) == (AlertState.SENT, True)
    assert times_sent(telegram, chat, outcome.title) == 2


async def test_an_answer_that_comes_slowly_is_waited_for(
    telegram: BotApiServer, database: Database, chats: list[int]
) -> None:
    await fill(database, chats)
    telegram.faults.add(faults.Slow(7.0), chat_id=chats[0])  # longer than the library would
    async with delivering(telegram, database):
        everything_once(telegram, await settled(database))


class Wire:
    """A way to a server that can be cut: then connections to it are refused."""

    def __init__(self, server: BotApiServer) -> None:
        self._target = int(server.url.rpartition(":")[2])
        self._port = 0
        self._listening: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def join(self) -> None:
        self._listening = await asyncio.start_server(self._carry, "127.0.0.1", self._port)
        self._port = self._listening.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        assert self._listening is not None
        self._listening.close()
        for end in self._ends:
            end.close()
        await self._listening.wait_closed()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._ends |= {writer, far_writer}
        await asyncio.gather(_pipe(reader, far_writer), _pipe(far_reader, writer))
        self._ends -= {writer, far_writer}


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()


async def test_a_server_that_cannot_be_reached_is_tried_again_and_nothing_is_in_doubt(
    telegram: BotApiServer, database: Database, chats: list[int]
) -> None:
    wire = Wire(telegram)
    await wire.join()
    async with delivering(telegram, database, url=wire.url):
        await wire.cut()
        await fill(database, chats)
        deadline = time.monotonic() + PATIENCE
        while not all(outcome.attempts >= 2 for outcome in await outcomes(database)):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)
        await wire.join()
        everything_once(telegram, await settled(database))
    await wire.cut()
    assert all(len(attempts(telegram, chat)) == 1 for chat in chats)


@pytest.mark.parametrize(
    "fault",
    [
        faults.Forbidden(),
        faults.Forbidden("user is deactivated"),
        faults.Forbidden("bot was kicked from the supergroup chat"),
        faults.BadRequest("chat not found"),
        faults.BadRequest("not enough rights to send text messages to the chat"),
    ],
    ids=str,
)
async def test_alerts_of_a_chat_that_cannot_be_written_to_are_dropped_and_others_go_on(
    telegram: BotApiServer, database: Database, chats: list[int], fault: faults.Kind
) -> None:
    closed, *others = -next(_chats), *chats
    await fill(database, [closed], alerts=40)  # more than one message holds
    await fill(database, others)
    telegram.faults.add(fault, chat_id=closed, times=None)
    async with delivering(telegram, database):
        found = await settled(database)
    assert len(attempts(telegram, closed)) == 1
    everything_once(telegram, (outcome for outcome in found if outcome.chat_id != closed))
    dropped = [outcome for outcome in found if outcome.chat_id == closed]
    assert {(o.state, o.reason, o.possibly_double) for o in dropped} == {
        (AlertState.DROPPED, "the chat cannot be written to", False)
    }
    async with database.reading() as session:
        unreachable = await session.scalars(
            select(ChatRow.id).where(ChatRow.unreachable_since.is_not(None))
        )
        assert list(unreachable) == [closed]


async def test_a_group_that_became_a_supergroup_takes_all_of_its_own_along(
    telegram: BotApiServer, database: Database
) -> None:
    old, new = -next(_chats), -1_000_000_000_000 - next(_chats)
    telegram.faults.add(faults.Migrate(new), chat_id=old, times=None)
    await fill(database, [old], alerts=3)
    async with delivering(telegram, database):
        found = await settled(database)
        await fill(database, [new])
        found = await settled(database)
    assert [outcome.chat_id for outcome in found] == [new] * 4
    everything_once(telegram, found)
    assert telegram.sent(old) == []
    assert len(telegram.sent(new)) == 2
    async with database.reading() as session:
        assert list(await session.scalars(select(ChatRow.id))) == [new]
        assert list(await session.scalars(select(SubscriptionRow.chat_id))) == [new]


async def test_markup_that_telegram_refuses_is_left_out(
    telegram: BotApiServer, database: Database, chat: int
) -> None:
    await fill(database, [chat], alerts=3)
    telegram.faults.add(faults.BadRequest("can't parse entities"), chat_id=chat)
    async with delivering(telegram, database):
        everything_once(telegram, await settled(database))
    [message] = telegram.sent(chat)
    assert not [entity for entity in message.entities if entity.type in ("bold", "blockquote")]


@pytest.mark.parametrize(("refused", "dropped"), [(3, 0), (6, 2)])
async def test_one_alert_that_telegram_refuses_does_not_take_others_along(
    telegram: BotApiServer, database: Database, chat: int, refused: int, dropped: int
) -> None:
    await fill(database, [chat], alerts=4)
    # With markup and without: all four, then one after another.
    telegram.faults.add(faults.BadRequest("no such thing"), chat_id=chat, times=refused)
    async with delivering(telegram, database):
        found = await settled(database)
    everything_once(telegram, found[dropped:])
    assert [(o.state, o.reason) for o in found[:dropped]] == [
        (AlertState.DROPPED, "No such thing")
    ] * dropped


async def test_several_alerts_of_a_chat_are_one_message(
    telegram: BotApiServer, database: Database, chat: int
) -> None:
    await fill(database, [chat], alerts=5)
    async with delivering(telegram, database):
        everything_once(telegram, await settled(database))
    [message] = telegram.sent(chat)
    assert message.text.startswith("🔔 5 articles")


async def test_many_alerts_of_a_chat_are_a_few_messages(
    telegram: BotApiServer, database: Database, chat: int
) -> None:
    titles = (await fill(database, [chat], alerts=40))[chat]
    async with delivering(telegram, database):
        everything_once(telegram, await settled(database))
    messages = telegram.sent(chat)
    assert len(messages) <= 5
    for message, following in zip(messages[:-1], messages[1:], strict=True):
        left = sum(title in m.text for m in messages if m.at >= following.at for title in titles)
        assert f"{left} autres suivent" in message.text or f"{left} autre suit" in message.text
    assert "suivent" not in messages[-1].text


async def test_another_article_on_a_story_is_named_in_the_message_that_was_sent(
    telegram: BotApiServer, database: Database, chat: int
) -> None:
    [title] = (await fill(database, [chat]))[chat]
    async with delivering(telegram, database):
        await settled(database)
        await tell_again(database, title, ["Le tram, vu d’ailleurs"])
        await until(lambda: telegram.sent(chat)[0].edits == 1, "it is edited")
        [message] = telegram.sent(chat)
        assert title in message.text
        assert "Le tram, vu d’ailleurs" in message.text
        await asyncio.sleep(1.5)  # several looks
        assert telegram.sent(chat) == [message]


@pytest.mark.parametrize(
    "fault",
    [faults.Status(502), faults.DropBefore(), faults.DropAfter(), faults.RetryAfter(2)],
    ids=str,
)
async def test_an_edit_that_fails_is_tried_again(
    telegram: BotApiServer, database: Database, chat: int, fault: faults.Kind
) -> None:
    [title] = (await fill(database, [chat]))[chat]
    telegram.faults.add(fault, method="editMessageText", chat_id=chat)
    async with delivering(telegram, database):
        await settled(database)
        await tell_again(database, title, ["Le tram, vu d’ailleurs"])
        await until(lambda: len(attempts(telegram, chat, "editMessageText")) == 2, "two attempts")
        await asyncio.sleep(1.5)  # several looks
    [message] = telegram.sent(chat)
    assert "Le tram, vu d’ailleurs" in message.text
    first, second = attempts(telegram, chat, "editMessageText")
    assert second.at - first.at >= (2 if isinstance(fault, faults.RetryAfter) else 0.5)


async def test_an_edit_that_the_end_of_the_bot_breaks_off_is_made_by_the_next(
    telegram: BotApiServer, database: Database, chat: int
) -> None:
    [title] = (await fill(database, [chat]))[chat]
    telegram.faults.add(faults.RetryAfter(100), method="editMessageText", chat_id=chat)
    async with delivering(telegram, database):
        await settled(database)
        await tell_again(database, title, ["Le tram, vu d’ailleurs"])
        await until(lambda: len(attempts(telegram, chat, "editMessageText")) == 1, "an attempt")
    async with delivering(telegram, database):
        await until(lambda: telegram.sent(chat)[0].edits == 1, "it is edited")


async def test_what_comes_while_a_message_is_edited_is_named_by_another_edit(
    telegram: BotApiServer, database: Database, chat: int
) -> None:
    [title] = (await fill(database, [chat]))[chat]
    telegram.faults.add(faults.Slow(2.0), method="editMessageText", chat_id=chat)
    async with delivering(telegram, database):
        await settled(database)
        await tell_again(database, title, ["Premier ailleurs"])
        await until(lambda: telegram.sent(chat)[0].edits == 1, "it is edited")
        await tell_again(database, title, ["Second ailleurs"])
        await until(lambda: telegram.sent(chat)[0].edits == 2, "it is edited again")
    [message] = telegram.sent(chat)
    assert "Premier ailleurs" in message.text
    assert "Second ailleurs" in message.text


async def test_edits_start_one_by_one_as_alerts_do(
    telegram: BotApiServer, database: Database
) -> None:
    chats = [next(_chats) for _ in range(20)]
    await fill(database, chats)

    def edits() -> int:
        return sum(len(attempts(telegram, chat, "editMessageText")) for chat in chats)

    async def started(number: int) -> None:
        await until(lambda: edits() == number, f"{number} of {len(chats)} start")
        await asyncio.sleep(0.1)
        assert edits() == number

    clock = Clock()
    async with delivering(telegram, database, clock=clock):
        await settled(database)
        clock.held_at = time.monotonic() + 2.0  # each chat's second since its alert is over
        async with database.writing() as session:  # at once, so that all are found in one look
            await session.execute(text("UPDATE alerts SET outdated = NOT outdated, story = 'one'"))
        await until(lambda: edits() >= 1, "one starts at once")
        clock.held_at += 0.001  # more than additions round off
        await started(2)  # the second makes up for a timer that was late
        for number in range(3, len(chats) + 1):
            clock.held_at += 1 / 28
            await started(number)
        await asyncio.sleep(0.5)
    assert edits() == len(chats)  # "message is not modified": none is tried again


async def test_the_database_may_be_away_while_a_message_is_on_its_way(
    telegram: BotApiServer, database: Database, chat: int
) -> None:
    await fill(database, [chat])
    telegram.faults.add(faults.Slow(1.0), chat_id=chat)

    async def rename(one: str, other: str) -> None:
        async with database.writing() as session:
            await session.execute(text(f"ALTER TABLE {one} RENAME TO {other}"))

    async with delivering(telegram, database):
        await until(lambda: len(telegram.sent(chat)) == 1, "it is sent")
        await rename("alerts", "away")
        await asyncio.sleep(3.0)
        await rename("away", "alerts")
        everything_once(telegram, await settled(database))


async def test_what_is_being_sent_when_the_bot_ends_is_finished(
    telegram: BotApiServer, database: Database, chat: int
) -> None:
    await fill(database, [chat])
    telegram.faults.add(faults.Slow(2.0), chat_id=chat)
    async with delivering(telegram, database):
        await until(lambda: len(telegram.sent(chat)) == 1, "it is sent")
    [outcome] = await outcomes(database)
    assert (outcome.state, outcome.possibly_double) == (AlertState.SENT, False)


def raised(error: TelegramError, cause: BaseException | None = None) -> TelegramError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "unknown"),
    [
        (raised(NetworkError("Bad Gateway")), False),
        (raised(NetworkError("Bad Gateway"), TelegramError("Invalid server response")), False),
        (raised(NetworkError("refused"), httpx.ConnectError("refused")), False),
        (raised(TimedOut(), httpx.ConnectTimeout("")), False),
        (raised(TimedOut(), httpx.PoolTimeout("")), False),
        (raised(TimedOut(), httpx.ReadTimeout("")), True),
        (raised(TimedOut(), httpx.WriteTimeout("")), True),
        (raised(NetworkError("reset"), httpx.ReadError("reset")), True),
        (raised(NetworkError("gone"), httpx.RemoteProtocolError("gone")), True),
        (raised(NetworkError("Unknown error in HTTP implementation"), RuntimeError()), True),
        (raised(TelegramError("Invalid server response"), ValueError()), True),
        (raised(InvalidToken("Unauthorized")), False),
        (raised(Conflict("terminated by other getUpdates request")), False),
        (raised(BadRequest("what"), TelegramError("Invalid server response")), False),
    ],
    ids=repr,
)
def test_an_outcome_is_unknown_where_the_request_was_written_and_no_answer_was_read(
    error: TelegramError, unknown: bool
) -> None:
    assert outcome_is_unknown(error) is unknown


@pytest.mark.slow
async def test_alerts_go_out_as_fast_as_telegram_allows(
    telegram: BotApiServer, sqlite_url: str
) -> None:
    """Shows the rate: pytest -s."""
    url = checked_url(sqlite_url)
    await asyncio.to_thread(prepare, url)
    database = Database(url)
    many = [next(_chats) for _ in range(600)]
    await fill(database, many)
    async with delivering(telegram, database):
        everything_once(telegram, await settled(database))
    await database.close()
    at = sorted(message.at for chat in many for message in telegram.sent(chat))
    rate = (len(at) - 1) / (at[-1] - at[0])
    violations = len(telegram.violations)
    show(f"{len(at)} alerts to as many chats: {rate:.1f} messages/s, {violations} violations")
    assert rate >= 5  # 25 and more where nothing else runs


# The bot in a process of its own, over an index of the sample.


@dataclass(frozen=True)
class Home:
    """Where a bot lives, through all its lives."""

    telegram: BotApiServer
    folder: Path
    index_dir: Path
    models_dir: Path

    @property
    def database_url(self) -> str:
        return checked_url(f"sqlite:///{self.folder / 'state.db'}")

    @contextmanager
    def bot(self) -> Iterator[Bot]:
        with running_bot(
            self.telegram,
            self.index_dir,
            self.models_dir,
            self.folder,
            database_url=self.database_url,
        ) as bot:
            yield bot

    def fill(self, chats: Sequence[int], alerts: int = 1) -> None:
        async def filled() -> None:
            database = Database(self.database_url)
            await fill(database, chats, alerts)
            await database.close()

        prepare(self.database_url)
        asyncio.run(filled())

    def outcomes(self, settle: bool = False) -> list[Outcome]:
        """What became of every alert.

        :param settle: wait until that is known.
        """

        async def found() -> list[Outcome]:
            database = Database(self.database_url)
            try:
                return await (settled(database) if settle else outcomes(database))
            finally:
                await database.close()

        return asyncio.run(found())


@pytest.fixture
def home(telegram: BotApiServer, sample_index: Path, models_dir: Path, tmp_path: Path) -> Home:
    return Home(telegram, tmp_path, sample_index, models_dir)


def arrived(telegram: BotApiServer, least: int) -> None:
    """Wait until so many messages have."""
    eventually(lambda: len(telegram.world.sent) >= least, f"{least} are sent", PATIENCE)


@pytest.mark.slow
def test_a_chat_that_comes_back_is_told_of_what_is_new(home: Home) -> None:
    telegram = home.telegram
    unblocked, started, group = next(_chats), next(_chats), -next(_chats)
    away = [unblocked, started, group]
    home.fill([*away, other := next(_chats)])
    for chat in away:
        telegram.faults.add(faults.Forbidden(), chat_id=chat, times=None)
    with home.bot() as bot:
        home.outcomes(settle=True)
        assert len(telegram.sent(other)) == 1
        telegram.faults.clear()
        for chat in (unblocked, group):
            telegram.push("my_chat_member", membership(telegram, chat, "member"))
        telegram.say(started, "/start")
        telegram.wait_for(started, 1, PATIENCE)
        telegram.wait_until_read(PATIENCE)
        home.fill(away)
        for chat in away:
            telegram.wait_for(chat, 1, PATIENCE, where=lambda message: "🔔" in message.text)
        telegram.push("my_chat_member", membership(telegram, unblocked, "kicked"))
        eventually(lambda: "has removed or blocked" in bot.log, "it is heard of", PATIENCE)
    assert Counter(outcome.state for outcome in home.outcomes()) == {
        AlertState.SENT: 4,
        AlertState.DROPPED: 3,
    }


def membership(telegram: BotApiServer, chat: int, status: str) -> dict[str, object]:
    """An update on the bot's own membership."""
    bot = telegram.world.bot
    old = {"user": bot, "status": "member" if status == "kicked" else "left"}
    new = {"user": bot, "status": status} | ({"until_date": 0} if status == "kicked" else {})
    with telegram.world.changed:
        return {
            "chat": telegram.world.chat(chat),
            "from": telegram.world.user(abs(chat)),
            "date": int(time.time()),
            "old_chat_member": old,
            "new_chat_member": new,
        }


@pytest.mark.slow
def test_a_bot_that_is_ended_in_the_middle_leaves_nothing_in_doubt(home: Home) -> None:
    chats = [next(_chats) for _ in range(150)]
    home.fill(chats)
    with home.bot() as bot:
        arrived(home.telegram, 40)
        assert bot.end() == 0
        log = bot.log
    found = home.outcomes()
    assert {outcome.state for outcome in found} == {AlertState.SENT, AlertState.PENDING}
    sent = [outcome for outcome in found if outcome.state is AlertState.SENT]
    everything_once(home.telegram, sent)
    assert len(sent) == len(home.telegram.world.sent)
    assert "Traceback" not in log, log
    with home.bot():
        everything_once(home.telegram, home.outcomes(settle=True))


@pytest.mark.slow
def test_a_bot_that_is_killed_again_and_again_loses_nothing(home: Home) -> None:
    """Shows what was sent how often: pytest -s."""
    chats = [next(_chats) for _ in range(500)]
    home.fill(chats)
    home.telegram.faults.add(faults.Slow(0.2), times=None)  # so that several are under way
    drawn = random.Random(SEED)
    points = sorted(drawn.sample(range(20, 480), 4))
    in_doubt: Counter[int] = Counter()  # kills that an alert was being sent at
    for point in points:
        with home.bot() as bot:
            arrived(home.telegram, point)
            time.sleep(drawn.uniform(0, 0.2))
            bot.process.send_signal(signal.SIGKILL)
            bot.process.wait(PATIENCE)
        in_doubt.update(o.id for o in home.outcomes() if o.state is AlertState.SENDING)
    with home.bot() as bot:
        found = home.outcomes(settle=True)
        assert "Traceback" not in bot.log, bot.log
    table = Counter(
        (times_sent(home.telegram, outcome.chat_id, outcome.title), in_doubt[outcome.id])
        for outcome in found
    )
    lost = sum(number for (times, _), number in table.items() if times == 0)
    too_often = sum(number for (times, doubts), number in table.items() if times > 1 + doubts)
    again = sum(number for (times, doubts), number in table.items() if 2 < times <= 1 + doubts)
    show(f"{len(found)} alerts to as many chats; killed after {', '.join(map(str, points))} sent")
    for words, number in (
        ("sent once, never in doubt", table[1, 0]),
        ("sent once, being sent at a kill", sum(table[1, doubts] for doubts in (1, 2, 3, 4))),
        ("sent twice, being sent at a kill", sum(table[2, doubts] for doubts in (1, 2, 3, 4))),
        ("sent oftener, being sent at several kills", again),
        ("sent oftener than that", too_often),
        ("lost", lost),
    ):
        show(f"  {words:42} {number:4}")
    assert {outcome.state for outcome in found} == {AlertState.SENT}
    assert too_often == lost == 0
    for outcome in found:
        assert outcome.possibly_double == (in_doubt[outcome.id] > 0), outcome


@pytest.mark.slow
def test_a_question_overtakes_alerts_that_are_due(home: Home) -> None:
    telegram = home.telegram
    chats = [next(_chats) for _ in range(300)]
    reader = next(_chats)
    home.fill(chats)
    with home.bot():
        arrived(telegram, 20)
        waits = []
        for question in (
            "Combien a coûté finalement la vanne du barrage de Valorgue ?",
            "How many turbines will the Penhoël wind farm have?",
            "Pourquoi Béatrice Lanoy quitte Marvelle ?",
        ):
            asked_at = time.monotonic()
            asked = telegram.say(reader, question)
            [answer] = telegram.wait_for(reader, 1, PATIENCE, after=asked)
            waits.append(answer.at - asked_at)
        assert len(telegram.world.sent) < 290
        show(f"answered in {', '.join(f'{wait:.1f}' for wait in waits)} s, 300 alerts being due")
        assert max(waits) < 30
        everything_once(telegram, home.outcomes(settle=True))


def show(line: str) -> None:
    print(line)  # noqa: T201
