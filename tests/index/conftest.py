"""A small newsroom: a folder of articles, its index, and what is done with them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from index.articles.article import Article
from index.embedding import Encoder, Matrix, Progress, Vector
from index.generations import Generation, damage, open_current
from index.planning import Options, Plan, plan
from index.query import Query
from index.reindex import Report, reindex

TRAM = """La ligne 4 du tram coûtera plus cher

Le maire l’a reconnu mardi\u00a0: la ligne coûtera «\u00a0310 millions d’euros, soit 40 de plus que
prévu\u00a0», en raison des fouilles de la place du Marché. Les travaux dureront deux ans.
"""
OWLS = """Trois chouettes sont nées dans le clocher

Les habitants de Vaubrac ont découvert dimanche trois petites chouettes effraies dans le clocher
de l’église. Une association les surveille chaque nuit.
"""
BREAD = """The last bakery in Skerrow closes

Nora Quill baked her final loaf on Friday after thirty-one years behind the counter. Nobody has
offered to buy the shop, she said.
"""


def no_progress(stage: str, total: int) -> Progress:
    return lambda steps: None


@dataclass(frozen=True)
class Newsroom:
    articles: Path
    index: Path
    encoder: Encoder

    def write(self, name: str, text: str) -> Path:
        path = self.articles / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def reindex(
        self,
        encoder: Encoder | None = None,
        *,
        full: bool = False,
        allow_shrink: bool = False,
        no_alerts: bool = False,
        roots: Sequence[Path] = (),
    ) -> Report:
        chosen = encoder or self.encoder
        options = Options(full, allow_shrink, no_alerts=no_alerts)
        where = roots or [self.articles]
        return reindex(where, self.index, chosen.name, lambda: chosen, no_progress, options)

    def planned(self) -> Plan:
        return plan([self.articles], self.index, self.encoder.name, Options())

    def is_current(self) -> bool:
        return self.planned().nothing_to_do

    @contextmanager
    def opened(self) -> Iterator[Generation]:
        generation = open_current(self.index, self.encoder)
        try:
            yield generation
        finally:
            generation.close()

    def ids(self) -> list[str]:
        """The articles in the index."""
        with self.opened() as generation:
            return [article.id for article in generation.store.articles()]

    def stored(self) -> list[Article]:
        """Likewise, whole."""
        with self.opened() as generation:
            return list(generation.store.articles())

    def found(self, question: str) -> list[str]:
        """The articles of the best passages, best first."""
        with self.opened() as generation:
            return [hit.article.id for hit in generation.search.search(Query(question, "fr"), 10)]

    def whole(self) -> bool:
        """Every file of every generation is as it was sealed."""
        generations = list((self.index / "generations").iterdir())
        return bool(generations) and not any(map(damage, generations))

    def folder(self) -> Path:
        """Of the current generation."""
        return self.index / "generations" / (self.index / "current").read_text()

    def on_disk(self) -> dict[str, int]:
        """Every file but the vector cache and the lock, with the time it was last written."""
        return {
            str(path.relative_to(self.index)): path.stat().st_mtime_ns
            for path in sorted(self.index.rglob("*"))
            if path.is_file() and not path.name.startswith(("vectors-", ".lock"))
        }


class WrappedEncoder:
    """The real encoder, under another name, keeping what it was given to embed."""

    def __init__(self, encoder: Encoder, name: str | None = None) -> None:
        self._encoder = encoder
        self.name = name or encoder.name
        self.dimension = encoder.dimension
        self.passages: list[str] = []
        self.queries: list[str] = []

    def encode_query(self, text: str) -> Vector:
        self.queries.append(text)
        return self._encoder.encode_query(text)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Matrix:
        self.passages += texts
        return self._encoder.encode_passages(texts, progress)


class WordsEncoder:
    """Costs nothing: a text is the sum of its words, each a direction that its hash gives."""

    def __init__(self, name: str = "words") -> None:
        self.name = name
        self.dimension = 32
        self.passages: list[str] = []

    def encode_query(self, text: str) -> Vector:
        vector: Vector = sum(map(self._direction, text.lower().split()), self._direction(""))
        return vector / np.linalg.norm(vector)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Matrix:
        self.passages += texts
        if progress:
            progress(len(texts))
        return np.stack([self.encode_query(text) for text in texts])

    def _direction(self, word: str) -> Vector:
        digest = np.frombuffer(sha256(word.encode()).digest(), np.uint8)
        return digest.astype(np.float32) - 127.5


class FailingEncoder(WrappedEncoder):
    """Runs out of memory, as it were, after all has been read."""

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Matrix:
        raise MemoryError("no memory left for a batch")


@pytest.fixture
def counting_encoder(encoder: Encoder) -> WrappedEncoder:
    return WrappedEncoder(encoder)


@pytest.fixture
def other_encoder(encoder: Encoder) -> WrappedEncoder:
    """An encoder of another name, whose vectors may not be mixed with the default's."""
    return WrappedEncoder(encoder, name="another-model")


@pytest.fixture
def failing_encoder(encoder: Encoder) -> FailingEncoder:
    return FailingEncoder(encoder)


@pytest.fixture(scope="session")
def _known_vectors(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the three articles, whose vector cache saves every test a second."""
    room = Newsroom(tmp_path_factory.mktemp("articles"), tmp_path_factory.mktemp("known"), encoder)
    for name, text in (("tram.txt", TRAM), ("owls.txt", OWLS), ("bread.txt", BREAD)):
        room.write(name, text)
    room.reindex()
    return room.index


@pytest.fixture
def newsroom(tmp_path: Path, encoder: Encoder, _known_vectors: Path) -> Newsroom:
    """Three articles, not yet indexed."""
    room = Newsroom(tmp_path / "articles", tmp_path / "index", encoder)
    for name, text in (("tram.txt", TRAM), ("owls.txt", OWLS), ("bread.txt", BREAD)):
        room.write(name, text)
    room.index.mkdir()
    for file in _known_vectors.glob("vectors-*.sqlite"):
        shutil.copy(file, room.index)
    return room


SUBJECTS = (
    "pont", "mairie", "gare", "école", "marché", "piscine", "musée", "forêt", "moulin", "phare",
    "théâtre", "caserne",
)  # fmt: skip


def story(subject: str, event: str = "a rouvert lundi") -> str:
    """A text of two passages, the second the same whatever the event."""
    history = f"L’histoire du {subject} est longue, et les gens de Vaubrac la racontent. " * 20
    return f"Le {subject} de Vaubrac\n\nLe {subject} {event}.\n\n{history[:890]}\n"


@pytest.fixture
def archive(tmp_path: Path) -> Newsroom:
    """A dozen articles, not yet indexed, and an encoder that costs nothing."""
    room = Newsroom(tmp_path / "articles", tmp_path / "index", WordsEncoder())
    for subject in SUBJECTS:
        room.write(f"{subject}.txt", story(subject))
    return room


@pytest.fixture
def words_encoder(archive: Newsroom) -> WordsEncoder:
    """The archive's."""
    assert isinstance(archive.encoder, WordsEncoder)
    return archive.encoder
