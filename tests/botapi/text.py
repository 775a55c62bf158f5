"""What Telegram does to the text of a message: characters removed, ends trimmed, words found.

Offsets and lengths are in UTF-16 code units, as everywhere in the Bot API.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

JsonDict = dict[str, Any]

# Formatting may nest and overlap; links and custom emoji may not; code admits nothing inside.
FORMATTING = ("bold", "italic", "underline", "strikethrough", "spoiler")
CODE = ("pre", "code")
QUOTES = ("blockquote", "expandable_blockquote")
# Of two entities over the same words, the one of lower rank comes first.
_RANKS = {
    "blockquote": 0,
    "expandable_blockquote": 0,
    "pre": 11,
    "code": 20,
    "text_link": 49,
    "bold": 90,
    "italic": 91,
    "underline": 92,
    "strikethrough": 93,
    "spoiler": 94,
    "custom_emoji": 99,
}
_OTHER_RANK = 50

# Bidirectional controls, line separators and the combining marks drawn as long strokes.
_REMOVED = frozenset("\r\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u0333\u033f\u030a")
_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\u2800\ufeff")

_FOUND = re.compile(
    r"(?P<url>https?://[^\s<>\"«»]*[^\s<>\"«».,;:!?)\]'’])"
    r"|(?<![\w/<>@])(?P<bot_command>/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?)(?![\w/<>@])"
    r"|(?<![\w/@])(?P<mention>@[A-Za-z0-9_]{3,32})(?![\w@])"
    r"|(?<![\w/@#])(?P<hashtag>#\w*[^\W\d_]\w*)(?![\w#])"
)


@dataclass(frozen=True, slots=True)
class Entity:
    """A MessageEntity: `offset` and `length` in UTF-16 code units of the message's text."""

    type: str
    offset: int
    length: int
    url: str | None = None
    language: str | None = None
    custom_emoji_id: str | None = None

    @property
    def end(self) -> int:
        return self.offset + self.length

    def of(self, text: str) -> str:
        """The words this entity covers in the text of its message."""
        units = text.encode("utf-16-le", "surrogatepass")
        return units[2 * self.offset : 2 * self.end].decode("utf-16-le", "surrogatepass")

    def as_json(self) -> JsonDict:
        optional = {
            "url": self.url,
            "language": self.language,
            "custom_emoji_id": self.custom_emoji_id,
        }
        present = {name: value for name, value in optional.items() if value is not None}
        return {"type": self.type, "offset": self.offset, "length": self.length, **present}


def utf16_length(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)


def is_empty(text: str) -> bool:
    """Whether nothing of the text would be seen."""
    return all(character.isspace() or character in _INVISIBLE for character in text)


def tidy(text: str, entities: Iterable[Entity]) -> tuple[str, list[Entity]]:
    """The text and entities of a message as Telegram keeps them.

    Control characters become spaces or go; entities that cover nothing, or may not stand where
    they do, go; spaces and newlines go from both ends, at the start only up to an entity.
    """
    cleaned, moved = _clean(text)
    kept = [
        replace(e, offset=moved[e.offset], length=moved[e.end] - moved[e.offset]) for e in entities
    ]
    kept = _settle([entity for entity in kept if entity.of(cleaned).strip(" \n")])
    trimmed = cleaned.rstrip(" \n")
    end = utf16_length(trimmed)
    kept = [replace(e, length=min(e.end, end) - e.offset) for e in kept if e.offset < end]
    margin = len(trimmed) - len(trimmed.lstrip(" \n"))
    margin = min([margin, *(entity.offset for entity in kept)])
    return trimmed[margin:], [replace(e, offset=e.offset - margin) for e in kept]


def find_entities(text: str, known: Sequence[Entity] = ()) -> list[Entity]:
    """The known entities with the links, commands, mentions and hashtags Telegram finds itself."""
    taken = [entity for entity in known if entity.type in CODE or entity.type == "text_link"]
    found = []
    for match in _FOUND.finditer(text):
        entity = Entity(
            str(match.lastgroup), utf16_length(text[: match.start()]), utf16_length(match.group())
        )
        if not any(_overlap(entity, other) for other in taken):
            found.append(entity)
    return in_order([*known, *found])


def in_order(entities: Iterable[Entity]) -> list[Entity]:
    return sorted(entities, key=lambda e: (e.offset, -e.length, _RANKS.get(e.type, _OTHER_RANK)))


def _clean(text: str) -> tuple[str, list[int]]:
    """The text without what Telegram removes, and the new offset of every old one."""
    kept: list[str] = []
    moved = [0]
    for character in text:
        if character in _REMOVED:
            moved.append(moved[-1])
            continue
        kept.append(" " if character < " " and character != "\n" else character)
        moved.append(moved[-1] + 1)
        if character > "\uffff":
            moved.append(moved[-1] + 1)
    return "".join(kept), moved


def _settle(entities: list[Entity]) -> list[Entity]:
    """Formatting stops at code, links give way to code, and the outer of two links stays."""
    settled: list[Entity] = []
    for entity in in_order(e for e in entities if e.type in CODE):
        if not any(_overlap(entity, other) for other in settled):
            settled.append(entity)
    code = tuple(settled)
    settled += [entity for entity in entities if entity.type in QUOTES]
    links: list[Entity] = []
    for entity in in_order(e for e in entities if e.type not in (*CODE, *QUOTES, *FORMATTING)):
        if not any(_overlap(entity, other) for other in (*code, *links)):
            links.append(entity)
    settled += links
    for kind in FORMATTING:
        covered = {unit for e in entities if e.type == kind for unit in range(e.offset, e.end)}
        covered -= {unit for e in code for unit in range(e.offset, e.end)}
        settled += _runs(kind, sorted(covered))
    return in_order(settled)


def _runs(kind: str, units: list[int]) -> list[Entity]:
    runs: list[Entity] = []
    for unit in units:
        if runs and runs[-1].end == unit:
            runs[-1] = replace(runs[-1], length=runs[-1].length + 1)
        else:
            runs.append(Entity(kind, unit, 1))
    return runs


def _overlap(one: Entity, other: Entity) -> bool:
    return one.offset < other.end and other.offset < one.end
