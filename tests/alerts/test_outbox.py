"""The outbox: everything once, in order, when it is wanted. On SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta

import pytest
from sqlalchemy import event

from bot.alerts.alert import Alert, AlertState, Excerpt, article_as_json
from bot.alerts.outbox import Claim, Counts
from bot.alerts.subscription import TERMINAL, Chat, ChatKind, Schedule, SubscriptionState
from bot.answering.answer import ArticleReference
from bot.state.tables import AlertRow
from tests.alerts.conftest import CHAT, Desk, paris

OTHER, THIRD = 43, 44
FITS_ONE = 15

TRAM = ArticleReference(
    "a/tram.md", "Le tram", "https://courrier.example/tram", "Le Courrier", date(2024, 5, 14)
)
ECHO = ArticleReference("b/tram.md", "Encore le tram", None, None, None)


def anything(chat: Chat, alerts: Sequence[Alert], more: int) -> bool:
    return True


async def claim(desk: Desk, chat_id: int = CHAT, most: int = FITS_ONE) -> Claim | None:
    return await desk.outbox.claim(chat_id, most, anything)


async def claimed(desk: Desk, chat_id: int = CHAT, most: int = FITS_ONE) -> list[int]:
    found = await claim(desk, chat_id, most)
    return found.ids if found else []


async def states(desk: Desk) -> list[str]:
    return [row.state for row in await desk.rows()]


async def due_chats(desk: Desk, *, terminal: bool = False) -> list[int]:
    return await desk.outbox.due_chats(99, terminal=terminal)


async def test_what_is_claimed_is_marked_and_is_not_claimed_again(desk: Desk) -> None:
    id = await desk.alert(await desk.follow("le tram"))
    assert await claimed(desk) == [id]
    assert await states(desk) == ["sending"]
    assert await claim(desk) is None
    assert await due_chats(desk) == []


async def test_a_claim_holds_all_that_is_to_be_shown(desk: Desk) -> None:
    subscription = await desk.follow("le tram")
    await desk.subscriptions.set_quiet(CHAT, (60, 120))
    excerpt = Excerpt(10, 40, "Le tram coûtera cher. Il roule", 10, 31)
    id = await desk.alert(
        subscription,
        article=article_as_json(TRAM),
        excerpt=asdict(excerpt),
        others=[article_as_json(ECHO)],
        version="a-run",
        attempts=3,
    )
    found = await claim(desk)
    assert found is not None
    alert = Alert(id, subscription.id, "le tram", TRAM, excerpt, (ECHO,), updated=True)
    assert found == Claim(found.chat, (alert,), attempts=3, more=0)
    assert found.chat == await desk.subscriptions.chat(CHAT)
    assert excerpt.quote == "Le tram coûtera cher."


async def test_what_was_sent_stays_sent(desk: Desk) -> None:
    id = await desk.alert(await desk.follow("le tram"))
    await desk.outbox.sent(await claimed(desk), 77)
    row = await desk.row(id)
    assert (row.state, row.message_id, row.sent_at) == ("sent", 77, desk.clock())
    await desk.outbox.release([id])
    await desk.outbox.not_sent([id], desk.clock(), unknown=True)
    assert await desk.outbox.recover(terminal=False) == 0
    assert await claim(desk) is None
    assert not (await desk.row(id)).possibly_double


async def test_what_was_released_is_due_still(desk: Desk) -> None:
    id = await desk.alert(await desk.follow("le tram"))
    await desk.outbox.release(await claimed(desk))
    row = await desk.row(id)
    assert (row.state, row.attempts, row.possibly_double) == ("pending", 0, False)
    assert await claimed(desk) == [id]


async def test_what_was_released_may_be_due_later(desk: Desk) -> None:
    id = await desk.alert(await desk.follow("le tram"))
    await desk.outbox.release(await claimed(desk), desk.clock() + timedelta(seconds=5))
    assert await claim(desk) is None
    desk.clock.passes(seconds=5)
    assert await claimed(desk) == [id]


@pytest.mark.parametrize("unknown", [False, True])
async def test_what_failed_is_due_again_later(desk: Desk, unknown: bool) -> None:
    id = await desk.alert(await desk.follow("le tram"))
    again = desk.clock() + timedelta(seconds=30)
    await desk.outbox.not_sent(await claimed(desk), again, unknown=unknown)
    row = await desk.row(id)
    assert (row.state, row.attempts, row.possibly_double) == ("pending", 1, unknown)
    assert await claim(desk) is None
    desk.clock.passes(seconds=30)
    found = await claim(desk)
    assert found is not None
    assert (found.ids, found.attempts) == ([id], 1)
    await desk.outbox.not_sent(found.ids, desk.clock(), unknown=False)
    assert (await desk.row(id)).possibly_double is unknown  # it may have arrived then
    await desk.outbox.sent(await claimed(desk), 1)
    assert await desk.outbox.counts() == Counts(0, 1, int(unknown), 0)


async def test_what_a_process_died_over_is_sent_once_more_and_counted(desk: Desk) -> None:
    subscription = await desk.follow("le tram")
    dying, sent = await desk.alerts(subscription, 2)
    await desk.outbox.sent(await claimed(desk, most=1), 1)
    assert await claimed(desk) == [sent]
    await desk.alerts(subscription, 1)
    assert await desk.outbox.recover(terminal=False) == 1
    assert await desk.outbox.recover(terminal=False) == 0
    assert await states(desk) == ["sent", "pending", "pending"]
    assert [row.possibly_double for row in await desk.rows()] == [False, True, False]
    await desk.outbox.sent(await claimed(desk), 2)
    assert await desk.outbox.counts() == Counts(0, 3, 1, 0)
    assert dying != sent


async def test_the_bot_and_the_terminal_keep_to_their_own(desk: Desk) -> None:
    await desk.subscriptions.meet(TERMINAL, ChatKind.TERMINAL, "fr")
    theirs = await desk.alert(await desk.follow("le tram"))
    mine = await desk.alert(await desk.follow("le tram", TERMINAL))
    assert (await due_chats(desk), await due_chats(desk, terminal=True)) == ([CHAT], [TERMINAL])
    assert (await claimed(desk), await claimed(desk, TERMINAL)) == ([theirs], [mine])
    assert await desk.outbox.recover(terminal=True) == 1
    assert await states(desk) == ["sending", "pending"]
    assert await desk.outbox.recover(terminal=False) == 1


async def test_chats_that_have_waited_longest_come_first(desk: Desk) -> None:
    for chat_id, minutes in ((CHAT, 5), (OTHER, 9), (THIRD, 5)):
        subscription = await desk.follow("le tram", chat_id)
        await desk.alert(subscription, due_at=desk.clock() - timedelta(minutes=minutes))
        await desk.alert(subscription, due_at=desk.clock() - timedelta(minutes=1))
    assert await due_chats(desk) == [OTHER, CHAT, THIRD]
    assert await desk.outbox.due_chats(2, terminal=False) == [OTHER, CHAT]


async def test_nothing_is_due_before_its_time(desk: Desk) -> None:
    id = await desk.alert(await desk.follow("le tram"), due_at=paris(15, 10, 1))
    assert (await due_chats(desk), await claim(desk)) == ([], None)
    desk.clock.set(15, 10, 1)
    assert (await due_chats(desk), await claimed(desk)) == ([CHAT], [id])


@pytest.mark.parametrize("state", [SubscriptionState.PAUSED, SubscriptionState.DELETED])
async def test_what_is_paused_or_deleted_waits(desk: Desk, state: SubscriptionState) -> None:
    paused, other = await desk.follow("le tram"), await desk.follow("les chouettes")
    waiting, due = await desk.alert(paused), await desk.alert(other)
    await desk.subscriptions.set_state(CHAT, paused.id, state)
    assert await claimed(desk) == [due]
    assert (await due_chats(desk), await claim(desk)) == ([], None)
    await desk.subscriptions.set_state(CHAT, paused.id, SubscriptionState.ACTIVE)
    assert (await due_chats(desk), await claimed(desk)) == ([CHAT], [waiting])


async def test_a_chat_that_cannot_be_written_to_is_passed_over(desk: Desk) -> None:
    subscription = await desk.follow("le tram")
    await desk.subscriptions.unreachable(CHAT)
    await desk.alert(subscription)
    assert (await due_chats(desk), await claim(desk)) == ([], None)
    assert await claim(desk, OTHER) is None


async def test_quiet_hours_put_off_what_comes_at_once_alone(desk: Desk) -> None:
    at_once = await desk.follow("le tram")
    digest = await desk.follow("les chouettes", schedule=Schedule.DAILY, minute=23 * 60)
    waiting, due = await desk.alert(at_once), await desk.alert(digest)
    await desk.subscriptions.set_quiet(CHAT, (22 * 60, 7 * 60))
    desk.clock.set(15, 23)
    found = await claim(desk)
    assert found is not None
    assert (found.ids, found.more) == ([due], 0)
    assert (await desk.row(waiting)).due_at == paris(16, 7)
    assert (await due_chats(desk), await claim(desk)) == ([], None)
    desk.clock.set(16, 7)
    assert await claimed(desk) == [waiting]


async def test_topics_stay_together_and_the_likeliest_comes_first(desk: Desk) -> None:
    tram, owls = await desk.follow("le tram"), await desk.follow("les chouettes")
    second = await desk.alert(owls, log_odds=9.0)
    unlikely, likely = await desk.alert(tram, log_odds=1.0), await desk.alert(tram, log_odds=2.0)
    assert await claimed(desk) == [likely, unlikely, second]


async def test_what_does_not_fit_stays_due_and_is_counted(desk: Desk) -> None:
    ids = await desk.alerts(await desk.follow("le tram"), 12)
    asked: list[tuple[int, int]] = []

    def five(chat: Chat, alerts: Sequence[Alert], more: int) -> bool:
        asked.append((len(alerts), more))
        return len(alerts) <= 5

    found = await desk.outbox.claim(CHAT, 10, five)
    assert found is not None
    assert (found.ids, found.more) == (ids[:5], 7)
    assert all(alerts + more == 12 for alerts, more in asked)
    assert await due_chats(desk) == [CHAT]
    rest = await claim(desk)
    assert rest is not None
    assert (rest.ids, rest.more) == (ids[5:], 0)


async def test_one_alert_is_claimed_whether_or_not_it_fits(desk: Desk) -> None:
    ids = await desk.alerts(await desk.follow("le tram"), 2)
    found = await desk.outbox.claim(CHAT, 15, lambda chat, alerts, more: False)
    assert found is not None
    assert (found.ids, found.more) == (ids[:1], 1)


async def test_a_chat_that_is_due_hundreds_has_no_more_than_a_message_loaded(desk: Desk) -> None:
    ids = await desk.alerts(await desk.follow("le tram"), 500)
    loaded: list[int] = []

    def note(row: AlertRow, context: object) -> None:
        loaded.append(row.id)

    event.listen(AlertRow, "load", note)
    found = await claim(desk)
    event.remove(AlertRow, "load", note)
    assert found is not None
    assert (found.ids, found.more) == (ids[:15], 485)
    assert len(loaded) == 15


@pytest.mark.parametrize("most", [1, 4, 100])
async def test_two_who_claim_at_once_never_get_the_same_alert(desk: Desk, most: int) -> None:
    ids = await desk.alerts(await desk.follow("le tram"), 30)
    got: list[int] = []

    async def take() -> None:
        empty = 0
        while empty < 2:  # who waited for another may find nothing while there is more
            found = await claimed(desk, most=most)
            empty = 0 if found else empty + 1
            got.extend(found)
            await desk.outbox.sent(found, 1)

    await asyncio.gather(take(), take(), take())
    assert sorted(got) == ids


async def test_what_is_refused_is_dropped_with_the_reason(desk: Desk) -> None:
    id = await desk.alert(await desk.follow("le tram"))
    await desk.outbox.dropped(await claimed(desk), "BUTTON_DATA_INVALID")
    row = await desk.row(id)
    assert (row.state, row.reason) == ("dropped", "BUTTON_DATA_INVALID")
    assert (await due_chats(desk), await claim(desk)) == ([], None)


async def test_a_message_whose_story_others_tell_by_now_is_shown_anew(desk: Desk) -> None:
    subscription = await desk.follow("le tram")
    ids = await desk.alerts(subscription, 2)
    await desk.outbox.sent(await claimed(desk), 7)
    assert await desk.outbox.outdated(9) == []
    for id in ids:
        await desk.set_alert(id, others=[article_as_json(ECHO)], outdated=True)
    assert await desk.outbox.outdated(9) == [(CHAT, 7)]
    shown = await desk.outbox.message(CHAT, 7)
    assert shown is not None
    assert (shown.ids, shown.more) == (ids, 0)
    assert [alert.others for alert in shown.alerts] == [(ECHO,), (ECHO,)]
    assert await desk.outbox.outdated(9) == [(CHAT, 7)]  # until it is known to be shown
    await desk.outbox.shown(shown)
    assert await desk.outbox.outdated(9) == []


async def test_what_joins_a_story_while_its_message_is_shown_anew_is_shown_after(
    desk: Desk,
) -> None:
    id = await desk.alert(await desk.follow("le tram"), others=[article_as_json(ECHO)])
    await desk.outbox.sent(await claimed(desk), 7)
    await desk.set_alert(id, outdated=True)
    shown = await desk.outbox.message(CHAT, 7)
    assert shown is not None
    await desk.set_alert(id, others=[article_as_json(ECHO), article_as_json(TRAM)])
    await desk.outbox.shown(shown)
    assert await desk.outbox.outdated(9) == [(CHAT, 7)]


async def test_nothing_is_shown_anew_where_it_cannot_be(desk: Desk) -> None:
    id = await desk.alert(await desk.follow("le tram"))
    await desk.outbox.sent(await claimed(desk), 7)
    await desk.set_alert(id, outdated=True)
    await desk.subscriptions.unreachable(CHAT)
    assert await desk.outbox.outdated(9) == []


async def test_what_is_not_sent_yet_is_no_message(desk: Desk) -> None:
    await desk.alert(await desk.follow("le tram"), outdated=True)
    assert await desk.outbox.outdated(9) == []
    assert await desk.outbox.message(CHAT, 7) is None
    found = await claim(desk)  # what is shown now names them all
    assert found is not None
    await desk.outbox.sent(found.ids, 7)
    assert await desk.outbox.outdated(9) == []
    assert await desk.outbox.message(OTHER, 7) is None


async def test_an_article_that_comes_while_its_alert_is_sent_is_named_after(desk: Desk) -> None:
    id = await desk.alert(await desk.follow("le tram"))
    ids = await claimed(desk)
    await desk.set_alert(id, others=[article_as_json(ECHO)], outdated=True)
    assert await desk.outbox.outdated(9) == []
    await desk.outbox.sent(ids, 7)
    assert await desk.outbox.outdated(9) == [(CHAT, 7)]


async def test_all_are_counted(desk: Desk) -> None:
    assert await desk.outbox.counts() == Counts(0, 0, 0, 0)
    subscription = await desk.follow("le tram")
    await desk.alerts(subscription, 3)
    await desk.alerts(subscription, 2, state=AlertState.SENDING, possibly_double=True)
    await desk.alerts(subscription, 4, state=AlertState.SENT)
    await desk.alerts(subscription, 1, state=AlertState.SENT, possibly_double=True)
    await desk.alerts(subscription, 2, state=AlertState.DROPPED, possibly_double=True)
    assert await desk.outbox.counts() == Counts(5, 5, 1, 2)
