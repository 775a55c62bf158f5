"""A web server on loopback that serves feeds, and misbehaves as a test asks."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Sequence
from html import escape
from http.server import BaseHTTPRequestHandler
from threading import Condition

from tests.loopback import LoopbackServer, Serving

PROSE = (
    "Le pont des Aulnes a rouvert lundi à Vaubrac, après deux ans de travaux et bien des "
    "retards. La commune attend encore la facture."
)
Answer = Callable[[BaseHTTPRequestHandler], None]


class FeedServer(Serving):
    """Answers each path as `paths` says, on an address of 127.0.0.0/8; keeps what was asked."""

    def __init__(self, host: str = "127.0.0.2") -> None:
        self.paths: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []  # path, headers in lower case
        self.moments: list[float] = []
        asked, moments, paths = self.asked, self.moments, self.paths

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                moments.append(time.monotonic())
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked.append((self.path, headers))
                self.close_connection = True
                paths.get(self.path, status(404))(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = LoopbackServer(Handler, Condition(), host)
        super().__init__(server, "feeds")
        self.url = f"http://{host}:{server.server_port}"


def status(code: int, **headers: str) -> Answer:
    """An answer without a body."""
    return body(b"", code, **headers)


def body(data: bytes | str, code: int = 200, **headers: str) -> Answer:
    """An answer with a body; `content_type=…` becomes Content-Type."""
    sent = data.encode() if isinstance(data, str) else data

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(sent)))
        handler.end_headers()
        handler.wfile.write(sent)

    return answer


def raw(data: bytes) -> Answer:
    """These very bytes, whether they are HTTP or not."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(data)

    return answer


def redirect(target: str, code: int = 302) -> Answer:
    return status(code, Location=target)


def conditional(data: str, etag: str, modified: str) -> Answer:
    """304 to whoever has it already."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        known = handler.headers["If-None-Match"] == etag
        code, sent = (304, "") if known else (200, data)
        body(sent, code, ETag=etag, Last_Modified=modified)(handler)

    return answer


def endless(piece: bytes, pause: float) -> Answer:
    """A body that never ends, a piece at a time (seconds between two)."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(piece)
            handler.wfile.flush()
            time.sleep(pause)

    return answer


def silent(seconds: float) -> Answer:
    """No answer for so long, or until somebody hangs up."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        select.select([handler.connection], [], [], seconds)

    return answer


def drip(seconds: float) -> Answer:
    """Headers, one byte every so many seconds."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            time.sleep(seconds)

    return answer


def item(guid: str, title: str = "Le pont a rouvert", text: str = PROSE, more: str = "") -> str:
    return (
        f"<item><guid>{escape(guid)}</guid><title>{escape(title)}</title>"
        f"<description>{escape(text)}</description>{more}</item>"
    )


def rss(items: Sequence[str], title: str = "Le Courrier") -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<channel><title>{title}</title><language>fr-FR</language>{''.join(items)}</channel></rss>"
    )
