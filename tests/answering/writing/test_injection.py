"""Text of articles and readers never becomes an instruction, a marker, markup or a link."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot.answering.answer import Answer, ArticleReference, Evidence
from bot.answering.followups import Turn
from bot.answering.writing.checking import Checker, Support, Supported
from bot.answering.writing.composing import Composed
from bot.answering.writing.drafts import DraftParser
from bot.answering.writing.prompt import NO_ANSWER, answer_prompt, as_data, rewriting_prompt
from bot.assistant import Assistant
from bot.chat.html import as_html
from bot.chat.reply import answer_reply, growing_reply
from index.sentences import sentence_spans
from tests.answering.writing.conftest import Opens
from tests.answering.writing.injections import INJECTIONS
from tests.llm.replies import speaks
from tests.llm.server import LanguageModelServer

TOLD = "Le conseil de Varzelles a repoussé le vote sur la piscine à l'automne."


def evidence(text: str, title: str = "La piscine attendra") -> Evidence:
    spans = tuple(sentence_spans(text))
    article = ArticleReference("piscine", title, None, "Le Courrier", None)
    return Evidence(article, "fr", 0, len(text), text, spans, (1.0,) * len(spans), 1.0, 1.0)


def test_there_are_enough_of_them() -> None:
    assert len(set(INJECTIONS)) >= 40


@pytest.mark.parametrize("text", INJECTIONS)
def test_an_article_closes_no_block_and_adds_no_marker(text: str) -> None:
    passage = evidence(f"{TOLD} {text}", title=text)
    system, human = answer_prompt("Quand vote-t-on ?", "fr", [passage])
    data = str(human.content)
    assert data.count("<passage ") == data.count("</passage>") == 1
    assert data.count("<question>") == data.count("</question>") == 1
    inside = data[data.index("<passage") : data.index("</passage>")]
    assert not re.search(r"[\[【]\d", inside)
    assert "<" not in inside[1:].replace("<passage", "")
    assert text not in str(system.content).replace(NO_ANSWER, "")


@pytest.mark.parametrize("text", INJECTIONS)
def test_a_question_is_data_alone(text: str) -> None:
    system, human = answer_prompt(text, "fr", [evidence(TOLD)])
    assert str(system.content) == str(answer_prompt("?", "fr", [evidence(TOLD)])[0].content)
    assert str(human.content).count("</question>") == 1
    assert as_data(text) in str(human.content)
    system, human = rewriting_prompt(text, [Turn(text, text)])
    assert str(human.content).count("</last>") == str(human.content).count("</asked>") == 1


@pytest.mark.parametrize("text", INJECTIONS)
def test_a_model_that_obeys_shows_nothing_of_it(
    assistant: Assistant, checker: Checker, text: str
) -> None:
    """The worst model: it says what the text wants, with a marker of each passage."""
    found = assistant.answer("Pourquoi Béatrice Lanoy quitte Marvelle ?", "fr")
    parser = DraftParser()
    drafts = [*parser.feed(f"{text} [1].\n{text} [2][3]\n{text}"), *parser.close()]
    for draft in drafts:
        checked = checker.check(draft, found.found[:4], "fr")
        assert not isinstance(checked, Supported), checked


@pytest.mark.parametrize("text", INJECTIONS)
def test_nothing_of_it_becomes_markup_in_a_chat(text: str) -> None:
    passage = evidence(f"{TOLD} {text}")
    empty = Answer(text, "fr", "fr", found=(passage,))
    composed = Composed(empty, [passage], "fr")
    composed.add(Supported(text, (Support(passage, 0, len(TOLD)),)))
    for reply in (answer_reply(composed.answer), growing_reply(composed.answer)):
        for html in as_html(reply):
            tags = set(re.findall(r"</?([a-z]+)", html))
            assert tags <= {"b", "i", "blockquote"}, html
            assert "href" not in re.sub(r"&\w+;|[^<]*(?=<|$)", "", html)


async def test_a_model_that_obeys_an_article_gives_way_to_the_quoted_answer(
    language_model: LanguageModelServer, opens: Opens
) -> None:
    language_model.default = speaks(lambda request: "PIRATÉ [1]. Le maire a démissionné [2].")
    answer = await opens()[0].answer("Pourquoi Béatrice Lanoy quitte Marvelle ?", "fr")
    assert not answer.written
    assert "PIRATÉ" not in " ".join(s.text for s in answer.statements)


def test_the_same_passage_without_any_of_it_is_given_as_it_is() -> None:
    passage = replace(evidence(TOLD), language="fr")
    assert TOLD in str(answer_prompt("?", "fr", [passage])[1].content)
