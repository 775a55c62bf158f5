"""Whether the passages that a statement cites hold it, and which of their words do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.answering.answer import Evidence
from bot.answering.facts import FactKind, Ground, missing_facts
from bot.answering.writing.drafts import Draft
from index.articles.language import detect
from index.passages import Span
from index.reader import Readable, Reader, Reading

# That a passage holds a statement; below, the statement is dropped. Chosen on the tuning half of
# the sample's statements (scripts/evaluate.py --faithfulness --half tune --curve).
LEAST_PROBABILITY = 0.5
LONGEST_STATEMENT = 600  # characters; what is longer is no single statement


class Flaw(StrEnum):
    """Why a statement is not shown."""

    NO_MARKER = "no marker"
    WRONG_MARKER = "a marker of no passage"
    NUMBER = "a number that is not there"
    DATE = "a date that is not there"
    NAME = "a name that is not there"
    QUOTATION = "a quotation that is not there"
    MEANING = "not what the passage says"
    LANGUAGE = "another language"
    LINK = "a link"
    LENGTH = "too long"
    REPEATED = "said before"


_OF_FACT = {
    FactKind.NUMBER: Flaw.NUMBER,
    FactKind.DATE: Flaw.DATE,
    FactKind.NAME: Flaw.NAME,
    FactKind.QUOTATION: Flaw.QUOTATION,
}


@dataclass(frozen=True, slots=True)
class Support:
    """The words a statement rests on: `body[start:end]` of the evidence's article."""

    evidence: Evidence
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Supported:
    """A statement that holds, with what it rests on: at least one."""

    text: str
    supports: tuple[Support, ...]


# What Telegram would make a link, a mention, a command or a hashtag of.
_LINK = re.compile(
    r"https?:|www\.|\b[\w-]+\.(?:com|org|net|info|io|fr|eu|de|es|it|uk|me|ly|xyz|app|dev)\b"
    r"|(?<!\w)[@#/][A-Za-z_]\w+",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"«[^»]*»|“[^”]*”|„[^“”]*[“”]|\"[^\"]*\"")
_LETTERS = 25  # fewer do not say a language
_ANOTHER_LANGUAGE = 0.95  # probability
_LONGEST_RUN = 3  # sentences of one support


class Checker:
    """Checks statements against the passages that they cite. Blocking: some 50 ms a citation."""

    def __init__(self, verifier: Reader, least_probability: float) -> None:
        """:param least_probability: that a passage holds a statement; below, it does not."""
        self._verifier = verifier
        self._least = least_probability

    def check(self, draft: Draft, given: Sequence[Evidence], language: str) -> Supported | Flaw:
        """The statement with the citations that hold it; why it falls where none does.

        :param given: the passages, of which the first is number 1.
        :param language: in which it is to be written.
        """
        if len(draft.text) > LONGEST_STATEMENT:
            return Flaw.LENGTH
        if not draft.numbers:
            return Flaw.NO_MARKER
        if _LINK.search(draft.text):
            return Flaw.LINK
        if _is_in_another(draft.text, language):
            return Flaw.LANGUAGE
        flaw = Flaw.WRONG_MARKER
        supports = []
        for number in draft.numbers:
            if not 0 < number <= len(given):
                continue
            found = self.support(draft.text, language, given[number - 1])
            if isinstance(found, Support):
                supports.append(found)
            else:
                flaw = found
        return Supported(draft.text, tuple(supports)) if supports else flaw

    def support(self, statement: str, language: str, evidence: Evidence) -> Support | Flaw:
        """The words of one passage that hold a statement, or why none do."""
        missing = missing_facts(statement, language, _ground(evidence, evidence.text))
        if missing:
            return _OF_FACT[missing[0].kind]
        reading = self.reading(statement, evidence)
        if reading.probability < self._least:
            return Flaw.MEANING
        first, last = _shortest_run(statement, language, evidence, reading)
        return Support(evidence, evidence.sentences[first][0], evidence.sentences[last][1])

    def reading(self, statement: str, evidence: Evidence) -> Reading:
        """How probable it is that a passage holds a statement, and each sentence's share."""
        spans = tuple(Span(a - evidence.start, b - evidence.start) for a, b in evidence.sentences)
        (reading,) = self._verifier.read(
            statement, [Readable(evidence.article.title, evidence.text, spans)]
        )
        return reading


def _shortest_run(
    statement: str, language: str, evidence: Evidence, reading: Reading
) -> tuple[int, int]:
    """The first and last of the sentences that hold the statement: as few as hold its facts,
    around the one that says it. All of them where only all do."""
    shares = reading.sentences
    best = max(range(len(shares)), key=lambda i: shares[i])
    runs = [
        (first, first + length - 1)
        for length in range(1, _LONGEST_RUN + 1)
        for first in range(best - length + 1, best + 1)
        if first >= 0 and first + length <= len(shares)
    ]
    runs.sort(key=lambda run: (run[1] - run[0], -sum(shares[run[0] : run[1] + 1])))
    for first, last in runs:
        words = evidence.words(evidence.sentences[first][0], evidence.sentences[last][1])
        if not missing_facts(statement, language, _ground(evidence, words)):
            return first, last
    return 0, len(shares) - 1


def _ground(evidence: Evidence, words: str) -> Ground:
    article = evidence.article
    return Ground(words, evidence.language, article.title, article.source, article.published)


def _is_in_another(text: str, language: str) -> bool:
    own = _QUOTED.sub(" ", text)
    if sum(map(str.isalpha, own)) < _LETTERS:
        return False
    found, probability = detect(own)
    return found != language and probability >= _ANOTHER_LANGUAGE
