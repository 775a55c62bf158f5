"""What the last reindex came to, as it is kept."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.run_record import RunRecord, keep_record, last_record

NUMBERS = st.integers(0, 10**9)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(
    st.builds(
        RunRecord,
        finished=TEXTS,
        status=NUMBERS,
        seconds=st.floats(0, 1e6),
        generation=st.none() | TEXTS,
        embedded=NUMBERS,
        unreadable=st.lists(st.tuples(TEXTS, TEXTS)).map(tuple),
        error=st.none() | TEXTS,
    )
)
def test_a_record_comes_back_as_it_was(record: RunRecord) -> None:
    with TemporaryDirectory() as name:
        keep_record(Path(name) / "new", record)
        assert last_record(Path(name) / "new") == record


@pytest.mark.parametrize("words", [None, b"", b"{", b"[]", b'{"status": 0}', b"\xff"])
def test_one_that_cannot_be_read_is_none(tmp_path: Path, words: bytes | None) -> None:
    if words is not None:
        (tmp_path / "last-run.json").write_bytes(words)
    assert last_record(tmp_path) is None
