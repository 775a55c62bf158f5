"""One writer at a time: a lock on a folder that the system lets go when its holder dies."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

_NAME = ".lock"  # hidden: other files of a folder may be articles


class Locked(Exception):
    """Another process holds the lock; the message says which."""


@contextmanager
def locked(folder: Path, purpose: str) -> Iterator[None]:
    """Hold the folder's lock, which is made if need be, while the body runs.

    What a dead process held is free. The file stays: removing it would race with those who
    wait for it.

    :raises Locked: at once, if it is held.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Locked(f"{folder} is in use by {_holder(descriptor)}") from error
        holder = {
            "purpose": purpose,
            "process": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> str:
    try:
        about = json.loads(os.pread(descriptor, 4096, 0))
        return (
            f"{about['purpose']} (process {about['process']} on {about['host']}, "
            f"since {about['since']})"
        )
    except (ValueError, KeyError, TypeError):
        return "another process"
