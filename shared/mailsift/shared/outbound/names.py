"""Asks nameservers for the addresses of a host: names as they stand, no search list, no hosts file."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver

from mailsift.shared.errors import PermanentError, TransientError
from mailsift.shared.networks import Address

_DNS_PORT = 53


class Names:
    """Looks hosts up."""

    def __init__(self, nameservers: Sequence[str] = (), seconds: float = 10) -> None:
        """Ask these nameservers, written `address[:port]`, or those of the machine; for so long each time."""
        self._nameservers = [_nameserver(text) for text in nameservers]
        self._seconds = seconds

    def addresses(self, host: str) -> list[Address]:
        """Return all addresses of a host, at least one. Raises PermanentError or TransientError `url_unreachable`."""
        found: list[Address] = []
        failure: dns.exception.DNSException | None = None
        for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
            try:
                found += self._ask(host, kind)
            except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
                continue
            except dns.exception.DNSException as error:
                failure = error
        if found:
            return found
        if failure is not None:
            raise TransientError("url_unreachable", f"nameservers do not say where {host} is") from failure
        raise PermanentError("url_unreachable", f"there is no host {host}; check the URL")

    def _ask(self, host: str, kind: dns.rdatatype.RdataType) -> list[Address]:
        resolver = dns.resolver.Resolver(configure=not self._nameservers)
        if self._nameservers:
            resolver.nameservers = list(self._nameservers)
        name = dns.name.from_text(host, dns.name.root)
        answer = resolver.resolve(name, kind, search=False, lifetime=self._seconds)
        return [ip_address(record.address) for record in answer]


def _nameserver(text: str) -> dns.nameserver.Nameserver:
    parts = urlsplit(f"//{text}")
    return dns.nameserver.Do53Nameserver(parts.hostname or "", parts.port or _DNS_PORT)
