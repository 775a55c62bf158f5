"""Keeping up with what reindexing does, while the bot answers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bot.assistant import Assistant
from bot.tasks import BackgroundTask
from index.generations import current_manifest
from index.run_record import RunRecord, last_record

logger = logging.getLogger(__name__)

_LOOK_EVERY = 0.5  # seconds
# A failure that stays the same is told again after so many seconds: a run every five minutes is
# not to be a message every five minutes, nor a broken index forgotten.
_REMIND_AFTER = 24 * 3600.0

Unreadable = tuple[tuple[str, str], ...]


class RunWatch:
    """Sees runs of reindex.py end, and tells which of them are news to an admin."""

    def __init__(self, index_dir: Path) -> None:
        """The run on record by now is taken to be known."""
        self._index_dir = index_dir
        self._last = last_record(index_dir)
        manifest = current_manifest(index_dir)
        self._unreadable: Unreadable = (
            tuple((place, reason) for place, reason in manifest.unreadable) if manifest else ()
        )
        self._failure: tuple[int, str] | None = None
        self._failure_told = 0.0

    def look(self) -> tuple[RunRecord, bool] | None:
        """A run that ended since the last look, and whether it is news; None where none did."""
        record = last_record(self._index_dir)
        if record is None or record == self._last:
            return None
        self._last = record
        return record, self._is_news(record, time.monotonic())

    def _is_news(self, record: RunRecord, now: float) -> bool:
        if record.error is not None:
            failure = (record.status, record.error)
            known = failure == self._failure and now - self._failure_told < _REMIND_AFTER
            if not known:
                self._failure, self._failure_told = failure, now
            return not known
        other = record.added or record.changed or record.removed
        news = bool(record.published and other) or record.unreadable != self._unreadable
        self._unreadable, self._failure = record.unreadable, None
        return news


class Following:
    """A task that has the assistant use each new generation, and tells of runs that ended.

    Of a run that published, the generation is in use when it is told of, if it can be opened.
    """

    def __init__(
        self,
        assistant: Assistant,
        index_dir: Path,
        heard: Callable[[RunRecord, bool], None],
        followed: Callable[[], None],
    ) -> None:
        """:param heard: called in the event loop with each run that ended since now, and whether
        it is news.
        :param followed: likewise, when another generation is used.
        """
        self._assistant = assistant
        self._runs = RunWatch(index_dir)
        self._heard = heard
        self._followed = followed
        self._task = BackgroundTask(self._follow)

    def start(self) -> None:
        self._task.start()

    async def stop(self) -> None:
        await self._task.stop()

    async def _follow(self) -> None:
        # A thread of its own: questions may wait for those that they share.
        worker = ThreadPoolExecutor(1, thread_name_prefix="following")
        failure = ""
        try:
            while True:
                try:
                    ended, other = await asyncio.get_running_loop().run_in_executor(
                        worker, self._look
                    )
                    if other:
                        self._followed()
                    if ended is not None:
                        self._tell(*ended)
                    failure = ""
                except Exception as error:  # a defect must not leave the bot behind for good
                    if repr(error) != failure:
                        logger.exception("could not look for a new generation")
                    failure = repr(error)
                await asyncio.sleep(_LOOK_EVERY)
        finally:
            worker.shutdown(wait=False, cancel_futures=True)

    def _look(self) -> tuple[tuple[RunRecord, bool] | None, bool]:
        ended = self._runs.look()
        return ended, self._assistant.follow()

    def _tell(self, record: RunRecord, news: bool) -> None:
        logger.info(
            "a reindex ended: status=%d published=%s added=%d changed=%d removed=%d unreadable=%d",
            record.status,
            record.published,
            record.added,
            record.changed,
            record.removed,
            len(record.unreadable),
        )
        self._heard(record, news)
