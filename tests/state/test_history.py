"""What is remembered of conversations, on every database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.answering.followups import Turn
from bot.history import FRESH_FOR, KEPT_FOR, MOST_TURNS, SHOWN, History, Place
from bot.state.database import Database, checked_url, prepare

HERE, THREAD, ELSEWHERE = Place(5), Place(5, 7), Place(-100)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2024, 5, 15, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def history(database_url: str, clock: Clock) -> AsyncIterator[History]:
    url = checked_url(database_url)
    prepare(url)
    database = Database(url)
    yield History(database, clock)
    await database.close()


def turn(number: int) -> Turn:
    return Turn(f"Question {number} ?", f"Réponse {number}.")


async def test_the_last_turns_of_a_place_are_given_oldest_first(history: History) -> None:
    for number in range(5):
        await history.add(HERE, turn(number), [number])
    await history.add(THREAD, turn(8))
    await history.add(ELSEWHERE, turn(9))
    assert await history.turns(HERE) == [turn(n) for n in range(5 - SHOWN, 5)]
    assert await history.turns(THREAD) == [turn(8)]


async def test_a_reply_goes_on_from_the_answer_it_is_to(history: History) -> None:
    for number in range(5):
        await history.add(HERE, turn(number), [10 * number, 10 * number + 1])
    assert (await history.turns(HERE, replied=21))[-1] == turn(2)
    assert await history.turns(HERE, replied=999) == []


async def test_a_question_asked_much_later_begins_anew_unless_it_is_a_reply(
    history: History, clock: Clock
) -> None:
    await history.add(HERE, turn(1), [3])
    clock.now += FRESH_FOR + timedelta(minutes=1)
    assert await history.turns(HERE) == []
    assert await history.turns(HERE, replied=3) == [turn(1)]


async def test_only_so_many_are_kept_and_only_so_long(history: History, clock: Clock) -> None:
    for number in range(MOST_TURNS + 2):
        await history.add(HERE, turn(number), [number])
    assert await history.turns(HERE, replied=1) == []
    assert await history.turns(HERE, replied=2) == [turn(2)]
    clock.now += KEPT_FOR + timedelta(days=1)
    await history.add(ELSEWHERE, turn(50))
    assert await history.turns(HERE, replied=5) == []


async def test_a_new_conversation_forgets_one_place_alone(history: History) -> None:
    await history.add(HERE, turn(1))
    await history.add(THREAD, turn(2))
    await history.forget(HERE)
    assert await history.turns(HERE) == []
    assert await history.turns(THREAD) == [turn(2)]
