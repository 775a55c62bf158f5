"""Fit the probability that a passage answers a question (index/calibration.json).

    python scripts/calibrate.py piaf-v1.0.json data/sample/questions.jsonl --limit 600

For the tuning half of each set of questions, with a share of the documents held out so that
their questions have no answer: every passage that is read is an example, and answers if the
expected words stand in it. A logistic curve over the reading's log odds and the fused score is
fitted to them; another over the fused score alone serves where there is no reader. Both scores
mean the same on a corpus of any size, and so does the probability. Prints how often passages
of each probability answer; what a threshold does is for scripts/evaluate.py --curve.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

from bot.settings import read_settings
from index.calibration import FITTED, Curve, log_odds
from index.embedding import Encoder, load_encoder
from index.hits import Hit
from index.query import Query
from index.reader import Reader, load_reader
from index.search import READ_FIRST, READ_NEXT, Parts
from scripts.common import ERRORS, describe, quiet_logging
from scripts.evaluation.dataset import Dataset, Half, NotADataset, Question, load_dataset
from scripts.evaluation.figures import plain
from scripts.evaluation.systems import indexed

_HELD_OUT = 0.3
_READ = READ_FIRST + READ_NEXT


@dataclass(frozen=True, slots=True)
class Example:
    """One passage found for one question."""

    fused: float
    reading: float  # the reader's probability
    answers: bool


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    quiet_logging()
    try:
        settings = read_settings()
        encoder = load_encoder(settings.embedding_model, settings.models_dir)
        reader = load_reader(settings.models_dir)
        if reader is None:
            raise NotADataset("there is no reader for this machine, and nothing to fit")
        found = [
            _examples(_questions(path, arguments), encoder, reader) for path in arguments.datasets
        ]
        for path, examples in zip(arguments.datasets, found, strict=True):
            if len({example.answers for example in examples}) < 2:
                raise NotADataset(f"{path}: passages that answer and that do not are needed")
    except (*ERRORS, NotADataset) as error:
        print(f"calibrate.py: {describe(error)}", file=sys.stderr)
        return 2
    # Each set weighs the same, however many questions it has.
    weights = np.concatenate([np.full(len(examples), 1 / len(examples)) for examples in found])
    examples = [example for each in found for example in each]
    read = _fitted(examples, weights, read=True)
    unread = _fitted(examples, weights, read=False)
    _print_reliability(examples, read)
    fitted = {
        "read": _fields(read),
        "unread": _fields(unread),
        "fitted_on": {
            path.name: len(each) for path, each in zip(arguments.datasets, found, strict=True)
        },
        "seed": arguments.seed,
    }
    arguments.out.write_text(json.dumps(fitted, indent=1) + "\n", encoding="utf-8")
    print(f"\nread: {read}\nunread: {unread}\nwritten to {arguments.out}")
    return 0


def _questions(path: Path, arguments: argparse.Namespace) -> Dataset:
    dataset = load_dataset(path, arguments.seed)
    if all(question.answers for question in dataset.questions):
        dataset = dataset.hold_out(_HELD_OUT, arguments.seed)
    dataset = dataset.half(Half.TUNE)
    return dataset.limited(arguments.limit, arguments.seed) if arguments.limit else dataset


def _examples(dataset: Dataset, encoder: Encoder, reader: Reader) -> list[Example]:
    with indexed(dataset.articles, encoder, reader) as search:
        return [
            Example(hit.score, hit.reading.probability, _answers(hit, question))
            for question in tqdm(dataset.questions, desc="reading", disable=None)
            for hit in search.search(Query.of(question.text, question.language), _READ, Parts.FULL)
            if hit.reading is not None and hit.reading.sentences
        ]


def _answers(hit: Hit, question: Question) -> bool:
    articles = {hit.article.id, *(copy.id for copy in hit.copies)}
    return any(
        expected.article in articles and plain(expected.words) in plain(hit.passage.text)
        for expected in question.answers
    )


def _fitted(examples: Sequence[Example], weights: np.ndarray, read: bool) -> Curve:
    features = np.array(
        [[log_odds(e.reading) if read else 0.0, e.fused] for e in examples], np.float64
    )
    model = LogisticRegression(C=1e4, max_iter=1000).fit(
        features, [example.answers for example in examples], weights * len(examples)
    )
    reading, fused = (float(value) for value in model.coef_[0])
    return Curve(float(model.intercept_[0]), reading if read else 0.0, fused)


def _fields(curve: Curve) -> dict[str, float]:
    return {
        "intercept": round(curve.intercept, 3),
        "reading": round(curve.reading, 3),
        "fused": round(curve.fused, 3),
    }


def _print_reliability(examples: Sequence[Example], curve: Curve) -> None:
    """Among passages of a probability, the share that answers: equal where well calibrated."""
    print("probability   passages   that answer")
    for low, inside in _tenths(examples, curve):
        if inside:
            share = sum(example.answers for example in inside) / len(inside)
            print(f"{low:.1f} to {low + 0.1:.1f}   {len(inside):8}   {share:10.3f}")


def _tenths(examples: Sequence[Example], curve: Curve) -> Iterator[tuple[float, list[Example]]]:
    probabilities = [curve.probability(example.fused, example.reading) for example in examples]
    for tenth in range(10):
        yield (
            tenth / 10,
            [
                example
                for example, probability in zip(examples, probabilities, strict=True)
                if min(int(probability * 10), 9) == tenth
            ],
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("datasets", type=Path, nargs="+", help="as scripts/evaluate.py takes them")
    parser.add_argument("--limit", type=int, default=0, help="questions of each set, at most")
    parser.add_argument("--seed", type=int, default=0, help="draws the halves (default 0)")
    parser.add_argument("--out", type=Path, default=FITTED, metavar="FILE")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
