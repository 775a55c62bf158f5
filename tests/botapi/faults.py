"""What can go wrong between a bot and Telegram, on demand."""

from dataclasses import dataclass, field
from threading import Condition


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """429; nothing is delivered. Flood control that the test decides on."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Status:
    """The status with a page of HTML, as from a proxy; nothing is delivered."""

    code: int = 502


@dataclass(frozen=True, slots=True)
class DropBefore:
    """The connection closes once the request is read; nothing is delivered."""


@dataclass(frozen=True, slots=True)
class DropAfter:
    """The connection closes without an answer; the call has had its effect."""


@dataclass(frozen=True, slots=True)
class Slow:
    """The call has its effect at once; its answer comes this many seconds later."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Forbidden:
    """403; nothing is delivered."""

    description: str = "bot was blocked by the user"


@dataclass(frozen=True, slots=True)
class BadRequest:
    """400; nothing is delivered. The description goes without its "Bad Request: "."""

    description: str


@dataclass(frozen=True, slots=True)
class Migrate:
    """400; the group is a supergroup of this id now."""

    chat_id: int


@dataclass(frozen=True, slots=True)
class Garbage:
    """The call has its effect; the answer is 200 with a body that is not JSON."""


Kind = (
    RetryAfter | Status | DropBefore | DropAfter | Slow | Forbidden | BadRequest | Migrate | Garbage
)


@dataclass
class _Planned:
    kind: Kind
    method: str | None
    chat_id: int | None
    left: int | None


@dataclass
class Faults:
    """Faults still to happen; the earliest added that fits a call happens to it."""

    _changed: Condition
    _planned: list[_Planned] = field(default_factory=list)

    def add(
        self,
        kind: Kind,
        *,
        method: str | None = "sendMessage",
        times: int | None = 1,
        chat_id: int | None = None,
    ) -> None:
        """Plan a fault: `method` None is any method, `times` None for good, `chat_id` None any."""
        with self._changed:
            self._planned.append(_Planned(kind, method and method.lower(), chat_id, times))

    def clear(self) -> None:
        with self._changed:
            self._planned.clear()

    @property
    def pending(self) -> int:
        """How many planned faults are not used up; one planned for good always counts."""
        with self._changed:
            return len(self._planned)

    def take(self, method: str, chat_id: object) -> Kind | None:
        """What befalls this call, used up by it."""
        with self._changed:
            for planned in self._planned:
                if planned.method in (None, method.lower()) and planned.chat_id in (None, chat_id):
                    if planned.left is not None:
                        planned.left -= 1
                    if planned.left == 0:
                        self._planned.remove(planned)
                    return planned.kind
            return None
