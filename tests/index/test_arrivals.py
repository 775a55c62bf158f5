"""Which run brought which articles: told once, whatever becomes of the files or the index."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from index import arrivals, generations, planning
from index.arrivals import Run
from index.articles.article import Article
from index.generations import current_name, roll_back
from index.reindex import build
from index.store import Store
from tests.index.conftest import SUBJECTS, FailingEncoder, WordsEncoder, no_progress, story

if TYPE_CHECKING:
    from tests.index.conftest import Newsroom

CANAL = "Le canal\n\nLe canal de Vaubrac a débordé jeudi, et trois rues sont sous l’eau.\n"
RISEN = CANAL + "\nLe préfet a ordonné l’évacuation du quartier.\n"
Brought = list[tuple[bool, list[tuple[str, bool]]]]


def brought(room: Newsroom) -> Brought:
    """Of each run, the oldest first: whether it is quiet, and its articles with whether they came
    for the first time."""
    with room.opened() as generation:
        store = generation.store
        found = [
            (run.quiet, [(a.article.id, a.first) for a in store.arrived_in(run)])
            for run in store.runs()
        ]
    return found[::-1]


def runs(room: Newsroom) -> list[Run]:
    """The oldest first."""
    with room.opened() as generation:
        return list(generation.store.runs())[::-1]


def of_files(*names: str, first: bool = True) -> list[tuple[str, bool]]:
    return [(f"articles/{name}", first) for name in sorted(names)]


IMPORT = (True, of_files(*(f"{subject}.txt" for subject in SUBJECTS)))


@pytest.fixture
def begun(archive: Newsroom) -> Newsroom:
    """The archive, indexed."""
    archive.reindex()
    return archive


def test_the_first_import_is_quiet(begun: Newsroom) -> None:
    assert brought(begun) == [IMPORT]


def test_a_new_article_arrives_in_the_run_that_brings_it_and_in_no_other(begun: Newsroom) -> None:
    begun.write("canal.txt", CANAL)
    begun.reindex()
    expected = [IMPORT, (False, of_files("canal.txt"))]
    assert brought(begun) == expected
    begun.reindex()
    begun.write("digue.txt", story("digue"))
    begun.reindex()
    assert brought(begun) == [*expected, (False, of_files("digue.txt"))]


def test_runs_keep_their_ids_and_have_different_ones(begun: Newsroom) -> None:
    (first,) = runs(begun)
    begun.write("canal.txt", CANAL)
    begun.reindex()
    kept, second = runs(begun)
    assert kept == first
    assert (first.number, second.number) == (1, 2)
    assert first.id != second.id
    assert first.at < second.at
    assert second.at.utcoffset() == timedelta(0)
    with begun.opened() as generation:
        assert generation.store.first_arrived("articles/canal.txt") == second
        assert generation.store.first_arrived("articles/gare.txt") == first
        assert generation.store.first_arrived("articles/none.txt") is None


def test_what_changes_in_substance_arrives_again_and_what_is_corrected_does_not(
    begun: Newsroom,
) -> None:
    begun.write("canal.txt", CANAL)
    begun.reindex()
    begun.write("canal.txt", CANAL.replace("débordé", "deborde").replace("jeudi,", "jeudi"))
    assert begun.reindex().published
    assert brought(begun)[1:] == [(False, of_files("canal.txt"))]
    begun.write("canal.txt", RISEN)
    begun.reindex()
    assert brought(begun)[1:] == [
        (False, of_files("canal.txt")),
        (False, of_files("canal.txt", first=False)),
    ]
    begun.write("canal.txt", RISEN.replace("trois", "quatre"))
    begun.reindex()
    assert brought(begun)[1:] == [
        (False, of_files("canal.txt")),
        (False, []),  # it is with the run that changed it last
        (False, of_files("canal.txt", first=False)),
    ]


def test_small_corrections_add_up_to_nothing(begun: Newsroom) -> None:
    text = RISEN
    begun.write("canal.txt", text)
    begun.reindex()
    for wrong, right in (("débordé", "débordée"), ("ordonné", "ordonnée"), ("rues", "ruees")):
        text = text.replace(wrong, right)
        begun.write("canal.txt", text)
        begun.reindex()
    assert len(brought(begun)) == 2


def test_removals_and_files_that_were_only_touched_make_no_run(begun: Newsroom) -> None:
    (begun.articles / "gare.txt").unlink()
    later = (begun.articles / "pont.txt").stat().st_mtime_ns + 1_000_000_000
    os.utime(begun.articles / "pont.txt", ns=(later, later))
    begun.write("empty.txt", "")
    assert begun.reindex().published
    assert len(runs(begun)) == 1


def test_an_article_that_is_renamed_or_moved_does_not_arrive_again(begun: Newsroom) -> None:
    begun.write("canal.txt", CANAL)
    begun.reindex()
    (begun.articles / "canal.txt").rename(begun.articles / "crue.txt")
    begun.reindex()
    assert brought(begun)[1:] == [(False, of_files("crue.txt"))]
    (begun.articles / "crue.txt").unlink()
    begun.write("2024/crue.txt", CANAL.replace("’", "'"))
    begun.reindex()
    assert brought(begun)[1:] == [(False, of_files("2024/crue.txt"))]
    begun.write("2024/crue.txt", RISEN)
    begun.reindex()
    assert brought(begun)[2:] == [(False, of_files("2024/crue.txt", first=False))]


def test_an_article_that_is_removed_and_comes_back_does_not_arrive_again(begun: Newsroom) -> None:
    gone = begun.articles / "gare.txt"
    text = gone.read_text()
    gone.unlink()
    begun.reindex()
    begun.write("canal.txt", CANAL)
    begun.reindex()
    begun.write("gare.txt", text.replace("’", "'"))
    begun.reindex()
    assert brought(begun) == [IMPORT, (False, of_files("canal.txt"))]


def test_one_that_comes_back_saying_something_else_has_changed(begun: Newsroom) -> None:
    (begun.articles / "gare.txt").unlink()
    begun.reindex()
    begun.write("gare.txt", story("gare", "ferme mardi"))
    begun.reindex()
    assert brought(begun)[1:] == [(False, of_files("gare.txt", first=False))]


def test_what_full_finds_is_quiet_and_what_was_known_stays_known(begun: Newsroom) -> None:
    begun.write("canal.txt", CANAL)
    begun.reindex()
    before = runs(begun)
    begun.write("digue.txt", story("digue"))
    begun.write("gare.txt", story("gare", "ferme mardi"))
    begun.reindex(full=True)
    of_full = [("articles/digue.txt", True), ("articles/gare.txt", False)]
    assert brought(begun)[1:] == [(False, of_files("canal.txt")), (True, of_full)]
    assert runs(begun)[:2] == before
    begun.reindex(full=True)
    begun.write("port.txt", story("port"))
    begun.reindex()
    assert brought(begun)[2:] == [(True, of_full), (False, of_files("port.txt"))]


def test_an_archive_can_be_indexed_without_telling(begun: Newsroom) -> None:
    begun.write("canal.txt", CANAL)
    begun.write("gare.txt", story("gare", "ferme mardi"))
    begun.reindex(no_alerts=True)
    quiet = (True, [("articles/canal.txt", True), ("articles/gare.txt", False)])
    assert brought(begun)[1:] == [quiet]
    begun.write("digue.txt", story("digue"))
    begun.reindex()
    assert brought(begun)[1:] == [quiet, (False, of_files("digue.txt"))]


def test_what_comes_back_after_a_rollback_has_arrived_before(begun: Newsroom) -> None:
    begun.write("canal.txt", CANAL)
    begun.write("gare.txt", story("gare", "ferme mardi"))
    begun.reindex()
    second = (False, [("articles/canal.txt", True), ("articles/gare.txt", False)])
    known = runs(begun)
    roll_back(begun.index)
    assert brought(begun) == [IMPORT]
    begun.reindex()
    assert brought(begun)[1:] == [second]
    assert runs(begun) == known
    roll_back(begun.index)
    begun.write("digue.txt", story("digue"))
    begun.write("gare.txt", story("gare", "ferme Mardi"))  # a correction of what was gone back from
    begun.reindex()
    assert brought(begun)[1:] == [second, (False, of_files("digue.txt"))]
    assert runs(begun)[:2] == known


def test_after_two_rollbacks_too(begun: Newsroom) -> None:
    for subject in ("canal", "digue"):
        begun.write(f"{subject}.txt", story(subject))
        begun.reindex()
    known = brought(begun)
    for _ in range(2):
        roll_back(begun.index)
    begun.reindex(full=True)
    assert brought(begun) == known


def test_where_nothing_is_to_be_done_after_a_rollback_the_next_run_knows_all_the_same(
    begun: Newsroom,
) -> None:
    begun.write("canal.txt", CANAL)
    begun.reindex()
    roll_back(begun.index)
    (begun.articles / "canal.txt").unlink()
    assert not begun.reindex().published
    begun.write("canal.txt", CANAL)
    begun.reindex()
    assert len(runs(begun)) == 2


def test_where_what_was_gone_back_from_is_damaged_the_next_run_is_quiet(begun: Newsroom) -> None:
    begun.write("canal.txt", CANAL)
    begun.reindex()
    scribbled(begun.folder() / "articles.sqlite")
    roll_back(begun.index)
    begun.write("digue.txt", story("digue"))
    begun.reindex()
    assert brought(begun) == [IMPORT, (True, of_files("canal.txt", "digue.txt"))]


def test_another_model_is_quiet_and_knows_what_arrived(begun: Newsroom) -> None:
    other = WordsEncoder("other-words")
    begun.write("canal.txt", CANAL)
    begun.reindex(other, full=True)
    begun.write("digue.txt", story("digue"))
    begun.reindex(other)
    store = Store(begun.folder() / "articles.sqlite")
    found = [(run.quiet, len(store.arrived_in(run))) for run in store.runs()]
    store.close()
    assert found == [(False, 1), (True, 1), (True, len(SUBJECTS))]


def test_files_that_are_read_otherwise_are_quiet(
    begun: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "PIPELINE", planning.PIPELINE + 1)
    begun.write("canal.txt", CANAL)
    begun.reindex()
    assert brought(begun) == [IMPORT, (True, of_files("canal.txt"))]


def test_other_roots_are_a_first_import(begun: Newsroom, tmp_path: Path) -> None:
    (tmp_path / "wire").mkdir()
    (tmp_path / "wire" / "gare.txt").write_text(story("gare"))
    before = runs(begun)
    begun.reindex(roots=[tmp_path / "wire"])
    assert brought(begun) == [(True, [("wire/gare.txt", True)])]
    begun.write("canal.txt", CANAL)
    begun.reindex()  # back again: the first generation is kept, and it knows
    assert brought(begun) == [IMPORT, (True, of_files("canal.txt"))]
    assert runs(begun)[:1] == before


def test_an_index_of_an_older_format_is_built_anew_and_quiet(begun: Newsroom) -> None:
    manifest = begun.folder() / "manifest.json"
    fields = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(fields | {"format": fields["format"] - 1}))
    connection = sqlite3.connect(begun.folder() / "articles.sqlite")
    connection.executescript("DROP TABLE runs; DROP TABLE arrivals")
    connection.close()
    begun.write("canal.txt", CANAL)
    begun.reindex()
    (found,) = brought(begun)
    assert found == (True, sorted([*IMPORT[1], *of_files("canal.txt")]))


def test_the_ledger_outlives_compaction(begun: Newsroom) -> None:
    begun.write("canal.txt", CANAL)
    begun.reindex()
    begun.write("digue.txt", story("digue"))
    compacted = 0
    for number in range(4):
        for subject in SUBJECTS[2:]:
            begun.write(f"{subject}.txt", story(subject, f"ouvre au numéro {number}"))
        begun.reindex()
        with begun.opened() as generation:
            passages = generation.store.numbers().tolist()
        compacted += passages == list(range(len(passages)))
    assert compacted
    changed = [(f"articles/{s}.txt", False) for s in sorted(SUBJECTS[2:])]
    assert brought(begun) == [
        IMPORT,
        (False, of_files("canal.txt")),
        (False, of_files("digue.txt")),
        (False, []),
        (False, []),
        (False, changed),
    ]


def scribbled(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + b"\xa5" * 4096 + data[len(data) // 2 + 4096 :])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("harm", [scribbled, emptied, Path.unlink])
def test_where_the_ledger_is_damaged_the_index_is_built_anew_and_quiet(
    begun: Newsroom, harm: Callable[[Path], object]
) -> None:
    begun.write("canal.txt", CANAL)
    begun.reindex()
    harm(begun.folder() / "articles.sqlite")
    begun.write("digue.txt", story("digue"))
    begun.reindex(full=harm is scribbled)
    # The generation before knows the rest.
    assert brought(begun) == [IMPORT, (True, of_files("canal.txt", "digue.txt"))]
    begun.write("port.txt", story("port"))
    begun.reindex()
    assert brought(begun)[2:] == [(False, of_files("port.txt"))]


@pytest.mark.parametrize("name", ["passages-0000000000.npy", "lexical/meta.json"])
def test_where_other_files_are_damaged_what_is_new_is_told(begun: Newsroom, name: str) -> None:
    (begun.folder() / name).write_bytes(b"no such thing")
    begun.write("canal.txt", CANAL)
    begun.write("gare.txt", story("gare", "ferme mardi"))
    begun.reindex()
    new = [("articles/canal.txt", True), ("articles/gare.txt", False)]
    assert brought(begun) == [IMPORT, (False, new)]


def record(subject: str, event: str = "a rouvert lundi", url: str | None = None) -> str:
    title, _, text = story(subject, event).partition("\n\n")
    fields = {"title": title, "text": text} | ({"url": url} if url else {})
    return json.dumps(fields, ensure_ascii=False) + "\n"


def url(subject: str) -> str:
    return f"https://vaubrac.example/{subject}"


def test_each_article_of_a_file_of_many_arrives_by_itself(begun: Newsroom) -> None:
    wire = [record(subject, url=url(subject)) for subject in ("canal", "digue")]
    begun.write("wire.jsonl", "".join(wire))
    begun.reindex()
    begun.write("wire.jsonl", "".join(
        [record("port", url=url("port")), record("digue", "cède", url("digue")), wire[0]]
    ))  # fmt: skip
    begun.reindex()
    # They move to another file, one of them corrected.
    begun.write("wire.jsonl", record("port", "a Rouvert lundi !", url("port")))
    begun.write("a.jsonl", "".join([record("digue", "cède", url("digue")), wire[0]]))
    begun.reindex()
    assert brought(begun)[1:] == [
        (False, [(url("canal"), True), (url("digue"), True)]),
        (False, [(url("port"), True), (url("digue"), False)]),
    ]


def test_articles_without_url_are_known_wherever_in_a_file_they_stand(begun: Newsroom) -> None:
    wire = [record(subject) for subject in ("canal", "digue")]
    begun.write("wire.jsonl", "".join(wire))
    begun.reindex()
    begun.write("wire.jsonl", "".join([record("port"), *wire]))
    begun.reindex()
    assert brought(begun)[1:] == [
        (False, [("articles/wire.jsonl#2", True), ("articles/wire.jsonl#3", True)]),
        (False, [("articles/wire.jsonl#1", True)]),
    ]
    owls = {"title": "Trois chouettes", "text": "Elles sont nées dimanche dans le clocher."}
    begun.write("wire.jsonl", wire[1] + json.dumps(owls))
    begun.reindex(allow_shrink=True)
    assert brought(begun)[1:] == [
        (False, [("articles/wire.jsonl#1", True)]),
        (False, []),
        (False, [("articles/wire.jsonl#2", True)]),
    ]


def test_a_file_that_is_written_over_with_another_article_brings_that(begun: Newsroom) -> None:
    begun.write("latest.txt", CANAL)
    begun.reindex()
    begun.write("latest.txt", "Trois chouettes\n\nElles sont nées dimanche dans le clocher.\n")
    begun.reindex()
    assert brought(begun)[1:] == [(False, []), (False, of_files("latest.txt"))]


def test_two_urls_are_two_articles_whatever_their_words(begun: Newsroom) -> None:
    begun.write("a.jsonl", record("canal", url=url("canal")))
    begun.reindex()
    begun.write("b.jsonl", record("canal", url=url("another-paper")))
    begun.reindex()
    assert brought(begun)[1:] == [
        (False, [(url("canal"), True)]),
        (False, [(url("another-paper"), True)]),
    ]


def front_matter(address: str, text: str) -> str:
    return f"---\nurl: {address}\n---\n{text}"


def test_an_article_that_is_given_a_url_does_not_arrive_again(begun: Newsroom) -> None:
    begun.write("canal.md", CANAL)
    begun.reindex()
    begun.write("canal.md", front_matter(url("canal"), CANAL))
    begun.reindex()
    assert brought(begun)[1:] == [(False, of_files("canal.md"))]


def test_a_file_that_comes_to_hold_another_article_brings_that(begun: Newsroom) -> None:
    begun.write("latest.md", front_matter(url("canal"), CANAL))
    begun.reindex()
    begun.write("latest.md", front_matter(url("digue"), story("digue")))
    begun.reindex()
    assert brought(begun)[1:] == [(False, []), (False, of_files("latest.md"))]


def test_of_two_files_with_one_url_each_is_compared_with_itself(begun: Newsroom) -> None:
    begun.write("a.md", front_matter(url("canal"), CANAL))
    begun.write("b.md", front_matter(url("canal"), RISEN))
    begun.reindex()
    assert brought(begun)[1:] == [(False, of_files("b.md"))]
    (begun.folder() / "lexical" / "meta.json").write_bytes(b"{")
    begun.reindex()  # reads both anew
    begun.write("b.md", front_matter(url("canal"), RISEN + "\n"))
    begun.reindex()
    assert len(runs(begun)) == 2


class Clock(datetime):
    """One that somebody sets."""

    shows = datetime(2031, 5, 3, 12, tzinfo=UTC)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return cls.shows


def test_runs_stay_in_order_when_the_clock_goes_back(
    archive: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (generations, arrivals):
        monkeypatch.setattr(module, "datetime", Clock)
    for number, hours in enumerate((0, -1, 0, 0, -90_000)):
        monkeypatch.setattr(Clock, "shows", Clock.shows + timedelta(hours=hours))
        archive.write(f"canal{number}.txt", story(f"canal {number}"))
        archive.reindex()
    times = [run.at for run in runs(archive)]
    assert times == sorted(set(times))
    assert len(times) == 5


def test_what_a_run_that_failed_would_have_brought_arrives_in_the_next(begun: Newsroom) -> None:
    begun.write("canal.txt", CANAL)
    failing = FailingEncoder(begun.encoder)
    with pytest.raises(MemoryError):
        begun.reindex(failing)
    assert brought(begun) == [IMPORT]
    begun.write("digue.txt", story("digue"))
    begun.reindex()
    assert brought(begun)[1:] == [(False, of_files("canal.txt", "digue.txt"))]


def test_an_index_that_is_built_of_no_files_has_no_runs(tmp_path: Path) -> None:
    manifest = build([Article("a", "T", CANAL, "fr")], tmp_path, WordsEncoder(), no_progress)
    store = Store(tmp_path / "generations" / manifest.name / "articles.sqlite")
    assert list(store.runs()) == []
    assert store.first_arrived("a") is None
    store.close()


def test_what_arrived_comes_with_its_passages_and_vectors(begun: Newsroom) -> None:
    begun.write("canal.txt", story("canal"))
    begun.reindex()
    with begun.opened() as generation:
        store, search = generation.store, generation.search
        (arrival,) = store.arrived_in(next(store.runs()))
        stored = store.passages_of(arrival.article.id)
        assert [found.passage.start for found in stored] == sorted(
            found.passage.start for found in stored
        )
        assert len(stored) == 2
        assert {found.article for found in stored} == {arrival.article}
        passages, sentences = search.vectors_of(stored)
        texts = [f.passage.text for f in stored]
        quoted = [
            arrival.article.body[span.start : span.end]
            for found in stored
            for span in found.passage.sentences
        ]
        joined = [f"{arrival.article.title}\n{text}" for text in texts + quoted]
        expected = begun.encoder.encode_passages(joined)
        assert (len(passages), len(sentences)) == (len(texts), len(quoted))
        assert passages.dtype == sentences.dtype == np.float32
        assert np.allclose(np.concatenate([passages, sentences]), expected, atol=1e-3)
        nothing = search.vectors_of([])
        assert [matrix.shape for matrix in nothing] == [(0, 32), (0, 32)]
        assert store.passages_of("articles/none.txt") == []


def test_looking_for_what_a_run_brought_reads_no_more_than_that(begun: Newsroom) -> None:
    begun.write("canal.txt", CANAL)
    begun.reindex()
    connection = sqlite3.connect(begun.folder() / "articles.sqlite")
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    (run, *_) = arrivals.runs(connection)
    assert [id for id, _, _ in arrivals.ids_brought(connection, run)] == ["articles/canal.txt"]
    connection.set_trace_callback(None)
    plans = [row[3] for sql in asked for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    connection.close()
    assert not [step for step in plans if step.startswith("SCAN") and "runs" not in step]


def test_ids_of_generations_have_nothing_to_do_with_it(begun: Newsroom) -> None:
    name = current_name(begun.index)
    begun.reindex(full=True)
    assert current_name(begun.index) != name
    assert brought(begun) == [IMPORT]
