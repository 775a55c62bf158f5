"""The conversation about subscriptions, over the sample, step by step."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from bot.alerts.alert import AlertState
from bot.alerts.desk import AlertDesk, alert_desk
from bot.alerts.subscription import (
    LONGEST_TOPIC,
    ChatKind,
    Schedule,
    Subscription,
    SubscriptionState,
)
from bot.chat.actions import (
    AlertAction,
    ChatAction,
    OnAlert,
    OnChat,
    OnSubscription,
    SubscriptionAction,
    parse_follow,
)
from bot.chat.conversation import Conversation
from bot.chat.markup import Reply
from bot.chat.subscribing import Said, SubscriptionTalk, Where
from bot.chat.subscription_cards import LIST, source_key
from bot.settings import Settings
from bot.state.database import Database, checked_url, prepare
from bot.state.tables import AlertRow, SubscriptionRow
from index.topics import Sensitivity
from tests.chat.rendered import button, buttons, plain, rendered, shown

MOST = 3
READER = Where(42, ChatKind.PRIVATE, "fr", 42)
OTHER = Where(43, ChatKind.PRIVATE, "fr", 43)
GROUP = Where(-7, ChatKind.GROUP, "fr", 42)
TRAM = "la ligne D du tram d’Ostwick"
ON = OnSubscription


@dataclass
class Table:
    """A reader at a desk over the sample, and the time."""

    talk: SubscriptionTalk
    desk: AlertDesk
    database: Database
    time: datetime = field(default_factory=lambda: datetime(2024, 5, 15, 8, tzinfo=UTC))

    async def press(self, reply: Reply, words: str, where: Where = READER) -> Said:
        """Press the button with these words."""
        action = parse_follow(button(reply, words).action or "")
        assert action is not None
        return await self.talk.pressed(where, action)

    async def forge(self, data: str, where: Where = READER) -> Said:
        """Press a button with this payload, whether or not there is one."""
        action = parse_follow(data)
        assert action is not None, data
        return await self.talk.pressed(where, action)

    async def draft(self, topic: str = TRAM, where: Where = READER) -> Reply:
        return reply_of(await self.talk.subscribe(where, topic))

    async def follow(self, topic: str = TRAM, where: Where = READER) -> Subscription:
        await self.press(await self.draft(topic, where), "Suivre", where)
        return (await self.listed(where))[-1]

    async def listed(self, where: Where = READER) -> list[Subscription]:
        return await self.desk.subscriptions.listed(where.chat_id)

    async def find(self, id: int, where: Where = READER) -> Subscription:
        found = await self.desk.subscriptions.find(where.chat_id, id)
        assert found is not None
        return found

    async def alert(self, subscription: Subscription) -> int:
        """An alert that was sent; its id."""
        row = AlertRow(
            subscription_id=subscription.id, chat_id=subscription.chat_id, identity="a", version="",
            story="a", article={}, excerpt={}, others=[], outdated=False, log_odds=1.0,
            state=AlertState.SENT, due_at=self.time, attempts=0, possibly_double=False,
            created_at=self.time,
        )  # fmt: skip
        async with self.database.writing() as session:
            session.add(row)
            await session.flush()
            return row.id


@pytest.fixture
async def table(
    conversation: Conversation, sample_index: Path, models_dir: Path, tmp_path: Path
) -> AsyncIterator[Table]:
    url = checked_url(f"sqlite:///{tmp_path / 'state.db'}")
    prepare(url)
    database = Database(url)
    settings = Settings(index_dir=sample_index, models_dir=models_dir, subscriptions_per_chat=MOST)
    desk = alert_desk(settings, conversation.assistant, database, lambda: at_desk.time)
    talk = SubscriptionTalk(desk.subscriptions, conversation.assistant, desk.topics)
    at_desk = Table(talk, desk, database)
    yield at_desk
    await desk.close()


def reply_of(said: Said) -> Reply:
    assert said.reply is not None
    rendered(said.reply)
    return said.reply


def text_of(said: Said) -> str:
    return shown(reply_of(said))


def id_of(card: Reply) -> int:
    """Of the subscription that a card is of."""
    found = [parse_follow(b.action or "") for b in buttons(card)]
    [id] = {action.id for action in found if isinstance(action, SubscriptionAction)}
    return id


def checked(reply: Reply) -> list[str]:
    return [plain(b.label)[2:] for b in buttons(reply) if b.label.startswith("✓ ")]


async def test_subscribe_alone_asks_and_the_next_text_is_the_topic(table: Table) -> None:
    said = await table.talk.subscribe(READER, "")
    assert said.asks
    assert text_of(said).startswith("Que voulez-vous suivre ?")
    assert await table.talk.is_topic(READER)
    assert not await table.talk.is_topic(READER)
    assert await table.listed() == []


async def test_in_a_group_the_next_text_of_who_asked_is_the_topic(table: Table) -> None:
    await table.talk.subscribe(GROUP, "  ")
    assert not await table.talk.is_topic(replace(GROUP, user_id=99))
    assert await table.talk.is_topic(GROUP)


@pytest.mark.parametrize("answer", ["👍 !", "?", "x" * (LONGEST_TOPIC + 1)])
async def test_what_is_no_topic_is_asked_for_again(table: Table, answer: str) -> None:
    said = await table.talk.subscribe(READER, answer)
    assert said.asks
    assert shown(reply_of(said)) in (
        "Je ne comprends que les mots. Que voulez-vous suivre ?",
        f"Cela fait {LONGEST_TOPIC + 1} caractères : dites le sujet en {LONGEST_TOPIC} au plus.",
    )
    assert await table.talk.is_topic(READER)


async def test_a_topic_that_was_named_meanwhile_need_not_be_asked_for(table: Table) -> None:
    await table.talk.subscribe(READER, "")
    await table.draft()
    assert not await table.talk.is_topic(READER)


async def test_a_draft_shows_what_the_topic_would_have_brought_the_latest_first(
    table: Table, conversation: Conversation
) -> None:
    card = await table.draft()
    text = shown(card)
    assert text.startswith(f"🔔 {TRAM}\n\nCe qu’il aurait apporté récemment :\n\n1. ")
    assert 1 <= text.count("\n\n") - 1 <= 3
    quoted = [block for block in card.blocks if block.quotation]
    assert 1 <= len(quoted) <= 3
    subscription = await table.find(id_of(card))
    with conversation.assistant.generation() as generation:
        found = table.desk.topics.preview(generation, subscription)
        for previewed in found:
            article = generation.store.article(previewed.article.id)
            assert article is not None
            excerpt = previewed.excerpt
            assert article.body[excerpt.start : excerpt.end] == excerpt.text
            assert article.body[excerpt.quote_start : excerpt.quote_end] == excerpt.quote
            assert plain(previewed.article.title) in text
    days = [p.article.published for p in found if p.article.published]
    assert days == sorted(days, reverse=True)
    assert len({p.article.id for p in found}) == len(found)


async def test_a_topic_that_nothing_is_about_can_be_followed_all_the_same(table: Table) -> None:
    card = await table.draft("la reproduction des axolotls du lac Baïkal")
    assert "Aucun article ne porte encore sur ce sujet." in shown(card)
    assert "Vous suivez" in text_of(await table.press(card, "Suivre"))


async def test_only_what_is_confirmed_is_followed_and_it_is_from_then_on(table: Table) -> None:
    card = await table.draft()
    assert await table.listed() == []
    said = await table.press(card, "Suivre")
    assert said.edit
    assert f"Vous suivez « {TRAM} »." in text_of(said)
    [made] = await table.listed()
    with table.talk._assistant.generation() as generation:
        run = next(iter(generation.store.runs()), None)
    assert made.since == (run.at if run else None)
    assert text_of(await table.press(card, "Suivre")) == text_of(said)  # pressed twice
    assert len(await table.listed()) == 1


async def test_a_draft_that_is_cancelled_leaves_nothing(table: Table) -> None:
    card = await table.draft()
    said = await table.press(card, "Annuler")
    assert (said.edit, text_of(said)) == (True, "Rien n’a été changé.")
    assert await table.listed() == []
    assert (await table.press(card, "Suivre")).toast == "Cet abonnement n’existe plus."
    assert await table.listed() == []


async def test_how_strict_it_is_can_be_chosen_before_confirming(table: Table) -> None:
    card = await table.draft()
    menu = await table.forge(f"s:{id_of(card)}:p")
    assert menu.edit
    assert len(checked(reply_of(menu))) == 1
    for sensitivity in Sensitivity:
        said = await table.forge(f"s:{id_of(card)}:p:{sensitivity}")
        assert said.edit
        assert button(reply_of(said), "Suivre")
        assert (await table.find(id_of(card))).sensitivity is sensitivity
    back = await table.forge(f"s:{id_of(card)}:back")
    assert shown(reply_of(back)).startswith(f"🔔 {TRAM}")


async def test_a_choice_of_strictness_undoes_what_was_said_of_alerts(table: Table) -> None:
    made = await table.follow()
    await table.desk.subscriptions.adjust(42, made.id, True)
    await table.forge(f"s:{made.id}:p:normal")
    assert (await table.find(made.id)).adjustment == 0.0


async def test_when_it_comes_is_chosen_by_schedule_day_and_hour(table: Table) -> None:
    card = await table.draft()
    menu = await table.forge(f"s:{id_of(card)}:w")
    assert checked(reply_of(menu)) == ["Tout de suite"]
    menu = await table.press(reply_of(menu), "Chaque jour")
    assert checked(reply_of(menu)) == ["Chaque jour", "08:00"]
    menu = await table.press(reply_of(menu), "18:00")
    assert checked(reply_of(menu)) == ["Chaque jour", "18:00"]
    menu = await table.press(reply_of(menu), "Chaque semaine")
    menu = await table.press(reply_of(menu), "ven.")
    assert checked(reply_of(menu)) == ["Chaque semaine", "ven.", "18:00"]
    card = reply_of(await table.press(reply_of(menu), "Retour"))
    assert button(card, "Chaque semaine, le vendredi à 18:00")
    assert button(reply_of(await table.forge(f"s:{id_of(card)}:w:now")), "Suivre")
    assert (await table.find(id_of(card))).delivery.schedule is Schedule.NOW


async def test_limits_are_toggled_one_by_one(table: Table) -> None:
    card = await table.draft()
    menu = await table.press(card, "Sources, langues")
    assert menu.edit
    paper = next(b.label for b in buttons(reply_of(menu)) if ":src:" in (b.action or ""))
    for words in ("français", paper, "modifié"):
        menu = await table.press(reply_of(menu), words)
    assert len(checked(reply_of(menu))) == 3
    found = await table.find(id_of(card))
    assert (found.languages, found.sources, found.updates) == (("fr",), (paper,), True)
    text = text_of(await table.press(reply_of(menu), "Retour"))
    assert "Seulement en : français" in text
    for words in ("français", paper, "modifié"):
        menu = await table.press(reply_of(menu), words)
    found = await table.find(id_of(card))
    assert (found.languages, found.sources, found.updates) == ((), (), False)


async def test_limits_can_be_written_into_the_topic(table: Table) -> None:
    card = await table.draft("le tram source:courrier langue:FR langue:de")
    found = await table.find(id_of(card))
    assert (found.topic, found.sources, found.languages) == ("le tram", ("courrier",), ("de", "fr"))
    assert "Seulement de : courrier" in shown(card)
    menu = await table.press(card, "Sources, langues")
    assert {"courrier", "français"} <= set(checked(reply_of(menu)))
    menu = await table.press(reply_of(menu), "courrier")
    assert (await table.find(id_of(card))).sources == ()


async def test_limits_alone_are_no_topic(table: Table) -> None:
    assert (await table.talk.subscribe(READER, "source:courrier langue:fr")).asks


async def test_as_many_limits_as_anyone_writes_make_a_card(table: Table) -> None:
    written = " ".join(f"source:journal{'x' * 99}{n}" for n in range(200))
    card = await table.draft(f"le tram {written}")
    shown(card)
    rendered(reply_of(await table.press(card, "Sources, langues")))


async def test_a_limit_changes_what_would_have_been_brought(table: Table) -> None:
    card = await table.draft(f"{TRAM} source:personne")
    assert "Aucun article ne porte encore sur ce sujet." in shown(card)


@pytest.mark.parametrize(
    "payload",
    [
        "p:fierce", "w:never", "h:1440", "h:-1", "h:9999999999", "h:x", "d:7", "d:-1", "d:x",
        "lang:zz", "lang:FR", "lang:fra", "src:0123456789ab", "src:", "u:maybe", "u:1", "l:x",
        "back:x", "show:x", "p", "w", "h", "d", "l", "u", "lang", "src", "back", "show",
    ],
)  # fmt: skip
async def test_forged_and_garbled_values_change_nothing(table: Table, payload: str) -> None:
    made = await table.follow()
    data = f"s:{made.id}:{payload}"
    if parse_follow(data) is not None:
        reply_of(await table.forge(data))
    assert await table.listed() == [made]


@pytest.mark.parametrize("kind", list(OnSubscription))
async def test_nobody_reaches_the_subscriptions_of_another_chat(
    table: Table, kind: OnSubscription
) -> None:
    made = await table.follow()
    said = await table.forge(f"s:{made.id}:{kind}", OTHER)
    assert said == Said(toast="Cet abonnement n’existe plus.")
    assert await table.listed() == [made]
    assert await table.forge(f"s:{10**15 - 1}:{kind}", OTHER) == said


@pytest.mark.parametrize("kind", [k for k in OnSubscription if k not in (ON.UNDO, ON.DELETE)])
async def test_what_was_deleted_comes_back_by_undo_alone(
    table: Table, kind: OnSubscription
) -> None:
    made = await table.follow()
    await table.forge(f"s:{made.id}:del")
    await table.forge(f"s:{made.id}:{kind}")
    assert await table.listed() == []
    said = await table.forge(f"s:{made.id}:undo")
    assert (said.edit, await table.listed()) == (True, [made])
    assert "Vous suivez" in text_of(said)


@pytest.mark.parametrize("kind", [ON.PAUSE, ON.RESUME, ON.UNDO])
async def test_a_draft_is_followed_by_confirming_alone(table: Table, kind: OnSubscription) -> None:
    card = await table.draft()
    await table.forge(f"s:{id_of(card)}:{kind}")
    assert await table.listed() == []


async def test_an_old_undo_does_not_end_a_pause(table: Table) -> None:
    made = await table.follow()
    await table.forge(f"s:{made.id}:pause")
    await table.forge(f"s:{made.id}:undo")
    assert (await table.find(made.id)).state is SubscriptionState.PAUSED


async def test_a_card_pauses_resumes_and_deletes(table: Table) -> None:
    made = await table.follow()
    card = reply_of(await table.forge(f"s:{made.id}:show"))
    card = reply_of(await table.press(card, "Pause"))
    assert (await table.find(made.id)).state is SubscriptionState.PAUSED
    card = reply_of(await table.press(card, "Reprendre"))
    assert (await table.find(made.id)).state is SubscriptionState.ACTIVE
    said = await table.press(card, "Supprimer")
    assert (said.edit, await table.listed()) == (True, [])
    said = await table.press(reply_of(said), "Rétablir")
    assert await table.listed() == [made]


async def test_the_list_pauses_resumes_and_deletes_in_place(table: Table) -> None:
    first, second = await table.follow("le tram"), await table.follow("les chouettes")
    card = reply_of(await table.talk.listing(READER))
    assert shown(card).startswith("Vous suivez 2 sujets :")
    said = await table.forge(f"s:{second.id}:pause:{LIST}")
    assert said.edit
    assert "2. les chouettes · en pause" in text_of(said)
    assert "en pause" not in text_of(await table.forge(f"s:{second.id}:resume:{LIST}"))
    said = await table.forge(f"s:{first.id}:del:{LIST}")
    assert "Vous ne suivez plus « le tram »." in text_of(said)
    assert (await table.talk.listing(READER)).edit is False
    assert [s.topic for s in await table.listed()] == ["les chouettes"]


async def test_a_list_of_nothing_says_how_to_begin(table: Table) -> None:
    assert "/subscribe" in text_of(await table.talk.listing(READER))


@pytest.mark.parametrize("named", ["le tram", "  LE   Tram "])
async def test_unsubscribe_ends_the_topic_that_is_named(table: Table, named: str) -> None:
    await table.follow("Le tram")
    kept = await table.follow("les chouettes")
    said = await table.talk.unsubscribe(READER, named)
    assert (said.edit, await table.listed()) == (False, [kept])
    assert button(reply_of(said), "Rétablir")


@pytest.mark.parametrize("named", ["", "le tramway", "*"])
async def test_unsubscribe_from_what_is_not_followed_lists_what_is(
    table: Table, named: str
) -> None:
    made = await table.follow("le tram")
    assert text_of(await table.talk.unsubscribe(READER, named)).startswith("Vous suivez 1 sujet")
    assert await table.listed() == [made]


async def test_a_chat_at_its_limit_is_told_kindly_and_keeps_what_it_has(table: Table) -> None:
    for number in range(MOST):
        await table.follow(f"le sujet {number}")
    said = await table.talk.subscribe(READER, "un de trop")
    assert text_of(said).startswith(f"Vous suivez {MOST} sujets, le plus")
    assert buttons(reply_of(said)) == []
    [first, *_] = await table.listed()
    await table.follow("Le sujet 0")  # the same again takes no room
    assert len(await table.listed()) == MOST
    said = await table.forge(f"s:{first.id}:undo")
    assert "Vous suivez" in text_of(said)
    assert len(await table.listed()) == MOST


async def test_an_undo_for_which_there_is_no_room_says_so(table: Table) -> None:
    first = await table.follow("le sujet 0")
    await table.forge(f"s:{first.id}:del")
    for number in range(1, MOST + 1):
        await table.follow(f"le sujet {number}")
    said = await table.forge(f"s:{first.id}:undo")
    assert text_of(said).startswith(f"Vous suivez {MOST} sujets, le plus")
    assert not said.edit


async def test_the_bell_under_an_answer_proposes_the_topic_of_the_question(table: Table) -> None:
    said = await table.talk.follow(READER, "Que coûtera la ligne D du tram d’Ostwick ?")
    card = reply_of(said)
    assert shown(card).startswith("🔔 coûtera la ligne D du tram d’Ostwick\n")
    assert button(card, "Suivre")


async def test_a_topic_is_understood_in_its_own_language(table: Table) -> None:
    card = await table.draft("the price of electricity in the winter")
    assert (await table.find(id_of(card))).language == "en"


async def test_what_no_database_takes_is_left_out_of_a_topic(table: Table) -> None:
    card = await table.draft("le\0 tram \ud83d")
    assert (await table.find(id_of(card))).topic == "le tram ?"


@pytest.mark.parametrize(
    ("kind", "words", "adjustment"),
    [(OnAlert.NOT_ABOUT, "je serai plus strict", 0.5), (OnAlert.MORE_LIKE, "dirai plus", -0.5)],
)
async def test_what_is_said_of_an_alert_tightens_or_loosens(
    table: Table, kind: OnAlert, words: str, adjustment: float
) -> None:
    made = await table.follow()
    alert = await table.alert(made)
    said = await table.talk.pressed(READER, AlertAction(alert, kind))
    assert words in plain(said.toast)
    assert TRAM in said.toast
    assert len(said.toast) <= 200  # more is cut by Telegram
    assert said.reply is None
    assert (await table.find(made.id)).adjustment == adjustment
    said = await table.talk.pressed(OTHER, AlertAction(alert, kind))
    assert said == Said(toast="Cet abonnement n’existe plus.")
    assert (await table.find(made.id)).adjustment == adjustment


async def test_an_alert_leads_to_its_subscription_and_ends_it(table: Table) -> None:
    made = await table.follow()
    alert = await table.alert(made)
    said = await table.talk.pressed(READER, AlertAction(alert, OnAlert.SUBSCRIPTION))
    assert (said.edit, id_of(reply_of(said))) == (False, made.id)
    said = await table.talk.pressed(READER, AlertAction(alert, OnAlert.STOP))
    assert (said.edit, await table.listed()) == (False, [])
    assert button(reply_of(said), "Rétablir")
    for kind in (OnAlert.SUBSCRIPTION, OnAlert.MORE_LIKE, OnAlert.NOT_ABOUT):
        said = await table.talk.pressed(READER, AlertAction(alert, kind))
        assert said == Said(toast="Cet abonnement n’existe plus.")
    assert await table.forge(f"a:{10**15 - 1}:not") == said


@pytest.mark.parametrize(
    ("text", "zone", "quiet"),
    [
        ("Europe/Brussels", "Europe/Brussels", None), ("tokyo", "Asia/Tokyo", None),
        ("22:30-7", "Europe/Paris", (1350, 420)), ("off", "Europe/Paris", None),
    ],
)  # fmt: skip
async def test_settings_are_changed_by_what_is_written(
    table: Table, text: str, zone: str, quiet: tuple[int, int] | None
) -> None:
    said = await table.talk.settings(READER, f" {text} ")
    assert zone in text_of(said)
    chat = await table.desk.subscriptions.chat(42)
    assert chat is not None
    assert (chat.time_zone.key, chat.quiet) == (zone, quiet)


@pytest.mark.parametrize("text", ["Vaubrac", "25-7", "12:75-3", "{zone}", "<b>", "x" * 4000])
async def test_settings_that_are_not_understood_change_nothing(table: Table, text: str) -> None:
    said = await table.talk.settings(READER, text)
    assert text_of(said).startswith("Je ne comprends pas")
    chat = await table.desk.subscriptions.chat(42)
    assert chat is not None
    assert (chat.time_zone.key, chat.quiet) == ("Europe/Paris", None)


async def test_settings_are_changed_by_buttons_in_place(table: Table) -> None:
    said = await table.talk.settings(READER)
    assert not said.edit
    for words in ("Dakar", "22-8"):
        said = await table.press(reply_of(said), words)
        assert said.edit
    assert {"Dakar", "🌙 22-8"} == set(checked(reply_of(said)))
    assert (await table.talk.pressed(READER, ChatAction(OnChat.SETTINGS))).edit
    await table.talk.pressed(READER, ChatAction(OnChat.ZONE, "Mars/Olympus"))
    assert "Africa/Dakar" in text_of(await table.talk.settings(READER))


async def test_a_schedule_is_told_in_the_zone_of_the_chat(table: Table) -> None:
    await table.talk.settings(READER, "America/Montreal")
    made = await table.follow()
    assert "America/Montreal" in text_of(await table.forge(f"s:{made.id}:w:daily"))


async def test_a_language_that_the_corpus_holds_no_more_can_be_taken_away(table: Table) -> None:
    made = await table.follow()
    async with table.database.writing() as session:
        await session.execute(
            update(SubscriptionRow).values(languages=["ko"], sources=["La Gazette"])
        )
    await table.forge(f"s:{made.id}:lang:ko")
    await table.forge(f"s:{made.id}:src:{source_key('La Gazette')}")
    found = await table.find(made.id)
    assert (found.languages, found.sources) == ((), ())


async def test_a_question_for_a_topic_is_forgotten_after_a_while(table: Table) -> None:
    await table.talk.subscribe(READER, "")
    table.time += timedelta(minutes=16)
    assert not await table.talk.is_topic(READER)
