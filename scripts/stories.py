"""Files of stories: several texts on one event, and questions that some of them answer.

One JSON object a line: `story`, a name; `texts`, each with `language`, `title` and `text`;
`questions`, each with `question`, `language` and `answers`, a list of `text` (its number among
the texts) and `words`, empty where no text of the story answers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

KEPT_BACK = 3  # the last stories of each file: never trained on, to report on


@dataclass(frozen=True, slots=True)
class StoryText:
    language: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class StoryQuestion:
    text: str
    language: str
    answers: tuple[tuple[int, str], ...]  # (number of the text, its answering words)


@dataclass(frozen=True, slots=True)
class Story:
    name: str
    texts: tuple[StoryText, ...]
    questions: tuple[StoryQuestion, ...]


def read_stories(path: Path) -> list[Story]:
    """ValueError, KeyError or TypeError where a line is no story."""
    return [_story(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _story(line: str) -> Story:
    fields = json.loads(line)
    return Story(
        fields["story"],
        tuple(StoryText(t["language"], t["title"], t["text"]) for t in fields["texts"]),
        tuple(
            StoryQuestion(
                q["question"],
                q["language"],
                tuple((a["text"], a["words"]) for a in q["answers"]),
            )
            for q in fields["questions"]
        ),
    )
