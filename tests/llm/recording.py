"""What a test may see of the requests the server got."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition
from typing import Any

JsonDict = dict[str, Any]
PATIENCE = 10.0  # seconds


@dataclass(eq=False)
class Request:
    """One request for a completion. `at` is its arrival on time.monotonic().

    `body` is all of it as decoded from JSON; `key` the bearer token, "" without one.
    """

    body: JsonDict
    key: str
    at: float
    _changed: Condition = field(repr=False)
    _sent: int = 0
    _hung_up: bool = False
    _over: bool = False

    @property
    def messages(self) -> list[JsonDict]:
        messages: list[JsonDict] = self.body["messages"]
        return messages

    @property
    def model(self) -> str:
        return str(self.body["model"])

    @property
    def stream(self) -> bool:
        return bool(self.body.get("stream"))

    @property
    def with_usage(self) -> bool:
        """Whether a stream is to end with the count of tokens."""
        return bool((self.body.get("stream_options") or {}).get("include_usage"))

    @property
    def max_tokens(self) -> int | None:
        """The bound on the answer, under its older or its newer name."""
        older: int | None = self.body.get("max_tokens")
        return self.body.get("max_completion_tokens") if older is None else older

    @property
    def text(self) -> str:
        """All that the model is given to read, a line feed between messages."""
        return "\n".join(text_of(message) for message in self.messages)

    @property
    def sent(self) -> int:
        """How many characters of the answer are written so far, at least all that were read."""
        with self._changed:
            return self._sent

    @property
    def hung_up(self) -> bool:
        """Whether the client closed the connection before the end of the reply."""
        with self._changed:
            return self._hung_up

    @property
    def over(self) -> bool:
        """Whether nothing more will be written, whoever ended it."""
        with self._changed:
            return self._over

    def wait_until_hung_up(self, timeout: float = PATIENCE) -> None:
        """Raises AssertionError when the reply ends otherwise, or after `timeout` seconds."""
        self._wait(lambda: self._hung_up, "the client did not hang up", timeout)

    def wait_until_sent(self, characters: int, timeout: float = PATIENCE) -> None:
        """Return when this many are written. Raises AssertionError as `wait_until_hung_up`."""
        self._wait(lambda: self._sent >= characters, f"fewer than {characters} were sent", timeout)

    def _wait(self, reached: Callable[[], bool], otherwise: str, timeout: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: reached() or self._over, timeout)
            if not reached():
                raise AssertionError(f"{otherwise} in {timeout} s: {self}")

    def add_sent(self, characters: int) -> None:
        with self._changed:
            self._sent += characters
            self._changed.notify_all()

    def end(self, *, hung_up: bool) -> None:
        with self._changed:
            self._over = True
            self._hung_up = hung_up
            self._changed.notify_all()


def text_of(message: JsonDict) -> str:
    """The words of a message, whether its content is a string, in parts or absent."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)
