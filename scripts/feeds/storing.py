"""Articles of feeds as files: where they stand, and Markdown that reads back word for word."""

from __future__ import annotations

import os
import re
import unicodedata
from datetime import date
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import yaml  # type: ignore[import-untyped,unused-ignore]

from scripts.feeds.entries import Entry

_SLUG = 60  # characters at most
_HASHED = re.compile(r"-([0-9a-f]{16})\.md\Z")
# With a backslash before it, none of these is a mark anywhere in a line.
_MARKS = re.compile(r"[\\`*_\[\]<~|]|&(?=[#A-Za-z])")
_BACKSLASHED = r"\\\g<0>"
_AT_THE_START = re.compile(r"[#>+=:-]|(?P<number>\d{1,9})(?=[.)](?:\s|\Z))")


class HostFolder:
    """The files of one host, found by the hash in their names whatever else is known of them."""

    def __init__(self, root: Path, host: str) -> None:
        self.root = root
        self.name = folder_name(host)

    def find(self, key: str) -> str | None:
        """The path of a stored article, from the root, or None."""
        return self._paths.get(key)

    @cached_property
    def _paths(self) -> dict[str, str]:
        paths = (self.root / self.name).glob("*/*.md")
        found = ((_HASHED.search(path.name), path) for path in sorted(paths))
        return {hashed[1]: str(path.relative_to(self.root)) for hashed, path in found if hashed}

    def path_for(self, entry: Entry, today: date) -> str:
        """Where a new article goes, from the root: host/2024-05/2024-05-03-title-hash.md.

        Without a date it stands in the month of today, and its name bears none: readers take
        the day in a name for that of publication.
        """
        day = entry.published or today
        prefix = entry.published.isoformat() if entry.published else "undated"
        name = f"{prefix}-{slug(entry.title or '')}-{key_of(entry)}.md"
        return f"{self.name}/{day.isoformat()[:7]}/{name}"


def key_of(entry: Entry) -> str:
    """16 hexadecimal digits for the identity of an article."""
    return sha256(entry.identity.encode()).hexdigest()[:16]


def content_of(entry: Entry) -> str:
    """A digest of what a reader reads: dates and addresses change for reasons of their own."""
    words = "\0".join((entry.title or "", entry.author or "", entry.text))
    return sha256(words.encode()).hexdigest()


def folder_name(host: str) -> str:
    """A host as the name of one folder, neither hidden nor a way out."""
    return re.sub(r"[^a-z0-9.-]", "-", host.lower())[:100].strip(".-") or "feed"


def slug(title: str) -> str:
    """A title in letters, digits and dashes of ASCII, at most 60; "article" if none is left."""
    ascii_only = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_only.lower()).strip("-")
    if len(words) > _SLUG:
        cut = words.rfind("-", 0, _SLUG + 1)
        words = words[: cut if cut > _SLUG // 2 else _SLUG]
    return words or "article"


def as_markdown(entry: Entry, source: str | None) -> bytes:
    """The article as a file; the Markdown reader gives back its very title and words."""
    fields = {
        "title": entry.title,
        "url": entry.url,
        "source": source,
        "author": entry.author,
        "published": entry.published and entry.published.isoformat(),
        "language": entry.language,
    }
    front = yaml.safe_dump(
        {name: value for name, value in fields.items() if value},
        allow_unicode=True,
        default_style='"',
        sort_keys=False,
        width=1_000_000,
    )
    front = re.sub(r'(?m)^"(\w+)":', r"\1:", front)
    # Many replacement characters would make the file look as if it were in another encoding.
    front = front.replace("\ufffd", "\\uFFFD")
    body = escaped(entry.text).replace("\ufffd", "&#xFFFD;")
    return f"---\n{front}---\n\n{body}\n".encode()


def escaped(text: str) -> str:
    """Markdown for a text: blank lines part paragraphs, and every line end is kept."""
    return "\n\n".join(
        "\\\n".join(map(_escaped_line, paragraph.split("\n"))) for paragraph in text.split("\n\n")
    )


def _escaped_line(line: str) -> str:
    start = _AT_THE_START.match(line)
    if start is None:
        return _MARKS.sub(_BACKSLASHED, line)
    # "1. " begins a list by its full stop, all else by its first character.
    at = len(start["number"] or "")
    return f"{line[:at]}\\{line[at]}{_MARKS.sub(_BACKSLASHED, line[at + 1 :])}"


def write(path: Path, data: bytes) -> None:
    """The whole file or none: a reader never meets half an article. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Hidden, so that it is no article while it is being written.
    aside = path.with_name(f".{path.name}.tmp")
    with aside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
