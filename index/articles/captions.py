"""Photo captions and credits, told by the form of the credit."""

from __future__ import annotations

import re

from index.articles.bylines import AGENCIES, is_name_phrase

_LONGEST = 350  # characters of a caption; beyond it a paragraph merely ends in a credit
_PICTURE = (
    r"(?:photos?|photograph(?:e|ie|s|y)?|ph\.|pictures?|foto(?:s|grafía)?|bild|images?|"
    r"illustrations?|infographies?|archives?|documents?|vid[eé]os?|dessin|carte|graphi(?:que|c))"
)
_CREDIT = r"(?:cr[ée]dits?|copyright|credito|nachweis)"
# "Photo : …", "Crédits photo : …", "Photograph by …", "© …", as the opening of a block.
_OPENING = re.compile(
    rf"(?:(?:{_CREDIT}(?:\s+{_PICTURE})?|{_PICTURE}(?:\s+{_CREDIT})?|{_PICTURE} d'\w+)\s?:"
    rf"|{_PICTURE} (?:by|par|via|courtesy)\b|©|\(c\)\s)",
    re.I,
)
# The same at the end of a block, after a full stop, a dash, a bar or an opening bracket.
_CLOSING = re.compile(
    rf"(?:^|[.!?…»”\"|/([–—]\s?|\s-\s|\s)"
    rf"(?:©\s?|\(c\)\s|(?:{_CREDIT}(?:\s+{_PICTURE})?|{_PICTURE}(?:\s+{_CREDIT})?)\s?(?::|"
    rf"\bby\b)\s?)(?P<credit>[^©]{{2,90}}?)[)\].]*$",
    re.I,
)
_BARE = re.compile(
    rf"(?:^|[.!?…»”\"|/([–—]\s?|\s-\s)(?:(?:AP|AFP|EPA|REUTERS) )?(?P<cue>{_PICTURE})"
    rf"(?P<archive>\s+d'(?:archives?|illustration))?\s+(?P<credit>[^.:]{{2,80}}?)[)\].]*$",
    re.I,
)
_BARRED = re.compile(r"(?:^|\s)\|\s*(?P<credit>[^|]{2,90})$")
_SIGNED = re.compile(
    r"(?:^|[.!?…»”\"|([–—]\s?|\s-\s)(?P<credit>[^.!?…|([]{2,80}/[^.!?…|([]{2,60})[)\].]*$"
)
_CAPITALS = re.compile(r"(?P<credit>(?:[^\W\d_a-zà-öø-ÿ][\w.'-]*\s)+/\s\S+(?:\s\S+){0,3})$")
_BRACKETED = re.compile(r"[.…]\s\((?P<credit>[^()]{4,60})\)$")
_VERB = re.compile(
    r"\b(?:a|ont|est|sont|était|étaient|sera|seront|avait|avaient|doit|doivent|va|vont|peut|été|"
    r"aurait|was|were|has|have|had|is|are|will|would|said|says|dit|fait|annonce|annoncé)\b",
    re.I,
)
_SHORT = 120  # characters of a caption whose credit has no word for a picture
_BANKS = re.compile(
    r"(?:^|[\s/(|])(?:(?:via )?Getty(?: Images)?|Shutterstock|iStock(?:photo)?|Unsplash|Pexels|"
    r"Alamy(?: Stock Photo)?|picture[ -]alliance|Hans Lucas|MaxPPP|Adobe Stock)[)\].]*$",
    re.I,
)


def is_caption(text: str) -> bool:
    """Whether a block on one line is a caption with its credit, or a credit alone."""
    if len(text) > _LONGEST:
        return False
    if (opening := _OPENING.match(text)) and len(text) <= 220:
        # "Image : le tram a coûté…" may be prose; a credit is no sentence.
        return (
            text.startswith(("©", "("))
            or len(text) <= 90
            or not text.endswith(".")
            or (is_name_phrase(text[opening.end() :].rstrip(".")))
        )
    if _BANKS.search(text) or _is_agency(text.strip("()[] .")):
        return True
    return any(check(text) for check in _CHECKS)


def _closes_with_credit(text: str) -> bool:
    match = _CLOSING.search(text)
    if not match:
        return False
    marked = "©" in match[0] or match[0].lstrip(" .").startswith(("(", "["))
    return marked or is_name_phrase(match["credit"])


def _bare_picture(text: str) -> bool:
    """A picture word and names: "PHOTO LE COURRIER", "(Photo Jean Marty)"."""
    match = _BARE.search(text)
    if match is None or not (match["cue"][0].isupper() or match["archive"]):
        return False
    if not match["credit"][0].isupper():
        return False
    return match[0].lstrip(" .").startswith(("(", "[")) or is_name_phrase(match["credit"])


def _barred(text: str) -> bool:
    match = _BARRED.search(text)
    if match is None or not is_name_phrase(match["credit"]):
        return False
    return _has_credit_form(match["credit"])


def _bracketed(text: str) -> bool:
    """A scene and an agency: "Le pont, jeudi. (Agence X)"; a sentence has a verb."""
    match = _BRACKETED.search(text)
    if match is None or len(text) > _SHORT or _VERB.search(text):
        return False
    return is_name_phrase(match["credit"], at_least=2)


def _signed(text: str) -> bool:
    """ "Joël Roy / AFP" after a full stop, or in capitals anywhere at the end."""
    match = _SIGNED.search(text)
    if match and is_name_phrase(match["credit"]):
        parts = re.split("/|via", match["credit"])
        return any(map(_is_agency, parts)) or _names_in_capitals(match["credit"])
    capitals = _CAPITALS.search(text)
    return capitals is not None and _names_in_capitals(capitals["credit"])


def _names_in_capitals(credit: str) -> bool:
    """ "JEAN ROY / CÔTE MATIN"; two words would do for « OTAN / RUSSIE »."""
    return credit.isupper() and is_name_phrase(credit, at_least=3)


def _has_credit_form(credit: str) -> bool:
    return (
        "/" in credit
        or credit.isupper()
        or _is_agency(credit)
        or bool(re.match(_PICTURE, credit, re.I))
    )


def _is_agency(name: str) -> bool:
    words = [
        word
        for word in re.split(r"[\s/,]+", name.strip())
        if word.lower() not in ("avec", "with", "et", "and")
    ]
    return bool(words) and all(word.upper() in AGENCIES or word == "Images" for word in words)


_CHECKS = (_closes_with_credit, _bare_picture, _barred, _signed, _bracketed)
