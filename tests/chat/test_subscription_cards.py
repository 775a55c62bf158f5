"""Subscriptions as they are shown."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.alert import Excerpt
from bot.alerts.subscription import (
    LONGEST_TOPIC,
    MIDNIGHT,
    Chat,
    ChatKind,
    Delivery,
    Schedule,
    Subscription,
    SubscriptionState,
)
from bot.alerts.topics import Previewed
from bot.answering.answer import ArticleReference
from bot.chat.actions import OnSubscription, SubscriptionAction, parse_follow
from bot.chat.markup import Reply
from bot.chat.subscription_cards import (
    LIST,
    deleted_card,
    followed_card,
    limits_menu,
    list_card,
    schedule_menu,
    sensitivity_menu,
    source_key,
    subscription_card,
)
from bot.i18n import LANGUAGES
from index.passages import PASSAGE_SIZE
from index.topics import Sensitivity
from tests.answering.generated import TRAM
from tests.chat.rendered import button, buttons, plain, rendered, shown

MADE = Subscription(12, 42, "le tram d’Ostwick", "fr", state=SubscriptionState.ACTIVE)
DRAFT = replace(MADE, state=SubscriptionState.DRAFT)
PAUSED = replace(MADE, state=SubscriptionState.PAUSED)
WEEKLY = replace(MADE, delivery=Delivery(Schedule.WEEKLY, 18 * 60, 4))
CHAT = Chat(42, ChatKind.PRIVATE, "fr", ZoneInfo("Europe/Paris"))
QUOTE = "La ligne coûtera 310 millions d’euros."
TEXT = f"Le conseil s’est réuni mardi. {QUOTE} Les travaux dureront deux ans."
FOUND = Previewed(TRAM, Excerpt(10, 10 + len(TEXT), TEXT, 40, 40 + len(QUOTE)))
ON = OnSubscription


def action(reply: Reply, words: str) -> SubscriptionAction:
    """What the button with these words asks for."""
    found = parse_follow(button(reply, words).action or "")
    assert isinstance(found, SubscriptionAction)
    return found


def checked(reply: Reply) -> list[str]:
    """The labels of what is chosen."""
    return [plain(b.label)[2:] for b in buttons(reply) if b.label.startswith("✓ ")]


def test_a_draft_shows_what_it_would_have_brought_and_its_choices() -> None:
    card = subscription_card(DRAFT, [FOUND, FOUND], "fr")
    assert shown(card) == (
        "🔔 le tram d’Ostwick\n\n"
        "Ce qu’il aurait apporté récemment :\n\n"
        f"1. La facture s’alourdit · Le Courrier · 3 mai 2024\n{TEXT}\n\n"
        f"2. La facture s’alourdit · Le Courrier · 3 mai 2024\n{TEXT}"
    )
    [(_, entities)] = rendered(card)
    assert [e.type for e in entities].count("expandable_blockquote") == 2
    assert action(card, "Suivre") == SubscriptionAction(12, ON.CONFIRM)
    assert action(card, "Annuler") == SubscriptionAction(12, ON.CANCEL)
    assert [b.action for b in buttons(card)][2:] == ["s:12:p", "s:12:w", "s:12:l"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_topic_that_nothing_is_about_says_so(language: str) -> None:
    words = {"fr": "Aucun article ne porte encore", "en": "No article so far"}[language]
    assert words in shown(subscription_card(DRAFT, [], language))


def test_what_is_followed_can_be_paused_resumed_and_deleted() -> None:
    card, paused = subscription_card(MADE, [], "fr"), subscription_card(PAUSED, [], "fr")
    assert action(card, "Pause").kind is ON.PAUSE
    assert action(paused, "Reprendre").kind is ON.RESUME
    assert action(card, "Supprimer").kind is action(paused, "Supprimer").kind is ON.DELETE
    assert not [b for b in buttons(card) if "Suivre" in b.label]


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("fr", ["Seulement de : Le Courrier, L’Écho", "Seulement en : allemand, anglais"]),
        ("en", ["Only from: Le Courrier, L’Écho", "Only in: German, English"]),
    ],
)
def test_limits_are_told(language: str, lines: list[str]) -> None:
    limited = replace(
        DRAFT, sources=("Le Courrier", "L’Écho"), languages=("de", "en"), updates=True
    )
    text = shown(subscription_card(limited, [], language))
    assert "\n".join(lines) in text
    assert text.count("\n") == 5


def test_the_list_names_each_topic_with_what_can_be_done() -> None:
    listed = [MADE, replace(PAUSED, id=13, topic="les chouettes"), replace(WEEKLY, id=14)]
    card = list_card(listed, "fr")
    lines = shown(card).split("\n")
    assert lines[0] == "Vous suivez 3 sujets :"
    assert lines[2].startswith("1. le tram d’Ostwick · ")
    assert lines[3] == "2. les chouettes · en pause"
    assert lines[4].endswith("le vendredi à 18:00")
    assert [[b.label for b in row] for row in card.buttons] == [
        ["⚙️ 1", "⏸", "🗑"], ["⚙️ 2", "▶️", "🗑"], ["⚙️ 3", "⏸", "🗑"],
    ]  # fmt: skip
    assert [b.action for b in card.buttons[1]] == [
        "s:13:show", f"s:13:resume:{LIST}", f"s:13:del:{LIST}",
    ]  # fmt: skip
    assert shown(list_card([MADE], "en")).startswith("You follow 1 topic:")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_of_as_many_as_a_chat_has_is_one_message(language: str) -> None:
    long = [
        replace(WEEKLY, id=10**15 - 1 - n, topic="é" * LONGEST_TOPIC, sensitivity=Sensitivity.LOOSE)
        for n in range(20)
    ]
    shown(list_card(long, language))


def test_the_precision_that_is_chosen_is_marked() -> None:
    for sensitivity in Sensitivity:
        menu = sensitivity_menu(replace(MADE, sensitivity=sensitivity), "en")
        [label] = checked(menu)
        assert label.lower().startswith(
            {"strict": "strict", "normal": "normal", "loose": "broad"}[sensitivity]
        )
    assert [b.action for b in buttons(menu)] == [
        *[f"s:12:p:{sensitivity}" for sensitivity in Sensitivity], "s:12:back",
    ]  # fmt: skip


def test_what_comes_at_once_offers_no_hours() -> None:
    menu = schedule_menu(MADE, CHAT, "fr")
    assert checked(menu) == ["Tout de suite"]
    assert len(buttons(menu)) == 4


def test_a_daily_digest_offers_every_hour_in_the_chats_zone() -> None:
    menu = schedule_menu(replace(MADE, delivery=Delivery(Schedule.DAILY, 7 * 60)), CHAT, "fr")
    assert checked(menu) == ["Chaque jour", "07:00"]
    assert "Europe/Paris" in shown(menu)
    hours = [found for b in buttons(menu) if (found := parse_follow(b.action or ""))]
    minutes = [h.value for h in hours if isinstance(h, SubscriptionAction) and h.kind is ON.HOUR]
    assert minutes == [str(hour * 60) for hour in range(24)]


def test_a_weekly_digest_offers_the_days_too() -> None:
    menu = schedule_menu(WEEKLY, CHAT, "fr")
    assert checked(menu) == ["Chaque semaine", "ven.", "18:00"]
    assert [b.action for b in menu.buttons[1]] == [f"s:12:d:{day}" for day in range(7)]


def test_an_hour_that_is_not_offered_is_shown_all_the_same() -> None:
    odd = replace(MADE, delivery=Delivery(Schedule.DAILY, 7 * 60 + 45))
    menu = schedule_menu(odd, CHAT, "fr")
    assert "Chaque jour à 07:45" in shown(menu)
    assert checked(menu) == ["Chaque jour"]


def test_limits_mark_what_is_chosen_be_it_offered_or_not() -> None:
    limited = replace(MADE, sources=("La Gazette",), languages=("de",), updates=True)
    menu = limits_menu(limited, ["fr", "en", "es"], ["Le Courrier", "L’Écho"], "fr")
    assert checked(menu) == ["allemand", "La Gazette", "Aussi quand un article est modifié"]
    assert action(menu, "Courrier") == SubscriptionAction(12, ON.SOURCE, source_key("Le Courrier"))
    assert action(menu, "espagnol") == SubscriptionAction(12, ON.LANGUAGE, "es")
    assert action(menu, "modifié").value == "no"
    assert action(limits_menu(MADE, [], [], "fr"), "modifié").value == "yes"


def test_one_odd_language_does_not_hide_another() -> None:
    menu = limits_menu(MADE, ["fr", "x-klingon"], [], "en")
    assert button(menu, "French")
    assert not [b for b in buttons(menu) if "klingon" in b.label]


def test_papers_whose_names_begin_alike_are_told_apart() -> None:
    names = [f"{'Le Courrier d’Ostwick et de la région ' * 3}{n}" for n in range(2)]
    menu = limits_menu(MADE, [], names, "fr")
    payloads = [b.action for b in buttons(menu) if b.label.startswith("Le Courrier")]
    assert len(set(payloads)) == 2


@pytest.mark.parametrize(
    ("language", "words", "undone"),
    [("fr", "Vous ne suivez plus « le tram", "Rétablir"), ("en", "You no longer follow", "Undo")],
)
def test_what_was_deleted_can_be_had_back(language: str, words: str, undone: str) -> None:
    card = deleted_card(MADE, language)
    assert words in shown(card)
    assert action(card, undone) == SubscriptionAction(12, ON.UNDO)


def test_what_was_confirmed_is_told_with_where_to_change_it() -> None:
    text = shown(followed_card(WEEKLY, "fr"))
    assert text.startswith("🔔 Vous suivez « le tram d’Ostwick ».")
    assert "Chaque semaine, le vendredi à 18:00" in text
    assert "/subscriptions" in text


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=LONGEST_TOPIC)
_NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)
_subscriptions = st.builds(
    Subscription,
    st.integers(1, 10**15 - 1),
    st.just(42),
    _TEXTS,
    st.just("fr"),
    st.sampled_from(Sensitivity),
    delivery=st.builds(
        Delivery, st.sampled_from(Schedule), st.integers(0, MIDNIGHT - 1), st.integers(0, 6)
    ),
    sources=st.lists(_NAMES, max_size=8).map(tuple),
    languages=st.lists(st.sampled_from(["fr", "de", "xx", "zh", "und"]), max_size=4).map(tuple),
    updates=st.booleans(),
    state=st.sampled_from(SubscriptionState),
)


@given(_subscriptions, st.lists(_NAMES, max_size=8), st.sampled_from(LANGUAGES))
def test_whatever_is_followed_telegram_takes_every_card(
    subscription: Subscription, papers: list[str], language: str
) -> None:
    cards = [
        subscription_card(subscription, [FOUND] * 3, language),
        list_card([subscription] * 20, language),
        limits_menu(subscription, ["fr", "en"], papers, language),
        sensitivity_menu(subscription, language),
        schedule_menu(subscription, CHAT, language),
        followed_card(subscription, language),
        deleted_card(subscription, language),
    ]
    for card in cards:
        rendered(card)
        for row in card.buttons:
            assert sum(len(b.label) for b in row) <= 50, row


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_card_there_can_be_is_one_message(language: str) -> None:
    long = ArticleReference("x", "é" * 5000, None, "é" * 5000, None)
    text = "mot " * (PASSAGE_SIZE // 4)
    subscription = replace(
        DRAFT, topic="é" * LONGEST_TOPIC, sources=("é" * 4000,) * 8, languages=("de",) * 6
    )
    found = Previewed(long, Excerpt(0, len(text), text, 200, 700))
    shown(subscription_card(subscription, [found] * 3, language))


def test_hostile_words_stay_words() -> None:
    hostile = "<b>&lt;</b> {topic} [x](tg://user?id=1) %s"
    subscription = replace(MADE, topic=hostile, sources=(hostile,))
    for card in (
        subscription_card(subscription, [], "fr"),
        followed_card(subscription, "fr"),
        deleted_card(subscription, "fr"),
        sensitivity_menu(subscription, "fr"),
        list_card([subscription], "fr"),
    ):
        [(text, entities)] = rendered(card)
        assert hostile in text
        assert {e.type for e in entities} <= {"bold"}
