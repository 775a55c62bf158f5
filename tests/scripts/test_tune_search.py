"""scripts/tune_search.py: every combination of weights, tried on the scores found."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from index.articles.article import Article
from index.embedding import Encoder
from index.passages import Passage, Span
from index.scoring import WEIGHTS, Scored, Weights
from index.store import StoredPassage
from scripts import evaluate, tune_search
from scripts.evaluation import systems
from scripts.evaluation.dataset import Half, load_dataset
from scripts.tune_search import Searched
from tests.scripts.question_files import squad, stories_with_an_english_question


@pytest.fixture(autouse=True)
def _loaded_once(monkeypatch: pytest.MonkeyPatch, encoder: Encoder) -> None:
    for module in (systems, tune_search):
        monkeypatch.setattr(module, "load_encoder", lambda *_: encoder)


def scored(
    article: str, dense: float, sentence: float = 0.0, lexical: float = 0.0, across: bool = False
) -> Scored:
    passage = Passage(article, 0, 6, "Texte.", (Span(0, 6),))
    stored = StoredPassage(0, passage, Article(article, "Titre", "Texte.", "fr"), 0)
    return Scored(stored, dense, sentence, lexical, (sentence,), across)


def test_articles_are_ranked_by_their_best_passage_under_the_weights() -> None:
    candidates = [
        scored("a", 0.9, lexical=0.1),
        scored("a", 0.8, lexical=0.1),
        scored("b", 0.7, lexical=0.9),
        scored("c", 0.6),
    ]
    by_meaning, by_words = Weights(0.0, 0.0, 0.0), Weights(0.0, 0.5, 0.0)
    found = Searched(candidates, frozenset({"b"}))
    assert (found.rank(by_meaning), found.rank(by_words)) == (2, 1)
    assert Searched(candidates, frozenset({"c", "b"})).rank(by_meaning) == 2
    assert Searched(candidates, frozenset({"d"})).rank(by_meaning) == math.inf


def test_beyond_the_tenth_article_nothing_is_found() -> None:
    candidates = [scored(f"{i:02}", 1 - i / 100) for i in range(11)]
    tenth, eleventh = (Searched(candidates, frozenset({id})) for id in ("09", "10"))
    assert (tenth.rank(WEIGHTS), eleventh.rank(WEIGHTS)) == (10, math.inf)


def test_a_question_is_across_languages_where_all_that_answers_is_in_another() -> None:
    french, english = scored("a", 0.9), scored("b", 0.8, across=True)
    candidates = [french, english]
    assert Searched(candidates, frozenset({"b"})).across
    assert not Searched(candidates, frozenset({"a", "b"})).across
    assert not Searched(candidates, frozenset({"not found"})).across


def table(capsys: pytest.CaptureFixture[str]) -> tuple[str, list[list[str]]]:
    """The first line, and the rows."""
    first, header, *rows = capsys.readouterr().out.splitlines()
    assert header.split(", ")[0].split() == ["ndcg@10", "recall@1", "across", "best", "sentence"]
    return first, [row.split() for row in rows]


def test_the_best_weights_are_printed_first_and_the_shipped_ones_marked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = squad(tmp_path / "squad.json", "2.0")
    assert tune_search.main([str(path), "--seed", "1", "--best", "1000"]) == 0
    first, rows = table(capsys)
    tuning = [q for q in load_dataset(path, 1).half(Half.TUNE).questions if q.answers]
    assert first == f"{len(tuning)} questions, 0 across languages"
    gains = [float(row[0]) for row in rows]
    assert gains == sorted(gains, reverse=True)
    tried = [tuple(map(float, row[3:6])) for row in rows]
    assert len(set(tried)) == len(rows) > 200
    (marked,) = (row for row in rows if row[-1] == "(shipped)")
    assert [float(value) for value in marked[3:6]] == [
        WEIGHTS.sentence, WEIGHTS.lexical, WEIGHTS.across,
    ]  # fmt: skip

    # What evaluate.py measures of the same half is what the shipped row says.
    out = tmp_path / "figures.json"
    arguments = [str(path), "--system", "fused", "--half", "tune", "--seed", "1"]
    assert evaluate.main([*arguments, "--json", str(out)]) == 0
    figures = json.loads(out.read_text(encoding="utf-8"))
    assert float(marked[0]) == pytest.approx(figures["ndcg@10"], abs=1e-4)
    assert float(marked[1]) == pytest.approx(figures["recall@1"], abs=1e-4)


def test_several_sets_are_tuned_on_together_and_other_languages_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = stories_with_an_english_question(tmp_path / "stories.jsonl")
    path = squad(tmp_path / "squad.json")
    assert tune_search.main([str(told), str(path), "--best", "3"]) == 0
    asked, rows = table(capsys)
    of_stories = 2 * 2  # three of the five stories are kept back, one question has no answer
    of_squad = len(load_dataset(path, 0).half(Half.TUNE).questions)
    assert asked == f"{of_stories + of_squad} questions, 1 across languages"
    assert sum(row[-1] == "(shipped)" for row in rows) == 1
    assert len(rows) in (3, 4)  # the shipped row is printed wherever it is
    assert all(0 <= float(row[2]) <= 1 for row in rows)


@pytest.mark.parametrize("path", ["nowhere.json", "empty.json", "unanswered.json"])
def test_nothing_to_tune_on_is_told_in_one_line(
    path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.json").write_text('{"data": []}', encoding="utf-8")
    squad(
        tmp_path / "unanswered.json",
        "2.0",
        [("Le puits", [("Le puits est sec depuis août.", [("Qui l'a creusé ?", None)])])] * 2,
    )
    assert tune_search.main([path]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines()[-1].startswith("tune_search.py: ")


def test_a_wrong_setting_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UI_LANGUAGE", "de")
    assert tune_search.main(["squad.json"]) == 2
    assert capsys.readouterr().err.startswith("tune_search.py: UI_LANGUAGE")
