"""HTTP/1.1 between a client and the scripted model."""

import json
import select
import socket
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from itertools import cycle
from threading import Condition, Event
from typing import Any, NoReturn, assert_never
from urllib.parse import urlsplit

from tests.loopback import LoopbackServer, hang_up

from .protocol import closing, completion, delta, error_body, models, opening, refusal_of
from .recording import JsonDict, Request
from .replies import Answer, Behaviour, Ending, Failure, Garbage, Page, Reply, says

_LOOK = 0.005  # seconds; how soon a test's event is noticed
_PAGE = (
    "<html>\r\n<head><title>{status} Error</title></head>\r\n<body>\r\n<center><h1>{status} Error"
    "</h1></center>\r\n<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n"
)
_JSON = "application/json"
_EVENTS = "text/event-stream"


@dataclass
class Script:
    """What is to be answered and what was asked: hold `changed` to read or write."""

    changed: Condition = field(default_factory=Condition)
    default: Reply = field(default_factory=lambda: says("Je ne sais pas."))
    next: deque[Reply] = field(default_factory=deque)
    models: tuple[str, ...] = ("test",)
    requests: list[Request] = field(default_factory=list)

    def take(self, request: Request) -> Reply:
        """Record the request, and use up the reply that is its own."""
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()
            return self.next.popleft() if self.next else self.default


class Transport(LoopbackServer):
    """The scripted model's connections."""

    def __init__(self, script: Script) -> None:
        self.script = script
        super().__init__(_Connection, script.changed)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Transport

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/v1/models":
            with self.server.script.changed:
                names = self.server.script.models
            self._answer(200, models(names))
        else:
            self._refuse(404, f"Invalid URL (GET {self.path})")

    def do_POST(self) -> None:
        at = time.monotonic()
        length = int(self.headers.get("Content-Length", 0))
        content = self.rfile.read(length)
        if len(content) < length:  # the client died while it was writing: it asked for nothing
            self.close_connection = True
            return
        if urlsplit(self.path).path != "/v1/chat/completions":
            self._refuse(404, f"Invalid URL (POST {self.path})")
            return
        try:
            body = json.loads(content)
        except ValueError:
            self._refuse(400, "We could not parse the JSON body of your request.")
            return
        if refusal := refusal_of(body):
            self._refuse(400, refusal)
            return
        _, _, key = self.headers.get("Authorization", "").partition("Bearer ")
        self._serve(Request(body, key, at, self.server.script.changed))

    def _serve(self, request: Request) -> None:
        reply = self.server.script.take(request)
        gone = False
        try:
            self._behave(request, reply(request) if callable(reply) else reply)
        except ConnectionError:
            gone = True
            self.close_connection = True
        finally:
            with self.server.script.changed:
                request.end(hung_up=gone and not self.server.closing)

    def _behave(self, request: Request, behaviour: Behaviour) -> None:
        match behaviour:
            case Answer():
                self._wait(behaviour.before)
                self._wait_for(behaviour.start)
                if request.stream:
                    self._stream(request, behaviour)
                else:
                    self._write(request, behaviour)
            case Failure(status, body, headers):
                words = json.dumps(body)
                for name, value in (("{model}", request.model), ("{key}", request.key)):
                    words = words.replace(name, json.dumps(value)[1:-1])
                self._answer(status, words, headers=dict(headers))
            case Page(status):
                self._answer(status, _PAGE.format(status=status), "text/html")
            case Garbage(content) if request.stream:
                self._begin_stream()
                self._event(content)
                self._event("[DONE]")
                self._end_stream()
            case Garbage(content):
                self._answer(200, content)
            case _:  # as from a second import of this package: fail now, not after a time-out
                assert_never(behaviour)

    def _stream(self, request: Request, answer: Answer) -> None:
        self._begin_stream()
        self._event(opening(request))
        text = ""
        for piece in self._in_time(answer):
            text += piece
            request.add_sent(len(piece))  # first, so that one who has read it finds it counted
            self._event(delta(request, piece))
        match answer.ending:
            case Ending.SILENCE:
                self._wait_for_hang_up()
            case Ending.HANG_UP:
                self._break_off()
                return
            case Ending.NO_END:
                self._end_stream()
                return
            case Ending.ERROR:
                self._event(answer.error)
            case _:
                for chunk in closing(request, text, answer.ending.value):
                    self._event(chunk)
        self._event("[DONE]")
        self._end_stream()

    def _write(self, request: Request, answer: Answer) -> None:
        if answer.ending is Ending.AGAIN:
            self._wait_for_hang_up()
        text = "".join(self._in_time(answer))
        if answer.ending is Ending.ERROR:
            self._answer(500, answer.error)
            return
        finish = None if answer.ending is Ending.NO_END else answer.ending.value
        content = json.dumps(completion(request, text, finish), ensure_ascii=False)
        if answer.ending in (Ending.STOP, Ending.LENGTH, Ending.NO_END):
            request.add_sent(len(text))
            self._answer(200, content)
            return
        whole = content.encode()
        self._head(200, {"Content-Type": _JSON, "Content-Length": str(len(whole))})
        self.wfile.write(whole[:-1])
        request.add_sent(len(text))
        if answer.ending is Ending.SILENCE:
            self._wait_for_hang_up()
        self._break_off()

    def _in_time(self, answer: Answer) -> Iterator[str]:
        """The pieces, each when it is due."""
        if answer.ending is Ending.AGAIN:
            for piece in cycle(answer.pieces):
                yield piece
                self._wait(answer.pause)
        for place, piece in enumerate(answer.pieces):
            if place:
                self._wait(answer.pause)
            if place == len(answer.pieces) - 1:
                self._wait_for(answer.until)
            yield piece

    def _wait(self, seconds: float) -> None:
        """Raises ConnectionError as soon as the client hangs up, as do the other waits."""
        if seconds and select.select([self.connection], [], [], seconds)[0]:
            self._raise_if_gone()

    def _wait_for(self, event: Event | None) -> None:
        while event is not None and not event.wait(_LOOK):
            if select.select([self.connection], [], [], 0)[0]:
                self._raise_if_gone()

    def _wait_for_hang_up(self) -> NoReturn:
        select.select([self.connection], [], [])
        self._raise_if_gone()
        raise AssertionError("the client sent another request before the answer to this one")

    def _raise_if_gone(self) -> None:
        if not self.connection.recv(1, socket.MSG_PEEK):
            raise ConnectionAbortedError("the client hung up")

    def _break_off(self) -> None:
        self.close_connection = True
        hang_up(self.connection)

    def _begin_stream(self) -> None:
        self._head(200, {"Content-Type": _EVENTS, "Transfer-Encoding": "chunked"})

    def _event(self, data: JsonDict | str) -> None:
        words = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        event = f"data: {words}\n\n".encode()
        self.wfile.write(b"%x\r\n%b\r\n" % (len(event), event))

    def _end_stream(self) -> None:
        self.wfile.write(b"0\r\n\r\n")

    def _refuse(self, status: int, message: str) -> None:
        self._answer(status, error_body(message, "invalid_request_error"))

    def _answer(
        self,
        status: int,
        body: JsonDict | str,
        kind: str = _JSON,
        headers: dict[str, str] | None = None,
    ) -> None:
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        length = str(len(content))
        self._head(status, {"Content-Type": kind, "Content-Length": length, **(headers or {})})
        self.wfile.write(content)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the requests are kept for the test to read."""
