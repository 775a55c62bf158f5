"""What the scripts share: settings for a corpus, errors in one line, progress bars."""

from __future__ import annotations

import logging
import sqlite3
import sys
import time
from functools import partial
from hashlib import sha256
from pathlib import Path

from tqdm import tqdm

from bot.answering.writing.model import LanguageModelUnusable
from bot.settings import Settings, WrongSetting, read_settings
from index.articles.reading import RootNotFound
from index.assembly import IndexingFailed
from index.background import NoBackground
from index.embedding import ModelUnavailable, Progress, load_encoder, model_name
from index.generations import (
    IndexNotBuilt,
    IndexUnusable,
    NoEarlierGeneration,
    current_manifest,
)
from index.lock import Locked
from index.planning import Options, Refused, plan
from index.reindex import NothingToIndex, reindex
from index.writing import NotWritten

_A_LINE_EVERY = 15.0  # seconds, of progress in a log
# What a person can mend; anything else is a defect, and keeps its trace.
ERRORS = (
    WrongSetting,
    RootNotFound,
    NothingToIndex,
    IndexingFailed,
    IndexNotBuilt,
    IndexUnusable,
    Locked,
    LanguageModelUnusable,
    ModelUnavailable,
    NoBackground,
    NoEarlierGeneration,
    NotWritten,
    Refused,
    OSError,
    sqlite3.Error,
)


def describe(error: BaseException) -> str:
    """An error as one line."""
    return " ".join(str(error).split()) or type(error).__name__


def quiet_logging() -> None:
    """Warnings alone, on stderr: a script's stdout is its result."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")


def corpus_settings(articles: Path | None) -> Settings:
    """The settings; with a folder of articles, those of an index of that folder alone.

    That index stands beside the bot's, in a folder of its own, and is built where it is
    missing or the articles have changed.
    """
    settings = read_settings()
    if articles is None:
        return settings
    if not articles.exists():
        raise RootNotFound(articles)
    name = sha256(str(articles.resolve()).encode()).hexdigest()[:16]
    own = settings.model_copy(
        update={"articles_dir": articles, "index_dir": settings.index_dir / "corpora" / name}
    )
    model = model_name(own.embedding_model)
    load = partial(load_encoder, own.embedding_model, own.models_dir)
    built = current_manifest(own.index_dir)
    other_model = built is not None and built.model != model
    options = Options(full=other_model, allow_shrink=True, fields=own.article_fields)
    if not plan([articles], own.index_dir, model, options).nothing_to_do:
        reindex([articles], own.index_dir, model, load, progress_bar, options)
    return own


def progress_bar(stage: str, total: int) -> Progress:
    """On stderr: a bar with rate and time left where that is a terminal; otherwise a line when
    the stage begins, and one every now and then while it lasts."""
    if sys.stderr.isatty():
        return _bar(stage, total)
    print(f"{stage}: {total}", file=sys.stderr, flush=True)
    return _Lines(stage, total).step


def _bar(stage: str, total: int) -> Progress:
    bar = tqdm(total=total, desc=f"{stage:<10}", unit="", leave=True, file=sys.stderr)

    def step(steps: int) -> None:
        bar.update(steps)
        if bar.n >= total:
            bar.close()

    return step


class _Lines:
    """Progress in a log: how far, how fast, how long still."""

    def __init__(self, stage: str, total: int) -> None:
        self._stage, self._total = stage, total
        self._done = 0
        self._started = self._told = time.monotonic()

    def step(self, steps: int) -> None:
        self._done += steps
        now = time.monotonic()
        if now - self._told < _A_LINE_EVERY or self._done >= self._total:
            return
        self._told = now
        rate = self._done / (now - self._started)
        left = tqdm.format_interval((self._total - self._done) / rate) if rate else "?"
        print(
            f"{self._stage}: {self._done} of {self._total}, {rate:.0f} a second, {left} left",
            file=sys.stderr,
            flush=True,
        )
