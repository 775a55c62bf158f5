"""From article files to a new generation, or to the old one left as it was."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.articles.reading import RootNotFound
from index.embedding import ModelUnavailable, Progress
from index.generations import damage
from index.query import Query
from index.reindex import NothingToIndex, reindex
from tests.index.conftest import TRAM, no_progress

if TYPE_CHECKING:
    from tests.index.conftest import FailingEncoder, Newsroom, WrappedEncoder

ALL = ["articles/bread.txt", "articles/owls.txt", "articles/tram.txt"]


def written_to_later(path: Path) -> None:
    later = path.stat().st_mtime_ns + 1_000_000_000
    os.utime(path, ns=(later, later))


def test_every_article_is_indexed_and_can_be_found(newsroom: Newsroom) -> None:
    report = newsroom.reindex()
    assert report.published
    assert (report.articles.added, report.articles.unreadable, report.articles.kept) == (3, [], 0)
    assert report.manifest.articles == 3
    assert newsroom.ids() == ALL
    with newsroom.opened() as generation:
        hit, *_ = generation.search.search(Query("Quels oiseaux sont nés à Vaubrac ?", "fr"), 3)
    assert hit.article.id == "articles/owls.txt"
    assert damage(newsroom.folder()) == []


def test_each_stage_is_counted_to_its_end(newsroom: Newsroom) -> None:
    totals: dict[str, int] = {}
    done: dict[str, int] = {}

    def stage(name: str, total: int) -> Progress:
        totals[name] = total
        done[name] = 0

        def step(steps: int) -> None:
            done[name] += steps

        return step

    def run() -> None:
        name, encoder = newsroom.encoder.name, newsroom.encoder
        reindex([newsroom.articles], newsroom.index, name, lambda: encoder, stage)

    run()
    assert done == totals
    assert totals.keys() == {"reading", "embedding", "indexing"}
    assert totals["reading"] == totals["indexing"] == 3
    newsroom.write("tram.txt", TRAM + "\nLe chantier est clos.")
    run()
    assert done == totals
    assert totals["reading"] == totals["indexing"] == 1


def test_an_index_of_unchanged_files_is_current(newsroom: Newsroom) -> None:
    assert not newsroom.is_current()
    newsroom.reindex()
    assert newsroom.is_current()


def test_a_file_written_to_makes_the_index_outdated(newsroom: Newsroom) -> None:
    newsroom.reindex()
    written_to_later(newsroom.articles / "tram.txt")
    assert not newsroom.is_current()
    newsroom.reindex()
    assert newsroom.is_current()


def test_a_file_added_makes_the_index_outdated(newsroom: Newsroom) -> None:
    newsroom.reindex()
    newsroom.write("2024/new.txt", "Une fontaine a été inaugurée lundi devant la mairie.")
    assert not newsroom.is_current()
    newsroom.reindex()
    assert newsroom.ids() == ["articles/2024/new.txt", *ALL]


def test_a_file_removed_makes_the_index_outdated_and_its_article_goes(newsroom: Newsroom) -> None:
    newsroom.reindex()
    (newsroom.articles / "tram.txt").unlink()
    report = newsroom.reindex(allow_shrink=True)  # it is one of three
    assert report.articles.removed == 1
    assert newsroom.is_current()
    assert newsroom.ids() == ALL[:2]
    with newsroom.opened() as generation:
        hits = generation.search.search(Query("Combien coûtera la ligne 4 du tram ?", "fr"), 10)
    assert "articles/tram.txt" not in [hit.article.id for hit in hits]


def test_a_file_that_is_no_article_changes_nothing(newsroom: Newsroom) -> None:
    newsroom.reindex()
    newsroom.write("notes.pdf", "%PDF")
    newsroom.write(".hidden.txt", "caché")
    assert newsroom.is_current()


def test_an_article_changed_is_indexed_as_it_now_is(newsroom: Newsroom) -> None:
    newsroom.reindex()
    newsroom.write("tram.txt", "Le tram est annulé\n\nLe maire a renoncé mercredi à la ligne 4.")
    newsroom.reindex()
    with newsroom.opened() as generation:
        article = generation.store.article("articles/tram.txt")
    assert article is not None
    assert article.title == "Le tram est annulé"


def test_only_what_is_new_is_embedded(newsroom: Newsroom, counting_encoder: WrappedEncoder) -> None:
    newsroom.reindex()
    newsroom.write("new.txt", "Une fontaine\n\nElle a été inaugurée lundi devant la mairie.")
    newsroom.reindex(counting_encoder)
    assert counting_encoder.passages
    assert all("fontaine" in text for text in counting_encoder.passages)


def test_building_again_gives_the_same_index(newsroom: Newsroom) -> None:
    first = newsroom.reindex().manifest
    second = newsroom.reindex(full=True).manifest
    assert first.name != second.name
    for file in ("articles.sqlite", "passages-0000000000.npy", "sentences-0000000000.npy"):
        assert first.checksums[file] == second.checksums[file]


def test_a_file_that_cannot_be_read_is_named_with_the_reason(newsroom: Newsroom) -> None:
    empty = newsroom.write("empty.txt", "")
    report = newsroom.reindex()
    (unreadable,) = report.articles.unreadable
    assert (unreadable.path, report.articles.kept) == (empty, 0)
    assert "empty" in unreadable.reason
    assert report.manifest.unreadable == [[str(empty), unreadable.reason]]
    assert newsroom.ids() == ALL


@pytest.mark.usefixtures("newsroom")
def test_a_folder_that_cannot_be_listed_keeps_the_last_good_version_of_its_files(
    newsroom: Newsroom, request: pytest.FixtureRequest
) -> None:
    newsroom.write("sub/new.txt", "Une fontaine a été inaugurée lundi devant la mairie.")
    request.getfixturevalue("unprivileged")
    newsroom.reindex()
    (newsroom.articles / "sub").chmod(0)
    try:
        for full in (False, True):
            report = newsroom.reindex(full=full)
            assert [item.path.name for item in report.articles.unreadable] == ["sub"]
            assert (report.articles.kept, report.articles.removed) == (1, 0)
    finally:
        (newsroom.articles / "sub").chmod(0o755)
    assert newsroom.ids() == [*ALL[:2], "articles/sub/new.txt", ALL[2]]


def test_the_last_good_version_is_not_kept_from_other_roots(newsroom: Newsroom) -> None:
    newsroom.reindex()
    newsroom.write("tram.txt", "")
    newsroom.write("sub/a.txt", "Une fontaine a été inaugurée lundi devant la mairie.")
    roots = [newsroom.articles / "sub", newsroom.articles / "tram.txt"]
    report = newsroom.reindex(roots=roots)
    assert report.articles.kept == 0
    assert [Path(root).name for root in report.manifest.roots] == ["sub", "tram.txt"]


@pytest.mark.parametrize("text", [None, "", "* * *"], ids=["no file", "empty", "no words"])
def test_nothing_to_index_is_an_error_and_leaves_the_index(
    newsroom: Newsroom, tmp_path: Path, text: str | None
) -> None:
    newsroom.reindex()
    before = newsroom.on_disk()
    empty = tmp_path / "nothing"
    empty.mkdir()
    if text is not None:
        (empty / "a.txt").write_text(text)
    with pytest.raises(NothingToIndex, match="nothing"):
        newsroom.reindex(roots=[empty])
    assert newsroom.on_disk() == before


def test_articles_of_furniture_alone_are_nothing_to_index(newsroom: Newsroom) -> None:
    newsroom.reindex()
    before = newsroom.on_disk()
    for name in ("tram.txt", "owls.txt", "bread.txt"):
        newsroom.write(name, "Publicité\n\nPartager sur Facebook")
    for full in (False, True):
        with pytest.raises(NothingToIndex):
            newsroom.reindex(full=full)
    assert newsroom.on_disk() == before


def test_a_root_that_does_not_exist_is_an_error_and_leaves_the_index(newsroom: Newsroom) -> None:
    newsroom.reindex()
    before = newsroom.on_disk()
    with pytest.raises(RootNotFound):
        newsroom.reindex(roots=[newsroom.articles, newsroom.articles / "none"])
    assert newsroom.on_disk() == before


def test_a_failing_build_leaves_the_old_index_and_nothing_else(
    newsroom: Newsroom, failing_encoder: FailingEncoder
) -> None:
    newsroom.reindex()
    before = newsroom.on_disk()
    newsroom.write("new.txt", "Une fontaine a été inaugurée lundi devant la mairie.")
    for full in (False, True):
        with pytest.raises(MemoryError):
            newsroom.reindex(failing_encoder, full=full)
    assert newsroom.on_disk() == before
    assert [path.name for path in (newsroom.index / "generations").iterdir()] == [
        newsroom.folder().name
    ]
    assert newsroom.ids() == ALL


def test_a_model_that_cannot_be_loaded_leaves_the_old_index(newsroom: Newsroom) -> None:
    newsroom.reindex()
    newsroom.write("new.txt", "Une fontaine a été inaugurée lundi devant la mairie.")
    before = newsroom.on_disk()

    def unavailable() -> WrappedEncoder:
        raise ModelUnavailable("no such model")

    name = newsroom.encoder.name
    with pytest.raises(ModelUnavailable, match="no such model"):
        reindex([newsroom.articles], newsroom.index, name, unavailable, no_progress)
    assert newsroom.on_disk() == before


def damaged(newsroom: Newsroom, name: str) -> None:
    (vectors,) = newsroom.index.glob("vectors-*.sqlite")
    known = {"vectors": vectors, "current": newsroom.index / "current"}
    known.get(name, newsroom.folder() / name).write_bytes(b"no such thing" * 500)


FILES = [
    "passages-0000000000.npy",
    "sentences-0000000000.npy",
    "lexical/meta.json",
    "articles.sqlite",
    "manifest.json",
    "current",
    "vectors",
]


@pytest.mark.parametrize("full", [False, True], ids=["", "full"])
@pytest.mark.parametrize("name", FILES)
def test_reindexing_mends_a_damaged_index(newsroom: Newsroom, name: str, full: bool) -> None:
    newsroom.reindex()
    damaged(newsroom, name)
    newsroom.reindex(full=full)
    assert newsroom.ids() == ALL
    assert damage(newsroom.folder()) == []


@pytest.mark.parametrize("name", FILES[:4])
def test_reindexing_mends_an_index_that_lacks_a_file(newsroom: Newsroom, name: str) -> None:
    newsroom.reindex()
    (newsroom.folder() / name).unlink()
    newsroom.write("tram.txt", TRAM + "\nLe chantier est clos.")
    newsroom.reindex()
    assert newsroom.ids() == ALL
    assert damage(newsroom.folder()) == []


def test_a_full_reindex_mends_a_store_that_is_damaged_somewhere(archive: Newsroom) -> None:
    archive.reindex()
    store = archive.folder() / "articles.sqlite"
    pages = store.read_bytes()
    size = 4096
    for start in range(size, len(pages), size):
        store.write_bytes(pages[:start] + b"\xa5" * size + pages[start + size :])
        archive.reindex(full=True)
        assert len(archive.ids()) == 12
        assert damage(archive.folder()) == []
        store = archive.folder() / "articles.sqlite"


def test_an_unreadable_file_does_not_stop_the_mending_of_a_damaged_index(
    newsroom: Newsroom,
) -> None:
    newsroom.reindex()
    damaged(newsroom, "articles.sqlite")
    newsroom.write("tram.txt", "")
    newsroom.reindex()
    assert newsroom.ids() == ALL[:2]


def test_copies_of_one_story_that_differ_only_at_their_ends_can_be_indexed(
    newsroom: Newsroom,
) -> None:
    start = "Les vingt-sept pays se sont réunis à Lormeuil pour parler du prix du blé. " * 8
    for number in range(30):
        newsroom.write(f"dépêche{number:02}.txt", f"Le blé\n\n{start}Fin numéro {number}.\n")
    assert newsroom.reindex().manifest.articles == 33
