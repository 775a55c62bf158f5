"""Measure how search and reindexing grow with the corpus (docs/scale.md).

    python scripts/scale.py search --passages 10000 100000 1000000 --questions piaf-v1.0.json
    python scripts/scale.py reindex --articles 1000 10000 100000 --questions piaf-v1.0.json

Articles are generated (scripts/synthetic/articles.py). Embedding so many takes hours: beyond
2,000 articles their vectors, and those of the queries, are mixed of the real ones of a
SQuAD-format file until their scores are as its own are (scripts/synthetic/vectors.py; both are
printed). Each figure comes from a process of its own, so that its peak memory is that of one
thing alone; the models are loaded in the one that searches, as they are in the bot. Keep the
machine quiet meanwhile. `--json` keeps the figures, and `--plot` draws them.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.settings import read_settings
from index.articles.article import Article
from index.dense import PASSAGES, DenseIndex
from index.embedding import Matrix, Progress, Vector, load_encoder
from index.generations import Generation, open_current
from index.planning import Options
from index.query import Query
from index.reader import load_reader
from index.reindex import build, reindex
from index.search import CANDIDATES, Parts, Search
from index.vector_files import VectorFiles
from scripts.common import ERRORS, describe, quiet_logging
from scripts.squad import read_squad
from scripts.synthetic.articles import generated_article, generated_articles
from scripts.synthetic.encoder import MixedEncoder
from scripts.synthetic.vectors import VectorMixer, as_table, report

_QUERIES, _WARM_UP = 300, 20
_FOUND = 10  # passages that are to be those of the exact search
_ARTICLE_PASSAGES = 4.0  # of a generated article, on average
_DRAWN = {
    "p50_ms": "search, median (ms)",
    "p95_ms": "search, 95 % (ms)",
    "recall": "of the exact first ten",
    "search_peak_gib": "memory, searching (GiB)",
    "disk_gib": "on disk (GiB)",
    "build_without_embedding_s": "build, no embedding (s)",
    "none_changed_s": "none changed (s)",
    "one_changed_s": "one changed (s)",
    "first_peak_gib": "memory, first run (GiB)",
}


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    quiet_logging()
    try:
        vectors = _real_vectors(arguments.questions)
        figures = _MEASURED[arguments.what](arguments, vectors)
    except ERRORS as error:
        print(f"scale.py: {describe(error)}", file=sys.stderr)
        return 2
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if arguments.plot:
        _draw(figures, arguments.plot)
    return 0


# Passages, the article of each, questions, and the passage of each: what VectorMixer takes.
Real = tuple[Matrix, NDArray[np.int64], Matrix, NDArray[np.int64]]


def measure_search(arguments: argparse.Namespace, real: Real) -> list[dict[str, float]]:
    mixer = VectorMixer(*real)
    size = len(real[0])
    made = mixer.passages(0, size), *mixer.queries(len(real[2]), size)
    print("cosines, real | mixed, quantiles\n")
    print(as_table(report(real[0], real[2], real[3]), report(*made)), flush=True)
    figures = []
    for count in arguments.passages:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
            folder = Path(name)
            figure: dict[str, float] = {"passages": count}
            figure |= _in_a_process(_build, real, count, folder)
            figure["disk_gib"] = _size(folder / "generations") / 2**30
            figure |= _in_a_process(_search, real, count, folder)
        figures.append(figure)
        _print(figure)
    return figures


def measure_reindex(arguments: argparse.Namespace, real: Real) -> list[dict[str, float]]:
    figures = []
    for count in arguments.articles:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
            articles, index = Path(name, "articles"), Path(name, "index")
            _write_files(articles, count)
            figure: dict[str, float] = {"articles": count}
            for run, change in (("first", False), ("none_changed", False), ("one_changed", True)):
                if change:
                    _write_file(articles, 0, edition=2)
                started = time.perf_counter()
                found = _in_a_process(_reindex, real, articles, index)
                figure[f"{run}_s"] = time.perf_counter() - started
                figure[f"{run}_embedded"] = found["embedded"]
                figure[f"{run}_peak_gib"] = found["peak_gib"]
                figure["passages"] = found["passages"]
        figures.append(figure)
        _print(figure)
    return figures


def _build(real: Real, count: int, folder: Path) -> dict[str, float]:
    encoder = MixedEncoder(VectorMixer(*real))
    started = time.perf_counter()
    articles = _enough(count)
    manifest = build(articles, folder, encoder, _no_progress, keep_vectors=False)
    seconds = time.perf_counter() - started - encoder.seconds
    return {
        "articles": manifest.articles,
        "passages_built": manifest.passages,
        "build_without_embedding_s": seconds,
        "build_peak_gib": _peak(),
    }


def _search(real: Real, count: int, folder: Path) -> dict[str, float]:
    settings = read_settings()
    encoder = MixedEncoder(VectorMixer(*real))
    # As in the bot: they take their memory, though these queries have vectors of their own.
    of_bot = load_encoder(settings.embedding_model, settings.models_dir)
    of_bot.encode_query("Combien de temps les travaux dureront-ils ?")
    reader = load_reader(settings.models_dir)
    started = time.perf_counter()
    generation = open_current(folder, encoder, reader)
    opening = time.perf_counter() - started
    queries = encoder.queries(generation, _QUERIES + _WARM_UP)
    times, found = [], []
    for query in queries:
        started = time.perf_counter()
        hits = generation.search.search(query, _FOUND, Parts.FUSED)
        times.append((time.perf_counter() - started) * 1000)
        found.append({(hit.article.id, hit.passage.start) for hit in hits})
    generation.search.search(queries[0], _FOUND, Parts.FULL)  # so that the reader has run too
    peak = _peak()
    times = sorted(times[_WARM_UP:])
    same, near = _compared(generation, folder, encoder, queries, found)
    generation.close()
    return {
        "opening_s": opening,
        "p50_ms": statistics.median(times),
        "p95_ms": times[math.ceil(0.95 * len(times)) - 1],
        "recall": same,
        "dense_recall": near,
        "search_peak_gib": peak,
    }


def _compared(
    generation: Generation,
    folder: Path,
    encoder: MixedEncoder,
    queries: Sequence[Query],
    found: Sequence[set[tuple[str, int]]],
) -> tuple[float, float]:
    """The share of the exact search's first ten that were found; the same of vectors alone."""
    search = generation.search
    built = folder / "generations" / generation.manifest.name
    numbers = generation.store.numbers()
    vectors = np.stack([encoder.encode_query(query.text) for query in queries])
    nearest = _nearest(vectors, VectorFiles(built, PASSAGES), numbers)
    exact = Search(
        search.store, _ExactDense(built, numbers, vectors, nearest), search._lexical, encoder
    )
    same, near = [], []
    for query, vector, exactly, ours in zip(queries, vectors, nearest, found, strict=True):
        hits = exact.search(query, _FOUND, Parts.FUSED)
        wanted = {(hit.article.id, hit.passage.start) for hit in hits}
        same.append(len(wanted & ours) / len(wanted))
        ten = set(search._dense.search(vector, CANDIDATES)[:_FOUND])
        near.append(len(ten & set(exactly[:_FOUND])) / _FOUND)
    return statistics.mean(same), statistics.mean(near)


