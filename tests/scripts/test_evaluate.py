"""scripts/evaluate.py: the figures of a set of questions, by the whole system or a part."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.settings import read_settings
from index.embedding import Encoder
from index.generations import open_current
from index.query import Query
from index.reader import Reader
from index.search import Parts
from scripts import evaluate
from scripts.evaluation import systems
from scripts.evaluation.dataset import Dataset, Question, load_dataset
from scripts.evaluation.figures import Outcome
from scripts.evaluation.systems import Depeche
from tests.scripts.question_files import (
    ANSWERED,
    IMPOSSIBLE,
    PARAGRAPHS,
    Document,
    questions,
    squad,
    stories,
    stories_with_an_english_question,
)

COUNTS = ["articles", "answerable", "unanswerable"]
ANSWERS = [
    "recall@1", "recall@5", "recall@10", "mrr@10", "ndcg@10", "answer_in_citation@1",
    "answer_in_citation@3", "answer_in_citation@1_shipped", "answer_in_citation@3_shipped",
]  # fmt: skip
ABSTENTION = ["abstention_auroc", "false_answer_rate", "false_abstention_rate"]
ELSEWHERE = [
    "answered_elsewhere", "abstention_auroc_without_them", "false_answer_rate_without_them",
]  # fmt: skip
TIMES = ["p50_ms", "p95_ms", "passages_per_second"]
CHECKED = ["sentences", "self_check_dense", "self_check_lexical", "self_check_fused"]

Figures = dict[str, float | None]


@pytest.fixture(autouse=True)
def _loaded_once(monkeypatch: pytest.MonkeyPatch, encoder: Encoder) -> None:
    """The default model is loaded once for all runs, which takes them two seconds each."""
    monkeypatch.setattr(systems, "load_encoder", lambda *_: encoder)


@pytest.fixture
def _reading(monkeypatch: pytest.MonkeyPatch, reader: Reader) -> None:
    monkeypatch.setattr(systems, "load_reader", lambda _: reader)


@pytest.fixture(params=[*Parts])
def system(request: pytest.FixtureRequest) -> str:
    """Each --system; the reader is loaded for the one that reads."""
    if request.param == Parts.FULL:
        request.getfixturevalue("_reading")
    return str(request.param)


@pytest.fixture(scope="module")
def kept(folder: Path) -> Path:
    """Where the index of the SQuAD files' articles is kept; the first run builds it."""
    return folder / "index"


def run(*arguments: object) -> Figures:
    """What --json holds, after a run that ends well."""
    out = Path("figures.json")
    assert evaluate.main([*map(str, arguments), "--json", str(out)]) == 0
    figures: Figures = json.loads(out.read_text(encoding="utf-8"))
    return figures


def without_times(figures: Figures) -> Figures:
    return {name: value for name, value in figures.items() if name not in TIMES}


def test_the_figures_have_exactly_these_names(system: str, v1: Path) -> None:
    figures = run(v1, "--system", system)
    assert list(figures) == [*COUNTS, *ANSWERS, *TIMES]
    counts = (len(PARAGRAPHS), ANSWERED, 0)
    assert tuple(figures[name] for name in COUNTS) == counts
    for name in ANSWERS:
        share = figures[name]
        assert share is not None
        assert 0 <= share <= 1
    assert all(figures[name] for name in TIMES)


def test_questions_without_answer_add_figures_of_refusal(v2: Path, kept: Path) -> None:
    figures = run(v2, "--system", "fused", "--index", kept)
    assert set(figures) - {"passages_per_second"} == {*COUNTS, *ANSWERS, *ABSTENTION, *TIMES[:2]}
    assert (figures["answerable"], figures["unanswerable"]) == (ANSWERED, IMPOSSIBLE)


def test_holding_out_takes_articles_and_answers_away(system: str, v1: Path) -> None:
    figures = run(v1, "--system", system, "--hold-out", "0.25")
    assert list(figures) == [*COUNTS, *ANSWERS, *ABSTENTION, *ELSEWHERE, *TIMES]
    articles, answerable, unanswerable = (figures[name] for name in COUNTS)
    assert articles is not None
    assert articles < len(PARAGRAPHS)
    assert answerable
    assert unanswerable
    assert answerable + unanswerable == ANSWERED


