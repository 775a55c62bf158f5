"""Characters and words, as the finders of facts read them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

# The languages whose numbers, dates and names are known; others are read like the first.
LANGUAGES = ("fr", "en", "es", "de", "it", "pt", "nl")

_MARKS = re.compile(r"[\u0300-\u036f]+")  # accents, once letters are taken apart
_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ı": "i"})
# One character for one, so that places in a tidy text are places in the text it came from.
_TIDY = str.maketrans(
    {
        **dict.fromkeys("\u00a0\u202f\u2009\u2007\u2008\u200a\u2002\u2003\u3000\t\v\f\r", " "),
        **dict.fromkeys("’‘ʼ`´′‛＇", "'"),
        **dict.fromkeys("‐‑‒–—−﹣－", "-"),
        **{chr(code): " " for code in range(0x20) if chr(code) not in "\n\t\v\f\r"},
        **{chr(code): " " for code in (*range(0x7F, 0xA0), 0x200B, 0x200E, 0x200F, 0xFEFF)},
    }
)
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Word:
    """A run of letters and digits: `text[start:end]`."""

    text: str
    start: int
    end: int


def known(language: str) -> str:
    """The language itself where its numbers and dates are known, else the first that is."""
    code = language.lower().replace("_", "-").partition("-")[0]
    return code if code in LANGUAGES else LANGUAGES[0]


def tidy(text: str) -> str:
    """The text with one kind of blank, apostrophe and dash; as long as it was."""
    return text.translate(_TIDY)


def composed(text: str) -> str:
    """The text in NFC, and without the hyphens that only say where a word may be broken."""
    return unicodedata.normalize("NFC", text).replace("\u00ad", "")


def folded(text: str) -> str:
    """Without case and accents: what two spellings of one word share."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return _MARKS.sub("", plain).translate(_LETTERS)


def words(text: str) -> list[Word]:
    """Every word of a text; apostrophes and hyphens part them."""
    return [Word(found.group(), found.start(), found.end()) for found in _WORD.finditer(text)]


def without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with these stretches put out by a mark that belongs to no word; as long."""
    pieces, end = list[str](), 0
    for start, stop in sorted(spans):
        if stop <= end:
            continue
        start = max(start, end)
        pieces += (text[end:start], "\ufffc" * (stop - start))
        end = stop
    return "".join((*pieces, text[end:]))
