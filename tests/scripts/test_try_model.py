"""scripts/try_model.py, with a language model on loopback."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import try_model
from tests.llm.replies import fails, says
from tests.llm.server import LanguageModelServer

SAMPLE = Path(__file__).parents[2] / "data" / "sample"


@pytest.fixture(autouse=True)
def _with_the_sample(
    monkeypatch: pytest.MonkeyPatch, sample_index: Path, language_model: LanguageModelServer
) -> None:
    monkeypatch.setattr(try_model, "QUESTIONS", SAMPLE / "questions.jsonl")
    monkeypatch.setenv("INDEX_DIR", str(sample_index))
    monkeypatch.setenv("LLM_MODEL", "openai:small")
    monkeypatch.setenv("LLM_BASE_URL", language_model.url)


def test_what_is_shown_of_each_answer_is_printed_and_counted(
    language_model: LanguageModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    language_model.default = says("Le maire a dit oui [1]. Il fera beau.")
    assert try_model.main(["--questions", "3", "--seed", "2"]) == 0
    printed = capsys.readouterr().out
    assert "\n3. " in printed
    assert "questions 3, answers shown as written 0" in printed
    assert "held 0 (0.000)" in printed
    assert "no marker: " in printed


def test_a_model_that_fails_is_counted(
    language_model: LanguageModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    language_model.default = fails(401)
    assert try_model.main(["--questions", "2", "--seed", "2"]) == 0
    assert "statements 0, held 0" in capsys.readouterr().out


def test_without_a_model_there_is_nothing_to_try(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LLM_MODEL")
    assert try_model.main(["--questions", "1"]) == 2
    assert "LLM_MODEL is not set" in capsys.readouterr().err
