"""Look again at an answer that may mean two things, at all that c-ares does not hand over."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

import dns.asyncquery
import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver

_PORT: Final = 53
_PAYLOAD: Final = 1232
_TRIES: Final = 2


@dataclass(frozen=True, slots=True)
class SecondLook:
    """What the whole message says; nothing where there was none."""

    is_referral: bool = False
    """The nameserver only points to others: it does not answer for the domain."""
    extended_error: int | None = None
    """The code of an Extended DNS Error (RFC 8914)."""


class Looker:
    """Asks the nameservers one after the other for the MX of a domain."""

    def __init__(self, nameservers: Sequence[str], seconds: float) -> None:
        self._nameservers = nameservers
        self._seconds = seconds

    async def look(self, domain: str) -> SecondLook:
        """Look once more; never raises for anything an answer can hold."""
        try:
            query = dns.message.make_query(domain, dns.rdatatype.MX, use_edns=0, payload=_PAYLOAD)
        except dns.exception.DNSException:
            return SecondLook()
        for host, port in self._addresses()[:_TRIES]:
            try:
                response = await dns.asyncquery.udp(query, host, self._seconds / _TRIES, port)
            except (dns.exception.DNSException, OSError, ValueError):
                continue
            return read_response(response)
        return SecondLook()

    def _addresses(self) -> list[tuple[str, int]]:
        if self._nameservers:
            return [_address(nameserver) for nameserver in self._nameservers]
        try:
            return [(str(nameserver), _PORT) for nameserver in dns.resolver.Resolver().nameservers]
        except dns.resolver.NoResolverConfiguration:
            return []


def read_response(response: dns.message.Message) -> SecondLook:
    """Tell a referral from an empty answer: a denial comes with authority or with a SOA (RFC 2308 2.2)."""
    errors = [option for option in response.options if isinstance(option, dns.edns.EDEOption)]
    kinds = {rrset.rdtype for rrset in response.authority}
    is_referral = (
        response.rcode() == dns.rcode.NOERROR
        and not response.answer
        and not response.flags & dns.flags.AA
        and dns.rdatatype.NS in kinds
        and dns.rdatatype.SOA not in kinds
    )
    return SecondLook(is_referral, int(errors[0].code) if errors else None)


def _address(nameserver: str) -> tuple[str, int]:
    """Take `host`, `host:port`, `[v6]` or `[v6]:port` apart."""
    try:
        return str(ip_address(nameserver)), _PORT
    except ValueError:
        host, _, port = nameserver.rpartition(":")
        if nameserver.endswith("]") or not host:
            host, port = nameserver, str(_PORT)
        return host.strip("[]"), int(port)
