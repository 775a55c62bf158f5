"""What a reindex would do: which files have changed, and whether that is to be refused."""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from index.articles.files import id_prefixes
from index.articles.reading import FieldNames, article_files
from index.changes import Changes, changes
from index.generations import (
    IndexNotBuilt,
    IndexUnusable,
    Manifest,
    current_manifest,
    open_store,
)
from index.passages import PASSAGE_SIZE
from index.store import FileState, Store

logger = logging.getLogger(__name__)

# Counts changes to how files are read and cut.
PIPELINE = 3
# Share of one corpus folder's articles that may vanish at once: more is rather a disk that is
# not mounted.
MOST_VANISHING = 0.2


class Refused(Exception):
    """What was asked for would lose something; the message says what, and how to insist."""


class ModelChanged(Refused):
    """The index was built by another model."""


class WouldShrink(Refused):
    """Many of a folder's articles would vanish."""


@dataclass(frozen=True, slots=True)
class Options:
    full: bool = False  # read and build everything anew
    allow_shrink: bool = False  # however many articles vanish
    fields: FieldNames = field(default_factory=FieldNames)  # of records
    no_alerts: bool = False  # nobody is to be told of what it brings


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, before anything is read."""

    roots: tuple[Path, ...]
    base: Manifest | None  # the generation that is changed, None where all is built anew
    previous: Manifest | None  # the generation in use, if it is of the same roots
    changes: Changes

    @property
    def nothing_to_do(self) -> bool:
        found = self.changes
        return self.base is not None and not (found.to_read or found.unlistable or found.gone)


def plan(roots: Sequence[Path], index_dir: Path, model: str, options: Options) -> Plan:
    """Look at the files, and at what the index holds of them.

    :param model: the name of the encoder that will embed.
    :raises RootNotFound: for a root that does not exist.
    :raises ModelChanged, WouldShrink: unless the options allow it.
    """
    files = article_files(roots)
    previous = current_manifest(index_dir)
    if previous is not None and set(previous.roots) != set(resolved(roots)):
        previous = None  # another corpus: nothing of it is kept
    store = opened_store(index_dir) if previous else None
    if store is None or previous is None:
        return Plan(tuple(roots), None, None, changes(files, {}))
    try:
        if previous.model != model and not options.full:
            raise ModelChanged(
                f"the index was built with the model {previous.model}, and EMBEDDING_MODEL is "
                f"now {model}: every passage has to be embedded again, which --full does"
            )
        by_file = store.articles_by_file()
        known: dict[str, FileState | None] = {**dict.fromkeys(by_file), **store.files()}
        found = changes(files, known)
        if not options.allow_shrink:
            refuse_to_shrink(roots, by_file, {id: by_file.get(id, 0) for id in found.gone})
        if not options.full and previous.pipeline != pipeline_of(options):
            logger.warning("files are read otherwise than when the index was built: all are again")
        if options.full or previous.pipeline != pipeline_of(options):
            return Plan(tuple(roots), None, previous, changes(files, {}))
        return Plan(tuple(roots), previous, previous, found)
    except sqlite3.DatabaseError as error:
        logger.warning("the index in use is damaged (%s); it is built anew", error)
        return Plan(tuple(roots), None, previous, changes(files, {}))
    finally:
        store.close()


def refuse_to_shrink(
    roots: Sequence[Path], articles: Mapping[str, int], lost: Mapping[str, int]
) -> None:
    """:param articles: how many each file had given, by the file's id; `lost`, how many go."""
    prefixes = id_prefixes(roots)
    had, goes = Counter[Path](), Counter[Path]()
    for counted, by_file in ((had, articles), (goes, lost)):
        for id, count in by_file.items():
            for prefix, root in prefixes.items():
                if id.startswith(prefix):
                    counted[root] += count
    for root, count in goes.items():
        if count > MOST_VANISHING * had[root]:
            raise WouldShrink(
                f"{count} of the {had[root]} articles of {root} would vanish from the index: is "
                "a disk not mounted, or a folder moved? If they are to go, add --allow-shrink"
            )


def opened_store(index_dir: Path) -> Store | None:
    try:
        return open_store(index_dir)
    except (IndexNotBuilt, IndexUnusable) as error:
        logger.warning("%s; it is built anew", error)
        return None


def pipeline_of(options: Options) -> str:
    names = ",".join("=".join(pair) for pair in options.fields.own)
    return f"{PIPELINE}, passages of {PASSAGE_SIZE}, fields {names or 'as usual'}"


def resolved(roots: Sequence[Path]) -> list[str]:
    return [str(root.resolve()) for root in roots]
