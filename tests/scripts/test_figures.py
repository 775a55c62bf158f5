"""Figures, on outcomes made by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from scripts.evaluation.dataset import Expected, Half, Question
from scripts.evaluation.figures import (
    Outcome,
    Quoted,
    answered_elsewhere,
    curve,
    false_answers_at,
    measured,
    quotes_answer,
)

RANKING = ["recall@1", "recall@5", "recall@10", "mrr@10", "ndcg@10"]
ANSWERING = [
    "answer_in_citation@1",
    "answer_in_citation@3",
    "answer_in_citation@1_shipped",
    "answer_in_citation@3_shipped",
]
ABSTAINING = ["abstention_auroc", "false_answer_rate", "false_abstention_rate"]
ELSEWHERE = [
    "answered_elsewhere",
    "abstention_auroc_without_them",
    "false_answer_rate_without_them",
]
TIMES = ["p50_ms", "p95_ms"]


def question(
    *answers: tuple[str, str], left_out: Sequence[tuple[str, str]] = (), anywhere: bool = True
) -> Question:
    """Answered by (article, words)."""
    return Question(
        "q",
        "Combien ?",
        "fr",
        "d",
        Half.REPORT,
        tuple(Expected(*answer) for answer in answers),
        tuple(Expected(*answer) for answer in left_out),
        anywhere,
    )


def quoted(words: str, *articles: str) -> Quoted:
    return Quoted(frozenset(articles or ["a"]), words)


def outcome(
    asked: Question,
    ranked: Sequence[str | set[str]] = (),
    citations: Sequence[Quoted] = (),
    shipped: Sequence[Quoted] | None = None,
    probability: float = 0.5,
    seconds: float = 0.01,
) -> Outcome:
    return Outcome(
        asked,
        tuple(frozenset({r} if isinstance(r, str) else r) for r in ranked),
        tuple(citations),
        tuple(citations if shipped is None else shipped),
        probability,
        seconds,
    )


def at_rank(rank: int) -> Outcome:
    """The one answering article, so far down."""
    return outcome(question(("a", "x")), [*(f"other {i}" for i in range(1, rank)), "a", "z"])


NOWHERE = outcome(question(("a", "x")), ["b", "c"])
UNANSWERABLE = question()


def test_the_figures_have_exactly_these_names() -> None:
    assert list(measured([at_rank(1)])) == [
        "answerable", "unanswerable", *RANKING, *ANSWERING, *TIMES,
    ]  # fmt: skip
    both = [at_rank(1), outcome(UNANSWERABLE)]
    assert list(measured(both)) == [
        "answerable", "unanswerable", *RANKING, *ANSWERING, *ABSTAINING, *TIMES,
    ]  # fmt: skip
    held_out = [at_rank(1), outcome(question(left_out=[("a", "x")]))]
    assert list(measured(held_out)) == [
        "answerable", "unanswerable", *RANKING, *ANSWERING, *ABSTAINING, *ELSEWHERE, *TIMES,
    ]  # fmt: skip


def test_recall_and_mrr_count_the_rank_of_the_first_answering_article() -> None:
    figures = measured([at_rank(1), at_rank(3), at_rank(5), at_rank(10), at_rank(11), NOWHERE])
    assert figures["answerable"] == 6
    assert figures["recall@1"] == pytest.approx(1 / 6)
    assert figures["recall@5"] == pytest.approx(3 / 6)
    assert figures["recall@10"] == pytest.approx(4 / 6)
    assert figures["mrr@10"] == pytest.approx((1 + 1 / 3 + 1 / 5 + 1 / 10) / 6)
    gains = 1 + 1 / math.log2(4) + 1 / math.log2(6) + 1 / math.log2(11)
    assert figures["ndcg@10"] == pytest.approx(gains / 6)


def test_of_two_answering_articles_the_first_counts_for_recall_and_both_for_ndcg() -> None:
    asked = question(("a", "x"), ("b", "y"))
    figures = measured([outcome(asked, ["c", "b", "d", "a"])])
    assert (figures["recall@1"], figures["recall@5"], figures["mrr@10"]) == (0, 1, 0.5)
    best = 1 + 1 / math.log2(3)
    assert figures["ndcg@10"] == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / best)
    assert measured([outcome(asked, ["b", "a"])])["ndcg@10"] == pytest.approx(1)
    assert measured([outcome(asked, ["b", "c"])])["ndcg@10"] == pytest.approx(1 / best)


def test_copies_of_one_article_share_a_rank_and_count_once() -> None:
    copies = question(("a", "x"), ("copy of a", "x"))
    assert measured([outcome(copies, [{"a", "copy of a"}])])["ndcg@10"] == 1
    second = measured([outcome(copies, ["c", {"a", "copy of a"}])])
    assert second["ndcg@10"] == pytest.approx(1 / math.log2(3))
    assert second["mrr@10"] == 0.5


def test_an_article_counts_once_however_many_of_its_words_answer() -> None:
    assert measured([outcome(question(("a", "x"), ("a", "y")), ["a"])])["ndcg@10"] == 1


@given(st.sets(st.integers(1, 10), max_size=6), st.integers(0, 6))
def test_ndcg_is_that_of_scikit_learn(ranks: set[int], missing: int) -> None:
    if not ranks and not missing:
        return
    names = [f"a{rank}" for rank in range(1, 11)]
    wanted = [f"a{rank}" for rank in sorted(ranks)] + [f"missing {i}" for i in range(missing)]
    ours = measured([outcome(question(*((name, "x") for name in wanted)), names)])["ndcg@10"]
    everything = [*names, *(f"missing {i}" for i in range(missing)), "one more"]
    relevant = [[float(name in wanted) for name in everything]]
    scores = [[-float(place) for place in range(len(everything))]]
    assert ours == pytest.approx(ndcg_score(relevant, scores, k=10))


def test_the_answer_is_looked_for_in_the_first_citation_and_in_the_first_three() -> None:
    asked = question(("a", "le 12 mars"))
    nothing, answer = quoted("Il pleut."), quoted("Il rouvre le 12 mars.")
    figures = measured(
        [
            outcome(asked, citations=[answer]),
            outcome(asked, citations=[nothing, nothing, answer]),
            outcome(asked, citations=[nothing, nothing, nothing, answer]),
            outcome(asked, citations=[answer], shipped=[]),
        ]
    )
    assert figures["answer_in_citation@1"] == 2 / 4
    assert figures["answer_in_citation@3"] == 3 / 4
    assert figures["answer_in_citation@1_shipped"] == 1 / 4
    assert figures["answer_in_citation@3_shipped"] == 2 / 4


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Il rouvre le 12 mars.", True),
        ("Il rouvre le\u00a012\nmars.", True),
        ("Il rouvre le 12\u202fmars.", True),
        ("Il rouvre le 12.", False),
        ("Le 12 mars, il rouvre.", False),
        ("", False),
    ],
)
def test_an_answer_is_in_a_quote_whatever_its_blanks(words: str, found: bool) -> None:
    assert quotes_answer([Expected("a", "le 12 mars")], [quoted(words)], True) is found


def test_an_answer_is_in_a_quote_whatever_its_apostrophes() -> None:
    assert quotes_answer([Expected("a", "l'été")], [quoted("Vint l’été.")], True)
    assert quotes_answer([Expected("a", "l’été")], [quoted("Vint l'été.")], True)


def test_words_count_anywhere_or_in_an_answering_article_alone() -> None:
    asked = [Expected("a", "douze")]
    elsewhere, copy = quoted("Elle a douze ans.", "b"), quoted("Douze, soit douze.", "b", "a")
    assert quotes_answer(asked, [elsewhere], anywhere=True)
    assert not quotes_answer(asked, [elsewhere], anywhere=False)
    assert quotes_answer(asked, [copy], anywhere=False)
    figures = measured([outcome(question(("a", "douze"), anywhere=False), citations=[elsewhere])])
    assert figures["answer_in_citation@1"] == 0


def probable(answerable: Sequence[float], unanswerable: Sequence[float]) -> list[Outcome]:
    asked = question(("a", "x"))
    return [
        *(outcome(asked, probability=p) for p in answerable),
        *(outcome(UNANSWERABLE, probability=p) for p in unanswerable),
    ]


@pytest.mark.parametrize(
    ("answerable", "unanswerable", "expected"),
    [
        ([0.9, 0.8], [0.1, 0.2], 1.0),
        ([0.1], [0.9], 0.0),
        ([0.5], [0.5], 0.5),
        ([0.9, 0.5], [0.5, 0.1], 3.5 / 4),
        ([0.9, 0.2], [0.5], 0.5),
    ],
)
def test_auroc_counts_ties_half(
    answerable: list[float], unanswerable: list[float], expected: float
) -> None:
    figures = measured(probable(answerable, unanswerable))
    assert figures["abstention_auroc"] == pytest.approx(expected)


def test_wrong_answers_and_wrong_refusals_are_those_of_the_shipped_threshold() -> None:
    asked, quote = question(("a", "x")), quoted("x")
    figures = measured(
        [
            outcome(asked, citations=[quote], shipped=[quote]),
            outcome(asked, citations=[quote], shipped=[]),
            outcome(asked, citations=[quote], shipped=[]),
            outcome(UNANSWERABLE, citations=[quote], shipped=[quote]),
            outcome(UNANSWERABLE, citations=[quote], shipped=[]),
        ]
    )
    assert figures["false_abstention_rate"] == pytest.approx(2 / 3)
    assert figures["false_answer_rate"] == 1 / 2


def test_an_answer_that_another_article_holds_is_counted_apart() -> None:
    held_out = question(left_out=[("gone", "le 12 mars")])
    told = outcome(held_out, citations=[quoted("Réouverture le 12 mars.", "b")], probability=0.9)
    made_up = outcome(held_out, citations=[quoted("Il pleut.", "b")], probability=0.4)
    refused = outcome(held_out, citations=[quoted("Il pleut.")], shipped=[], probability=0.1)
    answered = outcome(question(("a", "x")), ["a"], [quoted("x")], probability=0.5)
    assert answered_elsewhere(told)
    assert not answered_elsewhere(made_up)
    figures = measured([answered, told, made_up, refused])
    assert figures["answered_elsewhere"] == 1
    assert figures["false_answer_rate"] == pytest.approx(2 / 3)
    assert figures["false_answer_rate_without_them"] == 1 / 2
    assert figures["abstention_auroc"] == pytest.approx(2 / 3)
    assert figures["abstention_auroc_without_them"] == 1


def test_times_are_in_milliseconds() -> None:
    times = [seconds / 1000 for seconds in range(20, 0, -1)]
    figures = measured([outcome(question(("a", "x")), seconds=each) for each in times])
    assert figures["p50_ms"] == pytest.approx(10.5)
    assert figures["p95_ms"] == pytest.approx(19)


def test_a_figure_of_nothing_is_not_a_number() -> None:
    none_answerable = measured([outcome(UNANSWERABLE)])
    assert math.isnan(none_answerable["recall@1"])
    assert math.isnan(none_answerable["abstention_auroc"])
    assert none_answerable["false_answer_rate"] == 0
    assert math.isnan(measured([])["p50_ms"])


def test_the_curve_has_both_error_rates_at_each_threshold() -> None:
    outcomes = probable([0.9, 0.4], [0.4, 0.1])
    assert curve(outcomes, [0.05, 0.4, 0.5, 0.95]) == [
        (0.05, 1.0, 0.0),
        (0.4, 0.5, 0.0),  # at the threshold it is answered
        (0.5, 0.0, 0.5),
        (0.95, 0.0, 1.0),
    ]


def test_refusing_more_of_the_answerable_questions_leaves_fewer_false_answers() -> None:
    outcomes = probable([0.2, 0.4, 0.6, 0.8], [0.1, 0.3, 0.5, 0.7])
    shares = false_answers_at(outcomes, [0.0, 0.24, 0.25, 0.5, 0.75, 1.0])
    assert shares == [0.75, 0.75, 0.5, 0.25, 0.0, 0.0]


SHARES = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=12)


@given(SHARES, SHARES)
def test_no_threshold_refuses_as_few_and_answers_less(
    answerable: list[float], unanswerable: list[float]
) -> None:
    outcomes = probable(answerable, unanswerable)
    for abstentions in (0.0, 0.1, 0.5):
        (least,) = false_answers_at(outcomes, [abstentions])
        for _, answered, refused in curve(outcomes, [0.0, 0.1, 0.25, 0.5, 0.75, 1.0]):
            assert answered >= least or refused > abstentions


def test_where_no_question_has_an_answer_no_share_of_them_is_refused() -> None:
    assert all(map(math.isnan, false_answers_at(probable([], [0.5]), [0.0, 0.3])))
    assert all(map(math.isnan, false_answers_at(probable([0.5], []), [0.0, 0.3])))
