"""What waits for the bot, handed over as getUpdates does."""

import time
from collections.abc import Collection
from threading import Condition

from .errors import ApiError
from .text import JsonDict

_MOST = 100
# Sent only to bots that ask for them by name.
_ON_DEMAND = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


class UpdateQueue:
    """An update stays until a later offset confirms it, whoever has been given it before."""

    def __init__(self, changed: Condition) -> None:
        self._changed = changed
        self._waiting: list[JsonDict] = []
        self._next_id = 1000
        self._allowed: Collection[str] = ()
        self._poll = 0
        self._closing = False

    def push(self, kind: str, payload: JsonDict) -> int:
        """Queue an update and return its id; one the bot does not want is lost, as in Telegram."""
        with self._changed:
            self._next_id += 1
            wanted = kind in self._allowed if self._allowed else kind not in _ON_DEMAND
            if wanted:
                self._waiting.append({"update_id": self._next_id, kind: payload})
            self._changed.notify_all()
            return self._next_id

    @property
    def unconfirmed(self) -> int:
        with self._changed:
            return len(self._waiting)

    def poll(
        self, offset: int, limit: int, timeout: float, allowed: Collection[str] | None
    ) -> list[JsonDict]:
        """Updates from `offset` on, oldest first; lower ones are confirmed and forgotten.

        A negative offset keeps that many from the end. Waits up to `timeout` seconds for the
        first. `allowed` None keeps the previous choice. Raises ApiError (409) when another poll
        begins meanwhile.
        """
        with self._changed:
            self._poll += 1
            mine = self._poll
            self._changed.notify_all()
            if allowed is not None:
                self._allowed = tuple(allowed)
            if offset < 0:
                self._waiting = self._waiting[offset:]
            else:
                self._waiting = [u for u in self._waiting if u["update_id"] >= offset]
            deadline = time.monotonic() + timeout
            while not self._waiting and mine == self._poll and not self._closing:
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    break
                self._changed.wait(remaining)
            if mine != self._poll:
                raise ApiError(
                    409,
                    "terminated by other getUpdates request; "
                    "make sure that only one bot instance is running",
                )
            return self._waiting[: min(max(limit, 1), _MOST)]

    def drop_all(self) -> None:
        with self._changed:
            self._waiting.clear()
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify_all()
