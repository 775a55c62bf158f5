"""The composition of settings into something that answers: encoder, generation, chain."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from langchain_core.runnables import Runnable

from bot.answering.answer import Answer
from bot.answering.chain import Question, build_chain
from bot.answering.retriever import PassageRetriever
from bot.settings import Settings
from index.embedding import load_encoder
from index.generations import Generation, current_name, open_current
from index.reader import load_reader

logger = logging.getLogger(__name__)


class _InUse:
    """A generation with its chain, closed when the last who uses it is done."""

    def __init__(self, generation: Generation) -> None:
        self.generation = generation
        self.chain: Runnable[Question, Answer] = build_chain(
            PassageRetriever(search=generation.search)
        )
        self.users = 1  # the assistant itself


class Assistant:
    """Answers questions from the generation in use. Blocking; safe to call from several threads.

    A question is answered from one generation, the one that was in use when it was asked.
    """

    def __init__(
        self, open_generation: Callable[[], Generation], current: Callable[[], str | None]
    ) -> None:
        """:param open_generation: opens the current generation, now and when it is another.
        :param current: the name of the current generation, None where there is none.
        :raises IndexNotBuilt, IndexUnusable: as `open_generation`.
        """
        self._open = open_generation
        self._current = current
        self._lock = threading.Lock()
        self._failed: str | None = None  # a generation that could not be opened
        self._in_use = _InUse(open_generation())

    def answer(self, text: str, reader_language: str) -> Answer:
        # A terminal may hand over bytes that are no text; no tokenizer takes them.
        valid = text.encode("utf-8", "replace").decode("utf-8")
        with self._using() as using:
            return using.chain.invoke(Question(valid, reader_language))

    @contextmanager
    def generation(self) -> Iterator[Generation]:
        """The generation in use, which stays open for as long as the body runs."""
        with self._using() as using:
            yield using.generation

    def follow(self) -> bool:
        """Use another generation if another is current by now; whether it is used now.

        Questions that are being answered end on the old one. One that cannot be opened is
        logged, once, and the old one stays in use. Not to be called by two threads at once.
        """
        name = self._current()
        with self.generation() as generation:
            used = generation.manifest.name
        if name is None or name in (used, self._failed):
            return False
        try:
            new = _InUse(self._open())
        except Exception as error:  # whatever befalls one generation, the next may be better
            self._failed = name
            logger.error("generation %s stays in use: %s", used, error)
            return False
        with self._lock:
            old, self._in_use = self._in_use, new
        self._release(old)
        _log_opened(new.generation)
        return True

    def close(self) -> None:
        """Close the generation once nobody uses it."""
        self._release(self._in_use)

    @contextmanager
    def _using(self) -> Iterator[_InUse]:
        with self._lock:
            using = self._in_use
            using.users += 1
        try:
            yield using
        finally:
            self._release(using)

    def _release(self, used: _InUse) -> None:
        with self._lock:
            used.users -= 1
            done = used.users == 0
        if done:
            used.generation.close()


def open_assistant(settings: Settings) -> Assistant:
    """Everything between a question and its answer, ready.

    :raises IndexNotBuilt, IndexUnusable, ModelUnavailable: each with what to do.
    """
    with ThreadPoolExecutor(1) as pool:  # the two models load side by side
        loading = pool.submit(load_reader, settings.models_dir)
        encoder = load_encoder(settings.embedding_model, settings.models_dir)
        reader = loading.result()
    assistant = Assistant(
        lambda: open_current(settings.index_dir, encoder, reader),
        lambda: current_name(settings.index_dir),
    )
    with assistant.generation() as generation:
        _log_opened(generation)
    return assistant


def _log_opened(generation: Generation) -> None:
    manifest = generation.manifest
    logger.info(
        "opened generation %s: %d articles, %d passages, model %s",
        manifest.name,
        manifest.articles,
        manifest.passages,
        manifest.model,
    )
