"""Answers and articles as replies."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering.answer import Answer, ArticleReference, Evidence
from bot.answering.extractive import extract_answer
from bot.chat.actions import FOLLOW, MORE_SOURCES, parse_read_article
from bot.chat.html import as_html
from bot.chat.markup import Block, Button
from bot.chat.reply import answer_reply, article_reply, more_sources_reply
from bot.chat.sources import web_address
from index.articles.article import Article
from tests.answering.generated import TRAM, evidence, found_passages
from tests.botapi import parse_html
from tests.botapi.urls import check_url
from tests.chat.rendered import buttons, plain, rendered

QUESTION = "Combien coûtera le tram ?"
COST = "La ligne coûtera 310 millions d’euros, soit 40 de plus que prévu."
TICKET = "Le ticket passera de 1,80 à 1,90 euro au premier janvier, annonce la présidente."
LONG = (
    "Le conseil a voté lundi soir, par 58 voix contre 17, après cinq heures de débat public. " * 4
)
CAPTION = "La présidente, lundi soir. | CLAIRE WEBER / L’ÉCHO"
POINTER = "Lire l’entretien avec Anne Klein : « On a tenu »"
BODY = "\n\n".join(
    [CAPTION, LONG.strip(), POINTER, f"{COST} {TICKET}", "Et demain ?", LONG.strip()]
)
ARTICLE = Article("a/tram.txt", "Le tram", BODY, "fr", None, "L’Écho", None, date(2024, 5, 3))


def bold(blocks: tuple[Block, ...]) -> list[str]:
    return [span.text for block in blocks for span in block.spans if span.bold]


def answered(*found: Evidence, language: str = "fr") -> Answer:
    return extract_answer(QUESTION, "fr", language, found)


@pytest.mark.parametrize(
    "url",
    [
        "https://courrier.example/tram", "http://courrier.example", "https://a.b:8443/x?y=1#z",
        "https://élysée.example/à-la-une", "https://user@courrier.example/", "https://1.2.3.4/",
    ],
)  # fmt: skip
def test_these_are_addresses_that_telegram_opens(url: str) -> None:
    assert web_address(url) == url
    assert check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        None, "", "/tram", "tram.html", "courrier.example", "javascript:alert(1)", "tg://user?id=1",
        "ftp://courrier.example/", "file:///etc/passwd", "mailto:a@b.example", "http://localhost/",
        "https://", "https://./", "https://courrier.example/a b", "https://courrier.example/\n",
        "https://[::1/", "https://courrier.example/" + "x" * 2000, "https://courrier.example:99999/",
        "https://courrier.example:port/", "https://courrier.example:0/", "https://a<b.example/",
    ],
)  # fmt: skip
def test_these_are_not(url: str | None) -> None:
    assert web_address(url) is None


@given(
    st.builds(
        "https://{}.{}{}/{}".format,
        st.text('ab<>"|é_-`{', max_size=4),
        st.text("ab", min_size=1, max_size=3),
        st.sampled_from(["", ":", ":80", ":0", ":65536", ":x", "@c.d"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    )
)
def test_whatever_the_address_telegram_takes_it_or_it_is_not_offered(url: str) -> None:
    if web_address(url):
        check_url(url)


def test_an_answer_shows_question_statements_sources_and_excerpts() -> None:
    found = evidence(f"{LONG}{COST} {TICKET}", scores=(0, 0, 0, 0, 1, 0))
    text, entities = parse_html(as_html(answer_reply(answered(found)))[0])
    quote = f"{LONG.split('. ')[0]}. {COST}"  # the sentence with the one before it
    assert plain(text) == (
        f"{QUESTION}\n\nLe Courrier, 3 mai 2024 : « {quote} » [1]\n\n"
        f"[1] La facture s’alourdit · Le Courrier · 3 mai 2024\n{text.splitlines()[-1]}"
    )
    excerpt = text.splitlines()[-1]
    assert excerpt.startswith("… ")
    assert excerpt.endswith(f"{COST} {TICKET}")
    assert [(e.type, e.of(text)) for e in entities] == [
        ("bold", QUESTION),
        ("text_link", "La facture s’alourdit"),
        ("italic", "La facture s’alourdit"),
        ("expandable_blockquote", excerpt),
        ("bold", quote),
    ]


@pytest.mark.parametrize(
    ("copies", "language", "line"),
    [
        (["L’Écho"], "fr", "Aussi dans : L’Écho"),
        (["L’Écho"], "en", "Also in: L’Écho"),
        (["L’Écho", "The Echo", "L’Écho"], "en", "Also in: L’Écho, The Echo"),
        (["{sources} <b>&", "a\nb"], "en", "Also in: {sources} <b>&, a b"),
        # a paper that is not known is told by its title
        ([None, "L’Écho"], "fr", "Aussi dans : La facture s’alourdit, L’Écho"),
    ],
)
def test_a_source_names_the_papers_that_printed_the_same_words(
    copies: list[str | None], language: str, line: str
) -> None:
    others = tuple(
        replace(TRAM, id=f"copy{number}", source=source) for number, source in enumerate(copies)
    )
    reply = answer_reply(answered(evidence(COST, copies=others), language=language))
    _, source, also, excerpt = [block.text for block in reply.blocks]
    assert source.startswith("[1]")
    assert plain(also) == line
    assert COST in excerpt
    text, _ = parse_html(as_html(reply)[0])
    assert f"\n{line}\n" in plain(text)


def test_a_source_that_nobody_else_printed_names_no_other() -> None:
    text = "\n".join(block.text for block in answer_reply(answered(evidence(COST))).blocks)
    assert "Aussi dans" not in text


def test_an_article_with_an_address_is_linked_and_one_without_is_read_here() -> None:
    found = [evidence(COST), evidence(TICKET, replace(TRAM, id="b", url=None), start=70)]
    first, second, _ = buttons(answer_reply(answered(*found)))
    assert first == Button("Lire [1]", url=TRAM.url)
    assert (second.label, second.url) == ("Lire [2]", None)
    wanted = parse_read_article(second.action or "")
    assert wanted is not None
    assert (wanted.start, wanted.end) == (70, 70 + len(TICKET))


def test_more_sources_are_offered_where_there_are_some() -> None:
    repeated = evidence(COST, replace(TRAM, id="b"))
    more = Button("Plus de sources", action=MORE_SOURCES)
    assert more not in buttons(answer_reply(answered(evidence(COST))))
    answer = answered(evidence(COST), repeated)
    assert buttons(answer_reply(answer))[-2] == more
    further = more_sources_reply(answer)
    assert plain(bold(further.blocks)[0]) == f"Plus de sources : {QUESTION}"
    assert any(block.quotation and COST in block.text for block in further.blocks)


@pytest.mark.parametrize(
    ("probability", "language", "label"),
    [
        (1.0, "fr", "🔔 Suivre"), (1.0, "en", "🔔 Follow"),
        (0.0, "fr", "🔔 Me prévenir"), (0.0, "en", "🔔 Tell me when there is one"),
    ],
)  # fmt: skip
def test_what_was_asked_about_can_be_followed(
    probability: float, language: str, label: str
) -> None:
    reply = answer_reply(answered(evidence(COST, probability=probability), language=language))
    assert buttons(reply)[-1] == Button(label, action=FOLLOW)
    assert buttons(answer_reply(answered(language=language)))[-1].action == FOLLOW


def test_where_there_are_no_more_sources_it_says_so() -> None:
    reply = more_sources_reply(answered(evidence(COST)))
    [block] = reply.blocks
    assert block.text == "Il n’y a rien d’autre à ce sujet dans le corpus."


def test_an_abstention_says_so_and_names_what_comes_nearest() -> None:
    unlinked = replace(TRAM, id="b", title="Le ticket", url=None)
    found = [evidence(COST, probability=0.0), evidence(TICKET, unlinked, probability=0.0)]
    reply = answer_reply(answered(*found))
    assert reply.heading is not None
    assert reply.heading.text == QUESTION
    assert [plain(block.text) for block in reply.blocks] == [
        "Le corpus ne contient pas de réponse à cette question.",
        "Ce qui s’en approche le plus :",
        "1. La facture s’alourdit · Le Courrier · 3 mai 2024",
        "2. Le ticket · Le Courrier · 3 mai 2024",
    ]
    linked, read, _ = buttons(reply)
    assert (linked.label, linked.url) == ("Lire 1", TRAM.url)
    assert parse_read_article(read.action or "") is not None


def test_an_article_is_shown_around_the_quote_without_furniture() -> None:
    start = BODY.index(COST)
    reply = article_reply(ARTICLE, start, start + len(COST), "fr")
    shown = "\n".join(block.text for block in reply.blocks)
    assert f"{COST} {TICKET}" in shown
    assert CAPTION not in shown
    assert POINTER not in shown
    assert bold(reply.blocks) == [COST, "Et demain ?"]
    assert reply.blocks[0].text == "Le tram · L’Écho · 3 mai 2024"


def test_a_long_article_is_shown_in_part_and_says_so() -> None:
    paragraphs = [f"{number}. {LONG.strip()}" for number in range(40)]
    article = replace(ARTICLE, body="\n\n".join(paragraphs))
    start = article.body.index(paragraphs[20])
    texts = [b.text for b in article_reply(article, start, start + 10, "fr").blocks]
    assert texts[1] == texts[-1] == "…"
    assert paragraphs[20] in texts
    assert len(texts) < 12


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_forged_offsets_show_some_of_the_article(start: int, end: int) -> None:
    texts = [block.text for block in article_reply(ARTICLE, start, end, "fr").blocks[1:]]
    assert texts
    assert all(text.strip("… ") in BODY for text in texts)


@given(found_passages(), st.sampled_from(["fr", "en"]), st.text(max_size=500))
def test_whatever_the_articles_hold_telegram_takes_the_reply(
    found: list[Evidence], language: str, question: str
) -> None:
    question = re.sub(r"[\ud800-\udfff]", "", question) or "?"
    answer = extract_answer(question, "fr", language, found)
    for reply in (answer_reply(answer), more_sources_reply(answer)):
        rendered(reply)


@pytest.mark.parametrize("title", ["", "mot " * 200, "x" * 5000, "<b>&\n</b>"])
def test_any_title_makes_one_line(title: str) -> None:
    article = ArticleReference("a", title, None, None, None)
    reply = answer_reply(answered(evidence(COST, article)))
    line = reply.blocks[1].text
    assert line.startswith("[1]")
    assert "\n" not in line
    assert len(line) < 200
