"""Which files are articles, and what they are called."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from index.articles.reading import RootNotFound, article_files


def write(path: Path, text: str = "Le tram roule depuis lundi matin.") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def ids(*roots: Path) -> list[str]:
    return [file.id for file in article_files(roots)]


def test_an_id_is_the_root_s_name_and_the_path_beneath_it(tmp_path: Path) -> None:
    write(tmp_path / "sample" / "tram" / "03-x.md")
    assert ids(tmp_path / "sample") == ["sample/tram/03-x.md"]


def test_files_come_sorted_by_id(tmp_path: Path) -> None:
    for name in ("b/2.txt", "a.txt", "b/1.md", "c.HTML"):
        write(tmp_path / "r" / name)
    assert ids(tmp_path / "r") == ["r/a.txt", "r/b/1.md", "r/b/2.txt", "r/c.HTML"]


def test_only_known_suffixes_count_and_hidden_names_do_not(tmp_path: Path) -> None:
    for name in ("a.pdf", "a", ".b.txt", ".git/c.txt", "d.htm", "e.markdown", "README.md"):
        write(tmp_path / "r" / name)
    assert ids(tmp_path / "r") == ["r/README.md", "r/d.htm", "r/e.markdown"]


def test_a_root_may_be_one_file_of_any_suffix(tmp_path: Path) -> None:
    assert ids(write(tmp_path / "r" / "a.txt"), write(tmp_path / "r" / "b.pdf")) == [
        "r/a.txt",
        "r/b.pdf",
    ]


def test_a_missing_root_is_named(tmp_path: Path) -> None:
    with pytest.raises(RootNotFound, match="nowhere") as caught:
        ids(tmp_path / "nowhere")
    assert caught.value.path == tmp_path / "nowhere"
    assert isinstance(caught.value, FileNotFoundError)


def test_roots_of_the_same_name_are_told_apart_by_their_parents(tmp_path: Path) -> None:
    write(tmp_path / "x" / "news" / "a.txt")
    write(tmp_path / "y" / "news" / "a.txt")
    write(tmp_path / "y" / "other" / "a.txt")
    roots = [tmp_path / "x" / "news", tmp_path / "y" / "news", tmp_path / "y" / "other"]
    assert ids(*roots) == ["other/a.txt", "x/news/a.txt", "y/news/a.txt"]


def test_no_two_files_share_an_id_when_one_root_s_label_begins_another_s(tmp_path: Path) -> None:
    roots = [tmp_path / name for name in ("p/x", "q/x/news", "r/news")]
    for name in ("p/x/news/f.md", "q/x/news/f.md", "r/news/f.md"):
        write(tmp_path / name)
    assert len(set(ids(*roots))) == 3


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_overlapping_roots_give_a_file_once_under_the_outermost(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    file = write(tmp_path / "r" / "in" / "a.txt")
    roots = [tmp_path / "r", tmp_path / "r" / "in", file]
    assert ids(*(roots[i] for i in order)) == ["r/in/a.txt"]
    assert ids(roots[0], roots[0]) == ["r/in/a.txt"]


def test_a_nested_root_that_the_outer_one_skips_is_still_read(tmp_path: Path) -> None:
    write(tmp_path / "r" / ".cache" / "a.txt")
    assert ids(tmp_path / "r", tmp_path / "r" / ".cache") == [".cache/a.txt"]


def test_symbolic_links_neither_loop_nor_repeat(tmp_path: Path) -> None:
    root = tmp_path / "r"
    write(root / "z" / "a.txt")
    (root / "a-loop").symlink_to(root)
    (root / "b.txt").symlink_to(root / "z" / "a.txt")
    (root / "self.txt").symlink_to(root / "self.txt")
    (root / "gone.txt").symlink_to(tmp_path / "gone.txt")
    assert ids(root) == ["r/gone.txt", "r/self.txt", "r/z/a.txt"]


def test_links_out_of_the_roots_are_not_followed_but_listed(tmp_path: Path) -> None:
    secret = write(tmp_path / "elsewhere" / "a.txt")
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "in").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "r" / "b.txt").symlink_to(secret)
    (tmp_path / "r" / "x.pdf").symlink_to(secret)
    files = article_files([tmp_path / "r"])
    assert [(file.id, file.leads_to) for file in files] == [
        ("r/b.txt", secret),
        ("r/in", secret.parent),
    ]


def test_links_from_root_to_root_are_followed(tmp_path: Path) -> None:
    write(tmp_path / "q" / "a.txt")
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "in").symlink_to(tmp_path / "q")
    files = article_files([tmp_path / "p", tmp_path / "q"])
    assert [(file.id, file.leads_to) for file in files] == [("p/in/a.txt", None)]


def test_a_root_may_itself_be_a_link(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere" / "a.txt")
    (tmp_path / "r").symlink_to(tmp_path / "elsewhere")
    (file,) = article_files([tmp_path / "r"])
    assert (file.id, file.leads_to) == ("elsewhere/a.txt", None)


def test_a_folder_named_as_an_article_is_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "r" / "x.txt" / "a.txt")
    assert ids(tmp_path / "r") == ["r/x.txt/a.txt"]


def test_what_is_no_file_is_listed_to_be_told(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    os.mkfifo(tmp_path / "r" / "a.txt")
    assert ids(tmp_path / "r") == ["r/a.txt"]


def test_ids_are_nfc_and_valid_text_whatever_the_file_system_holds(tmp_path: Path) -> None:
    write(tmp_path / "r" / unicodedata.normalize("NFD", "été.txt"))
    (Path(os.fsdecode(os.fsencode(tmp_path / "r") + b"/caf\xe9.txt"))).write_text("x")
    assert ids(tmp_path / "r") == ["r/caf\\xe9.txt", "r/été.txt"]


def test_names_that_differ_only_in_unicode_form_keep_different_ids(tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        write(tmp_path / "r" / unicodedata.normalize(form, "été.txt"))
    assert len(set(ids(tmp_path / "r"))) == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_may_not_be_listed_is_named(tmp_path: Path) -> None:
    write(tmp_path / "r" / "closed" / "a.txt")
    (tmp_path / "r" / "closed").chmod(0)
    assert ids(tmp_path / "r") == ["r/closed"]
