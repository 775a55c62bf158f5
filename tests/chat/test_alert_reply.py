"""Alerts as replies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.alert import Alert, Excerpt
from bot.alerts.subscription import LONGEST_TOPIC
from bot.answering.answer import ArticleReference
from bot.chat.actions import AlertAction, OnAlert, parse_follow, parse_read_article
from bot.chat.alert_reply import MOST_IN_ONE, alert_reply
from bot.chat.html import as_html
from bot.chat.markup import Reply
from bot.i18n import LANGUAGES
from index.passages import PASSAGE_SIZE
from tests.answering.generated import TRAM, references
from tests.chat.rendered import buttons, plain, rendered, shown

ECHO = ArticleReference("b/tram.md", "Le tram coûtera cher", None, "L’Écho du Ried", None)
OWLS = ArticleReference("c/owls.md", "Trois chouettes", None, "Le Courrier", date(2024, 5, 2))
BEFORE = "Le conseil s’est réuni mardi pendant cinq heures. "
QUOTE = "La ligne coûtera 310 millions d’euros."
TEXT = f"{BEFORE}{QUOTE} Les travaux dureront deux ans."
LONGEST_LABEL = 48  # characters: what a phone shows of a button that has its row to itself


def passage(text: str = TEXT, quote: str = QUOTE, start: int = 40) -> Excerpt:
    at = start + text.index(quote)
    return Excerpt(start, start + len(text), text, at, at + len(quote))


ALERT = Alert(7, 3, "le tram d’Ostwick", TRAM, passage())


def alert(id: int, article: ArticleReference = TRAM, subscription: int = 3) -> Alert:
    topic = {3: "le tram d’Ostwick", 4: "les chouettes"}.get(subscription, f"sujet {subscription}")
    return replace(ALERT, id=id, article=article, subscription_id=subscription, topic=topic)


def actions(reply: Reply) -> list[AlertAction]:
    found = [parse_follow(b.action or "") for b in buttons(reply)]
    return [action for action in found if isinstance(action, AlertAction)]


def test_an_alert_names_its_topic_and_quotes_the_article() -> None:
    [(text, entities)] = rendered(alert_reply([ALERT], "fr"))
    assert plain(text) == (
        "🔔 le tram d’Ostwick\n\n"
        "La facture s’alourdit · Le Courrier · 3 mai 2024\n"
        f"{TEXT}"
    )  # fmt: skip
    assert [(e.type, e.of(text)) for e in entities if e.type != "italic"] == [
        ("bold", "🔔 le tram d’Ostwick"),
        ("text_link", "La facture s’alourdit"),
        ("expandable_blockquote", TEXT),
        ("bold", QUOTE),
    ]


@pytest.mark.parametrize(
    ("language", "labels"),
    [
        ("fr", ["Lire", "👍 Plus comme ça", "👎 Hors sujet", "Réglages", "Ne plus suivre"]),
        ("en", ["Read", "👍 More like this", "👎 Not about this", "Settings", "Unsubscribe"]),
    ],
)
def test_what_can_be_said_of_an_alert_stands_under_it(language: str, labels: list[str]) -> None:
    reply = alert_reply([ALERT], language)
    assert [b.label.strip() for b in buttons(reply)] == labels
    assert buttons(reply)[0].url == TRAM.url
    assert actions(reply) == [
        AlertAction(7, OnAlert.MORE_LIKE),
        AlertAction(7, OnAlert.NOT_ABOUT),
        AlertAction(7, OnAlert.SUBSCRIPTION),
        AlertAction(7, OnAlert.STOP),
    ]


def test_an_article_without_an_address_is_read_here_around_the_quote() -> None:
    reply = alert_reply([replace(ALERT, article=ECHO)], "fr")
    wanted = parse_read_article(buttons(reply)[0].action or "")
    assert wanted is not None
    assert (wanted.start, wanted.end) == (ALERT.excerpt.quote_start, ALERT.excerpt.quote_end)


@pytest.mark.parametrize(
    ("language", "words"),
    [("fr", "2 articles sur vos sujets"), ("en", "2 articles on your topics")],
)
def test_several_alerts_are_one_message_that_counts_them(language: str, words: str) -> None:
    reply = alert_reply([alert(7), alert(8, OWLS, 4)], language)
    text = shown(reply)
    assert text.startswith(f"🔔 {words}\n\nle tram d’Ostwick\n\n1. La facture s’alourdit")
    assert "les chouettes\n\n2. Trois chouettes" in text
    assert [a.kind for a in actions(reply)] == [
        OnAlert.MORE_LIKE, OnAlert.NOT_ABOUT, OnAlert.MORE_LIKE, OnAlert.NOT_ABOUT,
        OnAlert.STOP, OnAlert.STOP,
    ]  # fmt: skip


def test_a_topic_heads_its_articles_once() -> None:
    assert shown(alert_reply([alert(7), alert(8, OWLS)], "fr")).count("le tram d’Ostwick") == 1


def test_an_article_that_two_topics_brought_is_shown_once_under_both() -> None:
    reply = alert_reply([alert(7), alert(8, TRAM, 4)], "fr")
    text = shown(reply)
    assert text.startswith("🔔 le tram d’Ostwick · les chouettes\n\nLa facture s’alourdit")
    assert text.count("La facture s’alourdit") == 1
    assert {a.id for a in actions(reply) if a.kind is OnAlert.STOP} == {7, 8}


def test_the_same_article_as_new_and_as_changed_is_told_apart() -> None:
    text = shown(alert_reply([alert(7), replace(alert(8), updated=True)], "fr"))
    assert text.count("La facture s’alourdit") == 2
    assert text.count("Cet article a été modifié.") == 1


@pytest.mark.parametrize(
    ("count", "language", "lines"),
    [
        (1, "fr", ["Aussi à ce sujet :", "• Le tram coûtera cher · L’Écho du Ried"]),
        (4, "en", ["Also on this:", *["• Le tram coûtera cher · L’Écho du Ried"] * 4]),
        (5, "fr", ["et 1 de plus"]),
        (1204, "fr", ["et 1 200 de plus"]),
        (1204, "en", ["and 1,200 more"]),
    ],
)
def test_who_tells_the_story_too_is_named_and_many_are_counted(
    count: int, language: str, lines: Sequence[str]
) -> None:
    text = shown(alert_reply([replace(ALERT, others=(ECHO,) * count)], language))
    assert "\n".join(lines) in text
    assert text.count("• ") == min(count, 4)


@pytest.mark.parametrize(
    ("more", "language", "words"),
    [
        (1, "fr", "1 autre suit."), (485, "fr", "485 autres suivent."),
        (1, "en", "1 more follows."), (485, "en", "485 more follow."),
    ],
)  # fmt: skip
def test_it_says_how_many_more_follow(more: int, language: str, words: str) -> None:
    assert shown(alert_reply([ALERT], language, more)).endswith(words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_fit_a_phone_and_payloads_a_button(language: str) -> None:
    alerts = [
        Alert(10**15 - 1 - number, number, f"{'un sujet très long ' * 9}{number}",
              replace(ECHO, id=f"{number}"), passage())
        for number in range(MOST_IN_ONE)
    ]  # fmt: skip
    for reply in (alert_reply(alerts[:1], language), alert_reply(alerts[:5], language)):
        rendered(reply)
        for row in reply.buttons:
            assert sum(len(b.label) for b in row) <= LONGEST_LABEL, row


def test_of_many_a_few_have_buttons_and_all_are_shown() -> None:
    alerts = [alert(n, replace(ECHO, id=f"{n}", title=f"Titre {n}"), n) for n in range(12)]
    reply = alert_reply(alerts, "fr")
    text = "\n".join(text for text, _ in rendered(reply))
    assert all(f"Titre {n}" in text for n in range(12))
    assert len(reply.buttons) <= 10


def test_a_long_passage_is_cut_around_its_sentence() -> None:
    text = f"{'mot ' * 200}{QUOTE}{' mot' * 200}"
    alerts = [replace(alert(n, replace(ECHO, id=f"{n}")), excerpt=passage(text)) for n in range(3)]
    for reply in (alert_reply(alerts[:1], "fr"), alert_reply(alerts, "fr")):
        for block in reply.blocks:
            if block.quotation:
                assert block.text.startswith("… ")
                assert block.text.endswith(" …")
                assert block.text.strip("… ") in text
                assert [s.text for s in block.spans if s.bold] == [QUOTE]
    assert len(shown(alert_reply(alerts[:1], "fr"))) > len(shown(alert_reply(alerts, "fr"))) / 3


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=PASSAGE_SIZE)


@st.composite
def _excerpts(draw: st.DrawFn) -> Excerpt:
    text, start = draw(_TEXTS), draw(st.integers(0, 9000))
    first, last = sorted(draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    return Excerpt(start, start + len(text), text, start + first, start + last)


_alerts = st.builds(
    Alert,
    st.integers(1, 10**15 - 1),
    st.integers(1, 3),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200),
    references,
    _excerpts(),
    st.lists(references, max_size=6).map(tuple),
    st.booleans(),
)


@given(st.lists(_alerts, min_size=1, max_size=4), st.sampled_from(LANGUAGES), st.integers(0, 9))
def test_whatever_the_articles_hold_telegram_takes_the_alerts(
    alerts: list[Alert], language: str, more: int
) -> None:
    reply = alert_reply(alerts, language, more)
    rendered(reply)
    for found in alerts:
        assert any(found.article.title.split("\n")[0][:20].strip() in b.text for b in reply.blocks)
    quoted = [block for block in reply.blocks if block.quotation]
    whole = [found.excerpt.text for found in alerts]
    for block in quoted:
        inside = block.text.removeprefix("… ").removesuffix(" …")
        assert any(inside in text for text in whole)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_alert_there_can_be_is_one_message(language: str) -> None:
    """Titles and papers of any length, a topic and a passage of the longest."""
    long = ArticleReference("x", "é" * 5000, "https://a.example/" + "x" * 900, "é" * 5000, None)
    text = "é" * PASSAGE_SIZE
    found = Alert(
        1,
        1,
        "é" * LONGEST_TOPIC,
        long,
        Excerpt(0, len(text), text, 0, len(text)),
        (long,) * 9,
        True,
    )
    assert len(as_html(alert_reply([found], language, 99))) == 1


def test_hostile_words_stay_words() -> None:
    hostile = "<b>&lt;</b> {topic} %s [x](tg://user?id=1) </blockquote>"
    article = ArticleReference("x", hostile, None, hostile, None)
    text = f"Avant. {hostile} Après."
    found = Alert(1, 1, hostile, article, passage(text, hostile), (article,))
    [(text, entities)] = rendered(alert_reply([found], "fr"))
    assert text.count(hostile) == 6
    assert {e.type for e in entities} <= {"bold", "italic", "expandable_blockquote"}
