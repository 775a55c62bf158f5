"""Whatever happens to the files, the index comes to what would be built of them anew."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index import dense
from index.generations import damage
from index.query import Query
from tests.index.conftest import SUBJECTS, Newsroom, WordsEncoder, story

EVENTS = ("a rouvert lundi", "ferme mardi", "s’est effondré jeudi")
DAMAGED = "{"
QUERIES = [Query(f"Le {subject} de Vaubrac {EVENTS[1]}", "fr") for subject in SUBJECTS[:4]]

# What happens to the files of a folder.
Step = Callable[[Path], None]


def _saying(name: str, text: str) -> Step:
    def step(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    return step


def _gone(name: str) -> Step:
    return lambda folder: (folder / name).unlink(missing_ok=True)


def _record(subject: str, event: str) -> str:
    title, _, text = story(subject, event).partition("\n\n")
    url = f"https://vaubrac.example/{subject}"
    return json.dumps({"url": url, "title": title, "text": text}, ensure_ascii=False)


events = st.sampled_from(EVENTS)
texts = st.sampled_from([f"{subject}.txt" for subject in SUBJECTS[:4]] + ["sub/phare.txt"])
# No article in two of them: which file's is kept then depends on what was read last.
lists = {"a.jsonl": SUBJECTS[4:6], "sub/b.jsonl": SUBJECTS[6:8]}


def _lines(subjects: Sequence[str]) -> st.SearchStrategy[str]:
    line = st.builds(_record, st.sampled_from(subjects), events) | st.just(DAMAGED)
    return st.lists(line, max_size=5).map("\n".join)


stories = st.builds(story, st.sampled_from(SUBJECTS), events)
steps = st.one_of(
    st.builds(_saying, texts, stories | st.just("")),
    *(st.builds(_saying, st.just(name), _lines(subjects)) for name, subjects in lists.items()),
    st.builds(_gone, texts | st.sampled_from(list(lists))),
)


def mend(folder: Path) -> None:
    """No file is left that cannot be read, since a fresh build has nothing to keep of it."""
    for path in folder.rglob("*.*"):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".jsonl":
            whole = [line for line in text.splitlines() if line != DAMAGED]
            text = "\n".join(whole) or _record(path.stem, EVENTS[0])
        path.write_text(text or story("quai"), encoding="utf-8")


def answers(room: Newsroom) -> list[dict[tuple[str, int], float]]:
    """For each query every passage with its score."""
    with room.opened() as generation:
        return [
            {
                (scored.stored.article.id, scored.stored.passage.start): scored.fused
                for scored in generation.search.candidates(query)
            }
            for query in QUERIES
        ]


def arrived(room: Newsroom) -> set[str]:
    """Every article, if each came with one run."""
    with room.opened() as generation:
        store = generation.store
        found = [a.article.id for run in store.runs() for a in store.arrived_in(run) if a.first]
        assert len(found) == len(set(found))
        for run in store.runs():
            for arrival in store.arrived_in(run):
                first = store.first_arrived(arrival.article.id)
                assert first is not None
                assert (first == run) if arrival.first else (first.number < run.number)
    return set(found)


@pytest.mark.parametrize("exact", [dense.EXACT, 16], ids=["exact", "coded"])
@given(runs=st.lists(st.lists(steps, max_size=6), max_size=5))
@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_sequence_of_changes_ends_as_a_fresh_build_of_the_same_files(
    monkeypatch: pytest.MonkeyPatch, exact: int, runs: Sequence[Sequence[Step]]
) -> None:
    monkeypatch.setattr(dense, "EXACT", exact)
    with TemporaryDirectory() as name:
        room = Newsroom(Path(name) / "articles", Path(name) / "index", WordsEncoder())
        for subject in SUBJECTS[8:]:
            room.write(f"{subject}.txt", story(subject))
        room.reindex()
        for changes in [*runs, [mend]]:
            for change in changes:
                change(room.articles)
            room.reindex(allow_shrink=True)
        assert damage(room.folder()) == []
        fresh = Newsroom(room.articles, Path(name) / "fresh", WordsEncoder())
        fresh.reindex()
        assert room.stored() == fresh.stored()
        assert arrived(room) == arrived(fresh)
        for found, expected in zip(answers(room), answers(fresh), strict=True):
            # Tantivy counts a word in deleted passages too, until it merges them away.
            assert found == pytest.approx(expected, abs=5e-3)
