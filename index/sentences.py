"""Sentences of a text, as exact spans.

Our own: sentencex 1.0 cuts French after "M.", "Dr.", "St." and "art.", and a citation that
stops there is of no use; pysbd has slept since 2021.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Words that end with a full stop and seldom end a sentence: French, English, Spanish, German.
_ABBREVIATIONS = frozenset(
    """m mm mme mlle dr drs pr prof me mgr st ste sts stes av bd art al cf env etc ex fig hab
    janv févr fevr avr juil sept oct nov déc dec vol chap p pp no nos n° tél tel ref réf min max
    mr mrs ms jr sr inc ltd co corp gen col lt capt sgt rev hon vs approx dept est e.g i.e
    sra srta dña ud uds núm pág bzw ca str nr usw z.b u.a d.h sog mio mrd tsd j.-c""".split()
)  # fmt: skip
# Of those, the ones that may also close a sentence when a capital follows.
_MAY_END = frozenset({"etc", "hab", "inc", "ltd", "corp", "co", "usw", "j.-c"})

# Possessive, and begun at the first mark only, so that a million full stops cost one pass.
_END = re.compile(r"""(?<![.!?…])[.!?…]++["”»’')\]]*+(?:[\s\u00a0\u202f]*+[»”])*+(?=\s|$)""")
_INITIALS = re.compile(r"(?:[^\W\d_]\.-?)*[^\W\d_]")  # E; J.-P; U.R.S.S
_LAST_WORD = re.compile(r"[^\s\u00a0\u202f(«“\"'’]+$")
_NEXT_STARTS_LOW = re.compile(r"[\s\u00a0\u202f]*[a-zà-öø-ÿ,;:]")
# German ordinals are written with a stop: "am 9. Juli", "im 19. Jahrhundert", "der 3. Anlauf".
# What stands before or after one tells it from a number that ends a sentence of any language.
_BLANK = r"[\s\u00a0\u202f]+"
_ORDINAL = re.compile(
    r"(?:\b(?:(?P<certain>(?<!I )am|beim|dem|den|der|die|im|vom|zum|zur|\w+(?:tag|woch|abend),?)"
    rf"|(?P<likely>ab|bis|nach|seit|und|vor)){_BLANK})?(?<![\w.,:-])(?:[12]?\d|3[01])\Z",
    re.IGNORECASE,
)
_GERMAN_NOUN = re.compile(
    rf"{_BLANK}(?:Januar|Jänner|Februar|Feber|März|Juni|Juli|Oktober|Dezember|Jahrhundert|Jh\.)"
)
_SHARED_MONTH = re.compile(rf"{_BLANK}(?:April|Mai|August|September|November)\b")
_LONGEST_WORD = 40  # characters looked back for an abbreviation
_OPEN, _CLOSE = "«“", "»”"
# A quotation of several sentences is kept whole up to here, so that no excerpt opens a
# quotation mark without closing it.
_LONGEST_WHOLE_QUOTATION = 320


def sentence_spans(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """(start, end) of each sentence of `text[start:end]`, without the blank space between.

    In order, without overlap; together they hold every character that is not blank.
    """
    end = len(text) if end is None else end
    spans = []
    position = start
    for cut in [*_cuts(text, start, end), end]:
        span = _trimmed(text, position, cut)
        if span[0] < span[1]:
            spans.append(span)
        position = cut
    return spans


def _cuts(text: str, start: int, end: int) -> Iterator[int]:
    quoted_until = start
    for match in _END.finditer(text, start, end):
        at = match.end()
        if at < quoted_until or at >= end:
            continue
        if _ends_here(text, match, start, end):
            close = _open_quotation_closes(text, start, at, end)
            if close is None:
                yield at
                start = at
            else:
                quoted_until = close


def _ends_here(text: str, match: re.Match[str], start: int, end: int) -> bool:
    mark = match.group()
    if _NEXT_STARTS_LOW.match(text, match.end(), end):
        return False  # "… », dit-il", "Oui ! » a-t-elle crié", "3. le"
    if mark[0] != "." or len(mark.rstrip("»”\"’') \u00a0\u202f")) > 1:
        return True
    before = text[max(start, match.start() - _LONGEST_WORD) : match.start()]
    if _is_ordinal(before, text, match.end(), end):
        return False
    word = _LAST_WORD.search(before)
    if word is None:
        return True
    last = word.group().lower()
    if last in _ABBREVIATIONS:
        return (
            last in _MAY_END and text[match.end() : min(match.end() + 2, end)].strip()[:1].isupper()
        )
    return not (_INITIALS.fullmatch(word.group()) and word.group().isupper())


def _is_ordinal(before: str, text: str, at: int, end: int) -> bool:
    """Whether `before` ends in a number that its full stop, before `at`, makes an ordinal."""
    found = _ORDINAL.search(before)
    if found is None:
        return False
    if found["certain"] or _GERMAN_NOUN.match(text, at, end):
        return True
    return bool(found["likely"] and _SHARED_MONTH.match(text, at, end))


def _open_quotation_closes(text: str, start: int, at: int, end: int) -> int | None:
    """Where the quotation still open at `at` closes, if it does before long."""
    opened = -1
    for position in range(start, at):
        if text[position] in _OPEN:
            opened = position
        elif text[position] in _CLOSE:
            opened = -1
    if opened < 0:
        return None
    for position in range(at, min(end, opened + _LONGEST_WHOLE_QUOTATION)):
        if text[position] in _CLOSE:
            return position + 1
        if text[position] in _OPEN:
            return None
    return None


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
