"""When alerts are due: at once, after quiet hours, with a digest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.subscription import MIDNIGHT, Chat, ChatKind, Delivery, Schedule
from bot.alerts.timing import due_at, quiet_until

PARIS = "Europe/Paris"
ZONES = (
    PARIS, "UTC", "America/New_York", "Asia/Tokyo", "Asia/Kolkata", "Pacific/Kiritimati",
    "Pacific/Pago_Pago", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca",
)  # fmt: skip

_zones = st.sampled_from(ZONES)
_moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_minutes = st.integers(0, MIDNIGHT - 1)
_deliveries = st.builds(Delivery, st.sampled_from(Schedule), _minutes, st.integers(0, 6))


def chat(zone: str = PARIS, quiet: tuple[int, int] | None = None) -> Chat:
    return Chat(1, ChatKind.PRIVATE, "fr", ZoneInfo(zone), quiet)


def local(text: str, zone: str = PARIS, fold: int = 0) -> datetime:
    """A local time, written 2024-05-15 08:00."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def minute(text: str) -> int:
    hour, minutes = text.split(":")
    return int(hour) * 60 + int(minutes)


def quiet(text: str) -> tuple[int, int]:
    begin, end = text.split("-")
    return minute(begin), minute(end)


def daily(text: str) -> Delivery:
    return Delivery(Schedule.DAILY, minute(text))


def weekly(weekday: int, text: str) -> Delivery:
    return Delivery(Schedule.WEEKLY, minute(text), weekday)


@pytest.mark.parametrize("zone", ZONES)
def test_what_comes_at_once_is_due_now(zone: str) -> None:
    now = local("2024-05-15 03:12", zone)
    assert due_at(Delivery(), chat(zone), now) == now


@pytest.mark.parametrize(
    ("now", "delivery", "due"),
    [
        ("2024-05-15 07:59", daily("8:00"), "2024-05-15 08:00"),
        ("2024-05-15 08:00", daily("8:00"), "2024-05-16 08:00"),  # that one has gone
        ("2024-05-15 08:01", daily("8:00"), "2024-05-16 08:00"),
        ("2024-05-15 23:59", daily("0:00"), "2024-05-16 00:00"),
        ("2024-05-15 00:00", daily("0:00"), "2024-05-16 00:00"),
        ("2024-12-31 20:00", daily("8:30"), "2025-01-01 08:30"),
        # 15 May 2024 is a Wednesday
        ("2024-05-15 10:00", weekly(0, "8:00"), "2024-05-20 08:00"),
        ("2024-05-15 10:00", weekly(2, "11:00"), "2024-05-15 11:00"),
        ("2024-05-15 10:00", weekly(2, "10:00"), "2024-05-22 10:00"),
        ("2024-05-15 10:00", weekly(2, "9:00"), "2024-05-22 09:00"),
        ("2024-05-15 10:00", weekly(6, "23:59"), "2024-05-19 23:59"),
        ("2024-12-30 10:00", weekly(2, "8:00"), "2025-01-01 08:00"),
    ],
)
@pytest.mark.parametrize("zone", ZONES)
def test_a_digest_is_due_at_its_next_hour(
    now: str, delivery: Delivery, due: str, zone: str
) -> None:
    assert due_at(delivery, chat(zone), local(now, zone)) == local(due, zone)


@pytest.mark.parametrize(
    ("now", "delivery", "due"),
    [
        # Summer time begins on 31 March 2024 in Paris: 2:00 becomes 3:00.
        ("2024-03-30 20:00", daily("8:00"), "2024-03-31T06:00Z"),
        ("2024-03-31 01:00", daily("2:30"), "2024-03-31T01:30Z"),  # there is none: 3:30 that day
        ("2024-03-31 04:00", daily("2:30"), "2024-04-01T00:30Z"),
        ("2024-03-27 12:00", weekly(6, "8:00"), "2024-03-31T06:00Z"),
        ("2024-03-31 09:00", weekly(6, "8:00"), "2024-04-07T06:00Z"),
        # It ends on 27 October 2024: 3:00 becomes 2:00.
        ("2024-10-26 20:00", daily("8:00"), "2024-10-27T07:00Z"),
        ("2024-10-27 01:00", daily("2:30"), "2024-10-27T00:30Z"),  # the first of two
        ("2024-10-27 03:30", daily("2:30"), "2024-10-28T01:30Z"),
        ("2024-10-27 09:00", weekly(6, "8:00"), "2024-11-03T07:00Z"),
    ],
)
def test_a_digest_keeps_its_local_hour_when_the_clocks_change(
    now: str, delivery: Delivery, due: str
) -> None:
    assert due_at(delivery, chat(), local(now)) == datetime.fromisoformat(due)


