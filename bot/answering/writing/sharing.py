"""One piece of work for all who ask for the same at a time, and its result for who asks later."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.answering.answer import Answer

Show = Callable[[Answer], Awaitable[None]]  # takes an answer that is still growing
Work = Callable[[Show], Awaitable[Answer]]

_KEPT = 256  # answers of 10 to 20 KB each


@dataclass(eq=False, slots=True)
class _Running:
    task: asyncio.Task[Answer]
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    latest: Answer | None = None
    waiting: int = 0


class SharedAnswers:
    """Runs the work of each key once, for all who wait for it.

    When the last of them is cancelled the work is too: nobody pays for what nobody reads.
    """

    def __init__(self) -> None:
        self._running: dict[str, _Running] = {}
        self._kept: OrderedDict[str, Answer] = OrderedDict()

    def kept(self, key: str) -> Answer | None:
        """The answer of a key, if it is done and worth keeping."""
        answer = self._kept.get(key)
        if answer is not None:
            self._kept.move_to_end(key)
        return answer

    def is_under_way(self, key: str) -> bool:
        return key in self._running

    async def get(self, key: str, work: Work, show: Show) -> Answer:
        """The answer of a key; `show` is called with what there is of it meanwhile.

        A slow `show` holds up neither the work nor who else waits for it.
        """
        running = self._running.get(key)
        if running is None:
            running = self._start(key, work)
        running.waiting += 1
        shown: Answer | None = None
        try:
            while not running.task.done():
                if running.latest is not None and running.latest is not shown:
                    shown = running.latest
                    await show(shown)
                    continue
                changed = asyncio.create_task(running.changed.wait())
                try:
                    await asyncio.wait({running.task, changed}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    changed.cancel()
            return await asyncio.shield(running.task)
        finally:
            running.waiting -= 1
            if not running.waiting and not running.task.done():
                running.task.cancel()
                if self._running.get(key) is running:  # who asks now begins anew
                    del self._running[key]

    async def close(self) -> None:
        """Cancel what runs, and wait for its end."""
        tasks = [running.task for running in self._running.values()]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task

    def _start(self, key: str, work: Work) -> _Running:
        async def grow(answer: Answer) -> None:
            running.latest = answer
            running.changed.set()
            running.changed = asyncio.Event()

        async def run() -> Answer:
            try:
                answer = await work(grow)
            finally:
                if self._running.get(key) is running:
                    del self._running[key]
            if answer.written:
                self._keep(key, answer)
            return answer

        running = _Running(asyncio.create_task(run()))
        self._running[key] = running
        return running

    def _keep(self, key: str, answer: Answer) -> None:
        self._kept[key] = answer
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