def _nearest(queries: Matrix, vectors: VectorFiles, numbers: NDArray[np.int64]) -> list[list[int]]:
    """The numbers of the candidates of each query, every passage compared."""
    best = np.full((len(queries), CANDIDATES), -2, np.float32)
    which = np.zeros((len(queries), CANDIDATES), np.int64)
    start = 0
    for batch in vectors.batches(numbers.tolist()):
        part = numbers[start : start + len(batch)]
        start += len(batch)
        scores = np.concatenate([best, queries @ batch.T], axis=1)
        ids = np.concatenate([which, np.broadcast_to(part, (len(queries), len(part)))], axis=1)
        order = np.argsort(-scores, axis=1)[:, :CANDIDATES]
        best = np.take_along_axis(scores, order, axis=1)
        which = np.take_along_axis(ids, order, axis=1)
    return which.tolist()


class _ExactDense(DenseIndex):
    """The same vectors, with the nearest known beforehand."""

    def __init__(
        self,
        folder: Path,
        numbers: NDArray[np.int64],
        queries: Matrix,
        nearest: Sequence[list[int]],
    ) -> None:
        super().__init__(folder, numbers)
        self._known = {
            query.tobytes(): found for query, found in zip(queries, nearest, strict=True)
        }

    def search(
        self, query: Vector, limit: int, allowed: NDArray[np.int64] | None = None
    ) -> list[int]:
        return self._known[query.tobytes()][:limit]


