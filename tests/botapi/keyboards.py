"""Inline keyboards, checked as Telegram checks them."""

from dataclasses import dataclass
from typing import Any

from .errors import bad_request
from .text import JsonDict
from .urls import check_url

_MOST_DATA = 64  # bytes


@dataclass(frozen=True, slots=True)
class Button:
    """An inline button; of `callback_data` and `url` one is set, or neither for other kinds."""

    text: str
    callback_data: str | None = None
    url: str | None = None


Keyboard = tuple[tuple[Button, ...], ...]


def check_markup(markup: Any) -> JsonDict | None:
    """The markup as Telegram keeps it with the message: inline keyboards, addresses completed.

    Reply keyboards are accepted and not kept. Raises ApiError.
    """
    if markup in (None, ""):
        return None
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" not in markup:
        return None
    rows = [[_check_button(button) for button in row] for row in markup["inline_keyboard"]]
    rows = [row for row in rows if row]
    return {"inline_keyboard": rows} if rows else None


def keyboard_of(markup: JsonDict | None) -> Keyboard:
    """The rows of buttons of a checked markup."""
    rows = markup["inline_keyboard"] if markup else []
    return tuple(
        tuple(Button(b["text"], b.get("callback_data"), b.get("url")) for b in row) for row in rows
    )


def _check_button(button: JsonDict) -> JsonDict:
    text = button.get("text")
    if not isinstance(text, str):
        raise bad_request(
            'can\'t parse inline keyboard button: Field "text" must be of type String'
        )
    if not text.strip():
        raise bad_request("inline keyboard button text must be non-empty")
    if "callback_data" in button:
        data = button["callback_data"]
        if not isinstance(data, str) or not 1 <= len(data.encode()) <= _MOST_DATA:
            raise bad_request("BUTTON_DATA_INVALID")
        return button
    if "url" in button:
        url = button["url"]
        try:
            return {**button, "url": check_url(url)}
        except ValueError as error:
            raise bad_request(f"inline keyboard button URL '{url}' is invalid: {error}") from error
    if len(button) == 1:
        raise bad_request("text buttons are unallowed in the inline keyboard")
    return button
