"""What the last reindex came to, kept beside the index for those who were not there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from index.generations import write_durably

_NAME = "last-run.json"


@dataclass(frozen=True, slots=True)
class RunRecord:
    finished: str  # ISO 8601, UTC
    status: int  # exit status, as scripts/reindex.py --help explains it
    seconds: float
    generation: str | None  # in use afterwards; None where there is none
    published: bool = False  # whether that one is new
    articles: int = 0  # in it
    passages: int = 0
    added: int = 0  # articles
    changed: int = 0
    removed: int = 0
    kept: int = 0  # of what cannot be read, as they were last read
    embedded: int = 0  # texts
    unreadable: tuple[tuple[str, str], ...] = ()  # (place, reason)
    error: str | None = None  # why it was refused or failed

    def as_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=1)


def keep_record(index_dir: Path, record: RunRecord) -> None:
    """:raises OSError: where the folder cannot be written to."""
    index_dir.mkdir(parents=True, exist_ok=True)
    write_durably(index_dir / _NAME, record.as_json() + "\n")


def last_record(index_dir: Path) -> RunRecord | None:
    """None where there is none that can be read."""
    try:
        fields = json.loads((index_dir / _NAME).read_text(encoding="utf-8"))
        unreadable = tuple((place, reason) for place, reason in fields.pop("unreadable"))
        return RunRecord(**fields, unreadable=unreadable)
    except (OSError, ValueError, KeyError, TypeError):
        return None
