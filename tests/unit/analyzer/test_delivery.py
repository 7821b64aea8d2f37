"""Where mail for a domain goes, from its MX and address records."""

from __future__ import annotations

import pytest

from mailsift.analyzer.evidence import Lookup, MailHost
from mailsift.analyzer.records.delivery import Delivery, judge_delivery, needs_address

ONE, TWO, NULL = MailHost(10, "mx1.company.com"), MailHost(20, "mx2.company.com"), MailHost(0, "")

CASES: tuple[tuple[Lookup, list[MailHost], Lookup, Delivery], ...] = (
    (Lookup.FOUND, [TWO, ONE], Lookup.NOT_ASKED, Delivery(mx=(ONE, TWO), accepts_mail=True)),
    (Lookup.FOUND, [NULL], Lookup.NOT_ASKED, Delivery(null_mx=True, accepts_mail=False)),
    (Lookup.FOUND, [NULL, NULL], Lookup.NOT_ASKED, Delivery(null_mx=True, accepts_mail=False)),
    (Lookup.FOUND, [NULL, ONE], Lookup.NOT_ASKED, Delivery(mx=(ONE,), accepts_mail=True)),
    (Lookup.NODATA, [], Lookup.FOUND, Delivery(implicit_mx=True, accepts_mail=True)),
    (Lookup.NODATA, [], Lookup.NODATA, Delivery(accepts_mail=False)),
    (Lookup.NODATA, [], Lookup.NXDOMAIN, Delivery(accepts_mail=False)),
    (Lookup.NODATA, [], Lookup.TIMEOUT, Delivery()),
    (Lookup.NODATA, [], Lookup.NOT_ASKED, Delivery()),
    (Lookup.NXDOMAIN, [], Lookup.NOT_ASKED, Delivery(accepts_mail=False)),
    (Lookup.SERVFAIL, [], Lookup.NOT_ASKED, Delivery()),
    (Lookup.TIMEOUT, [], Lookup.NOT_ASKED, Delivery()),
)


@pytest.mark.parametrize(("mx", "hosts", "address", "expected"), CASES)
def test_delivery(mx: Lookup, hosts: list[MailHost], address: Lookup, expected: Delivery) -> None:
    assert judge_delivery(mx, hosts, address) == expected


def test_an_endless_mx_set_is_cut_to_the_best_sixteen() -> None:
    hosts = [MailHost(preference, f"mx{preference}.company.com") for preference in reversed(range(100))]
    assert [host.preference for host in judge_delivery(Lookup.FOUND, hosts, Lookup.NOT_ASKED).mx] == list(range(16))


@pytest.mark.parametrize("lookup", Lookup)
def test_the_address_is_needed_only_for_a_name_that_exists_without_an_mx(lookup: Lookup) -> None:
    assert needs_address(lookup, []) is (lookup in {Lookup.NODATA, Lookup.FOUND})
    assert not needs_address(lookup, [ONE])
