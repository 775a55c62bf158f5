"""One run: every feed of the list asked in turn, what is new stored."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import httpx

from scripts.feeds.entries import Entry, Feed, NotAFeed
from scripts.feeds.fetching import AskedToWait, FeedFailed, Fetcher, Gone, Limits
from scripts.feeds.listing import Listed
from scripts.feeds.reading import FeedReader
from scripts.feeds.state import State, Stored
from scripts.feeds.storing import HostFolder, as_markdown, content_of, key_of, write

_GONE = 7 * 86_400.0  # seconds after which a feed that was gone is asked once more


@dataclass(slots=True)
class Outcome:
    """What came of one feed: numbers of entries, or why it failed."""

    address: str
    new: int = 0
    updated: int = 0
    known: int = 0  # stored before, and as they were
    deleted: int = 0  # stored before, and deleted by a person since
    short: int = 0  # too little text
    left: int = 0  # new, but more than one run takes
    not_modified: bool = False
    moved_to: str | None = None
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class Collector:
    """Asks feeds and stores their articles in `folder`; without `keep` nothing is written."""

    folder: Path
    state: State
    fetcher: Fetcher
    reader: FeedReader
    limits: Limits
    most: int  # new articles of one feed in one run
    keep: bool = True
    _written: set[str] = field(default_factory=set, init=False)  # paths, in this run

    def run(
        self, feeds: Sequence[Listed], told: Callable[[str], None] = lambda address: None
    ) -> list[Outcome]:
        """What came of each feed, in the order given; those that waited longest go first.

        Raises OSError and sqlite3.Error when something cannot be kept.
        """
        ends = time.monotonic() + self.limits.run
        listed = {feed.address for feed in feeds}
        outcomes: dict[str, Outcome] = {}
        for feed in sorted(feeds, key=lambda feed: self.state.asked(feed.address)):
            told(feed.address)
            if feed.wrong:
                outcome = Outcome(feed.address, failed=f"line {feed.line}: {feed.wrong}")
            elif time.monotonic() > ends:
                outcome = Outcome(feed.address, failed="there was no time left to ask it")
            else:
                outcome = self._collect(feed.address, listed)
            outcomes[feed.address] = outcome
        return [outcomes[feed.address] for feed in feeds]

    def _collect(self, address: str, listed: Collection[str]) -> Outcome:
        outcome = Outcome(address)
        host, now = httpx.URL(address).host, time.time()
        if reason := self.state.held(address, now) or self.state.held(host, now):
            outcome.failed = f"not asked: {reason}"
            return outcome
        self.state.set_asked(address, now)
        try:
            answer = self.fetcher.fetch(address, self.state.validators(address))
            outcome.moved_to = answer.moved_to
            outcome.not_modified = answer.data is None
            feed = None
            if answer.data is not None:
                feed = self.reader.read(answer.data, address, answer.url, _today())
        except (FeedFailed, NotAFeed) as error:
            outcome.failed = str(error)
            self._hold(address, error, now)
        else:
            if feed is not None:
                self._store(feed, address, host, outcome, listed)
                # What was left is not to be hidden by "not modified" next time.
                self.state.set_validators(address, None if outcome.left else answer.validators)
        self._commit()
        return outcome

    def _hold(self, address: str, error: Exception, now: float) -> None:
        if isinstance(error, AskedToWait):
            until = now + error.seconds
            reason = f"{error.host} asked to be left in peace until {_moment(until)}"
            self.state.hold(error.host, until, reason)
            self.state.hold(address, until, reason)  # by a redirect, its host may be another
        elif isinstance(error, Gone):
            self.state.hold(address, now + _GONE, str(error))

    def _store(
        self, feed: Feed, address: str, host: str, outcome: Outcome, listed: Collection[str]
    ) -> None:
        outcome.short = feed.short
        files = HostFolder(self.folder, host)
        today = _today()
        for entry in feed.entries:
            self._store_entry(entry, files, feed.title or host, address, outcome, listed, today)

    def _store_entry(
        self,
        entry: Entry,
        files: HostFolder,
        source: str,
        address: str,
        outcome: Outcome,
        listed: Collection[str],
        today: date,
    ) -> None:
        key, content = key_of(entry), content_of(entry)
        known = self.state.article(files.name, key)
        path = known.path if known else files.find(key)
        if path is None:
            if outcome.new >= self.most:
                outcome.left += 1
                return
            path = files.path_for(entry, today)
            self._write(path, as_markdown(entry, source))
            outcome.new += 1
        elif path not in self._written and not (self.folder / path).exists():
            outcome.deleted += 1
            return
        elif known and known.feed != address and known.feed in listed:
            outcome.known += 1  # two feeds that differ on an article would rewrite it in turns
            return
        else:
            data = as_markdown(entry, source)
            same = known.content == content if known else (self.folder / path).read_bytes() == data
            outcome.known += same
            outcome.updated += not same
            if not same:
                self._write(path, data)
        self.state.set_article(files.name, key, Stored(path, content, address))

    def _write(self, path: str, data: bytes) -> None:
        self._written.add(path)
        if self.keep:
            write(self.folder / path, data)

    def _commit(self) -> None:
        if self.keep:
            self.state.commit()


def _today() -> date:
    return datetime.now().astimezone().date()


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at).astimezone():%d/%m %H:%M}"
