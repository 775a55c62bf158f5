"""What is on disk: built aside, switched to at once, opened whole or refused."""

from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest

from index.generations import (
    KEPT,
    IndexNotBuilt,
    IndexUnusable,
    Manifest,
    NoEarlierGeneration,
    building,
    current_manifest,
    current_name,
    damage,
    open_current,
    open_store,
    publish,
    roll_back,
)
from index.query import Query
from tests.index.conftest import SUBJECTS, story

if TYPE_CHECKING:
    from tests.index.conftest import Newsroom, WrappedEncoder

QUERY = Query("Combien coûtera la ligne de tram ?", "fr")
COMMAND = "python scripts/reindex.py"


def publish_anything(index_dir: Path) -> Manifest:
    """A generation of one file that is no index; publishing does not look inside."""
    with building(index_dir) as folder:
        (folder / "words.txt").write_text("des mots")
        return publish(
            index_dir, folder, model="m", pipeline="p", roots=[], counts=(1, 1), unreadable=[]
        )


def names(index_dir: Path) -> list[str]:
    return sorted(path.name for path in (index_dir / "generations").iterdir())


def test_what_is_published_is_what_is_opened(newsroom: Newsroom) -> None:
    report = newsroom.reindex()
    with newsroom.opened() as generation:
        assert generation.manifest == report.manifest == current_manifest(newsroom.index)
        assert generation.search.store is generation.store
        assert generation.store.counts() == (report.manifest.articles, report.manifest.passages)


def test_articles_can_be_read_without_a_model(newsroom: Newsroom) -> None:
    newsroom.reindex()
    store = open_store(newsroom.index)
    assert store.article("articles/tram.txt") is not None
    store.close()


def test_one_opened_stays_as_it_was_when_others_are_published(newsroom: Newsroom) -> None:
    newsroom.reindex()
    with newsroom.opened() as old:
        before = old.search.search(QUERY, 3)
        (newsroom.articles / "tram.txt").unlink()
        for _ in range(2):
            newsroom.reindex(full=True, allow_shrink=True)
        assert old.search.search(QUERY, 3) == before
        with newsroom.opened() as new:
            assert "articles/tram.txt" not in [h.article.id for h in new.search.search(QUERY, 3)]


def test_one_opened_stays_usable_when_it_is_dropped_from_disk(newsroom: Newsroom) -> None:
    newsroom.reindex()
    with newsroom.opened() as old:
        before = old.search.search(QUERY, 3)
        shutil.rmtree(newsroom.folder())
        newsroom.reindex()
        assert newsroom.whole()
        assert old.search.search(QUERY, 3) == before
        assert old.store.article("articles/tram.txt") is not None


def test_there_is_a_current_generation_at_every_moment(tmp_path: Path) -> None:
    watching = [tmp_path / "0"]
    publish_anything(watching[0])
    done = Event()

    def watch() -> set[bool]:
        seen = set()
        while not done.is_set():
            seen.add(current_manifest(watching[-1]) is not None)
        return seen

    with ThreadPoolExecutor(1) as pool:
        watched = pool.submit(watch)
        try:
            for number in range(1, 20):
                for _ in range(KEPT - 1):  # no more, so that none is dropped while it is read
                    publish_anything(watching[-1])
                publish_anything(tmp_path / str(number))
                watching.append(tmp_path / str(number))
        finally:
            done.set()
    assert watched.result() == {True}


def test_few_generations_are_kept_and_the_current_among_them(tmp_path: Path) -> None:
    for _ in range(KEPT + 3):
        manifest = publish_anything(tmp_path)
        assert current_manifest(tmp_path) == manifest
        assert len(names(tmp_path)) <= KEPT + 1
        assert manifest.name in names(tmp_path)


def test_the_latest_generations_are_the_ones_kept(tmp_path: Path) -> None:
    published = [publish_anything(tmp_path).name for _ in range(30)]
    assert names(tmp_path) == sorted(published[-KEPT:])


