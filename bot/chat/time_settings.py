"""A chat's time zone and quiet hours: as people write them, and as they are shown."""

from __future__ import annotations

import re
from datetime import time
from zoneinfo import ZoneInfo, available_timezones

from babel.dates import format_time, get_timezone_location

from bot.alerts.subscription import MIDNIGHT, Chat
from bot.chat.actions import ChatAction, OnChat
from bot.chat.markup import Button, Reply, paragraph
from bot.i18n import translate

_ZONES = (
    "Europe/Paris", "Europe/London", "Europe/Lisbon", "Europe/Athens", "Africa/Casablanca",
    "Africa/Algiers", "Africa/Tunis", "Africa/Dakar", "Africa/Kinshasa", "Indian/Reunion",
    "Indian/Antananarivo", "America/Montreal", "America/Port-au-Prince", "America/Martinique",
    "America/Cayenne", "Pacific/Noumea", "Pacific/Tahiti", "UTC",
)  # fmt: skip
_QUIETS = ("21-7", "22-7", "22-8", "23-8", "0-7", "off")
_HOUR = r"(\d{1,2})(?: ?[:h.] ?(\d{2}))? ?h?"
_QUIET = re.compile(rf"{_HOUR}\s*(?:[-–—àa]|to)\s*{_HOUR}")
_OFF = ("off", "non", "no", "aucune", "none")


def quiet_hours(text: str) -> tuple[tuple[int, int] | None] | None:
    """Quiet hours as people write them ("22-7", "22:30 - 6:15", "off"): a pair of minutes, or
    None for none of them, in a tuple; None where the text is something else."""
    if text.casefold() in _OFF:
        return (None,)
    found = _QUIET.fullmatch(text.casefold())
    if found is None:
        return None
    minutes = [int(found[hour]) * 60 + int(found[hour + 1] or 0) for hour in (1, 3)]
    if max(minutes) > MIDNIGHT or any(int(found[i] or 0) > 59 for i in (2, 4)):
        return None
    begin, end = (minute % MIDNIGHT for minute in minutes)
    return ((begin, end) if begin != end else None,)


def time_zone(text: str) -> ZoneInfo | None:
    """A time zone by its name, or by the city that its name ends with, whatever the case."""
    wanted = text.casefold().replace(" ", "_")
    known = sorted(available_timezones(), key=lambda name: (name.casefold() != wanted, name))
    names = [n for n in known if wanted in (n.casefold(), n.casefold().rpartition("/")[2])]
    return ZoneInfo(names[0]) if names else None


def settings_card(chat: Chat, language: str) -> Reply:
    quiet = (
        f"{clock_time(chat.quiet[0], language)} – {clock_time(chat.quiet[1], language)}"
        if chat.quiet
        else translate("none", language)
    )
    blocks = (
        paragraph(translate("Your time zone: {zone}", language, zone=chat.time_zone.key)),
        paragraph(translate("Quiet hours: {hours}", language, hours=quiet), tight=True),
        paragraph(
            translate(
                "Alerts that come at once wait for the end of the quiet hours; digests come at "
                "the hour you chose. What the buttons do not offer, write: /settings "
                "Europe/Brussels, or /settings 22:30-7.",
                language,
            )
        ),
    )
    zones = [
        _setting(_city(zone, language), zone == chat.time_zone.key,
                 OnChat.ZONE, zone)
        for zone in _ZONES
    ]  # fmt: skip
    quiets = [
        _setting(
            translate("No quiet hours", language) if text == "off" else f"🌙 {text}",
            quiet_hours(text) == (chat.quiet,),
            OnChat.QUIET,
            text,
        )
        for text in _QUIETS
    ]
    rows = [tuple(zones[i : i + 3]) for i in range(0, len(zones), 3)]
    rows += [tuple(quiets[i : i + 3]) for i in range(0, len(quiets), 3)]
    return Reply(blocks, tuple(rows))


def _city(zone: str, language: str) -> str:
    """Its best known city, as the reader calls it."""
    return get_timezone_location(ZoneInfo(zone), locale=language, return_city=True) or zone


def clock_time(minute: int, language: str) -> str:
    written: str = format_time(time(minute // 60, minute % 60), "short", locale=language)
    return written


def _setting(label: str, chosen: bool, kind: OnChat, value: str) -> Button:
    return Button(f"✓ {label}" if chosen else label, action=str(ChatAction(kind, value)))
