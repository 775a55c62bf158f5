"""What is said of the passages found: quotes with numbers, or nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering.answer import Evidence
from bot.answering.extractive import extract_answer, quoted
from tests.answering.generated import TRAM, evidence, found_passages

QUESTION = "Que coûtera le tram ?"
COST = "La ligne coûtera 310 millions d’euros, soit 40 de plus que prévu."
OPENING = "Elle ouvrira fin mars 2027, sept mois après la date promise aux habitants d’Ostwick."
TICKET = "Le ticket passera de 1,80 à 1,90 euro au premier janvier, annonce la présidente."

languages = st.sampled_from(["fr", "en"])


def test_without_evidence_nothing_is_said() -> None:
    answer = extract_answer(QUESTION, "fr", "fr", [])
    assert answer.abstained
    assert (answer.citations, answer.nearest, answer.further) == ((), (), ())


def test_where_no_passage_answers_the_nearest_articles_are_named_each_once() -> None:
    other, third = replace(TRAM, id="b"), replace(TRAM, id="c")
    found = [
        evidence(text, article, probability=0.0)
        for text, article in [(COST, TRAM), (OPENING, TRAM), (TICKET, other), (COST, third)]
    ]
    answer = extract_answer(QUESTION, "fr", "fr", found)
    assert answer.abstained
    assert answer.citations == ()
    assert answer.nearest == (TRAM, other)


def test_statements_cite_their_passages_in_order_from_one() -> None:
    found = [
        evidence(text, replace(TRAM, id=name), start=start)
        for name, text, start in [("a", COST, 0), ("b", OPENING, 310), ("c", TICKET, 12)]
    ]
    answer = extract_answer(QUESTION, "fr", "fr", found)
    assert [statement.citations for statement in answer.statements] == [(1,), (2,), (3,)]
    assert [(c.number, c.article.id, c.start, c.quote) for c in answer.citations] == [
        (1, "a", 0, COST),
        (2, "b", 310, OPENING),
        (3, "c", 12, TICKET),
    ]


@pytest.mark.parametrize("again", [COST, COST.upper(), f"{COST} Oui."])
def test_what_was_said_is_not_said_again(again: str) -> None:
    found = [evidence(COST), evidence(again, replace(TRAM, id="b"))]
    answer = extract_answer(QUESTION, "fr", "fr", found)
    assert [citation.quote for citation in answer.citations] == [COST]
    assert answer.further == (found[1],)


@pytest.mark.parametrize(
    ("source", "dated", "language", "expected"),
    [
        ("Le Courrier", True, "fr", f"Le Courrier, 3 mai 2024 : «\u00a0{COST}\u00a0»"),
        ("Le Courrier", True, "en", f"Le Courrier, 3 May 2024: “{COST}”"),
        ("Le Courrier", False, "fr", f"Le Courrier : «\u00a0{COST}\u00a0»"),
        (None, True, "en", f"3 May 2024: “{COST}”"),
        (None, False, "fr", f"«\u00a0{COST}\u00a0»"),
        ("{quote} & co", False, "en", f"{{quote}} & co: “{COST}”"),
    ],
)
def test_a_statement_says_who_wrote_it_and_when(
    source: str | None, dated: bool, language: str, expected: str
) -> None:
    article = replace(TRAM, source=source, published=TRAM.published if dated else None)
    [statement] = extract_answer(QUESTION, "fr", language, [evidence(COST, article)]).statements
    # How much space French wants before a colon is the catalogue's to say.
    assert statement.text.replace("\u202f:", " :").replace("\u00a0:", " :") == expected


@pytest.mark.parametrize(
    ("words", "language", "expected"),
    [
        ("Le tram coûte.", "fr", "«\u00a0Le tram coûte.\u00a0»"),
        ("Le tram coûte.", "en", "“Le tram coûte.”"),
        ("«\u00a0Le tram coûte.\u00a0»", "fr", "«\u00a0Le tram coûte.\u00a0»"),
        ("“Trams cost.”", "en", "“Trams cost.”"),
        ("Il dit «\u00a0non\u00a0».", "fr", "“Il dit «\u00a0non\u00a0».”"),
        ("«\u00a0Oui\u00a0», «\u00a0non\u00a0»", "fr", "“«\u00a0Oui\u00a0», «\u00a0non\u00a0»”"),
        ("Une ligne\nen deux.", "fr", "«\u00a0Une ligne en deux.\u00a0»"),
    ],
)  # fmt: skip
def test_quotation_marks_are_those_of_the_language_unless_the_words_use_them(
    words: str, language: str, expected: str
) -> None:
    assert quoted(words, language) == expected


@given(found_passages(), languages)
def test_a_quote_is_the_very_words_of_its_passage(found: list[Evidence], language: str) -> None:
    answer = extract_answer(QUESTION, "fr", language, found)
    for citation in answer.citations:
        passage = citation.evidence
        assert passage in found
        assert citation.article == passage.article
        assert passage.start <= citation.start < citation.end <= passage.end
        assert passage.text[citation.start - passage.start :].startswith(citation.quote)
        assert len(citation.quote) == citation.end - citation.start


@given(found_passages(), languages)
def test_every_statement_shows_the_words_that_it_cites(
    found: list[Evidence], language: str
) -> None:
    answer = extract_answer(QUESTION, "fr", language, found)
    quotes = {citation.number: citation.quote for citation in answer.citations}
    for statement in answer.statements:
        assert statement.citations
        for number in statement.citations:
            assert " ".join(quotes[number].split("\n")) in statement.text


@given(found_passages(), languages)
def test_citations_are_numbered_from_one_in_order_of_mention(
    found: list[Evidence], language: str
) -> None:
    answer = extract_answer(QUESTION, "fr", language, found)
    mentioned = [number for statement in answer.statements for number in statement.citations]
    count = len(answer.citations)
    assert [citation.number for citation in answer.citations] == list(range(1, count + 1))
    assert list(dict.fromkeys(mentioned)) == list(range(1, count + 1))


@given(found_passages(), languages)
def test_no_words_are_quoted_twice(found: list[Evidence], language: str) -> None:
    quotes = [citation.quote for citation in extract_answer("?", "fr", language, found).citations]
    assert len(set(quotes)) == len(quotes)


@given(found_passages(), languages)
def test_further_sources_are_those_not_cited(found: list[Evidence], language: str) -> None:
    answer = extract_answer(QUESTION, "fr", language, found)
    cited = [citation.evidence for citation in answer.citations]
    assert len(answer.further) == len(found) - len(cited)
    assert all(item not in answer.further for item in cited)
    assert answer.abstained == (not cited)
    assert all(article in [item.article for item in found] for article in answer.nearest)
