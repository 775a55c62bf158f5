"""Figures from what a system answered, by the names under which they are reported."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sklearn.metrics import roc_auc_score

from scripts.evaluation.dataset import Expected, Question

Figures = dict[str, float]
RANKED = 10  # articles whose order counts


@dataclass(frozen=True, slots=True)
class Quoted:
    """One citation: its words, and every article that holds them."""

    articles: frozenset[str]
    words: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a system made of one question."""

    question: Question
    ranked: tuple[frozenset[str], ...]  # articles, best first; copies of one article together
    citations: tuple[Quoted, ...]  # with abstention off
    shipped: tuple[Quoted, ...]  # at the shipped threshold; none is an abstention
    probability: float  # that the first passage answers: what the threshold is compared with
    seconds: float

    def rank(self, expected: Expected) -> float:
        """Of an article, from 1; infinite where it is not among the first ten."""
        for rank, articles in enumerate(self.ranked[:RANKED], start=1):
            if expected.article in articles:
                return rank
        return math.inf

    @property
    def first_rank(self) -> float:
        return min((self.rank(expected) for expected in self.question.answers), default=math.inf)


def measured(outcomes: Sequence[Outcome]) -> Figures:
    """What is asked of an answer, of a ranking and of a refusal; shares are in [0, 1]."""
    answerable = [outcome for outcome in outcomes if outcome.question.answers]
    unanswerable = [outcome for outcome in outcomes if not outcome.question.answers]
    times = sorted(outcome.seconds * 1000 for outcome in outcomes)
    figures: Figures = {
        "answerable": len(answerable),
        "unanswerable": len(unanswerable),
        **{f"recall@{k}": _share(o.first_rank <= k for o in answerable) for k in (1, 5, 10)},
        "mrr@10": _share(1 / o.first_rank for o in answerable),
        "ndcg@10": _share(_ndcg(o) for o in answerable),
    }
    for k in (1, 3):
        figures[f"answer_in_citation@{k}"] = _share(
            quotes_answer(o.question.answers, o.citations[:k], o.question.anywhere)
            for o in answerable
        )
    for k in (1, 3):
        figures[f"answer_in_citation@{k}_shipped"] = _share(
            quotes_answer(o.question.answers, o.shipped[:k], o.question.anywhere)
            for o in answerable
        )
    if unanswerable:
        figures |= _abstention(answerable, unanswerable)
    figures["p50_ms"] = statistics.median(times) if times else math.nan
    figures["p95_ms"] = times[math.ceil(0.95 * len(times)) - 1] if times else math.nan
    return figures


def _abstention(answerable: Sequence[Outcome], unanswerable: Sequence[Outcome]) -> Figures:
    figures = {
        "abstention_auroc": auroc(answerable, unanswerable),
        "false_answer_rate": _share(bool(o.shipped) for o in unanswerable),
        "false_abstention_rate": _share(not o.shipped for o in answerable),
    }
    elsewhere = [o for o in unanswerable if answered_elsewhere(o)]
    if any(o.question.left_out for o in unanswerable):
        rest = [o for o in unanswerable if o not in elsewhere]
        figures |= {
            "answered_elsewhere": len(elsewhere),
            "abstention_auroc_without_them": auroc(answerable, rest),
            "false_answer_rate_without_them": _share(bool(o.shipped) for o in rest),
        }
    return figures


def answered_elsewhere(outcome: Outcome) -> bool:
    """Whether the first citation holds the words that answer a question that was left out:
    another article says the same."""
    return quotes_answer(outcome.question.left_out, outcome.citations[:1], anywhere=True)


def quotes_answer(answers: Iterable[Expected], citations: Iterable[Quoted], anywhere: bool) -> bool:
    """Whether the words of one of the answers stand in one of the citations."""
    quotes = [(citation.articles, plain(citation.words)) for citation in citations]
    return any(
        plain(expected.words) in words and (anywhere or expected.article in articles)
        for expected in answers
        for articles, words in quotes
    )


def auroc(answerable: Sequence[Outcome], unanswerable: Sequence[Outcome]) -> float:
    """Chance that a question with an answer gets a higher probability than one without; ties
    count half."""
    if not (answerable and unanswerable):
        return math.nan
    outcomes = [*answerable, *unanswerable]
    with_answer = [True] * len(answerable) + [False] * len(unanswerable)
    return float(roc_auc_score(with_answer, [outcome.probability for outcome in outcomes]))


def curve(outcomes: Sequence[Outcome], thresholds: Sequence[float]) -> list[tuple[float, ...]]:
    """(threshold, false answers, false abstentions) for each threshold."""
    answerable = [outcome for outcome in outcomes if outcome.question.answers]
    unanswerable = [outcome for outcome in outcomes if not outcome.question.answers]
    return [
        (
            threshold,
            _share(outcome.probability >= threshold for outcome in unanswerable),
            _share(outcome.probability < threshold for outcome in answerable),
        )
        for threshold in thresholds
    ]


def false_answers_at(outcomes: Sequence[Outcome], abstentions: Sequence[float]) -> list[float]:
    """The least share of false answers at each share of false abstentions; not a number where
    no question has an answer."""
    answerable = sorted(o.probability for o in outcomes if o.question.answers)
    unanswerable = [o.probability for o in outcomes if not o.question.answers]
    if not answerable:
        return [math.nan] * len(abstentions)
    thresholds = [
        answerable[min(int(share * len(answerable)), len(answerable) - 1)] for share in abstentions
    ]
    return [_share(p >= threshold for p in unanswerable) for threshold in thresholds]


def plain(text: str) -> str:
    """Blank space of all kinds and apostrophes made one."""
    return " ".join(text.replace("’", "'").split())


def _ndcg(outcome: Outcome) -> float:
    """Järvelin & Kekäläinen 2002, with a gain of 1 for each answering article."""
    ranks = {expected.article: outcome.rank(expected) for expected in outcome.question.answers}
    # Copies of one article share a rank: they count once. What was not found has no rank to
    # share.
    found = {rank for rank in ranks.values() if rank < math.inf}
    best = len(found) + sum(rank == math.inf for rank in ranks.values())
    gain = sum(1 / math.log2(1 + rank) for rank in found)
    return gain / sum(1 / math.log2(1 + place) for place in range(1, min(best, RANKED) + 1))


def _share(values: Iterable[float]) -> float:
    found = [float(value) for value in values]
    return sum(found) / len(found) if found else math.nan
