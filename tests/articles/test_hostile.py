"""Files made to harm, or damaged: each is told, none raises, waits or fills the memory."""

from __future__ import annotations

import gzip
import io
import json
import os
import socket
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.articles import csv_files, json_files, opening
from index.articles.article import Article
from index.articles.json_files import read_json, read_json_lines
from index.articles.reading import (
    RECORD_READERS,
    ArticleFile,
    RecordReader,
    Unreadable,
    read_articles,
    read_file,
)
from index.articles.records import DEFAULT, LARGEST_RECORD, BadRecord

PROSE = "Le pont des Aulnes a rouvert lundi à Vaubrac, après deux ans de travaux. L’été fut long."
GOOD = json.dumps({"text": PROSE})


def read(path: Path, content: str | bytes) -> list[Article | Unreadable]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return found_in(path)


def found_in(path: Path) -> list[Article | Unreadable]:
    return list(read_file(ArticleFile(f"r/{path.name}", path)))


def reason(found: list[Article | Unreadable]) -> str:
    """Of the one thing that could not be read."""
    (bad,) = (item for item in found if isinstance(item, Unreadable))
    return bad.reason


@pytest.fixture
def _small_records(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (json_files, csv_files):
        monkeypatch.setattr(module, "LARGEST_RECORD", 200)


@pytest.mark.usefixtures("_small_records")
@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("a.jsonl", f"{GOOD}\n{'x' * 500}\n{GOOD}", "line 2"),
        ("a.json", f'[{GOOD},{{"text":"{"é" * 500}"}},{GOOD}]', "record 2"),
        ("a.json", f'{{"items":[{GOOD},{"[" * 300 + "]" * 300},{GOOD}]}}', "record 2"),
        ("a.csv", f'text\n"{PROSE}"\n{"x" * 500}\n"{PROSE}"\n', "line 3"),
        ("a.csv", f'text\n"{PROSE}"\n"{"x" * 190}\n{"x" * 90}"\n"{PROSE}"\n', "line 3"),
    ],
)
def test_a_record_that_is_too_large_costs_no_other(
    tmp_path: Path, name: str, content: str, place: str
) -> None:
    found = read(tmp_path / name, content)
    bad = [item for item in found if isinstance(item, Unreadable)]
    assert bad[0].record == place
    assert "larger than" in bad[0].reason
    assert isinstance(found[0], Article)
    assert isinstance(found[-1], Article)


@pytest.mark.parametrize("reader", [read_json, read_json_lines])
def test_a_huge_record_is_never_held(reader: RecordReader) -> None:
    def texts() -> Iterator[str]:
        yield '[{"text": "'
        for _ in range(20 * LARGEST_RECORD >> 20):
            yield "x" * (1 << 20)
        yield '"}]'

    tracemalloc.start()
    try:
        (found,) = reader(texts(), DEFAULT)
        assert tracemalloc.get_traced_memory()[1] < 3 * LARGEST_RECORD
    finally:
        tracemalloc.stop()
    assert isinstance(found, BadRecord)
    assert "20 MB" in found.reason


def test_a_file_of_other_things_is_given_up(tmp_path: Path) -> None:
    found = read(tmp_path / "a.jsonl", '{"question": "?"}\n' * 300)
    assert len(found) == 101
    assert isinstance(found[-1], Unreadable)
    assert found[-1].record == ""
    assert "none of its first 100 records" in found[-1].reason


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.html", b"\0" * 10_000_000)
    return file.getvalue()


@pytest.mark.parametrize("name", ["a.html", "a.txt", "a.json", "a.jsonl", "a.csv"])
def test_an_archive_by_another_name_is_not_text(tmp_path: Path, name: str) -> None:
    assert "not text" in reason(read(tmp_path / name, zipped()))


@pytest.mark.parametrize("name", ["a.html.gz", "a.txt.gz"])
def test_a_packed_article_of_absurd_length_is_refused(tmp_path: Path, name: str) -> None:
    assert "20 MB" in reason(read(tmp_path / name, gzip.compress(b"<p>" * 10_000_000, 1)))


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.json.gz", "a.csv.gz"])
def test_packed_records_of_absurd_length_are_refused(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "_UNSUSPECTED", 2_000_000)
    content = {"a.csv.gz": b"text\n", "a.json.gz": b"["}.get(name, b"")
    assert "zip bomb" in reason(read(tmp_path / name, gzip.compress(content + b"\n" * 10_000_000)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data[:-20], "cut off"),
        (lambda data: data[:-8] + b"\0" * 8, "not valid gzip"),
        (lambda data: gzip.decompress(data), "not valid gzip"),
        (lambda data: data[:30] + b"\xff" * 40 + data[70:], "gzip"),
        (lambda data: b"", "no records"),
    ],
)
def test_damaged_gzip_is_told(tmp_path: Path, change: Callable[[bytes], bytes], words: str) -> None:
    data = gzip.compress(f"{GOOD}\n".encode() + os.urandom(200).hex().encode())
    bad = [x for x in read(tmp_path / "a.jsonl.gz", change(data)) if isinstance(x, Unreadable)]
    assert words in bad[-1].reason


