"""What the scripts share: settings for a corpus, errors in one line, progress bars."""

from __future__ import annotations

import logging
import sqlite3
import sys
from hashlib import sha256
from pathlib import Path

from tqdm import tqdm

from bot.settings import Settings, WrongSetting, read_settings
from index.articles.reading import RootNotFound
from index.embedding import ModelUnavailable, Progress, load_encoder, model_name
from index.generations import IndexNotBuilt, IndexUnusable
from index.reindex import IndexingFailed, NothingToIndex, is_current, reindex

# What a person can mend; anything else is a defect, and keeps its trace.
ERRORS = (
    WrongSetting,
    RootNotFound,
    NothingToIndex,
    IndexingFailed,
    IndexNotBuilt,
    IndexUnusable,
    ModelUnavailable,
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
    if not is_current([articles], own.index_dir, model):
        reindex(
            [articles],
            own.index_dir,
            lambda: load_encoder(own.embedding_model, own.models_dir),
            progress_bar,
        )
    return own


def progress_bar(stage: str, total: int) -> Progress:
    """A bar on stderr where that is a terminal; otherwise a line a stage."""
    if not sys.stderr.isatty():
        print(f"{stage}: {total}", file=sys.stderr, flush=True)
        return lambda steps: None
    bar = tqdm(total=total, desc=f"{stage:<10}", unit="", leave=True, file=sys.stderr)

    def step(steps: int) -> None:
        bar.update(steps)
        if bar.n >= total:
            bar.close()

    return step
