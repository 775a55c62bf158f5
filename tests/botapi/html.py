"""Telegram's HTML parse mode, as strict as Telegram's own.

Source: https://core.telegram.org/bots/api#html-style; what the page leaves open (byte offsets,
which references are decoded, `</>`) follows the messages and answers of api.telegram.org.
"""

import re
from dataclasses import dataclass, field, replace
from typing import NoReturn

from .text import Entity, in_order, tidy, utf16_length
from .urls import check_url

_SPACE = r" \t\r\n\x00\x0b"
_NAME = re.compile(rf"[^{_SPACE}>]*")
_SPACES = re.compile(rf"[{_SPACE}]*")
_ATTRIBUTE_NAME = re.compile(rf"[^{_SPACE}=>]*")
_TOKEN = re.compile(rf"([A-Za-z0-9.-]*)(?=[{_SPACE}>])")
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|(lt|gt|amp|quot)(?![A-Za-z]));?")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_LONGEST_REFERENCE = 9  # characters, "&" and "#" included; a longer one stays as written

_TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}


class ParseError(ValueError):
    """Markup Telegram refuses; reads as the end of its "Bad Request: ..." description."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"can't parse entities: {reason}")


def parse_html(text: str) -> tuple[str, list[Entity]]:
    """The text of a message and its entities, cleaned and trimmed as Telegram keeps them.

    Raises ParseError. A link whose address Telegram refuses is dropped and its words stay, as
    there; quotations may not nest.
    """
    return tidy(*_Parser(text).parse())


@dataclass
class _Tag:
    name: str
    offset: int  # UTF-16, in the text
    start: int  # characters, in the text
    attributes: dict[str, str]


@dataclass
class _Parser:
    """Reads markup once, left to right; `at` is always where to read next, in characters."""

    markup: str
    at: int = 0
    text: str = ""
    length: int = 0  # of text, in UTF-16
    open: list[_Tag] = field(default_factory=list)
    entities: list[Entity] = field(default_factory=list)

    def parse(self) -> tuple[str, list[Entity]]:
        while self.at < len(self.markup):
            if self.markup.startswith("</", self.at):
                self._end_tag()
            elif self.markup[self.at] == "<":
                self._start_tag()
            else:
                self._words()
        if self.open:
            name = self.open[-1].name
            raise ParseError(f"Can't find end tag corresponding to start tag {name}")
        if any("\ud800" <= character <= "\udfff" for character in self.text):
            raise ParseError(
                "Text contains invalid Unicode characters after decoding HTML entities, "
                "check for unmatched surrogate code units"
            )
        return self.text, in_order(self.entities)

    def _words(self) -> None:
        end = self.markup.find("<", self.at)
        end = len(self.markup) if end < 0 else end
        words = _decode(self.markup[self.at : end])
        self.text += words
        self.length += utf16_length(words)
        self.at = end

    def _start_tag(self) -> None:
        begin = self.at
        self.at += 1
        written = self._read(_NAME)
        if self.at == len(self.markup):
            self._fail("Unclosed start tag", begin)
        name = written.lower()
        if name not in _TYPES:
            self._fail(f'Unsupported start tag "{name}"', begin)
        tag = _Tag(name, self.length, len(self.text), self._attributes(name, begin))
        if name == "span" and tag.attributes.get("class") != "tg-spoiler":
            self._fail('Tag "span" must have class "tg-spoiler"', begin)
        if name == "tg-emoji" and not tag.attributes.get("emoji-id", "").isdecimal():
            raise ParseError("Invalid custom emoji identifier specified")
        if name == "blockquote" and any(other.name == name for other in self.open):
            self._fail("Nested blockquote", begin)
        self.open.append(tag)

    def _attributes(self, tag: str, begin: int) -> dict[str, str]:
        attributes: dict[str, str] = {}
        while True:
            self._read(_SPACES)
            if self._peek() == ">":
                self.at += 1
                return attributes
            name = self._read(_ATTRIBUTE_NAME)
            if not name:
                if self._peek() == "":
                    self._fail("Unclosed start tag", begin)
                self._fail(f'Empty attribute name in the tag "{tag}"', begin)
            self._read(_SPACES)
            if self._peek() == "=":
                self.at += 1
                attributes[name] = self._value(tag, begin)
            elif (tag, name) == ("blockquote", "expandable"):
                attributes[name] = ""
            else:
                self._fail(
                    f'Expected equal sign in declaration of an attribute of the tag "{tag}"', begin
                )

    def _value(self, tag: str, begin: int) -> str:
        self._read(_SPACES)
        quote = self._peek()
        if not quote:
            self._fail(f'Unclosed start tag "{tag}"', begin)
        if quote not in "'\"":
            token = _TOKEN.match(self.markup, self.at)
            if token is None:
                self._fail("Unexpected end of name token", self.at)
            self.at = token.end()
            return token[1].lower()
        end = self.markup.find(quote, self.at + 1)
        if end < 0 or end + 1 == len(self.markup):
            self._fail("Unclosed start tag", begin)
        value = self.markup[self.at + 1 : end]
        self.at = end + 1
        return _decode(value)

    def _end_tag(self) -> None:
        begin = self.at
        if not self.open:
            self._fail("Unexpected end tag", begin)
        self.at += 2
        name = self._read(_NAME).lower()
        self._read(_SPACES)
        if self._peek() != ">":
            self._fail("Unclosed end tag", begin)
        self.at += 1
        tag = self.open.pop()
        if name and name != tag.name:
            self._fail("Unmatched end tag", begin, f', expected "</{tag.name}>", found "</{name}>"')
        if self.length > tag.offset:
            self._close(tag)

    def _close(self, tag: _Tag) -> None:
        entity = Entity(_TYPES[tag.name], tag.offset, self.length - tag.offset)
        if tag.name == "a":
            try:
                url = check_url(tag.attributes.get("href") or self.text[tag.start :])
            except ValueError:
                return
            entity = replace(entity, url=url)
        elif tag.name == "tg-emoji":
            entity = replace(entity, custom_emoji_id=tag.attributes["emoji-id"])
        elif tag.name == "blockquote" and "expandable" in tag.attributes:
            entity = replace(entity, type="expandable_blockquote")
        elif tag.name == "code" and self.open and self.open[-1].name == "pre":
            # Kept on the code until its pre closes, and dropped there if they differ.
            language = tag.attributes.get("class", "")
            if language.startswith("language-"):
                entity = replace(entity, language=language.removeprefix("language-") or None)
        elif tag.name == "pre":
            inner = [e for e in self.entities if e.type == "code" and e.offset >= tag.offset]
            self.entities = [e for e in self.entities if e not in inner]
            if len(inner) == 1 and inner[0].length == entity.length:
                entity = replace(entity, language=inner[0].language)
        self.entities.append(entity)

    def _read(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.markup, self.at)
        assert match is not None, "every pattern read so may be empty"
        self.at = match.end()
        return match.group()

    def _peek(self) -> str:
        """The next character, or "" at the end."""
        return self.markup[self.at : self.at + 1]

    def _fail(self, reason: str, at: int, more: str = "") -> NoReturn:
        offset = len(self.markup[:at].encode("utf-8", "surrogatepass"))
        raise ParseError(f"{reason} at byte offset {offset}{more}")


def _decode(text: str) -> str:
    return _REFERENCE.sub(_character, text)


def _character(reference: re.Match[str]) -> str:
    hexadecimal, decimal, name = reference.groups()
    if name:
        return _NAMED[name]
    code = int(hexadecimal, 16) if hexadecimal else int(decimal)
    if not 0 < code < 0x10FFFF or len(reference.group().rstrip(";")) > _LONGEST_REFERENCE:
        return reference.group()
    return chr(code)
