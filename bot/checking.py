"""python -m bot --check: what would run, and whether it can."""

from __future__ import annotations

import sys

from bot.answering.writing.model import LanguageModelUnusable, probe
from bot.i18n import LANGUAGES
from bot.settings import Settings
from bot.state.database import DatabaseUnusable, prepare, shown_url
from index.generations import IndexNotBuilt, IndexUnusable, current_manifest

READY, NOT_READY = 0, 2


def check(settings: Settings, in_terminal: bool) -> int:
    """Print a line for each part that would run. Exit status: 0 all can, 2 one cannot.

    The language model is asked for one word. Telegram is not asked: the bot says at its start
    whether the token is accepted.
    """
    lines = [
        ("chat", "the terminal" if in_terminal else f"Telegram, at {settings.telegram_api_url}"),
        ("language", f"{settings.ui_language}, of {', '.join(LANGUAGES)}"),
        ("articles", str(settings.corpus_dir)),
    ]
    failed = False
    for name, part in (("index", _index), ("answers", _answers), ("database", _database)):
        try:
            lines.append((name, part(settings)))
        except (DatabaseUnusable, IndexNotBuilt, IndexUnusable, LanguageModelUnusable) as error:
            lines.append((name, f"NOT USABLE: {error}"))
            failed = True
    for name, said in lines:
        sys.stdout.write(f"{name:9} {said}\n")
    return NOT_READY if failed else READY


def _index(settings: Settings) -> str:
    manifest = current_manifest(settings.index_dir)
    if manifest is None:
        raise IndexNotBuilt(f"no index in {settings.index_dir}: run python scripts/reindex.py")
    return (
        f"generation {manifest.name}: {manifest.articles} articles, {manifest.passages} passages, "
        f"model {manifest.model}"
    )


def _answers(settings: Settings) -> str:
    choice = settings.model_choice
    if choice is None:
        return "quoted from the articles (LLM_MODEL is not set)"
    limits = f"{choice.context_tokens} tokens of context, {choice.seconds:g} s for an answer"
    passing = probe(choice)
    if passing:
        return (
            f"by {choice}, which does not answer now ({passing}): until it does, they are quoted; "
            f"{limits}"
        )
    return f"written by {choice}, every statement checked; {limits}"


def _database(settings: Settings) -> str:
    url = settings.database_url.get_secret_value()
    prepare(url)
    return shown_url(url)
