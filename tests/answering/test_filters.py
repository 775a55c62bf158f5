"""Limits written into a question: what they are, and what is none."""

from __future__ import annotations

import calendar
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.runnables import Runnable

from bot.answering.answer import Answer, Evidence
from bot.answering.chain import Question, build_chain
from bot.answering.filters import split_filter
from bot.answering.retriever import PassageRetriever
from index.query import Filter
from index.search import Search

SINCE = ["depuis", "since", "after", "desde", "seit", "dal"]
UNTIL = ["avant", "jusque", "until", "before", "hasta", "bis", "fino"]
SOURCE = ["source", "journal", "fuente", "quelle", "fonte"]
LANGUAGE = ["langue", "lang", "language", "idioma", "sprache", "lingua"]
NAMES = [*SINCE, *UNTIL, *SOURCE, *LANGUAGE]


def limits(text: str) -> Filter:
    """Of a text that is nothing else."""
    question, filter = split_filter(text)
    assert question == ""
    return filter


@pytest.mark.parametrize("name", SINCE)
def test_a_first_day_goes_by_these_names(name: str) -> None:
    filter = limits(f"{name}:2024-05-03")
    assert (filter.since is not None, filter.until) == (True, None)
    assert limits(f"{name.upper()}:2024-05-03") == filter
    assert limits(f"{name.capitalize()}:2024-05-03") == filter


@pytest.mark.parametrize("name", UNTIL)
def test_a_last_day_goes_by_these_names(name: str) -> None:
    filter = limits(f"{name}:2024-05-03")
    assert (filter.since, filter.until is not None) == (None, True)
    assert limits(f"{name.upper()}:2024-05-03") == filter
    assert limits(f"{name.capitalize()}:2024-05-03") == filter


@pytest.mark.parametrize("name", SOURCE)
def test_a_source_goes_by_these_names(name: str) -> None:
    assert limits(f"{name}:Courrier") == Filter(sources=frozenset({"Courrier"}))
    assert limits(f"{name.upper()}:Courrier") == Filter(sources=frozenset({"Courrier"}))


@pytest.mark.parametrize("name", LANGUAGE)
def test_a_language_goes_by_these_names(name: str) -> None:
    assert limits(f"{name}:fr") == Filter(languages=frozenset({"fr"}))
    assert limits(f"{name.upper()}:FR") == Filter(languages=frozenset({"fr"}))


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("2024-05", date(2024, 5, 1), date(2024, 5, 31)),
        ("2024-5", date(2024, 5, 1), date(2024, 5, 31)),
        ("2024-12", date(2024, 12, 1), date(2024, 12, 31)),
        ("2024-05-03", date(2024, 5, 3), date(2024, 5, 3)),
        ("2024-5-3", date(2024, 5, 3), date(2024, 5, 3)),
        ("03/05/2024", date(2024, 5, 3), date(2024, 5, 3)),
        ("3/5/2024", date(2024, 5, 3), date(2024, 5, 3)),
        ("03.05.2024", date(2024, 5, 3), date(2024, 5, 3)),
        ("3.5.2024", date(2024, 5, 3), date(2024, 5, 3)),
        ("05/2024", date(2024, 5, 1), date(2024, 5, 31)),
        ("5.2024", date(2024, 5, 1), date(2024, 5, 31)),
        ("29/02/2024", date(2024, 2, 29), date(2024, 2, 29)),
        ('"2024-05"', date(2024, 5, 1), date(2024, 5, 31)),
    ],
)
def test_a_date_is_a_year_a_month_or_a_day(written: str, first: date, last: date) -> None:
    assert limits(f"since:{written}") == Filter(since=first)
    assert limits(f"until:{written}") == Filter(until=last)


@given(st.integers(1, 9999), st.integers(1, 12))
def test_a_month_lasts_until_its_last_day(year: int, month: int) -> None:
    days = calendar.monthrange(year, month)[1]
    assert 28 <= days <= 31
    for written in (f"{year:04}-{month:02}", f"{month}/{year:04}"):
        assert limits(f"since:{written}").since == date(year, month, 1)
        assert limits(f"until:{written}").until == date(year, month, days)


@given(st.dates())
def test_any_day_may_be_written(day: date) -> None:
    for written in (day.isoformat(), f"{day.day}/{day.month}/{day.year:04}"):
        assert limits(f"since:{written} until:{written}") == Filter(since=day, until=day)


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ('source:"Le Courrier d’Ostwick"', {"Le Courrier d’Ostwick"}),
        ('SOURCE:"  Le Courrier "', {"Le Courrier"}),
        ("source:l’écho", {"l’écho"}),
        ("source:écho journal:gazette", {"écho", "gazette"}),
        ('source:"L\'Écho: matin"', {"L'Écho: matin"}),
    ],
)
def test_a_source_of_several_words_stands_in_quotation_marks(text: str, sources: set[str]) -> None:
    assert limits(text) == Filter(sources=frozenset(sources))


@pytest.mark.parametrize("text", ["source:“Le Courrier”", "source:«\u00a0Le Courrier\u00a0»"])
def test_quotation_marks_may_be_those_that_telephones_write(text: str) -> None:
    assert limits(text) == Filter(sources=frozenset({"Le Courrier"}))


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("since:2024 Combien coûte le tram ?", "Combien coûte le tram ?"),
        ("Combien coûte le tram ? since:2024", "Combien coûte le tram ?"),
        ("Combien since:2024 coûte le tram ?", "Combien coûte le tram ?"),
        ("  Combien\n\tcoûte\u00a0le  tram ?\nsince:2024 ", "Combien coûte le tram ?"),
    ],
)
def test_a_limit_may_stand_anywhere_in_the_question(text: str, question: str) -> None:
    assert split_filter(text) == (question, Filter(since=date(2024, 1, 1)))


