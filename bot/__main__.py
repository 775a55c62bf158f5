"""python -m bot: the Telegram bot where a token is set, the terminal chat where none is."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from datetime import datetime

from bot.alerts.desk import alert_desk
from bot.answerer import open_answerer
from bot.answering.writing.model import LanguageModelUnusable, probe
from bot.chat.asking import Asking
from bot.chat.conversation import Conversation
from bot.checking import check
from bot.clock import utc_now
from bot.console import run_console
from bot.history import History
from bot.logs import configure_logging
from bot.settings import WrongSetting, read_settings
from bot.state.database import Database, DatabaseUnusable, prepare
from index.background import NoBackground
from index.embedding import ModelUnavailable
from index.generations import IndexNotBuilt, IndexUnusable

logger = logging.getLogger(__name__)

ENDED, FAILED = 0, 2
# What keeps it from starting; each says what to do.
_UNUSABLE = (
    DatabaseUnusable,
    IndexNotBuilt,
    IndexUnusable,
    LanguageModelUnusable,
    ModelUnavailable,
    NoBackground,
)


def main(argv: Sequence[str] | None = None, now: Callable[[], datetime] = utc_now) -> int:
    """Exit status: 0 ended as asked, 2 could not start, told in one line a reason.

    :param now: the time by which alerts are due.
    """
    arguments = _parser().parse_args(argv)
    try:
        settings = read_settings()
    except WrongSetting as error:
        return _failed(error)
    secret = settings.telegram_bot_token
    token = secret.get_secret_value() if secret else None
    in_terminal = arguments.console or token is None
    model_key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else None
    # A conversation in a terminal is not to be broken by what an admin's log would hold.
    configure_logging(
        "WARNING" if in_terminal else settings.log_level, [token or "", model_key or ""]
    )
    try:
        database_url = settings.database_url.get_secret_value()
        if arguments.check:
            return check(settings, in_terminal)
        if choice := settings.model_choice:
            if passing := probe(choice):
                logger.warning("LLM_MODEL %s does not answer now (%s)", choice, passing)
        prepare(database_url)
        answerer = open_answerer(settings)
        conversation = Conversation(answerer.assistant)
        if in_terminal:
            database = Database(database_url)
            desk = alert_desk(settings, answerer.assistant, database, now)
            asking = Asking(conversation, answerer, History(database, now))
            run_console(conversation, asking, desk, settings.ui_language)
        elif token:
            from bot.app import TelegramRefused, run_telegram

            try:
                run_telegram(settings, token, conversation, answerer, now)
            except TelegramRefused as error:
                return _failed(error)
    except _UNUSABLE as error:
        return _failed(error)
    except KeyboardInterrupt:
        pass
    return ENDED


def _failed(error: Exception) -> int:
    sys.stderr.write(f"{error}\n")
    return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot", description=__doc__)
    parser.add_argument(
        "--console", action="store_true", help="the terminal chat, even where a token is set"
    )
    parser.add_argument(
        "--check", action="store_true", help="say what would run, and whether it can; start nothing"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
