"""The whole message of an answer that may mean two things."""

from __future__ import annotations

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from mailsift.analyzer.probes.second_look import SecondLook, _address, read_response

NS = ("company.com. 600 IN NS ns.elsewhere.net.",)
SOA = ("com. 600 IN SOA ns.com. hostmaster.com. 1 2 3 4 5",)

RESPONSES = (
    (dns.rcode.NOERROR, False, (), NS, SecondLook(is_referral=True)),
    (dns.rcode.NOERROR, True, (), NS, SecondLook()),
    (dns.rcode.NOERROR, False, (), SOA, SecondLook()),
    (dns.rcode.NOERROR, False, (), (*NS, *SOA), SecondLook()),
    (dns.rcode.NOERROR, False, (), (), SecondLook()),
    (dns.rcode.NOERROR, False, ("company.com. 600 IN MX 10 mx.company.com.",), NS, SecondLook()),
    (dns.rcode.SERVFAIL, False, (), NS, SecondLook()),
)


def _record(name: str, ttl: str, *rest: str) -> dns.rrset.RRset:
    return dns.rrset.from_text(name, int(ttl), *rest)


@pytest.mark.parametrize(("rcode", "has_authority", "answer", "authority", "expected"), RESPONSES)
def test_a_referral_is_told_from_an_empty_answer(
    rcode: dns.rcode.Rcode,
    has_authority: bool,
    answer: tuple[str, ...],
    authority: tuple[str, ...],
    expected: SecondLook,
) -> None:
    response = dns.message.make_response(dns.message.make_query("company.com", "MX"))
    response.set_rcode(rcode)
    response.flags |= dns.flags.AA if has_authority else 0
    for section, records in ((response.answer, answer), (response.authority, authority)):
        section.extend(_record(*record.split(" ", 4)) for record in records)
    assert read_response(dns.message.from_wire(response.to_wire())) == expected


def test_the_first_reason_that_is_given_is_kept() -> None:
    response = dns.message.make_response(dns.message.make_query("company.com", "MX", use_edns=0))
    reasons: list[dns.edns.Option] = [dns.edns.EDEOption(code) for code in ("NO_REACHABLE_AUTHORITY", "NETWORK_ERROR")]
    response.use_edns(0, options=reasons)
    assert read_response(dns.message.from_wire(response.to_wire())).extended_error == 22


@pytest.mark.parametrize(
    ("nameserver", "expected"),
    [
        ("192.0.2.1", ("192.0.2.1", 53)),
        ("192.0.2.1:5353", ("192.0.2.1", 5353)),
        ("2001:db8::1", ("2001:db8::1", 53)),
        ("[2001:db8::1]", ("2001:db8::1", 53)),
        ("[2001:db8::1]:5353", ("2001:db8::1", 5353)),
        ("localhost", ("localhost", 53)),
    ],
)
def test_a_nameserver_is_taken_apart(nameserver: str, expected: tuple[str, int]) -> None:
    assert _address(nameserver) == expected
