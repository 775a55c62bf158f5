"""scripts/reindex.py in a process that kills itself at its n-th dealing with the disk.

    python -m tests.scripts.killable NOTES ENCODER N ARTICLES

A dealing is a file opened, renamed, removed, linked…, beneath ARTICLES or the folder that holds
NOTES; and the beginning or end of a statement to SQLite, an order to Tantivy, or a piece written,
in `index/`. NOTES is a folder that is told of each (`dealings`), and of the texts that were given
to the encoder (`asked`) and whose vectors were stored (`stored`), at once. N may be 0: never.
ENCODER is `words`, which is cheap, or `default`.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

import index
import index.assembly
from index.embedding import Encoder, Matrix, Progress, Vector, load_encoder
from index.vector_cache import VectorCache
from scripts import reindex

_CODE = str(Path(index.__file__).parent)
_EVENTS = {
    "open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.chmod", "os.truncate",
    "sqlite3.connect", "fcntl.flock", "shutil.rmtree", "shutil.copyfile", "tempfile.mkdtemp",
}  # fmt: skip
_CALLS = {
    "execute", "executemany", "executescript", "commit", "add_document", "write", "fsync",
    "delete_documents_by_query", "wait_merging_threads", "close",
}  # fmt: skip


class BagOfWords:
    """An encoder that costs nothing: every word has a direction of its own."""

    name = "bag-of-words"
    dimension = 64

    def encode_query(self, text: str) -> Vector:
        words = re.findall(r"\w+", text.lower())
        seeds = [int.from_bytes(sha256(word.encode()).digest()[:8]) for word in words]
        drawn = [np.random.default_rng(seed).standard_normal(self.dimension) for seed in seeds]
        total = np.sum([np.ones(self.dimension), *drawn], axis=0)
        vector: Vector = (total / np.linalg.norm(total)).astype(np.float32)
        return vector

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Matrix:
        if progress:
            progress(len(texts))
        return np.stack([self.encode_query(text) for text in texts])


class Killer:
    """Counts dealings with the disk, and kills this process when there were so many."""

    def __init__(self, folders: Sequence[str], told: Callable[[str], None], at: int) -> None:
        self._folders = folders
        self._told = told
        self._at = at
        self._count = 0
        self._telling = False

    def on_audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _EVENTS:
            return
        where = os.fsdecode(arguments[0]) if isinstance(arguments[0], bytes) else str(arguments[0])
        # Within a folder that is removed as a whole, files have no folder to their names.
        if any(folder in where for folder in self._folders) or (
            event != "open" and "/" not in where
        ):
            self._deal(f"{event} {where}")

    def on_profile(self, frame: FrameType, event: str, function: Any) -> None:
        if event in ("c_call", "c_return") and function.__name__ in _CALLS:
            if frame.f_code.co_filename.startswith(_CODE):
                when = "before" if event == "c_call" else "after"
                where = Path(frame.f_code.co_filename).stem
                self._deal(f"{when} {function.__name__} in {where}.{frame.f_code.co_name}")

    def _deal(self, what: str) -> None:
        if self._telling:
            return
        self._telling = True
        self._count += 1
        self._told(what)
        if self._count == self._at:
            os.kill(os.getpid(), signal.SIGKILL)
        self._telling = False


def main(notes: Path, encoder: str, at: int, arguments: Sequence[str]) -> int:
    def tell(name: str) -> Callable[[str], None]:
        # Written to the file itself: nothing waits in a buffer that dies with the process.
        descriptor = os.open(notes / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

        def told(line: str) -> None:
            os.write(descriptor, f"{line}\n".encode())

        return told

    asked, stored, dealt = tell("asked"), tell("stored"), tell("dealings")

    def loaded(model: str, models_dir: Path) -> Encoder:
        chosen = BagOfWords() if encoder == "words" else load_encoder(model, models_dir)
        embed = chosen.encode_passages

        def encode_passages(texts: Sequence[str], progress: Progress | None = None) -> Matrix:
            asked("\n".join(map(_digest, texts)))
            return embed(texts, progress)

        chosen.encode_passages = encode_passages  # type: ignore[method-assign]
        return chosen

    encode = VectorCache._encode

    def encode_and_tell(
        cache: VectorCache, texts: Sequence[str], progress: Progress | None
    ) -> Matrix:
        matrix = encode(cache, texts, progress)
        stored("\n".join(map(_digest, texts)))
        return matrix

    for module, name, value in (
        (VectorCache, "_encode", encode_and_tell),
        (reindex, "load_encoder", loaded),
        *([(reindex, "model_name", lambda model: BagOfWords.name)] if encoder == "words" else []),
        # Texts are embedded some at a time: smaller lots, more moments to die at.
        (index.assembly, "_PASSAGES_AT_ONCE", 4),
    ):
        assert hasattr(module, name)
        setattr(module, name, value)

    killer = Killer((str(notes.parent), arguments[0]), dealt, at)
    sys.addaudithook(killer.on_audit)
    sys.setprofile(killer.on_profile)
    try:
        return reindex.main(arguments)
    finally:
        sys.setprofile(None)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


if __name__ == "__main__":
    _, notes, encoder, at, *arguments = sys.argv
    raise SystemExit(main(Path(notes), encoder, int(at), arguments))
