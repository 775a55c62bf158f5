"""`python -m bot` with a clock that a test sets.

    python -m tests.chat.clocked CLOCK

CLOCK is a file that holds by how many seconds the time is to be ahead of the machine's.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.__main__ import main


class Clock:
    """Set by a test, read by a bot in another process."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(self._path.read_text()))

    def set(self, moment: datetime) -> None:
        ahead = moment - datetime.now(UTC)
        aside = self._path.with_suffix(".new")
        aside.write_text(str(ahead.total_seconds()))
        aside.replace(self._path)


if __name__ == "__main__":
    raise SystemExit(main([], Clock(Path(sys.argv[1])).now))
