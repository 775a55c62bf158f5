"""Words in quotation marks, which must stand in the passage to the letter."""

from __future__ import annotations

import re

from bot.answering.facts.text import tidy

# Opening marks and what closes them. German closes with what English opens with.
_CLOSING = {"«": "»", "»": "«", "“": "”", "„": "“”", "‹": "›", '"': '"'}
_LONGEST = 2_000  # characters
_MARK = re.compile(r"[«»“”„‟‹›\"]")
_SPACE = re.compile(r"\s+")
_QUOTES = re.compile(r"[«»“”„‟‹›\"]|''|(?<!\w)'|'(?!\w)")
_GAP = re.compile(r"\[\s*(?:…|\.\.\.)\s*\]|\(\s*(?:…|\.\.\.)\s*\)|…|\.\.\.")
_ENDS = " \n,.;:!?-"


def quoted_spans(text: str) -> list[tuple[int, int]]:
    """Every stretch between quotation marks, marks included; what is not closed is none.

    A quotation within a quotation belongs to the outer one. One pass: each mark is looked at
    once, as an opening or as the closing of the outermost one that is open.
    """
    spans = list[tuple[int, int]]()
    start, closing, opening, depth = -1, "", "", 0
    for found in _MARK.finditer(text):
        mark, at = found.group(), found.start()
        if start >= 0 and at - start > _LONGEST:
            start = -1
        if start < 0:
            if mark in _CLOSING and _opens(text, at, mark):
                start, closing, opening, depth = at, _CLOSING[mark], mark, 1
        elif mark in closing:
            depth -= 1
            if depth == 0:
                spans.append((start, at + 1))
                start = -1
        elif mark == opening:
            depth += 1
    return spans


def stands(quotation: str, passage: str) -> bool:
    """Whether words between quotation marks are those of a passage, `plain` of it given.

    Blank space, the forms of apostrophes and of quotation marks, a final mark and the first
    capital apart; what "[…]" parts must stand there in order.
    """
    at = 0
    for part in _GAP.split(plain(quotation)):
        wanted = part.strip(_ENDS)
        if not wanted:
            continue
        found = _place(wanted, passage, at)
        if found is None:
            return False
        at = found
    return True


def plain(text: str) -> str:
    """A text as quotations are compared with it."""
    return _SPACE.sub(" ", _QUOTES.sub(" ", tidy(text))).replace(" ,", ",").replace(" .", ".")


def _place(wanted: str, passage: str, at: int) -> int | None:
    """Where these words end in a passage, looked for from a place on; at whole words."""
    other = wanted[0].swapcase() + wanted[1:]
    pattern = rf"(?<!\w)(?:{re.escape(wanted)}|{re.escape(other)})(?!\w)"
    found = re.compile(pattern).search(passage, at)
    return found.end() if found else None


def _opens(text: str, at: int, mark: str) -> bool:
    """Whether a mark opens: of those that also close, only right before a word."""
    if mark != "»":
        return True
    return not text[at - 1 : at].strip() and text[at + 1 : at + 2].isalnum()
