"""How fast Telegram lets a bot send: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits.

Counted are messages; chat actions, drafts, edits and answers to presses are not.
"""

from collections import defaultdict, deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from math import ceil

_TOLERANCE = 0.05  # seconds: calls sent in time may arrive bunched
_OVERALL = (30, 1.0)  # messages, seconds
_GROUP = (20, 60.0)
_PRIVATE_BURST = 3  # messages at once, then one a second


@dataclass(frozen=True, slots=True)
class Violation:
    """A message sent too fast. `at` is time.monotonic(); `retry_after` the seconds answered."""

    chat_id: int
    scope: str  # "overall", "private" or "group"
    at: float
    retry_after: int


class _Window:
    """At most so many messages in any stretch of so many seconds."""

    def __init__(self, messages: int, seconds: float) -> None:
        self._messages, self._seconds = messages, seconds
        self._sent: deque[float] = deque()

    def wait(self, now: float) -> float:
        while self._sent and self._sent[0] <= now - self._seconds:
            self._sent.popleft()
        return self._sent[0] + self._seconds - now if len(self._sent) >= self._messages else 0.0

    def sent(self, now: float) -> None:
        self._sent.append(now)
        if len(self._sent) > self._messages:
            self._sent.popleft()


class _Pace:
    """One message a second, of which a few may come at once."""

    def __init__(self) -> None:
        self._due = 0.0

    def wait(self, now: float) -> float:
        return max(0.0, self._due - now - (_PRIVATE_BURST - 1))

    def sent(self, now: float) -> None:
        self._due = max(self._due, now) + 1.0


@dataclass
class Limits:
    """Not thread-safe: its owner holds a lock."""

    violations: list[Violation] = field(default_factory=list)
    _overall: _Window = field(default_factory=lambda: _Window(*_OVERALL))
    _groups: defaultdict[int, _Window] = field(
        default_factory=lambda: defaultdict(lambda: _Window(*_GROUP))
    )
    _private: defaultdict[int, _Pace] = field(default_factory=lambda: defaultdict(_Pace))
    _blocked_until: dict[Hashable, float] = field(default_factory=dict)

    def admit(self, chat_id: int, *, private: bool, now: float) -> Violation | None:
        """Count a message; or, where it comes too fast, say so and count nothing.

        Whoever does not wait as told is refused again until that time has passed.
        """
        meters: list[tuple[str, Hashable, _Window | _Pace]] = [
            ("overall", None, self._overall),
            ("private", chat_id, self._private[chat_id])
            if private
            else ("group", chat_id, self._groups[chat_id]),
        ]
        for scope, key, meter in meters:
            wait = max(meter.wait(now), self._blocked_until.get(key, 0.0) - now)
            if wait > _TOLERANCE:
                violation = Violation(chat_id, scope, now, ceil(wait))
                self._blocked_until.setdefault(key, now + violation.retry_after)
                self.violations.append(violation)
                return violation
            self._blocked_until.pop(key, None)
        for _, _, meter in meters:
            meter.sent(now)
        return None
