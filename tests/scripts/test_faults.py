"""What goes wrong on a machine, one thing at a time: the admin is told in one line, the index
stays as it was, and the next run completes (docs/faults.md)."""

from __future__ import annotations

import gzip
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from index import generations
from index.embedding import Matrix, Progress
from index.generations import damage, open_current
from index.query import Query
from scripts import reindex
from tests.conftest import ROOT
from tests.scripts.killable import BagOfWords

TOWNS = ["Vaubrac", "Lormeuil", "Ostwick", "Skerrow", "Aulnes", "Brenne"]
STAGES = ("reading:", "embedding:", "indexing:")


def story(town: str) -> str:
    return (
        f"Le pont de {town} a rouvert lundi, après deux ans de travaux.\n\n"
        f"Les habitants de {town} attendaient ce jour depuis longtemps. {town} en rit.\n"
    )


class CountingWords(BagOfWords):
    """The cheap encoder, keeping what it was given to embed."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Matrix:
        self.asked += texts
        return super().encode_passages(texts, progress)


@dataclass
class Desk:
    """An admin's: six articles, a good index of them, and what reindex.py tells."""

    articles: Path
    index: Path
    capsys: pytest.CaptureFixture[str]
    encoder: CountingWords = field(default_factory=CountingWords)
    out: str = ""

    def write(self, name: str, text: str) -> Path:
        path = self.articles / name
        path.write_text(text, encoding="utf-8")
        return path

    def reindex(self, *arguments: str) -> tuple[int, list[str]]:
        """The exit status, and the lines on stderr that are not progress."""
        self.encoder.asked.clear()
        self.capsys.readouterr()
        status = reindex.main([*([] if "--rollback" in arguments else [str(self.articles)]),
                               *arguments])  # fmt: skip
        self.out, err = self.capsys.readouterr()
        return status, [line for line in err.splitlines() if not line.startswith(STAGES)]

    def fails(self, *arguments: str, status: int = 6) -> str:
        """The one line that tells of it; nothing else has happened."""
        before, held = self.current(), self.held()
        ended, told = self.reindex(*arguments)
        assert ended == status, told
        assert len(told) == 1, told
        assert told[0].startswith("reindex.py: ")
        assert "Traceback" not in told[0]
        assert self.out == ""
        assert (self.current(), self.held()) == (before, held)
        assert damage(self.index / "generations" / before) == []
        return told[0]

    def succeeds(self, *arguments: str) -> None:
        assert self.reindex(*arguments) == (0, [])
        assert self.leftovers() == []

    def current(self) -> str:
        return (self.index / "current").read_text(encoding="utf-8")

    def names(self) -> list[str]:
        return sorted(p.name for p in (self.index / "generations").iterdir() if p.name[0] != ".")

    def leftovers(self) -> list[str]:
        folders = (self.index / "generations", self.index)
        hidden = (path.name for folder in folders for path in folder.glob(".*"))
        return [name for name in hidden if name != ".lock"]

    def held(self) -> tuple[list[str], list[str]]:
        """The articles in the index, and an answer: it opens, and answers."""
        generation = open_current(self.index, self.encoder)
        try:
            hits = generation.search.search(Query("Le pont de Vaubrac", "fr"), 10)
            return (
                [article.body for article in generation.store.articles()],
                [hit.article.id for hit in hits],
            )
        finally:
            generation.close()


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    desk = Desk(tmp_path / "articles", tmp_path / "index", capsys)
    monkeypatch.setattr(reindex, "load_encoder", lambda model, models_dir: desk.encoder)
    monkeypatch.setattr(reindex, "model_name", lambda model: desk.encoder.name)
    desk.articles.mkdir()
    for town in TOWNS:
        desk.write(f"{town}.txt", story(town))
    desk.succeeds()
    return desk


