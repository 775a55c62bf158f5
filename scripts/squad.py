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
    order = _shuffled_titles(texts, seed)
    return set(order[: len(order) // 2])


def calibration_titles(texts: Sequence[Text], seed: int) -> set[str]:
    """A quarter of the tuning half, on which nothing is trained: what is said of a trained
    text is no measure of what will be said of others."""
    order = _shuffled_titles(texts, seed)
    tuning = order[: len(order) // 2]
    return set(tuning[: max(1, len(order) // 8)])


def training_texts(path: Path, seed: int) -> list[Text]:
    """The paragraphs that may be trained on: of the tuning half, without what calibrates."""
    texts = read_squad(path)
    chosen = tuning_titles(texts, seed) - calibration_titles(texts, seed)
    return [text for text in texts if text.title in chosen]


def _shuffled_titles(texts: Sequence[Text], seed: int) -> list[str]:
    order = sorted({text.title for text in texts})
    random.Random(seed).shuffle(order)
    return order


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