def test_what_could_not_be_built_leaves_nothing(tmp_path: Path) -> None:
    manifest = publish_anything(tmp_path)

    def fail() -> None:
        with building(tmp_path) as folder:
            (folder / "half.txt").write_text("à moitié")
            raise RuntimeError("no space left")

    with pytest.raises(RuntimeError):
        fail()
    assert names(tmp_path) == [manifest.name]
    assert current_manifest(tmp_path) == manifest


def test_no_index_says_how_to_build_one(tmp_path: Path, newsroom: Newsroom) -> None:
    with pytest.raises(IndexNotBuilt, match=COMMAND):
        open_current(tmp_path / "none", newsroom.encoder)
    with pytest.raises(IndexNotBuilt, match=COMMAND):
        open_store(tmp_path / "none")
    assert current_manifest(tmp_path / "none") is None


def test_an_index_of_another_model_is_refused_and_both_are_named(
    newsroom: Newsroom, other_encoder: WrappedEncoder
) -> None:
    newsroom.reindex()
    with pytest.raises(IndexUnusable, match=COMMAND) as caught:
        open_current(newsroom.index, other_encoder)
    for said in (newsroom.encoder.name, other_encoder.name, "EMBEDDING_MODEL"):
        assert said in str(caught.value)


def test_an_index_of_another_format_is_refused(newsroom: Newsroom) -> None:
    newsroom.reindex()
    manifest = newsroom.folder() / "manifest.json"
    fields = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(fields | {"format": fields["format"] + 1}))
    with pytest.raises(IndexUnusable, match=COMMAND):
        open_current(newsroom.index, newsroom.encoder)
    assert current_manifest(newsroom.index) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": 1}', '"é"'])
def test_a_manifest_that_makes_no_sense_is_refused(newsroom: Newsroom, text: str) -> None:
    newsroom.reindex()
    (newsroom.folder() / "manifest.json").write_text(text)
    with pytest.raises(IndexUnusable, match=COMMAND):
        open_current(newsroom.index, newsroom.encoder)


@pytest.mark.parametrize(
    "name",
    [
        "manifest.json",
        "passages-0000000000.npy",
        "sentences-0000000000.npy",
        "lexical/meta.json",
        "articles.sqlite",
    ],
)
@pytest.mark.parametrize("words", [None, b"", b"no such thing" * 500], ids=["gone", "empty", "odd"])
def test_an_index_that_lacks_a_file_is_refused(
    newsroom: Newsroom, name: str, words: bytes | None
) -> None:
    newsroom.reindex()
    file = newsroom.folder() / name
    file.unlink()
    if words is not None:
        file.write_bytes(words)
    with pytest.raises(IndexUnusable, match=COMMAND), newsroom.opened():
        pass


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"no-such-generation",
        b"../..",
        b"\xff\xfe",
    ],
)
def test_a_current_that_names_nothing_is_refused(newsroom: Newsroom, words: bytes) -> None:
    newsroom.reindex()
    (newsroom.index / "current").write_bytes(words)
    with pytest.raises(IndexUnusable, match=COMMAND):
        open_current(newsroom.index, newsroom.encoder)
    assert current_manifest(newsroom.index) is None


def test_a_whole_generation_has_no_damage(newsroom: Newsroom) -> None:
    newsroom.reindex()
    with newsroom.opened() as generation:  # reading changes nothing
        generation.search.search(QUERY, 3)
    assert damage(newsroom.folder()) == []


def test_one_flipped_bit_in_any_file_is_damage(newsroom: Newsroom) -> None:
    newsroom.reindex()
    folder = newsroom.folder()
    sealed = sorted(current.checksums) if (current := current_manifest(newsroom.index)) else []
    files = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert files == {*sealed, "manifest.json"}
    for name in sealed:
        words = (folder / name).read_bytes()
        middle = len(words) // 2
        flipped = (
            words[:middle] + bytes([words[middle] ^ 1]) + words[middle + 1 :] if words else b"x"
        )
        (folder / name).write_bytes(flipped)
        assert damage(folder) == [name]
        (folder / name).write_bytes(words)


def test_a_file_that_is_gone_is_damage(newsroom: Newsroom) -> None:
    newsroom.reindex()
    (newsroom.folder() / "sentences-0000000000.npy").unlink()
    assert damage(newsroom.folder()) == ["sentences-0000000000.npy"]


