"""Where mail for a domain goes, from its MX and address records."""

from __future__ import annotations

import pytest

from domain_facts import public
from mailsift.analyzer.evidence import Existence, Lookup, MailHost, Reach
from mailsift.analyzer.records.delivery import (
    MxSet,
    Route,
    read_mx,
    route_by_address,
    route_by_mx,
    route_without_hosts,
)
from mailsift.analyzer.records.existence import judge_existence
from mailsift.analyzer.records.networks import is_address, reach_of

ONE, TWO, NULL = MailHost(10, "mx1.company.com"), MailHost(20, "mx2.company.com"), MailHost(0, "")

SETS: tuple[tuple[list[MailHost], MxSet], ...] = (
    ([TWO, ONE], MxSet((ONE, TWO))),
    ([NULL], MxSet(is_null=True)),
    ([NULL, NULL], MxSet(is_null=True)),
    ([NULL, ONE], MxSet((ONE,))),
    ([], MxSet()),
)


@pytest.mark.parametrize(("hosts", "expected"), SETS)
def test_an_mx_set_is_read(hosts: list[MailHost], expected: MxSet) -> None:
    assert read_mx(hosts) == expected


def test_an_endless_mx_set_is_cut_to_the_best_sixteen_and_those_prove_nothing() -> None:
    named = read_mx([MailHost(preference, f"mx{preference}.company.com") for preference in reversed(range(100))])
    assert [host.preference for host in named.hosts] == list(range(16))
    dead = [MailHost(host.preference, host.host, Reach.NO_ADDRESS) for host in named.hosts]
    assert route_by_mx(named, dead).accepts_mail is None
    assert route_by_mx(MxSet(tuple(dead)), dead).accepts_mail is False


@pytest.mark.parametrize(
    ("lookup", "is_null", "accepts_mail"),
    [
        (Lookup.FOUND, True, False),
        (Lookup.NXDOMAIN, False, False),
        (Lookup.SERVFAIL, False, None),
        (Lookup.TIMEOUT, False, None),
    ],
)
def test_without_hosts_mail_goes_nowhere_or_that_is_not_known(
    lookup: Lookup, is_null: bool, accepts_mail: bool | None
) -> None:
    assert route_without_hosts(lookup, is_null=is_null) == Route(null_mx=is_null, accepts_mail=accepts_mail)


OWN = public(0, "company.com")
AT_LOOPBACK = MailHost(0, "company.com", Reach.NOWHERE, lookup=Lookup.FOUND)
BY_ADDRESS = (
    (OWN, Route(own_host=OWN, accepts_mail=True, address=Lookup.FOUND)),
    (AT_LOOPBACK, Route(own_host=AT_LOOPBACK, accepts_mail=False, address=Lookup.FOUND)),
    (
        MailHost(0, "company.com", Reach.NO_ADDRESS, lookup=Lookup.NODATA),
        Route(accepts_mail=False, address=Lookup.NODATA),
    ),
    (MailHost(0, "company.com", Reach.UNKNOWN, lookup=Lookup.TIMEOUT), Route(address=Lookup.TIMEOUT)),
)


@pytest.mark.parametrize(("own", "expected"), BY_ADDRESS)
def test_the_domain_itself_stands_in_for_an_mx(own: MailHost, expected: Route) -> None:
    assert route_by_address(own) == expected


@pytest.mark.parametrize(
    ("addresses", "reach"),
    [
        ((), Reach.NO_ADDRESS),
        (("192.0.2.1",), Reach.PUBLIC),
        (("2001:db8::1",), Reach.PUBLIC),
        (("8.8.8.8", "10.0.0.1"), Reach.PUBLIC),
        (("10.0.0.1", "127.0.0.1"), Reach.PRIVATE),
        (("172.16.0.1",), Reach.PRIVATE),
        (("172.32.0.1",), Reach.PUBLIC),
        (("192.168.0.1",), Reach.PRIVATE),
        (("100.64.0.1",), Reach.PRIVATE),
        (("169.254.169.254",), Reach.PRIVATE),
        (("fd00::1",), Reach.PRIVATE),
        (("fe80::1",), Reach.PRIVATE),
        (("::ffff:10.0.0.1",), Reach.PRIVATE),
        (("::ffff:127.0.0.1",), Reach.NOWHERE),
        (("::1",), Reach.NOWHERE),
        (("::",), Reach.NOWHERE),
        (("0.0.0.0",), Reach.NOWHERE),
        (("127.0.53.53",), Reach.NOWHERE),
        (("224.0.0.1",), Reach.NOWHERE),
        (("255.255.255.255",), Reach.NOWHERE),
        (("ff02::1",), Reach.NOWHERE),
    ],
)
def test_the_best_address_says_where_a_host_is(addresses: tuple[str, ...], reach: Reach) -> None:
    assert reach_of(addresses) is reach


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", True),
        ("[192.0.2.1]", True),
        ("[IPv6:2001:db8::1]", True),
        ("::1", True),
        ("mx.1", False),
        ("", False),
    ],
)
def test_an_address_is_no_name(text: str, expected: bool) -> None:
    assert is_address(text) is expected


ENDS = (
    (Lookup.NODATA, False, None, Existence.EXISTS),
    (Lookup.NODATA, True, None, Existence.LAME),
    (Lookup.NODATA, False, 22, Existence.EXISTS),
    (Lookup.SERVFAIL, False, 22, Existence.LAME),
    (Lookup.SERVFAIL, False, 23, Existence.LAME),
    (Lookup.SERVFAIL, False, 6, Existence.SERVFAIL),
    (Lookup.SERVFAIL, False, None, Existence.SERVFAIL),
    (Lookup.REFUSED, False, 20, Existence.REFUSED),
)


@pytest.mark.parametrize(("mx", "is_referral", "extended_error", "expected"), ENDS)
def test_nobody_answering_is_told_from_nothing_being_there(
    mx: Lookup, is_referral: bool, extended_error: int | None, expected: Existence
) -> None:
    assert judge_existence(mx, is_referral=is_referral, extended_error=extended_error) is expected
