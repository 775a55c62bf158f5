"""Sending at Telegram's pace: on a clock of the test's own, on asyncio's, and over HTTP."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from heapq import heappop, heappush
from itertools import count, pairwise
from math import inf
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from telegram.error import RetryAfter, TelegramError
from telegram.ext import Application, ApplicationBuilder, ExtBot

from bot.chat.pacing import ChatId, Pacer, Priority, Schedule, Ticket, Turn, seconds_of
from tests.botapi import BotApiServer, SentMessage, faults, limits

ANSWER, ALERT = Priority
CHAT, GROUP = 42, -1001


@pytest.fixture(autouse=True)
def _retry_after_as_timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


# A clock of the test's own: seconds pass when nothing is left to do.


@dataclass(eq=False)
class Sending:
    """A message that somebody wants to send, and what became of it. Times are in seconds."""

    at: float
    chat_id: int
    priority: Priority = ANSWER
    outward: float = 0.01  # from its start to its arrival at Telegram
    homeward: float = 0.01  # from there to its completion
    patience: float = inf  # how long its sender waits for its turn
    wait_asked: float = 0.0  # by Telegram, which refuses it; 0: it is taken
    ticket: Ticket | None = field(default=None, init=False)
    started: float = field(default=inf, init=False)
    completed: float = field(default=inf, init=False)

    @property
    def waited(self) -> float:
        return self.started - self.at


def run(sendings: Sequence[Sending]) -> tuple[list[limits.Violation], Schedule]:
    """Let all of them happen. What a Telegram without tolerance objects to."""
    schedule, telegram = Schedule(), limits.Limits()
    order = count()
    events: list[tuple[float, int, Callable[[float], None]]] = []
    by_ticket: dict[Ticket, Sending] = {}

    def plan(at: float, what: Callable[[float], None]) -> None:
        heappush(events, (at, next(order), what))

    def join(sending: Sending, now: float) -> None:
        sending.ticket = schedule.join(sending.chat_id, sending.priority)
        by_ticket[sending.ticket] = sending
        if sending.patience < inf:
            plan(now + sending.patience, lambda _: give_up(sending))

    def give_up(sending: Sending) -> None:
        if sending.started == inf and sending.ticket:
            schedule.withdraw(sending.ticket)

    def start(sending: Sending, now: float) -> None:
        sending.started = now
        plan(now + sending.outward, lambda at: arrive(sending, at))
        plan(now + sending.outward + sending.homeward, lambda at: complete(sending, at))

    def arrive(sending: Sending, now: float) -> None:
        telegram.admit(sending.chat_id, private=sending.chat_id > 0, now=now)

    def complete(sending: Sending, now: float) -> None:
        assert sending.ticket
        sending.completed = now
        if sending.wait_asked:
            schedule.refuse(sending.ticket, now, sending.wait_asked)
        schedule.complete(sending.ticket, now)

    for sending in sendings:
        plan(sending.at, lambda now, sending=sending: join(sending, now))  # type: ignore[misc]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "_TOLERANCE", 1e-6)  # of rounding
        while events:
            now, _, happen = heappop(events)
            happen(now)
            while ticket := schedule.start(now):
                start(by_ticket[ticket], now)
            following = schedule.next_start()
            assert following > now
            if following < (events[0][0] if events else inf):
                plan(following, lambda _: None)
    return telegram.violations, schedule


def alerts(chats: Iterable[int], **more: Any) -> list[Sending]:
    return [Sending(1000.0, chat, ALERT, **more) for chat in chats]


def rate(sendings: Sequence[Sending]) -> float:
    """Messages a second, from the first start to the last."""
    times = sorted(sending.started for sending in sendings)
    return (len(times) - 1) / (times[-1] - times[0])


_LATENCIES = st.floats(0.0, 0.3) | st.floats(0.0, 3.0)
_CHATS = st.sampled_from([*range(1, 60), *[CHAT] * 20, GROUP, GROUP, -1002])
_SENDINGS = st.builds(
    Sending,
    at=st.floats(1000.0, 1010.0) | st.just(1000.0),
    chat_id=_CHATS,
    priority=st.sampled_from(Priority),
    outward=_LATENCIES,
    homeward=_LATENCIES,
    patience=st.just(inf) | st.floats(0.0, 10.0),
    wait_asked=st.just(0.0) | st.just(0.0) | st.floats(0.1, 5.0),
)
_ALL_AT_ONCE = st.lists(st.tuples(_LATENCIES, _LATENCIES), min_size=31, max_size=120).map(
    lambda latencies: [
        Sending(1000.0, chat, outward=outward, homeward=homeward)
        for chat, (outward, homeward) in enumerate(latencies, start=1)
    ]
)
_ONE_CHAT = st.builds(
    lambda chat, latencies: [
        Sending(1000.0, chat, priority, outward=outward, homeward=homeward)
        for priority, outward, homeward in latencies
    ],
    st.sampled_from([CHAT, GROUP]),
    st.lists(st.tuples(st.sampled_from(Priority), _LATENCIES, _LATENCIES), min_size=4, max_size=70),
)


@given(st.lists(_SENDINGS, max_size=150) | _ALL_AT_ONCE | _ONE_CHAT)
def test_telegram_never_has_to_object_whatever_the_latencies(sendings: list[Sending]) -> None:
    violations, _ = run(sendings)
    assert violations == []


@given(st.lists(_SENDINGS, max_size=100))
def test_everybody_who_waits_long_enough_gets_a_turn(sendings: list[Sending]) -> None:
    run(sendings)
    assert all(sending.started < inf for sending in sendings if sending.patience == inf)
    assert all(sending.waited <= sending.patience for sending in sendings if sending.started < inf)


@given(st.lists(_SENDINGS, max_size=100))
def test_one_message_at_a_time_is_on_its_way_to_a_chat_in_the_order_of_asking(
    sendings: list[Sending],
) -> None:
    run(sendings)
    for chat in {sending.chat_id for sending in sendings}:
        sent = [each for each in sendings if each.chat_id == chat and each.started < inf]
        sent.sort(key=lambda sending: sending.started)
        assert all(earlier.completed <= later.started for earlier, later in pairwise(sent))
        for priority in Priority:
            numbers = [each.ticket.number for each in sent if each.priority is priority]  # type: ignore[union-attr]
            assert numbers == sorted(numbers)


@given(st.lists(_SENDINGS, max_size=100))
def test_no_alert_starts_while_an_answer_waits_in_its_chat(sendings: list[Sending]) -> None:
    run(sendings)
    for alert in (each for each in sendings if each.priority is ALERT and each.started < inf):
        waiting = [
            each
            for each in sendings
            if each.chat_id == alert.chat_id
            and each.priority is ANSWER
            and each.at < alert.started < min(each.started, each.at + each.patience)
        ]
        assert not waiting


@given(st.lists(_SENDINGS, max_size=100))
def test_who_is_asked_to_wait_is_obeyed_to_the_second(sendings: list[Sending]) -> None:
    run(sendings)
    refused = [each for each in sendings if each.wait_asked and each.completed < inf]
    for one in refused:
        over = one.completed + one.wait_asked
        elsewhere = any(
            other.chat_id != one.chat_id
            and other.completed < one.completed < other.completed + other.wait_asked
            for other in refused
        )
        for sending in sendings:
            if elsewhere or sending.chat_id == one.chat_id:
                assert not one.completed < sending.started < over


@given(st.lists(_SENDINGS, max_size=60))
def test_chats_long_idle_are_forgotten(sendings: list[Sending]) -> None:
    _, schedule = run(sendings)
    schedule.start(5000.0)
    assert schedule.chats == 0


@pytest.mark.parametrize(
    ("seconds", "least"),
    [(0.0, 27.9), (0.02, 27.4), (0.05, 26.6), (0.2, 23.3)],
    ids="a request takes {}s".format,
)
def test_alerts_go_as_fast_as_telegram_allows(seconds: float, least: float) -> None:
    sendings = alerts(range(1, 1001), outward=seconds / 2, homeward=seconds / 2)
    run(sendings)
    assert rate(sendings) >= least


def test_answers_use_what_alerts_must_leave() -> None:
    answers = [Sending(1000.0, chat) for chat in range(1, 901)]
    run(answers)
    assert rate(answers[:-30]) >= 30 / 1.021


def test_an_answer_does_not_wait_behind_a_burst_of_alerts() -> None:
    answers = [Sending(1000.0 + number * 0.1, 5000 + number) for number in range(200)]
    run([*alerts(range(1, 1001)), *answers])
    assert max(answer.waited for answer in answers) <= 0.05


def test_alerts_go_on_within_a_second_of_the_last_of_many_answers() -> None:
    answers = [Sending(1000.0, chat, outward=0.0, homeward=0.0) for chat in range(1, 3001)]
    waiting = alerts(range(5000, 5010))
    run([*answers, *waiting])
    last = max(answer.started for answer in answers)
    assert last < waiting[0].started <= last + 1.0


def test_answers_that_come_together_wait_for_a_place_each() -> None:
    answers = [Sending(1010.5, 5000 + number) for number in range(10)]
    run([*alerts(range(1, 1001)), *answers])
    waits = [answer.waited for answer in answers]
    assert waits == sorted(waits)
    assert waits[1] == 0.0
    assert waits[-1] <= 0.4


def test_an_answer_whose_chat_must_wait_does_not_hold_up_alerts() -> None:
    answers = [Sending(1000.0, CHAT) for _ in range(10)]
    others = alerts(range(100, 120))
    run([*answers, *others])
    assert max(alert.started for alert in others) < 1001.0
    assert answers[-1].waited == pytest.approx(7.02)


@pytest.mark.parametrize("chat", [CHAT, GROUP])
def test_answers_to_a_chat_burst_by_three(chat: int) -> None:
    answers = [Sending(1000.0, chat) for _ in range(6)]
    run(answers)
    waits = [answer.waited for answer in answers]
    assert waits == pytest.approx([0.0, 0.02, 0.04, 1.02, 2.02, 3.02])


@pytest.mark.parametrize("chat", [CHAT, GROUP])
def test_alerts_to_a_chat_come_one_a_second_and_not_right_after_answers(chat: int) -> None:
    answers = [Sending(1000.0, chat) for _ in range(3)]
    after = alerts([chat] * 3)
    run([*answers, *after])
    waits = [alert.waited for alert in after]
    assert waits == pytest.approx([3.02, 4.04, 5.06])


def test_a_group_gets_twenty_messages_a_minute_of_which_two_are_answers() -> None:
    sendings = alerts([GROUP] * 40)
    answers = [Sending(1030.0, GROUP) for _ in range(3)]
    run([*sendings, *answers])
    in_time = [sending for sending in sendings if sending.started < 1060.0]
    assert len(in_time) == 18
    assert [answer.waited < 0.1 for answer in answers] == [True, True, False]
    minutes = sorted(sending.started for sending in [*sendings, *answers])
    assert all(later - earlier > 60 for earlier, later in zip(minutes, minutes[20:], strict=False))


def test_a_refusal_halts_its_chat_and_a_second_one_everybody() -> None:
    first = Sending(1000.0, 1, wait_asked=8)
    behind = Sending(1000.0, 1)
    free = Sending(1001.0, 2)
    second = Sending(1002.0, 3, wait_asked=3)
    halted = Sending(1003.0, 4)
    run([first, behind, free, second, halted])
    assert free.waited == 0.0
    assert halted.started == pytest.approx(1005.02)
    assert behind.started == pytest.approx(1008.02)


def test_a_chat_refused_again_leaves_the_others_alone() -> None:
    refused = [Sending(1000.0, 1, wait_asked=2), Sending(1000.0, 1, wait_asked=2)]
    free = [Sending(1000.0 + number / 2, 2 + number) for number in range(12)]
    run([*refused, *free])
    assert {sending.waited for sending in free} == {0.0}


# asyncio's clock.


class Telegram:
    """Stands for the requests: each ends when the test says so, or at once."""

    def __init__(self, pacer: Pacer) -> None:
        self.pacer = pacer
        self.arrived: list[tuple[ChatId | None, str]] = []
        self.gates: defaultdict[str, list[asyncio.Future[bool]]] = defaultdict(list)
        self.held: set[str] = set()

    async def send(
        self,
        chat_id: ChatId | None,
        text: str = "",
        rate_limit_args: Priority | Turn | None = None,
        endpoint: str = "sendMessage",
    ) -> object:
        data = {"text": text} | ({} if chat_id is None else {"chat_id": chat_id})
        return await self.pacer.process_request(
            self._post, (endpoint, data), {"read_timeout": 1}, endpoint, data, rate_limit_args
        )

    async def _post(self, endpoint: str, data: dict[str, Any], *, read_timeout: float) -> bool:
        self.arrived.append((data.get("chat_id"), data["text"]))
        if data["text"] not in self.held:
            return True
        gate: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.gates[data["text"]].append(gate)
        return await gate

    @property
    def texts(self) -> list[str]:
        return [text for _, text in self.arrived]


@pytest.fixture
def pacer() -> Pacer:
    return Pacer()


@pytest.fixture
def telegram(pacer: Pacer) -> Telegram:
    return Telegram(pacer)


async def soon() -> None:
    """Let everything happen that is not waiting for a time."""
    for _ in range(10):
        await asyncio.sleep(0)


async def fill(telegram: Telegram) -> None:
    """Take all thirty places of this second."""
    await asyncio.gather(*(telegram.send(10_000 + number) for number in range(30)))
    telegram.arrived.clear()


@pytest.mark.parametrize(
    ("endpoint", "counted"),
    [
        ("sendMessage", True), ("sendPhoto", True), ("sendMediaGroup", True),
        ("forwardMessage", True), ("copyMessage", True), ("copyMessages", True),
        ("sendChatAction", False), ("sendMessageDraft", False), ("editMessageText", False),
        ("answerCallbackQuery", False), ("setMyCommands", False), ("deleteMessage", False),
        ("getChat", False),
    ],
)  # fmt: skip
async def test_only_new_messages_wait(telegram: Telegram, endpoint: str, counted: bool) -> None:
    await fill(telegram)
    sending = asyncio.create_task(telegram.send(CHAT, endpoint=endpoint))
    await soon()
    assert sending.done() is not counted
    sending.cancel()


async def test_what_goes_to_no_chat_passes_at_once(telegram: Telegram) -> None:
    await fill(telegram)
    await asyncio.wait_for(telegram.send(None, endpoint="sendGift"), 0.1)


async def test_the_thirty_first_message_waits_for_the_second_to_be_over(
    telegram: Telegram,
) -> None:
    start = time.monotonic()
    await fill(telegram)
    filled = time.monotonic()
    await telegram.send(CHAT)
    assert time.monotonic() - start >= 1.0
    assert time.monotonic() - filled < 1.5


@pytest.mark.parametrize("same", [[42, "42"], ["@news", "@news"], [-1001, "-1001"]], ids=str)
async def test_a_chat_is_the_same_however_its_id_is_written(
    telegram: Telegram, same: list[ChatId]
) -> None:
    telegram.held = {"a"}
    first, second = (
        asyncio.create_task(telegram.send(chat, text))
        for chat, text in zip(same, "ab", strict=True)
    )
    await soon()
    assert telegram.texts == ["a"]
    telegram.gates["a"][0].set_result(True)
    await asyncio.gather(first, second)
    assert telegram.texts == ["a", "b"]


async def test_answers_that_wait_go_before_alerts_that_came_earlier(telegram: Telegram) -> None:
    await fill(telegram)
    sendings = [
        telegram.send(1, "alert", ALERT),
        telegram.send(2, "alert", ALERT),
        telegram.send(3, "answer"),
        telegram.send(4, "answer", ANSWER),
    ]
    await asyncio.gather(*sendings)
    assert telegram.texts == ["answer", "answer", "alert", "alert"]


async def test_what_telegram_answers_is_returned_and_what_goes_wrong_is_raised(
    telegram: Telegram,
) -> None:
    assert await telegram.send(CHAT) is True
    telegram.held = {"lost"}
    sending = asyncio.create_task(telegram.send(CHAT, "lost"))
    await soon()
    telegram.gates["lost"][0].set_exception(TelegramError("lost"))
    with pytest.raises(TelegramError, match="lost"):
        await sending


async def test_a_message_that_failed_counts_all_the_same(telegram: Telegram) -> None:
    telegram.held = {"lost"}
    sendings = [asyncio.create_task(telegram.send(chat, "lost")) for chat in range(1, 31)]
    await soon()
    for gate in telegram.gates["lost"]:
        gate.set_exception(TelegramError("lost"))
    await asyncio.gather(*sendings, return_exceptions=True)
    start = time.monotonic()
    await telegram.send(CHAT)
    assert time.monotonic() - start >= 0.9


async def test_who_is_cancelled_while_waiting_leaves_the_queue(
    telegram: Telegram, pacer: Pacer
) -> None:
    telegram.held = {"first"}
    first, gone, last = (
        asyncio.create_task(telegram.send(CHAT, text)) for text in ("first", "gone", "last")
    )
    await soon()
    gone.cancel()
    await soon()
    assert gone.cancelled()
    telegram.gates["first"][0].set_result(True)
    await asyncio.gather(first, last)
    assert telegram.texts == ["first", "last"]
    assert not pacer._waiting


async def test_who_is_cancelled_on_the_way_counts_and_lets_the_next_go(
    telegram: Telegram,
) -> None:
    telegram.held = {"gone"}
    gone = [asyncio.create_task(telegram.send(CHAT, "gone")) for _ in range(3)]
    for sending in gone:
        await soon()
        sending.cancel()
    await asyncio.gather(*gone, return_exceptions=True)
    assert telegram.texts == ["gone"] * 3
    start = time.monotonic()
    await telegram.send(CHAT)
    assert time.monotonic() - start >= 0.9  # the three were its burst


@pytest.mark.parametrize("granted", [False, True], ids=["before its turn", "with its turn"])
async def test_no_turn_is_lost_to_one_who_is_cancelled_in_the_same_moment(
    telegram: Telegram, granted: bool
) -> None:
    telegram.held = {"first"}
    first, gone, last = (
        asyncio.create_task(telegram.send(CHAT, text)) for text in ("first", "gone", "last")
    )
    await soon()
    if granted:  # the turn is given once `first` has heard of its end, one step from now
        telegram.gates["first"][0].set_result(True)
        await asyncio.sleep(0)
    else:
        telegram.gates["first"][0].set_result(True)
    gone.cancel()
    await asyncio.wait_for(asyncio.gather(first, last), 10)
    assert gone.cancelled()
    assert telegram.texts == ["first", "last"]


async def test_ten_thousand_who_give_up_leave_nothing_behind(
    telegram: Telegram, pacer: Pacer
) -> None:
    waiting = [asyncio.create_task(telegram.send(chat, "", ALERT)) for chat in range(1, 5001)] + [
        asyncio.create_task(telegram.send(CHAT, "", ALERT)) for _ in range(5000)
    ]
    await soon()
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert not pacer._waiting
    await asyncio.wait_for(telegram.send(7777), 10)
    assert pacer._schedule.chats <= len(telegram.arrived)


async def test_within_a_turn_its_message_passes_without_waiting(
    telegram: Telegram, pacer: Pacer
) -> None:
    done: list[str] = []
    async with pacer.turn(CHAT, ALERT) as turn:
        done.append("marked")
        behind = asyncio.create_task(telegram.send(CHAT, "behind"))
        await soon()
        assert telegram.texts == []
        await telegram.send(CHAT, "mine", turn)
        await behind
    assert telegram.texts == ["mine", "behind"]


async def test_a_turn_is_good_for_one_message(telegram: Telegram, pacer: Pacer) -> None:
    async with pacer.turn(CHAT, ALERT) as turn:
        await telegram.send(CHAT, "first", turn)
        sent = time.monotonic()
        await telegram.send(CHAT, "second", turn)
        assert time.monotonic() - sent >= 0.9  # an alert's pace
    assert telegram.texts == ["first", "second"]


async def test_a_turn_is_good_for_its_chat_only(telegram: Telegram, pacer: Pacer) -> None:
    async with pacer.turn(CHAT) as turn:
        telegram.held = {"other"}
        first = asyncio.create_task(telegram.send(7, "other"))
        await soon()
        second = asyncio.create_task(telegram.send(7, "moved", turn))
        await soon()
        assert telegram.texts == ["other"]
        telegram.gates["other"][0].set_result(True)
        await asyncio.gather(first, second)
        await telegram.send(CHAT, "here", turn)
    assert telegram.texts == ["other", "moved", "here"]


async def test_a_turn_in_which_nothing_is_sent_does_not_count(
    telegram: Telegram, pacer: Pacer
) -> None:
    async with asyncio.timeout(5):
        for _ in range(40):
            with pytest.raises(LookupError):
                async with pacer.turn(CHAT):
                    raise LookupError
    await asyncio.wait_for(telegram.send(CHAT), 0.1)


async def test_a_turn_waits_as_messages_do(telegram: Telegram, pacer: Pacer) -> None:
    await fill(telegram)
    start = time.monotonic()
    async with pacer.turn(CHAT, ALERT):
        assert time.monotonic() - start >= 0.9


async def test_who_is_cancelled_within_a_turn_gives_it_back(
    telegram: Telegram, pacer: Pacer
) -> None:
    async def hold() -> None:
        async with pacer.turn(CHAT):
            await asyncio.sleep(60)

    holding = asyncio.create_task(hold())
    await soon()
    sending = asyncio.create_task(telegram.send(CHAT))
    await soon()
    assert not sending.done()
    holding.cancel()
    await asyncio.wait_for(sending, 10)


@pytest.mark.parametrize("in_turn", [False, True])
async def test_after_retry_after_the_chat_hears_nothing_until_it_is_over(
    telegram: Telegram, pacer: Pacer, in_turn: bool
) -> None:
    telegram.held = {"refused"}

    async def send() -> None:
        if not in_turn:
            await telegram.send(CHAT, "refused")
            return
        async with pacer.turn(CHAT) as turn:
            await telegram.send(CHAT, "refused", turn)

    sending = asyncio.create_task(send())
    await soon()
    telegram.gates["refused"][0].set_exception(RetryAfter(timedelta(seconds=2)))
    start = time.monotonic()
    with pytest.raises(RetryAfter):
        await sending
    await asyncio.wait_for(telegram.send(7), 1.5)
    await telegram.send(CHAT, "again")
    assert 2 <= time.monotonic() - start < 30


@pytest.mark.parametrize("setting", ["true", "false"])
@pytest.mark.filterwarnings("ignore:.*retry_after")
def test_the_seconds_to_wait_are_known_whichever_type_they_have(
    setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", setting)
    seconds = seconds_of(RetryAfter(7))
    assert (seconds, type(seconds)) == (7.0, float)


# Over HTTP, with python-telegram-bot's own bot.


@pytest.fixture
def botapi() -> Iterator[BotApiServer]:
    with BotApiServer(enforce_limits=True) as server:
        yield server


@pytest_asyncio.fixture
async def application(botapi: BotApiServer, pacer: Pacer) -> AsyncIterator[Any]:
    application = (
        ApplicationBuilder()
        .token(botapi.token)
        .base_url(botapi.base_url)
        .rate_limiter(pacer)
        .connection_pool_size(64)
        .updater(None)
        .build()
    )
    async with application:
        yield application


@pytest.fixture
def bot(application: Application[Any, Any, Any, Any, Any, Any]) -> ExtBot[Priority | Turn]:
    assert isinstance(application.bot, ExtBot)
    return application.bot


def sent(botapi: BotApiServer, chats: Iterable[int]) -> list[SentMessage]:
    return sorted(
        (message for chat in set(chats) for message in botapi.sent(chat)),
        key=lambda message: message.at,
    )


@pytest.mark.slow
async def test_alerts_and_answers_keep_telegrams_limits_at_full_speed(
    botapi: BotApiServer, bot: ExtBot[Priority | Turn], pacer: Pacer
) -> None:
    many = range(1000, 1150)
    waits: list[float] = []

    async def alert(chat: int) -> None:
        async with pacer.turn(chat, ALERT) as turn:
            await asyncio.sleep(0.002)  # as for writing down that it is being sent
            await bot.send_message(chat, "alert", rate_limit_args=turn)

    async def answer(number: int) -> None:
        await asyncio.sleep(0.5 + number * 0.2)
        asked = time.monotonic()
        await bot.send_message(2000 + number, "answer")
        waits.append(time.monotonic() - asked)

    await asyncio.gather(
        *(alert(CHAT) for _ in range(5)),
        *(alert(GROUP) for _ in range(5)),
        *(alert(chat) for chat in many),
        *(answer(number) for number in range(20)),
        *(bot.send_message(3000, f"{number}") for number in range(5)),
    )
    assert botapi.violations == []
    overall = sent(botapi, [*many, CHAT, GROUP, *range(2000, 2020), 3000])
    assert len(overall) == 185
    assert [message.text for message in botapi.sent(3000)] == list("01234")
    end = max(message.at for message in sent(botapi, many))
    phase = [message.at for message in overall if message.at <= end]
    reached = (len(phase) - 1) / (phase[-1] - phase[0])
    assert reached >= 10, f"{reached:.1f} messages a second"  # 28 where nothing else runs
    assert max(waits) < 5, f"{max(waits):.2f} s"


@pytest.mark.parametrize("endpoint", ["message", "photo"])
async def test_the_library_hands_its_arguments_on(
    botapi: BotApiServer, bot: ExtBot[Priority | Turn], pacer: Pacer, endpoint: str
) -> None:
    async with pacer.turn(CHAT, ALERT) as turn:
        if endpoint == "message":
            await bot.send_message(CHAT, "mine", rate_limit_args=turn)
        else:
            with pytest.raises(TelegramError):  # of which this server knows nothing
                await bot.send_photo(CHAT, "https://a.example/b.png", rate_limit_args=turn)
        assert turn._ticket is None
    await bot.send_message(CHAT, "more", rate_limit_args=Priority.ANSWER)
    assert botapi.sent(CHAT)[-1].text == "more"


async def test_a_chat_telegram_refuses_waits_while_the_others_hear(
    botapi: BotApiServer, bot: ExtBot[Priority | Turn]
) -> None:
    botapi.faults.add(faults.RetryAfter(1), chat_id=CHAT)
    with pytest.raises(RetryAfter) as refusal:
        await bot.send_message(CHAT, "first")
    refused = time.monotonic()
    assert seconds_of(refusal.value) == 1.0
    await asyncio.gather(bot.send_message(CHAT, "again"), bot.send_message(7, "other"))
    assert botapi.sent(7)[0].at < botapi.sent(CHAT)[0].at
    assert refused + 0.9 < botapi.sent(CHAT)[0].at < refused + 30
    assert [call.status for call in botapi.calls if call.params.get("chat_id") == CHAT] == [
        429,
        200,
    ]
