"""What is measured: Dépêche, whole or a part of it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from bot.answering.answer import Answer, Citation, Evidence
from bot.answering.chain import Question as Asked
from bot.answering.chain import build_chain
from bot.answering.extractive import extract_answer
from bot.answering.retriever import PassageRetriever
from bot.i18n import supported
from bot.settings import Settings
from index.articles.article import Article
from index.embedding import Encoder, load_encoder
from index.generations import Generation, open_current
from index.reader import Reader, load_reader
from index.reindex import build
from index.search import Parts, Search
from scripts.common import progress_bar
from scripts.evaluation.dataset import Question
from scripts.evaluation.figures import Outcome, Quoted

_PASSAGES = 30  # asked for, so that ten articles are among them


class System(Protocol):
    """Something that finds and quotes passages."""

    def index(self, articles: Sequence[Article], folder: Path) -> int:
        """Index the articles in an empty folder; how many passages they make."""
        ...

    def ask(self, question: Question) -> Outcome: ...


class Depeche:
    """Our own, by the same chain that serves readers."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self._parts = parts
        self._interface = settings.ui_language
        self._encoder = load_encoder(settings.embedding_model, settings.models_dir)
        self._reader = load_reader(settings.models_dir) if parts is Parts.FULL else None
        self.generation: Generation | None = None

    def index(self, articles: Sequence[Article], folder: Path) -> int:
        build(articles, folder, self._encoder, progress_bar)
        self.open(folder)
        assert self.generation is not None
        return self.generation.manifest.passages

    def open(self, folder: Path) -> None:
        """Use an index that was built before."""
        self.generation = open_current(folder, self._encoder, self._reader)
        retriever = PassageRetriever(search=self.generation.search, k=_PASSAGES, parts=self._parts)
        self._chain = build_chain(retriever)

    def ask(self, question: Question) -> Outcome:
        asked = Asked(question.text, supported(question.language) or self._interface)
        started = time.monotonic()
        answer = self._chain.invoke(asked)
        seconds = time.monotonic() - started
        forced = extract_answer(
            question.text, answer.question_language, answer.language, answer.found, 0.0, 0.0
        )
        return Outcome(
            question,
            _ranked(answer.found),
            _quoted(forced),
            _quoted(answer),
            answer.found[0].probability if answer.found else 0.0,
            seconds,
        )


@contextmanager
def indexed(
    articles: Sequence[Article], encoder: Encoder, reader: Reader | None = None
) -> Iterator[Search]:
    """The search over these articles, in an index that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        build(articles, Path(folder), encoder, progress_bar)
        generation = open_current(Path(folder), encoder, reader)
        try:
            yield generation.search
        finally:
            generation.close()


def _ranked(found: Sequence[Evidence]) -> tuple[frozenset[str], ...]:
    """The articles in the order of their best passages, each once."""
    ranked: list[frozenset[str]] = []
    seen: set[str] = set()
    for evidence in found:
        if evidence.article.id not in seen:
            articles = _articles(evidence)
            ranked.append(articles)
            seen |= articles
    return tuple(ranked)


def _quoted(answer: Answer) -> tuple[Quoted, ...]:
    def quoted(citation: Citation) -> Quoted:
        return Quoted(_articles(citation.evidence), citation.quote)

    return tuple(quoted(citation) for citation in answer.citations)


def _articles(evidence: Evidence) -> frozenset[str]:
    return frozenset([evidence.article.id, *(copy.id for copy in evidence.copies)])
