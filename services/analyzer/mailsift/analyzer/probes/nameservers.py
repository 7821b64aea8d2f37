"""Whom to ask: nameservers as they are configured, and how they have answered so far."""

import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final

import dns.resolver

PORT: Final = 53
SILENT_TO_REST: Final = 10
SECONDS_OF_REST: Final = 5.0


@dataclass(frozen=True, slots=True)
class Nameserver:
    """Where a nameserver listens."""

    host: str
    port: int = PORT


Location = tuple[int, Any]
"""The family of an address, and the address as sockets take it."""


def nameservers_of(configured: Sequence[str]) -> tuple[Nameserver, ...]:
    """Those that are configured, or else those of the machine; none where it has none."""
    if configured:
        return tuple(parse_nameserver(text) for text in configured)
    try:
        return tuple(Nameserver(str(address)) for address in dns.resolver.Resolver().nameservers)
    except dns.resolver.NoResolverConfiguration:
        return ()


def parse_nameserver(text: str) -> Nameserver:
    """Take `host`, `host:port`, `[v6]` or `[v6]:port` apart."""
    try:
        return Nameserver(str(ip_address(text)))
    except ValueError:
        host, _, port = text.rpartition(":")
        if text.endswith("]") or not host:
            host, port = text, str(PORT)
        return Nameserver(host.strip("[]"), int(port))


def locate(nameserver: Nameserver) -> Location:
    """Find its address, which may have a name. Raises OSError for one that leads nowhere."""
    family, _, _, _, address = socket.getaddrinfo(nameserver.host, nameserver.port, type=socket.SOCK_DGRAM)[0]
    return family, address


def open_socket(location: Location) -> socket.socket:
    """A socket that hears this nameserver alone, at a port that the kernel draws (RFC 5452)."""
    family, address = location
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.connect(address)
    except OSError:
        sock.close()
        raise
    return sock


class Standing:
    """How a nameserver does: one that was silent so often in a row is asked last for a while."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._silent = 0
        self._rests_until = 0.0

    def heard(self) -> None:
        """It answered, whatever it said."""
        self._silent = 0

    def silent(self) -> None:
        """It did not answer in time."""
        self._silent += 1
        if self._silent >= SILENT_TO_REST:
            self._rests_until = self._clock() + SECONDS_OF_REST

    @property
    def rests(self) -> bool:
        """Whether others are to be asked first."""
        return self._silent >= SILENT_TO_REST and self._clock() < self._rests_until
