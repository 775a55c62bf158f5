"""Replies as Telegram takes them."""

from __future__ import annotations

from bot.chat.html import LONGEST_MESSAGE, as_html
from bot.chat.markup import Button, Reply, utf16_length
from tests.botapi import Entity, parse_html
from tests.botapi.errors import ApiError
from tests.botapi.keyboards import check_markup

_MOST_BUTTONS, _MOST_IN_A_ROW = 100, 8


def rendered(reply: Reply) -> list[tuple[str, list[Entity]]]:
    """The messages of a reply, with their entities; AssertionError where Telegram refuses one."""
    messages = [parse_html(html) for html in as_html(reply)]
    assert all(utf16_length(text) <= LONGEST_MESSAGE for text, _ in messages)
    keyboard = [
        [
            {"text": b.label, **({"url": b.url} if b.url else {"callback_data": b.action})}
            for b in row
        ]
        for row in reply.buttons
    ]
    try:
        check_markup({"inline_keyboard": keyboard})
    except ApiError as refusal:
        raise AssertionError(f"Telegram refuses {keyboard}") from refusal
    assert sum(map(len, keyboard)) <= _MOST_BUTTONS
    assert all(0 < len(row) <= _MOST_IN_A_ROW for row in keyboard)
    return messages


def shown(reply: Reply) -> str:
    """The text of a reply that is one message, its blanks plain."""
    [(text, _)] = rendered(reply)
    return plain(text)


def plain(text: str) -> str:
    """French spaces its signs with blanks that do not break."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def buttons(reply: Reply) -> list[Button]:
    return [button for row in reply.buttons for button in row]


def button(reply: Reply, words: str) -> Button:
    """The one button whose label holds these words."""
    [found] = [b for b in buttons(reply) if words in plain(b.label)]
    return found
