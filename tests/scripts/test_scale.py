"""scripts/scale.py: how search and reindexing grow, on a corpus that fits a test."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from scripts import scale
from scripts.synthetic.encoder import MixedEncoder
from scripts.synthetic.vectors import VectorMixer
from tests.scripts.question_files import squad


@pytest.fixture
def questions(tmp_path: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small file of questions, whose vectors are not kept beside the shared models."""
    path = squad(tmp_path / "squad.json")
    monkeypatch.setattr(scale, "_QUERIES", 5)
    return path


def real(seed: int = 0) -> scale.Real:
    """Vectors of 40 passages in 10 articles, and of as many questions."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((80, 16)).astype(np.float32) + 2
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows[:40], np.arange(40) // 4, rows[40:], np.arange(40)


def test_a_sentence_is_near_to_its_passage_and_passages_have_their_rows() -> None:
    mixer = VectorMixer(*real())
    encoder = MixedEncoder(mixer)
    texts = ["T\nUn. Deux.", "T\nTrois. Quatre.", "T\nUn.", "T\nDeux.", "T\nTrois.", "T\nQuatre."]
    for first in (0, 2):  # whatever was embedded before
        vectors = encoder.encode_passages(texts)
        assert np.allclose(vectors[:2], mixer.passages(first, 2))
        own = (vectors[2:] * vectors[[0, 0, 1, 1]]).sum(axis=1)
        assert own.min() > 0.8
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("search", "--passages", "40"), {"recall": 1.0, "dense_recall": 1.0}),
        (("reindex", "--articles", "12"), {"articles": 12, "none_changed_embedded": 0}),
    ],
)
def test_every_figure_is_measured_and_kept(
    arguments: tuple[str, ...],
    expected: dict[str, float],
    questions: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scale, "_real_vectors", lambda path: real())
    kept, plot = tmp_path / "figures.json", tmp_path / "figures.svg"
    asked = [*arguments, "--questions", str(questions), "--folder", str(tmp_path)]
    assert scale.main([*asked, "--json", str(kept), "--plot", str(plot)]) == 0
    (figures,) = json.loads(kept.read_text(encoding="utf-8"))
    assert expected.items() <= figures.items()
    assert all(value >= 0 for value in figures.values())
    if arguments[0] == "reindex":
        assert 0 < figures["one_changed_embedded"] < figures["first_embedded"]
    assert plot.read_text(encoding="utf-8").startswith("<?xml")


def test_a_file_that_is_not_there_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scale.main(["search", "--questions", str(tmp_path / "none.json")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
