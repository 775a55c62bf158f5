"""The default model's tokenizer, shared by all who need it."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Encoding


class SharedTokenizer:
    """Text to token ids. Safe to use from several threads, one after the other: a fast
    tokenizer that two threads borrow at once fails."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        settings = json.loads((folder / "config.json").read_text())
        self.first, self.last, self.pad = (
            int(settings[name]) for name in ("bos_token_id", "eos_token_id", "pad_token_id")
        )
        self.longest = int(settings["max_position_embeddings"])
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._lock = threading.Lock()

    def whole(self, texts: Sequence[str]) -> list[list[int]]:
        """Each text as one input: its ids between the first and last token, cut to fit."""
        room = self.longest - 2
        return [[self.first, *part.ids[:room], self.last] for part in self.parts(texts)]

    def parts(self, texts: Sequence[str]) -> list[Encoding]:
        """Ids and offsets of each text by itself, without special tokens, however long."""
        with self._lock:
            encodings: list[Encoding] = self._tokenizer.encode_batch(
                list(texts), add_special_tokens=False
            )
        return encodings


_loading = threading.Lock()


def shared_tokenizer(folder: Path) -> SharedTokenizer:
    """The tokenizer of a model folder, read once a process: it takes a second."""
    with _loading:
        return _load(folder.resolve())


@cache
def _load(folder: Path) -> SharedTokenizer:
    return SharedTokenizer(folder)
