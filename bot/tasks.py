"""Work that goes on beside the answers, from the start of the bot to its end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine


class BackgroundTask:
    """Runs a coroutine that does not end by itself, until it is stopped."""

    def __init__(self, work: Callable[[], Coroutine[object, object, None]]) -> None:
        self._work = work
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Cancel it and wait for its end; nothing where it does not run."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
