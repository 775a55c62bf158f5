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
    under its id is not known to be gone. So is a link that leads out of the folders given.
    """

    id: str
    path: Path
    leads_to: Path | None = None  # where a link that must not be followed leads


def list_files(roots: Sequence[Path], suffixes: Collection[str]) -> list[ArticleFile]:
    """The files beneath the roots that end in one of `suffixes` (any case), sorted by id.

    A suffix may be of two parts, `.txt.gz`. A root that is a file is listed whatever its suffix.
    Hidden files and folders are skipped, and a file reached twice (overlapping roots, symbolic
    links) is listed once. What is neither file nor folder, such as a pipe, is listed too.

    Links are followed within the roots. One that leads out of them is listed as itself and not
    followed: who may write to a folder of articles could otherwise have any file of the machine
    read out to readers. To have such a folder read, name it as a root.

    Raises RootNotFound.
    """
    starts = _starts(roots)
    labels = _labels(set(starts.values()))

    found: dict[str, tuple[str, Path, Path | None]] = {}  # real path -> name, path, leads_to
    endings = tuple(suffixes)
    # Outermost roots first, so that ids do not depend on the order in which roots are given.
    for start, folder in sorted(starts.items(), key=lambda item: (len(item[1].parts), item)):
        label = "/".join(labels[folder])
        for path, real in (
            _walk(start, endings, starts) if start.is_dir() else [(start, str(start))]
        ):
            # The folder itself is given where it may not be listed: its id is its label.
            within = "" if path == folder else f"/{path.relative_to(folder).as_posix()}"
            name = _printable(f"{label}{within}")
            is_within = real == str(path) or _is_within(Path(real), starts)
            found.setdefault(real, (name, path, None if is_within else Path(real)))
    names = {name for name, _, _ in found.values()}
    files = [ArticleFile(_nfc(name, names), path, to) for name, path, to in found.values()]
    return sorted(files, key=lambda file: file.id)


def id_prefixes(roots: Sequence[Path]) -> dict[str, Path]:
    """What the ids of the files beneath each root begin with, and that root's folder.

    Raises RootNotFound.
    """
    folders = set(_starts(roots).values())
    labels = _labels(folders)
    prefixes = {folder: _printable("/".join(labels[folder])) for folder in folders}
    return {
        unicodedata.normalize("NFC", f"{prefix}/"): folder for folder, prefix in prefixes.items()
    }


def _starts(roots: Sequence[Path]) -> dict[Path, Path]:
    """Each root as resolved, with the folder its ids start from."""
    starts = {}
    for root in roots:
        start = Path(os.path.realpath(root))
        if not start.exists():
            raise RootNotFound(root)
        starts[start] = start if start.is_dir() else start.parent
    return starts


def _nfc(name: str, names: Collection[str]) -> str:
    """The name in NFC, unless that is another file's very name."""
    composed = unicodedata.normalize("NFC", name)
    return name if composed != name and composed in names else composed


def _printable(name: str) -> str:
    """The name with bytes that are not UTF-8 spelt out (`\\xe9`): an id is always valid text."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _is_within(real: Path, roots: Collection[Path]) -> bool:
    return any(folder in roots for folder in (real, *real.parents))


def _walk(
    root: Path, endings: tuple[str, ...], roots: Collection[Path]
) -> Iterator[tuple[Path, str]]:
    """Files where they really are, then those behind symbolic links, each with its real path;
    each folder once.

    Links to folders outside the roots are given themselves, and not followed.
    """
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
            yield folder, real
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            path = folder / entry.name
            if _is_folder(entry):
                if not entry.is_symlink():
                    folders.append(path)
                elif _is_within(Path(os.path.realpath(path)), roots):
                    linked_folders.append(path)
                else:
                    linked_files.append(path)
            elif entry.name.lower().endswith(endings):
                if entry.is_symlink():
                    linked_files.append(path)
                else:  # its folder's real path is known, and asking for each file's takes long
                    yield path, os.path.join(real, entry.name)
    for path in linked_files:
        yield path, os.path.realpath(path)


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
