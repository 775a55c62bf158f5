"""Bringing the index up to date at the cost of what has changed, and never losing anything."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index import intake, planning
from index.articles.article import Article
from index.articles.files import ArticleFile
from index.articles.reading import FieldNames, Unreadable, read_file
from index.embedding import Encoder
from index.generations import current_name
from index.planning import ModelChanged, WouldShrink
from index.reindex import reindex
from tests.index.conftest import SUBJECTS, WordsEncoder, no_progress, story

if TYPE_CHECKING:
    from tests.index.conftest import Newsroom


def touched(path: Path) -> None:
    later = path.stat().st_mtime_ns + 1_000_000_000
    os.utime(path, ns=(later, later))


def record(subject: str, event: str = "a rouvert lundi") -> str:
    title, _, text = story(subject, event).partition("\n\n")
    url = f"https://vaubrac.example/{subject}"
    return json.dumps({"url": url, "title": title, "text": text}, ensure_ascii=False)


def url_of(*subjects: str) -> list[str]:
    return sorted(f"https://vaubrac.example/{subject}" for subject in subjects)


def records(room: Newsroom, name: str, *lines: str) -> Path:
    return room.write(name, "".join(f"{line}\n" for line in lines))


@pytest.fixture
def files_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the files that are read, as they are."""
    ids: list[str] = []

    def counted(file: ArticleFile, fields: FieldNames) -> Iterator[Article | Unreadable]:
        ids.append(file.id)
        return read_file(file, fields)

    monkeypatch.setattr(intake, "read_file", counted)
    return ids


def no_model() -> Encoder:
    raise AssertionError("no model is needed")


def test_where_nothing_has_changed_nothing_is_read_embedded_or_published(
    archive: Newsroom, files_read: list[str]
) -> None:
    first = archive.reindex().manifest
    files_read.clear()
    before = archive.on_disk()
    report = reindex([archive.articles], archive.index, "words", no_model, no_progress)
    assert not report.published
    assert report.manifest == first
    assert files_read == []
    assert archive.on_disk() == before


def test_of_many_files_only_the_changed_one_is_read_and_embedded(
    archive: Newsroom, words_encoder: WordsEncoder, files_read: list[str]
) -> None:
    archive.reindex()
    files_read.clear()
    words_encoder.passages.clear()
    archive.write("gare.txt", story("gare", "ferme mardi"))
    report = archive.reindex()
    assert files_read == ["articles/gare.txt"]
    assert (report.articles.added, report.articles.changed, report.articles.removed) == (0, 1, 0)
    assert report.embedded == len(words_encoder.passages) > 0
    assert all("ferme mardi" in text for text in words_encoder.passages)
    assert archive.found("La gare de Vaubrac ferme mardi")[0] == "articles/gare.txt"


def test_a_file_that_was_touched_is_read_and_its_words_are_not_embedded_again(
    archive: Newsroom, words_encoder: WordsEncoder, files_read: list[str]
) -> None:
    archive.reindex()
    for list_ in (files_read, words_encoder.passages):
        list_.clear()
    touched(archive.articles / "gare.txt")
    report = archive.reindex()
    assert files_read == ["articles/gare.txt"]
    assert report.published  # so that it is not read again
    assert (report.articles.changed, report.embedded, words_encoder.passages) == (0, 0, [])
    assert archive.is_current()


def test_words_that_move_to_another_file_are_not_embedded_again(
    archive: Newsroom, words_encoder: WordsEncoder
) -> None:
    archive.reindex()
    words_encoder.passages.clear()
    (archive.articles / "gare.txt").rename(archive.articles / "2024-gare.txt")
    moved = (archive.articles / "pont.txt").read_text()
    archive.write("pont.txt", "Le pont de Vaubrac\n\nLe pont s’est effondré mardi.")
    archive.write("archives/pont.txt", moved)
    report = archive.reindex()
    assert (report.articles.added, report.articles.removed, report.articles.changed) == (2, 1, 1)
    assert words_encoder.passages
    assert all("effondré" in text for text in words_encoder.passages)
    assert "articles/2024-gare.txt" in archive.ids()


