"""Tune the weights of the hybrid search on half of a SQuAD-format file.

    python scripts/tune_search.py piaf-v1.0.json

The whole file is indexed in a temporary folder, each paragraph an article; the questions of
the half that is for tuning (drawn by `--seed`) are searched without the reader, and every
combination of weights is tried on the scores found. Prints nDCG@10 and recall@1, best first.
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bot.settings import read_settings
from index.articles.article import Article
from index.embedding import load_encoder
from index.generations import open_current
from index.reindex import build
from index.search import DENSE_WEIGHT, LEXICAL_WEIGHT, SENTENCE_WEIGHT, Hit, Query
from scripts.common import ERRORS, describe, progress_bar, quiet_logging
from scripts.squad import Text, squad_half

_SENTENCE = (0.0, 0.3, 0.5, 0.7)
_LEXICAL = (0.0, 0.05, 0.1, 0.12, 0.15, 0.2, 0.3)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("squad", type=Path, help="a SQuAD-format file")
    parser.add_argument("--language", default="fr", help="of its questions (default fr)")
    parser.add_argument("--seed", type=int, default=0, help="draws the halves (default 0)")
    arguments = parser.parse_args(argv)
    quiet_logging()
    try:
        tuning = squad_half(arguments.squad, arguments.seed, tuning=True)
        others = squad_half(arguments.squad, arguments.seed, tuning=False)
        results = _searched([*tuning, *others], len(tuning), arguments.language)
    except ERRORS as error:
        print(f"tune_search.py: {describe(error)}", file=sys.stderr)
        return 2
    shipped = (DENSE_WEIGHT, SENTENCE_WEIGHT, LEXICAL_WEIGHT)
    tried = [(1 - sentence, sentence, w) for sentence, w in itertools.product(_SENTENCE, _LEXICAL)]
    rows = [(*_measured(results, weights), weights) for weights in {*tried, shipped}]
    print("ndcg@10  recall@1  dense, best sentence, lexical")
    for ndcg, recall, weights in sorted(rows, reverse=True):
        mark = "  (shipped)" if weights == shipped else ""
        print(
            f"{ndcg:.4f}   {recall:.4f}    {weights[0]:.2f} {weights[1]:.2f} {weights[2]:.2f}{mark}"
        )
    return 0


def _searched(texts: Sequence[Text], tuning: int, language: str) -> list[tuple[str, list[Hit]]]:
    """For each question of the first texts, its article and all candidates found."""
    settings = read_settings()
    encoder = load_encoder(settings.embedding_model, settings.models_dir)
    articles = [Article(f"{i:06}", text.title, text.text, language) for i, text in enumerate(texts)]
    with tempfile.TemporaryDirectory() as folder:
        build(articles, Path(folder), encoder, progress_bar)
        generation = open_current(Path(folder), encoder)
        found = [
            (article.id, generation.search.search(Query(question, language), limit=100))
            for article, text in zip(articles, texts[:tuning], strict=False)
            for question, _ in text.questions
        ]
        generation.close()
        return found


def _measured(
    results: Sequence[tuple[str, list[Hit]]], weights: tuple[float, float, float]
) -> tuple[float, float]:
    """nDCG@10 with one relevant article a question, and recall@1."""
    gains = []
    first = []
    for article_id, hits in results:
        ranked = sorted(hits, key=lambda hit: -_fused(hit, weights))
        order = list(dict.fromkeys(hit.article.id for hit in ranked))
        rank = order.index(article_id) + 1 if article_id in order else math.inf
        gains.append(1 / math.log2(1 + rank) if rank <= 10 else 0.0)
        first.append(rank == 1)
    return sum(gains) / len(gains), sum(first) / len(first)


def _fused(hit: Hit, weights: tuple[float, float, float]) -> float:
    sentence = max(sentence.dense for sentence in hit.sentences)
    return weights[0] * hit.dense + weights[1] * sentence + weights[2] * hit.lexical


if __name__ == "__main__":
    raise SystemExit(main())
