"""scripts/squad.py: SQuAD-format files of both versions, and their halves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.squad import Text, read_squad, squad_half, tuning_titles
from tests.scripts.question_files import DOCUMENTS, PARAGRAPHS, TITLES, squad


@pytest.mark.parametrize("version", ["1.1", "2.0"])
def test_a_file_gives_its_paragraphs_with_their_questions(version: str, tmp_path: Path) -> None:
    texts = read_squad(squad(tmp_path / "squad.json", version))
    assert [text.text for text in texts] == [text for text, _ in PARAGRAPHS]
    for text, (_, asked) in zip(texts, PARAGRAPHS, strict=True):
        wanted = [pair for pair in asked if version == "2.0" or pair[1] is not None]
        assert [question for question, _ in text.questions] == [question for question, _ in wanted]
        for (_, spans), (_, answer) in zip(text.questions, wanted, strict=True):
            answers = [] if answer is None else [answer]
            assert [text.text[span.start : span.end] for span in spans] == answers


def test_what_is_impossible_to_answer_has_no_answer_however_plausible(tmp_path: Path) -> None:
    texts = read_squad(squad(tmp_path / "squad.json", "2.0"))
    spans = {question: spans for text in texts for question, spans in text.questions}
    assert spans["Qui a payé la roue du moulin ?"] == ()
    assert spans["Quelle céréale le moulin de Garenne moud-il ?"] != ()


def test_titles_are_read_with_blanks_and_a_document_without_one_has_a_number(
    tmp_path: Path,
) -> None:
    assert {text.title for text in read_squad(squad(tmp_path / "squad.json"))} == TITLES
    content: dict[str, Any] = json.loads((tmp_path / "squad.json").read_text(encoding="utf-8"))
    del content["data"][1]["title"]
    (tmp_path / "squad.json").write_text(json.dumps(content), encoding="utf-8")
    titles = [text.title for text in read_squad(tmp_path / "squad.json")]
    assert titles[2:4] == ["1", "1"]


def test_documents_that_share_a_title_stay_together(tmp_path: Path) -> None:
    path = squad(tmp_path / "squad.json")
    sharing = {PARAGRAPHS[0][0], DOCUMENTS[3][1][0][0]}
    for seed in range(10):
        tune, report = (
            {text.text for text in squad_half(path, seed, tuning)} for tuning in (True, False)
        )
        assert sharing <= tune or sharing <= report


def test_the_seed_draws_the_halves(tmp_path: Path) -> None:
    texts = read_squad(squad(tmp_path / "squad.json"))
    drawn = [frozenset(tuning_titles(texts, seed)) for seed in range(10)]
    assert drawn == [frozenset(tuning_titles(texts, seed)) for seed in range(10)]
    assert len(set(drawn)) > 1


@given(st.lists(st.sampled_from("abcdefg"), max_size=20), st.integers())
def test_half_of_the_titles_are_for_tuning_whatever_the_order_of_the_documents(
    titles: list[str], seed: int
) -> None:
    texts = [Text(title, "x", ()) for title in titles]
    tuning = tuning_titles(texts, seed)
    assert tuning <= set(titles)
    assert len(tuning) == len(set(titles)) // 2
    assert tuning_titles(texts[::-1], seed) == tuning


def test_the_two_halves_are_the_whole(tmp_path: Path) -> None:
    path = squad(tmp_path / "squad.json")
    tune, report = squad_half(path, 3, True), squad_half(path, 3, False)
    assert {text.title for text in tune}.isdisjoint(text.title for text in report)
    by_text = sorted([*tune, *report], key=lambda text: text.text)
    assert by_text == sorted(read_squad(path), key=lambda text: text.text)


@pytest.mark.parametrize("content", ["[]", "{}", '{"data": [1]}', '{"data": [{"title": "x"}]}'])
def test_json_of_another_shape_is_an_error(content: str, tmp_path: Path) -> None:
    (tmp_path / "squad.json").write_text(content, encoding="utf-8")
    with pytest.raises((LookupError, TypeError, AttributeError)):
        read_squad(tmp_path / "squad.json")
