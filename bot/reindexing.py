"""Running scripts/reindex.py for those who ask for it in a chat."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from index.lock import locked
from index.run_record import RunRecord, last_record

_LOOK_EVERY = 0.2  # seconds
_COMMAND = ("-m", "scripts.reindex")
_NAME = "reindex.py: "  # before each thing it says


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run came to its end."""

    status: int
    said: str  # its last line on stderr, or what ended it
    record: RunRecord | None  # None where it left none


@dataclass(frozen=True, slots=True)
class Run:
    """A run under way."""

    process: subprocess.Popen[bytes]
    index_dir: Path
    before: RunRecord | None  # on record when it began
    errors: IO[bytes]
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def ended(self) -> Ended:
        """Wait for its end. Cancelled, it leaves the run alone."""
        with self.errors:
            while True:
                status = self.process.poll()
                if status is not None:
                    return await asyncio.to_thread(self._ended, status)
                await asyncio.sleep(_LOOK_EVERY)

    def _ended(self, status: int) -> Ended:
        record = last_record(self.index_dir)
        return Ended(status, self._said(status), None if record == self.before else record)

    def _said(self, status: int) -> str:
        if status < 0:
            return signal.strsignal(-status) or f"signal {-status}"
        self.errors.seek(0)
        lines = self.errors.read().decode("utf-8", "replace").split("\n")
        said = [line.strip() for line in lines if line.strip()]
        return said[-1].removeprefix(_NAME) if said else ""


def start_reindex(index_dir: Path) -> Run:
    """Start a run with the settings that this process has, in a session of its own: neither the
    end of the bot nor Ctrl-C in its terminal stops it midway.

    :raises Locked: where a run is under way; the message says whose.
    :raises OSError: where no process can be started.
    """
    # Held for a moment, only to see whether it can be: the run takes it for itself.
    with locked(index_dir, "/reindex"):
        before = last_record(index_dir)
    errors = TemporaryFile()  # not a pipe, which would break when the bot ends before the run
    try:
        process = subprocess.Popen(
            [sys.executable, *_COMMAND],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
    except OSError:
        errors.close()
        raise
    return Run(process, index_dir, before, errors)
