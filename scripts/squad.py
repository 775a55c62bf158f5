"""SQuAD-format files (v1.1 and v2.0): documents, paragraphs, questions, halves."""

from __future__ import annotations

import json
import random
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


def squad_half(path: Path, seed: int, tuning: bool) -> list[Text]:
    """The paragraphs of one half of a file's documents: to tune and train on, or to report on.

    Halves are drawn by title, so that documents which share one stay together.
    """
    documents = json.loads(path.read_text(encoding="utf-8"))["data"]
    titles = [document.get("title") or str(i) for i, document in enumerate(documents)]
    order = sorted(set(titles))
    random.Random(seed).shuffle(order)
    chosen = set(order[: len(order) // 2])
    return [
        _text(document.get("title", ""), paragraph)
        for title, document in zip(titles, documents, strict=True)
        for paragraph in document["paragraphs"]
        if (title in chosen) == tuning
    ]


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
