"""An HTTP server on loopback that a test starts, and that hangs up on all when it closes."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from types import TracebackType
from typing import Any, Self

_ACCEPT_WAIT = 0.02  # seconds; bounds how long closing takes


class LoopbackServer(ThreadingHTTPServer):
    """A thread for each connection; closing hangs up on all of them and waits for the threads."""

    daemon_threads = False
    request_queue_size = 128  # a crowd that connects at once need not try again

    def __init__(
        self,
        handler: Callable[..., BaseHTTPRequestHandler],
        changed: Condition,
        host: str = "127.0.0.1",
    ) -> None:
        """:param changed: guards what the server's threads share; hold it to read or write.
        :param host: an address of 127.0.0.0/8.
        """
        self.failures: list[BaseException] = []
        self.closing = False
        self._changed = changed
        self._connections: set[socket.socket] = set()
        super().__init__((host, 0), handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._changed:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._changed:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Called while the error is handled. A client that went away is no failure of ours."""
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError):
            self.failures.append(error)

    def close(self) -> None:
        """Stop accepting, end what is under way, and return when every thread is done."""
        self.shutdown()
        with self._changed:
            self.closing = True
            self._changed.notify_all()
            for connection in self._connections:
                hang_up(connection)
        self.server_close()


class Serving:
    """A context in which a server serves; a failure of the server is raised when it ends."""

    def __init__(self, server: LoopbackServer, name: str) -> None:
        self._server = server
        self._name = name
        self._thread = Thread(target=server.serve_forever, args=(_ACCEPT_WAIT,), name=name)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        self._thread.join()
        if not self._server.failures:
            return
        cause = self._server.failures[0]
        if error is None:
            raise AssertionError(f"the server of {self._name} failed") from cause
        error.add_note(f"before that, the server of {self._name} failed: {cause!r}")


def hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side was first
        connection.shutdown(socket.SHUT_RDWR)
