"""Several chats at once, each chat in order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

from telegram import Update
from telegram.ext import BaseUpdateProcessor


class ChatOrder(BaseUpdateProcessor):
    """Updates of one chat wait for each other; those of different chats do not."""

    def __init__(
        self,
        max_concurrent_updates: int,
        out_of_turn: Callable[[Update], bool] = lambda update: False,
    ) -> None:
        """:param out_of_turn: which updates wait for no other: they end what another does."""
        super().__init__(max_concurrent_updates)
        self._out_of_turn = out_of_turn
        # A lock lives as long as an update of its chat holds it or waits for it.
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def initialize(self) -> None:
        pass

    async def shutdown(self) -> None:
        pass

    async def do_process_update(self, update: object, coroutine: Awaitable[object]) -> None:
        chat = update.effective_chat if isinstance(update, Update) else None
        if chat is None or (isinstance(update, Update) and self._out_of_turn(update)):
            await coroutine
            return
        lock = self._locks.setdefault(chat.id, asyncio.Lock())
        async with lock:  # asyncio's locks are handed on in the order they were asked for
            await coroutine
