"""The same conversation in a terminal."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.chat.conversation import Conversation
from bot.console import run_console
from tests.chat.running import environment

QUESTION = "Pourquoi Béatrice Lanoy quitte Marvelle ?"
GREETING = "Bonjour"

Show = Callable[..., str]


@pytest.fixture
def shown(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Show:
    """What the terminal shows once these lines are typed, line breaks folded."""

    def show(*lines: str, language: str = "fr") -> str:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        run_console(conversation, language)
        return " ".join(capsys.readouterr().out.split())

    return show


@pytest.mark.parametrize(("language", "words"), [("fr", GREETING), ("en", "Hello")])
def test_it_greets_and_ends_when_its_input_ends(shown: Show, language: str, words: str) -> None:
    assert shown(language=language).startswith(words)


def test_nothing_is_answered_after_quit(shown: Show) -> None:
    assert shown("/quit", "/help") == shown()


def test_empty_lines_are_passed_over(shown: Show) -> None:
    assert shown("", "   ") == shown()


def test_a_question_is_answered_with_its_sources(shown: Show) -> None:
    text = shown(QUESTION)
    assert f"{QUESTION} " in text
    assert "[1]" in text
    assert "│" in text
    assert "(1) Lire [1]" in text
    assert shown(f"/ask {QUESTION}") == text


def test_a_number_presses_a_button(shown: Show) -> None:
    answered = shown(QUESTION)
    article = shown(QUESTION, "1").removeprefix(answered)
    assert "Lanoy" in article
    assert len(article) > 400


def test_more_sources_come_by_number_and_can_be_read(shown: Show) -> None:
    answered = shown(QUESTION)
    number = answered.partition(") Plus de sources")[0].rpartition("(")[2]
    more = shown(QUESTION, number).removeprefix(answered)
    assert QUESTION in more
    assert "(1) Lire 1" in more


@pytest.mark.parametrize("number", ["0", "99", "1"])
def test_a_number_without_a_button_is_told_so(shown: Show, number: str) -> None:
    assert f"pas de bouton {number}" in shown("/help", number)


@pytest.mark.parametrize("line", ["²", "①", "1" * 5000, "1.5", "-1"])
def test_what_only_looks_like_a_number_is_a_question(shown: Show, line: str) -> None:
    assert len(shown(line)) > len(shown())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/help", "/ask · Poser une question"),
        ("/HELP", "/ask · Poser une question"),
        ("/start", "Bonjour"),
        ("/fly", "Je ne connais pas cette commande"),
        ("/", "Je ne connais pas cette commande"),
        ("/ask", "Quelle est votre question"),
        ("👍", "Je ne comprends que les mots"),
    ],
)
def test_commands_are_those_of_the_chat(shown: Show, line: str, words: str) -> None:
    assert words in shown(line).removeprefix(shown())


def _console(
    sample_index: Path, models_dir: Path, folder: Path, typed: bytes, **variables: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "bot", "--console"],
        cwd=folder,
        env=environment(index_dir=sample_index, models_dir=models_dir) | variables,
        input=typed,
        capture_output=True,
        timeout=120,
    )


@pytest.mark.slow
def test_it_runs_without_a_token_and_ends_with_its_input(
    sample_index: Path, models_dir: Path, tmp_path: Path
) -> None:
    ended = _console(sample_index, models_dir, tmp_path, f"{QUESTION}\n/help".encode())
    shown = ended.stdout.decode()
    assert ended.returncode == 0
    assert ended.stderr == b""
    assert QUESTION in shown
    assert "/ask · Poser une question" in shown


# As Python decodes stdin in the locales C.UTF-8 and fr_FR.UTF-8.
@pytest.mark.slow
@pytest.mark.parametrize("decoding", ["utf-8:surrogateescape", "utf-8:strict"])
def test_bytes_that_are_no_text_do_not_end_it(
    decoding: str, sample_index: Path, models_dir: Path, tmp_path: Path
) -> None:
    typed = b"Le caf\xe9 de Marvelle ?\n/help\n"
    ended = _console(sample_index, models_dir, tmp_path, typed, PYTHONIOENCODING=decoding)
    assert ended.returncode == 0, ended.stderr.decode()
    assert "/ask · Poser une question" in ended.stdout.decode()
