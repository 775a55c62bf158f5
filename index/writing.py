"""What keeps an index from being written, in one line: what, where, what to do."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.articles.files import RootNotFound

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_NO_FOLDER = (errno.EEXIST, errno.ENOTDIR)
_KEPT = "the index is as it was"


class NotWritten(Exception):
    """The system would not let the index be written; the index stays as it was."""


@contextmanager
def writing(index_dir: Path) -> Iterator[None]:
    """Whatever the system and the libraries raise while the body writes there, as one error.

    :raises NotWritten: in their place.
    """
    try:
        yield
    except RootNotFound:
        raise
    except (OSError, sqlite3.Error) as error:
        raise NotWritten(_explained(index_dir, error)) from error


def _explained(index_dir: Path, error: OSError | sqlite3.Error) -> str:
    number, name = getattr(error, "errno", None), getattr(error, "sqlite_errorname", "")
    reason = getattr(error, "strerror", None) or str(error)
    where = getattr(error, "filename", None) or index_dir
    # Libraries tell of a full disk within their own texts, SQLite of a limit as of a failing disk.
    if (
        number in _FULL
        or name.startswith(("SQLITE_FULL", "SQLITE_IOERR"))
        or any(os.strerror(full) in reason for full in _FULL)
    ):
        return (
            f"the disk of {index_dir} is full, over a limit, or fails ({reason}): make room and "
            f"run it again; {_KEPT}, and what was embedded is kept"
        )
    if number in _FORBIDDEN or name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")):
        return f"{where} cannot be used ({reason}): run it as a user who may; {_KEPT}"
    if number in _NO_FOLDER:
        return f"{where} is in the way ({reason}): name another folder as INDEX_DIR"
    return f"the index in {index_dir} cannot be written ({error}): is its disk in order? {_KEPT}"
