"""Which addresses may be reached on a stranger's word: public ones, and networks that the operator names; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Our own table: that of `ipaddress` changed from one patch release of Python to the next.
_NOT_PUBLIC_4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network (RFC 791)
            "10.0.0.0/8",  # private (RFC 1918)
            "100.64.0.0/10",  # shared by carriers (RFC 6598), and metadata of a cloud
            "127.0.0.0/8",  # loopback (RFC 1122)
            "168.63.129.16/32",  # a cloud's own host, seen from its machines only
            "169.254.0.0/16",  # link-local (RFC 3927), and metadata of every cloud
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments (RFC 6890)
            "192.0.2.0/24",  # documentation (RFC 5737)
            "192.88.99.0/24",  # 6to4 relays, given up (RFC 7526)
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks (RFC 2544)
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast (RFC 5771)
            "240.0.0.0/4",  # reserved (RFC 1112), and broadcast
        ),
    )
)
_GLOBAL_UNICAST_6: Final = IPv6Network("2000::/3")  # all that IANA gives out (RFC 4291)
_NOT_PUBLIC_6: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments (RFC 2928), Teredo among them
            "2001:db8::/32",  # documentation (RFC 3849)
            "2002::/16",  # 6to4 (RFC 3056): an IPv4 address in disguise, given up by RFC 7526
            "3fff::/20",  # documentation (RFC 9637)
        ),
    )
)
_NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052: what DNS64 makes of an IPv4 address
_IPV4_BITS: Final = 0xFFFFFFFF


class Reach:
    """What may be connected to."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        """Allow these networks besides what is public. Raises ValueError."""
        self._allowed: Sequence[Network] = tuple(ip_network(network) for network in allowed)

    def allows(self, address: Address) -> bool:
        """Whether it may be connected to."""
        return self.names(address) or is_public(address)

    def names(self, address: Address) -> bool:
        """Whether it is one of the operator's own networks."""
        return any(address in network for network in self._allowed)


def is_public(address: Address) -> bool:
    """Whether an address is one of the internet's, and not a private one in another's clothes."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & _IPV4_BITS))
    return address in _GLOBAL_UNICAST_6 and not any(address in network for network in _NOT_PUBLIC_6)
