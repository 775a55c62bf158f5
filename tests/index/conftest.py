"""A small newsroom: a folder of articles, its index, and what is done with them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from index.embedding import Encoder, Matrix, Progress, Vector
from index.generations import Generation, open_current
from index.reindex import Report, is_current, reindex

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

    def reindex(self, encoder: Encoder | None = None) -> Report:
        chosen = encoder or self.encoder
        return reindex([self.articles], self.index, lambda: chosen, no_progress)

    def is_current(self) -> bool:
        return is_current([self.articles], self.index, self.encoder.name)

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

    def folder(self) -> Path:
        """Of the current generation."""
        return self.index / "generations" / (self.index / "current").read_text()

    def on_disk(self) -> dict[str, int]:
        """Every file of the index but the vector cache, with the time it was last written."""
        return {
            str(path.relative_to(self.index)): path.stat().st_mtime_ns
            for path in sorted(self.index.rglob("*"))
            if path.is_file() and not path.name.startswith("vectors-")
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
    # Its own name, so that the vector cache has nothing for it.
    return FailingEncoder(encoder, name="failing-model")


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


@pytest.fixture
def unprivileged(tmp_path: Path) -> Iterator[None]:
    """Act as a user to whom something can be forbidden: nothing is to root."""
    if os.geteuid() != 0:
        yield
        return
    nobody = 65534
    folders = [path for path in tmp_path.parents if path.stat().st_uid == 0 and path.parts[2:]]
    modes = {path: path.stat().st_mode for path in folders}
    for path in (tmp_path, *tmp_path.rglob("*")):
        os.chown(path, nobody, nobody)
    for path in folders:
        path.chmod(modes[path] | 0o055)
    os.seteuid(nobody)
    try:
        yield
    finally:
        os.seteuid(0)
        for path, mode in modes.items():
            path.chmod(mode)