def test_the_figures_are_printed_by_the_same_names(
    v1: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = run(v1, "--system", "fused", "--index", kept)
    printed = dict(line.split() for line in capsys.readouterr().out.splitlines())
    assert list(printed) == list(figures)
    for name, value in figures.items():
        assert float(printed[name]) == pytest.approx(value, abs=1e-4)


def test_a_question_asked_in_its_articles_words_finds_it(v1: Path, kept: Path) -> None:
    figures = run(v1, "--system", "fused", "--index", kept)
    assert figures["recall@10"] == 1  # of nine articles
    for name in ("recall@1", "ndcg@10", "answer_in_citation@1"):
        value = figures[name]
        assert value is not None
        assert value > 0.8


def test_a_figure_of_nothing_is_null(v2: Path, tmp_path: Path) -> None:
    none_answered = squad(
        tmp_path / "none.json",
        "2.0",
        [
            (
                "Le puits",
                [("Le puits de Garenne est sec depuis août.", [("Qui l'a creusé ?", None)])],
            )
        ],
    )
    figures = run(none_answered, "--system", "fused")
    assert [figures[name] for name in ANSWERS] == [None] * len(ANSWERS)
    assert figures["abstention_auroc"] is None


@pytest.mark.parametrize("arguments", [[], ["--hold-out", "0.5"], ["--half", "tune"]])
def test_two_runs_with_one_seed_give_equal_figures(arguments: list[str], v2: Path) -> None:
    first, second = (run(v2, "--system", "fused", "--seed", 3, *arguments) for _ in range(2))
    assert without_times(first) == without_times(second)


def test_another_seed_draws_other_questions(v1: Path, kept: Path) -> None:
    run(v1, "--system", "fused", "--index", kept)
    counts = {
        run(v1, "--system", "fused", "--index", kept, "--half", "tune", "--seed", seed)[
            "answerable"
        ]
        for seed in range(6)
    }
    assert len(counts) > 1


def test_the_halves_are_the_whole(v1: Path, kept: Path) -> None:
    run(v1, "--system", "fused", "--index", kept)
    tune, report = (
        run(v1, "--system", "fused", "--index", kept, "--half", half)["answerable"]
        for half in ("tune", "report")
    )
    assert tune
    assert report
    assert tune + report == ANSWERED


def test_a_limit_is_of_questions_and_not_of_articles(v1: Path, kept: Path) -> None:
    figures = run(v1, "--system", "fused", "--index", kept, "--limit", 3)
    assert (figures["articles"], figures["answerable"]) == (len(PARAGRAPHS), 3)


@pytest.mark.parametrize("make", [lambda f: stories(f / "stories.jsonl"), questions])
def test_stories_and_questions_beside_articles_are_asked_too(
    make: Callable[[Path], Path], tmp_path: Path
) -> None:
    path = make(tmp_path / "presse") if make is questions else make(tmp_path)
    figures = run(path, "--system", "fused")
    assert list(figures) == [*COUNTS, *ANSWERS, *ABSTENTION, *TIMES]
    value = figures["recall@5"]
    assert value is not None
    assert value > 0.8


@pytest.fixture(scope="module")
def dataset(v1: Path) -> Dataset:
    return load_dataset(v1, 0)


@pytest.fixture
def depeche(
    dataset: Dataset, v1: Path, kept: Path, _loaded_once: None
) -> Iterator[Callable[[Parts], Depeche]]:
    opened: list[Depeche] = []

    def make(parts: Parts) -> Depeche:
        system = Depeche(read_settings(), parts)
        opened.append(system)
        if (kept / "current").exists():
            system.open(kept)
        else:
            system.index(dataset.articles, kept)
        return system

    yield make
    for system in opened:
        assert system.generation is not None
        system.generation.close()


def orders(system: Depeche, questions: tuple[Question, ...]) -> list[list[str]]:
    return [[id for ids in system.ask(q).ranked for id in sorted(ids)] for q in questions]


@pytest.mark.parametrize("parts", [Parts.DENSE, Parts.LEXICAL, Parts.FUSED])
def test_an_order_is_that_of_the_part(
    parts: Parts, dataset: Dataset, depeche: Callable[[Parts], Depeche], encoder: Encoder,
    kept: Path,
) -> None:  # fmt: skip
    found = orders(depeche(parts), dataset.questions)
    generation = open_current(kept, encoder)
    for question, order in zip(dataset.questions, found, strict=True):
        hits = generation.search.search(Query.of(question.text, "fr"), 30, parts)
        assert order == list(dict.fromkeys(hit.article.id for hit in hits))
    generation.close()


def test_the_parts_are_told_apart(dataset: Dataset, depeche: Callable[[Parts], Depeche]) -> None:
    dense, lexical, fused = (
        orders(depeche(parts), dataset.questions)
        for parts in (Parts.DENSE, Parts.LEXICAL, Parts.FUSED)
    )
    assert dense != lexical
    assert fused != lexical
    assert fused != dense


@pytest.mark.usefixtures("_reading")
def test_the_whole_is_told_apart_from_the_fused_search(
    dataset: Dataset, depeche: Callable[[Parts], Depeche]
) -> None:
    def probabilities(parts: Parts) -> list[float]:
        system = depeche(parts)
        return [system.ask(question).probability for question in dataset.questions]

    assert probabilities(Parts.FULL) != probabilities(Parts.FUSED)


def test_a_question_is_quoted_an_answer_even_where_none_is_shipped(
    dataset: Dataset, depeche: Callable[[Parts], Depeche]
) -> None:
    system = depeche(Parts.FUSED)
    bodies = {article.id: article.body for article in dataset.articles}
    nonsense = Question("x", "Qui préside Mars ?", "fr", "x", dataset.questions[0].half, ())
    outcomes: list[Outcome] = [system.ask(q) for q in (*dataset.questions, nonsense)]
    for outcome in outcomes:
        assert 0 <= outcome.probability <= 1
        assert outcome.seconds > 0
        assert outcome.citations
        for quoted in (*outcome.citations, *outcome.shipped):
            assert any(quoted.words in bodies[article] for article in quoted.articles)


def test_words_full_of_markup_are_quoted_as_they_are(
    dataset: Dataset, depeche: Callable[[Parts], Depeche]
) -> None:
    (question,) = (q for q in dataset.questions if "borne" in q.text)
    quoted = depeche(Parts.FUSED).ask(question).citations[0]
    assert "la borne affiche le code *4_12* puis [retour](accueil)" in quoted.words


def test_sentences_find_their_own_passages(
    v1: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = run(v1, "--self-check", "--index", kept)
    assert list(figures) == CHECKED
    sentences = figures["sentences"]
    assert sentences is not None
    assert sentences >= len(PARAGRAPHS)
    for name in CHECKED[1:]:
        value = figures[name]
        assert value is not None
        assert value >= 0.9
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == CHECKED


def test_a_self_check_takes_so_many_sentences_drawn_by_the_seed(v1: Path, kept: Path) -> None:
    first, second = (run(v1, "--self-check", "--index", kept, "--limit", 4) for _ in range(2))
    assert first == second
    assert first["sentences"] == 4


def test_a_self_check_needs_no_question(tmp_path: Path) -> None:
    bare = squad(tmp_path / "bare.json", documents=[("Le puits", [(PARAGRAPHS[0][0], [])])])
    assert run(bare, "--self-check")["self_check_fused"] == 1


def test_an_index_is_kept_and_used_again(
    v1: Path, v2: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index = tmp_path / "kept"
    first = run(v1, "--system", "fused", "--index", index)
    assert "embedding" in capsys.readouterr().err
    generation = (index / "current").read_text(encoding="utf-8")
    second = run(v1, "--system", "fused", "--index", index)
    assert capsys.readouterr().err == ""
    assert without_times(second) == without_times(first)
    assert (index / "current").read_text(encoding="utf-8") == generation
    run(v2, "--system", "lexical", "--index", index)  # other questions of the same articles
    assert capsys.readouterr().err == ""


def test_the_bots_own_index_is_left_alone(v1: Path, tmp_path: Path) -> None:
    run(v1, "--system", "fused", "--limit", 1)
    assert not (tmp_path / "index").exists()


def test_the_curve_is_printed_by_threshold(
    v2: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(v2, "--system", "fused", "--index", kept, "--curve")
    _, printed = capsys.readouterr().out.split("threshold  false answers  false abstentions\n")
    table, chart = printed.split("\n```mermaid\n")
    rows = [[float(value) for value in line.split()] for line in table.splitlines()]
    assert [row[0] for row in rows] == [percent / 100 for percent in range(5, 100, 5)]
    for (_, false_answers, abstentions), (_, fewer, more) in zip(rows, rows[1:], strict=False):
        assert fewer <= false_answers
        assert more >= abstentions
    *_, line, end = chart.splitlines()
    drawn = [float(share) for share in line.strip().removeprefix("line [")[:-1].split(", ")]
    assert end == "```"
    assert drawn == sorted(drawn, reverse=True)
    assert all(0 <= share <= 100 for share in drawn)


def test_questions_across_languages_alone_are_asked(tmp_path: Path) -> None:
    path = stories_with_an_english_question(tmp_path / "stories.jsonl")
    figures = run(path, "--system", "fused", "--across")
    assert (figures["answerable"], figures["unanswerable"]) == (1, 0)


def test_what_went_wrong_is_printed_as_often_as_the_figures_say(
    v2: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = run(v2, "--system", "lexical", "--index", kept, "--misses")
    blocks = capsys.readouterr().out.split("\n\n")[1:]
    kinds = [block.strip().split(" 0.")[0].split(" 1.")[0] for block in blocks]
    wrong = kinds.count("made up") / IMPOSSIBLE, kinds.count("abstained") / ANSWERED
    assert wrong == pytest.approx((figures["false_answer_rate"], figures["false_abstention_rate"]))
    answered = figures["answer_in_citation@1_shipped"]
    assert answered is not None
    missed = kinds.count("abstained") + kinds.count("wrong")
    assert math.isclose(missed, (1 - answered) * ANSWERED, abs_tol=1e-4)
    assert all("  wanted: " in block for block in blocks)


NO_QUESTION: list[Document] = [("Le puits", [("Le puits de Garenne est sec depuis août.", [])])]
FEW_WORDS: list[Document] = [("Le puits", [("Le puits est sec.", [("Où ?", "puits")])])]


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line of an error, after the lines of progress if there are any."""
    printed = capsys.readouterr()
    assert printed.out == ""
    line: str = printed.err.splitlines()[-1]
    assert line.startswith("evaluate.py: ")
    return line


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "set.json cannot be read"),
        ("Combien ?", "set.json is not a set of questions"),
        ('{"version": "1.1"}', "set.json is not a set of questions"),
        ('{"data": [{"title": "x"}]}', "set.json is not a set of questions"),
        ('{"data": []}', "set.json is not a set of questions"),
    ],
)
def test_what_is_no_set_of_questions_is_told_in_one_line(
    content: str | None, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "set.json").write_text(content, encoding="utf-8")
    assert evaluate.main(["set.json", "--system", "fused"]) == 2
    assert words in told(capsys)


def test_no_question_left_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = squad(tmp_path / "set.json", documents=NO_QUESTION)
    assert evaluate.main([str(path)]) == 2
    assert told(capsys) == "evaluate.py: no question is left to ask"


def test_no_sentence_to_check_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = squad(tmp_path / "set.json", documents=FEW_WORDS)
    assert evaluate.main([str(path), "--self-check"]) == 2
    assert "no sentence has 6 words" in told(capsys)


def test_an_index_of_other_articles_is_not_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = squad(tmp_path / "set.json", documents=FEW_WORDS)
    index = tmp_path / "kept"
    run(path, "--system", "fused", "--index", index)
    other = squad(
        tmp_path / "other.json", documents=[("Le four", [("Il est là.", [("Où ?", "là")])])]
    )
    capsys.readouterr()
    assert evaluate.main([str(other), "--system", "fused", "--index", str(index)]) == 2
    assert "is of other articles" in told(capsys)


def test_figures_that_cannot_be_written_are_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = squad(tmp_path / "set.json", documents=FEW_WORDS)
    arguments = [str(path), "--system", "fused", "--json", "nowhere/figures.json"]
    assert evaluate.main(arguments) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("evaluate.py: ")
    assert "nowhere/figures.json" in line


def test_a_wrong_setting_is_told_in_one_line(
    v1: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UI_LANGUAGE", "de")
    assert evaluate.main([str(v1)]) == 2
    assert told(capsys).startswith("evaluate.py: UI_LANGUAGE")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["set.json", "--system", "everything"],
        ["set.json", "--baseline", "haystack"],
        ["set.json", "--system", "dense", "--baseline", "langchain"],
        ["set.json", "--half", "both"],
        ["set.json", "--limit", "-1"],
        ["set.json", "--limit", "few"],
        ["set.json", "--hold-out", "1"],
        ["set.json", "--hold-out", "-0.1"],
        ["set.json", "--hold-out", "nan"],
        ["set.json", "--hold-out", "half"],
    ],
)
def test_wrong_usage_is_exit_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        evaluate.main(arguments)
    assert ended.value.code == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert "error: " in line
    assert not arguments or arguments[-2] in line
