"""scripts/calibrate.py: the curves from scores to the probability that a passage answers."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from index.articles.article import Article
from index.calibration import FITTED, Curve, load_calibration, logistic
from index.embedding import Encoder
from index.hits import Hit
from index.passages import Passage
from index.reader import Reader
from scripts import calibrate
from scripts.calibrate import Example
from scripts.evaluation.dataset import Expected, Half, Question, load_dataset
from tests.scripts.question_files import questions, squad

TRUE = Curve(-3.0, 0.8, 6.0)


@pytest.fixture
def _loaded_once(monkeypatch: pytest.MonkeyPatch, encoder: Encoder, reader: Reader) -> None:
    monkeypatch.setattr(calibrate, "load_encoder", lambda *_: encoder)
    monkeypatch.setattr(calibrate, "load_reader", lambda _: reader)


def drawn(count: int, seed: int, curve: Curve = TRUE) -> list[Example]:
    """Passages that answer as often as the curve says."""
    rng = np.random.default_rng(seed)
    return [
        Example(fused, reading, bool(rng.random() < curve.probability(fused, reading)))
        for fused, reading in zip(
            rng.uniform(0, 1, count).tolist(), rng.uniform(0.01, 0.99, count).tolist(), strict=True
        )
    ]


def test_the_curve_that_examples_were_drawn_from_is_found_again() -> None:
    fitted = calibrate._fitted(drawn(20_000, 0), np.ones(20_000), read=True)
    assert fitted.intercept == pytest.approx(TRUE.intercept, abs=0.3)
    assert fitted.reading == pytest.approx(TRUE.reading, abs=0.1)
    assert fitted.fused == pytest.approx(TRUE.fused, abs=0.4)


@pytest.mark.parametrize("read", [True, False])
def test_the_probabilities_add_up_to_the_passages_that_answer(read: bool) -> None:
    examples = drawn(2_000, 1)
    curve = calibrate._fitted(examples, np.ones(len(examples)), read)
    said = [curve.probability(e.fused, e.reading if read else None) for e in examples]
    assert sum(said) == pytest.approx(sum(e.answers for e in examples), rel=0.005)


def test_without_a_reader_the_reading_has_no_weight() -> None:
    curve = calibrate._fitted(drawn(2_000, 2), np.ones(2_000), read=False)
    assert curve.reading == 0
    assert curve.fused > 0


def test_each_set_weighs_the_same_however_many_questions_it_has() -> None:
    answering = [Example(0.5, 0.5, answers) for answers in [True] * 9 + [False]]
    not_answering = [Example(0.5, 0.5, answers) for answers in ([True] + [False] * 9) * 50]
    examples = [*answering, *not_answering]
    weights = np.array([1 / 10] * 10 + [1 / 500] * 500)
    curve = calibrate._fitted(examples, weights, read=True)
    assert curve.probability(0.5, 0.5) == pytest.approx(0.5, abs=0.01)


def test_passages_are_grouped_by_tenths_of_probability() -> None:
    curve = Curve(0.0, 0.0, 1.0)
    odds = [-50.0, math.log(0.35 / 0.65), 50.0]
    examples = [Example(value, 0.5, False) for value in odds]
    tenths = {round(low, 1): inside for low, inside in calibrate._tenths(examples, curve)}
    assert [logistic(value) for value in odds][2] == 1.0
    assert len(tenths) == 10
    assert {low: inside for low, inside in tenths.items() if inside} == {
        0.0: [examples[0]], 0.3: [examples[1]], 0.9: [examples[2]],
    }  # fmt: skip


def test_a_passage_answers_if_it_or_a_copy_is_of_an_answering_article() -> None:
    def hit(article: str, text: str, *copies: str) -> Hit:
        def named(id: str) -> Article:
            return Article(id, "Titre", text, "fr")

        passage = Passage(article, 0, len(text), text, ())
        return Hit(
            named(article), passage, 0.5, 0.5, (), 0.5, 0.5, copies=tuple(map(named, copies))
        )

    asked = Question("q", "Quand ?", "fr", "d", Half.TUNE, (Expected("a", "l'été 2027"),))
    assert calibrate._answers(hit("a", "Ce sera l’été\n2027."), asked)
    assert calibrate._answers(hit("b", "Ce sera l'été 2027.", "a"), asked)
    assert not calibrate._answers(hit("b", "Ce sera l'été 2027."), asked)
    assert not calibrate._answers(hit("a", "Ce sera l'hiver 2027."), asked)


@pytest.mark.usefixtures("_loaded_once")
def test_a_file_of_curves_is_written_that_the_search_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shipped = FITTED.read_bytes()
    sets = [squad(tmp_path / "squad.json"), questions(tmp_path / "presse")]
    out = tmp_path / "curves.json"
    assert calibrate.main([*map(str, sets), "--seed", "1", "--out", str(out)]) == 0
    fitted = load_calibration(out)
    assert fitted.unread.reading == 0
    for curve in (fitted.read, fitted.unread):
        assert all(map(math.isfinite, (curve.intercept, curve.reading, curve.fused)))
        assert 0 <= curve.probability(0.9, 0.9) <= 1
    about = json.loads(out.read_text(encoding="utf-8"))
    assert set(about) == {"read", "unread", "fitted_on", "seed"}
    assert about["seed"] == 1
    assert list(about["fitted_on"]) == ["squad.json", "questions.jsonl"]
    printed = capsys.readouterr().out
    header, *rows = printed.partition("\n\n")[0].splitlines()
    assert header == "probability   passages   that answer"
    cells = [row.split() for row in rows]
    assert sum(int(cell[3]) for cell in cells) == sum(about["fitted_on"].values())
    assert all(0 <= float(cell[4]) <= 1 for cell in cells)
    assert str(out) in printed
    assert FITTED.read_bytes() == shipped


@pytest.mark.usefixtures("_loaded_once")
def test_two_runs_with_one_seed_fit_the_same_curves(tmp_path: Path) -> None:
    path = squad(tmp_path / "squad.json")
    for name in ("one.json", "two.json"):
        assert calibrate.main([str(path), "--seed", "1", "--out", name]) == 0
    assert Path("one.json").read_text() == Path("two.json").read_text()


@pytest.mark.usefixtures("_loaded_once")
def test_a_limit_is_of_questions_of_each_set(tmp_path: Path) -> None:
    path = squad(tmp_path / "squad.json", "2.0")
    fitted_on = []
    for limit in (3, 1000):
        arguments = [str(path), "--limit", str(limit), "--out", "curves.json"]
        assert calibrate.main(arguments) == 0
        fitted_on.append(json.loads(Path("curves.json").read_text())["fitted_on"]["squad.json"])
    assert fitted_on[0] < fitted_on[1]


def test_where_every_question_has_an_answer_some_are_held_out(tmp_path: Path) -> None:
    answered, some_impossible = squad(tmp_path / "v1.json"), squad(tmp_path / "v2.json", "2.0")
    held_out = 0
    for seed in range(8):
        arguments = calibrate._parser().parse_args(["x", "--seed", str(seed)])
        tuning = calibrate._questions(answered, arguments)
        assert {question.half for question in tuning.questions} == {Half.TUNE}
        assert len(tuning.articles) < len(load_dataset(answered, seed).articles)
        held_out += sum(bool(question.left_out) for question in tuning.questions)
        expected = load_dataset(some_impossible, seed).half(Half.TUNE)
        assert calibrate._questions(some_impossible, arguments) == expected
    assert held_out


@pytest.mark.usefixtures("_loaded_once")
@pytest.mark.parametrize("path", ["nowhere.json", "unanswered.json", "unasked.json"])
def test_nothing_to_fit_is_told_in_one_line(
    path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "Le puits de Garenne est sec depuis août."
    for name, asked in (("unanswered.json", [("Qui l'a creusé ?", None)]), ("unasked.json", [])):
        documents = [(title, [(text, asked)]) for title in ("Le puits", "Le four")]
        squad(tmp_path / name, "2.0", documents)
    assert calibrate.main([path, "--out", "curves.json"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines()[-1].startswith("calibrate.py: ")
    assert not (tmp_path / "curves.json").exists()


def test_a_wrong_setting_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UI_LANGUAGE", "de")
    assert calibrate.main(["squad.json"]) == 2
    assert capsys.readouterr().err.startswith("calibrate.py: UI_LANGUAGE")