# Disks


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [0, 200, 1_000, 3_000, 10_000, 30_000])
def test_a_limit_on_files_is_told_wherever_it_is_met(desk: Desk, size: int) -> None:
    for number in range(20):
        desk.write(f"new-{number}.txt", story(f"Neuville-{number}"))
    with no_file_longer_than(size):
        assert "is full, over a limit, or fails" in desk.fails("--full")
    desk.succeeds("--full")
    assert len(desk.held()[0]) == 26


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    options = ["-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if mount is None or subprocess.run([mount, *options], capture_output=True).returncode != 0:
        pytest.skip("this user may not mount a disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_told_wherever_it_is_met(
    desk: Desk, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(desk.index, disk / "index")
    desk.index = disk / "index"
    monkeypatch.setenv("INDEX_DIR", str(desk.index))
    for number in range(20):
        desk.write(f"new-{number}.txt", story(f"Neuville-{number}"))
    status = os.statvfs(disk)
    used = (status.f_blocks - status.f_bfree) * status.f_frsize
    told = []
    for room in range(0, 4_000_000, 20_480):
        size = f"remount,size={used + room}"
        subprocess.run(["mount", "-o", size, str(disk)], check=True)
        before = desk.current()
        status_and_lines = desk.reindex()
        if desk.current() != before:
            assert status_and_lines[0] in (0, 6)  # 6: no room for the record of the run
            break
        (line,) = status_and_lines[1]
        assert status_and_lines[0] == 6
        assert "make room" in line
        assert len(desk.held()[0]) == 6
        told.append(line)
    assert any("database or disk is full" in line for line in told)
    assert any("(No space left on device)" in line for line in told)
    assert len(desk.held()[0]) == 26
    subprocess.run(["mount", "-o", "remount,size=16m", str(disk)], check=True)
    desk.succeeds()


def test_an_index_folder_that_may_not_be_written_is_told(desk: Desk, unprivileged: None) -> None:
    desk.write("new.txt", story("Neuville"))
    folders = [desk.index, *(path for path in desk.index.rglob("*") if path.is_dir())]
    for locked in (folders, folders[:1], folders[1:2]):
        for folder in locked:
            folder.chmod(0o555)
        line = desk.fails()
        assert "Permission denied" in line or "readonly" in line or "unable to open" in line
        assert "as a user who may" in line
        for folder in locked:
            folder.chmod(0o755)
    assert len(desk.names()) == 1
    desk.succeeds()


def test_an_index_folder_that_is_a_file_is_told(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    for folder in (file, file / "index"):
        monkeypatch.setenv("INDEX_DIR", str(folder))
        status, (line,) = desk.reindex()
        assert status == 6
        assert line.startswith(f"reindex.py: {folder} is in the way")
        assert "INDEX_DIR" in line
    assert file.read_text() == "mine"


# Articles


def test_a_folder_that_cannot_be_listed_loses_nothing(desk: Desk, unprivileged: None) -> None:
    held = desk.held()
    desk.articles.chmod(0o000)
    assert desk.reindex() == (1, [])
    assert f"could not be read: {desk.articles}: permission to read it is denied" in desk.out
    assert "articles kept as they were last read: 6" in desk.out
    assert desk.held() == held
    desk.articles.chmod(0o755)
    desk.succeeds()
    assert desk.held() == held


def test_a_file_without_permission_keeps_its_last_good_version(
    desk: Desk, unprivileged: None
) -> None:
    held = desk.held()
    known = desk.write("Vaubrac.txt", "Un autre texte que personne ne peut lire.")
    new = desk.write("new.txt", story("Neuville"))
    for file in (known, new):
        file.chmod(0o000)
    assert desk.reindex() == (1, [])
    for file in (known, new):
        assert f"could not be read: {file}: permission to read it is denied" in desk.out
    assert desk.held() == held
    for file in (known, new):
        file.chmod(0o644)
    desk.succeeds()
    assert len(desk.held()[0]) == 7


def after_first_file(monkeypatch: pytest.MonkeyPatch, do: Callable[[], object]) -> None:
    """Something happens while a run is between its first file and its second."""
    left = [do]

    def progress(stage: str, total: int) -> Progress:
        def step(steps: int) -> None:
            if stage == "reading" and left:
                left.pop()()

        return step

    monkeypatch.setattr(reindex, "progress_bar", progress)


def test_a_file_that_vanishes_midway_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.write("A.txt", story("Auville"))
    gone = desk.write("Vaubrac.txt", story("Vaubrac") + "Et encore.\n")
    after_first_file(monkeypatch, gone.unlink)
    assert desk.reindex() == (1, [])
    assert f"could not be read: {gone}: it vanished before it could be read" in desk.out
    assert len(desk.held()[0]) == 7  # its last good version, until it is surely gone
    desk.succeeds()
    assert len(desk.held()[0]) == 6


def test_a_file_that_changes_while_files_are_read_is_read_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = desk.write("Aulnes.txt", story("Aulnes") + "Une phrase de plus.\n")
    desk.write("Vaubrac.txt", story("Vaubrac") + "Une phrase de plus.\n")

    def change() -> None:
        desk.write(first.name, story("Aulnes") + "Le dernier mot.\n")
        desk.write("Vaubrac.txt", story("Vaubrac") + "Le dernier mot.\n")

    after_first_file(monkeypatch, change)
    desk.succeeds()
    desk.succeeds()
    assert sum("Le dernier mot." in body for body in desk.held()[0]) == 2
    desk.succeeds()
    assert desk.out.startswith("Up to date")


def hostile(folder: Path) -> dict[str, str]:
    """Files that mean harm, and what is told of each."""
    with open(folder / "long.txt", "wb") as file:
        file.truncate(1 << 30)
    with open(folder / "long.jsonl", "wb") as file:
        file.write(b'{"title": "')
        file.truncate(1 << 30)
    with zipfile.ZipFile(folder / "zipped.html", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("page.html", b"\0" * 50_000_000)
    line = b"a" * 1_000_000
    with gzip.open(folder / "line.jsonl.gz", "wb", 1) as bomb:
        for _ in range(300):
            bomb.write(line)
    with gzip.open(folder / "bomb.txt.gz", "wb") as bomb:
        bomb.write(b"mot " * 8_000_000)
    (folder / "cut.txt.gz").write_bytes(gzip.compress(story("Coupure").encode())[:-12])
    (folder / "cut.jsonl").write_text('{"title": "Coupé", "body": "Le pont')
    (folder / "binary.txt").write_bytes(bytes(range(256)) * 10)
    (folder / "loop.txt").symlink_to(folder / "loop.txt")
    (folder / "out.txt").symlink_to("/etc/passwd")
    (folder / "out").symlink_to("/etc")
    os.mkfifo(folder / "pipe.txt")
    return {
        "long.txt": "larger than 20 MB",
        "long.jsonl": "not text",
        "zipped.html": "not text",
        "line.jsonl.gz": "zip bomb",
        "bomb.txt.gz": "20 MB",
        "cut.txt.gz": "was it cut off?",
        "cut.jsonl": "line 1",
        "binary.txt": "not text",
        "loop.txt": "it is a link that leads back to itself",
        "out.txt": "it is a link to /etc/passwd, outside the folders given",
        "out": "it is a link to /etc, outside the folders given",
        "pipe.txt": "it is a named pipe, not a file",
    }


@pytest.mark.slow
def test_hostile_files_are_named_and_cost_no_other(desk: Desk) -> None:
    held = desk.held()
    told = hostile(desk.articles)
    desk.write("new.txt", story("Neuville"))
    assert desk.reindex() == (1, [])
    for name, reason in told.items():
        place = re.escape(f"  could not be read: {desk.articles / name}")
        (line,) = [line for line in desk.out.splitlines() if re.match(place + "[:,]", line)]
        assert reason in line, line
    assert len(desk.held()[0]) == len(held[0]) + 1


def test_bytes_that_are_no_utf8_are_text_all_the_same(desk: Desk) -> None:
    (desk.articles / "latin.txt").write_bytes(story("Tréguier").encode("cp1252"))
    desk.succeeds()
    assert story("Tréguier").strip() in desk.held()[0]


# Other processes


@contextmanager
def held_by_another(index: Path) -> Iterator[subprocess.Popen[str]]:
    code = (
        "import sys, time; from pathlib import Path; from index.lock import locked\n"
        "with locked(Path(sys.argv[1]), 'reindex.py'): print('held', flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, index], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            yield holder
        finally:
            holder.kill()


def test_a_second_run_at_the_same_time_says_who_is_at_it(desk: Desk) -> None:
    desk.write("new.txt", story("Neuville"))
    with held_by_another(desk.index) as holder:
        for arguments in ((), ("--full",), ("--rollback",)):
            line = desk.fails(*arguments, status=4)
            assert f"{desk.index} is in use by reindex.py (process {holder.pid} on" in line
        holder.kill()
        holder.wait()
        desk.succeeds()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_told_to_stop_says_so(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    number: signal.Signals,
    status: int,
) -> None:
    desk.write("a.txt", story("Auville"))
    desk.write("b.txt", story("Bonville"))
    # What a shell runs in the background ignores SIGINT.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, inherited))
    before = signal.getsignal(number)
    after_first_file(monkeypatch, lambda: os.kill(os.getpid(), number))
    assert "stopped; the index is whole" in desk.fails(status=status)
    assert signal.getsignal(number) is before
    desk.succeeds()


# Damage


def garbage(file: Path) -> None:
    file.write_bytes(b"no such thing" * 400)


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def scribble(file: Path) -> None:
    """Everything but its beginning."""
    data = file.read_bytes()
    file.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))


@pytest.mark.parametrize("change", [True, False], ids=["changes", "no change"])
@pytest.mark.parametrize(
    ("pattern", "harm"),
    [
        ("articles.sqlite", garbage),
        ("articles.sqlite", cut),
        ("articles.sqlite", scribble),
        ("articles.sqlite", Path.unlink),
        ("passages-*.npy", garbage),
        ("passages-*.npy", cut),
        ("sentences-*.npy", Path.unlink),
        ("lexical/meta.json", garbage),
        ("lexical/meta.json", Path.unlink),
        ("lexical/*.term", Path.unlink),
        ("manifest.json", garbage),
        ("manifest.json", Path.unlink),
        ("../../current", lambda file: file.write_bytes(b"")),
        ("../../current", garbage),
    ],
)
def test_a_damaged_index_is_built_anew_at_the_cost_of_no_embedding(
    desk: Desk,
    caplog: pytest.LogCaptureFixture,
    pattern: str,
    harm: Callable[[Path], object],
    change: bool,
) -> None:
    held = desk.held()
    if change:
        desk.write("new.txt", story("Neuville"))
    (file,) = (desk.index / "generations" / desk.current()).glob(pattern)
    harm(file)
    assert desk.reindex() == (0, [])
    assert len(desk.encoder.asked) == (4 if change else 0)
    assert len(desk.held()[0]) == len(held[0]) + change
    assert damage(desk.index / "generations" / desk.current()) == []
    assert all(record.exc_info is None and "\n" not in record.message for record in caplog.records)
    desk.succeeds()
    assert desk.out.startswith("Up to date")


@pytest.mark.parametrize("harm", [garbage, cut, scribble])
def test_a_damaged_vector_cache_costs_embeddings_and_nothing_else(
    desk: Desk, caplog: pytest.LogCaptureFixture, harm: Callable[[Path], object]
) -> None:
    held = desk.held()
    (cache,) = desk.index.glob("vectors-*.sqlite")
    harm(cache)
    assert desk.reindex("--full") == (0, [])
    (told,) = caplog.messages
    assert "its texts will be embedded again" in told
    assert desk.held() == held
    desk.succeeds("--full")
    assert desk.encoder.asked == []


# Time


class Clock(datetime):
    """One that somebody sets."""

    shows = datetime(2031, 5, 3, 12, tzinfo=UTC)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return cls.shows


def test_generations_stay_in_order_when_the_clock_goes_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generations, "datetime", Clock)
    made = []
    for hours in (0, -1, 0, 0, -90_000):
        monkeypatch.setattr(Clock, "shows", Clock.shows + timedelta(hours=hours))
        desk.succeeds("--full")
        made.append(desk.current())
    assert made == sorted(set(made))
    assert desk.names() == made[-generations.KEPT :]
    desk.reindex("--rollback")
    assert desk.current() == made[-2]
