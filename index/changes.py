"""What has changed on disk since the files were last read."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from index.articles.files import ArticleFile
from index.store import FileState


@dataclass(frozen=True, slots=True)
class Changes:
    """Files by what is to be done about them."""

    to_read: list[tuple[ArticleFile, FileState | None]]  # new or changed, with what they are now
    unlistable: list[ArticleFile]  # folders: what was read beneath them is not known to be gone
    gone: list[str]  # ids
    unchanged: int
    new: int  # of those to read


def changes(files: Sequence[ArticleFile], known: Mapping[str, FileState | None]) -> Changes:
    """Compare the files there are with those that were read.

    :param known: by id, how each was when it was read; None where it could not be, so that it
        is to be tried again.
    """
    to_read, unlistable, unchanged = [], [], 0
    for file in files:
        mode, state = state_of(file)
        if stat.S_ISDIR(mode):
            unlistable.append(file)
        elif state is not None and known.get(file.id) == state:
            unchanged += 1
        else:
            to_read.append((file, state))
    there = {file.id for file in files}
    folders = [f"{folder.id}/" for folder in unlistable]
    gone = [id for id in known if id not in there and not _beneath(id, folders)]
    new = sum(file.id not in known for file, _ in to_read)
    return Changes(to_read, unlistable, gone, unchanged, new)


def state_of(file: ArticleFile) -> tuple[int, FileState | None]:
    """What kind of file it is (stat's mode, 0 where it cannot be said), and how it is now."""
    try:
        found = os.stat(file.path)
    except OSError:  # its reader will say why
        return 0, None
    return found.st_mode, FileState(found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _beneath(id: str, folders: Collection[str]) -> bool:
    return any(id.startswith(folder) for folder in folders)
