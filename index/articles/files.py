"""Which files of some folders are articles, and what each is called."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


class RootNotFound(FileNotFoundError):
    """A file or folder named by the user does not exist."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} does not exist: name a folder of articles, or one article")
        self.path = path


@dataclass(frozen=True, slots=True)
class ArticleFile:
    """One file, and the stable id of the article in it.

    A folder that may not be listed is one too: reading it says why, and whatever was known
    under its id is not known to be gone.
    """

    id: str
    path: Path


def list_files(roots: Sequence[Path], suffixes: Collection[str]) -> list[ArticleFile]:
    """The files beneath the roots that end in one of `suffixes` (any case), sorted by id.

    A root that is a file is listed whatever its suffix. Hidden files and folders are skipped,
    and a file reached twice (overlapping roots, symbolic links) is listed once.

    Raises RootNotFound.
    """
    starts: dict[Path, Path] = {}  # the root as resolved -> the folder its ids start from
    for root in roots:
        start = Path(os.path.realpath(root))
        if not start.exists():
            raise RootNotFound(root)
        starts[start] = start if start.is_dir() else start.parent
    labels = _labels(set(starts.values()))

    found: dict[str, tuple[str, Path]] = {}  # real path -> name, path
    # Outermost roots first, so that ids do not depend on the order in which roots are given.
    for start, folder in sorted(starts.items(), key=lambda item: (len(item[1].parts), item)):
        for path in _walk(start, suffixes) if start.is_dir() else [start]:
            name = _printable("/".join((*labels[folder], *path.relative_to(folder).parts)))
            found.setdefault(os.path.realpath(path), (name, path))
    names = {name for name, _ in found.values()}
    files = [ArticleFile(_nfc(name, names), path) for name, path in found.values()]
    return sorted(files, key=lambda file: file.id)


def _nfc(name: str, names: Collection[str]) -> str:
    """The name in NFC, unless that is another file's very name."""
    composed = unicodedata.normalize("NFC", name)
    return name if composed != name and composed in names else composed


def _printable(name: str) -> str:
    """The name with bytes that are not UTF-8 spelt out (`\\xe9`): an id is always valid text."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _walk(root: Path, suffixes: Collection[str]) -> Iterator[Path]:
    """Files where they really are, then those behind symbolic links; each folder once."""
    seen: set[str] = set()
    folders, linked_folders, linked_files = [root], list[Path](), list[Path]()
    while folders or linked_folders:
        folder = folders.pop() if folders else linked_folders.pop(0)
        real = os.path.realpath(folder)
        if real in seen:
            continue
        seen.add(real)
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            yield folder
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            path = folder / entry.name
            if _is_folder(entry):
                (linked_folders if entry.is_symlink() else folders).append(path)
            elif path.suffix.lower() in suffixes:
                if entry.is_symlink():
                    linked_files.append(path)
                elif entry.is_file():
                    yield path
    yield from linked_files


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _labels(folders: set[Path]) -> dict[Path, tuple[str, ...]]:
    """For each folder the shortest end of its path that tells it from every other's.

    No label begins another, or a file of one folder could get the id of another's.
    """
    length = dict.fromkeys(folders, 1)

    def label(folder: Path) -> tuple[str, ...]:
        return folder.parts[1:][-length[folder] :]

    def clash(one: Path, other: Path) -> bool:
        return all(a == b for a, b in zip(label(one), label(other), strict=False))

    while clashing := [
        folder
        for folder in folders
        if length[folder] < len(folder.parts) - 1
        and any(clash(folder, other) for other in folders - {folder})
    ]:
        for folder in clashing:
            length[folder] += 1
    return {folder: label(folder) for folder in folders}
