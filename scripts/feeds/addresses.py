"""Which machines may be asked: those of the public internet, and those named in the settings.

A name is resolved once, its addresses are checked, and the connection goes to one that was
checked: a name that means another machine a moment later gains nothing by it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from threading import Thread
from typing import Any

import httpcore

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, float], Sequence[str]]

_GLOBAL_IPV6 = ip_network("2000::/3")  # all that is given out; translated addresses lie outside


class AddressRefused(Exception):
    """A name, or an address, of a machine that may not be asked; the message says why."""


class NameUnknown(Exception):
    """No address could be found for a name."""


def is_admitted(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether an address may be connected to: a public one, or one in `allowed`."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in allowed) or _is_public(address)


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and (
        address not in _GLOBAL_IPV6 or address.sixtofour or address.teredo
    ):
        return False  # the last two wrap an IPv4 address, whichever
    return address.is_global and not address.is_multicast


def resolve(host: str, seconds: float) -> Sequence[str]:
    """The addresses of a name, in the order in which to try them.

    Raises NameUnknown, also when no answer has come in time: the system's own limit may be
    minutes.
    """
    answers: list[list[str]] = []

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            answers.append([str(address[0]) for *_, address in found])
        except (OSError, UnicodeError):
            answers.append([])

    thread = Thread(target=ask, daemon=True, name="name resolution")
    thread.start()
    thread.join(seconds)
    if not answers or not answers[0]:
        raise NameUnknown(f"no address is known for the name {host!r}")
    return answers[0]


@dataclass(slots=True)
class Deadline:
    """A moment after which nothing is waited for any longer."""

    at: float  # seconds of time.monotonic

    def within(self, seconds: float | None) -> float:
        """As many seconds, or those that are left. Raises ReadTimeout when none is."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time for this feed is used up")
        return left if seconds is None else min(seconds, left)


class CheckedBackend(httpcore.NetworkBackend):
    """Connections to admitted addresses alone, all of them over at the deadline."""

    def __init__(
        self, allowed: Sequence[Network], deadline: Deadline, resolve: Resolve = resolve
    ) -> None:
        self._allowed = allowed
        self._deadline = deadline
        self._resolve = resolve
        self._connecting = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Raises AddressRefused, NameUnknown, and what httpcore raises."""
        failed: Exception = httpcore.ConnectError("no address")
        for address in self._checked(host, timeout):
            try:
                stream = self._connecting.connect_tcp(
                    address, port, self._deadline.within(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                return _TimedStream(stream, self._deadline)
        raise failed

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise AddressRefused("it is no address of the internet")

    def sleep(self, seconds: float) -> None:
        time.sleep(self._deadline.within(seconds))

    def _checked(self, host: str, timeout: float | None) -> list[str]:
        found = self._resolve(host, self._deadline.within(timeout))
        admitted = [address for address in found if is_admitted(ip_address(address), self._allowed)]
        if not admitted:
            shown = host if host in found else f"{host} ({', '.join(dict.fromkeys(found))})"
            raise AddressRefused(
                f"{shown} is not on the public internet; FEEDS_ALLOW_NETS can admit it"
            )
        return admitted


class _TimedStream(httpcore.NetworkStream):
    """A connection on which every wait ends at the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.within(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: Any,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(
            ssl_context, server_hostname, self._deadline.within(timeout)
        )
        return _TimedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
