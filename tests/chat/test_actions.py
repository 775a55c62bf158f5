"""What buttons carry, and what they refuse."""

from __future__ import annotations

from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.actions import (
    FOLLOW,
    MORE_SOURCES,
    AlertAction,
    ChatAction,
    OnAlert,
    OnChat,
    OnSubscription,
    ReadArticle,
    SubscriptionAction,
    parse_follow,
    parse_read_article,
    read_article_action,
)
from index.store import article_key

_IDS = st.integers(0, 10**15 - 1)
_OFFSETS = st.integers(0, 20_000_000)  # no article is larger


@given(st.text(st.characters(exclude_categories=["Cs"])), _OFFSETS, _OFFSETS)
def test_an_article_button_says_where_to_read_in_64_bytes(name: str, start: int, end: int) -> None:
    payload = read_article_action(name, start, end)
    assert 1 <= len(payload.encode()) <= 64
    assert parse_read_article(payload) == ReadArticle(article_key(name), start, end)


@pytest.mark.parametrize(
    "payload",
    [
        "", "read", "read:", MORE_SOURCES, "read:0123456789abcdef", "read:0123456789abcdef:1",
        "read:0123456789abcdef:-1:2", "read:0123456789abcdef:1:2:3", "read:0123456789abcdef:1:2\n",
        "read:0123456789ABCDEF:1:2", "read:../../etc/passwd:1:2", " read:0123456789abcdef:1:2",
        "read:0123456789abcdef:1e3:2", "read:0123456789abcdef:9999999999:9999999999",
        "read:' OR 1=1 --:1:2", "READ:0123456789abcdef:1:2",
    ],
)  # fmt: skip
def test_forged_payloads_are_refused(payload: str) -> None:
    assert parse_read_article(payload) is None


@given(st.text())
def test_any_payload_is_understood_or_refused(payload: str) -> None:
    wanted = parse_read_article(payload)
    assert wanted is None or payload.startswith(f"read:{wanted.article_key}:")


@given(_IDS, st.sampled_from(OnSubscription), st.from_regex(r"\A[A-Za-z0-9_-]{0,24}\Z"))
def test_a_subscription_button_says_all_in_64_bytes(
    id: int, kind: OnSubscription, value: str
) -> None:
    action = SubscriptionAction(id, kind, value)
    assert 1 <= len(str(action).encode()) <= 64
    assert parse_follow(str(action)) == action
    assert parse_read_article(str(action)) is None


@given(_IDS, st.sampled_from(OnAlert))
def test_an_alert_button_says_all_in_64_bytes(id: int, kind: OnAlert) -> None:
    action = AlertAction(id, kind)
    assert 1 <= len(str(action).encode()) <= 64
    assert parse_follow(str(action)) == action


def test_every_time_zone_fits_a_button() -> None:
    for zone in available_timezones():
        action = ChatAction(OnChat.ZONE, zone)
        assert len(str(action).encode()) <= 64
        assert parse_follow(str(action)) == action


@pytest.mark.parametrize("action", [ChatAction(OnChat.SETTINGS), ChatAction(OnChat.QUIET, "22-7")])
def test_a_button_of_the_settings_says_what_it_sets(action: ChatAction) -> None:
    assert parse_follow(str(action)) == action


@pytest.mark.parametrize(
    "payload",
    [
        "", FOLLOW, MORE_SOURCES, "s", "s:", "s:1", "s:1:", "s::ok", "s:x:ok", "s:-1:ok", "s:1:OK",
        "s:1:fly", "s:1:ok:", "s:1:ok:a:b", "s:1:ok:a b", "s:1:ok\n", " s:1:ok", "s:1.5:ok",
        "s:1000000000000000:ok", "s:1:src:" + "a" * 25, "s:1:src:é;", "a:1", "a:1:fly", "a:1:not:x",
        "a:-1:not", "a:1:not ", "c:", "c:fly", "c:tz:", "c:tz:Europe/Paris\n", "c:tz:" + "a" * 49,
        "c:tz:' OR 1=1", "x:1:ok", "S:1:ok", "read:0123456789abcdef:1:2",
    ],
)  # fmt: skip
def test_forged_payloads_about_subscriptions_are_refused(payload: str) -> None:
    assert parse_follow(payload) is None


@given(st.text() | st.from_regex(r"[sac]:[0-9a-z:]*"))
def test_any_payload_about_subscriptions_is_understood_or_refused(payload: str) -> None:
    action = parse_follow(payload)
    assert action is None or str(action) == payload or not payload.isascii() or ":0" in payload
