"""Whether the passages that a statement cites hold it, and which of their words do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.answering.answer import Evidence
from bot.answering.facts import FactKind, Ground, missing_facts
from bot.answering.writing.contrary import denies, is_contrary
from bot.answering.writing.drafts import Draft
from bot.answering.writing.exchanged import exchanges
from index.articles.language import LANGUAGES, detect
from index.calibration import log_odds, logistic
from index.passages import Span
from index.reader import Readable, Reader

# That a passage holds a statement; below, the statement is dropped. Chosen on the tuning half of
# the sample's statements (scripts/evaluate.py --faithfulness --half tune --curve).
LEAST_PROBABILITY = 0.02
# The share of it that is asked of a statement in another language than its passage: the
# verifier knows such pairs less well.
ACROSS = 0.2
# A statement without figure, date, name or quotation, of which nothing can be compared to the
# letter, needs more, and half of its longer words in the passage: the verifier alone takes orders
# and nonsense for statements (tests/answering/writing/test_injection.py). Two of the 310 true
# statements of the sample are of that kind.
WITHOUT_FACTS, _SHARED_STEMS = 0.9, 0.5
# How much less probable, in log odds, a statement is that denies where the words do not, or the
# other way round. Chosen with LEAST_PROBABILITY.
_DENIAL = 0.7
LONGEST_STATEMENT = 600  # characters; what is longer is no single statement


class Flaw(StrEnum):
    """Why a statement is not shown."""

    NO_MARKER = "no marker"
    WRONG_MARKER = "a marker of no passage"
    NUMBER = "a number that is not there"
    DATE = "a date that is not there"
    NAME = "a name that is not there"
    QUOTATION = "a quotation that is not there"
    CONTRARY = "the contrary of what the passage says"
    EXCHANGED = "said of something else"
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
_LATIN = frozenset(LANGUAGES) - {"ru", "ar"}  # written in Latin letters
_LETTERS = 25  # fewer do not say a language
_ANOTHER_LANGUAGE = 0.95  # probability
_LONGEST_RUN = 2  # sentences of one support
_SURE = 0.9  # probability from which on no more sentences are read

Run = tuple[int, int]  # the first and last of some consecutive sentences of a passage


def is_enough(
    statement: str, language: str, support: Support, probability: float, least: float
) -> bool:
    """Whether it is probable enough that some words hold a statement.

    :param least: of a statement with a figure, date, name or quotation, which all were found, in
        the passage's language.
    """
    other = support.evidence.language
    if missing_facts(statement, language, Ground("", other)):
        return probability >= least * (1.0 if language == other else ACROSS)
    if language != other or probability < WITHOUT_FACTS:
        return False
    stems = _stems(statement)
    words = support.evidence.words(support.start, support.end)
    shared = stems & _stems(f"{support.evidence.article.title} {words}")
    return len(shared) >= _SHARED_STEMS * len(stems) > 0


def _stems(text: str) -> set[str]:
    return {word[:5] for word in re.findall(r"\w{5,}", text.lower())}


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
        if flaw := self.flaw_of_form(draft, language):
            return flaw
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

    def flaw_of_form(self, draft: Draft, language: str) -> Flaw | None:
        """What keeps a statement from being shown whatever the passages say."""
        if len(draft.text) > LONGEST_STATEMENT:
            return Flaw.LENGTH
        if not draft.numbers:
            return Flaw.NO_MARKER
        if _LINK.search(draft.text):
            return Flaw.LINK
        return Flaw.LANGUAGE if _is_in_another(draft.text, language) else None

    def support(self, statement: str, language: str, evidence: Evidence) -> Support | Flaw:
        """The words of one passage that hold a statement, or why none do."""
        found = self.likeliest(statement, language, evidence)
        if isinstance(found, Flaw):
            return found
        support, probability = found
        enough = is_enough(statement, language, support, probability, self._least)
        return support if enough else Flaw.MEANING

    def likeliest(
        self, statement: str, language: str, evidence: Evidence
    ) -> tuple[Support, float] | Flaw:
        """The words of a passage that most probably hold a statement, and how probable it is, in
        [0, 1]; which kind of fact no few sentences give, where that is so.

        Sentences are read without those around them: on what is kept back of data/training that
        tells 46% of false statements, and whole texts 28%.
        """
        runs = _runs_with_facts(statement, language, evidence)
        if isinstance(runs, Flaw):
            return runs
        against = {run: _said_against(statement, language, evidence, run) for run in runs}
        runs = [run for run in runs if not against[run]]
        if not runs:
            return next(flaw for flaw in against.values() if flaw)
        run, probability = self._likeliest_run(statement, language, evidence, runs)
        wider = _wider(run, len(evidence.sentences))
        if probability < _SURE and wider:  # it may take a sentence more to say it
            other, more = self._likeliest_run(statement, language, evidence, wider)
            if more > probability:
                run, probability = other, more
        return Support(evidence, *_span(evidence, run)), probability

    def _likeliest_run(
        self, statement: str, language: str, evidence: Evidence, runs: Sequence[Run]
    ) -> tuple[Run, float]:
        readings = self._verifier.read(statement, [_readable(evidence, run) for run in runs])
        denied = denies(statement, language)
        odds = []
        for run, reading in zip(runs, readings, strict=True):
            words = evidence.words(*_span(evidence, run))
            differs = denies(words, evidence.language) != denied
            odds.append(log_odds(reading.probability) - (_DENIAL if differs else 0.0))
        best = max(range(len(runs)), key=lambda i: odds[i])
        return runs[best], logistic(odds[best])


def _said_against(statement: str, language: str, evidence: Evidence, run: Run) -> Flaw | None:
    """How some words gainsay a statement all of whose facts they give."""
    given = evidence.words(*_span(evidence, run))
    if is_contrary(statement, language, given, evidence.language):
        return Flaw.CONTRARY
    return Flaw.EXCHANGED if exchanges(statement, language, given) else None


def _readable(evidence: Evidence, run: Run) -> Readable:
    start, end = _span(evidence, run)
    inside = evidence.sentences[run[0] : run[1] + 1]
    spans = tuple(Span(a - start, b - start) for a, b in inside)
    return Readable(evidence.article.title, evidence.words(start, end), spans)


def _runs_with_facts(statement: str, language: str, evidence: Evidence) -> list[Run] | Flaw:
    """The shortest runs of sentences that give all facts of a statement; which kind none gives."""
    missing = missing_facts(statement, language, _ground(evidence, evidence.text))
    if missing:
        return _OF_FACT[missing[0].kind]
    count = len(evidence.sentences)
    found: list[Run] = []
    flaw = Flaw.MEANING
    for length in range(1, min(_LONGEST_RUN, count) + 1):
        for first in range(count - length + 1):
            run = first, first + length - 1
            if any(run[0] <= a and b <= run[1] for a, b in found):
                continue
            words = evidence.words(*_span(evidence, run))
            missing = missing_facts(statement, language, _ground(evidence, words))
            if missing:
                flaw = _OF_FACT[missing[0].kind]
            else:
                found.append(run)
    return found or flaw


def _wider(run: Run, count: int) -> list[Run]:
    """The runs with a sentence more on either side, within a passage."""
    wider = [(run[0] - 1, run[1]), (run[0], run[1] + 1)]
    return [(a, b) for a, b in wider if a >= 0 and b < count and b - a < _LONGEST_RUN]


def _span(evidence: Evidence, run: Run) -> tuple[int, int]:
    sentences = evidence.sentences
    return sentences[run[0]][0], sentences[run[1]][1]


def _ground(evidence: Evidence, words: str) -> Ground:
    article = evidence.article
    return Ground(words, evidence.language, article.title, article.source, article.published)


def _mostly_latin(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    return sum(letter < "\u0250" for letter in letters) >= len(letters) / 2


def _is_in_another(text: str, language: str) -> bool:
    own = _QUOTED.sub(" ", text)
    if language in _LATIN and not _mostly_latin(own):
        return True
    if sum(map(str.isalpha, own)) < _LETTERS:
        return False
    found, probability = detect(own)
    return found != language and probability >= _ANOTHER_LANGUAGE
