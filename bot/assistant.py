"""The composition of settings into something that answers: encoder, generation, chain."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from langchain_core.runnables import Runnable

from bot.answering.answer import Answer
from bot.answering.chain import Question, build_chain
from bot.answering.retriever import PassageRetriever
from bot.settings import Settings
from index.embedding import load_encoder
from index.generations import Generation, open_current
from index.reader import load_reader

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Assistant:
    """Answers questions from one generation. Blocking; safe to call from several threads."""

    generation: Generation
    chain: Runnable[Question, Answer]

    def answer(self, text: str, reader_language: str) -> Answer:
        # A terminal may hand over bytes that are no text; no tokenizer takes them.
        valid = text.encode("utf-8", "replace").decode("utf-8")
        return self.chain.invoke(Question(valid, reader_language))


def open_assistant(settings: Settings) -> Assistant:
    """Everything between a question and its answer, ready.

    :raises IndexNotBuilt, IndexUnusable, ModelUnavailable: each with what to do.
    """
    with ThreadPoolExecutor(1) as pool:  # the two models load side by side
        reader = pool.submit(load_reader, settings.models_dir)
        encoder = load_encoder(settings.embedding_model, settings.models_dir)
        generation = open_current(settings.index_dir, encoder, reader.result())
    logger.info(
        "opened generation %s: %d articles, %d passages, model %s",
        generation.manifest.name,
        generation.manifest.articles,
        generation.manifest.passages,
        encoder.name,
    )
    return Assistant(generation, build_chain(PassageRetriever(search=generation.search)))
