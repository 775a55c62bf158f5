"""scripts/reindex.py: the index brought up to date, an exit status."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import Empty, Queue

import pytest

from index.generations import current_manifest, current_name, open_store
from index.lock import locked
from index.run_record import RunRecord, last_record
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


def test_an_archive_is_indexed_without_telling_subscribers(articles: Path, tmp_path: Path) -> None:
    reindex.main([str(articles)])
    for name, options in (("gare", ["--no-alerts"]), ("quai", [])):
        text = f"La {name} de Lormeuil ferme mardi."
        (articles / f"{name}.txt").write_text(text, encoding="utf-8")
        assert reindex.main([str(articles), *options]) == 0
    store = open_store(tmp_path / "index")
    told = {a.article.id: run.quiet for run in store.runs() for a in store.arrived_in(run)}
    store.close()
    assert told == {
        "articles/pont.txt": True,
        "articles/gare.txt": True,
        "articles/quai.txt": False,
    }


def test_progress_goes_to_stderr_and_the_result_to_stdout(
    articles: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reindex.main([str(articles)])
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 2
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
    assert reindex.main([str(articles)]) == 1
    out = capsys.readouterr().out
    assert out.startswith("Up to date: 2 articles")
    assert "could not be read" in out


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


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Where the index is, or will be."""
    return tmp_path / "index"


def recorded(index: Path) -> RunRecord:
    record = last_record(index)
    assert record is not None
    return record


