"""From articles that arrive to alerts, with the default model and real generations."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.alerts import matching
from bot.alerts.alert import AlertState
from bot.alerts.matching import Matcher
from bot.alerts.subscription import Schedule, Subscription, SubscriptionState
from bot.alerts.topics import TopicIndex
from bot.assistant import Assistant
from bot.state.database import Database, checked_url
from bot.state.tables import AlertRow, MatchedArticleRow, MatchedRunRow, SubscriptionRow, TellingRow
from index.arrivals import Run
from index.background import SHIPPED, Background
from index.embedding import Encoder
from index.generations import Generation, current_name, open_current, roll_back
from index.topics import Sensitivity, threshold
from tests.alerts.conftest import CHAT, MOST, PARIS, Desk
from tests.alerts.texts import (
    BREAD,
    BUSES,
    OWLS,
    PICTURE,
    STRIKE,
    STRIKE_IN_ENGLISH,
    TRAM,
    TRAM_TOO,
)
from tests.index.conftest import Newsroom, WrappedEncoder

TOPIC = "le tram d’Ostwick"
MAX_AGE = timedelta(days=7)
MORE = "La ligne coûtera 310 millions d’euros, soit 40 millions de plus que prévu en janvier."

both = pytest.mark.parametrize("database_url", ["sqlite_url", "postgresql_url"], indirect=True)


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite, unless the test asks for both."""
    url: str = request.getfixturevalue(getattr(request, "param", "sqlite_url"))
    return url


@dataclass(frozen=True)
class History:
    """An index as it was after each of some runs, in a folder each."""

    folder: Path
    encoder: Encoder
    runs: dict[str, Run]  # by the stage that brought it

    def at(self, stage: str) -> Path:
        return self.folder / stage


def publish(room: Newsroom, name: str, text: tuple[str, str], **fields: object) -> None:
    title, body = text
    fields = {"title": f'"{title}"', "url": f"https://courrier.example/{name}", **fields}
    head = "".join(f"{key}: {value}\n" for key, value in fields.items() if value is not None)
    room.write(f"{name}.md", f"---\n{head}---\n\n{body}\n")


