"""Measure speed, beside what it is to be compared with, in one run.

    python scripts/bench.py embedding     passages a second, and sentence-transformers' defaults
    python scripts/bench.py query         a question's encoding, and sentence-transformers' own
    python scripts/bench.py answer        question to answer, over --passages passages
    python scripts/bench.py alerts        from new articles to alerts for --subscriptions

Keep the machine quiet meanwhile. `answer` asks the sample's questions of the sample's articles
among generated ones: sentences of data/training recombined, which are read and scored as any,
and whose vectors are mixed from real ones, because embedding 100,000 passages takes hours.
`alerts` has articles arrive that are texts of data/training, and matches them as the bot does
with topics cut from the titles there, in an SQLite database, or in --database-url, which has to
be empty and is so again afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.alerts.desk import alert_desk
from bot.answering.chain import Question, build_chain
from bot.answering.retriever import PassageRetriever
from bot.assistant import Assistant
from bot.clock import utc_now
from bot.i18n import supported
from bot.settings import Settings, read_settings
from bot.state.database import Database, DatabaseUnusable, checked_url, migrate, prepare
from bot.state.tables import ChatRow
from index.articles.article import Article
from index.articles.reading import read_articles
from index.embedding import Encoder, Matrix, Progress, Vector, load_encoder, unpacked_model
from index.generations import current_name, open_current
from index.passages import split_into_passages
from index.reader import load_reader
from index.reindex import build, reindex
from index.scoring import searched_text
from index.sentences import sentence_spans
from scripts.common import ERRORS, describe, progress_bar, quiet_logging
from scripts.evaluation.dataset import NotADataset, load_dataset
from scripts.stories import StoryText, read_stories
from scripts.synthetic.subscriptions import Title, subscribe, topics_from

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_SAMPLE = Path("data/sample")
_QUESTIONS = _SAMPLE / "questions.jsonl"
_TRAINING = Path("data/training")
_RUNS, _WARM_UP = 5, 10
_THERE_BEFORE = 20  # articles, before those that arrive


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    # No choices: before Python 3.12 argparse refuses to find none named among them.
    parser.add_argument(
        "what", nargs="*", help=f"of {', '.join(_BENCHES)}; all where none is named"
    )
    parser.add_argument("--passages", type=int, default=100_000, help="for answer")
    parser.add_argument("--subscriptions", type=int, default=10_000, help="for alerts")
    parser.add_argument("--articles", type=int, default=200, help="that arrive, for alerts")
    parser.add_argument("--database-url", help="for alerts: an empty database")
    parser.add_argument("--seed", type=int, default=0, help="of generated articles and topics")
    arguments = parser.parse_args(argv)
    if unknown := [what for what in arguments.what if what not in _BENCHES]:
        parser.error(f"there is no {unknown[0]}: choose from {', '.join(_BENCHES)}")
    quiet_logging()
    try:
        settings = read_settings()
        for what in arguments.what or _BENCHES:
            _BENCHES[what](settings, arguments)
    except (*ERRORS, NotADataset, DatabaseUnusable, ValueError) as error:
        print(f"bench.py: {describe(error)}", file=sys.stderr)
        return 2
    return 0


def bench_embedding(settings: Settings, arguments: argparse.Namespace) -> None:
    """Passages a second beside SentenceTransformer(...).encode at its defaults."""
    encoder = load_encoder(settings.embedding_model, settings.models_dir)
    texts = [
        searched_text(article, passage.text)
        for article in _sample()
        for passage in split_into_passages(article)
    ]
    theirs = _sentence_transformer(settings)
    prompted = [f"passage: {text}" for text in texts]
    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(_RUNS):  # in turn, so that both meet the same machine
        seconds["ours"].append(_timed(encoder.encode_passages, texts))
        seconds["theirs"].append(_timed(lambda: theirs.encode(prompted, show_progress_bar=False)))
    ours, default = (len(texts) / statistics.median(times) for times in seconds.values())
    reference = theirs.encode(prompted, normalize_embeddings=True, show_progress_bar=False)
    cosines = (encoder.encode_passages(texts) * reference).sum(axis=1)
    print(f"embedding {len(texts)} passages, median of {_RUNS} runs in turn")
    print(f"  sentence-transformers' defaults {default:8.1f} passages/s")
    print(f"  ours                            {ours:8.1f} passages/s, {ours / default:.2f} times")
    print(f"  cosine with theirs              {cosines.min():8.5f} at least, {cosines.mean():.5f}")


def bench_query(settings: Settings, arguments: argparse.Namespace) -> None:
    """A question's encoding, beside sentence-transformers' own."""
    encoder = load_encoder(settings.embedding_model, settings.models_dir)
    theirs = _sentence_transformer(settings)
    questions = [question.text for question in load_dataset(_QUESTIONS, 0).questions]
    for _ in range(3):  # warm both
        encoder.encode_query(questions[0])
        theirs.encode_query(questions[0])
    ours = [_timed(encoder.encode_query, text) * 1000 for text in questions]
    default = [_timed(theirs.encode_query, text) * 1000 for text in questions]
    ratio = statistics.median(default) / statistics.median(ours)
    print(f"encoding {len(questions)} questions")
    print(f"  sentence-transformers' defaults {statistics.median(default):8.2f} ms at the median")
    print(f"  ours                            {statistics.median(ours):8.2f} ms, {ratio:.2f} times")


def bench_answer(settings: Settings, arguments: argparse.Namespace) -> None:
    """Question to answer, warm, over many passages."""
    encoder = MixedEncoder(load_encoder(settings.embedding_model, settings.models_dir))
    articles = _sample()
    encoder.learn([t for article in articles for t in _embedded(article)])
    made = generated_articles(arguments.passages, arguments.seed)
    with tempfile.TemporaryDirectory(dir=settings.models_dir.parent) as folder:
        manifest = build(
            [*articles, *made], Path(folder), encoder, progress_bar, keep_vectors=False
        )
        generation = open_current(Path(folder), encoder, load_reader(settings.models_dir))
        chain = build_chain(PassageRetriever(search=generation.search))
        questions = [
            Question(question.text, supported(question.language) or settings.ui_language)
            for question in load_dataset(_QUESTIONS, 0).questions
        ]
        for question in questions[:_WARM_UP]:
            chain.invoke(question)
        asked = [_timed(chain.invoke, question) * 1000 for question in questions[_WARM_UP:]]
        again = [_timed(chain.invoke, question) * 1000 for question in questions]
        generation.close()
    print(f"{len(questions)} questions to answers over {manifest.passages} passages, warm")
    for name, times in (("asked first", asked), ("asked again", again)):
        times.sort()
        p95 = times[math.ceil(0.95 * len(times)) - 1]
        print(f"  {name:12} p50 {statistics.median(times):6.1f} ms   p95 {p95:6.1f} ms")


def bench_alerts(settings: Settings, arguments: argparse.Namespace) -> None:
    """New articles matched with many subscriptions, and their alerts written to the outbox."""
    with tempfile.TemporaryDirectory() as folder:
        url = checked_url(arguments.database_url or f"sqlite:///{folder}/state.db")
        prepare(url)
        if not asyncio.run(_is_empty(url)):
            raise DatabaseUnusable("--database-url names a database in use: name an empty one")
        try:
            asyncio.run(_bench_alerts(settings, arguments, Path(folder), url))
        finally:
            migrate(url, "base")


async def _bench_alerts(
    settings: Settings, arguments: argparse.Namespace, folder: Path, url: str
) -> None:
    encoder = load_encoder(settings.embedding_model, settings.models_dir)
    told = _training_texts()
    count = arguments.subscriptions
    topics = topics_from([Title(t.title, t.language) for t in told], count, arguments.seed)
    # Those that are there before, one to match first, one to match again, all others together.
    drawn = random.Random(arguments.seed).sample(told, _THERE_BEFORE + 2 + arguments.articles)
    there, arriving = drawn[:_THERE_BEFORE], drawn[_THERE_BEFORE:]
    newsroom = _Newsroom(folder, encoder)
    newsroom.receive(there)
    assistant = Assistant(
        lambda: open_current(newsroom.index_dir, encoder),
        lambda: current_name(newsroom.index_dir),
    )
    database = _TimedDatabase(url)
    desk = alert_desk(settings, assistant, database, utc_now)
    before = _peak_memory()
    await subscribe(database, topics, encoder, utc_now(), progress_bar("topics", count))
    print(f"{count} subscriptions on {database.dialect}")
    for texts in (arriving[:1], arriving[1:2], arriving[2:]):
        newsroom.receive(texts)
        assistant.follow()
        database.read_for = database.written_for = 0.0
        started = time.perf_counter()
        alerts = await desk.matcher.match_arrivals()
        print(
            f"  {len(texts):4} new: matched in {time.perf_counter() - started:6.2f} s, of which "
            f"reading subscriptions {database.read_for:.2f} s, writing {alerts} alerts "
            f"{database.written_for:.2f} s"
        )
    print(f"  memory at most {_peak_memory():.0f} MiB; {before:.0f} without subscriptions")
    await desk.close()
    assistant.close()


async def _is_empty(url: str) -> bool:
    """Whether nobody's subscriptions are in a database."""
    database = Database(url)
    async with database.reading() as session:
        empty = not await session.scalar(select(func.count()).select_from(ChatRow))
    await database.close()
    return empty


