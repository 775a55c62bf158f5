"""Bring the index up to date with the articles.

    python scripts/reindex.py                     the folder that ARTICLES_DIR names
    python scripts/reindex.py news/ wire/2024     exactly these folders (or files)
    python scripts/reindex.py --dry-run           what would be done?
    python scripts/reindex.py --watch             again whenever a file changes
    python scripts/reindex.py --full              read and build everything anew
    python scripts/reindex.py --no-alerts         without telling subscribers: for archives
    python scripts/reindex.py --rollback          back to the generation before
    python scripts/reindex.py --check             is every file of the index as it was written?

Files that have not changed are not read again, and words that were embedded before are not
embedded again. A new generation is built aside, checked, and switched to at once: a running bot
follows within two seconds. A file that cannot be read keeps its last good version.

Subscribers of topics are told of articles that are new, or say something new, since the run
before; never of the first import, of what --full finds, of what comes back after --rollback, or
of anything that is indexed with --no-alerts, now or later.

Exit status: 0 done, 1 done but some files could not be read, 2 wrong usage, 4 another process
is at it, 5 refused (many articles would vanish, or the embedding model is another), 6 failed,
130 or 143 stopped (by Ctrl-C, by SIGTERM); after 4, 5 and 6 the index is as it was.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType

from watchfiles import watch

from bot.settings import SAMPLE_DIR, Settings, WrongSetting, read_settings
from index.articles.reading import RootNotFound
from index.embedding import load_encoder, model_name
from index.generations import Manifest, current_manifest, damaged_files, roll_back
from index.lock import Locked, locked
from index.planning import Options, Plan, Refused, plan
from index.reindex import Report, reindex
from index.run_record import RunRecord, keep_record, last_record
from index.writing import writing
from scripts.common import ERRORS, describe, progress_bar, quiet_logging

logger = logging.getLogger(__name__)

DONE, SOME_UNREADABLE, USAGE, LOCKED, REFUSED, FAILED = 0, 1, 2, 4, 5, 6
_STOPPED = "the index is whole, and what was embedded is kept"
_LISTED = 20  # files that could not be read; all are in --json
# --watch: milliseconds without a change after which it begins, and between two looks anyway.
_QUIET_FOR, _LOOK_EVERY = 1_000, 60_000


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    quiet_logging()
    try:
        settings = read_settings()
    except WrongSetting as error:
        return _told(error, USAGE)
    with _stoppable() as stop:
        try:
            return _done(settings, arguments)
        except KeyboardInterrupt:
            after_the_sign = "\n" if sys.stderr.isatty() else ""  # ^C
            print(f"{after_the_sign}reindex.py: stopped; {_STOPPED}", file=sys.stderr)
            return stop.status


class _Stop:
    """By which signal this process was asked to stop."""

    def __init__(self) -> None:
        self.status = _by_signal(signal.SIGINT)

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.status = _by_signal(number)
        raise KeyboardInterrupt


def _by_signal(number: int) -> int:
    """The exit status, as shells count it."""
    return 128 + number


@contextmanager
def _stoppable() -> Iterator[_Stop]:
    """Be told of SIGTERM as of Ctrl-C, so that what was built aside is removed."""
    stop = _Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # no signal arrives here
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)


def _done(settings: Settings, arguments: argparse.Namespace) -> int:
    if arguments.check:
        return _guarded(lambda: _check(settings.index_dir))
    if arguments.rollback:
        return _guarded(lambda: _roll_back(settings.index_dir))
    if arguments.dry_run:
        return _guarded(lambda: _dry_run(settings, arguments))
    status = _run(settings, arguments)
    if arguments.watch and status not in (USAGE, LOCKED):
        arguments.full = False
        return _guarded(lambda: _watch(settings, arguments))
    return status


def _watch(settings: Settings, arguments: argparse.Namespace) -> int:
    status = DONE
    for _ in _changes(settings, arguments):
        status = _run(settings, arguments, again=True)
    return status


def _changes(settings: Settings, arguments: argparse.Namespace) -> Iterator[object]:
    """Something every time files have changed and been left alone for a moment; and now and
    then, since not every disk tells of its changes."""
    return watch(
        *_roots(settings, arguments),
        debounce=_QUIET_FOR,
        step=_QUIET_FOR,
        rust_timeout=_LOOK_EVERY,
        yield_on_timeout=True,
        raise_interrupt=True,
    )


class _CorpusGone(Exception):
    """The folder that the index was built from holds nothing any more."""


def _guarded(work: Callable[[], int]) -> int:
    """The status of what is done; an error is told in one line."""
    try:
        return work()
    except RootNotFound as error:
        return _told(error, USAGE)
    except Locked as error:
        return _told(error, LOCKED)
    except (Refused, _CorpusGone) as error:
        return _told(error, REFUSED)
    except ERRORS as error:
        return _told(error, FAILED)
    except Exception:  # a defect: its trace is wanted, and its status must not be 1
        logger.exception("reindex.py failed; the index is as it was")
        return FAILED


def _told(error: Exception, status: int) -> int:
    print(f"reindex.py: {describe(error)}", file=sys.stderr)
    return status


def _run(settings: Settings, arguments: argparse.Namespace, *, again: bool = False) -> int:
    """Once, and kept on record; nothing is said `again` where nothing is new."""
    started = time.monotonic()
    reports: list[Report] = []
    told: list[str] = []

    def work() -> int:
        try:
            reports.append(_reindexed(settings, arguments))
        except Exception as error:
            told.append(describe(error))
            raise
        return SOME_UNREADABLE if _unreadable(reports[0]) else DONE

    status = _guarded(work)
    if again and reports and not reports[0].published:
        last = last_record(settings.index_dir)
        if last is not None and last.status == status:
            return status
    for report in reports:
        print(_summary(report), flush=True)  # --watch may write to a log
    if status in (USAGE, LOCKED):
        return status
    manifest = reports[0].manifest if reports else current_manifest(settings.index_dir)
    record = _record(status, manifest, reports, told, time.monotonic() - started)
    try:
        keep_record(settings.index_dir, record)
        if arguments.json:
            arguments.json.write_text(record.as_json() + "\n", encoding="utf-8")
    except OSError as error:
        if not reports:  # what keeps the record from being written has been told
            return status
        print(
            f"reindex.py: the index is up to date, but there is no record of it: {describe(error)}",
            file=sys.stderr,
        )
        return FAILED
    return status


def _reindexed(settings: Settings, arguments: argparse.Namespace) -> Report:
    load = partial(load_encoder, settings.embedding_model, settings.models_dir)
    model = model_name(settings.embedding_model)
    roots, options = _roots(settings, arguments), _options(settings, arguments)
    return reindex(roots, settings.index_dir, model, load, progress_bar, options)


def _options(settings: Settings, arguments: argparse.Namespace) -> Options:
    return Options(
        arguments.full, arguments.allow_shrink, settings.article_fields, arguments.no_alerts
    )


def _roots(settings: Settings, arguments: argparse.Namespace) -> list[Path]:
    """The articles to index; the sample never takes the place of a user's corpus by itself."""
    if arguments.roots:
        return list(arguments.roots)
    manifest = current_manifest(settings.index_dir)
    own = str(settings.articles_dir.resolve())
    if settings.corpus_dir == SAMPLE_DIR and manifest is not None and own in manifest.roots:
        raise _CorpusGone(
            f"{settings.articles_dir} holds no articles any more, and the index was built from "
            "it: is a disk not mounted? To index the sample instead, run "
            f".venv/bin/python scripts/reindex.py {SAMPLE_DIR}"
        )
    return [settings.corpus_dir]


