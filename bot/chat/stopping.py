"""Answers that are being written, and the buttons that stop them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

_STOP = re.compile(r"stop:(\d{1,15})")


def stop_action(number: int) -> str:
    return f"stop:{number}"


def parse_stop(data: str) -> int | None:
    """The number of the answer to stop; None for anything else."""
    match = _STOP.fullmatch(data)
    return int(match[1]) if match else None


@dataclass(eq=False, slots=True)
class Stoppable:
    """An answer that may be stopped by who asked for it."""

    number: int
    user_id: int | None
    task: asyncio.Task[object] | None = None
    stopped: bool = False


class Stops:
    """The answers under way. Numbers are of this process: an old button stops nothing."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._under_way: dict[int, Stoppable] = {}

    @contextmanager
    def begin(self, user_id: int | None) -> Iterator[Stoppable]:
        """An answer that may be stopped as long as the context lasts."""
        stoppable = Stoppable(next(self._numbers), user_id)
        self._under_way[stoppable.number] = stoppable
        try:
            yield stoppable
        finally:
            del self._under_way[stoppable.number]

    def stop(self, number: int, user_id: int) -> bool:
        """Stop an answer; False where it is another's."""
        stoppable = self._under_way.get(number)
        if stoppable is None:
            return True
        if stoppable.user_id not in (None, user_id):
            return False
        if stoppable.task is not None and not stoppable.task.done():
            stoppable.stopped = True
            stoppable.task.cancel()
        return True
