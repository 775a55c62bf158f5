"""What the reader is trained on: questions, each with a passage that answers it or does not.

Every question is put to the passage that answers it and to passages that do not: another one
of the same story, or one of those that share most words with it.
"""

from __future__ import annotations

import heapq
import json
import math
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.passages import Span
from index.reader import Readable, reader_inputs
from index.sentences import sentence_spans
from index.tokenizer import SharedTokenizer
from scripts.squad import Text
from scripts.stories import KEPT_BACK as STORIES_KEPT_BACK
from scripts.stories import Story, read_stories

KEPT_BACK = 4  # the last texts of each file of single texts
# Share of questions put to a passage that does not answer them, too.
NEGATIVES_NEWS, NEGATIVES_SQUAD = 0.4, 0.5
LIKELY_WRONG = 3  # such passages are drawn from so many that share most words with the question
# Of a story's questions: other texts of the story beside the answering one; texts where none
# answers; and the share put to a text of another story.
OTHER_TEXTS, UNANSWERED_TEXTS, NEGATIVES_STORIES = 1, 1, 0.15
# Share of the texts of stories that are put with paragraphs of another text of the story, and how
# many characters they then have at most: a passage of an article often goes on to something else.
JOINED, JOINED_SIZE = 0.5, 1100


@dataclass(frozen=True, slots=True)
class Example:
    tokens: list[int]
    readable: NDArray[np.bool_]  # tokens of a sentence, and the first
    answering: NDArray[np.bool_]  # tokens of an answer; the first where there is none
    sentences: NDArray[np.int64]
    answering_sentences: frozenset[int]


def news(folder: Path) -> tuple[list[Text], list[Text]]:
    """The texts to train on, and those kept back."""
    train: list[Text] = []
    kept_back: list[Text] = []
    for path in sorted(folder.glob("news-*.jsonl")):
        texts = [_news_text(line) for line in path.read_text(encoding="utf-8").splitlines()]
        train += texts[:-KEPT_BACK]
        kept_back += texts[-KEPT_BACK:]
    return train, kept_back


def _news_text(line: str) -> Text:
    fields = json.loads(line)
    text: str = fields["text"]
    questions = []
    for question in fields["questions"]:
        answer = question["answer"]
        start = text.index(answer) if answer else -1
        spans = (Span(start, start + len(answer)),) if answer else ()
        questions.append((question["question"], spans))
    return Text(fields["title"], text, tuple(questions))


def stories(folder: Path) -> tuple[list[Story], list[Story]]:
    """The stories to train on, and those kept back."""
    train: list[Story] = []
    kept_back: list[Story] = []
    for path in sorted(folder.glob("stories-*.jsonl")):
        found = read_stories(path)
        train += found[:-STORIES_KEPT_BACK]
        kept_back += found[-STORIES_KEPT_BACK:]
    return train, kept_back


def examples_of_stories(
    told: Sequence[Story], joined: float, tokenizer: SharedTokenizer
) -> Iterator[Example]:
    """Every question with the texts that answer it, and with some that do not.

    :param joined: the share of texts that are put with paragraphs of another.
    """
    for story in told:
        texts = [Text(text.title, text.text, ()) for text in story.texts]
        for question in story.questions:
            answers: dict[int, list[Span]] = {}
            for number, words in question.answers:
                start = texts[number].text.index(words)
                answers.setdefault(number, []).append(Span(start, start + len(words)))
            others = [text for number, text in enumerate(texts) if number not in answers]
            count = OTHER_TEXTS if answers else UNANSWERED_TEXTS
            put = [(texts[number], spans) for number, spans in answers.items()]
            put += [(text, []) for text in random.sample(others, min(count, len(others)))]
            for text, answering in put:
                spans: Sequence[Span] = answering
                more = [other for other in others if other is not text]
                if more and random.random() < joined:
                    text, spans = joined_texts(text, spans, random.choice(more))
                example = _example(question.text, text, spans, tokenizer)
                if example.answering_sentences or not answering:
                    yield example
            if random.random() < NEGATIVES_STORIES:
                other = random.choice(random.choice(told).texts)
                if all(other.text != text.text for text in texts):
                    yield _example(question.text, Text(other.title, other.text, ()), (), tokenizer)


