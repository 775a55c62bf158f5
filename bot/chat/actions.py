"""What a button asks for, in the 64 bytes that Telegram gives it.

The payload says all there is to know, so buttons work after a restart; the question comes
from the message that carries them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from index.store import article_key

MORE_SOURCES = "more"
_READ = re.compile(r"read:([0-9a-f]{16}):(\d{1,9}):(\d{1,9})")


@dataclass(frozen=True, slots=True)
class ReadArticle:
    """Show the article around `body[start:end]`."""

    article_key: str
    start: int
    end: int


def read_article_action(article_id: str, start: int, end: int) -> str:
    return f"read:{article_key(article_id)}:{start}:{end}"


def parse_read_article(data: str) -> ReadArticle | None:
    """None for anything else: payloads can be forged."""
    match = _READ.fullmatch(data)
    if match is None:
        return None
    key, start, end = match.groups()
    return ReadArticle(key, int(start), int(end))
