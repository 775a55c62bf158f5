"""Encoders: which model, where its weights are, and texts to vectors.

Two engines run the same weights: sentence-transformers on PyTorch, which always works, and
OpenVINO, which starts in two seconds instead of six and is several times faster on a CPU
(scripts/bench.py). The engine changes no vector by more than 0.001 of cosine.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.default_model import (
    FOLDER_NAME,
    HUB_NAME,
    PROMPTS,
    packed_weights,
    unpack_default_model,
)

if TYPE_CHECKING:
    import openvino
    from sentence_transformers import SentenceTransformer

logger = logging.getLogger(__name__)

Vector = NDArray[np.float32]  # shape (dimension,), unit length
Matrix = NDArray[np.float32]  # shape (n, dimension), rows of unit length
Progress = Callable[[int], None]  # called with how many more texts are done

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
        try:
            folder = unpack_default_model(models_dir)
        except OSError as error:
            raise ModelUnavailable(
                f"cannot unpack the default model into {models_dir}: {error}"
            ) from error
        if folder is None:
            return SentenceTransformerEncoder(HUB_NAME)
        try:
            return OpenVinoEncoder(folder)
        except Exception as error:  # any failure of an optional engine: PyTorch still works
            logger.warning("OpenVINO cannot run the model (%s); using PyTorch", error)
            return SentenceTransformerEncoder(str(folder), name=folder.name)
    return SentenceTransformerEncoder(model)


def model_name(model: str) -> str:
    """What the encoder for EMBEDDING_MODEL will be called, without loading it."""
    if model == DEFAULT_MODEL:
        return FOLDER_NAME if packed_weights() else HUB_NAME
    return _fingerprint(model)


class SentenceTransformerEncoder:
    """Any sentence-transformers model, on PyTorch."""

    def __init__(self, model: str, name: str | None = None) -> None:
        self._model = _load_sentence_transformer(model)
        self.name = name or _fingerprint(model)
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
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
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
    """A hub name as it is; a folder by its name and what distinguishes its weights."""
    folder = Path(model)
    if not folder.is_dir():
        return model
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.suffix in {".json", ".txt"}:
            digest.update(file.read_bytes())
        elif file.is_file():
            digest.update(f"{file.name} {file.stat().st_size}".encode())
    return f"{folder.resolve().name}-{digest.hexdigest()[:12]}"


class OpenVinoEncoder:
    """A mean-pooled BertModel folder, converted once to OpenVINO's format beside it.

    bfloat16 where the processor computes in it, else float32.
    """

    def __init__(self, folder: Path) -> None:
        import openvino
        from tokenizers import Tokenizer

        self.name = folder.name
        settings = json.loads((folder / "config.json").read_text())
        self.dimension = int(settings["hidden_size"])
        converted = _converted(folder)
        self._core = openvino.Core()
        self._model = self._core.read_model(converted)
        capabilities = self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self._precision = "bf16" if "BF16" in capabilities else "f32"
        # The tokenizer's 17 MB of JSON take as long as compiling the model: side by side.
        loaded: list[Any] = []
        loading = threading.Thread(
            target=lambda: loaded.append(Tokenizer.from_file(str(folder / "tokenizer.json")))
        )
        loading.start()
        self._latency = self._compiled("LATENCY")
        loading.join()
        self._tokenizer = loaded[0]
        self._tokenizer.enable_truncation(int(settings["max_position_embeddings"]))
        self._pad = int(settings["pad_token_id"])
        self._lock = threading.Lock()

    def _compiled(self, hint: str) -> openvino.CompiledModel:
        return self._core.compile_model(
            self._model,
            "CPU",
            {"PERFORMANCE_HINT": hint, "INFERENCE_PRECISION_HINT": self._precision},
        )

    def encode_query(self, text: str) -> Vector:
        with self._lock:
            tokens = self._tokenizer.encode(PROMPTS["query"] + text).ids
            result = self._latency(self._inputs([tokens]))[0][0]
        return np.array(result, np.float32)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Matrix:
        import openvino

        vectors = np.empty((len(texts), self.dimension), np.float32)

        def store(request: openvino.InferRequest, rows: list[int]) -> None:
            vectors[rows] = request.get_output_tensor(0).data
            if progress:
                progress(len(rows))

        with self._lock:
            encoded = self._tokenizer.encode_batch([PROMPTS["document"] + t for t in texts])
            tokens = [encoding.ids for encoding in encoded]
            queue = openvino.AsyncInferQueue(self._compiled("THROUGHPUT"))
            queue.set_callback(store)
            # By length, so that a batch holds little padding.
            order = sorted(range(len(texts)), key=lambda i: -len(tokens[i]))
            for start in range(0, len(order), BATCH_SIZE):
                rows = order[start : start + BATCH_SIZE]
                queue.start_async(self._inputs([tokens[i] for i in rows]), rows)
            queue.wait_all()
        return vectors

    def _inputs(self, batch: Sequence[Sequence[int]]) -> dict[str, NDArray[np.int64]]:
        width = max(len(tokens) for tokens in batch)
        ids = np.full((len(batch), width), self._pad, np.int64)
        mask = np.zeros((len(batch), width), np.int64)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        return {"input_ids": ids, "attention_mask": mask}


def _converted(folder: Path) -> Path:
    """The model in OpenVINO's format, beside the original; made on first use."""
    target = folder / "openvino"
    if not target.is_dir():
        aside = Path(tempfile.mkdtemp(prefix=".openvino-", dir=folder))
        _convert(folder, aside / "model.xml")
        aside.chmod(0o755)
        try:
            os.rename(aside, target)
        except OSError:
            if not target.is_dir():  # not merely overtaken by another process
                raise
    return target / "model.xml"


def _convert(folder: Path, target: Path) -> None:
    import warnings

    import openvino
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

    ids = torch.ones((2, 8), dtype=torch.long)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracer remarks on branches that stay constant
        converted = openvino.convert_model(
            Embedding(), example_input={"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        )
    openvino.save_model(converted, target, compress_to_fp16=True)
