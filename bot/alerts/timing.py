"""When an alert is due: at once but for quiet hours, or with the next digest."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.alerts.subscription import Chat, Delivery, Schedule

_DAY = timedelta(days=1)
_WEEK = 7


def due_at(delivery: Delivery, chat: Chat, now: datetime) -> datetime:
    """When an alert that is matched now is to be sent, in UTC.

    A digest comes at its hour, which the reader chose, quiet or not.
    """
    if delivery.schedule is Schedule.NOW:
        return quiet_until(chat, now) or now
    local = now.astimezone(chat.time_zone)
    day = local.date()
    if delivery.schedule is Schedule.WEEKLY:
        day += timedelta(days=(delivery.weekday - day.weekday()) % _WEEK)
    due = _moment(day, delivery.minute, chat.time_zone)
    if due <= now:
        day += _DAY if delivery.schedule is Schedule.DAILY else _WEEK * _DAY
        due = _moment(day, delivery.minute, chat.time_zone)
    return due


def quiet_until(chat: Chat, now: datetime) -> datetime | None:
    """When the chat's quiet hours end, in UTC; None where it is not within them."""
    if chat.quiet is None or chat.quiet[0] == chat.quiet[1]:
        return None
    begin, end = chat.quiet
    today = now.astimezone(chat.time_zone).date()
    for day in (today - _DAY, today):
        begins = _moment(day, begin, chat.time_zone)
        ends = _moment(day if begin < end else day + _DAY, end, chat.time_zone)
        if begins <= now < ends:
            return ends
    return None


def _moment(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """A local time in UTC. One that a change of the clocks leaves out is as late as it would be
    on the old time; of one that comes twice, the first."""
    local = datetime.combine(day, time(minute // 60, minute % 60), zone)
    return local.astimezone(UTC)
