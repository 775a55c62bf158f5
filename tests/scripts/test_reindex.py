"""scripts/reindex.py: the index brought up to date, an exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import ask, reindex

PROSE = "Le pont des Aulnes a rouvert lundi à Vaubrac, après deux ans de travaux. L’été fut long."


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    """A folder with one article."""
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "pont.txt").write_text(PROSE, encoding="utf-8")
    return folder


def test_a_folder_is_indexed_and_a_second_run_has_nothing_to_do(
    articles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reindex.main([str(articles)]) == 0
    assert capsys.readouterr().out.startswith("Indexed 1 articles, 1 passages")
    before = (tmp_path / "index" / "current").read_text(encoding="utf-8")
    assert reindex.main([str(articles)]) == 0
    assert capsys.readouterr().out.startswith("Up to date: 1 articles")
    assert (tmp_path / "index" / "current").read_text(encoding="utf-8") == before


def test_full_builds_anew(
    articles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reindex.main([str(articles)])
    before = (tmp_path / "index" / "current").read_text(encoding="utf-8")
    assert reindex.main([str(articles), "--full"]) == 0
    assert (tmp_path / "index" / "current").read_text(encoding="utf-8") != before


def test_progress_goes_to_stderr_and_the_result_to_stdout(
    articles: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reindex.main([str(articles)])
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 1
    assert [line.partition(":")[0] for line in printed.err.splitlines()] == [
        "reading",
        "embedding",
        "indexing",
    ]


def test_without_a_folder_it_takes_that_of_the_settings(
    articles: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARTICLES_DIR", str(articles))
    assert reindex.main([]) == 0
    assert capsys.readouterr().out.startswith("Indexed 1 articles")


def test_files_that_cannot_be_read_are_named_and_exit_1(
    articles: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (articles / "vide.txt").touch()
    for run in ("Indexed 1 articles", "Up to date: 1 articles"):
        assert reindex.main([str(articles)]) == 1
        out = capsys.readouterr().out
        assert out.startswith(run)
        assert f"could not be read: {articles / 'vide.txt'}: the file is empty" in out


def test_an_article_that_can_no_longer_be_read_stays_as_it_was(
    articles: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (articles / "b.txt").write_text("La gare de Lormeuil ferme.", encoding="utf-8")
    reindex.main([str(articles)])
    (articles / "pont.txt").write_bytes(b"")
    capsys.readouterr()
    assert reindex.main([str(articles)]) == 1
    out = capsys.readouterr().out
    assert out.startswith("Indexed 2 articles")
    assert "kept as they were last read: 1" in out


@pytest.mark.parametrize(
    ("setting", "value"), [("UI_LANGUAGE", "de"), ("TELEGRAM_BOT_TOKEN", "s3cret")]
)
def test_a_wrong_setting_is_wrong_usage(
    setting: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(setting, value)
    assert reindex.main([]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"reindex.py: {setting}")
    assert "s3cret" not in line


def test_a_folder_that_is_not_there_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert reindex.main(["nowhere"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "nowhere" in line


def test_an_unknown_option_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        reindex.main(["--fast"])
    assert ended.value.code == 2


def test_nothing_to_index_fails_and_leaves_the_index_as_it_was(
    articles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reindex.main([str(articles)])
    before = (tmp_path / "index" / "current").read_text(encoding="utf-8")
    (tmp_path / "empty").mkdir()
    capsys.readouterr()
    assert reindex.main([str(tmp_path / "empty")]) == 6
    assert "no article files" in capsys.readouterr().err.splitlines()[-1]
    assert (tmp_path / "index" / "current").read_text(encoding="utf-8") == before


def test_a_place_that_cannot_be_written_fails_in_one_line(
    articles: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INDEX_DIR", str(articles / "pont.txt" / "index"))
    assert reindex.main([str(articles)]) == 6
    assert capsys.readouterr().err.splitlines()[-1].startswith("reindex.py: ")


def test_a_model_that_is_not_there_fails_in_one_line(
    articles: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EMBEDDING_MODEL", str(articles))  # a folder without a model
    assert reindex.main([str(articles)]) == 6
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("reindex.py: EMBEDDING_MODEL")
    assert "Traceback" not in line


@pytest.mark.parametrize("script", ["reindex", "ask"])
def test_settings_that_are_no_utf8_are_told_in_one_line(
    script: str, articles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".env").write_bytes("UI_LANGUAGE=fr # français".encode("latin-1"))
    assert (reindex if script == "reindex" else ask).main([str(articles)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
