"""Where IP addresses lead: to the internet, into a local network, or nowhere (RFC 6890)."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from mailsift.analyzer.evidence import Reach

# The documentation networks (RFC 5737, RFC 3849) count as public: only examples use them, and those shall work.
_PRIVATE: Final = tuple(
    map(
        ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10"),
    )
)
_NOWHERE: Final = tuple(map(ip_network, ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/127", "ff00::/8")))
_BEST_FIRST: Final = (Reach.PUBLIC, Reach.PRIVATE, Reach.NOWHERE)

_ENDS_OF_ADDRESSES: Final = frozenset("0123456789]")


def reach_of(addresses: Iterable[str]) -> Reach:
    """Where a host with these addresses can be reached: the best of them counts."""
    reaches = {_reach(address) for address in addresses}
    return next((reach for reach in _BEST_FIRST if reach in reaches), Reach.NO_ADDRESS)


@lru_cache(maxsize=4096)
def _reach(text: str) -> Reach:
    address = _plain(ip_address(text))
    if any(address in network for network in _NOWHERE):
        return Reach.NOWHERE
    return Reach.PRIVATE if any(address in network for network in _PRIVATE) else Reach.PUBLIC


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """An IPv4 address that is written as IPv6 is still the same host's."""
    return getattr(address, "ipv4_mapped", None) or address


def is_address(text: str) -> bool:
    """Whether the text, bare or in brackets, is an IP address and so no name."""
    if text[-1:] not in _ENDS_OF_ADDRESSES and ":" not in text:  # nearly all: an exception takes ten times as long
        return False
    try:
        ip_address(text.removeprefix("[").removesuffix("]").removeprefix("IPv6:"))
    except ValueError:
        return False
    return True
