"""The articles and questions that ship with Dépêche."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

from index.articles.article import Article, BlockKind
from index.articles.reading import Unreadable, article_files, read_articles
from index.articles.structure import blocks
from index.lexical import UNSTEMMED, content_words, field_of, terms
from index.sentences import sentence_spans

# Content words are neither these nor the stop words of the language.
AUXILIARIES = frozenset(
    {"a", "t", "ont", "est", "ete", "sont", "etait", "has", "have", "was", "were"}
)
SAMPLE = Path(__file__).parents[1] / "data" / "sample"


@cache
def articles() -> dict[str, Article]:
    """By the name that questions give them."""
    found = [item for item in read_articles([SAMPLE]) if isinstance(item, Article)]
    return {article.id.removeprefix("sample/"): article for article in found}


@cache
def questions() -> list[dict[str, Any]]:
    lines = (SAMPLE / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@dataclass(frozen=True)
class Expected:
    """One answer to a question: words of an article."""

    question: dict[str, Any]
    article: Article
    words: str

    def __str__(self) -> str:
        return f"{self.question['id']}: {self.words!r} in {self.article.id}"


def expected() -> Iterator[Expected]:
    for question in questions():
        for answer in question["answers"]:
            yield Expected(question, articles()[answer["article"]], answer["words"])


def test_there_are_enough_articles_and_stories_and_all_can_be_read() -> None:
    unreadable = [item for item in read_articles([SAMPLE]) if isinstance(item, Unreadable)]
    assert unreadable == []
    assert len(articles()) >= 60
    assert len({name.partition("/")[0] for name in articles()}) >= 12


def test_they_come_in_three_formats() -> None:
    suffixes = Counter(file.path.suffix for file in article_files([SAMPLE]))
    assert set(suffixes) == {".txt", ".md", ".html"}
    assert min(suffixes.values()) >= 5


def test_most_are_in_french_and_some_are_in_each_of_four_other_languages() -> None:
    languages = Counter(article.language for article in articles().values())
    assert set(languages) == {"fr", "en", "es", "de", "it"}
    assert min(languages.values()) >= 4
    assert len(articles()) / 2 < languages["fr"] < len(articles())


def test_each_has_a_title_and_many_say_where_and_when_they_were_published() -> None:
    found = articles().values()
    assert all(article.title for article in found)
    assert sum(bool(article.source) for article in found) >= len(found) / 4
    assert sum(bool(article.published) for article in found) >= len(found) / 2


def test_some_have_an_address_and_some_have_none() -> None:
    with_address = [article.url for article in articles().values() if article.url]
    assert 0 < len(with_address) < len(articles())
    assert len(set(with_address)) == len(with_address)


def test_there_are_enough_questions_in_several_languages_some_without_answer() -> None:
    answerable = [question for question in questions() if question["answers"]]
    assert len(answerable) >= 120
    assert len(questions()) - len(answerable) >= 30
    languages = Counter(question["language"] for question in questions())
    assert set(languages) <= {article.language for article in articles().values()}
    assert len([language for language, count in languages.items() if count >= 10]) >= 4


def test_some_articles_are_wire_copies_that_two_papers_print() -> None:
    """Word for word, a paragraph of one that is long enough stands in the other."""
    paragraphs = {
        name: {
            text
            for block in blocks(article.body)
            if block.kind is BlockKind.PARAGRAPH
            and len(text := article.body[block.start : block.end]) >= 200
        }
        for name, article in articles().items()
    }
    copies = [
        (one, other)
        for one, other in combinations(sorted(paragraphs), 2)
        if paragraphs[one] & paragraphs[other]
    ]
    assert len(copies) >= 3
    for one, other in copies:
        assert articles()[one].title != articles()[other].title
        assert articles()[one].source != articles()[other].source


def test_questions_are_told_apart_by_their_ids_and_words() -> None:
    for key in ("id", "question"):
        assert len({question[key] for question in questions()}) == len(questions())


def test_the_words_of_every_answer_are_in_a_paragraph_of_its_article() -> None:
    for answer in expected():
        body = answer.article.body
        holding = [
            block.kind for block in blocks(body) if answer.words in body[block.start : block.end]
        ]
        assert BlockKind.PARAGRAPH in holding, answer


def test_no_question_copies_the_sentence_that_answers_it() -> None:
    """At most half of what a question asks about stands in the sentence that answers it.

    Compared are the question's content words (`index.lexical.content_words`: neither stop words
    nor question words) with all words of the sentence, both as the search compares them: stems
    of the language where question and article share it, else the words as they are written;
    case and accents folded in both.
    """
    for answer in expected():
        language = answer.question["language"]
        field = field_of(language) if language == answer.article.language else UNSTEMMED
        asked = {
            term
            for word in content_words(answer.question["question"], language)
            for term in terms(word, field)
            if term not in AUXILIARIES
        }
        for sentence in _sentences_with(answer):
            shared = asked & set(terms(sentence, field))
            assert len(shared) <= len(asked) / 2, f"{answer}: {sorted(shared)} of {sorted(asked)}"


def _sentences_with(answer: Expected) -> Iterator[str]:
    body = answer.article.body
    for block in blocks(body):
        for start, end in sentence_spans(body, block.start, block.end):
            if answer.words in body[start:end]:
                yield body[start:end]
