"""Bring the index up to date with the articles.

    python scripts/reindex.py                     the folder that ARTICLES_DIR names
    python scripts/reindex.py news/ wire/2024     exactly these folders (or files)
    python scripts/reindex.py --full              build anew though nothing has changed
    python scripts/reindex.py --check             is every file of the index as it was written?

A new generation is built aside, checked, and switched to at once. Words that were embedded
before are not embedded again.

Exit status: 0 done, 1 done but some files could not be read, 2 wrong usage, 6 failed; after
6 the index is as it was.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.settings import SAMPLE_DIR, Settings, WrongSetting, read_settings
from index.articles.reading import RootNotFound
from index.embedding import load_encoder, model_name
from index.generations import Manifest, current_manifest, damaged_files
from index.reindex import Report, is_current, reindex
from scripts.common import ERRORS, describe, progress_bar, quiet_logging

logger = logging.getLogger(__name__)

DONE, SOME_UNREADABLE, USAGE, FAILED = 0, 1, 2, 6


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    quiet_logging()
    try:
        settings = read_settings()
        manifest = current_manifest(settings.index_dir)
        if arguments.check:
            return _check(settings.index_dir)
        roots = arguments.roots or [_corpus(settings, manifest)]
        model = model_name(settings.embedding_model)
        if manifest and not arguments.full and is_current(roots, settings.index_dir, model):
            return _up_to_date(manifest)
        report = reindex(
            roots,
            settings.index_dir,
            lambda: load_encoder(settings.embedding_model, settings.models_dir),
            progress_bar,
        )
    except (WrongSetting, RootNotFound) as error:
        print(f"reindex.py: {describe(error)}", file=sys.stderr)
        return USAGE
    except (*ERRORS, _CorpusGone) as error:
        print(f"reindex.py: {describe(error)}", file=sys.stderr)
        return FAILED
    except Exception:  # a defect: its trace is wanted, and its status must not be 1
        logger.exception("reindex.py failed; the index is as it was")
        return FAILED
    return _done(report)


class _CorpusGone(Exception):
    """The folder that the index was built from holds nothing any more."""


def _corpus(settings: Settings, manifest: Manifest | None) -> Path:
    """The articles to index; the sample never takes the place of a user's corpus by itself."""
    own = str(settings.articles_dir.resolve())
    if settings.corpus_dir == SAMPLE_DIR and manifest is not None and own in manifest.roots:
        raise _CorpusGone(
            f"{settings.articles_dir} holds no articles any more, and the index was built from "
            "it: is a disk not mounted? To index the sample instead, run "
            f".venv/bin/python scripts/reindex.py {SAMPLE_DIR}"
        )
    return settings.corpus_dir


def _check(index_dir: Path) -> int:
    damaged = damaged_files(index_dir)
    for name in damaged:
        print(f"damaged: {name}")
    print(f"{len(damaged)} files damaged." if damaged else "Every file is as it was sealed.")
    return FAILED if damaged else DONE


def _up_to_date(manifest: Manifest) -> int:
    print(
        f"Up to date: {manifest.articles} articles, {manifest.passages} passages "
        f"(generation {manifest.name})."
    )
    for path, reason in manifest.unreadable:
        print(f"  could not be read: {path}: {reason}")
    return SOME_UNREADABLE if manifest.unreadable else DONE


def _done(report: Report) -> int:
    manifest = report.manifest
    print(
        f"Indexed {manifest.articles} articles, {manifest.passages} passages in "
        f"{report.seconds:.1f} s (generation {manifest.name})."
    )
    for item in report.unreadable:
        print(f"  could not be read: {item.path}: {item.reason}")
    if report.kept:
        print(f"  articles kept as they were last read: {report.kept}")
    return SOME_UNREADABLE if report.unreadable else DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("roots", nargs="*", type=Path, metavar="PATH", help="folders or files")
    parser.add_argument("--check", action="store_true", help="verify the checksums, build nothing")
    parser.add_argument("--full", action="store_true", help="build even if nothing has changed")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
