"""What a language model writes, as it comes, cut into statements with their markers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.answering.writing.prompt import NO_ANSWER
from index.sentences import sentence_spans


@dataclass(frozen=True, slots=True)
class Draft:
    """A statement as written, and the passages that it says it rests on."""

    text: str  # without markers
    numbers: tuple[int, ...]  # as written, in order, each once; none: no marker


_NUMBER = r"\s*\^?(?:passage|source|extrait|article)?\s*\d{1,3}\s*"
_MARKER = re.compile(rf"[\[【]{_NUMBER}(?:[,;&]{_NUMBER})*[\]】]", re.IGNORECASE)
_MARKERS = rf"(?:\s*{_MARKER.pattern})+"
# "… said so. [1]": the marker belongs to the sentence before it.
_AFTER_STOP = re.compile(rf"([.!?…]+(?:\s?[»”\"’')])*)({_MARKERS}\.?)", re.IGNORECASE)
_THINKING = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)
_OPENED = re.compile(r"<(?:t(?:h(?:i(?:n(?:k(?:i(?:n(?:g)?)?)?)?)?)?)?)?\Z")
_LISTED = re.compile(r"\A\s*(?:[-*•–—]|\d{1,2}[.)]|#{1,6})\s+")
_STYLE = re.compile(r"\*\*|__|`|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)")
_REFERENCES = re.compile(
    rf"\s*(?:{_MARKER.pattern}|(?:sources?|références?|references?|fuentes?|quellen?|fonti?)\s*:)",
    re.IGNORECASE,
)
_HEADING = re.compile(r"[^.!?]{1,40}:\s*")


class DraftParser:
    """Takes an answer in pieces; gives each statement once it is complete.

    A sentence is complete when another begins after its marker, or its line ends. One without a
    marker of its own rests on what the next one of its line does.
    """

    def __init__(self) -> None:
        self._text = ""
        self._done = 0  # characters of the text without thoughts that were given

    @property
    def text(self) -> str:
        """All that came, thoughts left out."""
        text = _THINKING.sub("", self._text)
        return _OPENED.sub("", text)

    @property
    def refused(self) -> bool:
        """Whether it says that the passages hold no answer."""
        return self.text.strip(" \n*_`.\"'[]").upper().startswith(NO_ANSWER)

    def feed(self, piece: str) -> list[Draft]:
        """The statements that are complete by now and were not before."""
        self._text += piece
        return self._take(final=False)

    def close(self) -> list[Draft]:
        """The statements that the end of the text completes."""
        return self._take(final=True)

    def _take(self, final: bool) -> list[Draft]:
        if self.refused:
            return []
        text = self.text
        drafts: list[Draft] = []
        while True:
            end = text.find("\n", self._done)
            if end < 0:
                break
            drafts += _line_drafts(text[self._done : end])[0]
            self._done = end + 1
        found, used = _line_drafts(text[self._done :], whole=final)
        self._done += used
        return drafts + found


def _line_drafts(line: str, whole: bool = True) -> tuple[list[Draft], int]:
    """The statements of a line, and how many of its characters they take up.

    :param whole: whether the line has ended; if not, what its last sentence is cannot be known.
    """
    if _REFERENCES.match(line):
        return [], len(line) if whole else 0
    drafts: list[Draft] = []
    used = 0
    waiting: list[str] = []  # sentences without a marker
    for start, end, following in _sentences(line):
        if not (whole or following):
            break
        sentence = line[start:end]
        numbers = _numbers(sentence)
        words = _plain(sentence)
        if not numbers:
            waiting.append(words)
            continue
        drafts += [Draft(text, numbers) for text in (*waiting, words) if _says(text)]
        waiting = []
        used = end
    if whole:
        drafts += [Draft(text, ()) for text in waiting if _says(text)]
        used = len(line)
    return drafts, used


def _sentences(line: str) -> list[tuple[int, int, bool]]:
    """Start and end of each, markers included, and whether another certainly follows."""
    moved = _AFTER_STOP.sub(r"\2\1", line)  # as long as before, so that offsets hold
    return [
        (start, end, bool(re.search(r"\w", _MARKER.sub("", line[end:]))))
        for start, end in sentence_spans(moved)
    ]


def _numbers(sentence: str) -> tuple[int, ...]:
    found = (int(n) for marker in _MARKER.findall(sentence) for n in re.findall(r"\d+", marker))
    return tuple(dict.fromkeys(found))


def _plain(sentence: str) -> str:
    """Without markers, marks of lists and of style, and control characters."""
    text = _MARKER.sub("", _LISTED.sub("", sentence))
    text = _STYLE.sub("", text)
    text = "".join(c if c.isprintable() or c in "\u00a0\u202f" else " " for c in text)
    text = re.sub(r"[ \t]+", " ", text).strip()
    text = re.sub(r" ([.,])", r"\1", text)
    return re.sub(r"([.!?…])\.+\Z", r"\1", text)


def _says(text: str) -> bool:
    """Whether it is a statement: not a heading, and not a sign alone."""
    return bool(re.search(r"\w", text)) and not _HEADING.fullmatch(text)
