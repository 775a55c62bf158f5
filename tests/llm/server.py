"""The language model's server a test starts."""

from tests.loopback import Serving

from .recording import PATIENCE, Request
from .replies import Reply
from .transport import Script, Transport


class LanguageModelServer(Serving):
    """api.openai.com, or a model of one's own, on loopback, while the context lasts.

        with LanguageModelServer() as server:
            server.script(says("La ligne coûtera 310 millions [1]."))
            # start the bot with server.url as the model's address
            [request] = server.wait_for_requests(1)
            assert "310 millions" in request.text

    Everything is thread-safe. A failure of the server itself, or of a function it was given, is
    raised when the context ends.
    """

    def __init__(self) -> None:
        self._script = Script()
        self._transport = Transport(self._script)
        super().__init__(self._transport, "the language model")

    @property
    def url(self) -> str:
        """What clients take as `base_url`: http://127.0.0.1:PORT/v1."""
        return f"http://127.0.0.1:{self._transport.server_port}/v1"

    def script(self, *replies: Reply) -> None:
        """Queue what the next requests get, one each, in the order they arrive."""
        with self._script.changed:
            self._script.next.extend(replies)

    @property
    def pending(self) -> int:
        """How many scripted replies are not used up."""
        with self._script.changed:
            return len(self._script.next)

    @property
    def default(self) -> Reply:
        """What a request gets when no reply is queued."""
        with self._script.changed:
            return self._script.default

    @default.setter
    def default(self, reply: Reply) -> None:
        with self._script.changed:
            self._script.default = reply

    @property
    def models(self) -> tuple[str, ...]:
        """What GET /v1/models lists; requests may name any other."""
        with self._script.changed:
            return self._script.models

    @models.setter
    def models(self, names: tuple[str, ...]) -> None:
        with self._script.changed:
            self._script.models = names

    @property
    def requests(self) -> list[Request]:
        """Every request for a completion so far, in the order they arrived."""
        with self._script.changed:
            return list(self._script.requests)

    def wait_for_requests(self, n: int = 1, timeout: float = PATIENCE) -> list[Request]:
        """All requests, once there are at least `n`. Raises AssertionError after `timeout` s."""
        with self._script.changed:
            if self._script.changed.wait_for(lambda: len(self._script.requests) >= n, timeout):
                return list(self._script.requests)
            got = len(self._script.requests)
            raise AssertionError(f"{got} of {n} requests to the language model in {timeout} s")