class _TimedDatabase(Database):
    """Adds up for how many seconds it is read from and written to."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.read_for = self.written_for = 0.0

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        started = time.perf_counter()
        async with super().reading() as session:
            yield session
        self.read_for += time.perf_counter() - started

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        started = time.perf_counter()
        async with super().writing() as session:
            yield session
        self.written_for += time.perf_counter() - started


class _Newsroom:
    """An index of what is received."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self.index_dir = folder / "index"
        self._received = folder / "articles"
        self._received.mkdir()
        self._encoder = encoder

    def receive(self, texts: Sequence[StoryText]) -> None:
        """Index these texts as new articles."""
        lines = [
            json.dumps({"title": t.title, "text": t.text, "language": t.language}) for t in texts
        ]
        number = len(list(self._received.iterdir()))
        (self._received / f"{number}.jsonl").write_text("\n".join(lines), encoding="utf-8")
        reindex(
            [self._received],
            self.index_dir,
            self._encoder.name,
            lambda: self._encoder,
            progress_bar,
        )


def _training_texts() -> list[StoryText]:
    return [
        text
        for path in sorted(_TRAINING.glob("stories-*.jsonl"))
        for story in read_stories(path)
        for text in story.texts
    ]


def _peak_memory() -> float:
    """Of this process, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def generated_articles(passages: int, seed: int) -> list[Article]:
    """Articles of real sentences in a new order, enough for about so many passages."""
    rng = random.Random(seed)
    titles: dict[str, list[str]] = {}
    sentences: dict[str, list[str]] = {}
    for text in _training_texts():
        titles.setdefault(text.language, []).append(text.title)
        sentences.setdefault(text.language, []).extend(
            text.text[start:end] for start, end in sentence_spans(text.text)
        )
    languages, weights = zip(*((k, len(v)) for k, v in sentences.items()), strict=True)
    articles: list[Article] = []
    made = 0
    while made < passages:
        (language,) = rng.choices(languages, weights)
        paragraphs = [" ".join(rng.choices(sentences[language], k=5)) for _ in range(4)]
        article = Article(
            f"generated/{len(articles):07}",
            # Numbered, so that an index of recombined sentences finds each by its own words.
            f"{rng.choice(titles[language])} ({len(articles)})",
            "\n\n".join(paragraphs),
            language,
        )
        articles.append(article)
        made += len(split_into_passages(article))
    return articles


def _sentence_transformer(settings: Settings) -> SentenceTransformer:
    """The default model, as sentence-transformers loads it from the hub: in float32. The
    folder unpacked here is kept in float16, which it would run in, several times slower."""
    from sentence_transformers import SentenceTransformer

    folder = unpacked_model(settings.models_dir)
    return SentenceTransformer(str(folder), model_kwargs={"dtype": "float32"})


class MixedEncoder:
    """The default encoder for what it has learned and for questions; every other text gets a
    vector mixed of two real ones, and some noise, drawn by the words of the whole batch."""

    _NOISE = 0.02  # standard deviation a dimension

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.name = f"mixed-{encoder.name}"
        self.dimension = encoder.dimension
        self._known: dict[str, int] = {}
        self._vectors: Matrix = np.empty((0, encoder.dimension), np.float32)

    def learn(self, texts: Sequence[str]) -> None:
        self._known = {text: row for row, text in enumerate(texts)}
        self._vectors = self._encoder.encode_passages(texts)

    def encode_query(self, text: str) -> Vector:
        return self._encoder.encode_query(text)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Matrix:
        # By their words: batches of one size would else get the same vectors.
        rng = np.random.default_rng(list(sha256("\n".join(texts).encode()).digest()))
        shape = (len(texts), self.dimension)
        pairs = rng.integers(0, len(self._vectors), (2, len(texts)))
        share = rng.uniform(0, 1, (len(texts), 1)).astype(np.float32)
        vectors: Matrix = share * self._vectors[pairs[0]] + (1 - share) * self._vectors[pairs[1]]
        vectors += rng.normal(0, self._NOISE, shape).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        for row, text in enumerate(texts):
            known = self._known.get(text)
            if known is not None:
                vectors[row] = self._vectors[known]
        if progress:
            progress(len(texts))
        return vectors


def _sample() -> list[Article]:
    return [found for found in read_articles([_SAMPLE]) if isinstance(found, Article)]


def _embedded(article: Article) -> list[str]:
    """What is embedded of an article: its passages and their sentences."""
    passages = split_into_passages(article)
    return [searched_text(article, passage.text) for passage in passages] + [
        searched_text(article, article.body[span.start : span.end])
        for passage in passages
        for span in passage.sentences
    ]


def _timed(call: Callable[..., object], *arguments: object) -> float:
    started = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - started


_BENCHES = {
    "embedding": bench_embedding,
    "query": bench_query,
    "answer": bench_answer,
    "alerts": bench_alerts,
}


if __name__ == "__main__":
    raise SystemExit(main())
