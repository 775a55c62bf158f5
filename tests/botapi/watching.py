"""What a test may see of the bot: its messages as readers see them, and its calls."""

from collections.abc import Callable

from .limits import Violation
from .world import Call, SentMessage, World

_PATIENCE = 10.0  # seconds


def _any(_: object) -> bool:
    return True


class Watching:
    """The side of the server that is looked at; what it returns never changes afterwards."""

    world: World

    def sent(self, chat_id: int, *, after: int = 0) -> list[SentMessage]:
        """The bot's messages to the chat with a higher id than `after`, oldest first.

        Each is as it is now: edits applied, deleted ones absent.
        """
        with self.world.changed:
            return [
                message
                for (chat, message_id), message in self.world.sent.items()
                if chat == chat_id and message_id > after
            ]

    def wait_for(
        self,
        chat_id: int,
        count: int = 1,
        timeout: float = _PATIENCE,
        *,
        after: int = 0,
        where: Callable[[SentMessage], bool] = _any,
    ) -> list[SentMessage]:
        """All messages `sent` would give that fit `where`, once there are at least `count`.

        `where` sees edits too: `where=lambda m: "310" in m.text`. Raises AssertionError, with
        what was sent and answered so far, after `timeout` seconds.
        """

        def fitting() -> list[SentMessage]:
            return [message for message in self.sent(chat_id, after=after) if where(message)]

        with self.world.changed:
            if self.world.changed.wait_for(lambda: len(fitting()) >= count, timeout):
                return fitting()
            raise AssertionError(
                f"{len(fitting())} of {count} messages to chat {chat_id} in {timeout} s\n"
                + self.story()
            )

    @property
    def calls(self) -> list[Call]:
        """Every call so far but getUpdates, in the order they took effect."""
        with self.world.changed:
            return [call for call in self.world.calls if call.method != "getUpdates"]

    def wait_for_call(
        self,
        method: str,
        count: int = 1,
        timeout: float = _PATIENCE,
        *,
        where: Callable[[Call], bool] = _any,
    ) -> list[Call]:
        """All calls of the method that fit `where`, once there are at least `count`.

        Refused and dropped ones count: see their `status`. Raises AssertionError as `wait_for`.
        """

        def fitting() -> list[Call]:
            calls = self.world.calls
            return [call for call in calls if call.method == method and where(call)]

        with self.world.changed:
            if self.world.changed.wait_for(lambda: len(fitting()) >= count, timeout):
                return fitting()
            raise AssertionError(
                f"{len(fitting())} of {count} calls of {method} in {timeout} s\n" + self.story()
            )

    def wait_until_read(self, timeout: float = _PATIENCE) -> None:
        """Return when the bot has confirmed every update. Raises AssertionError as `wait_for`."""
        with self.world.changed:
            if not self.world.changed.wait_for(
                lambda: self.world.updates.unconfirmed == 0, timeout
            ):
                waiting = self.world.updates.unconfirmed
                raise AssertionError(f"{waiting} updates unread in {timeout} s\n{self.story()}")

    @property
    def violations(self) -> list[Violation]:
        """Messages sent faster than Telegram allows; with enforce_limits only."""
        with self.world.changed:
            return list(self.world.limits.violations)

    def story(self) -> str:
        """The bot's messages as they are now and its calls, for a person to read."""
        with self.world.changed:
            messages = [f"  {message}" for message in self.world.sent.values()]
            calls = [f"  {call.method} -> {call.status} {call.params}" for call in self.calls]
        return "\n".join(["messages:", *(messages or ["  none"]), "calls:", *(calls or ["  none"])])