def test_several_limits_are_kept_at_once() -> None:
    assert split_filter(
        'Qui a gagné ? depuis:2024-02 jusque:03/2024 langue:fr lang:EN source:écho source:"La Voce"'
    ) == (
        "Qui a gagné ?",
        Filter(
            date(2024, 2, 1),
            date(2024, 3, 31),
            frozenset({"fr", "en"}),
            frozenset({"écho", "La Voce"}),
        ),
    )


@pytest.mark.parametrize(
    "text",
    [
        "", "Combien coûte le tram ?", "http://x", "Que dit https://courrier.example/source:a ?",
        "ratio 3:2", "source:", "source: courrier", "source :courrier", 'source:""', 'source:" "',
        "depuis:", "langue:", "since: 2024", "à 12:30", "titre:tram", "::", ":2024",
        "ressource:pétrole", "(since:2024)", "l'avant:2024", "langue:français", "langue:f",
        "langue:12", "langue:éé", "lang:fra", "depuis:hier", "depuis:mai", "since:24",
        "since:20245", "since:2024-", "since:2024-13", "since:2024-00", "since:2024-02-30",
        "since:2023-02-29", "since:2024-04-31", "since:2024-01-32", "since:2024-05-00",
        "since:2024-00-05", "since:31/04/2024", "since:13/2024", "since:00/2024",
        "since:0/5/2024", "since:0000", "since:2024/05/03", "since:05-2024", "since:-2024",
        "since:2024-05-03T10:00", "until:99/99/9999",
    ],
)  # fmt: skip
def test_what_is_no_limit_stays_in_the_question(text: str) -> None:
    assert split_filter(text) == (text, Filter())
    assert split_filter(f"Combien ? {text}") == (f"Combien ? {text}".strip(), Filter())


@pytest.mark.parametrize("text", ["ſince:2024", "sınce:2024", "SİNCE:2024", "ſource:x", "dal:x"])
def test_letters_that_are_nearly_those_of_a_name_make_no_limit(text: str) -> None:
    assert split_filter(text) == (text, Filter())


@pytest.mark.parametrize("mark", ["?", "!", ",", "."])
def test_a_mark_after_a_limit_is_no_part_of_it(mark: str) -> None:
    for limit in ("since:2024", "language:fr", "source:courier"):
        question, filter = split_filter(f"How much will it cost {limit}{mark}")
        assert filter == limits(limit)
        assert question.rstrip(f" {mark}") == "How much will it cost"


LIMITS = st.sampled_from(
    ["since:2024", "UNTIL:03/2024", "langue:fr", 'source:"Le Courrier"', "journal:écho"]
)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=10).filter(
    lambda text: ":" not in text and '"' not in text
)


@given(
    st.text()
    | st.lists(st.sampled_from([*NAMES, ":", '"', "2024", "-", "/", ".", "99", "0", " "])).map(
        "".join
    )
)
def test_no_text_is_refused(text: str) -> None:
    question, _ = split_filter(text)
    assert question == " ".join(question.split())


@given(st.lists(WORDS | LIMITS, max_size=12))
def test_words_that_are_no_limits_are_all_kept_in_order(parts: list[str]) -> None:
    question, filter = split_filter(" ".join(parts))
    words = [word for part in parts if ":" not in part for word in part.split()]
    assert question == " ".join(words)
    assert bool(filter) == any(":" in part for part in parts)


@pytest.fixture(scope="module")
def chain(sample_search: Search) -> Runnable[Question, Answer]:
    return build_chain(PassageRetriever(search=sample_search))


TRAM = "Combien coûtera la ligne D du tram d’Ostwick ?"


def found(chain: Runnable[Question, Answer], text: str) -> tuple[Evidence, ...]:
    answer = chain.invoke(Question(text, "fr"))
    assert answer.question == text
    return answer.found


def test_an_answer_comes_from_the_time_that_was_asked_for(
    chain: Runnable[Question, Answer],
) -> None:
    passages = found(chain, f"{TRAM} depuis:2024-07 jusque:2024-07")
    assert passages
    for passage in passages:
        assert passage.article.published is not None
        assert passage.article.published.strftime("%Y-%m") == "2024-07"
        for copy in passage.copies:
            assert copy.published is not None
            assert copy.published.strftime("%Y-%m") == "2024-07"


def test_an_answer_comes_from_the_paper_and_the_language_that_were_asked_for(
    chain: Runnable[Question, Answer],
) -> None:
    passages = found(chain, f'{TRAM} source:"Courrier d\'Ostwick" langue:fr')
    assert passages
    assert {passage.article.source for passage in passages} == {"Le Courrier d'Ostwick"}
    assert {passage.language for passage in passages} == {"fr"}
    assert {passage.language for passage in found(chain, f"{TRAM} langue:de")} == {"de"}


def test_limits_that_no_article_meets_leave_no_answer(chain: Runnable[Question, Answer]) -> None:
    answer = chain.invoke(Question(f"{TRAM} depuis:2999", "fr"))
    assert answer.abstained
    assert (answer.nearest, answer.found) == ((), ())


def test_limits_do_not_change_what_is_searched_for_nor_its_language(
    chain: Runnable[Question, Answer],
) -> None:
    limited = Question(f"langue:fr depuis:1900 {TRAM} idioma:es language:en", "en").query
    plain = Question(TRAM, "en").query
    assert (limited.text, limited.language) == (plain.text, plain.language) == (TRAM, "fr")
    all_papers = Question(f"{TRAM} until:9999", "fr")
    dated = [item for item in found(chain, TRAM) if item.article.published]
    assert chain.invoke(all_papers).found[: len(dated)][0].text == dated[0].text
