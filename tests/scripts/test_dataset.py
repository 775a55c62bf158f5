"""Questions and their articles: halves, what is held out, and paragraphs word for word."""

from __future__ import annotations

import json
import string
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.articles.article import Article
from index.articles.reading import ArticleFile, read_article
from scripts.evaluation import dataset as datasets
from scripts.evaluation.dataset import Dataset, Expected, Half, NotADataset, load_dataset
from tests.scripts.question_files import (
    ANSWERED,
    IMPOSSIBLE,
    MARKED,
    PARAGRAPHS,
    TITLES,
    Document,
    questions,
    squad,
    stories,
    stories_with_an_english_question,
)

SEEDS = range(8)


def bodies(dataset: Dataset) -> dict[str, str]:
    return {article.id: article.body for article in dataset.articles}


def asked(dataset: Dataset) -> set[str]:
    return {question.id for question in dataset.questions}


@pytest.mark.parametrize("version", ["1.1", "2.0"])
def test_each_paragraph_is_an_article_under_its_documents_title(
    version: str, tmp_path: Path
) -> None:
    dataset = load_dataset(squad(tmp_path / "squad.json", version), seed=0)
    assert [article.body for article in dataset.articles] == [text for text, _ in PARAGRAPHS]
    assert {article.title for article in dataset.articles} == TITLES
    assert {article.language for article in dataset.articles} == {"fr"}
    impossible = IMPOSSIBLE if version == "2.0" else 0
    assert len(dataset.questions) == ANSWERED + impossible
    assert sum(not question.answers for question in dataset.questions) == impossible


def test_every_answer_stands_in_the_article_that_answers(v2: Path, tmp_path: Path) -> None:
    for path in (v2, stories(tmp_path / "stories.jsonl"), questions(tmp_path / "questions")):
        dataset = load_dataset(path, seed=0)
        text = bodies(dataset)
        expected = [answer for question in dataset.questions for answer in question.answers]
        assert expected
        assert all(answer.words in text[answer.article] for answer in expected)


def test_an_answer_given_twice_counts_once(tmp_path: Path) -> None:
    path = squad(tmp_path / "squad.json")
    content = json.loads(path.read_text(encoding="utf-8"))
    question = content["data"][0]["paragraphs"][0]["qas"][0]
    question["answers"] *= 3
    path.write_text(json.dumps(content), encoding="utf-8")
    (answer,) = load_dataset(path, seed=0).questions[0].answers
    assert answer.words == "le 12 mars"


def test_the_questions_of_a_file_name_their_articles_by_their_paths(tmp_path: Path) -> None:
    dataset = load_dataset(questions(tmp_path / "presse"), seed=0)
    assert [article.id for article in dataset.articles] == [
        "presse/four/01.md", "presse/quai/01.md", "presse/quai/02.md",
    ]  # fmt: skip
    answers = {question.id: question.answers for question in dataset.questions}
    assert answers["q2"] == (Expected("presse/quai/02.md", "une carrière de Vaubrac"),)
    assert answers["q4"] == ()


def test_a_folder_of_stories_is_asked_whole_and_the_last_of_each_file_kept_to_report_on(
    tmp_path: Path,
) -> None:
    for name, count in (("stories-a.jsonl", 5), ("stories-b.jsonl", 4), ("other.jsonl", 1)):
        stories(tmp_path / name, count)
    dataset = load_dataset(tmp_path, 0)
    assert len(dataset.articles) == 3 * (5 + 4)
    assert len(dataset.half(Half.TUNE).questions) == 3 * (2 + 1)
    assert len(dataset.half(Half.REPORT).questions) == 3 * (3 + 3)
    # Two files may give a story the same name.
    assert len(asked(dataset)) == len(dataset.questions)
    assert len(set(dataset.documents.values())) == 5 + 4


def test_the_questions_of_a_squad_file_are_in_the_language_of_most_of_its_paragraphs(
    v1: Path, tmp_path: Path
) -> None:
    def languages(path: Path) -> set[str]:
        return {question.language for question in load_dataset(path, 0).questions}

    text = "The old mill by the river grinds rye again, and the miller sells his flour in town."
    english: list[Document] = [("The mill", [(text, [("What does the mill grind?", "rye")])] * 3)]
    assert languages(v1) == {"fr"}
    assert languages(squad(tmp_path / "english.json", documents=english)) == {"en"}
    mixed = [*english, ("Le puits", [(PARAGRAPHS[0][0], PARAGRAPHS[0][1])])]
    assert languages(squad(tmp_path / "mixed.json", documents=mixed)) == {"en"}


def test_a_question_is_across_languages_where_all_that_answers_is_in_another(
    tmp_path: Path,
) -> None:
    path = stories_with_an_english_question(tmp_path / "stories.jsonl")
    dataset = load_dataset(path, 0)
    across = dataset.across_languages()
    assert [question.language for question in across.questions] == ["en"]
    assert across.articles == dataset.articles
    assert not load_dataset(stories(tmp_path / "french.jsonl"), 0).across_languages().questions


