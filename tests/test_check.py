"""`python -m bot --check`, and what keeps the bot from starting: one clear line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chat.running import environment
from tests.llm.replies import Behaviour, fails, says
from tests.llm.server import LanguageModelServer

KEY = "sk-that-nobody-may-see"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(sample_index: Path, models_dir: Path, tmp_path: Path) -> Run:
    def run_it(*options: str, **settings: object) -> subprocess.CompletedProcess[str]:
        values = {"index_dir": sample_index, "models_dir": models_dir, **settings}
        return subprocess.run(
            [sys.executable, "-m", "bot", *options],
            cwd=tmp_path,
            env=environment(**values),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run_it


def line(said: str, name: str) -> str:
    [found] = [line for line in said.splitlines() if line.startswith(name)]
    return found


def test_it_says_what_would_run_without_a_language_model(run: Run) -> None:
    ended = run("--check")
    assert ended.returncode == 0, ended.stderr
    assert "the terminal" in line(ended.stdout, "chat")
    assert "68 articles" in line(ended.stdout, "index")
    assert "quoted from the articles" in line(ended.stdout, "answers")


def test_a_model_that_answers_would_write(run: Run, language_model: LanguageModelServer) -> None:
    language_model.default = says("ready")
    ended = run(
        "--check", llm_model="openai:small", llm_base_url=language_model.url, llm_api_key=KEY
    )
    assert ended.returncode == 0, ended.stdout
    said = line(ended.stdout, "answers")
    assert f"written by openai:small at {language_model.url}" in said
    assert language_model.requests[0].key == KEY
    assert KEY not in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (fails(401, message=f"Incorrect API key provided: {KEY}"), "check the key"),
        (fails(404), "check LLM_MODEL"),
    ],
)
@pytest.mark.parametrize("options", [("--check",), ()])
def test_a_bad_key_or_an_unknown_model_is_one_line(
    run: Run,
    language_model: LanguageModelServer,
    reply: Behaviour,
    words: str,
    options: tuple[str, ...],
) -> None:
    language_model.default = reply
    ended = run(*options, llm_model="openai:x", llm_base_url=language_model.url, llm_api_key=KEY)
    assert ended.returncode == 2
    said = ended.stdout + ended.stderr
    [told] = [line for line in said.splitlines() if words in line]
    assert "openai:x" in told
    assert KEY not in said
    assert "Traceback" not in said


def test_a_model_that_is_down_for_now_is_no_reason_not_to_start(
    run: Run, language_model: LanguageModelServer
) -> None:
    language_model.default = fails(503)
    ended = run("--check", llm_model="openai:x", llm_base_url=language_model.url)
    assert ended.returncode == 0
    assert "does not answer now" in line(ended.stdout, "answers")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"llm_model": "anthropic:claude", "llm_api_key": "k"}, "'.[anthropic]'"),
        ({"llm_model": "openai:gpt"}, "LLM_API_KEY is not set"),
        ({"llm_model": "gpt"}, "provider:model"),
        ({"llm_model": "nobody:gpt"}, "nobody is no provider"),
        ({"llm_model": "openai:gpt", "llm_base_url": "localhost:1"}, "must begin with http"),
    ],
)
def test_a_wrong_setting_or_a_missing_extra_is_one_line(
    run: Run, settings: dict[str, str], words: str
) -> None:
    ended = run("--check", **settings)
    assert ended.returncode == 2
    [told] = [line for line in (ended.stdout + ended.stderr).splitlines() if words in line]
    assert "LLM_" in told


def test_no_index_is_said(run: Run, tmp_path: Path) -> None:
    ended = run("--check", index_dir=tmp_path / "none")
    assert ended.returncode == 2
    assert "scripts/reindex.py" in line(ended.stdout, "index")
