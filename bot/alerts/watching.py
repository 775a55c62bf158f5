"""A task that matches what arrives, and keeps the state tidy."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from bot.alerts.matching import Matcher
from bot.alerts.subscriptions import Subscriptions
from bot.tasks import BackgroundTask

logger = logging.getLogger(__name__)

_AGAIN_AFTER = 5.0  # seconds, where it failed
_TIDY_EVERY = 6 * 3600.0  # seconds


class ArrivalWatch:
    """Matches at the start, and whenever it is woken."""

    def __init__(
        self, matcher: Matcher, subscriptions: Subscriptions, written: Callable[[], None]
    ) -> None:
        """:param written: called when there are new alerts in the outbox."""
        self._matcher = matcher
        self._subscriptions = subscriptions
        self._written = written
        self._wake = asyncio.Event()
        self._task = BackgroundTask(self._watch)
        self._tidied = float("-inf")

    def start(self) -> None:
        self._task.start()

    def wake(self) -> None:
        """There may be new articles."""
        self._wake.set()

    async def stop(self) -> None:
        """What is being matched is matched anew at the next start."""
        await self._task.stop()

    async def _watch(self) -> None:
        failure = ""
        while True:
            wait = _TIDY_EVERY
            try:
                if await self._matcher.match_arrivals():
                    self._written()
                if time.monotonic() - self._tidied >= _TIDY_EVERY:
                    await self._subscriptions.tidy()
                    self._tidied = time.monotonic()
                failure = ""
            except Exception as error:  # a database that is away for a while, or a defect
                if repr(error) != failure:
                    logger.exception("could not match what arrived")
                failure = repr(error)
                wait = _AGAIN_AFTER
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), wait)
            self._wake.clear()
