"""Training an adaptation of the default model that finds sentences in a passage.

What is trained: a low-rank change of the layers' matrices, their layer norms, and one linear
layer (index/reader.py). On a GPU where there is one.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import nn
from transformers import AutoModel

from index.passages import Span
from index.reader import DEPTH, RANK_SCALE, Readable, reader_inputs
from index.sentences import sentence_spans
from index.tokenizer import SharedTokenizer
from scripts.squad import Text

# Set on what is kept back of data/training.
RANK, LAYERS = 32, 9
LEARNING_RATE, BATCH = 1e-3, 16


@dataclass(frozen=True, slots=True)
class Example:
    tokens: list[int]
    readable: NDArray[np.bool_]  # tokens of a sentence, and the first
    answering: NDArray[np.bool_]  # tokens of an answer; the first where there is none
    sentences: NDArray[np.int64]
    answering_sentences: frozenset[int]


def example_of(
    question: str, text: Text, spans: Sequence[Span], tokenizer: SharedTokenizer
) -> Example:
    """A question, or a statement, put to a text whose spans answer it, or say it; or none do."""
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
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
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
        self.head = nn.Linear(self.network.config.hidden_size, 1).to(self.device)
        self.network.to(self.device)

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
                shares = torch.softmax(self._scores(batch).float(), -1).cpu().numpy()
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
            name: value.detach().half().cpu().contiguous()
            for name, value in self.parameters().items()
        }
        save_file(weights, path)

    def _scores(self, batch: Sequence[Example]) -> torch.Tensor:
        width = max(len(example.tokens) for example in batch)
        ids = torch.full((len(batch), width), self.pad)
        for row, example in enumerate(batch):
            ids[row, : len(example.tokens)] = torch.tensor(example.tokens)
        lengths = torch.tensor([len(example.tokens) for example in batch])
        mask = (torch.arange(width) < lengths[:, None]).long()
        with torch.autocast(self.device.type, torch.bfloat16):
            states = self.network(
                input_ids=ids.to(self.device), attention_mask=mask.to(self.device)
            ).last_hidden_state
            scores: torch.Tensor = self.head(states).squeeze(-1)
        readable = self._stacked([example.readable for example in batch])
        return scores.float().masked_fill(~readable, -1e4)

    def _stacked(self, rows: Sequence[NDArray[np.bool_]]) -> torch.Tensor:
        stacked = torch.zeros((len(rows), max(map(len, rows))), dtype=torch.bool)
        for i, row in enumerate(rows):
            stacked[i, : len(row)] = torch.from_numpy(row)
        return stacked.to(self.device)


def _batches(examples: Sequence[Example]) -> Iterator[list[Example]]:
    """All of them once, in random order, examples of like length together."""
    order = random.sample(range(len(examples)), len(examples))
    for start in range(0, len(order), 20 * BATCH):
        part = sorted(order[start : start + 20 * BATCH], key=lambda i: len(examples[i].tokens))
        cut = [part[i : i + BATCH] for i in range(0, len(part), BATCH)]
        random.shuffle(cut)
        for rows in cut:
            yield [examples[i] for i in rows]
