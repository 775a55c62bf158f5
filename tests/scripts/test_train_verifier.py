"""scripts/train_verifier.py, on one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.default_model import unpack_default_model
from index.passages import Span
from index.reader import Readable, Reader
from scripts import train_verifier

TRAINING = Path(__file__).parents[2] / "data" / "training"


def test_no_story_is_both_trained_on_and_kept_back() -> None:
    lines, kept_back = train_verifier.read_lines(TRAINING)
    trained, kept = ({line.text.text for line in some} for some in (lines, kept_back))
    assert len(kept_back) > 50
    assert not trained & kept
    for line in (*lines, *kept_back):
        assert line.words in line.text.text
        assert line.true
        assert line.false


@pytest.mark.slow
def test_what_is_trained_can_be_read_with(
    tmp_path: Path,
    models_dir: Path,
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(train_verifier, "TRAINING", TRAINING)
    out = tmp_path / "verifier.safetensors"
    assert train_verifier.main(["--limit", "1", "--epochs", "1", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "loss" in printed
    assert "kept back, words alone: area under the curve" in printed
    model = unpack_default_model(models_dir)
    assert model is not None
    trained = Reader(model, out, tmp_path / "verifier")
    text = Readable("Le pont", "Le pont rouvrira en mai.", (Span(0, 24),))
    [reading] = trained.read("Le pont sera rouvert en mai.", [text])
    assert 0 < reading.probability < 1
