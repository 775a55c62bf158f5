"""Every file gives an article, or the reason why not."""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.articles.article import Article
from index.articles.reading import (
    READERS,
    ArticleFile,
    Unreadable,
    read_article,
    read_articles,
)

PROSE = "Le pont des Aulnes a rouvert lundi à Vaubrac, après deux ans de travaux. L’été fut long."


def read(path: Path, content: str | bytes) -> Article | Unreadable:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_article(ArticleFile(f"r/{path.name}", path))


def article(path: Path, content: str | bytes) -> Article:
    got = read(path, content)
    assert isinstance(got, Article), got
    return got


def reason(path: Path, content: str | bytes) -> str:
    got = read(path, content)
    assert isinstance(got, Unreadable), got
    assert got.path == path
    return got.reason


def test_reading_goes_on_past_a_bad_file(tmp_path: Path) -> None:
    for name, text in (("a.txt", PROSE), ("b.txt", ""), ("c.md", PROSE)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    kinds = [type(found).__name__ for found in read_articles([tmp_path])]
    assert kinds == ["Article", "Unreadable", "Article"]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "iso-8859-15"]
)
def test_text_is_read_in_every_usual_encoding(tmp_path: Path, encoding: str) -> None:
    text = PROSE.replace("’", "'")
    assert article(tmp_path / "a.txt", text.encode(encoding)).body == text


def test_windows_quotation_marks_are_not_control_characters(tmp_path: Path) -> None:
    assert article(tmp_path / "a.txt", PROSE.encode("cp1252")).body == PROSE


def test_a_text_in_cyrillic_is_not_read_as_western(tmp_path: Path) -> None:
    text = "Мост снова открыт после двух лет ремонта, сообщил в понедельник мэр города. " * 4
    got = article(tmp_path / "a.txt", text.encode("cp1251"))
    assert got.body == text.strip()
    assert got.language == "ru"


def test_one_damaged_byte_does_not_garble_the_rest(tmp_path: Path) -> None:
    got = article(tmp_path / "a.txt", PROSE.encode() + b" Ici \xff manque un mot.")
    assert got.body == PROSE + " Ici \ufffd manque un mot."


def test_the_body_is_nfc_with_plain_line_ends_and_nothing_else_altered(tmp_path: Path) -> None:
    text = (
        "\r\n\u00a0 Il a dit\u00a0: «\u202foui\u202f» ,  l’e\u0301te\u0301.\r\rIl est parti.\n \t"
    )
    body = article(tmp_path / "a.txt", text).body
    assert body == "Il a dit\u00a0: «\u202foui\u202f» ,  l’été.\n\nIl est parti."


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b" \n\t\n", "empty"),
        ("a.txt", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not text"),
        ("a.txt", bytes(range(256)), "not text"),
        ("a.txt", "…\n\n***\n", "no text"),
        ("a.md", "---\ntitle: Le pont\n---\n", "no text"),
        ("a.md", "<!-- rien -->\n\n![](pont.jpg)\n", "no text"),
        ("a.md", "---\ntitle: a: b\n---\nLe pont.", "line 2"),
        ("a.md", "---\ntitle: Le pont\ntags: [un, deux\n---\nLe pont.", "YAML at line"),
        ("a.md", "---\ntitle: Le pont\n\nLe pont a rouvert.", "never closed"),
        ("a.md", "---\ntitle: a\x01b\n---\nLe pont.", "line 2"),
        ("a.md", "---\na: " + "[" * 5000 + "\n---\nLe pont.", "YAML"),
        ("a.html", "<html><body><script>x()</script></body></html>", "no "),
        ("a.html", "<html><head><title>Le pont</title></head><body></body></html>", "no "),
        ("a.html", "\x0c", "empty"),
        ("a.pdf", b"%PDF-1.7", ".txt"),
    ],
)
def test_a_bad_file_is_named_with_the_reason(
    tmp_path: Path, name: str, content: str | bytes, words: str
) -> None:
    assert words in reason(tmp_path / name, content)


def test_a_file_that_vanished_says_so(tmp_path: Path) -> None:
    got = read_article(ArticleFile("r/a.txt", tmp_path / "a.txt"))
    assert isinstance(got, Unreadable)
    assert "vanished" in got.reason


def test_a_folder_is_no_article(tmp_path: Path) -> None:
    got = read_article(ArticleFile("r", tmp_path))
    assert isinstance(got, Unreadable)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_forbidden_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(PROSE)
    path.chmod(0)
    got = read_article(ArticleFile("r/a.txt", path))
    assert isinstance(got, Unreadable)
    assert "permission" in got.reason


def test_a_file_too_large_to_be_an_article_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with path.open("wb") as file:
        file.write(b"Le pont.")
        file.truncate(21_000_000)
    got = read_article(ArticleFile("r/a.txt", path))
    assert isinstance(got, Unreadable)
    assert "20 MB" in got.reason


@pytest.mark.parametrize("suffix", sorted(READERS))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None
)
@given(
    content=st.binary(max_size=200)
    | st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace"))
)
def test_nothing_in_a_file_raises(tmp_path: Path, suffix: str, content: bytes) -> None:
    got = read(tmp_path / f"a{suffix}", content)
    if isinstance(got, Article):
        assert got.body == got.body.strip()
        assert unicodedata.is_normalized("NFC", got.body)
        assert got.title
        assert "\r" not in got.body
    else:
        assert got.reason


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("2024-05-03-pont.txt", date(2024, 5, 3)),
        ("2024-05-03.md", date(2024, 5, 3)),
        ("2024-13-45-pont.txt", None),
        ("2024-05-031-pont.txt", None),
        ("pont-2024-05-03.txt", None),
    ],
)
def test_a_date_that_begins_the_file_s_name_dates_the_article(
    tmp_path: Path, name: str, published: date | None
) -> None:
    assert article(tmp_path / name, PROSE).published == published


def test_importing_the_readers_loads_none_of_their_libraries() -> None:
    heavy = (
        "trafilatura",
        "markdown_it",
        "py3langid",
        "yaml",
        "lxml",
        "numpy",
        "charset_normalizer",
    )
    code = f"import sys, index.articles.reading; print([m for m in {heavy} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
