"""The Bot API server a test starts."""

from tests.loopback import Serving

from .faults import Faults
from .readers import Readers
from .transport import Transport
from .watching import Watching
from .world import World


class BotApiServer(Serving, Readers, Watching):
    """api.telegram.org for one bot, on loopback, while the context lasts.

    Everything is thread-safe. A failure of the server itself is raised when the context ends.
    `longest_poll`, in seconds, bounds the timeout of getUpdates.
    """

    def __init__(
        self,
        *,
        token: str = "123456:TEST",
        enforce_limits: bool = False,
        longest_poll: float = 5.0,
    ) -> None:
        self.world = World(token, enforce_limits, longest_poll)
        self._transport = Transport(self.world)
        super().__init__(self._transport, "the Bot API")

    @property
    def token(self) -> str:
        return self.world.token

    @property
    def url(self) -> str:
        """http://127.0.0.1:PORT, without a slash at its end."""
        return f"http://127.0.0.1:{self._transport.server_port}"

    @property
    def base_url(self) -> str:
        """What python-telegram-bot takes as `base_url`: the token follows."""
        return f"{self.url}/bot"

    @property
    def faults(self) -> Faults:
        """What is to go wrong: `faults.add(RetryAfter(2), method="sendMessage", times=1)`."""
        return self.world.faults
