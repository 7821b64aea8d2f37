from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.shared.networks import Reach, is_public

PUBLIC = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "192.0.1.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"]
NOT_PUBLIC = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "127.0.0.1", "127.255.255.254", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16"),
    *("192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "192.88.99.1"),
    *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1", "100::1"),
    *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "::ffff:0:127.0.0.1"),
    *("2002:7f00:1::1", "2002:a00:1::1", "2001::1", "2001:0:7f00:1::", "2001:db8::1", "3fff::1", "5f00::1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b:1::808:808"),
]


@pytest.mark.parametrize("text", PUBLIC)
def test_what_is_on_the_internet_is_public(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_what_is_ours_reserved_or_in_disguise_is_not(text: str) -> None:
    assert not is_public(ip_address(text))


def test_an_address_that_dns64_made_is_what_it_stands_for() -> None:
    assert is_public(ip_address("64:ff9b::8.8.8.8"))


@given(st.ip_addresses(v=4))
def test_what_python_calls_private_is_never_public(address: IPv4Address) -> None:
    if address.is_private or address.is_multicast or address.is_reserved or address.is_unspecified:
        assert not is_public(address)
    assert is_public(IPv6Address((0x64FF9B << 96) | int(address))) == is_public(address)


@given(st.ip_addresses(v=6))
def test_nor_is_it_under_ipv6(address: IPv6Address) -> None:
    embedded = address.ipv4_mapped or address.sixtofour or address.teredo
    if address.is_private or address.is_multicast or address.is_link_local or embedded:
        assert not is_public(address)


def test_networks_of_the_operator_are_allowed_besides() -> None:
    reach = Reach(["10.1.0.0/16", "fd12::/16"])
    allowed = [reach.allows(ip_address(text)) for text in ("10.1.2.3", "fd12::1", "8.8.8.8", "10.2.0.1", "::1")]
    assert allowed == [True, True, True, False, False]
    assert not reach.names(ip_address("8.8.8.8"))


def test_a_network_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError):
        Reach(["10.0.0.1/8"])