def test_between_the_two_of_an_hour_that_comes_twice_the_digest_has_come() -> None:
    between = local("2024-10-27 02:10", fold=1)
    assert due_at(daily("2:30"), chat(), between) == local("2024-10-28 02:30")


@given(_deliveries, _zones, _moments, st.none() | st.tuples(_minutes, _minutes))
def test_nothing_is_ever_due_before_it_was_matched(
    delivery: Delivery, zone: str, now: datetime, quiet: tuple[int, int] | None
) -> None:
    due = due_at(delivery, chat(zone, quiet), now)
    assert due.utcoffset() == timedelta(0)
    assert due >= now
    if delivery.schedule is not Schedule.NOW:
        longest = timedelta(days=1 if delivery.schedule is Schedule.DAILY else 7, hours=1)
        assert now < due <= now + longest


@given(_deliveries, _zones, _moments)
def test_a_digest_comes_at_the_hour_and_on_the_day_that_were_chosen(
    delivery: Delivery, zone: str, now: datetime
) -> None:
    if delivery.schedule is Schedule.NOW:
        return
    written = due_at(delivery, chat(zone), now).astimezone(ZoneInfo(zone))
    wall = written.hour * 60 + written.minute
    skipped = delivery.minute + 60, delivery.minute + 30  # where the clocks went forward
    assert wall == delivery.minute or wall in skipped
    if delivery.schedule is Schedule.WEEKLY:
        assert written.weekday() == delivery.weekday


def test_a_digest_comes_at_its_hour_be_it_quiet() -> None:
    asleep = chat(quiet=quiet("22:00-9:00"))
    assert due_at(daily("8:00"), asleep, local("2024-05-15 07:00")) == local("2024-05-15 08:00")


@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        ("22:00-7:00", "2024-05-15 21:59", None),
        ("22:00-7:00", "2024-05-15 22:00", "2024-05-16 07:00"),
        ("22:00-7:00", "2024-05-16 00:00", "2024-05-16 07:00"),
        ("22:00-7:00", "2024-05-16 06:59", "2024-05-16 07:00"),
        ("22:00-7:00", "2024-05-16 07:00", None),
        ("0:00-7:00", "2024-05-16 00:00", "2024-05-16 07:00"),
        ("0:00-7:00", "2024-05-15 23:59", None),
        ("22:30-0:00", "2024-05-15 23:00", "2024-05-16 00:00"),
        ("22:30-0:00", "2024-05-16 00:00", None),
        ("12:15-13:45", "2024-05-15 12:14", None),
        ("12:15-13:45", "2024-05-15 12:15", "2024-05-15 13:45"),
        ("12:15-13:45", "2024-05-15 13:45", None),
        ("9:00-8:59", "2024-05-15 08:58", "2024-05-15 08:59"),
        ("9:00-8:59", "2024-05-15 08:59", None),
        ("8:00-8:00", "2024-05-15 08:00", None),  # none at all
        ("0:00-0:00", "2024-05-15 08:00", None),
        # across the changes of the clocks
        ("22:00-7:00", "2024-03-31 01:59", "2024-03-31 07:00"),
        ("22:00-7:00", "2024-10-26 23:00", "2024-10-27 07:00"),
        ("1:00-2:30", "2024-03-31 01:10", "2024-03-31 03:30"),
    ],
)
def test_quiet_hours_last_until_their_end(hours: str, now: str, until: str | None) -> None:
    silent = chat(quiet=quiet(hours))
    ends = local(until) if until else None
    assert quiet_until(silent, local(now)) == ends
    assert due_at(Delivery(), silent, local(now)) == (ends or local(now))


@pytest.mark.parametrize("zone", ZONES)
def test_quiet_hours_are_those_of_the_chats_zone(zone: str) -> None:
    silent = chat(zone, quiet("22:00-7:00"))
    assert quiet_until(silent, local("2024-05-15 23:00", zone)) == local("2024-05-16 07:00", zone)
    assert quiet_until(silent, local("2024-05-15 12:00", zone)) is None


@given(_zones, _moments, _minutes, _minutes)
def test_quiet_hours_end_within_a_day_and_after_now(
    zone: str, now: datetime, begin: int, end: int
) -> None:
    ends = quiet_until(chat(zone, (begin, end)), now)
    if ends is None:
        return
    assert now < ends <= now + timedelta(hours=25)
    assert begin != end