def _check(index_dir: Path) -> int:
    damaged = damaged_files(index_dir)
    for name in damaged:
        print(f"damaged: {name}")
    print(f"{len(damaged)} files damaged." if damaged else "Every file is as it was sealed.")
    return FAILED if damaged else DONE


def _roll_back(index_dir: Path) -> int:
    with writing(index_dir), locked(index_dir, "reindex.py --rollback"):
        manifest = roll_back(index_dir)
    print(
        f"Back to generation {manifest.name}, made {manifest.created}: {_size(manifest)}. "
        "The next run brings the index up to date with the articles again."
    )
    return DONE


def _dry_run(settings: Settings, arguments: argparse.Namespace) -> int:
    model = model_name(settings.embedding_model)
    roots = _roots(settings, arguments)
    print(_planned(plan(roots, settings.index_dir, model, _options(settings, arguments))))
    return DONE


def _planned(planned: Plan) -> str:
    found = planned.changes
    if planned.nothing_to_do:
        return f"Nothing to do: {found.unchanged} files are as they were read."
    changed = len(found.to_read) - found.new
    lines = [
        f"Would read {len(found.to_read)} files: {found.new} new, {changed} changed.",
        f"Would remove the articles of {len(found.gone)} files that are gone.",
        f"{found.unchanged} files are as they were read.",
    ]
    if planned.base is None:
        lines.append("Everything would be built anew.")
    lines += [f"cannot be listed: {folder.path}" for folder in found.unlistable]
    return "\n".join(lines)


