"""Asking a server for a feed: politely, and believing nothing that it says.

FeedFailed                 the feed could not be had this time
├── AskedToWait            429 or 503: until when the server wants peace
└── Gone                   410: the feed will not come back
"""

from __future__ import annotations

import ssl
import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version

import httpcore
import httpx

from scripts.feeds.addresses import (
    AddressRefused,
    CheckedBackend,
    Deadline,
    NameUnknown,
    Network,
    Resolve,
    resolve,
)

_REDIRECTS = (301, 302, 303, 307, 308)
_FOR_GOOD = (301, 308)
_LONGEST_WAIT = 86_400.0  # seconds; a server that asks for years is asked again tomorrow
_USUAL_WAIT = 900.0  # seconds, where a 429 does not say
_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, */*;q=0.1"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long, how much, how often. Times in seconds, sizes in bytes."""

    pause: float = 1.0  # between two requests to one host
    connect: float = 10.0
    read: float = 15.0  # between two pieces of an answer
    feed: float = 45.0  # for one feed, redirects included, pauses not
    parse: float = 30.0  # for reading what came
    run: float = 1800.0  # after which no feed is begun
    size: int = 10_000_000  # of a feed once it is decompressed
    redirects: int = 5


class FeedFailed(Exception):
    """A feed that could not be had; the message says why."""


class AskedToWait(FeedFailed):
    """The server wants no more questions for now."""

    def __init__(self, status: int, host: str, seconds: float) -> None:
        super().__init__(f"{host} asks to be left in peace for {_duration(seconds)} ({status})")
        self.host = host
        self.seconds = seconds


class Gone(FeedFailed):
    """The server says that the feed will not come back."""

    def __init__(self) -> None:
        super().__init__("it is gone for good (410): take it off the list")


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave to recognise an answer by, and at which address it was."""

    url: str
    etag: str | None = None
    modified: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer; `data` is None when the feed is as it was."""

    url: str  # where it was found in the end
    data: bytes | None
    validators: Validators | None = None
    moved_to: str | None = None  # where the server says that the feed is from now on


class Fetcher:
    """One request at a time, the pauses between requests to a host kept."""

    def __init__(
        self, limits: Limits, allowed: Sequence[Network] = (), resolve: Resolve = resolve
    ) -> None:
        self._limits = limits
        self._allowed = allowed
        self._resolve = resolve
        self._last: dict[str, float] = {}  # host -> when it was last asked, in monotonic seconds
        self._ssl: ssl.SSLContext | None = None
        self._agent = f"Depeche/{_version()} (news feed reader)"

    def fetch(self, address: str, known: Validators | None = None) -> Fetched:
        """The feed at an address, or word that it has not changed since `known`.

        Raises FeedFailed.
        """
        try:
            return self._follow(httpx.URL(address), known)
        except (AddressRefused, NameUnknown) as error:
            raise FeedFailed(str(error)) from error
        except (httpcore.TimeoutException, TimeoutError) as error:
            raise FeedFailed("it did not answer in time") from error
        except (httpcore.ConnectError, httpcore.NetworkError, OSError) as error:
            raise FeedFailed(f"it cannot be reached ({_detail(error)})") from error
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
            raise FeedFailed(f"its server's answer is broken ({_detail(error)})") from error
        except (httpx.InvalidURL, UnicodeError) as error:
            raise FeedFailed(f"it leads to what is no web address ({_detail(error)})") from error

    def _follow(self, url: httpx.URL, known: Validators | None) -> Fetched:
        left = self._limits.feed
        moved_to, seen = None, set[str]()
        for_good = True
        for _ in range(self._limits.redirects + 1):
            if str(url) in seen:
                raise FeedFailed("it redirects in a loop")
            seen.add(str(url))
            self._pause(url.host)
            started = time.monotonic()
            try:
                answer = self._ask(url, known, Deadline(started + left))
            finally:
                self._last[url.host] = time.monotonic()
            left -= time.monotonic() - started
            if isinstance(answer, _Redirect):
                url = _target(url, answer.location)
                for_good = for_good and answer.status in _FOR_GOOD
                moved_to = str(url) if for_good else moved_to
                continue
            data, validators = answer
            return Fetched(str(url), data, validators, moved_to)
        raise FeedFailed(f"it redirects more than {self._limits.redirects} times")

    def _pause(self, host: str) -> None:
        last = self._last.get(host)
        if last is not None:
            time.sleep(max(0.0, last + self._limits.pause - time.monotonic()))

    def _ask(
        self, url: httpx.URL, known: Validators | None, deadline: Deadline
    ) -> _Redirect | tuple[bytes | None, Validators | None]:
        headers = {
            "Host": url.netloc.decode("ascii"),
            "User-Agent": self._agent,
            "Accept": _ACCEPT,
            "Accept-Encoding": "gzip",
        }
        # To another address they would mean another document.
        known = known if known is not None and known.url == str(url) else None
        if known is not None and known.etag:
            headers["If-None-Match"] = known.etag
        if known is not None and known.modified:
            headers["If-Modified-Since"] = known.modified
        timeouts = {"connect": self._limits.connect, "read": self._limits.read}
        timeouts |= {"write": self._limits.read, "pool": self._limits.connect}
        self._ssl = self._ssl or httpcore.default_ssl_context()
        backend = CheckedBackend(self._allowed, deadline, self._resolve)
        with (
            httpcore.ConnectionPool(self._ssl, network_backend=backend) as pool,
            pool.stream(
                "GET",
                httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=list(headers.items()),
                extensions={"timeout": timeouts},
            ) as response,
        ):
            return self._answer(url, known, response)

    def _answer(
        self, url: httpx.URL, known: Validators | None, response: httpcore.Response
    ) -> _Redirect | tuple[bytes | None, Validators | None]:
        status = response.status
        headers = httpx.Headers(response.headers)
        if status in _REDIRECTS and "location" in headers:
            return _Redirect(status, headers["location"])
        if status == 304 and known is not None:
            return None, known
        if status == 429 or (status == 503 and "retry-after" in headers):
            raise AskedToWait(status, url.host, _wait(headers.get("retry-after", "")))
        if status == 410:
            raise Gone
        if status != 200:
            raise FeedFailed(f"its server answers {status}")
        encoding = headers.get("content-encoding", "identity").strip().lower()
        data = _body(response.iter_stream(), encoding, self._limits.size)
        etag, modified = _header(headers.get("etag")), _header(headers.get("last-modified"))
        return data, Validators(str(url), etag, modified) if etag or modified else None


@dataclass(frozen=True, slots=True)
class _Redirect:
    status: int
    location: str


def _target(url: httpx.URL, location: str) -> httpx.URL:
    """Where a redirect leads. Raises FeedFailed, httpx.InvalidURL."""
    target = url.join(location).copy_with(fragment=None, username=None, password=None)
    if target.scheme not in ("http", "https") or not target.host:
        raise FeedFailed(f"it redirects to what is no web address ({target.scheme}:)")
    return target


def _body(chunks: Iterable[bytes], encoding: str, largest: int) -> bytes:
    """The body, decompressed; never more than `largest` bytes of it are made.

    Raises FeedFailed.
    """
    if encoding not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise FeedFailed(f"its server compressed it in a way it was not asked to ({encoding})")
    too_large = FeedFailed(f"it is larger than {largest // 1_000_000} MB")
    body = bytearray()
    if encoding in ("identity", ""):
        for chunk in chunks:
            body += chunk
            if len(body) > largest:
                raise too_large
        return bytes(body)
    decompressor = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip or zlib, as its header says
    try:
        for chunk in chunks:
            body += decompressor.decompress(chunk, largest + 1 - len(body))
            if len(body) > largest:
                raise too_large
    except zlib.error as error:
        raise FeedFailed(f"its compression is broken ({error})") from error
    if not decompressor.eof:
        raise FeedFailed("it ends before its compression does")
    return bytes(body)


def _header(value: str | None) -> str | None:
    """A header to be sent back later; an absurdly long one is not kept."""
    return value if value and len(value) <= 1000 else None


def _wait(value: str) -> float:
    """Seconds to wait, of a Retry-After header; source: RFC 9110, 10.2.3."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, IndexError, TypeError):
        return _USUAL_WAIT
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), _LONGEST_WAIT)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _detail(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _version() -> str:
    try:
        return version("depeche")
    except PackageNotFoundError:
        return "0"
