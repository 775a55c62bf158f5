"""Articles and passages as they are stored and read again."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.articles.article import Article
from index.passages import split_into_passages
from index.store import FileState, Store, StoreWriter, article_key

ODD = Article(
    id="sample/é 1?#%20/«a»'\".txt",
    title="Robert'); DROP TABLE articles;-- 🚋",
    body="L’œuf\u00a0: «\u202f1\u00a0€\u202f».\n\n𝒜 \x00 \u200f שלום e\u0301. "
    "Il dit\u00a0: «\u00a0Oui.\u00a0»",
    language="fr",
    url="https://a.example/?a=1&b=%C3%A9#x",
    source="L’Écho",
    author="Zoë d’Ô",
    published=date(987, 7, 3),
)
BARE = Article("b.txt", "B", "Un. Deux. Trois.", "und")


@contextmanager
def stored(folder: Path, *articles: Article) -> Iterator[Store]:
    writer = StoreWriter(folder / "odd #1?%20.sqlite")
    for article in articles:
        writer.add(article, split_into_passages(article))
    writer.close()
    store = Store(folder / "odd #1?%20.sqlite")
    yield store
    store.close()


def test_an_article_comes_back_as_it_was(tmp_path: Path) -> None:
    with stored(tmp_path, ODD, BARE) as store:
        assert store.article(ODD.id) == ODD
        assert store.article(BARE.id) == BARE
        assert list(store.articles()) == sorted([ODD, BARE], key=lambda a: a.id)


TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT, TEXT, st.none() | TEXT, st.none() | st.dates())
def test_any_text_comes_back_as_it_was(
    title: str, body: str, author: str | None, published: date | None
) -> None:
    article = Article("a", title, body, "fr", author=author, published=published)
    with TemporaryDirectory() as folder, stored(Path(folder), article) as store:
        assert store.article("a") == article
        articles, passages = store.counts()
        assert articles == 1
        found = [item.passage for item in store.passages(range(passages))]
        assert found == split_into_passages(article)


def test_passages_come_in_the_order_asked_for_with_their_article_and_offsets(
    tmp_path: Path,
) -> None:
    with stored(tmp_path, ODD, BARE) as store:
        last, first = store.passages([1, 0])
        assert (last.number, first.number) == (1, 0)
        assert (last.article, first.article) == (BARE, ODD)
        for item in (first, last):
            passage = item.passage
            assert item.article.body[passage.start : passage.end] == passage.text


def test_the_sentences_of_all_passages_are_numbered_in_one_row(tmp_path: Path) -> None:
    with stored(tmp_path, ODD, BARE) as store:
        first, last = store.passages([0, 1])
        assert first.first_sentence == 0
        assert last.first_sentence == len(first.passage.sentences)


def test_an_article_is_found_by_its_key(tmp_path: Path) -> None:
    with stored(tmp_path, ODD, BARE) as store:
        assert store.article_with_key(article_key(ODD.id)) == ODD


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_a_key_fits_in_a_button(article_id: str) -> None:
    assert len(article_key(article_id).encode()) <= 32


@pytest.mark.parametrize("unknown", ["", "c.txt", "B.TXT", "' OR 1=1 --", "%"])
def test_an_unknown_article_is_none(tmp_path: Path, unknown: str) -> None:
    with stored(tmp_path, BARE) as store:
        assert store.article(unknown) is None
        assert store.article_with_key(unknown) is None


def test_an_unknown_passage_is_an_error(tmp_path: Path) -> None:
    with stored(tmp_path, BARE) as store, pytest.raises(KeyError):
        store.passages([0, 7])


def test_many_threads_may_read_at_once(tmp_path: Path) -> None:
    with stored(tmp_path, ODD, BARE) as store, ThreadPoolExecutor(8) as pool:
        ids = [ODD.id, BARE.id, "none"] * 60
        assert list(pool.map(store.article, ids)) == [ODD, BARE, None] * 60


def changed(path: Path) -> StoreWriter:
    """A store of both, one from a file of its own, opened to be changed."""
    writer = StoreWriter(path)
    writer.add(ODD, split_into_passages(ODD), "sub/odd.txt")
    writer.add(BARE, split_into_passages(BARE), "sub")
    writer.record("sub/odd.txt", FileState(1, 2**62, 3))
    writer.record("sub", FileState(4, 5, 6))
    writer.close()
    return StoreWriter(path)


def test_one_that_is_opened_and_closed_is_not_changed(tmp_path: Path) -> None:
    writer = changed(tmp_path / "a.sqlite")
    assert not writer.changed
    assert (writer.removed, list(writer.added()), writer.vectors_added()) == ([], [], (0, 0))
    assert writer.wasted() == 0
    writer.close()


def test_numbers_and_rows_that_were_given_are_not_given_again(tmp_path: Path) -> None:
    writer = changed(tmp_path / "a.sqlite")
    passages, sentences = writer.first_added
    for _ in range(2):  # the second in place of the first, which was never there before
        writer.add(BARE, split_into_passages(BARE), "sub")
    assert writer.removed == [passages - 1]
    (added,) = writer.added()
    assert (added.number, added.article) == (passages + 1, BARE)
    assert added.first_sentence == sentences + len(added.passage.sentences)
    assert writer.vectors_added() == (2, 2 * len(added.passage.sentences))
    assert writer.wasted() == pytest.approx(2 / (passages + 2))
    assert writer.changed
    writer.close()
    writer = StoreWriter(tmp_path / "a.sqlite")
    writer.remove(BARE.id)
    writer.close()
    writer = StoreWriter(tmp_path / "a.sqlite")
    assert writer.first_added[0] == passages + 2
    writer.abandon()


def test_what_is_abandoned_is_not_needed(tmp_path: Path) -> None:
    writer = changed(tmp_path / "a.sqlite")
    writer.remove("no such id")
    assert writer.file_of(ODD.id) is not None
    writer.remove(ODD.id)
    assert writer.file_of(ODD.id) is None
    assert writer.articles_of("sub/odd.txt") == {}
    assert writer.articles_of("sub") == {BARE.id: BARE.content_hash}
    writer.abandon()


def test_files_are_kept_as_they_were_when_they_were_read(tmp_path: Path) -> None:
    writer = changed(tmp_path / "a.sqlite")
    writer.record("sub/odd.txt", FileState(7, 8, 9))
    writer.forget("sub")
    writer.forget("no such file")
    writer.close()
    store = Store(tmp_path / "a.sqlite")
    assert store.files() == {"sub/odd.txt": FileState(7, 8, 9)}
    assert store.articles_by_file() == {"sub/odd.txt": 1, "sub": 1}
    assert list(store.articles_from("sub")) == [("sub", BARE)]
    assert list(store.articles_from("sub", beneath=True)) == [("sub/odd.txt", ODD)]
    assert list(store.articles_from("", beneath=True)) == [("sub/odd.txt", ODD), ("sub", BARE)]
    assert list(store.articles_from("su", beneath=True)) == []
    assert store.numbers().tolist() == list(range(store.counts()[1]))
    store.close()
