"""Reading a feed in a process of its own, which may take so long and no longer.

Some documents of a few megabytes keep any parser busy for hours; none may hold up the rest.
"""

from __future__ import annotations

import multiprocessing
import resource
import signal
from datetime import date
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from scripts.feeds.entries import Feed, NotAFeed, read_feed

_MEMORY = 4 << 30  # bytes of address space


class FeedReader:
    """Reads feeds one after the other; the process is started at the first, and ends with the
    block."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._running: tuple[BaseProcess, Connection] | None = None

    def __enter__(self) -> FeedReader:
        return self

    def __exit__(self, *raised: object) -> None:
        self._end()

    def read(self, data: bytes, listed: str, found: str, today: date) -> Feed:
        """As `read_feed`; raises NotAFeed also when it takes too long, or too much memory."""
        self._running = self._running or _started()
        _, pipe = self._running
        try:
            pipe.send((data, listed, found, today))
            answer = pipe.recv() if pipe.poll(self._seconds) else None
        except (EOFError, OSError):
            self._end()
            raise NotAFeed("the process that read it broke down") from None
        except BaseException:  # an interrupted question must not be answered to the next
            self._end()
            raise
        if answer is None:
            self._end()
            raise NotAFeed(f"reading it takes more than {self._seconds:.0f} s")
        if isinstance(answer, str):
            raise NotAFeed(answer)
        assert isinstance(answer, Feed)
        return answer

    def _end(self) -> None:
        if self._running:
            process, pipe = self._running
            self._running = None
            pipe.close()
            process.kill()
            process.join()
            process.close()


def _started() -> tuple[BaseProcess, Connection]:
    # Not forked: a copy of a process with threads may be born stuck.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_answer, args=(theirs,), daemon=True, name="feed reader")
    process.start()
    theirs.close()
    return process, ours


def _answer(pipe: Connection) -> None:
    """A Feed for every question, or why there is none, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    while True:
        try:
            question = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(read_feed(*question))
        except NotAFeed as error:
            pipe.send(str(error))
        except Exception as error:  # parsers fail on hostile input in ways that no list covers
            pipe.send(f"its reader failed on it ({type(error).__name__}: {error})"[:500])
