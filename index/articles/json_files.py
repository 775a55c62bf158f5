"""Articles in JSON: one object, an array of them, an object that wraps an array, JSON Lines.

A file may be longer than memory, and wrong in places: each record is cut out of it as text and
parsed by itself, so that a bad one costs none of the others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass

from index.articles.draft import NotAnArticle
from index.articles.records import (
    LARGEST_RECORD,
    BadRecord,
    FieldNames,
    Record,
    TooLarge,
    field_key,
)
from index.articles.streams import lines

# Under these names feeds, interfaces and search engines keep their records.
_WRAPPERS = frozenset(
    "articles items data results records documents docs entries posts news stories hits response "
    "feed channel graph rows list elements nodes collection".split()
)
_DEEPEST = 5  # wrappers within wrappers
_STRUCTURE = re.compile(r'["{}\[\]]')
_IN_STRING = re.compile(r'["\\]')
_SCALAR = re.compile(r'[^\s,:{}\[\]"]*')
_NOT_SPACE = re.compile(r"\S")
_CUT_OFF = "it ends too early (was it cut off?)"


def read_json(texts: Iterable[str], names: FieldNames) -> Iterator[Record | BadRecord]:
    """The records of a JSON file, or of several JSON values one after another.

    A file that is a single object is a record without a number. Raises NotAnArticle where the
    file cannot be followed any further; what came before was given.
    """
    scanner = _Scanner(texts)
    number = 0
    while char := scanner.peek():
        if char not in "[{":
            raise NotAnArticle(
                "it is not JSON: an object or an array should stand where "
                f"{scanner.here()!r} stands"
            )
        found = _elements(scanner) if char == "[" else _records_of_object(scanner, names)
        try:
            for raw in found:
                number += 1
                whole = number == 1 and char == "{" and raw.whole and not scanner.peek()
                yield _parsed(raw.text, 0 if whole else number, "" if whole else f"record {number}")
        except _Broken as error:
            raise NotAnArticle(f"{error} in record {number + 1}") from error


def read_json_lines(texts: Iterable[str], _: FieldNames) -> Iterator[Record | BadRecord]:
    """The record of each line that is not blank."""
    for number, line in enumerate(lines(texts, LARGEST_RECORD), 1):
        if line is None or line.strip():
            yield _parsed(line, number, f"line {number}")


class _Broken(Exception):
    """The JSON cannot be followed beyond this point."""


@dataclass(frozen=True, slots=True)
class _Raw:
    """The JSON of one record."""

    text: str | None  # None: it is too large
    whole: bool = False  # it is no part of an array or another object


def _parsed(text: str | None, number: int, place: str) -> Record | BadRecord:
    if text is None:
        return BadRecord(place, str(TooLarge()))
    try:
        # Every number is a string: `"title": 1984` is a title, and none is too long to be read.
        fields = json.loads(
            text, parse_int=str, parse_float=str, parse_constant=lambda _: None, strict=False
        )
    except json.JSONDecodeError as error:
        return BadRecord(place, f"it is not valid JSON: {error.msg} at character {error.pos + 1}")
    except RecursionError:
        return BadRecord(place, "its JSON is nested too deeply")
    if not isinstance(fields, dict):
        return BadRecord(place, "it is not a JSON object")
    return Record(place, number, fields)


def _records_of_object(scanner: _Scanner, names: FieldNames) -> Iterator[_Raw]:
    members = yield from _members(scanner, names, 0)
    if members is not None:
        yield _Raw(members.text, whole=True)


def _elements(scanner: _Scanner) -> Iterator[_Raw]:
    scanner.take("[")
    while scanner.peek() != "]":
        yield _Raw(scanner.value())
        if scanner.peek() != "]":
            scanner.take(",")
    scanner.take("]")


def _members(
    scanner: _Scanner, names: FieldNames, depth: int
) -> Generator[_Raw, None, _Raw | None]:
    """Gives the records of the arrays that an object wraps; returns the object if it wraps none.

    What has a text of its own is an article, whatever else it has.
    """
    members: list[str] = []
    size = 0
    wraps = is_article = False
    scanner.take("{")
    while scanner.peek() != "}":
        if scanner.peek() != '"':
            raise scanner.broken("a name between quotation marks")
        name = scanner.value()
        scanner.take(":")
        key = field_key(name or "")
        may_wrap = key in _WRAPPERS and not is_article and depth < _DEEPEST
        is_article = is_article or names.is_text(key)
        value: str | None
        if may_wrap and scanner.peek() == "[":
            value, wraps = "null", True
            yield from _elements(scanner)
        elif may_wrap and scanner.peek() == "{":
            inner = yield from _members(scanner, names, depth + 1)
            value, wraps = inner.text if inner else "null", wraps or inner is None
        else:
            value = scanner.value()
        member = None if name is None or value is None else f"{name}:{value}"
        size += LARGEST_RECORD + 1 if member is None else len(member)
        if member is not None and not wraps and size <= LARGEST_RECORD:
            members.append(member)
        else:
            members.clear()
        if scanner.peek() != "}":
            scanner.take(",")
    scanner.take("}")
    if wraps:
        return None
    return _Raw("{" + ",".join(members) + "}" if size <= LARGEST_RECORD else None)


class _Scanner:
    """Cuts values out of JSON that comes in pieces, holding no more than one of them.

    It counts brackets and minds strings; whether a value is valid is for its parser to say.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = iter(texts)
        self._text = ""
        self._at = 0

    def peek(self) -> str:
        """The next character that is not blank; empty at the end."""
        while not (found := _NOT_SPACE.search(self._text, self._at)):
            if not self._next_piece():
                return ""
        self._at = found.start()
        return found[0]

    def take(self, expected: str) -> None:
        """Pass over one character, blanks before it too."""
        found = self.peek()
        if found != expected:
            raise self.broken(repr(expected))
        self._at += 1

    def here(self) -> str:
        """The next characters, to show where something is wrong."""
        return self._text[self._at : self._at + 20]

    def broken(self, expected: str) -> _Broken:
        """What to raise where something else stands, or nothing more."""
        here = self.here()
        what = f"{expected} should stand where {here!r} stands" if here else _CUT_OFF
        return _Broken(f"it is not valid JSON: {what},")

    def value(self) -> str | None:
        """The text of the next value; `None` for a larger one than a record may be."""
        match self.peek():
            case "{" | "[" | '"':
                return self._kept(self._structure())
            case _:
                found = self._kept(self._scalar())
                if found == "":
                    raise self.broken("a value")
                return found

    def _kept(self, parts: Iterator[str]) -> str | None:
        held: list[str] = []
        size = 0
        for part in parts:
            size += len(part)
            if size <= LARGEST_RECORD:
                held.append(part)
            else:
                held.clear()
        return "".join(held) if size <= LARGEST_RECORD else None

    def _scalar(self) -> Iterator[str]:
        while True:
            found = _SCALAR.match(self._text, self._at)
            assert found is not None  # it matches nothing too
            self._at = found.end()
            yield found[0]
            if self._at < len(self._text) or not self._next_piece():
                return

    def _structure(self) -> Iterator[str]:
        """A string, object or array, in the pieces it comes in."""
        depth, in_string, at = 0, False, self._at
        while True:
            while found := (_IN_STRING if in_string else _STRUCTURE).search(self._text, at):
                at = found.end()
                match found[0]:
                    case "\\":
                        at += 1  # what is escaped; it may be the first of the next piece
                        continue
                    case '"':
                        in_string = not in_string
                    case "{" | "[":
                        depth += 1
                    case _:
                        depth -= 1
                if not (depth or in_string):
                    yield self._text[self._at : at]
                    self._at = at
                    return
            yield self._text[self._at :]
            at = max(0, at - len(self._text))
            if not self._next_piece():
                raise self.broken("the rest of a value")

    def _next_piece(self) -> bool:
        self._text, self._at = next(self._texts, ""), 0
        return bool(self._text)
