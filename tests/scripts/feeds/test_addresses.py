"""Which machines are asked for feeds: checked once resolved, and connected to as checked."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from threading import Event

import pytest

from scripts.feeds.addresses import is_admitted
from scripts.feeds.fetching import FeedFailed, Fetcher, Limits
from tests.scripts.feeds.feed_server import FeedServer, body

LOOPBACK = [ip_network("127.0.0.2/32")]


@pytest.mark.parametrize(
    "address",
    "127.0.0.1 10.0.0.1 172.16.0.1 192.168.0.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 "
    "240.0.0.1 255.255.255.255 192.0.2.1 198.18.0.1 ::1 :: fe80::1 fe80::1%1 fc00::1 ff02::1 "
    "::ffff:127.0.0.1 ::ffff:10.0.0.1 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 2002:7f00:1::1 "
    "2001:0:5ef5:79fd::1 2001:db8::1".split(),
)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not is_admitted(ip_address(address), LOOPBACK)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "127.0.0.2"])
def test_what_is_public_or_admitted_is_not(address: str) -> None:
    assert is_admitted(ip_address(address), LOOPBACK)


def test_a_name_is_resolved_once_and_its_own_address_connected_to() -> None:
    asked: list[str] = []

    def resolve(host: str, seconds: float) -> Sequence[str]:
        asked.append(host)  # another question would be answered with another machine
        return ["10.0.0.1", "127.0.0.2"] if len(asked) == 1 else ["127.0.0.1"]

    with FeedServer() as server:
        server.paths["/feed"] = body("<rss/>")
        port = server.url.rpartition(":")[2]
        fetcher = Fetcher(Limits(pause=0.0), LOOPBACK, resolve)
        fetched = fetcher.fetch(f"http://news.example:{port}/feed")
        assert fetched.data == b"<rss/>"
        assert asked == ["news.example"]
        assert server.asked[0][1]["host"] == f"news.example:{port}"
        with pytest.raises(FeedFailed, match=r"news.example \(127.0.0.1\) is not on the public"):
            fetcher.fetch(f"http://news.example:{port}/feed")
        assert len(server.asked) == 1


def test_resolving_a_name_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    over = Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: over.wait() and [])
    with pytest.raises(FeedFailed, match="no address is known"):
        Fetcher(Limits(connect=0.2)).fetch("http://news.example/")
    over.set()


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with FeedServer() as server:
        server.paths["/feed"] = body("<rss/>")
        assert Fetcher(Limits(), LOOPBACK).fetch(f"{server.url}/feed").data == b"<rss/>"
