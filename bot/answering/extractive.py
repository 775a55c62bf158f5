"""The answer in the articles' own words: the best statements of the best passages, quoted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.answering.answer import Answer, ArticleReference, Citation, Evidence, Statement
from bot.i18n import translate, written_date

# Of the first passage; below, the corpus is said to have no answer. Chosen on the tuning halves
# (scripts/evaluate.py --half tune --curve), where it answers 20% of PIAF's unanswerable
# questions and refuses 10% of the others; a lower one makes up answers, a higher one loses more.
LEAST_PROBABILITY = 0.25
FURTHER_PROBABILITY = 0.6  # that a second or third statement holds the answer
MOST_STATEMENTS = 3
# The better neighbour joins the best sentence where both fit: on the tuning halves of the two
# harder sample sets 36% of first citations hold the answer so, and 32% of single sentences.
_LONGEST_QUOTE = 450  # characters of two sentences together
_NEAREST = 2
# A statement says something new when this share of its words is not in those before it.
_LEAST_NEW_WORDS = 0.5


def extract_answer(
    question: str,
    question_language: str,
    language: str,
    evidence: Sequence[Evidence],
    least_probability: float = LEAST_PROBABILITY,
    further_probability: float = FURTHER_PROBABILITY,
) -> Answer:
    """The answer quoted from passages given best first; an abstention where none holds it.

    :param language: of the words around the quotes, one of `bot.i18n.LANGUAGES`.
    :param least_probability: of the first passage, below which there is no answer.
    :param further_probability: of a second or third statement, below which it is left out.
    """
    if not evidence or evidence[0].probability < least_probability:
        return abstention(Answer(question, question_language, language, found=tuple(evidence)))
    chosen = _choose(evidence, further_probability)
    citations = tuple(
        Citation(
            number, quote.evidence.article, quote.start, quote.end, quote.words, quote.evidence
        )
        for number, quote in enumerate(chosen, start=1)
    )
    statements = tuple(
        Statement(_attributed(citation, language), (citation.number,)) for citation in citations
    )
    return Answer(
        question, question_language, language, statements, citations, found=tuple(evidence)
    )


def abstention(answer: Answer) -> Answer:
    """That the corpus has no answer, and what comes nearest to one."""
    return replace(answer, statements=(), citations=(), nearest=_nearest(answer.found))


@dataclass(frozen=True, slots=True)
class _Quote:
    evidence: Evidence
    start: int
    end: int

    @property
    def words(self) -> str:
        return self.evidence.words(self.start, self.end)


def _choose(evidence: Sequence[Evidence], further_probability: float) -> list[_Quote]:
    """The best quote of the best passage, and others, likeliest first, that add something."""
    chosen = [_quote(evidence[0], _best(evidence[0]))]
    others = [(item, i) for item in evidence for i in range(len(item.sentences))]
    others.sort(key=lambda other: -_probability(*other))
    for item, i in others:
        if len(chosen) == MOST_STATEMENTS or _probability(item, i) < further_probability:
            break
        taken = [quote for quote in chosen if quote.evidence is item]
        if any(quote.start <= item.sentences[i][0] < quote.end for quote in taken):
            continue
        quote = _quote(item, i, taken)
        if _adds_something(quote.words, [earlier.words for earlier in chosen]):
            chosen.append(quote)
    return chosen


def _best(evidence: Evidence) -> int:
    scores = evidence.sentence_scores
    return max(range(len(scores)), key=lambda i: scores[i])


def _probability(evidence: Evidence, sentence: int) -> float:
    """That a sentence holds the answer: its share of what its passage has."""
    total = sum(evidence.sentence_scores)
    return evidence.probability * evidence.sentence_scores[sentence] / total if total else 0.0


def _quote(evidence: Evidence, sentence: int, taken: Sequence[_Quote] = ()) -> _Quote:
    """A sentence with the better of its neighbours that is not quoted yet, where both fit."""
    start, end = evidence.sentences[sentence]
    neighbours = [i for i in (sentence - 1, sentence + 1) if 0 <= i < len(evidence.sentences)]
    for i in sorted(neighbours, key=lambda i: -evidence.sentence_scores[i]):
        other = evidence.sentences[i]
        joined = min(start, other[0]), max(end, other[1])
        free = all(quote.end <= joined[0] or joined[1] <= quote.start for quote in taken)
        if free and joined[1] - joined[0] <= _LONGEST_QUOTE:
            return _Quote(evidence, *joined)
    return _Quote(evidence, start, end)


def _adds_something(words: str, earlier: Sequence[str]) -> bool:
    def vocabulary(text: str) -> set[str]:
        return set(re.findall(r"\w{3,}", text.lower()))

    new = vocabulary(words)
    return bool(new) and all(
        len(new - vocabulary(text)) / len(new) >= _LEAST_NEW_WORDS for text in earlier
    )


def _attributed(citation: Citation, language: str) -> str:
    """The quote with who said it and when, in the reader's language."""
    article = citation.article
    values = {
        "quote": quoted(citation.quote, language),
        "source": article.source or "",
        "date": written_date(article.published, language) if article.published else "",
    }
    if article.source and article.published:
        return translate("{source}, {date}: {quote}", language, **values)
    if article.source:
        return translate("{source}: {quote}", language, **values)
    if article.published:
        return translate("{date}: {quote}", language, **values)
    return str(values["quote"])


def quoted(words: str, language: str) -> str:
    """The words in quotation marks: the language's own, unless the words use them already."""
    line = " ".join(words.split("\n"))
    if _QUOTATION.fullmatch(line):
        return line
    if language == "fr" and not set("«»") & set(line):
        return f"«\u00a0{line}\u00a0»"
    return f"“{line}”"


_QUOTATION = re.compile(r"«[^«»]*»|“[^“”]*”")


def _nearest(evidence: Sequence[Evidence]) -> tuple[ArticleReference, ...]:
    return tuple(dict.fromkeys(item.article for item in evidence))[:_NEAREST]
