"""SQuAD-format files (v1.1 and v2.0): documents, paragraphs, questions, halves."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.passages import Span


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph with its questions, each with the spans of `text` that answer it (or none)."""

    title: str
    text: str
    questions: tuple[tuple[str, tuple[Span, ...]], ...]


def read_squad(path: Path) -> list[Text]:
    """The paragraphs of a file, under their documents' titles (a number where there is none)."""
    documents = json.loads(path.read_text(encoding="utf-8"))["data"]
    return [
        _text(document.get("title") or str(number), paragraph)
        for number, document in enumerate(documents)
        for paragraph in document["paragraphs"]
    ]


def tuning_titles(texts: Sequence[Text], seed: int) -> set[str]:
    """The half of the documents that is for tuning; documents that share a title stay together."""
    order = sorted({text.title for text in texts})
    random.Random(seed).shuffle(order)
    return set(order[: len(order) // 2])


def squad_half(path: Path, seed: int, tuning: bool) -> list[Text]:
    """The paragraphs of one half of a file's documents: to tune and train on, or to report on."""
    texts = read_squad(path)
    chosen = tuning_titles(texts, seed)
    return [text for text in texts if (text.title in chosen) == tuning]


def _text(title: str, paragraph: dict[str, Any]) -> Text:
    questions = tuple(
        (
            question["question"],
            tuple(
                Span(answer["answer_start"], answer["answer_start"] + len(answer["text"]))
                for answer in question["answers"]
            ),
        )
        for question in paragraph["qas"]
    )
    return Text(title.replace("_", " "), paragraph["context"], questions)
