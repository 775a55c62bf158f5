"""What a reader gets of what a language model writes, whatever it writes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Literal

import pytest

from bot.answering.answer import Answer
from tests.answering.writing.conftest import Opens
from tests.llm.recording import Request
from tests.llm.replies import (
    Behaviour,
    Reply,
    breaks_off,
    empty,
    endless,
    ends_early,
    fails,
    garbage,
    says,
    slow,
    speaks,
    stalls,
    too_long,
    trails_off,
)
from tests.llm.server import LanguageModelServer

QUESTION = "Pourquoi Béatrice Lanoy quitte Marvelle ?"
HOURS = "Elle était rémunérée dix heures par semaine"
TRUE = "Béatrice Lanoy était rémunérée dix heures par semaine et le pôle lui offre un temps plein"
ENGLISH = "Béatrice Lanoy was paid for ten hours a week, and the new post is full time"


def number_of(words: str, request: Request) -> int:
    """The number of the passage that holds some words."""
    passages = re.findall(r'<passage number="(\d+)".*?</passage>', request.text, re.DOTALL)
    texts = re.findall(r'<passage number="\d+".*?</passage>', request.text, re.DOTALL)
    return next(int(n) for n, text in zip(passages, texts, strict=True) if words in text)


def citing(statement: str, words: str = HOURS) -> Callable[[Request], str]:
    return lambda request: f"{statement} [{number_of(words, request)}]."


def wrongly_citing(statement: str) -> Callable[[Request], str]:
    def answer(request: Request) -> str:
        right = number_of(HOURS, request)
        return f"{statement} [{1 if right != 1 else 2}]."

    return answer


def stated(answer: Answer) -> list[str]:
    return [statement.text for statement in answer.statements]


async def test_a_right_answer_is_shown_with_the_words_that_support_it(
    language_model: LanguageModelServer, opens: Opens
) -> None:
    language_model.default = speaks(citing(TRUE))
    answer = await opens()[0].answer(QUESTION, "fr")
    assert answer.written
    assert stated(answer) == [f"{TRUE}."]
    [citation] = answer.citations
    assert citation.number == 1
    assert HOURS in citation.quote
    evidence = citation.evidence
    assert evidence.words(citation.start, citation.end) == citation.quote
    [request] = language_model.requests
    assert "French" in request.text
    assert QUESTION in request.text
    assert 'published="2023-06-16"' in request.text


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("a wrong marker", speaks(wrongly_citing(TRUE))),
        ("a marker of no passage", says(f"{TRUE} [77].")),
        ("no marker", says(f"{TRUE}.")),
        ("an invented number", speaks(citing(TRUE.replace("dix", "douze")))),
        ("an invented name", speaks(citing(TRUE.replace("Béatrice Lanoy", "Corinne Maubert")))),
        ("an invented quotation", speaks(citing("Elle a dit « je pars sans le moindre regret »"))),
        ("the contrary", speaks(citing(TRUE.replace("était rém", "n'était pas rém")))),
        ("another language", speaks(citing(ENGLISH))),
        ("knowledge of its own", says("Paris est la capitale de la France depuis 987 [1].")),
        ("a link", speaks(citing(f"{TRUE}, voir https://gagnez.example/1"))),
        ("a command", speaks(citing(f"{TRUE}, tapez /start"))),
        ("its rules", says("You answer a reader's question from numbered passages [1].")),
        ("an empty answer", empty()),
        ("something else than the protocol", garbage()),
        ("an error of the server", fails(500)),
        ("too many requests", fails(429, headers={"Retry-After": "0"})),
        ("a key refused", fails(401)),
        ("an unknown model", fails(404)),
        ("a connection that breaks", breaks_off("Béatrice Lanoy")),
    ],
)
async def test_what_does_not_hold_gives_way_to_the_quoted_answer(
    language_model: LanguageModelServer, opens: Opens, name: str, reply: Reply
) -> None:
    language_model.default = reply
    answerer, writer = opens()
    answer = await answerer.answer(QUESTION, "fr")
    assert not answer.written, stated(answer)
    assert answer == answerer.assistant.answer(QUESTION, "fr")
    assert answer.statements
    counts = writer.counts
    assert counts.quoted == 1
    assert counts.dropped or counts.failures


async def test_what_holds_is_shown_without_what_does_not(
    language_model: LanguageModelServer, opens: Opens
) -> None:
    def mixed(request: Request) -> str:
        n = number_of(HOURS, request)
        return f"{TRUE} [{n}]. Elle a gagné 4 000 euros de plus [{n}]. {TRUE} [{n}]."

    language_model.default = speaks(mixed)
    answerer, writer = opens()
    answer = await answerer.answer(QUESTION, "fr")
    assert stated(answer) == [f"{TRUE}."]
    assert writer.counts.kept == 1
    assert writer.counts.dropped["said before"] == 1


@pytest.mark.parametrize("cut", [ends_early, trails_off, breaks_off])
async def test_of_an_answer_that_breaks_off_only_whole_statements_are_shown(
    language_model: LanguageModelServer, opens: Opens, cut: Callable[[str], Behaviour]
) -> None:
    def broken(request: Request) -> Behaviour:
        return cut(f"{TRUE} [{number_of(HOURS, request)}]. Elle n'a pas")

    language_model.default = broken
    answer = await opens()[0].answer(QUESTION, "fr")
    assert stated(answer) == [f"{TRUE}."]


async def test_statements_are_shown_one_by_one_each_once_checked(
    language_model: LanguageModelServer, opens: Opens
) -> None:
    go_on = Event()
    second = "Elle rejoint à Castelbrun le pôle espoirs féminin de la Ligue des Plaines"

    def both(request: Request) -> Behaviour:
        first = f"{TRUE} [{number_of(HOURS, request)}]. "
        rest = f"{second} [{number_of('Elle rejoint', request)}]."
        return says(first + rest, pieces=(first, "Elle ", rest.removeprefix("Elle ")), until=go_on)

    language_model.default = both
    shown: list[list[str]] = []
    seen = asyncio.Event()

    async def show(answer: Answer) -> None:
        shown.append(stated(answer))
        seen.set()

    answering = asyncio.create_task(opens()[0].answer(QUESTION, "fr", show))
    async with asyncio.timeout(60):
        await seen.wait()
    assert shown == [[f"{TRUE}."]]
    assert not answering.done()
    go_on.set()
    answer = await answering
    assert stated(answer) == [f"{TRUE}.", f"{second}."]
    assert [c.number for c in answer.citations] == list(range(1, len(answer.citations) + 1))


@pytest.mark.parametrize("reply", [slow("Trop tard [1].", 30), stalls("Béatrice Lanoy")])
async def test_a_slow_model_is_not_waited_for(
    language_model: LanguageModelServer, opens: Opens, reply: Reply
) -> None:
    language_model.default = reply
    answerer, writer = opens(seconds=2)
    answer = await answerer.answer(QUESTION, "fr")
    assert not answer.written
    assert answer.statements
    [request] = language_model.requests
    request.wait_until_hung_up()
    assert writer.counts.failures["timeout"] == 1


async def test_an_endless_answer_is_ended(
    language_model: LanguageModelServer, opens: Opens
) -> None:
    language_model.default = endless("Rien de tout cela ne se vérifie [1]. ")
    answerer, writer = opens()
    answer = await answerer.answer(QUESTION, "fr")
    assert not answer.written
    language_model.requests[0].wait_until_hung_up()


@pytest.mark.parametrize("server", ["openai", "llama.cpp", "vllm"])
async def test_a_prompt_that_is_too_long_is_shortened_once(
    language_model: LanguageModelServer,
    opens: Opens,
    server: Literal["openai", "llama.cpp", "vllm"],
) -> None:
    language_model.script(too_long(server))
    language_model.default = speaks(citing(TRUE))
    answer = await opens(context_tokens=4096)[0].answer(QUESTION, "fr")
    first, second = language_model.requests
    assert second.text.count("</passage>") < first.text.count("</passage>")
    assert answer.written


async def test_the_passages_fit_the_context(
    language_model: LanguageModelServer, opens: Opens
) -> None:
    language_model.default = speaks(citing(TRUE))
    await opens(context_tokens=2048)[0].answer(QUESTION, "fr")
    await opens(context_tokens=32768)[0].answer(QUESTION, "fr")
    small, large = language_model.requests
    assert 0 < small.text.count("</passage>") < large.text.count("</passage>")


async def test_that_the_passages_hold_no_answer_is_believed(
    language_model: LanguageModelServer, opens: Opens
) -> None:
    language_model.default = says("NO_ANSWER")
    question = "Quel âge a le mari de Béatrice Lanoy ?"
    answer = await opens()[0].answer(question, "fr")
    assert answer.abstained
    assert answer.nearest


async def test_a_dead_provider_is_left_alone_after_some_failures(
    language_model: LanguageModelServer, opens: Opens
) -> None:
    language_model.default = fails(401)
    answerer, writer = opens()
    asked = ("", " svp", " merci", " vite", " alors")
    for ending in asked:
        await answerer.answer(f"Pourquoi Béatrice Lanoy quitte Marvelle{ending} ?", "fr")
    assert len(language_model.requests) == 3
    assert writer.counts.failures["resting"] == 2


async def test_readers_who_ask_the_same_pay_once(
    language_model: LanguageModelServer, opens: Opens
) -> None:
    language_model.default = speaks(citing(TRUE))
    answerer, writer = opens()
    answers = await asyncio.gather(*(answerer.answer(QUESTION, "fr") for _ in range(4)))
    assert all(answer is answers[0] for answer in answers)
    assert await answerer.answer(f"  {QUESTION}", "fr") is answers[0]
    assert await answerer.answered(QUESTION, "fr") is answers[0]
    assert len(language_model.requests) == 1


async def test_an_answer_that_is_stopped_is_paid_for_no_longer(
    language_model: LanguageModelServer, opens: Opens
) -> None:
    language_model.default = stalls("Béatrice Lanoy était rémunérée")
    answerer, writer = opens()
    one, other = (asyncio.create_task(answerer.answer(QUESTION, "fr")) for _ in range(2))
    [request] = await asyncio.to_thread(language_model.wait_for_requests, 1, 60)
    one.cancel()
    await asyncio.wait([one])
    assert not request.hung_up  # the other one still waits
    other.cancel()
    await asyncio.wait([other])
    await asyncio.to_thread(request.wait_until_hung_up)


async def test_a_figure_is_dated_where_it_may_have_changed(
    language_model: LanguageModelServer, opens: Opens
) -> None:
    words = "270 millions d’euros"
    text = "La facture de la ligne D est arrêtée à 270 millions d'euros hors taxes"

    def answer(request: Request) -> str:
        return f"{text} [{number_of(words, request)}]."

    language_model.default = speaks(answer)
    found = await opens()[0].answer("Combien coûte la ligne D du tram d'Ostwick ?", "fr")
    assert found.written
    assert re.search(r"\(au \d+ \w+ \d{4}\)\.$", found.statements[0].text)


async def test_no_key_and_no_prompt_reaches_log_or_answer(
    language_model: LanguageModelServer,
    opens: Opens,
    caplog: pytest.LogCaptureFixture,
) -> None:
    language_model.default = fails(401, message="Incorrect API key provided: sk-secret-1")
    answer = await opens(key="sk-secret-1")[0].answer(QUESTION, "fr")
    assert language_model.requests[0].key == "sk-secret-1"
    said = caplog.text + " ".join(stated(answer))
    assert "sk-secret-1" not in said
    assert "numbered passages" not in said
    assert QUESTION not in caplog.text


def test_the_fixture_of_the_sample_still_holds_what_is_asserted() -> None:
    article = Path(__file__).parents[3] / "data/sample/club/04-lanoy-s-en-va.txt"
    assert HOURS in article.read_text(encoding="utf-8")
