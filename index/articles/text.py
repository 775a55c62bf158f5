"""From bytes to text: encodings, line ends and Unicode form."""

from __future__ import annotations

import codecs
import re
import unicodedata

from index.articles.draft import NotAnArticle

# The longer mark first: UTF-32's little-endian mark begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(
    rb"""<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?([\w-]+)""", re.I
)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f]")
NOT_TEXT = "it is not text in any known encoding (a binary file?)"
_WESTERN = 0.3  # share of letters outside ASCII; French has about 0.04, Cyrillic read as Latin 1.0


def tidy(text: str) -> str:
    """NFC, lines ended by `\\n`, no blank space at either end; nothing else altered."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def decode(data: bytes) -> str:
    """The text in UTF-8, UTF-16 or UTF-32 with a byte order mark, or a one-byte encoding.

    Raises NotAnArticle when it is none of these.
    """
    encoding = marked_encoding(data)
    text = data.decode(encoding, "replace") if encoding else _utf8(data)
    if text is None:
        text = data.decode(encoding_of(data), "replace")
    if "\x00" in text:
        raise NotAnArticle(NOT_TEXT)
    return text


def decode_html(data: bytes) -> str:
    """Like `decode`, but a page's declared charset counts before any guess.

    Bytes that are valid UTF-8 beyond ASCII are UTF-8 whatever is declared: pages are often
    converted when saved, and their declaration left as it was.
    """
    declared = _DECLARED.search(data[:4096])
    if declared and not data.startswith(tuple(mark for mark, _ in _MARKS)):
        name = declared[1].decode("ascii", "replace").lower()
        if (data.isascii() or _utf8(data) is None) and not name.startswith(("utf-16", "utf-32")):
            # As browsers do: what calls itself Latin-1 is Windows-1252.
            name = "cp1252" if name in ("iso-8859-1", "latin-1", "latin1", "us-ascii") else name
            try:
                return data.decode(name)
            except (LookupError, UnicodeError):
                pass
    return decode(data)


def marked_encoding(data: bytes) -> str | None:
    """The encoding that a byte order mark at the beginning names."""
    return next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)


def seems_utf8(text: str) -> bool:
    """Whether a text decoded as UTF-8 was that, were it with a few damaged bytes.

    Multi-byte sequences do not come about by chance in another encoding, so they outnumber
    the bytes that fit nowhere only in a damaged or truncated UTF-8 file.
    """
    damaged = text.count("\ufffd")
    return not damaged or sum(character > "\x7f" for character in text) > 2 * damaged


def encoding_of(data: bytes) -> str:
    """The encoding of a text that is not in UTF-8 and bears no mark.

    Raises NotAnArticle when it seems to be none.
    """
    western = data.decode("cp1252", "replace")
    letters = [character for character in western if character.isalpha()]
    foreign = sum(not letter.isascii() for letter in letters)
    if (
        not _UNPRINTABLE.search(western)
        and "\ufffd" not in western
        and foreign <= _WESTERN * len(letters)
    ):
        return "cp1252"
    # Imported here because few files need it.
    from charset_normalizer import from_bytes

    best = from_bytes(data).best()
    if best is None or _UNPRINTABLE.search(str(best)):
        raise NotAnArticle(NOT_TEXT)
    return best.encoding


def _utf8(data: bytes) -> str | None:
    text = data.decode("utf-8", "replace")
    return text if seems_utf8(text) else None