def test_a_file_that_vanished_takes_its_articles_along(archive: Newsroom) -> None:
    archive.reindex()
    (archive.articles / "gare.txt").unlink()
    (archive.articles / "pont.txt").unlink()
    report = archive.reindex()
    assert (report.articles.removed, report.manifest.articles) == (2, 10)
    assert not {"articles/gare.txt", "articles/pont.txt"} & set(archive.ids())
    assert not {"articles/gare.txt", "articles/pont.txt"} & set(archive.found("pont, gare"))


def test_an_unreadable_file_keeps_its_last_good_version_however_often_it_fails(
    archive: Newsroom,
) -> None:
    archive.reindex()
    good = archive.stored()
    path = archive.write("gare.txt", "")
    for published, full in ((True, False), (False, False), (True, True), (False, False)):
        report = archive.reindex(full=full)
        assert report.published == published
        assert [item.path for item in report.articles.unreadable] == [path]
        assert report.articles.kept == 1
        assert report.embedded == 0
        assert archive.stored() == good
    archive.write("gare.txt", story("gare", "ferme mardi"))
    assert archive.reindex().articles.unreadable == []
    assert archive.is_current()
    assert archive.stored() != good


def test_a_file_that_is_mended_as_it_was_is_no_longer_unreadable(archive: Newsroom) -> None:
    archive.reindex()
    good = archive.stored()
    archive.write("gare.txt", "")
    archive.reindex()
    archive.write("gare.txt", story("gare"))
    report = archive.reindex()
    assert (report.articles.unreadable, report.manifest.unreadable) == ([], [])
    assert archive.stored() == good


def test_of_a_file_of_records_only_what_changed_is_embedded(
    archive: Newsroom, words_encoder: WordsEncoder
) -> None:
    wire = [record(subject) for subject in ("canal", "digue", "quai", "port", "bac", "écluse")]
    records(archive, "wire.jsonl", *wire)
    archive.reindex()
    words_encoder.passages.clear()
    records(archive, "wire.jsonl", *wire[:4], record("bac", "ferme mardi"))  # the lock is gone
    report = archive.reindex()
    assert (report.articles.added, report.articles.changed, report.articles.removed) == (0, 1, 1)
    assert words_encoder.passages
    assert all("bac ferme mardi" in text for text in words_encoder.passages)
    assert [id for id in archive.ids() if id.startswith("https")] == url_of(
        "canal", "digue", "quai", "port", "bac"
    )


