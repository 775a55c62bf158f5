"""The list of feeds: one address a line, `#` begins a comment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import httpx

_COMMENT = re.compile(r"(?:^|\s)#.*")

_SECRET = re.compile(r"(//)[^/@]*@")


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list; `wrong` says why its address cannot be used, if so."""

    address: str
    line: int  # from 1
    wrong: str | None = None


def read_list(path: Path) -> list[Listed]:
    """The feeds of a list, in its order, each once. Raises OSError and UnicodeDecodeError."""
    found: dict[str, Listed] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        address = _COMMENT.sub("", line).strip()
        if address:
            wrong = _wrong(address)
            shown = _SECRET.sub(r"\1…@", address) if wrong else address
            found.setdefault(address, Listed(shown, number, wrong))
    return list(found.values())


def _wrong(address: str) -> str | None:
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as error:
        return f"it is no web address ({error})"
    if url.scheme not in ("http", "https") or not url.host:
        return "it is no address that begins with http:// or https://"
    if url.userinfo:
        return "it holds a name or a password, and feeds behind one are not read"
    return None
