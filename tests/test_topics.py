"""The topics that ship with the sample articles: what a subscriber to each should be told."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from index.articles.language import declared_language
from index.articles.reading import article_files

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
# Of articles; one in none of them has nothing to do with the topic.
GRADES = ("squarely", "about", "related")


@cache
def topics() -> list[dict[str, Any]]:
    lines = (SAMPLE / "topics.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_each_has_a_topic_its_language_and_graded_articles() -> None:
    for topic in topics():
        assert list(topic) == ["id", "topic", "language", *GRADES]
        assert topic["topic"].strip() == topic["topic"] != ""
        assert all(isinstance(topic[grade], list) for grade in GRADES)


def test_they_are_told_apart_by_their_ids_and_words() -> None:
    for key in ("id", "topic"):
        assert len({topic[key] for topic in topics()}) == len(topics())


def test_their_articles_exist_and_are_graded_once() -> None:
    known = {file.id for file in article_files([SAMPLE])}
    for topic in topics():
        graded = [article for grade in GRADES for article in topic[grade]]
        assert set(graded) <= known, topic["id"]
        assert len(set(graded)) == len(graded), topic["id"]


def test_there_are_enough_in_several_languages_some_about_no_article() -> None:
    languages = Counter(topic["language"] for topic in topics())
    assert len(topics()) >= 60
    assert len([language for language, count in languages.items() if count >= 10]) >= 3
    assert all(declared_language(language) == language for language in languages)
    matching_none = [topic for topic in topics() if not any(topic[grade] for grade in GRADES)]
    assert 10 <= len(matching_none) <= len(topics()) / 4