def test_a_damaged_line_takes_no_article_away(archive: Newsroom) -> None:
    wire = [record(subject) for subject in ("canal", "digue", "quai")]
    path = records(archive, "wire.jsonl", *wire)
    archive.reindex()
    damaged = wire[1][: len(wire[1]) // 2]
    records(archive, "wire.jsonl", record("canal", "déborde"), damaged, wire[2], record("bac"))
    for full in (False, False, True):
        report = archive.reindex(full=full)
        assert [item.place for item in report.articles.unreadable] == [f"{path}, line 2"]
        assert report.articles.kept == 1
        assert [id for id in archive.ids() if id.startswith("https")] == url_of(
            "canal", "digue", "quai", "bac"
        )
    (canal,) = [article for article in archive.stored() if article.id == url_of("canal")[0]]
    assert "déborde" in canal.body
    records(archive, "wire.jsonl", wire[0])
    archive.reindex(allow_shrink=True)
    assert [id for id in archive.ids() if id.startswith("https")] == url_of("canal")


def test_of_two_records_of_one_identity_the_last_is_kept(archive: Newsroom) -> None:
    path = records(archive, "a.jsonl", record("canal"), record("canal", "déborde"))
    for again in (False, True):
        if again:
            touched(path)
        assert archive.reindex().manifest.articles == 13
        (canal,) = [article for article in archive.stored() if article.id == url_of("canal")[0]]
        assert "déborde" in canal.body


def changed_first(archive: Newsroom) -> None:
    records(archive, "a.jsonl", record("canal", "se vide"), record("digue"))


def touched_first(archive: Newsroom) -> None:
    touched(archive.articles / "a.jsonl")


def removed_second(archive: Newsroom) -> None:
    (archive.articles / "b.jsonl").unlink()


def emptied_second(archive: Newsroom) -> None:
    records(archive, "b.jsonl", record("quai"))


def removed_first(archive: Newsroom) -> None:
    (archive.articles / "a.jsonl").unlink()


@pytest.mark.parametrize(
    "change",
    [changed_first, touched_first, removed_second, emptied_second, removed_first],
)
def test_two_files_with_one_identity_are_indexed_as_they_would_be_anew(
    archive: Newsroom, change: Callable[[Newsroom], None]
) -> None:
    records(archive, "a.jsonl", record("canal"), record("digue"))
    records(archive, "b.jsonl", record("canal", "déborde"), record("quai"))
    archive.reindex()
    change(archive)
    archive.reindex(allow_shrink=True)
    gradually = archive.stored()
    archive.reindex(full=True)
    assert archive.stored() == gradually


def test_an_article_that_moves_to_another_file_is_not_brought_back_by_the_file_it_left(
    archive: Newsroom,
) -> None:
    wire = [record(subject) for subject in ("digue", "quai", "port")]
    records(archive, "b.jsonl", record("canal"), *wire)
    archive.reindex()
    records(archive, "a.jsonl", record("canal", "déborde"))
    records(archive, "b.jsonl", *wire, "{")
    for full in (False, True):
        archive.reindex(full=full)
        (canal,) = [article for article in archive.stored() if article.id == url_of("canal")[0]]
        assert "déborde" in canal.body


def test_articles_that_only_move_do_not_vanish(archive: Newsroom) -> None:
    wire = [record(subject) for subject in SUBJECTS]
    records(archive, "today.jsonl", *wire)
    archive.reindex()
    records(archive, "archive.jsonl", *wire)
    records(archive, "today.jsonl", record("canal"))
    report = archive.reindex()
    assert report.manifest.articles == 25
    assert report.embedded > 0


def test_files_of_one_name_in_two_folders_are_two_articles(
    archive: Newsroom, tmp_path: Path
) -> None:
    other = tmp_path / "wire"
    other.mkdir()
    (other / "gare.txt").write_text(story("gare", "ferme mardi"))
    roots = [archive.articles, other]
    archive.reindex(roots=roots)
    assert {"articles/gare.txt", "wire/gare.txt"} <= set(archive.ids())
    (other / "gare.txt").write_text(story("gare", "rouvre jeudi"))
    assert archive.reindex(roots=roots).articles.changed == 1
    bodies = {article.id: article.body for article in archive.stored()}
    assert "rouvre jeudi" in bodies["wire/gare.txt"]
    assert "a rouvert lundi" in bodies["articles/gare.txt"]


def test_the_order_in_which_folders_are_named_makes_no_difference(
    archive: Newsroom, tmp_path: Path
) -> None:
    other = tmp_path / "wire"
    other.mkdir()
    (other / "gare.txt").write_text(story("gare", "ferme mardi"))
    archive.reindex(roots=[archive.articles, other])
    assert not archive.reindex(roots=[other, archive.articles]).published


def test_another_corpus_takes_the_place_of_the_first_and_is_not_refused(
    archive: Newsroom, tmp_path: Path
) -> None:
    archive.reindex()
    other = tmp_path / "wire"
    other.mkdir()
    (other / "canal.txt").write_text(story("canal"))
    report = archive.reindex(roots=[other])
    assert (report.articles.added, report.articles.removed) == (1, 0)
    assert archive.ids() == ["wire/canal.txt"]


def test_another_model_is_refused_unless_all_is_built_anew(archive: Newsroom) -> None:
    archive.reindex()
    before = archive.on_disk()
    other = WordsEncoder("other-words")
    for changed in (False, True):
        if changed:
            touched(archive.articles / "gare.txt")
        with pytest.raises(ModelChanged, match="--full") as caught:
            archive.reindex(other)
        assert all(name in str(caught.value) for name in ("words", "other-words"))
        assert archive.on_disk() == before
    report = archive.reindex(other, full=True)
    assert report.manifest.model == "other-words"
    assert len(set(other.passages)) == report.embedded > 0


def test_where_files_are_read_otherwise_all_are_again_and_nothing_is_embedded(
    archive: Newsroom,
    words_encoder: WordsEncoder,
    files_read: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    archive.reindex()
    good = archive.stored()
    for list_ in (files_read, words_encoder.passages):
        list_.clear()
    archive.write("gare.txt", "")
    monkeypatch.setattr(planning, "PIPELINE", planning.PIPELINE + 1)
    report = archive.reindex()
    assert len(files_read) == len(SUBJECTS)
    assert (report.published, report.embedded, words_encoder.passages) == (True, 0, [])
    assert report.articles.kept == 1
    assert archive.stored() == good
    assert archive.reindex().published is False


@pytest.mark.parametrize("full", [False, True])
def test_a_folder_that_loses_more_than_a_fifth_of_its_articles_is_refused(
    archive: Newsroom, full: bool
) -> None:
    archive.reindex()
    before = archive.on_disk()
    for subject in SUBJECTS[:3]:
        (archive.articles / f"{subject}.txt").unlink()
    with pytest.raises(WouldShrink, match=r"3 of the 12 articles of .*--allow-shrink"):
        archive.reindex(full=full)
    assert archive.on_disk() == before
    report = archive.reindex(full=full, allow_shrink=True)
    assert report.manifest.articles == 9
    assert archive.ids() == sorted(f"articles/{subject}.txt" for subject in SUBJECTS[3:])


def test_a_file_that_loses_most_of_its_records_is_refused(archive: Newsroom) -> None:
    records(archive, "wire.jsonl", *(record(subject) for subject in SUBJECTS))
    archive.reindex()
    before = archive.on_disk()
    records(archive, "wire.jsonl", record("canal"))
    with pytest.raises(WouldShrink):
        archive.reindex()
    assert archive.on_disk() == before
    assert archive.reindex(allow_shrink=True).articles.removed == len(SUBJECTS)


def test_a_small_folder_may_not_vanish_beside_a_large_one(
    archive: Newsroom, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    (small / "canal.txt").write_text(story("canal"))
    roots = [archive.articles, small]
    archive.reindex(roots=roots)
    (small / "canal.txt").unlink()
    with pytest.raises(WouldShrink, match="small"):
        archive.reindex(roots=roots)
    assert archive.reindex(roots=roots, allow_shrink=True).manifest.articles == 12


def test_what_takes_more_room_than_it_serves_is_written_anew_and_answers_the_same(
    archive: Newsroom, words_encoder: WordsEncoder
) -> None:
    archive.reindex()
    compacted = 0
    for number in range(4):
        for subject in SUBJECTS[2:]:
            archive.write(f"{subject}.txt", story(subject, f"ouvre, {number}"))
        archive.reindex()
        with archive.opened() as generation:
            numbers = generation.store.numbers().tolist()
            compacted += numbers == list(range(generation.manifest.passages))
            assert numbers[-1] < 2.1 * len(numbers)
    assert 0 < compacted < 4
    stored = archive.stored()
    found = [archive.found(f"le {subject} de Vaubrac") for subject in SUBJECTS]
    words_encoder.passages.clear()
    archive.reindex(full=True)
    assert words_encoder.passages == []
    assert archive.stored() == stored
    assert [archive.found(f"le {subject} de Vaubrac") for subject in SUBJECTS] == found
    assert archive.whole()
    assert archive.is_current()


def test_a_process_that_was_killed_leaves_nothing_that_the_next_run_does_not_clear(
    archive: Newsroom,
) -> None:
    archive.reindex()
    left = archive.index / "generations" / ".building-killed"
    left.mkdir()
    (left / "articles.sqlite").write_bytes(b"half")
    touched(archive.articles / "gare.txt")
    name = current_name(archive.index)
    archive.reindex()
    assert not left.exists()
    assert current_name(archive.index) != name
