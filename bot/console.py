"""The same conversation in a terminal."""

from __future__ import annotations

import io
import shutil
import sys

from bot.chat.actions import MORE_SOURCES, parse_read_article
from bot.chat.conversation import COMMANDS, Conversation
from bot.chat.markup import Button, Reply
from bot.chat.terminal import as_text, numbered_buttons
from bot.i18n import translate

_LONGEST_NUMBER = 4  # digits; a longer one is no button
_WIDEST = 100  # columns; longer lines are hard to read


def run_console(conversation: Conversation, language: str) -> None:
    """Read lines from stdin until it ends, or /quit; reply on stdout.

    A number presses the button of that number under the last reply.
    """
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # a stray byte ends no conversation
    console = _Console(conversation, language)
    interactive = sys.stdin.isatty()
    console.show(conversation.start(language))
    if interactive:
        console.hint()
    while True:
        if interactive:
            print("\n> ", end="", flush=True)
        line = sys.stdin.readline()
        if not line or line.strip() == "/quit":
            return
        if line.strip():
            conversation.assistant.follow()
            console.handle(line.strip())


class _Console:
    def __init__(self, conversation: Conversation, language: str) -> None:
        self._conversation = conversation
        self._language = language
        self._buttons: list[Button] = []
        self._question = ""

    def show(self, reply: Reply) -> None:
        self._buttons = numbered_buttons(reply)
        width = min(shutil.get_terminal_size().columns, _WIDEST)
        print(f"\n{as_text(reply, width)}", flush=True)

    def hint(self) -> None:
        hint = translate("/help for help, a number for a button, /quit to leave.", self._language)
        print(f"\n{hint}")

    def handle(self, line: str) -> None:
        if line.isdecimal() and len(line) < _LONGEST_NUMBER:
            self._press(int(line))
        else:
            self.show(self._reply(line))

    def _reply(self, line: str) -> Reply:
        word, _, rest = line.partition(" ")
        command = word[1:].lower() if word.startswith("/") else None
        if command is None or command == "ask":
            self._question = line if command is None else rest
            return self._conversation.ask(self._question, self._language)
        if command not in COMMANDS:
            return self._conversation.unknown_command(self._language)
        if command == "help":
            return self._conversation.help(self._language)
        return self._conversation.start(self._language)

    def _press(self, number: int) -> None:
        if not 0 < number <= len(self._buttons):
            unknown = translate("There is no button {number}.", self._language, number=number)
            print(f"\n{unknown}")
            return
        button = self._buttons[number - 1]
        if button.url:
            print(f"\n{button.url}")
        elif button.action == MORE_SOURCES:
            self.show(self._conversation.more_sources(self._question, self._language))
        elif wanted := parse_read_article(button.action or ""):
            self.show(self._conversation.read(wanted, self._language))