@pytest.fixture(scope="module")
def history(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> History:
    folder = tmp_path_factory.mktemp("history")
    room = Newsroom(folder / "articles", folder / "built", encoder)
    room.index.mkdir()
    today = datetime.now(UTC).date()
    history = History(folder, encoder, {})

    def stage(name: str) -> None:
        shutil.copytree(room.index, history.at(name))
        with room.opened() as generation:
            history.runs[name] = next(generation.store.runs())

    publish(room, "bread", BREAD, published=today)
    publish(room, "old-tram", TRAM_TOO, published=today)
    room.reindex()
    stage("first")
    publish(room, "tram", TRAM, source="Le Courrier", published=today)
    publish(room, "owls", OWLS, source="Le Courrier", published=today)
    publish(room, "strike", STRIKE_IN_ENGLISH, source="The Echo", published=today)
    publish(room, "stale", STRIKE, published=today - MAX_AGE - timedelta(days=2))
    publish(room, "buses", BUSES)  # nobody knows of which day
    publish(room, "caption", PICTURE, published=today)
    room.reindex()
    stage("arrived")
    publish(room, "tram-too", TRAM_TOO, source="L’Écho", published=today)
    room.reindex()
    stage("joined")
    publish(room, "tram", (TRAM[0], f"{TRAM[1]} {MORE}"), source="Le Courrier", published=today)
    room.reindex()
    stage("changed")
    publish(room, "archive", STRIKE, published=today)
    room.reindex(no_alerts=True)
    stage("archive")
    publish(room, "archive-2", STRIKE, published=today)
    room.reindex(full=True)
    stage("full")
    roll_back(room.index)
    stage("rolled back")
    return history


@dataclass(frozen=True)
class News(Desk):
    """A desk with a matcher over the index as it was at a stage."""

    history: History
    assistant: Assistant
    matcher: Matcher
    topics: TopicIndex
    _stage: list[Path]

    def goes_on(self, stage: str) -> None:
        """The index is as it was after this stage."""
        self._stage[:] = [self.history.at(stage)]
        self.assistant.follow()

    async def subscribe(
        self, topic: str = TOPIC, before: str = "arrived", chat_id: int = CHAT, **changes: object
    ) -> Subscription:
        """Follow a topic, made just before a stage."""
        made = await self.follow(topic, chat_id, **changes)
        async with self.database.writing() as session:
            row = await session.get_one(SubscriptionRow, made.id)
            row.since = self.history.runs[before].at - timedelta(microseconds=1)
        return made

    async def match(self) -> int:
        return await self.matcher.match_arrivals()

    def another_matcher(self, database: Database) -> Matcher:
        return Matcher(self.assistant, self.topics, database, self.clock, PARIS, MAX_AGE)

    async def told(self, subscription: Subscription | None = None) -> list[str]:
        """The articles that alerts are of, by file; of one subscription, or of all."""
        rows = await self.rows()
        return sorted(
            name_of(row.article["url"])
            for row in rows
            if subscription is None or row.subscription_id == subscription.id
        )

    async def forget(self) -> None:
        """Whatever was matched, as if nothing had been."""
        async with self.database.writing() as session:
            for table in (AlertRow, MatchedArticleRow, MatchedRunRow, TellingRow):
                await session.execute(delete(table))


def name_of(url: str) -> str:
    return url.rpartition("/")[2]


@asynccontextmanager
async def opened(desk: Desk, history: History, encoder: Encoder) -> AsyncIterator[News]:
    desk.clock.time = datetime.now(UTC)
    stage = [history.at("arrived")]

    def open_generation() -> Generation:
        return open_current(stage[0], encoder)

    assistant = Assistant(open_generation, lambda: current_name(stage[0]))
    topics = TopicIndex(encoder, Background.load(SHIPPED))
    matcher = Matcher(assistant, topics, desk.database, desk.clock, PARIS, MAX_AGE)
    yield News(
        desk.database, desk.clock, desk.subscriptions, desk.outbox,
        history, assistant, matcher, topics, stage,
    )  # fmt: skip
    assistant.close()


@pytest.fixture
async def news(desk: Desk, history: History, encoder: Encoder) -> AsyncIterator[News]:
    """After the stage "arrived"."""
    async with opened(desk, history, encoder) as news:
        yield news


@both
async def test_a_new_article_is_told_once_to_those_it_concerns(news: News) -> None:
    tram, owls = await news.subscribe(), await news.subscribe("les chouettes effraies")
    bread = await news.subscribe("les boulangeries de Skerrow")
    assert await news.match() == len(await news.told())
    assert {"tram", "strike"} <= set(await news.told(tram))
    assert await news.told(owls) == ["owls"]
    assert await news.told(bread) == []
    before = [row.id for row in await news.rows()]
    assert await news.match() == 0
    assert [row.id for row in await news.rows()] == before


async def test_an_alert_holds_what_is_to_be_shown(news: News) -> None:
    await news.subscribe("les chouettes effraies")
    await news.match()
    claim = await news.outbox.claim(CHAT, 9, lambda chat, alerts, more: True)
    assert claim is not None
    [alert] = claim.alerts
    assert (alert.topic, alert.updated, alert.others) == ("les chouettes effraies", False, ())
    assert (alert.article.title, alert.article.source) == (OWLS[0], "Le Courrier")
    assert isinstance(alert.article.published, date)
    with news.assistant.generation() as generation:
        article = generation.store.article(alert.article.id)
    assert article is not None
    excerpt = alert.excerpt
    assert article.body[excerpt.start : excerpt.end] == excerpt.text
    assert article.body[excerpt.quote_start : excerpt.quote_end] == excerpt.quote
    assert "chouettes" in excerpt.quote


async def test_an_article_is_new_to_what_was_followed_before_its_run_alone(news: News) -> None:
    before = await news.subscribe(before="arrived")
    after = await news.subscribe(before="joined", chat_id=43)
    never_knew_a_run = await news.follow(TOPIC, 44)
    await news.match()
    assert {"tram", "strike"} <= set(await news.told(before))
    assert await news.told(after) == []
    assert await news.told(never_knew_a_run) == await news.told(before)


async def test_the_first_import_is_told_to_nobody(news: News) -> None:
    news.goes_on("first")
    await news.subscribe("les boulangeries de Skerrow", before="first")
    assert await news.match() == 0
    assert await news.told() == []


async def test_archives_whole_rebuilds_and_rollbacks_are_told_to_nobody(news: News) -> None:
    news.goes_on("changed")
    await news.match()
    await news.subscribe(before="archive", updates=True, sensitivity=Sensitivity.LOOSE)
    for stage in ("archive", "full", "rolled back", "first", "full"):
        news.goes_on(stage)
        assert await news.match() == 0, stage
    assert await news.told() == []


async def test_articles_that_are_too_old_are_not_told_and_those_without_a_date_are(
    news: News,
) -> None:
    everything = await news.subscribe("la vie à Ostwick", adjustment=-99.0)
    await news.match()
    assert "buses" in await news.told(everything)
    assert "stale" not in await news.told(everything)
    await news.forget()
    news.clock.passes(days=-3)  # it is within the age then
    await news.match()
    assert "stale" in await news.told(everything)


async def test_limits_keep_other_papers_and_languages_out(news: News) -> None:
    of_paper = await news.subscribe(adjustment=-99.0, sources=["courrier"])
    of_language = await news.subscribe("la vie à Ostwick", adjustment=-99.0, languages=["en"])
    of_both = await news.subscribe(
        "les transports", adjustment=-99.0, languages=["en"], sources=["courrier"]
    )
    await news.match()
    assert await news.told(of_paper) == ["owls", "tram"]
    assert await news.told(of_language) == ["strike"]
    assert await news.told(of_both) == []


async def test_each_is_told_what_its_sensitivity_lets_through(news: News) -> None:
    everything = await news.subscribe("transports à Ostwick", adjustment=-99.0)
    await news.match()
    scores = {
        name_of(row.article["url"]): row.log_odds
        for row in await news.rows()
        if row.subscription_id == everything.id
    }
    assert len(scores) == 4
    await news.forget()
    between = sum(sorted(scores.values())[1:3]) / 2
    wanted: list[tuple[Subscription, float]] = []
    for chat_id, sensitivity in enumerate(Sensitivity, start=100):
        as_it_is = await news.subscribe(
            "transports à Ostwick", chat_id=chat_id, sensitivity=sensitivity
        )
        wanted.append((as_it_is, threshold(sensitivity)))
        adjusted = await news.subscribe(
            "transports à Ostwick",
            chat_id=chat_id + 50,
            sensitivity=sensitivity,
            adjustment=between - threshold(sensitivity),
        )
        wanted.append((adjusted, between))
    await news.match()
    for subscription, least in wanted:
        told = sorted(name for name, score in scores.items() if score >= least)
        assert await news.told(subscription) == told, subscription
    assert threshold(Sensitivity.STRICT) > threshold(Sensitivity.NORMAL)
    assert threshold(Sensitivity.NORMAL) > threshold(Sensitivity.LOOSE)


@pytest.mark.parametrize("state", [SubscriptionState.PAUSED, SubscriptionState.DELETED])
async def test_what_is_paused_or_deleted_is_told_nothing(
    news: News, state: SubscriptionState
) -> None:
    made = await news.subscribe()
    await news.subscriptions.set_state(CHAT, made.id, state)
    await news.subscribe(chat_id=43)
    await news.subscriptions.unreachable(43)
    await news.match()
    await news.subscriptions.set_state(CHAT, made.id, SubscriptionState.ACTIVE)
    assert await news.match() == 0  # what came meanwhile is not new any more
    assert await news.told() == []


async def test_what_was_changed_is_told_to_those_who_asked_for_it(news: News) -> None:
    plain = await news.subscribe()
    curious = await news.subscribe(chat_id=43, updates=True)
    news.goes_on("joined")
    news.clock.time = news.history.runs["joined"].at
    await news.match()
    before = len(await news.rows())
    news.goes_on("changed")
    news.clock.time = news.history.runs["changed"].at
    assert await news.match() == 1
    [row] = (await news.rows())[before:]
    assert (row.subscription_id, row.version) == (curious.id, news.history.runs["changed"].id)
    claim = await news.outbox.claim(43, 9, lambda chat, alerts, more: True)
    assert claim is not None
    assert [alert.updated for alert in claim.alerts if alert.id == row.id] == [True]
    assert "tram" in await news.told(plain)
    assert await news.match() == 0


async def test_what_had_changed_by_the_time_it_is_told_is_told_once_as_it_is(news: News) -> None:
    curious = await news.subscribe(updates=True)
    news.goes_on("changed")
    await news.match()
    assert (await news.told(curious)).count("tram") == 1
    [row] = [row for row in await news.rows() if name_of(row.article["url"]) == "tram"]
    assert row.version == ""


@both
async def test_a_story_that_two_papers_tell_is_one_alert_that_names_both(news: News) -> None:
    """Both before the alert is sent, and in one matching or two."""
    made = await news.subscribe()
    await news.match()
    news.goes_on("joined")
    assert await news.match() == 0
    [row] = [row for row in await news.rows() if name_of(row.article["url"]) == "tram"]
    assert [name_of(other["url"]) for other in row.others] == ["tram-too"]
    assert not row.outdated
    assert "tram-too" not in await news.told(made)
    await news.forget()
    await news.match()  # of both runs at once
    assert "tram-too" not in await news.told(made)
    [row] = [row for row in await news.rows() if name_of(row.article["url"]) == "tram"]
    assert [name_of(other["url"]) for other in row.others] == ["tram-too"]


@pytest.mark.parametrize("state", [AlertState.SENT, AlertState.SENDING])
async def test_what_was_sent_is_to_be_shown_anew_with_who_tells_it_too(
    news: News, state: AlertState
) -> None:
    await news.subscribe()
    await news.match()
    [tram] = [row for row in await news.rows() if name_of(row.article["url"]) == "tram"]
    await news.set_alert(tram.id, state=state, message_id=7)
    news.goes_on("joined")
    assert await news.match() == 0
    row = await news.row(tram.id)
    assert row.outdated
    assert len(row.others) == 1


async def test_one_who_was_not_told_of_a_story_hears_of_it_from_the_next_paper(
    news: News,
) -> None:
    await news.subscribe()
    late = await news.subscribe(chat_id=43, before="joined")
    await news.match()
    news.goes_on("joined")
    assert await news.match() == 1
    assert await news.told(late) == ["tram-too"]


async def test_a_story_is_told_anew_after_a_day(news: News) -> None:
    made = await news.subscribe()
    await news.match()
    news.goes_on("joined")
    news.clock.passes(hours=25)
    assert await news.match() == 1
    assert "tram-too" in await news.told(made)


async def test_a_story_that_could_not_be_told_is_told_by_the_next_paper(news: News) -> None:
    made = await news.subscribe()
    await news.match()
    await news.subscriptions.unreachable(CHAT)  # which drops what waits
    await news.subscriptions.reachable(CHAT)
    news.goes_on("joined")
    assert await news.match() == 1
    assert "tram-too" in await news.told(made)


async def test_an_article_of_which_nothing_can_be_quoted_is_passed_over(news: News) -> None:
    everything = await news.subscribe("la vie à Ostwick", adjustment=-99.0)
    await news.match()
    assert "caption" not in await news.told(everything)
    assert len(await news.told(everything)) >= 4


async def test_alerts_are_due_as_their_subscription_wants_them(news: News) -> None:
    daily = await news.subscribe(schedule=Schedule.DAILY, minute=6 * 60)
    weekly = await news.subscribe("le tramway", chat_id=43, schedule=Schedule.WEEKLY, weekday=4)
    await news.match()
    rows = await news.rows()
    due = {row.subscription_id: row.due_at.astimezone(PARIS) for row in rows}
    assert (due[daily.id].hour, due[daily.id].minute) == (6, 0)
    assert (due[weekly.id].hour, due[weekly.id].weekday()) == (8, 4)
    assert min(due.values()) > news.clock()


@both
async def test_vectors_of_another_model_are_made_anew(news: News) -> None:
    made = await news.subscribe()  # with three dimensions, of "a-model"
    await news.match()
    async with news.database.reading() as session:
        row = await session.get_one(SubscriptionRow, made.id)
    assert row.model == news.history.encoder.name
    vector = np.frombuffer(row.vector or b"", np.float32)
    assert np.array_equal(vector, news.topics.vector(TOPIC))
    assert {"tram", "strike"} <= set(await news.told(made))


async def test_vectors_of_the_model_in_use_are_not(
    desk: Desk, history: History, encoder: Encoder
) -> None:
    counting = WrappedEncoder(encoder)
    async with opened(desk, history, counting) as news:
        await news.subscribe()
        await news.match()
        await news.forget()
        asked = len(counting.queries)
        await news.match()
        assert asked == len(counting.queries) == 1


class DyingDatabase(Database):
    """Ends its process, as it were, at the end of one of its transactions."""

    def __init__(self, url: str, dies_at: int) -> None:
        super().__init__(url)
        self._left = dies_at

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        async with super().writing() as session:
            yield session
            self._left -= 1
            if not self._left:
                raise KeyboardInterrupt("killed")


def told_twice(rows: Sequence[AlertRow]) -> bool:
    pairs = [(row.subscription_id, row.identity) for row in rows]
    return len(set(pairs)) < len(pairs)


def as_told(rows: Sequence[AlertRow]) -> list[tuple[object, ...]]:
    """All that a reader would notice."""
    return sorted(
        (
            row.subscription_id,
            name_of(row.article["url"]),
            round(row.log_odds, 6),
            str(row.excerpt),
            sorted(name_of(other["url"]) for other in row.others),
        )
        for row in rows
    )


@both
async def test_wherever_matching_is_killed_everything_is_told_once(
    news: News, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for topic in (TOPIC, "les chouettes effraies", "la vie à Ostwick"):
        await news.subscribe(topic)
    news.goes_on("joined")
    await news.match()
    whole = as_told(await news.rows())
    await news.forget()
    monkeypatch.setattr(matching, "_ARTICLES_AT_ONCE", 1)
    for dies_at in (1, 2, 2, 3, 1, 2, 2):
        dying = DyingDatabase(checked_url(database_url), dies_at)
        with pytest.raises(KeyboardInterrupt):
            await news.another_matcher(dying).match_arrivals()
        await dying.close()
        assert len(await news.rows()) <= len(whole)
    await news.match()
    assert as_told(await news.rows()) == whole
    assert await news.match() == 0


@both
async def test_two_that_match_at_the_same_time_tell_everything_once(
    news: News, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for topic in (TOPIC, "les chouettes effraies", "la vie à Ostwick"):
        await news.subscribe(topic)
    news.goes_on("joined")
    await news.match()
    whole = as_told(await news.rows())
    await news.forget()
    monkeypatch.setattr(matching, "_ARTICLES_AT_ONCE", 1)
    databases = [Database(checked_url(database_url)) for _ in range(3)]
    written = await asyncio.gather(
        *(news.another_matcher(database).match_arrivals() for database in databases)
    )
    for database in databases:
        await database.close()
    rows = await news.rows()
    assert sum(written) == len(rows)
    assert not told_twice(rows)
    assert as_told(rows) == whole


async def test_what_an_article_is_told_for_does_not_depend_on_what_comes_with_it(
    news: News, monkeypatch: pytest.MonkeyPatch
) -> None:
    await news.subscribe("la vie à Ostwick", adjustment=-99.0)
    await news.subscribe()
    await news.match()
    together = as_told(await news.rows())
    assert len(together) > 4
    await news.forget()
    monkeypatch.setattr(matching, "_ARTICLES_AT_ONCE", 1)
    await news.match()
    assert as_told(await news.rows()) == together


async def test_an_article_that_concerns_many_chats_reaches_each(news: News) -> None:
    made = [await news.subscribe(chat_id=1000 + number) for number in range(MOST * 10)]
    await news.match()
    for subscription in made:
        assert "tram" in await news.told(subscription)


async def test_runs_are_remembered_be_they_quiet_or_followed_by_nobody(news: News) -> None:
    news.goes_on("full")
    await news.match()
    with news.assistant.generation() as generation:
        runs = {run.id for run in generation.store.runs()}
    async with news.database.reading() as session:
        assert set(await session.scalars(select(MatchedRunRow.id))) == runs
