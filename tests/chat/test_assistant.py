"""Questions and generations that come and go: who holds what, and for how long."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import cast

import pytest

from bot.assistant import Assistant
from index.generations import FORMAT, Generation, IndexNotBuilt, IndexUnusable, Manifest
from index.hits import Hit
from index.query import Query
from index.search import Parts, Search
from index.store import Store

PATIENCE = 180.0  # seconds: machines that run tests may be busy


class _Files:
    """A store that knows whether it is open, and no more."""

    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


class _Search(Search):
    """Finds nothing, in the time that a test gives it, and only while its store is open."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.files = _Files()
        self.store = cast(Store, self.files)
        self.asked = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def search(self, query: Query, limit: int, parts: Parts = Parts.FULL) -> list[Hit]:
        assert not self.files.closed
        self.asked.set()
        assert self.go_on.wait(PATIENCE)
        assert not self.files.closed
        return []


class _Disk:
    """Generations by name, one of which is current."""

    def __init__(self) -> None:
        self.current: str | None = "1"
        self.damaged: set[str] = set()
        self.opened: list[_Search] = []

    def open(self) -> Generation:
        name = self.current
        if name is None:
            raise IndexNotBuilt("no index")
        if name in self.damaged:
            raise IndexUnusable(f"{name} is damaged")
        search = _Search(name)
        self.opened.append(search)
        manifest = Manifest(FORMAT, name, "", "a model", "", [], 0, 0, [], {})
        return Generation(manifest, search)


@pytest.fixture
def disk() -> _Disk:
    return _Disk()


@pytest.fixture
def assistant(disk: _Disk) -> Iterator[Assistant]:
    opened = Assistant(disk.open, lambda: disk.current)
    yield opened
    opened.close()
    assert [search.files.closed for search in disk.opened] == [1] * len(disk.opened)


def in_use(assistant: Assistant) -> str:
    with assistant.generation() as generation:
        return generation.manifest.name


def test_nothing_is_opened_while_the_same_generation_is_current(
    disk: _Disk, assistant: Assistant
) -> None:
    assert [assistant.follow() for _ in range(3)] == [False] * 3
    assert len(disk.opened) == 1


def test_a_new_generation_is_used_and_the_old_one_closed(disk: _Disk, assistant: Assistant) -> None:
    disk.current = "2"
    assert [assistant.follow(), assistant.follow()] == [True, False]
    assert in_use(assistant) == "2"
    assert [search.files.closed for search in disk.opened] == [1, 0]


def test_a_rollback_is_followed_too(disk: _Disk, assistant: Assistant) -> None:
    for name in ("2", "1"):
        disk.current = name
        assert assistant.follow()
        assert in_use(assistant) == name


def test_an_index_that_is_gone_stays_in_use(disk: _Disk, assistant: Assistant) -> None:
    disk.current = None
    assert not assistant.follow()
    assert in_use(assistant) == "1"


def test_a_question_ends_on_the_generation_it_began_with(disk: _Disk, assistant: Assistant) -> None:
    old = disk.opened[0]
    old.go_on.clear()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(assistant.answer, "Quand ouvrira la ligne D ?", "fr")
        assert old.asked.wait(PATIENCE)
        disk.current = "2"
        assert assistant.follow()
        assert not old.files.closed
        assistant.answer("Quand ouvrira la ligne D ?", "fr")  # on the new one, at once
        assert disk.opened[1].asked.is_set()
        old.go_on.set()
        assert answer.result(PATIENCE).abstained
    assert old.files.closed


def test_a_lease_outlives_any_number_of_generations(disk: _Disk, assistant: Assistant) -> None:
    with ExitStack() as leases:
        held = []
        for name in map(str, range(2, 7)):
            held.append(leases.enter_context(assistant.generation()))
            disk.current = name
            assert assistant.follow()
        assert [generation.manifest.name for generation in held] == list("12345")
        assert not any(search.files.closed for search in disk.opened)
    assert [search.files.closed for search in disk.opened] == [1] * 5 + [0]


def test_a_question_that_fails_lets_its_generation_go(disk: _Disk, assistant: Assistant) -> None:
    with pytest.raises(ZeroDivisionError), assistant.generation():
        raise ZeroDivisionError
    disk.current = "2"
    assert assistant.follow()
    assert disk.opened[0].files.closed


def test_what_cannot_be_opened_is_said_once_and_the_next_is_taken(
    disk: _Disk, assistant: Assistant, caplog: pytest.LogCaptureFixture
) -> None:
    disk.damaged = {"2", "3"}
    for name in ("2", "3"):
        disk.current = name
        assert not any(assistant.follow() for _ in range(3))
        assert in_use(assistant) == "1"
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "generation 1 stays in use: 2 is damaged",
        "generation 1 stays in use: 3 is damaged",
    ]
    disk.current = "4"
    assert assistant.follow()
    assert in_use(assistant) == "4"


def test_without_an_index_there_is_no_assistant(disk: _Disk) -> None:
    disk.current = None
    with pytest.raises(IndexNotBuilt):
        Assistant(disk.open, lambda: disk.current)


def test_threads_that_ask_without_pause_meet_no_closed_generation(
    disk: _Disk, assistant: Assistant
) -> None:
    over = threading.Event()

    def ask() -> int:
        asked = 0
        while not over.is_set():
            assistant.answer("Quand ouvrira la ligne D ?", "fr")
            asked += 1
        return asked

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        try:
            for number in range(2, 60):
                disk.current = str(number)
                assert assistant.follow()
        finally:
            over.set()
        assert all(future.result(PATIENCE) > 0 for future in asking)
    assert [search.files.closed for search in disk.opened] == [1] * 58 + [0]


def test_a_generation_that_is_let_go_leaves_the_memory_by_itself(
    disk: _Disk, assistant: Assistant
) -> None:
    assistant.answer("Quand ouvrira la ligne D ?", "fr")
    old = weakref.ref(disk.opened.pop())
    gc.collect()
    gc.disable()  # a large index must not wait for the collector
    try:
        disk.current = "2"
        assert assistant.follow()
        assert old() is None
    finally:
        gc.enable()
