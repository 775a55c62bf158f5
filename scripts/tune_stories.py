"""Fit how likely two titles are to tell one story (WEIGHTS in index/stories.py).

    python scripts/tune_stories.py headlines.csv

A file of headlines as `scripts/evaluate.py --stories` takes it. Every two headlines of the
tuning half that share words are an example; local weather forecasts are left out. Prints the
weights of a logistic curve over what they share, and what each threshold does on the tuning
half and on the reporting half. The threshold is not fitted: it is chosen for few wrong mergers,
which the file's own stories, being fragments, do not tell.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bot.settings import read_settings
from index.stories import THRESHOLD, Day, Telling, Weights
from scripts.common import ERRORS, describe, quiet_logging
from scripts.evaluation.dataset import Half, NotADataset
from scripts.evaluation.stories import by_threshold, print_rows, read_headlines, tellings


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("headlines", type=Path, help="CSV: title, published, story")
    parser.add_argument("--seed", type=int, default=0, help="draws the halves (default 0)")
    arguments = parser.parse_args(argv)
    quiet_logging()
    try:
        headlines = [
            headline
            for headline in read_headlines(arguments.headlines, arguments.seed)
            if not headline.is_forecast
        ]
        told = tellings(headlines, read_settings())
        halves = {
            half: (
                [telling for telling, h in zip(told, headlines, strict=True) if h.half is half],
                [headline.story for headline in headlines if headline.half is half],
            )
            for half in Half
        }
        weights = _fitted(*halves[Half.TUNE])
    except (*ERRORS, NotADataset) as error:
        print(f"tune_stories.py: {describe(error)}", file=sys.stderr)
        return 2
    print(weights)
    for half, (half_told, stories) in halves.items():
        print(f"\n{half}: {len(stories)} headlines, {len(set(stories))} stories")
        print_rows(by_threshold(half_told, stories, weights, THRESHOLD))
    return 0


def _fitted(told: Sequence[Telling], stories: Sequence[str]) -> Weights:
    """:raises NotADataset: where no two headlines that share words are, or none are not, of one
    story."""
    day = Day(told)
    examples = [
        (astuple(likeness), stories[place] == stories[before])
        for place in range(len(told))
        for before, likeness in day.likenesses(place)
    ]
    if len({same for _, same in examples}) < 2:
        raise NotADataset("the tuning half has no headlines of one story, or of one only")
    features = np.array([likeness for likeness, _ in examples])
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(features, [same for _, same in examples])
    scaler, curve = model[0], model[1]
    slopes = curve.coef_[0] / scaler.scale_
    intercept = curve.intercept_[0] - slopes @ scaler.mean_
    return Weights(*(round(float(value), 2) for value in (intercept, *slopes)))


if __name__ == "__main__":
    raise SystemExit(main())
