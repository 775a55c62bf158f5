"""Scores as probabilities: in [0, 1], and higher where a score is."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.calibration import Calibration, Curve, load_calibration, log_odds, logistic

shipped = load_calibration()
read_scores = st.floats(0, 1)
fused_scores = st.floats(-1.2, 1.2)
extremes = st.floats(allow_nan=False, allow_infinity=False)
curves = st.sampled_from([shipped.read, shipped.unread, Curve(-3.0, 0.5, 8.0)])


def test_the_shipped_curves_weigh_what_was_read_and_how_near_the_passage_is() -> None:
    assert isinstance(shipped, Calibration)
    assert shipped.read.reading > 0
    assert shipped.read.fused > 0
    assert shipped.unread.fused > 0


@given(curves, fused_scores, fused_scores, st.none() | read_scores)
def test_a_nearer_passage_is_never_less_likely(
    curve: Curve, one: float, other: float, reading: float | None
) -> None:
    low, high = sorted((one, other))
    assert curve.probability(low, reading) <= curve.probability(high, reading)


@given(curves, fused_scores, read_scores, read_scores)
def test_a_passage_read_as_answering_is_never_less_likely(
    curve: Curve, fused: float, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    assert curve.probability(fused, low) <= curve.probability(fused, high)


@pytest.mark.parametrize("fused", [0.85, 0.9, 0.95])
def test_what_is_read_changes_the_probability(fused: float) -> None:
    unlikely, likely = (shipped.read.probability(fused, reading) for reading in (0.001, 0.999))
    assert unlikely < 0.5 < likely or likely - unlikely > 0.3


@given(curves, extremes, st.none() | extremes)
def test_every_probability_is_one(curve: Curve, fused: float, reading: float | None) -> None:
    assert 0 <= curve.probability(fused, reading) <= 1


@pytest.mark.parametrize("odds", [-1e308, -1e4, -701.0, -700.0, -699.0, 0.0, 699.0, 1e4, 1e308])
def test_no_odds_are_too_large(odds: float) -> None:
    probability = logistic(odds)
    assert 0 <= probability <= 1
    assert (probability < 0.5) == (odds < 0)


@given(st.floats(0.00001, 0.99999))
def test_log_odds_are_undone_by_the_logistic_curve(probability: float) -> None:
    assert logistic(log_odds(probability)) == pytest.approx(probability)


@pytest.mark.parametrize(("certain", "sign"), [(0.0, -1), (1.0, 1), (-0.2, -1), (1.2, 1)])
def test_certainty_has_finite_odds(certain: float, sign: int) -> None:
    assert math.isfinite(log_odds(certain))
    assert log_odds(certain) * sign > 10