@pytest.mark.parametrize(
    ("content", "count", "words"),
    [
        (f"[{GOOD},{GOOD}", 2, "cut off"),
        (f"[{GOOD},{GOOD[:-5]}", 1, "cut off"),
        (f'{{"articles":[{GOOD},', 1, "cut off"),
        (f"[{GOOD} {GOOD}]", 1, "','"),
        (f"[{GOOD}] et voilà", 1, "not JSON"),
        (f"[{GOOD},,{GOOD}]", 1, "a value should stand"),
        ("{1: 2}", 0, "a name"),
        (f"[{GOOD},{{]]}},{GOOD}]", 1, "JSON"),
        ("[" * 100_000 + "]" * 100_000, 0, "nested too deeply"),
        ('{"data":' * 100_000, 0, "cut off"),
        (f'{{"text":{"[" * 50_000}"{PROSE}"{"]" * 50_000}}}', 0, "nested too deeply"),
    ],
)
def test_damaged_json_gives_what_stands_before_the_damage(
    tmp_path: Path, content: str, count: int, words: str
) -> None:
    found = read(tmp_path / "a.json", content)
    assert sum(isinstance(item, Article) for item in found) == count
    assert words in [item.reason for item in found if isinstance(item, Unreadable)][0]


def test_json_of_odd_values_is_still_an_article(tmp_path: Path) -> None:
    odd = r'"title":"a\ud800\u0000b","n":[NaN,-Infinity,1e999999],"id":' + "9" * 5000
    (found,) = read(tmp_path / "a.jsonl", f'{{{odd},"text":"{PROSE}"}}')
    assert isinstance(found, Article)
    assert found.title == "a\ufffdb"
    assert found.id == "r/a.jsonl#1"
    assert len(found.content_hash) == 64


def test_a_damaged_byte_costs_one_character(tmp_path: Path) -> None:
    line = json.dumps({"text": PROSE}, ensure_ascii=False).encode()
    (found,) = read(tmp_path / "a.jsonl", line.replace(b"pont", b"p\xffnt"))
    assert isinstance(found, Article)
    assert found.body == PROSE.replace("pont", "p\ufffdnt")


def test_null_bytes_in_csv_are_told(tmp_path: Path) -> None:
    assert "not text" in reason(read(tmp_path / "a.csv", b"text\nLe pont\0 a rouvert.\n"))


def test_a_quotation_mark_never_closed_ends_with_the_file(tmp_path: Path) -> None:
    found = read(tmp_path / "a.csv", f'title,text\nA,"{PROSE}"\nB,"{PROSE}\nC,x\n')
    assert [item.title for item in found if isinstance(item, Article)] == ["A", "B"]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    for name in ("a.txt", "b.jsonl", "c.html.gz"):
        os.mkfifo(tmp_path / name)
    found = list(read_articles([tmp_path]))
    assert [item.reason for item in found if isinstance(item, Unreadable)] == [
        "it is a named pipe, not a file"
    ] * 3


def test_a_socket_and_a_device_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("a.txt")
        assert "socket" in reason(found_in(Path("a.txt")))
    assert "device" in reason(found_in(Path(os.devnull)))


def test_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.txt").mkdir()
    assert reason(found_in(tmp_path / "x.txt")) == "it is a folder"


def test_links_that_lead_nowhere_or_away_are_told(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(PROSE, encoding="utf-8")
    root = tmp_path / "r"
    root.mkdir()
    (root / "a.txt").symlink_to(root / "a.txt")
    (root / "b.txt").symlink_to(root / "gone")
    (root / "c.txt").symlink_to(secret)
    (root / "d").symlink_to("/etc")
    reasons = [item.reason for item in read_articles([root]) if isinstance(item, Unreadable)]
    assert "back to itself" in reasons[0]
    assert "vanished" in reasons[1]
    assert f"link to {secret}, outside" in reasons[2]
    assert "outside" in reasons[3]


@pytest.mark.parametrize("suffix", [*sorted(RECORD_READERS), ".json.gz"])
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None
)
@given(
    content=st.binary(max_size=200)
    | st.text('{}[]",:\\abtex1 \n;\0\x85é', max_size=100).map(lambda text: f'text,"{text}'.encode())
    | st.text(max_size=100).map(lambda text: json.dumps([{"text": text, text: [text]}]).encode())
)
def test_nothing_in_a_file_raises(tmp_path: Path, suffix: str, content: bytes) -> None:
    packed = gzip.compress(content) if suffix.endswith(".gz") else content
    found = read(tmp_path / f"a{suffix}", packed)
    assert found
    for item in found:
        if isinstance(item, Article):
            assert item.title
            assert item.body.encode()
            assert item.content_hash
        else:
            assert item.reason
