"""Time zones and quiet hours, as people write them and as they are shown."""

from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.subscription import MIDNIGHT, Chat, ChatKind
from bot.chat.actions import ChatAction, parse_follow
from bot.chat.time_settings import clock_time, quiet_hours, settings_card, time_zone
from bot.i18n import LANGUAGES
from tests.chat.rendered import buttons, plain, rendered, shown

_minutes = st.integers(0, MIDNIGHT - 1)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("22-7", (1320, 420)), ("22 - 7", (1320, 420)), ("22h-7h", (1320, 420)),
        ("22 h à 7 h", (1320, 420)), ("22 to 7", (1320, 420)), ("22:30 - 6:15", (1350, 375)),
        ("22h30-6h15", (1350, 375)), ("22.30–6.15", (1350, 375)), ("22H30 - 7H", (1350, 420)),
        ("0-7", (0, 420)), ("24-7", (0, 420)), ("22-24", (1320, 0)), ("22-0", (1320, 0)),
        ("7-22", (420, 1320)), ("0:00-23:59", (0, 1439)), ("09-10", (540, 600)),
        ("8-8", None), ("0-24", None), ("off", None), ("OFF", None), ("aucune", None),
        ("non", None), ("No", None), ("none", None),
    ],
)  # fmt: skip
def test_quiet_hours_are_understood(text: str, hours: tuple[int, int] | None) -> None:
    assert quiet_hours(text) == (hours,)


@pytest.mark.parametrize(
    "text",
    [
        "", "25-7", "22-25", "24:30-7", "12:75-3", "12-3:60", "22", "22-", "-7", "22-7-8", "a-b",
        "2230-7", "100-7", "22:3-7", "Paris", "-22-7", "22:00", "22/7", "22²-7", "UTC-3", "22 7",
    ],
)  # fmt: skip
def test_what_is_no_hours_is_not(text: str) -> None:
    assert quiet_hours(text) is None


@given(st.text(max_size=20))
def test_whatever_is_written_makes_hours_of_a_day_or_nothing(text: str) -> None:
    found = quiet_hours(text)
    if found and found[0]:
        assert all(0 <= minute < MIDNIGHT for minute in found[0])


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Europe/Brussels", "Europe/Brussels"), ("europe/brussels", "Europe/Brussels"),
        ("Brussels", "Europe/Brussels"), ("Paris", "Europe/Paris"), ("PARIS", "Europe/Paris"),
        ("new york", "America/New_York"), ("New_York", "America/New_York"), ("utc", "UTC"),
        ("Port-au-Prince", "America/Port-au-Prince"), ("tokyo", "Asia/Tokyo"), ("gmt", "GMT"),
    ],
)  # fmt: skip
def test_a_time_zone_is_known_by_its_name_or_its_city(text: str, zone: str) -> None:
    assert time_zone(text) == ZoneInfo(zone)


@pytest.mark.parametrize(
    "text", ["", "Vaubrac", "Europe", "Europe/", "/Paris", "../etc/passwd", "UTC+2", "\0", "25-7"]
)
def test_what_is_no_time_zone_is_not(text: str) -> None:
    assert time_zone(text) is None


def test_every_time_zone_is_found_by_its_name() -> None:
    for name in available_timezones():
        assert time_zone(name) == ZoneInfo(name)


@pytest.mark.parametrize(
    ("minute", "language", "written"),
    [(480, "fr", "08:00"), (1350, "fr", "22:30"), (480, "en", "8:00 AM"), (0, "en", "12:00 AM")],
)
def test_hours_are_written_as_the_language_does(minute: int, language: str, written: str) -> None:
    assert plain(clock_time(minute, language)) == written


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("zone", [max(available_timezones(), key=len), "Europe/Paris", "UTC"])
@pytest.mark.parametrize("quiet", [None, (1320, 420), (1350, 375)])
def test_the_settings_show_what_is_chosen(
    language: str, zone: str, quiet: tuple[int, int] | None
) -> None:
    card = settings_card(Chat(1, ChatKind.PRIVATE, language, ZoneInfo(zone), quiet), language)
    text = shown(card)
    assert zone in text
    if quiet:
        assert plain(clock_time(quiet[0], language)) in text
    marked = [b.label for b in buttons(card) if b.label.startswith("✓")]
    assert len(marked) == (zone in ("Europe/Paris", "UTC")) + (quiet != (1350, 375))
    assert all(len(b.label) <= 24 for b in buttons(card))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_button_of_the_settings_sets_what_it_says(language: str) -> None:
    card = settings_card(Chat(1, ChatKind.PRIVATE, language, ZoneInfo("UTC")), language)
    rendered(card)
    for button in buttons(card):
        action = parse_follow(button.action or "")
        assert isinstance(action, ChatAction)
        assert quiet_hours(action.value) or time_zone(action.value)


@given(_minutes, _minutes, st.sampled_from(LANGUAGES))
def test_any_quiet_hours_can_be_shown(begin: int, end: int, language: str) -> None:
    rendered(settings_card(Chat(1, ChatKind.GROUP, "fr", ZoneInfo("UTC"), (begin, end)), language))
