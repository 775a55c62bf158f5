"""Tune the weights of the hybrid search on the tuning halves of sets of questions.

    python scripts/tune_search.py piaf-v1.0.json data/training/stories-a.jsonl

Each set is indexed in a temporary folder and its tuning questions are searched without the
reader; every combination of weights is tried on the scores found. Prints nDCG@10 and recall@1
over all questions and nDCG@10 over those whose article is in another language, best first.
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.settings import read_settings
from index.embedding import Encoder, load_encoder
from index.query import Query
from index.scoring import WEIGHTS, Scored, Weights
from scripts.common import ERRORS, describe, quiet_logging
from scripts.evaluation.dataset import Half, NotADataset, load_dataset
from scripts.evaluation.systems import indexed

_SENTENCE = (0.0, 0.3, 0.5, 0.7)
_LEXICAL = (0.0, 0.05, 0.08, 0.1, 0.12, 0.15, 0.2, 0.3)
_ACROSS = (0.0, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7)
_RANKED = 10


@dataclass(frozen=True, slots=True)
class Searched:
    """A question's candidates, and the articles that answer it."""

    candidates: list[Scored]
    answering: frozenset[str]

    @property
    def across(self) -> bool:
        """Whether every answering article found is in another language than the question."""
        found = [s.across for s in self.candidates if s.stored.article.id in self.answering]
        return bool(found) and all(found)

    def rank(self, weights: Weights) -> float:
        """Of the first answering article, from 1; infinite beyond the tenth."""
        ranked = sorted(self.candidates, key=lambda s: s.fused_with(weights), reverse=True)
        order = list(dict.fromkeys(scored.stored.article.id for scored in ranked))
        ranks = (i for i, id in enumerate(order[:_RANKED], start=1) if id in self.answering)
        return next(ranks, math.inf)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("datasets", type=Path, nargs="+", help="as scripts/evaluate.py takes them")
    parser.add_argument("--seed", type=int, default=0, help="draws the halves (default 0)")
    parser.add_argument("--best", type=int, default=20, help="rows printed (default 20)")
    arguments = parser.parse_args(argv)
    quiet_logging()
    try:
        settings = read_settings()
        encoder = load_encoder(settings.embedding_model, settings.models_dir)
        results = [
            found for path in arguments.datasets for found in _search(path, arguments.seed, encoder)
        ]
        if not results:
            raise NotADataset("no question of the tuning halves has an answer")
    except (*ERRORS, NotADataset) as error:
        print(f"tune_search.py: {describe(error)}", file=sys.stderr)
        return 2
    tried = {Weights(*values) for values in itertools.product(_SENTENCE, _LEXICAL, _ACROSS)}
    rows = sorted(((*_measured(results, w), w) for w in tried | {WEIGHTS}), key=lambda r: -r[0])
    print(f"{len(results)} questions, {sum(found.across for found in results)} across languages")
    print("ndcg@10  recall@1  across  best sentence, lexical, lexical across languages")
    for place, (ndcg, recall, across, w) in enumerate(rows):
        if place < arguments.best or w == WEIGHTS:
            print(
                f"{ndcg:.4f}   {recall:.4f}    {across:.4f}  {w.sentence:.2f} {w.lexical:.2f} "
                f"{w.across:.2f}{'  (shipped)' if w == WEIGHTS else ''}"
            )
    return 0


def _search(path: Path, seed: int, encoder: Encoder) -> list[Searched]:
    dataset = load_dataset(path, seed)
    with indexed(dataset.articles, encoder) as search:
        return [
            Searched(
                search.candidates(Query.of(question.text, question.language)),
                frozenset(expected.article for expected in question.answers),
            )
            for question in dataset.half(Half.TUNE).questions
            if question.answers
        ]


def _measured(results: Sequence[Searched], weights: Weights) -> tuple[float, float, float]:
    """nDCG@10 with one answering article a question, recall@1, and nDCG@10 across languages."""
    ranks = [(found.rank(weights), found.across) for found in results]
    gains = [(1 / math.log2(1 + rank), across) for rank, across in ranks]
    across = [gain for gain, is_across in gains if is_across]
    return (
        sum(gain for gain, _ in gains) / len(gains),
        sum(rank == 1 for rank, _ in ranks) / len(ranks),
        sum(across) / len(across) if across else math.nan,
    )


if __name__ == "__main__":
    raise SystemExit(main())
