"""The same conversation in a terminal, alerts included."""

from __future__ import annotations

import asyncio
import io
import select
import shutil
import sys
from collections.abc import Callable

from bot.alerts.desk import AlertDesk
from bot.alerts.subscription import TERMINAL, ChatKind
from bot.chat.actions import FOLLOW, MORE_SOURCES, parse_follow, parse_read_article
from bot.chat.alert_reply import MOST_IN_ONE, alert_reply
from bot.chat.asking import Asked, Asking
from bot.chat.conversation import COMMANDS, Conversation
from bot.chat.markup import Button, Reply
from bot.chat.subscribing import SUBSCRIPTION_COMMANDS, Said, SubscriptionTalk, Where
from bot.chat.terminal import as_text, numbered_buttons
from bot.history import Place
from bot.i18n import translate

_LONGEST_NUMBER = 4  # digits; a longer one is no button
_WIDEST = 100  # columns; longer lines are hard to read
_LOOK_EVERY = 1.0  # seconds, for alerts while nothing is typed
_PROMPT = "\n> "
_PLACE = Place(TERMINAL)


def run_console(conversation: Conversation, asking: Asking, desk: AlertDesk, language: str) -> None:
    """Read lines from stdin until it ends, or /quit; reply on stdout. Closes the desk.

    A number presses the button of that number under the last reply. Alerts are shown between
    questions, and while none is being typed.
    """
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # a stray byte ends no conversation
    interactive = sys.stdin.isatty()
    with asyncio.Runner() as runner:
        console = _Console(conversation, asking, desk, language, runner)
        try:
            console.begin()
            if interactive:
                console.hint()
            while True:
                console.show_alerts()
                if interactive:
                    print(_PROMPT, end="", flush=True)
                    _wait_for_a_line(console.show_alerts)
                line = sys.stdin.readline()
                if not line or line.strip() == "/quit":
                    return
                if line.strip():
                    console.follow()
                    console.handle(line.strip())
        finally:
            runner.run(asking.answerer.close())
            runner.run(desk.close())


def _wait_for_a_line(meanwhile: Callable[[], bool]) -> None:
    """Return when something was typed; where that can be told, do something meanwhile.

    :param meanwhile: whether it has shown something, after which the prompt stands anew.
    """
    if sys.platform == "win32":  # select takes sockets alone there
        return
    while not select.select([sys.stdin], [], [], _LOOK_EVERY)[0]:
        if meanwhile():
            print(_PROMPT, end="", flush=True)


class _Console:
    def __init__(
        self,
        conversation: Conversation,
        asking: Asking,
        desk: AlertDesk,
        language: str,
        runner: asyncio.Runner,
    ) -> None:
        self._conversation = conversation
        self._asking = asking
        self._desk = desk
        self._talk = SubscriptionTalk(desk.subscriptions, conversation.assistant, desk.topics)
        self._where = Where(TERMINAL, ChatKind.TERMINAL, language)
        self._language = language
        self._runner = runner
        self._buttons: list[Button] = []
        self._question = ""
        self._matched = False  # what the generation in use brought

    def begin(self) -> None:
        self._runner.run(self._desk.outbox.recover(terminal=True))
        self.show(self._conversation.start(self._language))

    def show(self, reply: Reply) -> None:
        self._buttons = numbered_buttons(reply)
        width = min(shutil.get_terminal_size().columns, _WIDEST)
        print(f"\n{as_text(reply, width)}", flush=True)

    def hint(self) -> None:
        hint = translate("/help for help, a number for a button, /quit to leave.", self._language)
        print(f"\n{hint}")

    def follow(self) -> None:
        """Answer from what was indexed last."""
        if self._conversation.assistant.follow():
            self._matched = False

    def show_alerts(self) -> bool:
        """Match what arrived, and show what is due; whether that is anything."""
        self.follow()
        if not self._matched:
            self._runner.run(self._desk.matcher.match_arrivals())
            self._matched = True
        return self._runner.run(self._show_due())

    def handle(self, line: str) -> None:
        if line.isdecimal() and len(line) < _LONGEST_NUMBER:
            self._press(int(line))
            return
        word, _, rest = line.partition(" ")
        command = word[1:].lower() if word.startswith("/") else None
        if command is None and self._runner.run(self._talk.is_topic(self._where)):
            command, rest = "subscribe", line
        if command in SUBSCRIPTION_COMMANDS:
            self._said(self._runner.run(self._subscriptions(command, rest)))
        else:
            self.show(self._reply(command, rest if command else line))

    async def _show_due(self) -> bool:
        shown = False
        outbox = self._desk.outbox
        while claim := await outbox.claim(TERMINAL, MOST_IN_ONE, lambda chat, alerts, more: True):
            self.show(alert_reply(claim.alerts, self._language, claim.more))
            await outbox.sent(claim.ids, None)
            shown = True
        return shown

    async def _subscriptions(self, command: str, rest: str) -> Said:
        match command:
            case "subscribe":
                return await self._talk.subscribe(self._where, rest)
            case "unsubscribe":
                return await self._talk.unsubscribe(self._where, rest)
            case "settings":
                return await self._talk.settings(self._where, rest)
        return await self._talk.listing(self._where)

    def _reply(self, command: str | None, text: str) -> Reply:
        if command is None or command == "ask":
            return self._runner.run(self._ask(text))
        if command == "new":
            return self._runner.run(self._asking.begin_anew(_PLACE, self._language))
        if command not in COMMANDS:
            return self._conversation.unknown_command(self._language)
        if command == "help":
            return self._conversation.help(self._language)
        return self._conversation.start(self._language)

    async def _ask(self, text: str) -> Reply:
        said = await self._asking.ask(Asked(text, self._language, _PLACE))
        await self._asking.remember(_PLACE, said)
        self._question = said.turn.question if said.turn else text
        return said.reply

    def _press(self, number: int) -> None:
        if not 0 < number <= len(self._buttons):
            unknown = translate("There is no button {number}.", self._language, number=number)
            print(f"\n{unknown}")
            return
        button = self._buttons[number - 1]
        action = button.action or ""
        if button.url:
            print(f"\n{button.url}")
        elif action == MORE_SOURCES:
            more = self._asking.more_sources(self._question, self._language)
            self.show(self._runner.run(more))
        elif action == FOLLOW:
            self._said(self._runner.run(self._talk.follow(self._where, self._question)))
        elif wanted := parse_read_article(action):
            self.show(self._conversation.read(wanted, self._language))
        elif pressed := parse_follow(action):
            self._said(self._runner.run(self._talk.pressed(self._where, pressed)))

    def _said(self, said: Said) -> None:
        if said.toast:
            print(f"\n{said.toast}")
        if said.reply:
            self.show(said.reply)