def written(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(
    articles: Path, index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reindex.main([str(articles), "--dry-run"]) == 0
    assert capsys.readouterr().out == (
        "Would read 1 files: 1 new, 0 changed.\n"
        "Would remove the articles of 0 files that are gone.\n"
        "0 files are as they were read.\n"
        "Everything would be built anew.\n"
    )
    assert not index.exists()
    reindex.main([str(articles)])
    (articles / "gare.txt").write_text(PROSE, encoding="utf-8")
    (articles / "pont.txt").write_text(PROSE + " Il pleut.", encoding="utf-8")
    before = written(index)
    capsys.readouterr()
    assert reindex.main([str(articles), "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("Would read 2 files: 1 new, 1 changed.")
    assert written(index) == before


def test_a_dry_run_says_when_there_is_nothing_to_do(
    articles: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reindex.main([str(articles)])
    capsys.readouterr()
    assert reindex.main([str(articles), "--dry-run"]) == 0
    assert capsys.readouterr().out == "Nothing to do: 1 files are as they were read.\n"


def test_a_run_is_recorded_beside_the_index_and_where_asked_for(
    articles: Path, index: Path, tmp_path: Path
) -> None:
    (articles / "vide.txt").touch()
    assert reindex.main([str(articles), "--json", str(tmp_path / "run.json")]) == 1
    record = recorded(index)
    assert record.status == 1
    assert record.generation == current_name(index)
    assert record.published
    assert (record.articles, record.passages, record.added) == (1, 1, 1)
    assert (record.changed, record.removed, record.kept, record.error) == (0, 0, 0, None)
    assert record.embedded > 0
    assert record.unreadable == ((str(articles / "vide.txt"), "the file is empty"),)
    assert (tmp_path / "run.json").read_text() == (index / "last-run.json").read_text()
    written = json.loads((tmp_path / "run.json").read_text())
    assert written["unreadable"] == [[str(articles / "vide.txt"), "the file is empty"]]


def test_a_run_with_nothing_to_do_is_recorded(articles: Path, index: Path) -> None:
    reindex.main([str(articles)])
    reindex.main([str(articles)])
    record = recorded(index)
    assert (record.status, record.published, record.embedded) == (0, False, 0)
    assert (record.generation, record.articles) == (current_name(index), 1)


def test_a_folder_that_is_emptied_is_refused_and_recorded_so(
    articles: Path, index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wire").mkdir()
    (tmp_path / "wire" / "gare.txt").write_text(PROSE, encoding="utf-8")
    roots = [str(articles), str(tmp_path / "wire")]
    reindex.main(roots)
    name = current_name(index)
    (articles / "pont.txt").unlink()
    capsys.readouterr()
    assert reindex.main([*roots, "--dry-run"]) == 5
    assert reindex.main([*roots, "--json", str(tmp_path / "run.json")]) == 5
    said = set(capsys.readouterr().err.splitlines())
    assert len(said) == 1
    assert "--allow-shrink" in said.pop()
    record = recorded(index)
    assert (record.status, record.published, record.articles) == (5, False, 2)
    assert record.generation == name == current_name(index)
    assert "1 of the 1 articles" in (record.error or "")
    assert json.loads((tmp_path / "run.json").read_text())["status"] == 5
    assert reindex.main([*roots, "--allow-shrink"]) == 0
    assert recorded(index).removed == 1


def test_another_model_is_refused_until_all_is_built_anew(
    articles: Path, index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reindex.main([str(articles)])
    manifest = current_manifest(index)
    assert manifest is not None
    path = index / "generations" / manifest.name / "manifest.json"
    path.write_text(path.read_text().replace(manifest.model, "another-model"))
    capsys.readouterr()
    assert reindex.main([str(articles)]) == 5
    [line] = capsys.readouterr().err.splitlines()
    assert all(said in line for said in ("another-model", manifest.model, "--full"))
    assert reindex.main([str(articles), "--full"]) == 0


def test_a_run_that_failed_is_recorded_with_the_generation_still_in_use(
    articles: Path, index: Path, tmp_path: Path
) -> None:
    reindex.main([str(articles)])
    (tmp_path / "empty").mkdir()
    assert reindex.main([str(tmp_path / "empty")]) == 6
    record = recorded(index)
    assert (record.status, record.generation) == (6, current_name(index))
    assert "no article files" in (record.error or "")


def test_while_another_process_is_at_it_nothing_is_done(
    articles: Path, index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reindex.main([str(articles)])
    before = written(index)
    capsys.readouterr()
    with locked(index, "a long run"):
        for arguments in ([str(articles)], [str(articles), "--full"], ["--rollback"]):
            assert reindex.main(arguments) == 4
            [line] = capsys.readouterr().err.splitlines()
            assert f"a long run (process {os.getpid()}" in line
        assert reindex.main([str(articles), "--dry-run"]) == 0
        assert reindex.main(["--check"]) == 0
    assert {path for path in written(index) if path.name != ".lock"} == {
        path for path in before if path.name != ".lock"
    }


def test_rolling_back_uses_the_generation_before(
    articles: Path, index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reindex.main(["--rollback"]) == 6
    reindex.main([str(articles)])
    first = current_name(index)
    (articles / "gare.txt").write_text("La gare de Lormeuil ferme.", encoding="utf-8")
    reindex.main([str(articles)])
    capsys.readouterr()
    assert reindex.main(["--rollback"]) == 0
    assert capsys.readouterr().out.startswith(f"Back to generation {first}")
    assert current_name(index) == first
    assert reindex.main(["--rollback"]) == 6
    [line] = capsys.readouterr().err.splitlines()
    assert "no generation from before" in line
    assert reindex.main([str(articles)]) == 0
    assert capsys.readouterr().out.startswith("Indexed 2 articles")


def test_check_names_the_files_that_are_damaged(
    articles: Path, index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reindex.main([str(articles)])
    capsys.readouterr()
    assert reindex.main(["--check"]) == 0
    assert capsys.readouterr().out == "Every file is as it was sealed.\n"
    file = index / "generations" / str(current_name(index)) / "articles.sqlite"
    file.write_bytes(file.read_bytes() + b"x")
    assert reindex.main(["--check"]) == 6
    assert capsys.readouterr().out == "damaged: articles.sqlite\n1 files damaged.\n"


def test_a_corpus_that_is_gone_is_not_replaced_by_the_sample_nor_watched_for(
    articles: Path, index: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARTICLES_DIR", str(articles))
    reindex.main([])
    name = current_name(index)
    (articles / "pont.txt").unlink()
    capsys.readouterr()
    for arguments in ([], ["--dry-run"], ["--watch"]):
        assert reindex.main(arguments) == 5
        assert "is a disk not mounted?" in capsys.readouterr().err
    assert current_name(index) == name


@pytest.fixture
def watching(articles: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Queue[str]]]:
    """A process that watches the articles, and the lines it prints as they come."""
    script = Path(reindex.__file__)
    process = subprocess.Popen(
        [sys.executable, str(script), str(articles), "--watch"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(script.parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # What a shell runs in the background ignores it, and so do those it starts.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    lines = Queue[str]()

    def read() -> None:
        for line in process.stdout or ():
            lines.put(line)

    reader = threading.Thread(target=read)
    reader.start()
    with process:
        try:
            yield process, lines
        finally:
            process.kill()
            process.wait()
            reader.join()


def next_run(lines: Queue[str], seconds: float = 120) -> str:
    """The first line of the next run that is told."""
    while not (line := lines.get(timeout=seconds)).startswith("Indexed"):
        pass
    return line


@pytest.mark.slow
def test_watching_follows_the_files_until_it_is_interrupted(
    articles: Path, index: Path, watching: tuple[subprocess.Popen[str], Queue[str]]
) -> None:
    process, lines = watching
    assert process.stderr is not None
    told = next_run(lines)
    assert told.startswith("Indexed 1 articles")
    for _ in range(10):  # it may not be watching yet
        (articles / "gare.txt").write_text("La gare de Lormeuil ferme.", encoding="utf-8")
        with suppress(Empty):
            told = next_run(lines, seconds=6)
            break
    assert told.startswith("Indexed 2 articles")
    (articles / "gare.txt").unlink()  # one of two
    (articles / "port.txt").write_text("Le port de Lormeuil rouvre.", encoding="utf-8")
    while "--allow-shrink" not in process.stderr.readline():
        pass
    (articles / "gare.txt").write_text("La gare de Lormeuil ferme.", encoding="utf-8")
    assert next_run(lines).startswith("Indexed 3 articles")
    while recorded(index).status != 0:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert "stopped" in process.stderr.read()