def _reindex(real: Real, articles: Path, index: Path) -> dict[str, float]:
    encoder = MixedEncoder(VectorMixer(*real))
    report = reindex([articles], index, encoder.name, lambda: encoder, _no_progress, Options())
    return {
        "embedded": report.embedded,
        "passages": report.manifest.passages,
        "peak_gib": _peak(),
    }


def _draw(figures: Sequence[dict[str, float]], path: Path) -> None:
    """Every figure over the first, which says how large the corpus is."""
    import matplotlib.pyplot as plt

    plt.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": path.name}
    size, *others = figures[0]
    drawn = [name for name in others if name in _DRAWN]
    panels, axes = plt.subplots(1, len(drawn), figsize=(3 * len(drawn), 3), squeeze=False)
    for name, panel in zip(drawn, axes[0], strict=True):
        values = [figure[name] for figure in figures]
        panel.plot([figure[size] for figure in figures], values, marker="o")
        panel.set(xscale="log", xlabel=size, title=_DRAWN[name])
        panel.set_ylim(0, max(values) * 1.15)
    panels.tight_layout()
    panels.savefig(path, metadata={"Date": None})


def _enough(passages: int) -> Iterator[Article]:
    return generated_articles(round(passages / _ARTICLE_PASSAGES))


def _write_files(folder: Path, count: int) -> None:
    for number in range(count):
        if number % 1000 == 0:
            (folder / f"{number // 1000:04}").mkdir(parents=True)
        _write_file(folder, number)


def _write_file(folder: Path, number: int, edition: int = 1) -> None:
    article = generated_article(number if edition == 1 else 10**9 + number)
    path = folder / f"{number // 1000:04}" / f"{number:07}.txt"
    path.write_text(f"{article.title}\n\n{article.body}\n", encoding="utf-8")


def _real_vectors(path: Path) -> Real:
    """Of the paragraphs and questions of a SQuAD-format file, by the default model; kept beside
    the models, since they take minutes."""
    settings = read_settings()
    kept = settings.models_dir / f"{path.stem}-vectors.npz"
    if kept.exists():
        with np.load(kept) as arrays:
            return arrays["passages"], arrays["articles"], arrays["questions"], arrays["owners"]
    encoder = load_encoder(settings.embedding_model, settings.models_dir)
    texts = read_squad(path)
    titles = {text.title: number for number, text in enumerate(texts)}
    passages = encoder.encode_passages([f"{text.title}\n{text.text}" for text in texts])
    asked = [(q, row) for row, text in enumerate(texts) for q, _ in text.questions]
    real = (
        passages,
        np.array([titles[text.title] for text in texts]),
        np.stack([encoder.encode_query(question) for question, _ in asked]),
        np.array([row for _, row in asked]),
    )
    np.savez(kept, passages=real[0], articles=real[1], questions=real[2], owners=real[3])
    return real


def _in_a_process(work: Callable[..., dict[str, float]], *given: Any) -> dict[str, float]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, given)


def _peak() -> float:
    """The most memory this process has held, mapped files included, in GiB."""
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 2**30


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _no_progress(stage: str, total: int) -> Progress:
    return lambda steps: None


def _print(figure: dict[str, float]) -> None:
    print()
    for name, value in figure.items():
        print(f"{name:28} {value:14,.3f}".rstrip("0").rstrip("."))
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=sorted(_MEASURED))
    parser.add_argument("--questions", type=Path, required=True, help="a SQuAD-format file")
    parser.add_argument("--passages", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--articles", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--folder", type=Path, help="where there is room: 10 GB a million")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw them, as SVG")
    return parser


_MEASURED = {"search": measure_search, "reindex": measure_reindex}


if __name__ == "__main__":
    raise SystemExit(main())
