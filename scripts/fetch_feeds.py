"""Fetch the articles of news feeds (RSS, Atom) into the folder that ARTICLES_DIR names.

    python scripts/fetch_feeds.py                     the feeds of data/feeds.txt
    python scripts/fetch_feeds.py --feeds mine.txt    those of another list
    python scripts/fetch_feeds.py --dry-run           what would be stored; nothing is
    python scripts/fetch_feeds.py --json report.json  the report as JSON, too

The list has one address a line; # begins a comment. Each new article becomes a Markdown file
below ARTICLES_DIR/feeds; one that the feed has changed is written anew, and one that you delete
stays deleted. Then run scripts/reindex.py.

Feeds that have not changed are not sent again, and servers that ask for peace get it. Machines
outside the public internet are never asked, unless FEEDS_ALLOW_NETS admits them. Proxies are
not used.

Exit status: 0 done, 1 done but some feeds failed, 2 wrong usage, 4 another run is at it,
6 failed.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from bot.settings import Settings, WrongSetting, read_settings
from index.lock import Locked, locked
from scripts.common import ERRORS, describe, quiet_logging
from scripts.feeds.collecting import Collector, Outcome
from scripts.feeds.fetching import Fetcher, Limits
from scripts.feeds.listing import Listed, read_list
from scripts.feeds.reading import FeedReader
from scripts.feeds.state import State
from scripts.feeds.storing import write

logger = logging.getLogger(__name__)

DONE, SOME_FAILED, USAGE, RUNNING, FAILED = 0, 1, 2, 4, 6
FEEDS = Path("data/feeds.txt")
LIMITS = Limits()


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    quiet_logging()
    try:
        settings = read_settings()
        feeds = _listed(arguments.feeds)
        if not feeds:
            print(f"{arguments.feeds} lists no feed: write one address a line.")
            return DONE
        run = _rehearse if arguments.dry_run else _fetch
        outcomes = run(settings, feeds, arguments.limit)
        print(_summary(outcomes, dry=arguments.dry_run))
        if arguments.json:
            report = {"dry_run": arguments.dry_run, "feeds": [asdict(one) for one in outcomes]}
            text = json.dumps(report, ensure_ascii=False, indent=2)
            write(arguments.json, f"{text}\n".encode())
    except (WrongSetting, _NoList) as error:
        print(f"fetch_feeds.py: {describe(error)}", file=sys.stderr)
        return USAGE
    except Locked as error:
        print(f"fetch_feeds.py: {describe(error)}", file=sys.stderr)
        return RUNNING
    except ERRORS as error:
        print(f"fetch_feeds.py: {describe(error)}", file=sys.stderr)
        return FAILED
    except Exception:  # a defect: its trace is wanted, and its status must not be 1
        logger.exception("fetch_feeds.py failed; what was stored stays")
        return FAILED
    return SOME_FAILED if any(outcome.failed for outcome in outcomes) else DONE


class _NoList(Exception):
    """The list of feeds cannot be read."""


def _listed(path: Path) -> list[Listed]:
    try:
        return read_list(path)
    except FileNotFoundError:
        raise _NoList(
            f"{path} does not exist: write the addresses of feeds there, one a line "
            "(data/feeds.example.txt is a model), or name another list with --feeds"
        ) from None
    except UnicodeDecodeError as error:
        raise _NoList(f"{path} is not UTF-8 text (byte {error.start}): save it as UTF-8") from None
    except OSError as error:
        raise _NoList(f"{path} cannot be read: {error.strerror}") from error


def _fetch(settings: Settings, feeds: Sequence[Listed], most: int) -> list[Outcome]:
    folder = settings.articles_dir / "feeds"
    # Both hidden: the folder's other files are articles.
    with locked(folder, "fetch_feeds.py"):
        state, anew = State.open(folder / ".state.sqlite")
        if anew:
            print(
                f"{folder / '.state.sqlite'} was damaged and has been set aside; articles that "
                "were deleted may come back",
                file=sys.stderr,
            )
        try:
            return _run(settings, feeds, state, most, keep=True)
        finally:
            state.close()


def _rehearse(settings: Settings, feeds: Sequence[Listed], most: int) -> list[Outcome]:
    state = State.copy(settings.articles_dir / "feeds" / ".state.sqlite")
    try:
        return _run(settings, feeds, state, most, keep=False)
    finally:
        state.close()


def _run(
    settings: Settings, feeds: Sequence[Listed], state: State, most: int, *, keep: bool
) -> list[Outcome]:
    folder = settings.articles_dir / "feeds"
    fetcher = Fetcher(LIMITS, settings.feeds_allow_nets)
    with FeedReader(LIMITS.parse) as reader:
        collector = Collector(folder, state, fetcher, reader, LIMITS, most, keep)
        return collector.run(feeds, _told(len(feeds)))


def _told(total: int) -> Callable[[str], None]:
    done = 0

    def told(address: str) -> None:
        nonlocal done
        done += 1
        print(f"{done}/{total} {address}", file=sys.stderr, flush=True)

    return told


def _summary(outcomes: Sequence[Outcome], *, dry: bool) -> str:
    """The report for a person: the sums, then whatever wants attention."""
    new, updated = sum(one.new for one in outcomes), sum(one.updated for one in outcomes)
    lines = [
        f"{len(outcomes)} feeds: {new} new articles{' would be' if dry else ''} stored, "
        f"{updated} updated, {sum(one.known for one in outcomes)} known, "
        f"{sum(one.not_modified for one in outcomes)} feeds unchanged."
    ]
    if short := sum(one.short for one in outcomes):
        lines.append(f"  left out, with too little text to quote: {short}")
    if deleted := sum(one.deleted for one in outcomes):
        lines.append(f"  left out, because they were deleted here: {deleted}")
    lines += [
        f"  {one.address}: {one.left} more articles wait for the next run (--limit)"
        for one in outcomes
        if one.left
    ]
    lines += [
        f"  {one.address} has moved for good: change the list to {one.moved_to}"
        for one in outcomes
        if one.moved_to and not one.failed
    ]
    lines += [f"  failed: {one.address}: {one.failed}" for one in outcomes if one.failed]
    if (new or updated) and not dry:
        lines.append("To have them found: .venv/bin/python scripts/reindex.py")
    return "\n".join(map(_printable, lines))


def _printable(line: str) -> str:
    """The line without control characters: what a server says is shown on a terminal."""
    return "".join(character if character.isprintable() else "�" for character in line)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--feeds", type=Path, default=FEEDS, metavar="FILE", help="the list")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report there")
    parser.add_argument(
        "--limit",
        type=_positive,
        default=200,
        metavar="N",
        help="at most so many new articles of one feed in one run (default: 200)",
    )
    parser.add_argument("--dry-run", action="store_true", help="ask the feeds, store nothing")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