def test_words_count_wherever_a_squad_file_finds_them_and_elsewhere_in_their_article(
    v1: Path, tmp_path: Path
) -> None:
    assert all(question.anywhere for question in load_dataset(v1, 0).questions)
    for path in (stories(tmp_path / "stories.jsonl"), questions(tmp_path / "presse")):
        assert not any(question.anywhere for question in load_dataset(path, 0).questions)


@pytest.fixture(params=["squad", "questions"])
def path(request: pytest.FixtureRequest, v2: Path, tmp_path: Path) -> Path:
    """A file whose halves are drawn."""
    return v2 if request.param == "squad" else questions(tmp_path / "presse")


def test_the_halves_are_drawn_by_the_seed_and_are_the_whole(path: Path) -> None:
    drawn = []
    for seed in SEEDS:
        dataset = load_dataset(path, seed)
        tune, report = asked(dataset.half(Half.TUNE)), asked(dataset.half(Half.REPORT))
        assert tune | report == asked(dataset)
        assert not tune & report
        assert tune
        assert report
        assert asked(load_dataset(path, seed).half(Half.TUNE)) == tune
        drawn.append(frozenset(tune))
    assert len(set(drawn)) > 1


def test_the_questions_of_documents_that_share_a_title_are_in_one_half(v2: Path) -> None:
    for seed in SEEDS:
        halves: dict[str, set[Half]] = {}
        for question in load_dataset(v2, seed).questions:
            halves.setdefault(question.document, set()).add(question.half)
        assert set(halves) == TITLES
        assert all(len(each) == 1 for each in halves.values())


def test_a_half_keeps_all_articles(path: Path) -> None:
    dataset = load_dataset(path, 0)
    assert dataset.half(Half.TUNE).articles == dataset.articles


def test_what_is_held_out_leaves_with_its_articles_and_its_answers(v2: Path) -> None:
    whole = load_dataset(v2, 0)
    for seed in SEEDS:
        held = whole.hold_out(0.25, seed)
        out = {whole.documents[id] for id in bodies(whole).keys() - bodies(held).keys()}
        assert len(out) == 1  # of four titles
        assert {whole.documents[id] for id in bodies(held)} == TITLES - out
        for before, after in zip(whole.questions, held.questions, strict=True):
            if before.document in out:
                assert (after.answers, after.left_out) == ((), before.answers)
            else:
                assert after == before
        assert all(answer.article in bodies(held) for q in held.questions for answer in q.answers)


def test_what_is_held_out_is_drawn_by_the_seed(v2: Path) -> None:
    whole = load_dataset(v2, 0)
    drawn = [frozenset(bodies(whole.hold_out(0.5, seed))) for seed in SEEDS]
    assert drawn == [frozenset(bodies(whole.hold_out(0.5, seed))) for seed in SEEDS]
    assert len(set(drawn)) > 1


def test_what_is_held_out_falls_in_both_halves(tmp_path: Path) -> None:
    documents: list[Document] = [
        (f"Titre {i}", [(f"Le puits {i} a {i} mètres.", [("Combien ?", f"{i} mètres")])])
        for i in range(40)
    ]
    path = squad(tmp_path / "squad.json", documents=documents)
    out = {half: 0 for half in Half}
    for seed in SEEDS:
        for question in load_dataset(path, seed).hold_out(0.3, seed).questions:
            out[question.half] += not question.answers
    assert sum(out.values()) == 12 * len(SEEDS)
    assert min(out.values()) > 0.3 * sum(out.values())


def test_questions_beside_articles_are_held_out_by_story(tmp_path: Path) -> None:
    whole = load_dataset(questions(tmp_path / "presse"), 0)
    for seed in SEEDS:
        held = whole.hold_out(0.5, seed)
        (left,) = {id.split("/")[1] for id in bodies(held)}
        answered = {"quai": {"q1", "q2"}, "four": {"q3"}}[left]
        assert {question.id for question in held.questions if question.answers} == answered


def test_stories_are_held_out_whole(tmp_path: Path) -> None:
    held = load_dataset(stories(tmp_path / "stories.jsonl"), 0).hold_out(0.4, 1)
    assert len(held.articles) == 3 * 3
    assert sum(bool(question.left_out) for question in held.questions) == 2 * 2


@pytest.mark.parametrize("count", [1, 3, ANSWERED])
def test_a_limit_draws_so_many_questions_and_keeps_all_articles(count: int, v1: Path) -> None:
    whole = load_dataset(v1, 0)
    limited = whole.limited(count, 5)
    assert len(limited.questions) == count
    assert asked(limited) <= asked(whole)
    assert limited.articles == whole.articles
    assert whole.limited(count, 5) == limited


def test_a_limit_beyond_the_questions_leaves_them_all(v1: Path) -> None:
    whole = load_dataset(v1, 0)
    assert whole.limited(1000, 0) == whole


def test_another_seed_limits_to_other_questions(v1: Path) -> None:
    whole = load_dataset(v1, 0)
    assert len({frozenset(asked(whole.limited(3, seed))) for seed in SEEDS}) > 1


def test_a_paragraph_full_of_markup_is_an_article_word_for_word(v1: Path) -> None:
    assert MARKED in bodies(load_dataset(v1, 0)).values()


