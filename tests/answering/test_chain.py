"""Answers to the questions that ship with the sample, from the question to the citations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.answering.answer import Answer
from bot.assistant import Assistant, open_assistant
from bot.settings import Settings
from index.articles.article import BlockKind
from index.articles.structure import blocks
from index.search import Search

QUESTIONS = Path(__file__).parents[2] / "data" / "sample" / "questions.jsonl"


@pytest.fixture(scope="module")
def assistant(sample_index: Path, models_dir: Path) -> Iterator[Assistant]:
    """What the bot answers with."""
    opened = open_assistant(Settings(index_dir=sample_index, models_dir=models_dir))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def answers(assistant: Assistant) -> list[Answer]:
    lines = QUESTIONS.read_text(encoding="utf-8").splitlines()
    some = lines[::7]  # in all its languages
    return [assistant.answer(json.loads(line)["question"], "fr") for line in some]


def _citations(answers: list[Answer], search: Search) -> Iterator[tuple[str, int, int, str]]:
    for answer in answers:
        for citation in answer.citations:
            article = search.store.article(citation.article.id)
            assert article is not None, citation.article.id
            yield article.body, citation.start, citation.end, citation.quote


@pytest.mark.slow
def test_every_quote_is_in_its_article_character_for_character(
    answers: list[Answer], sample_search: Search
) -> None:
    citations = list(_citations(answers, sample_search))
    assert citations
    for body, start, end, quote in citations:
        assert body[start:end] == quote
        assert quote.strip() == quote != ""


@pytest.mark.slow
def test_captions_and_cross_references_are_never_quoted(
    answers: list[Answer], sample_search: Search
) -> None:
    for body, start, end, quote in _citations(answers, sample_search):
        for block in blocks(body):
            if block.kind is BlockKind.FURNITURE:
                assert block.end <= start or end <= block.start, quote


@pytest.mark.slow
def test_an_answer_has_statements_or_the_nearest_articles(answers: list[Answer]) -> None:
    for answer in answers:
        assert bool(answer.statements) == bool(answer.citations) != answer.abstained
        assert bool(answer.nearest) == answer.abstained


@pytest.mark.parametrize(
    ("question", "reader", "asked_in", "answered_in"),
    [
        ("Combien coûtera la ligne D du tram d’Ostwick ?", "en", "fr", "fr"),
        ("How much will the new tram line in Ostwick cost?", "fr", "en", "en"),
        ("¿Cuánto costará la nueva línea de tranvía de Ostwick?", "en", "es", "en"),
        ("Wie viel wird die neue Straßenbahnlinie in Ostwick kosten?", "fr", "de", "fr"),
    ],
)
def test_an_answer_is_worded_in_the_language_of_the_question_or_else_of_the_reader(
    assistant: Assistant, question: str, reader: str, asked_in: str, answered_in: str
) -> None:
    answer = assistant.answer(question, reader)
    assert (answer.question, answer.question_language) == (question, asked_in)
    assert answer.language == answered_in


def test_what_no_article_speaks_of_is_not_answered(assistant: Assistant) -> None:
    answer = assistant.answer("Quelle est la capitale de l’Australie ?", "fr")
    assert answer.abstained
    assert len({article.id for article in answer.nearest}) == len(answer.nearest) > 0
