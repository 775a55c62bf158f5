"""What chats follow, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bot.alerts.alert import AlertState
from bot.alerts.subscription import (
    ADJUSTED_BY,
    MOST_ADJUSTED,
    TERMINAL,
    ChatKind,
    Delivery,
    Schedule,
    Subscription,
    SubscriptionState,
)
from bot.alerts.subscriptions import TooMany
from bot.state.tables import SubscriptionRow
from index.topics import Sensitivity
from tests.alerts.conftest import CHAT, MOST, Desk, paris, proposal

OTHER, GROUP, SUPERGROUP = 43, -7, -1_000_000_000_007
TOKYO = ZoneInfo("Asia/Tokyo")


async def topics(desk: Desk, chat_id: int = CHAT) -> list[str]:
    return [found.topic for found in await desk.subscriptions.listed(chat_id)]


async def due(desk: Desk, alert_id: int) -> datetime:
    return (await desk.row(alert_id)).due_at


async def test_a_chat_is_met_once_and_its_language_follows_a_private_one(desk: Desk) -> None:
    met = await desk.subscriptions.meet(CHAT, ChatKind.PRIVATE, "fr")
    assert (met.id, met.kind, met.language, met.time_zone.key, met.quiet) == (
        CHAT, ChatKind.PRIVATE, "fr", "Europe/Paris", None,
    )  # fmt: skip
    assert (await desk.subscriptions.meet(CHAT, ChatKind.PRIVATE, "en")).language == "en"
    await desk.subscriptions.meet(GROUP, ChatKind.GROUP, "fr")
    assert (await desk.subscriptions.meet(GROUP, ChatKind.GROUP, "en")).language == "fr"
    assert await desk.subscriptions.chat(OTHER) is None


async def test_a_chat_that_writes_twice_at_once_is_met_once(desk: Desk) -> None:
    met = await asyncio.gather(
        *(desk.subscriptions.meet(CHAT, ChatKind.PRIVATE, "fr") for _ in range(8))
    )
    assert {chat.id for chat in met} == {CHAT}


async def test_a_draft_is_followed_once_it_is_confirmed(desk: Desk) -> None:
    await desk.subscriptions.meet(CHAT, ChatKind.PRIVATE, "fr")
    wanted = proposal("le tram", sources=("Le Courrier",), languages=("fr", "en"))
    draft = await desk.subscriptions.draft(CHAT, wanted)
    assert draft == Subscription(
        draft.id,
        CHAT,
        "le tram",
        "fr",
        sources=("Le Courrier",),
        languages=("fr", "en"),
        created_at=desk.clock(),
    )
    assert await topics(desk) == []
    desk.clock.passes(minutes=5)
    newest = paris(15, 9)
    confirmed = await desk.subscriptions.confirm(CHAT, draft.id, newest)
    assert confirmed is not None
    subscription, is_new = confirmed
    assert is_new
    assert (subscription.state, subscription.since) == (SubscriptionState.ACTIVE, newest)
    assert await topics(desk) == ["le tram"]
    assert await desk.subscriptions.confirm(CHAT, draft.id, desk.clock()) == (subscription, False)


async def test_the_vector_of_a_topic_is_kept_with_its_model(desk: Desk) -> None:
    subscription = await desk.follow("le tram")
    async with desk.database.reading() as session:
        row = await session.get_one(SubscriptionRow, subscription.id)
    assert row.model == "a-model"
    assert np.frombuffer(row.vector or b"", np.float32).tolist() == [1.0, 1.0, 1.0]


async def test_topics_are_listed_by_age_whether_paused_or_not(desk: Desk) -> None:
    first = await desk.follow("le tram")
    await desk.follow("les chouettes")
    await desk.subscriptions.set_state(CHAT, first.id, SubscriptionState.PAUSED)
    await desk.follow("le pain", OTHER)
    assert await topics(desk) == ["le tram", "les chouettes"]
    assert await topics(desk, OTHER) == ["le pain"]


async def test_a_chat_follows_no_more_than_it_may_drafts_not_counted(desk: Desk) -> None:
    await desk.subscriptions.meet(CHAT, ChatKind.PRIVATE, "fr")
    drafts = [
        await desk.subscriptions.draft(CHAT, proposal(f"topic {number}"))
        for number in range(MOST + 1)
    ]
    for draft in drafts[:MOST]:
        await desk.subscriptions.confirm(CHAT, draft.id, None)
    with pytest.raises(TooMany):
        await desk.subscriptions.confirm(CHAT, drafts[MOST].id, None)
    with pytest.raises(TooMany):
        await desk.subscriptions.draft(CHAT, proposal("another"))
    await desk.subscriptions.set_state(CHAT, drafts[0].id, SubscriptionState.PAUSED)
    with pytest.raises(TooMany):  # a paused one takes its room
        await desk.subscriptions.draft(CHAT, proposal("another"))
    await desk.follow("elsewhere", OTHER)
    await desk.subscriptions.set_state(CHAT, drafts[0].id, SubscriptionState.DELETED)
    assert await desk.subscriptions.confirm(CHAT, drafts[MOST].id, None)
    with pytest.raises(TooMany):  # there is no way back for the one that was deleted
        await desk.subscriptions.set_state(CHAT, drafts[0].id, SubscriptionState.ACTIVE)
    assert len(await topics(desk)) == MOST


async def test_no_more_than_it_may_are_confirmed_at_once(desk: Desk) -> None:
    await desk.subscriptions.meet(CHAT, ChatKind.PRIVATE, "fr")
    drafts = [
        await desk.subscriptions.draft(CHAT, proposal(f"topic {number}"))
        for number in range(MOST + 3)
    ]
    ended = await asyncio.gather(
        *(desk.subscriptions.confirm(CHAT, draft.id, None) for draft in drafts),
        return_exceptions=True,
    )
    assert sum(isinstance(end, TooMany) for end in ended) == 3
    assert len(await topics(desk)) == MOST


async def test_a_topic_that_is_followed_again_takes_the_place_of_the_old(desk: Desk) -> None:
    old = await desk.follow("Le  tram", schedule=Schedule.DAILY)
    for number in range(MOST - 1):
        await desk.follow(f"topic {number}")
    waiting = await desk.alert(old, due_at=paris(16, 8))
    told = await desk.alert(old, state=AlertState.SENT)
    new = await desk.follow("le tram")  # though there is no room for one more
    assert old.id not in [found.id for found in await desk.subscriptions.listed(CHAT)]
    assert len(await topics(desk)) == MOST
    row = await desk.row(waiting)
    assert (row.subscription_id, row.due_at) == (new.id, desk.clock())
    assert (await desk.row(told)).subscription_id == old.id


async def test_an_undo_takes_the_place_of_what_was_followed_since(desk: Desk) -> None:
    old = await desk.follow("le tram")
    before = await desk.alert(old)
    await desk.subscriptions.set_state(CHAT, old.id, SubscriptionState.DELETED)
    new = await desk.follow("le tram")
    since = await desk.alert(new)
    await desk.subscriptions.set_state(CHAT, old.id, SubscriptionState.ACTIVE)
    assert [found.id for found in await desk.subscriptions.listed(CHAT)] == [old.id]
    assert {(await desk.row(id)).subscription_id for id in (before, since)} == {old.id}


async def test_alerts_wait_while_their_subscription_is_paused_or_deleted(desk: Desk) -> None:
    subscription = await desk.follow("le tram")
    await desk.alert(subscription)
    for state in (SubscriptionState.PAUSED, SubscriptionState.DELETED):
        await desk.subscriptions.set_state(CHAT, subscription.id, state)
        assert await desk.outbox.due_chats(9, terminal=False) == []
    await desk.subscriptions.set_state(CHAT, subscription.id, SubscriptionState.ACTIVE)
    assert await desk.outbox.due_chats(9, terminal=False) == [CHAT]


@pytest.mark.parametrize("id", [0, -1, 999, 2**31, 10**15 - 1])
async def test_ids_that_there_are_not_are_no_subscriptions(desk: Desk, id: int) -> None:
    await desk.follow("le tram")
    assert await desk.subscriptions.find(CHAT, id) is None
    assert await desk.subscriptions.confirm(CHAT, id, None) is None
    assert await desk.subscriptions.set_state(CHAT, id, SubscriptionState.DELETED) is None
    assert await desk.subscriptions.change(CHAT, id, minute=1) is None
    assert await desk.subscriptions.adjust(CHAT, id, True) is None
    assert await desk.subscriptions.of_alert(CHAT, id) is None
    assert await topics(desk) == ["le tram"]


async def test_a_subscription_is_out_of_reach_of_every_other_chat(desk: Desk) -> None:
    mine = await desk.follow("le tram")
    draft = await desk.subscriptions.draft(CHAT, proposal("les chouettes"))
    alert = await desk.alert(mine)
    await desk.subscriptions.meet(OTHER, ChatKind.PRIVATE, "fr")
    for id in (mine.id, draft.id):
        assert await desk.subscriptions.find(OTHER, id) is None
        assert await desk.subscriptions.confirm(OTHER, id, None) is None
        assert await desk.subscriptions.set_state(OTHER, id, SubscriptionState.DELETED) is None
        assert await desk.subscriptions.change(OTHER, id, minute=1) is None
        assert await desk.subscriptions.adjust(OTHER, id, True) is None
    assert await desk.subscriptions.of_alert(OTHER, alert) is None
    assert await desk.subscriptions.of_alert(CHAT, alert) == mine
    assert await desk.subscriptions.find(CHAT, mine.id) == mine
    assert await desk.subscriptions.find(CHAT, draft.id) == draft


async def test_choices_are_kept(desk: Desk) -> None:
    made = await desk.follow("le tram")
    changed = await desk.subscriptions.change(
        CHAT,
        made.id,
        sensitivity=Sensitivity.STRICT,
        schedule=Schedule.WEEKLY,
        minute=555,
        weekday=4,
        sources=["L’Écho"],
        languages=["de"],
        updates=True,
    )
    assert changed == await desk.subscriptions.find(CHAT, made.id)
    assert changed is not None
    assert changed.sensitivity is Sensitivity.STRICT
    assert changed.delivery == Delivery(Schedule.WEEKLY, 555, 4)
    assert (changed.sources, changed.languages, changed.updates) == (("L’Écho",), ("de",), True)


async def test_presses_tighten_and_loosen_within_bounds(desk: Desk) -> None:
    made = await desk.follow("le tram")

    async def pressed(stricter: bool) -> float:
        found = await desk.subscriptions.adjust(CHAT, made.id, stricter)
        assert found is not None
        return found.adjustment

    assert await pressed(True) == ADJUSTED_BY
    assert await pressed(False) == 0.0
    assert [await pressed(True) for _ in range(9)][-1] == MOST_ADJUSTED
    assert await pressed(False) == MOST_ADJUSTED - ADJUSTED_BY
    assert [await pressed(False) for _ in range(19)][-1] == -MOST_ADJUSTED


async def test_the_text_after_the_question_for_a_topic_is_one_for_a_while(desk: Desk) -> None:
    await desk.subscriptions.meet(GROUP, ChatKind.GROUP, "fr")
    assert not await desk.subscriptions.asked(GROUP, 1)
    await desk.subscriptions.ask(GROUP, 1)
    assert not await desk.subscriptions.asked(GROUP, 2)  # somebody else
    assert not await desk.subscriptions.asked(OTHER, 1)  # somewhere else
    assert await desk.subscriptions.asked(GROUP, 1)
    assert not await desk.subscriptions.asked(GROUP, 1)
    await desk.subscriptions.ask(GROUP, 1)
    desk.clock.passes(minutes=14)
    assert await desk.subscriptions.asked(GROUP, 1)
    await desk.subscriptions.ask(GROUP, 1)
    desk.clock.passes(minutes=16)
    assert not await desk.subscriptions.asked(GROUP, 1)


async def test_two_texts_at_once_are_not_both_the_topic(desk: Desk) -> None:
    await desk.subscriptions.meet(CHAT, ChatKind.PRIVATE, "fr")
    await desk.subscriptions.ask(CHAT, CHAT)
    asked = await asyncio.gather(*(desk.subscriptions.asked(CHAT, CHAT) for _ in range(5)))
    assert sorted(asked) == [False, False, False, False, True]


async def test_a_digest_that_is_to_come_moves_with_the_time_zone(desk: Desk) -> None:
    daily = await desk.follow("le tram", schedule=Schedule.DAILY)  # it is 10:00 in Paris
    digest = await desk.alert(daily, due_at=paris(16, 8))
    await desk.subscriptions.set_zone(CHAT, TOKYO)
    assert await due(desk, digest) == datetime(2024, 5, 16, 8, tzinfo=TOKYO)
    chat = await desk.subscriptions.chat(CHAT)
    assert chat is not None
    assert chat.time_zone == TOKYO


async def test_what_waits_for_the_end_of_quiet_hours_moves_with_them(desk: Desk) -> None:
    desk.clock.set(15, 23)
    at_once = await desk.follow("le tram")
    await desk.subscriptions.set_quiet(CHAT, (22 * 60, 7 * 60))
    waiting = await desk.alert(at_once, due_at=paris(16, 7))
    await desk.subscriptions.set_quiet(CHAT, (22 * 60, 6 * 60 + 30))
    assert await due(desk, waiting) == paris(16, 6, 30)
    await desk.subscriptions.set_quiet(CHAT, None)
    assert await due(desk, waiting) == desk.clock()
    chat = await desk.subscriptions.chat(CHAT)
    assert chat is not None
    assert chat.quiet is None


async def test_what_waits_moves_with_a_new_schedule(desk: Desk) -> None:
    made = await desk.follow("le tram", schedule=Schedule.DAILY)
    waiting = await desk.alert(made, due_at=paris(16, 8))
    sent = await desk.alert(made, due_at=paris(14, 8), state=AlertState.SENT)
    for changes, then in (
        ({"minute": 18 * 60}, paris(15, 18)),
        ({"schedule": Schedule.WEEKLY, "weekday": 4}, paris(17, 18)),
        ({"sensitivity": Sensitivity.LOOSE}, paris(17, 18)),
        ({"schedule": Schedule.NOW}, paris(15, 10)),
    ):
        await desk.subscriptions.change(CHAT, made.id, **changes)
        assert await due(desk, waiting) == then
    assert await due(desk, sent) == paris(14, 8)


async def test_what_is_overdue_is_not_put_off_by_a_change(desk: Desk) -> None:
    digest = await desk.follow("le tram", schedule=Schedule.DAILY)
    overdue = await desk.alert(digest, due_at=paris(15, 8))  # the bot was down
    await desk.subscriptions.set_zone(CHAT, TOKYO)
    await desk.subscriptions.set_quiet(CHAT, (60, 120))
    await desk.subscriptions.change(CHAT, digest.id, minute=9 * 60)
    assert await due(desk, overdue) == paris(15, 8)


async def test_a_chat_that_cannot_be_written_to_keeps_its_topics_and_loses_its_alerts(
    desk: Desk,
) -> None:
    made = await desk.follow("le tram")
    ids = [
        await desk.alert(made),
        await desk.alert(made, state=AlertState.SENDING),
        await desk.alert(made, state=AlertState.SENT),
    ]
    await desk.subscriptions.unreachable(CHAT)
    assert [(await desk.row(id)).state for id in ids] == ["dropped", "dropped", "sent"]
    assert await topics(desk) == ["le tram"]
    row = await desk.chat_row()
    assert row is not None
    assert row.unreachable_since == desk.clock()
    await desk.subscriptions.unreachable(OTHER)  # of which nothing is known


@pytest.mark.parametrize("how", ["let in", "writes"])
async def test_a_chat_that_comes_back_is_told_again(desk: Desk, how: str) -> None:
    made = await desk.follow("le tram")
    await desk.subscriptions.unreachable(CHAT)
    later = await desk.alert(made)
    assert await desk.outbox.due_chats(9, terminal=False) == []
    if how == "writes":
        await desk.subscriptions.meet(CHAT, ChatKind.PRIVATE, "fr")
    else:
        await desk.subscriptions.reachable(CHAT)
        await desk.subscriptions.reachable(OTHER)
    assert await desk.outbox.due_chats(9, terminal=False) == [CHAT]
    claim = await desk.outbox.claim(CHAT, 9, lambda chat, alerts, more: True)
    assert claim is not None
    assert claim.ids == [later]


async def in_a_group(desk: Desk, topic: str, chat_id: int) -> Subscription:
    await desk.subscriptions.meet(chat_id, ChatKind.GROUP, "fr")
    return await desk.follow(topic, chat_id)


async def test_a_group_that_becomes_a_supergroup_takes_everything_along(desk: Desk) -> None:
    made = await in_a_group(desk, "le tram", GROUP)
    await desk.subscriptions.set_zone(GROUP, TOKYO)
    await desk.subscriptions.set_quiet(GROUP, (60, 120))
    waiting = await desk.alert(made)
    sent = await desk.alert(made, state=AlertState.SENT, message_id=5, outdated=True)
    await desk.subscriptions.unreachable(GROUP)
    await desk.set_alert(waiting, state=AlertState.PENDING)
    await desk.subscriptions.migrate(GROUP, SUPERGROUP)
    assert await desk.chat_row(GROUP) is None
    chat = await desk.subscriptions.chat(SUPERGROUP)
    assert chat is not None
    assert (chat.kind, chat.time_zone, chat.quiet) == (ChatKind.GROUP, TOKYO, (60, 120))
    assert await topics(desk, SUPERGROUP) == ["le tram"]
    assert await desk.outbox.due_chats(9, terminal=False) == [SUPERGROUP]
    assert (await desk.row(sent)).chat_id == SUPERGROUP
    await desk.subscriptions.migrate(GROUP, SUPERGROUP)  # as both chats tell of it


async def test_a_supergroup_that_is_known_already_keeps_its_own_settings(desk: Desk) -> None:
    await in_a_group(desk, "le tram", GROUP)
    await desk.subscriptions.set_zone(GROUP, TOKYO)
    await in_a_group(desk, "les chouettes", SUPERGROUP)
    await desk.subscriptions.migrate(GROUP, SUPERGROUP)
    assert await topics(desk, SUPERGROUP) == ["le tram", "les chouettes"]
    chat = await desk.subscriptions.chat(SUPERGROUP)
    assert chat is not None
    assert chat.time_zone.key == "Europe/Paris"


async def test_messages_of_the_old_group_are_not_taken_for_those_of_the_new(desk: Desk) -> None:
    old, new = (
        await in_a_group(desk, "le tram", GROUP),
        await in_a_group(desk, "les chouettes", SUPERGROUP),
    )
    await desk.alert(old, state=AlertState.SENT, message_id=5, outdated=True)
    mine = await desk.alert(new, state=AlertState.SENT, message_id=5, outdated=True)
    await desk.subscriptions.migrate(GROUP, SUPERGROUP)
    assert await desk.outbox.outdated(9) == [(SUPERGROUP, 5)]
    shown = await desk.outbox.message(SUPERGROUP, 5)
    assert shown is not None
    assert shown.ids == [mine]


async def test_tidying_forgets_what_nobody_will_ask_for(desk: Desk) -> None:
    kept = await desk.follow("le tram")
    gone = await desk.follow("les chouettes")
    draft = await desk.subscriptions.draft(CHAT, proposal("le pain"))
    old_alerts = [
        await desk.alert(kept, state=state) for state in (AlertState.SENT, AlertState.DROPPED)
    ]
    of_gone = await desk.alert(gone)
    waiting = await desk.alert(kept)
    await desk.subscriptions.set_state(CHAT, gone.id, SubscriptionState.DELETED)
    paused = await desk.follow("la gare")
    await desk.subscriptions.set_state(CHAT, paused.id, SubscriptionState.PAUSED)

    async def left() -> set[int]:
        await desk.subscriptions.tidy()
        return {row.id for row in await desk.rows()}

    desk.clock.passes(days=1)
    assert await left() == {*old_alerts, of_gone, waiting}
    assert await desk.subscriptions.find(CHAT, draft.id) is not None
    desk.clock.passes(days=2)
    assert await left() == {*old_alerts, of_gone, waiting}
    assert await desk.subscriptions.find(CHAT, draft.id) is None
    desk.clock.passes(days=28)
    assert await left() == {*old_alerts, waiting}
    assert await desk.subscriptions.find(CHAT, gone.id) is None
    desk.clock.passes(days=60)
    assert await left() == {waiting}
    assert await topics(desk) == ["le tram", "la gare"]


async def test_ids_are_never_given_twice(desk: Desk) -> None:
    await desk.subscriptions.meet(CHAT, ChatKind.PRIVATE, "fr")
    first = await desk.subscriptions.draft(CHAT, proposal("le tram"))
    desk.clock.passes(days=3)
    await desk.subscriptions.tidy()
    second = await desk.subscriptions.draft(CHAT, proposal("le tram"))
    assert second.id > first.id


async def test_the_terminal_is_a_chat_like_others(desk: Desk) -> None:
    await desk.subscriptions.meet(TERMINAL, ChatKind.TERMINAL, "en")
    await desk.follow("le tram", TERMINAL)
    assert await topics(desk, TERMINAL) == ["le tram"]
