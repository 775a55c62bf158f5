"""Open files that may be anything: only regular ones are read, and only as far as is wise."""

from __future__ import annotations

import gzip
import os
import stat
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from index.articles.draft import NotAnArticle

PACKED = ".gz"
_PIECE = 1 << 20  # bytes
# Text rarely shrinks to a twentieth, and a bomb is beyond two hundred times its size.
_RATIO = 200
_UNSUSPECTED = 100_000_000  # bytes; what unpacks to less does no harm
# Opening a pipe waits for its other end unless this is asked for; regular files do not care.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_NOT_FILES = {
    stat.S_IFDIR: "it is a folder",
    stat.S_IFIFO: "it is a named pipe, not a file",
    stat.S_IFSOCK: "it is a socket, not a file",
    stat.S_IFCHR: "it is a device, not a file",
    stat.S_IFBLK: "it is a device, not a file",
}


def kind_of(path: Path) -> str:
    """The suffix that says how to read a file: `.html` for page.HTML and page.html.gz."""
    return Path(path.name.lower().removesuffix(PACKED)).suffix


def pieces(path: Path) -> Generator[bytes, None, None]:
    """The bytes of a file, unpacked where its name ends in `.gz`, at most 1 MiB at a time.

    Raises OSError, and NotAnArticle for what is no regular file, and for a packed file that is
    damaged, cut off, or unpacks to absurd lengths; what came before was given.
    """
    with _opened(path) as file:
        if path.name.lower().endswith(PACKED):
            yield from _unpacked(file)
        else:
            while piece := file.read(_PIECE):
                yield piece


def beginning(path: Path, length: int) -> bytes:
    """The first bytes of a file, about `length` of them and a little more if there are more.

    Raises as `pieces` does.
    """
    read = b""
    with closing(pieces(path)) as data:
        for piece in data:
            read += piece
            if len(read) > length:
                break
    return read


def _opened(path: Path) -> BinaryIO:
    # Looked at before it is opened, because opening some devices does something to them; and
    # again once open, because it may be another file by then.
    _require_regular(path, path.stat())
    file = os.fdopen(os.open(path, _FLAGS), "rb")
    try:
        _require_regular(path, os.fstat(file.fileno()))
    except BaseException:
        file.close()
        raise
    return file


def _require_regular(path: Path, status: os.stat_result) -> None:
    kind = stat.S_IFMT(status.st_mode)
    if kind == stat.S_IFDIR:
        next(path.iterdir(), None)  # says why it may not be listed
    if kind != stat.S_IFREG:
        raise NotAnArticle(_NOT_FILES.get(kind, "it is not a regular file"))


def _unpacked(file: BinaryIO) -> Iterator[bytes]:
    size = 0
    try:
        with gzip.GzipFile(fileobj=file) as packed:
            while piece := packed.read(_PIECE):
                size += len(piece)
                if size > _UNSUSPECTED and size > _RATIO * file.tell():
                    raise NotAnArticle(
                        f"it unpacks to more than {_RATIO} times its size (a zip bomb?)"
                    )
                yield piece
    except EOFError as error:
        raise NotAnArticle("its gzip data ends too early (was it cut off?)") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise NotAnArticle(f"it is not valid gzip data ({error})") from error
