"""A small Bot API server on loopback, for tests that run the bot as its readers meet it.

    with BotApiServer() as telegram:
        # start the bot with base_url=telegram.base_url and token=telegram.token
        asked = telegram.say(42, "Que coûtera la ligne 4 du tram ?")
        [answer] = telegram.wait_for(42, after=asked)
        telegram.press(answer, "more:1")

`faults` makes it misbehave; `parse_html` is Telegram's HTML parse mode by itself.
"""

from . import faults
from .html import ParseError, parse_html
from .keyboards import Button
from .limits import Violation
from .server import BotApiServer
from .text import Entity
from .world import Call, SentMessage

__all__ = [
    "BotApiServer",
    "Button",
    "Call",
    "Entity",
    "ParseError",
    "SentMessage",
    "Violation",
    "faults",
    "parse_html",
]