# What Markdown gives a meaning to, alone and where it has one.
MARKUP = [
    "*", "**", "_", "__", "#", "## ", "1. ", "12) ", "- ", "+ ", "> ", "* ", "<b>", "</b>", "<br>",
    "<!-- ", " -->", "<script>", "<https://x.example>", "[x](y)", "![x](y)", "[x]: y", "[", "](",
    "\\", "\\\\", "\\*", "&amp;", "&#42;", "&", "`", "```", "~~", "|", "|---|", "---", "===", "!",
    "{", "}", "$", "^", ":", "«", "’", "\"", "\u00a0", "\u202f", ".", ")", " ", "    ", "\t",
]  # fmt: skip
WORDS = st.text(string.ascii_letters + string.digits + "éàç", min_size=1, max_size=6)
PIECES = st.lists(st.sampled_from(MARKUP) | WORDS, max_size=12).map("".join)


@pytest.fixture(scope="module")
def written(folder: Path) -> Callable[[str], str]:
    """A text written as a paragraph of a dataset is, and read back."""

    def body(text: str) -> str:
        file = folder / "written.md"
        file.write_text(f"---\ntitle: x\n---\n\n{datasets._as_markdown(text)}\n", "utf-8")
        article = read_article(ArticleFile("x/written.md", file))
        assert isinstance(article, Article), (text, article)
        return article.body

    return body


@given(start=PIECES, word=WORDS, end=PIECES)
def test_signs_of_markup_arrive_as_they_are(
    start: str, word: str, end: str, written: Callable[[str], str]
) -> None:
    text = start + word + end
    assert written(text) == text.strip()


@given(lines=st.lists(PIECES, min_size=1, max_size=5), word=WORDS)
def test_lines_of_markup_arrive_but_for_how_they_break(
    lines: list[str], word: str, written: Callable[[str], str]
) -> None:
    text = "\n".join([*lines, word])
    assert written(text).split() == text.split()


@pytest.mark.parametrize(
    "text",
    [
        "1. Un pont", "1914. La guerre", "# Un titre", "    code *x*", "\tcode <b>", "a\n===",
        "a\n---\nb", "|a|b|\n|-|-|\n|1|2|", "fin \\\nsuite", "```\nx\n```", "&amp;amp;", "a  \nb",
        "> cité\n\n    *b*", "- un\n- deux", "[x]: http://x.example", "<!-- vu -->", "***",
    ],
)  # fmt: skip
def test_what_markdown_takes_for_a_block_arrives_as_text(
    text: str, written: Callable[[str], str]
) -> None:
    assert written(f"{text} Z").split() == f"{text} Z".split()


def _file(name: str, content: str | bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(data)
        return folder / name

    return make


STORY_WITHOUT_SUCH_A_TEXT = json.dumps(
    {
        "story": "x",
        "texts": [{"language": "fr", "title": "Le puits", "text": "Le puits est sec."}],
        "questions": [
            {"question": "Où ?", "language": "fr", "answers": [{"text": 4, "words": "sec"}]}
        ],
    }
)
NO_ARTICLE = json.dumps(
    {"id": "1", "question": "Où ?", "language": "fr", "answers": [{"article": "a", "words": "b"}]}
)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder / "nowhere.json", "nowhere.json cannot be read"),
        (lambda folder: folder, "holds no file of stories"),
        (_file("x.json", "Combien ?"), "x.json is not a set of questions"),
        (_file("x.json", ""), "x.json is not a set of questions"),
        (_file("x.json", b"\xff\xfe{"), "x.json cannot be read"),
        (_file("x.json", "[1, 2]"), "x.json is not a set of questions"),
        (_file("x.json", '{"questions": []}'), "x.json is not a set of questions"),
        (_file("x.json", '{"data": []}'), "x.json is not a set of questions"),
        (_file("x.json", '{"data": [{"title": "t", "paragraphs": []}]}'), "is not a set"),
        (_file("x.json", '{"data": [{"paragraphs": [{"context": "", "qas": []}]}]}'), "is not a"),
        (_file("x.jsonl", ""), "x.jsonl cannot be read"),
        (_file("x.jsonl", "Combien ?"), "x.jsonl cannot be read"),
        (_file("x.jsonl", "{}"), "x.jsonl is not a set of questions"),
        (_file("x.jsonl", "[1]"), "x.jsonl is not a set of questions"),
        (_file("x.jsonl", "5"), "x.jsonl is not a set of questions"),
        (_file("x.jsonl", '{"texts": []}'), "x.jsonl is not a set of questions"),
        (_file("x.jsonl", STORY_WITHOUT_SUCH_A_TEXT), "x.jsonl is not a set of questions"),
        (_file("x.jsonl", NO_ARTICLE), "x.jsonl is not a set of questions"),
    ],
)
def test_what_is_no_set_of_questions_is_named(
    make: Callable[[Path], Path], words: str, tmp_path: Path
) -> None:
    with pytest.raises(NotADataset, match=words):
        load_dataset(make(tmp_path), seed=0)
