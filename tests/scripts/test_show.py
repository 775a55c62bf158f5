"""scripts/show.py: a stored article."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from scripts import ask, show

ARTICLE = "sample/tram/04-310-millions.html"


@pytest.fixture
def sample(monkeypatch: pytest.MonkeyPatch, sample_index: Path) -> None:
    monkeypatch.setenv("INDEX_DIR", str(sample_index))


@pytest.mark.usefixtures("sample")
def test_an_article_is_shown_with_where_it_comes_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert show.main([ARTICLE]) == 0
    title, about, blank, body = capsys.readouterr().out.split("\n", 3)
    assert title.startswith("Tram d'Ostwick")
    assert "2024-07-02" in about
    assert "https://www.courrier-ostwick.example/" in about
    assert blank == ""
    assert "310 millions d'euros" in body


@pytest.mark.usefixtures("sample")
def test_json_has_every_field(capsys: pytest.CaptureFixture[str]) -> None:
    assert show.main([ARTICLE, "--json"]) == 0
    article = json.loads(capsys.readouterr().out)
    assert set(article) == {
        "id", "title", "body", "language", "url", "source", "author", "published",
    }  # fmt: skip
    assert (article["id"], article["published"]) == (ARTICLE, "2024-07-02")


def _says_one_line(capsys: pytest.CaptureFixture[str]) -> str:
    told = capsys.readouterr()
    assert told.out == ""
    [line] = told.err.splitlines()
    assert line.startswith("show.py: ")
    return line


@pytest.mark.usefixtures("sample")
@pytest.mark.parametrize("name", ["nothing", "../../etc/passwd", "", "' OR 1=1 --", "caf\udce9"])
def test_an_unknown_article_is_told_in_one_line(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show.main([name]) == 2
    _says_one_line(capsys)


def test_without_an_index_it_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert show.main([ARTICLE]) == 2
    assert "run .venv/bin/python scripts/reindex.py" in _says_one_line(capsys)


@pytest.mark.parametrize("damage", [b"", b"not a database, whatever its name says" * 50])
@pytest.mark.parametrize("script", [show, ask])
def test_a_damaged_index_is_told_in_one_line(
    script: object,
    damage: bytes,
    sample_index: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(sample_index, tmp_path / "index")
    [store] = (tmp_path / "index" / "generations").glob("*/articles.sqlite")
    store.chmod(0o644)
    store.write_bytes(damage)
    main = show.main if script is show else ask.main
    assert main([ARTICLE]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert "reindex.py" in told.err
