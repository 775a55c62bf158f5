"""Files too long to hold, read piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import AnyStr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.articles.draft import NotAnArticle
from index.articles.json_files import read_json
from index.articles.records import DEFAULT, BadRecord
from index.articles.streams import decoded, lines

PROSE = "Le pont des Aulnes a rouvert lundi à Vaubrac. L'été fut long.\n"
NAMES = st.text(max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


def cut(whole: AnyStr, sizes: Sequence[int]) -> Iterator[AnyStr]:
    at = 0
    for size in sizes:
        if piece := whole[at : at + size]:
            yield piece
        at += size
    if rest := whole[at:]:
        yield rest


SIZES = st.lists(st.integers(1, 40), max_size=20)


@settings(deadline=None)
@given(text=st.text(max_size=200).filter(lambda text: "\x00" not in text), sizes=SIZES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_pieces_are_decoded_as_the_whole_would_be(
    encoding: str, text: str, sizes: list[int]
) -> None:
    # The mark is in the first piece, as it is in the first MiB of a file.
    text = text.removeprefix("\ufeff")
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    assert "".join(decoded(cut(text.encode(encoding), [4, *sizes]))) == plain


@pytest.mark.parametrize("encoding", ["cp1252", "iso-8859-15", "utf-8"])
def test_the_encoding_is_told_from_the_first_words_beyond_ascii(encoding: str) -> None:
    text = "The bridge is open again.\n" * 9 + PROSE * 3
    data = text.encode(encoding)
    for size in (1000, 100, 20):
        assert "".join(decoded(cut(data, [size] * (len(data) // size)))) == text


def test_a_file_of_null_bytes_is_not_text() -> None:
    with pytest.raises(NotAnArticle, match="not text"):
        list(decoded([b"PK\x03\x04\x00\x00"]))


@given(text=st.text("ab\n", max_size=60), sizes=SIZES, longest=st.integers(0, 12))
def test_lines_are_those_of_the_text_and_none_for_the_longest(
    text: str, sizes: list[int], longest: int
) -> None:
    expected = text.removesuffix("\n").split("\n") if text else []
    found = list(lines(cut(text, sizes), longest))
    assert found == [line if len(line) <= longest else None for line in expected]


@settings(deadline=None)
@given(
    values=st.lists(st.dictionaries(NAMES, VALUES, max_size=4), max_size=6),
    indent=st.none() | st.integers(0, 3),
    ascii=st.booleans(),
    sizes=SIZES,
)
def test_every_element_of_an_array_is_cut_out_whole(
    values: list[dict[str, object]], indent: int | None, ascii: bool, sizes: list[int]
) -> None:
    text = json.dumps(values, indent=indent, ensure_ascii=ascii)
    records = list(read_json(cut(text, sizes), DEFAULT))
    assert [record.place for record in records] == [f"record {n}" for n, _ in enumerate(values, 1)]
    for record, value in zip(records, values, strict=True):
        assert not isinstance(record, BadRecord)
        assert record.fields == json.loads(
            json.dumps(value), parse_int=str, parse_float=str, parse_constant=lambda _: None
        )


@settings(deadline=None)
@given(text=st.text('{}[]",:\\ a1\n', max_size=80), sizes=SIZES)
def test_whatever_is_no_json_ends(text: str, sizes: list[int]) -> None:
    with suppress(NotAnArticle):
        assert len(list(read_json(cut(text, sizes), DEFAULT))) <= len(text)
