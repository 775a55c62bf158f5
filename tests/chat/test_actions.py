"""What buttons carry, and what they refuse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.actions import MORE_SOURCES, ReadArticle, parse_read_article, read_article_action
from index.store import article_key

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