def _summary(report: Report) -> str:
    read = report.articles
    if not report.published:
        lines = [f"Up to date: {_size(report.manifest)} (generation {report.manifest.name})."]
    else:
        lines = [
            f"Indexed {_size(report.manifest)} in {report.seconds:.1f} s "
            f"(generation {report.manifest.name}).",
            f"  articles: {read.added} new, {read.changed} changed, {read.removed} removed; "
            f"texts embedded: {report.embedded}",
        ]
    unreadable = _unreadable(report)
    lines += [f"  could not be read: {place}: {reason}" for place, reason in unreadable[:_LISTED]]
    if len(unreadable) > _LISTED:
        lines.append(f"  and {len(unreadable) - _LISTED} more")
    if read.kept:
        lines.append(f"  articles kept as they were last read: {read.kept}")
    return "\n".join(lines)


def _size(manifest: Manifest) -> str:
    return f"{manifest.articles} articles, {manifest.passages} passages"


def _unreadable(report: Report) -> list[tuple[str, str]]:
    return [(item.place, item.reason) for item in report.articles.unreadable]


def _record(
    status: int,
    manifest: Manifest | None,
    reports: Sequence[Report],
    told: Sequence[str],
    seconds: float,
) -> RunRecord:
    report = reports[0] if reports else None
    return RunRecord(
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        status=status,
        seconds=round(seconds, 1),
        generation=manifest.name if manifest else None,
        published=report is not None and report.published,
        articles=manifest.articles if manifest else 0,
        passages=manifest.passages if manifest else 0,
        added=report.articles.added if report else 0,
        changed=report.articles.changed if report else 0,
        removed=report.articles.removed if report else 0,
        kept=report.articles.kept if report else 0,
        embedded=report.embedded if report else 0,
        unreadable=tuple(_unreadable(report)) if report else (),
        error=told[0] if told else None,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("roots", nargs="*", type=Path, metavar="PATH", help="folders or files")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was done as JSON")
    parser.add_argument("--full", action="store_true", help="read and build everything anew")
    parser.add_argument(
        "--allow-shrink",
        action="store_true",
        help="go on though more than a fifth of a folder's articles vanish",
    )
    parser.add_argument(
        "--no-alerts",
        action="store_true",
        help="index without telling subscribers: for archives",
    )
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--dry-run", action="store_true", help="say what would be done")
    instead.add_argument("--watch", action="store_true", help="go on as files change")
    instead.add_argument(
        "--rollback", action="store_true", help="use the generation before the one in use"
    )
    instead.add_argument("--check", action="store_true", help="verify the checksums")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
