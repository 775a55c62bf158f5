"""How fast is too fast, on a clock of the test's own."""

import pytest

from .limits import Limits

CHAT = 42
GROUP = -1001
START = 5000.0


def passing(limits: Limits, chat_ids: list[int], times: list[float]) -> int:
    """How many messages, one to each chat at each time, go through."""
    return sum(
        limits.admit(chat_id, private=chat_id > 0, now=START + now) is None
        for chat_id, now in zip(chat_ids, times, strict=True)
    )


@pytest.mark.parametrize(
    ("chat_ids", "gap", "expected"),
    [
        ([CHAT] * 4, 0.0, 3),
        ([CHAT] * 60, 1.0, 60),
        ([CHAT] * 60, 0.98, 60),
        ([GROUP] * 21, 0.1, 20),
        ([GROUP] * 60, 3.0, 60),
        (list(range(1, 32)), 0.0, 30),
        (list(range(1, 200)), 1 / 30, 199),
    ],
    ids=str,
)
def test_what_goes_through(chat_ids: list[int], gap: float, expected: int) -> None:
    limits = Limits()
    times = [number * gap for number in range(len(chat_ids))]
    assert passing(limits, chat_ids, times) == expected
    assert len(limits.violations) == len(chat_ids) - expected


@pytest.mark.parametrize(
    ("chat_ids", "scope", "seconds"),
    [
        ([CHAT] * 4, "private", 1),
        ([GROUP] * 21, "group", 60),
        (list(range(1, 32)), "overall", 1),
    ],
)
def test_a_refusal_says_whose_limit_it_is_and_how_long_to_wait(
    chat_ids: list[int], scope: str, seconds: int
) -> None:
    limits = Limits()
    passing(limits, chat_ids, [0.0] * len(chat_ids))
    [violation] = limits.violations
    assert (violation.scope, violation.retry_after) == (scope, seconds)
    assert violation.chat_id == chat_ids[-1]
    last = [chat_ids[-1]]
    assert passing(limits, last, [seconds - 0.5]) == 0
    assert passing(limits, last, [float(seconds)]) == 1


def test_one_chat_too_fast_leaves_the_others_alone() -> None:
    limits = Limits()
    assert passing(limits, [CHAT] * 4 + [CHAT + 1, GROUP], [0.0] * 6) == 5