def test_rolling_back_goes_to_the_generation_before_until_none_is_left(tmp_path: Path) -> None:
    first, second, third = (publish_anything(tmp_path) for _ in range(3))
    assert current_name(tmp_path) == third.name
    assert roll_back(tmp_path) == second
    assert current_manifest(tmp_path) == second
    assert roll_back(tmp_path) == first
    with pytest.raises(NoEarlierGeneration, match=first.name):
        roll_back(tmp_path)
    assert current_name(tmp_path) == first.name
    assert len(names(tmp_path)) == 3


def test_rolling_back_passes_over_a_generation_that_cannot_be_read(tmp_path: Path) -> None:
    first, second, _ = (publish_anything(tmp_path) for _ in range(3))
    (tmp_path / "generations" / second.name / "manifest.json").write_text("{")
    assert roll_back(tmp_path) == first


def test_what_was_gone_back_from_is_not_gone_back_to(tmp_path: Path) -> None:
    first, wrong = publish_anything(tmp_path), publish_anything(tmp_path)
    assert roll_back(tmp_path) == first
    publish_anything(tmp_path)
    assert wrong.name not in names(tmp_path)
    assert roll_back(tmp_path) == first


def test_where_nothing_was_built_there_is_nothing_to_roll_back(tmp_path: Path) -> None:
    assert current_name(tmp_path) is None
    with pytest.raises(IndexNotBuilt, match=COMMAND):
        roll_back(tmp_path)


def test_after_rolling_back_the_next_run_brings_the_index_up_to_date(archive: Newsroom) -> None:
    archive.reindex()
    archive.write("pont.txt", "Le pont de Vaubrac\n\nLe pont s’est effondré mardi.")
    archive.reindex()
    changed = archive.stored()
    assert archive.is_current()
    roll_back(archive.index)
    assert archive.stored() != changed
    report = archive.reindex()
    assert (report.articles.changed, report.embedded) == (1, 0)
    assert archive.stored() == changed
    assert archive.whole()


@pytest.fixture(params=["linked", "copied"])
def linking(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether files can have two names; not every file system lets them."""
    linked: bool = request.param == "linked"
    if not linked:

        def cannot(*names: object) -> None:
            raise OSError("no hard links here")

        monkeypatch.setattr(os, "link", cannot)
    return linked


def test_an_older_generation_stays_as_it_was_when_others_are_made_from_it(
    archive: Newsroom, linking: bool
) -> None:
    first = archive.reindex().manifest
    folder = archive.folder()
    found = archive.found("Où est la piscine de Vaubrac ?")
    kept = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for number in range(KEPT):
        archive.write(f"{SUBJECTS[number]}.txt", story(SUBJECTS[number], f"ferme, {number}"))
        (archive.articles / f"{SUBJECTS[-1 - number]}.txt").unlink()
        archive.write(f"nouveau{number}.txt", story(f"canal {number}"))
        archive.reindex()
        assert archive.whole()
        if number == 0:
            links = [path.stat().st_nlink > 1 for path in kept]
            assert any(links) == linking
        if number == KEPT - 2:  # the next run drops the first: its files are to be read until then
            assert damage(folder) == []
            assert {path: path.read_bytes() for path in kept} == kept
            (archive.index / "current").write_text(first.name)
            assert archive.found("Où est la piscine de Vaubrac ?") == found
            (archive.index / "current").write_text(names(archive.index)[-1])
    assert first.name not in names(archive.index)


def test_what_a_small_change_leaves_as_it_was_is_on_disk_once(archive: Newsroom) -> None:
    archive.reindex()
    archive.write("canal.txt", "Le canal\n\nLe canal a débordé jeudi.")
    before = archive.folder()
    archive.reindex()
    for name in ("passages-0000000000.npy", "sentences-0000000000.npy"):
        assert (before / name).samefile(archive.folder() / name)
    for name in ("articles.sqlite", "lexical/meta.json"):
        assert not (before / name).samefile(archive.folder() / name)
    assert archive.whole()
