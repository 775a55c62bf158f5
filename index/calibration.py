"""From scores to the probability that a passage answers the question.

A logistic curve over what was read and over the fused score, fitted by scripts/calibrate.py,
which writes calibration.json with what it was fitted on.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FITTED = Path(__file__).parent / "calibration.json"


@dataclass(frozen=True, slots=True)
class Curve:
    """Log odds = intercept + reading x log odds of the reading + fused x fused score."""

    intercept: float
    reading: float
    fused: float

    def probability(self, fused: float, reading: float | None = None) -> float:
        """:param reading: the reader's probability, where the passage was read."""
        odds = self.intercept + self.fused * fused
        if reading is not None:
            odds += self.reading * log_odds(reading)
        return logistic(odds)


@dataclass(frozen=True, slots=True)
class Calibration:
    read: Curve  # for passages that the reader read
    unread: Curve  # without a reader


@cache
def load_calibration(path: Path = FITTED) -> Calibration:
    fields = json.loads(path.read_text(encoding="utf-8"))
    return Calibration(Curve(**fields["read"]), Curve(**fields["unread"]))


def log_odds(probability: float) -> float:
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))


def logistic(odds: float) -> float:
    if odds < -700:  # where exp would overflow
        return 0.0
    return 1 / (1 + math.exp(-odds))
