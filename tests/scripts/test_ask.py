"""scripts/ask.py: one question, one answer, an exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.answering.extractive import extract_answer
from scripts import ask, show
from tests.answering.generated import TRAM, evidence

KALDAR = Path(__file__).parents[1] / "data" / "kaldar"
SCRIPT = Path(__file__).parents[2] / "scripts" / "ask.py"
QUESTION = "Pourquoi Béatrice Lanoy quitte Marvelle ?"
UNANSWERED = "Quelle est la capitale de l’Australie ?"

FIELDS = ["question", "language", "abstained", "seconds", "statements", "citations"]
ARTICLE = {"article_id", "title", "url", "source", "published"}


@pytest.fixture
def sample(monkeypatch: pytest.MonkeyPatch, sample_index: Path) -> None:
    """Ask the sample."""
    monkeypatch.setenv("INDEX_DIR", str(sample_index))


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the indexes of folders given by --articles are kept, for all tests here."""
    return tmp_path_factory.mktemp("indexes")


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    """Exit status and what --json printed."""
    status = ask.main([*arguments, "--json"])
    return status, json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("sample")
def test_an_answer_is_printed_with_sources_and_exit_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask.main([QUESTION]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith(QUESTION)
    assert "[1]" in printed.out
    assert printed.err == ""


@pytest.mark.usefixtures("sample")
def test_no_answer_is_said_so_and_exit_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask.main([UNANSWERED]) == 3
    assert "Le corpus ne contient pas de réponse" in capsys.readouterr().out


@pytest.mark.usefixtures("sample")
def test_json_has_exactly_these_fields(capsys: pytest.CaptureFixture[str]) -> None:
    status, answer = asked(capsys, QUESTION)
    assert status == 0
    assert list(answer) == FIELDS
    assert (answer["question"], answer["language"], answer["abstained"]) == (QUESTION, "fr", False)
    assert answer["seconds"] > 0
    for statement in answer["statements"]:
        assert set(statement) == {"text", "citations"}
    for number, citation in enumerate(answer["citations"], start=1):
        assert set(citation) == ARTICLE | {"number", "copies", "start", "end", "quote"}
        assert citation["number"] == number
        assert all(set(copy) == ARTICLE for copy in citation["copies"])
    cited = [number for statement in answer["statements"] for number in statement["citations"]]
    assert set(cited) == {citation["number"] for citation in answer["citations"]}


def test_json_names_the_articles_that_hold_the_same_words() -> None:
    copy = replace(TRAM, id="b", url=None, source="L’Écho", published=None)
    found = evidence("La ligne coûtera 310 millions d’euros.", copies=(copy,))
    answer = extract_answer("Que coûtera le tram ?", "fr", "fr", [found])
    [citation] = json.loads(json.dumps(ask.as_json(answer, 0.1)))["citations"]
    assert citation["article_id"] == TRAM.id
    assert citation["copies"] == [
        {"article_id": "b", "title": TRAM.title, "url": None, "source": "L’Écho", "published": None}
    ]


@pytest.mark.usefixtures("sample")
def test_json_names_a_wire_copy_of_the_sample(capsys: pytest.CaptureFixture[str]) -> None:
    pair = {
        "sample/seilbahn/02-siebentausend-unterschriften.txt",
        "sample/seilbahn/06-buergerentscheid-im-juni.html",
    }
    status, answer = asked(capsys, "Wie viele Unterschriften gegen die Seilbahn sind gültig?")
    assert status == 0
    named = [
        {citation["article_id"], *(copy["article_id"] for copy in citation["copies"])}
        for citation in answer["citations"]
    ]
    assert pair in named


@pytest.mark.usefixtures("sample")
def test_limits_in_a_question_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    status, answer = asked(capsys, f"{QUESTION} avant:1999")
    assert (status, answer["citations"], answer["nearest"]) == (3, [], [])


@pytest.mark.usefixtures("sample")
def test_json_of_no_answer_names_the_nearest_articles(capsys: pytest.CaptureFixture[str]) -> None:
    status, answer = asked(capsys, UNANSWERED)
    assert status == 3
    assert list(answer) == [*FIELDS, "nearest"]
    assert answer["abstained"]
    assert answer["statements"] == answer["citations"] == []
    assert answer["nearest"]
    assert all(set(article) == ARTICLE for article in answer["nearest"])


@pytest.mark.usefixtures("sample")
def test_every_quote_is_where_show_finds_it(capsys: pytest.CaptureFixture[str]) -> None:
    _, answer = asked(capsys, QUESTION)
    assert answer["citations"]
    for citation in answer["citations"]:
        assert show.main([citation["article_id"], "--json"]) == 0
        article = json.loads(capsys.readouterr().out)
        assert article["body"][citation["start"] : citation["end"]] == citation["quote"]
        for field in ("title", "url", "source", "published"):
            assert article[field] == citation[field]


@pytest.mark.parametrize(
    ("question", "language", "words"),
    [
        ("Quand sera livré le premier patrouilleur du Kaldar ?", "fr", "au printemps 2027"),
        ("When will the first ship be delivered to Kaldar?", "en", "au printemps 2027"),
        ("¿Cuándo se entregará el primer patrullero a Kaldar?", "es", "au printemps 2027"),
    ],
)
def test_a_folder_of_ones_own_is_asked_in_any_language(
    question: str,
    language: str,
    words: str,
    indexes: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("INDEX_DIR", str(indexes))
    status, answer = asked(capsys, "--articles", str(KALDAR), question)
    assert status == 0
    assert answer["language"] == language
    assert {citation["article_id"] for citation in answer["citations"]} == {
        "kaldar/patrouilleurs.txt"
    }
    assert words in " ".join(citation["quote"] for citation in answer["citations"])
    for citation in answer["citations"]:
        assert "MARITIMA" not in citation["quote"]
        assert "Lire l’entretien" not in citation["quote"]


def test_a_folder_of_ones_own_is_indexed_again_when_it_changes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "presse"
    folder.mkdir()
    (folder / "a.txt").write_bytes((KALDAR / "patrouilleurs.txt").read_bytes())
    arguments = ["--articles", str(folder), "Qui a acheté six patrouilleurs ?"]
    ask.main(arguments)
    assert "embedding" in capsys.readouterr().err
    ask.main(arguments)
    assert capsys.readouterr().err == ""
    (folder / "b.txt").write_text("Le pont de Lormeuil a coûté 4,2 millions.", encoding="utf-8")
    assert ask.main(["--articles", str(folder), "Combien a coûté le pont de Lormeuil ?"]) == 0
    assert "4,2 millions" in capsys.readouterr().out


def test_the_bots_own_index_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask.main(["--articles", str(KALDAR), "Qui est Ilena Sorvat ?"])
    assert not (tmp_path / "index" / "current").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["Qui ?"], "run .venv/bin/python scripts/reindex.py"),
        (["   "], "the question is empty"),
        (["--articles", "nowhere", "Qui ?"], "nowhere"),
        (["--articles", "empty", "Qui ?"], "no article files"),
        (["caf\udce9 ?"], "ask.py: "),
    ],
)
def test_an_error_is_told_in_one_line_and_exit_2(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert ask.main(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    line = told.err.splitlines()[-1]
    assert line.startswith("ask.py: ")
    assert words in line


@pytest.mark.usefixtures("sample")
def test_an_argument_that_is_no_text_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ask.main(["Le caf\udce9 de Marvelle ?"]) in (0, 2, 3)
    assert capsys.readouterr().err.count("\n") <= 1


def test_a_wrong_setting_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UI_LANGUAGE", "de")
    assert ask.main(["Qui ?"]) == 2
    assert capsys.readouterr().err.startswith("ask.py: UI_LANGUAGE")


def test_a_question_is_needed() -> None:
    with pytest.raises(SystemExit) as ended:
        ask.main([])
    assert ended.value.code == 2


def test_it_runs_from_any_folder(sample_index: Path, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, str(SCRIPT), "--json", QUESTION],
        cwd=tmp_path,
        env=os.environ | {"INDEX_DIR": str(sample_index)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert list(json.loads(ended.stdout)) == FIELDS
