"""A reindex that is killed: whatever it was doing, nothing is lost and nothing is paid twice.

Real processes, killed by SIGKILL at exact points of what they do to the disk.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from index.articles.article import Article
from index.dense import PASSAGES, SENTENCES
from index.embedding import Encoder, Matrix
from index.generations import damage, open_current
from index.query import Query
from index.reindex import reindex
from index.search import Search
from index.store import StoredPassage
from index.vector_files import VectorFiles
from tests.conftest import ROOT, no_progress
from tests.scripts.killable import BagOfWords

pytestmark = pytest.mark.slow

POINTS = 20
TOWNS = [
    "Vaubrac", "Lormeuil", "Ostwick", "Skerrow", "Aulnes", "Morvillars", "Brenne", "Castelnau",
    "Tréguier", "Issoire", "Sarrebourg", "Quimper", "Ribeauvillé", "Dourdan", "Lunel", "Figeac",
]  # fmt: skip
QUESTIONS = ["Quel pont a rouvert à Vaubrac ?", "gare de Ostwick", "budget de Lunel", "Issoire"]


def story(town: str, year: int) -> str:
    number = TOWNS.index(town)
    return (
        f"Le pont de {town} a rouvert lundi, après {number + 2} ans de travaux.\n\n"
        f"La mairie de {town} y a consacré {number * 7 + year} millions d’euros en {year}. "
        f"Les habitants de {town} attendaient ce jour depuis longtemps. "
        f"La gare, elle, restera fermée jusqu’au {number + 3} mai.\n"
    )


def write(articles: Path, towns: Sequence[str], year: int) -> None:
    articles.mkdir(exist_ok=True)
    for town in towns:
        (articles / f"{town}.txt").write_text(story(town, year), encoding="utf-8")


def change(articles: Path) -> None:
    """What the run that will be killed finds: two articles changed, one gone, six new."""
    write(articles, TOWNS[:2], 2025)
    (articles / f"{TOWNS[2]}.txt").unlink()
    write(articles, TOWNS[12:15], 2024)
    records = [{"id": str(n), "title": town, "body": story(town, n)} for n, town in
               enumerate(TOWNS[5:8], 2010)]  # fmt: skip
    lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    (articles / "depeches.jsonl").write_text("".join(lines), encoding="utf-8")


@dataclass(frozen=True)
class Ended:
    """A process, and what it noted."""

    status: int
    errors: str
    dealings: list[str]
    asked: list[str]  # texts given to the encoder
    stored: list[str]  # texts whose vectors are on disk


@dataclass(frozen=True)
class Holding:
    """What an index holds and answers."""

    articles: list[Article]
    passages: list[StoredPassage]
    answers: list[list[tuple[str, int, float]]]
    vectors: tuple[Matrix, Matrix]
    arrivals: list[tuple[int, bool, list[tuple[str, bool]]]]  # of each run, newest first

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Holding)
            and self.articles == other.articles
            and self.passages == other.passages
            and self.answers == other.answers
            and self.arrivals == other.arrivals
            and all(map(np.array_equal, self.vectors, other.vectors))
        )


@dataclass(frozen=True)
class Newsroom:
    folder: Path  # of one run after another, each of which may be killed
    articles: Path
    encoder: str  # as killable.py calls it
    models_dir: Path

    @property
    def index(self) -> Path:
        return self.folder / "index"

    def like(self, folder: Path) -> Newsroom:
        """Another with the same articles, whose index is a copy."""
        shutil.copytree(self.index, folder / "index")
        return Newsroom(folder, self.articles, self.encoder, self.models_dir)

    def reindex(self, kill_at: int = 0) -> Ended:
        notes = self.folder / f"notes-{len(list(self.folder.glob('notes-*')))}"
        notes.mkdir(parents=True)
        ended = subprocess.run(
            [sys.executable, "-m", "tests.scripts.killable", notes, self.encoder, str(kill_at),
             self.articles],
            cwd=self.folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "INDEX_DIR": str(self.index),
                "MODELS_DIR": str(self.models_dir.resolve()),
            },
            capture_output=True,
            text=True,
            timeout=300,
        )  # fmt: skip
        noted = {name: (notes / name).read_text().split("\n")[:-1]
                 for name in ("dealings", "asked", "stored")}  # fmt: skip
        return Ended(ended.returncode, ended.stderr, **noted)

    def current(self) -> str:
        return (self.index / "current").read_text(encoding="utf-8")

    def leftovers(self) -> list[str]:
        generations = self.index / "generations"
        return [p.name for p in (*generations.glob(".*"), *self.index.glob(".current*"))]

    def holding(self, encoder: Encoder) -> Holding:
        """:raises IndexUnusable: where it cannot be opened."""
        with opened(self.index, encoder) as (search, folder):
            queries = [Query(question, "fr") for question in QUESTIONS]
            found = [search.search(query, 5) for query in queries]
            return Holding(
                list(search.store.articles()),
                search.store.passages(search.store.numbers().tolist()),
                [
                    [(hit.article.id, hit.passage.start, hit.score) for hit in hits]
                    for hits in found
                ],
                (rows_of(folder, PASSAGES), rows_of(folder, SENTENCES)),
                [
                    (
                        run.number,
                        run.quiet,
                        [(a.article.id, a.first) for a in search.store.arrived_in(run)],
                    )
                    for run in search.store.runs()
                ],
            )


@contextmanager
def opened(index: Path, encoder: Encoder) -> Iterator[tuple[Search, Path]]:
    generation = open_current(index, encoder)
    try:
        yield generation.search, index / "generations" / generation.manifest.name
    finally:
        generation.close()


def rows_of(folder: Path, kind: str) -> Matrix:
    files = VectorFiles(folder, kind)
    return files.rows(0, len(files))


def began(folder: Path, encoder: Encoder, called: str, models_dir: Path) -> Newsroom:
    """A good index, of as many generations as are kept, and articles that have changed since."""
    room = Newsroom(folder, folder / "articles", called, models_dir)
    for count in (8, 10, 12):
        write(room.articles, TOWNS[:count], 2024)
        reindex([room.articles], room.index, encoder.name, lambda: encoder, no_progress)
    change(room.articles)
    return room


@dataclass(frozen=True)
class Uninterrupted:
    before: Newsroom
    held_before: Holding
    run: Ended
    held_after: Holding


def uninterrupted(before: Newsroom, folder: Path, encoder: Encoder) -> Uninterrupted:
    after = before.like(folder)
    run = after.reindex()
    assert run.status == 0, run.errors
    return Uninterrupted(before, before.holding(encoder), run, after.holding(encoder))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Uninterrupted:
    encoder = BagOfWords()
    room = began(tmp_path_factory.mktemp("newsroom"), encoder, "words", models_dir)
    return uninterrupted(room, tmp_path_factory.mktemp("whole"), encoder)


def points(dealings: Sequence[str]) -> list[int]:
    """Half spread over the whole run, half over its end, where the index is switched."""
    last = len(dealings)
    sealing = next(n for n, dealing in enumerate(dealings, 1) if "manifest.json." in dealing)
    spread = [*np.linspace(1, sealing, POINTS // 2), *np.linspace(sealing + 1, last, POINTS // 2)]
    return [round(point) for point in spread]


def killed(whole: Uninterrupted, point: int, folder: Path, encoder: Encoder) -> None:
    """Kill a run at a point, and see that nothing is lost and nothing paid twice."""
    room = whole.before.like(folder)
    old = room.current()
    broken = room.reindex(kill_at=point)
    last = broken.dealings[-1]
    assert broken.status == -signal.SIGKILL, broken.errors
    assert len(broken.dealings) == point

    held = room.holding(encoder)  # it opens
    assert held == (whole.held_before if room.current() == old else whole.held_after), last
    assert damage(room.index / "generations" / room.current()) == [], last

    resumed = room.reindex()
    assert (resumed.status, resumed.errors.count("WARNING")) == (0, 0), (last, resumed.errors)
    assert room.holding(encoder) == whole.held_after, last
    assert set(resumed.asked) == set(whole.run.asked) - set(broken.stored), last
    assert room.leftovers() == [], last


@pytest.mark.parametrize("which", range(POINTS))
def test_a_run_killed_anywhere_leaves_the_old_index_and_is_resumed(
    which: int, whole: Uninterrupted, tmp_path: Path
) -> None:
    killed(whole, points(whole.run.dealings)[which], tmp_path, BagOfWords())


def test_the_points_stand_in_every_part_of_a_run(whole: Uninterrupted) -> None:
    parts = [".txt", "vectors-", "vector_files", "lexical", "_sealed", ".current", "last-run"]
    for part in parts:
        assert any(part in dealing for dealing in whole.run.dealings), part
    chosen = points(whole.run.dealings)
    assert len(set(chosen)) == POINTS
    assert whole.held_before != whole.held_after
    assert [len(articles) for _, _, articles in whole.held_after.arrivals] == [8, 2, 2, 7]
    # On both sides of the switch.
    switch = next(n for n, deed in enumerate(whole.run.dealings, 1) if _switches(deed))
    assert chosen[0] < switch < chosen[-1]


def _switches(dealing: str) -> bool:
    return dealing.startswith("os.rename") and ".current." in dealing


@pytest.mark.parametrize(
    "moment", ["after executemany in vector_cache", "before commit in lexical", "os.rename"]
)
def test_with_the_real_model_it_is_the_same(
    moment: str, real: Uninterrupted, encoder: Encoder, tmp_path: Path
) -> None:
    dealings = real.run.dealings
    if moment == "os.rename":
        point = next(n for n, dealing in enumerate(dealings, 1) if _switches(dealing))
    else:
        point = next(n for n, dealing in enumerate(dealings, 1) if dealing.startswith(moment))
    killed(real, point + 2, tmp_path, encoder)


@pytest.fixture(scope="module")
def real(
    tmp_path_factory: pytest.TempPathFactory, encoder: Encoder, models_dir: Path
) -> Uninterrupted:
    room = began(tmp_path_factory.mktemp("newsroom"), encoder, "default", models_dir)
    return uninterrupted(room, tmp_path_factory.mktemp("whole"), encoder)