def joined_texts(text: Text, spans: Sequence[Span], other: Text) -> tuple[Text, list[Span]]:
    """Paragraphs of both under the first's title, one text after the other, what answers among
    them; and the spans that answer, where they then stand."""
    own, foreign = _paragraphs(text.text, spans), _paragraphs(other.text, ())
    kept = {id(paragraph) for paragraph in own if paragraph.spans}
    length = sum(len(paragraph.text) for paragraph in own if paragraph.spans)
    spare = [paragraph for paragraph in (*own, *foreign) if not paragraph.spans]
    for paragraph in random.sample(spare, len(spare)):
        if length + len(paragraph.text) <= JOINED_SIZE:
            kept.add(id(paragraph))
            length += len(paragraph.text)
    joined, moved = "", list[Span]()
    for paragraph in (*own, *foreign) if random.random() < 0.5 else (*foreign, *own):
        if id(paragraph) in kept:
            joined += "\n\n" if joined else ""
            start = len(joined)
            moved += [Span(start + span.start, start + span.end) for span in paragraph.spans]
            joined += paragraph.text
    return Text(text.title, joined, ()), moved


@dataclass(frozen=True, slots=True)
class _Paragraph:
    text: str
    spans: tuple[Span, ...]  # of it, that answer


def _paragraphs(text: str, spans: Sequence[Span]) -> list[_Paragraph]:
    return [
        _Paragraph(
            found[0],
            tuple(
                Span(span.start - found.start(), span.end - found.start())
                for span in spans
                if found.start() <= span.start and span.end <= found.end()
            ),
        )
        for found in re.finditer(r"\S.*", text)
    ]


def examples_of(
    texts: Sequence[Text], negatives: float, tokenizer: SharedTokenizer
) -> Iterator[Example]:
    """Every question with its own text, and a share with the likeliest wrong one."""
    words = [_stems(f"{text.title} {text.text}") for text in texts]
    frequency = Counter(word for each in words for word in each)
    for text in texts:
        for question, spans in text.questions:
            example = _example(question, text, spans, tokenizer)
            if not spans or example.answering_sentences:
                yield example
            if random.random() < negatives:
                wrong = _likeliest_wrong(question, text, texts, words, frequency)
                if wrong is not None:
                    yield _example(question, wrong, (), tokenizer)


def _likeliest_wrong(
    question: str,
    right: Text,
    texts: Sequence[Text],
    words: Sequence[set[str]],
    frequency: Counter[str],
) -> Text | None:
    asked = _stems(question)

    def weight(i: int) -> float:
        return sum(math.log(len(texts) / frequency[word]) for word in asked & words[i])

    others = (i for i, text in enumerate(texts) if text != right and weight(i) > 0)
    best = heapq.nlargest(LIKELY_WRONG, others, key=weight)
    return texts[random.choice(best)] if best else None


def _stems(text: str) -> set[str]:
    return {word[:6] for word in re.findall(r"\w{3,}", text.lower())}


def _example(
    question: str, text: Text, spans: Sequence[Span], tokenizer: SharedTokenizer
) -> Example:
    sentences = tuple(Span(start, end) for start, end in sentence_spans(text.text))
    readable = Readable(text.title, text.text, sentences)
    ((tokens, numbers),) = reader_inputs(tokenizer, question, [readable])
    # The same with the answers for sentences: which tokens stand in one.
    answers = tuple(sorted(spans, key=lambda span: span.start))
    ((_, in_answer),) = reader_inputs(
        tokenizer, question, [Readable(text.title, text.text, answers)]
    )
    inside = numbers >= 0
    answering = (in_answer >= 0) & inside
    found: frozenset[int] = frozenset()
    if answering.any():
        found = frozenset(
            i
            for i, sentence in enumerate(sentences)
            for span in spans
            if sentence.start <= span.start and span.end <= sentence.end
        )
    else:
        answering[0] = True
    inside[0] = True
    return Example(tokens, inside, answering, numbers, found)
