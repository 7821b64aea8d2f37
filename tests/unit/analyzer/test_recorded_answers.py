"""What several nameservers answered about one zone, replayed through the parser (see tests/data/dns)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from dnspython_reading import as_dnspython_reads, as_we_read
from mailsift.analyzer.evidence import DomainFacts, Existence, Lookup, MailHost, Reach
from mailsift.analyzer.probes.inquiry import Then
from mailsift.analyzer.probes.lookup import DomainLookup
from mailsift.analyzer.probes.reading import read
from mailsift.analyzer.records.message import is_answer_to, make_question, read_message
from mailsift.analyzer.records.replies import Question, RecordType

RECORDINGS = Path(__file__).parents[2] / "data" / "dns"
NAMESERVERS = ("bind-9.18.49", "dnsmasq-2.90", "knot-3.2.6", "unbound-1.17.1")
TYPES: Mapping[str, RecordType] = {"A": "A", "AAAA": "AAAA", "MX": "MX", "NS": "NS", "TXT": "TXT"}


@cache
def recorded(nameserver: str) -> Mapping[Question, bytes]:
    lines = (line.split() for line in (RECORDINGS / f"{nameserver}.txt").read_text().splitlines())
    return {Question(name, TYPES[record_type]): b"\0\0" + bytes.fromhex(wire) for name, record_type, wire in lines}


def look_up(nameserver: str, domain: str) -> DomainFacts:
    def ask(question: Question, then: Then) -> None:
        wire, asked = recorded(nameserver)[question], make_question(*question)
        assert asked is not None
        assert is_answer_to(asked, wire)
        then(read(read_message(wire, question.record_type), question.record_type))

    async def look() -> DomainFacts:
        return await DomainLookup(ask).facts(domain)

    return asyncio.run(look())


def at(preference: int, host: str, *addresses: str, reach: Reach = Reach.PUBLIC, is_alias: bool = False) -> MailHost:
    return MailHost(preference, f"{host}.example", reach, is_alias, addresses, Lookup.FOUND)


@pytest.mark.parametrize("nameserver", NAMESERVERS)
def test_all_nameservers_tell_the_same_of_a_healthy_domain(nameserver: str) -> None:
    good = look_up(nameserver, "good.example")
    assert good.mx == (at(10, "mx1.good", "192.0.2.1"), at(20, "mx2.good", "192.0.2.2"))
    assert (good.spf.valid, good.spf.all_policy, good.spf.includes) == (True, "softfail", ("_spf.example",))
    assert (good.dkim.valid, good.dkim.selector, good.dkim.key_type) == (True, "selector1", "ed25519")
    assert (good.dmarc.policy, good.dmarc.reports_to) == ("quarantine", ("mailto:d@good.example",))
    assert (good.mta_sts.value, good.tls_rpt.value) == ("20260101T000000", "mailto:t@good.example")
    assert good.wildcard_mx is None


@pytest.mark.parametrize("nameserver", NAMESERVERS)
def test_all_nameservers_tell_the_same_of_where_mail_goes(nameserver: str) -> None:
    names = ("null", "alias", "implicit", "bare", "private", "six", "aliased", "a.wild", "missing")
    found = {name: look_up(nameserver, f"{name}.example") for name in names}
    assert {name: facts.accepts_mail for name, facts in found.items()} == {
        "null": False,
        "alias": False,
        "implicit": True,
        "bare": False,
        "private": True,
        "six": True,
        "aliased": True,
        "a.wild": True,
        "missing": False,
    }
    assert (found["null"].null_mx, found["alias"].null_mx) == (True, True)
    assert found["implicit"].own_host == at(0, "implicit", "192.0.2.1")
    assert found["private"].mx == (at(10, "intranet", "10.1.2.3", reach=Reach.PRIVATE),)
    assert found["six"].mx == (at(10, "mx6", "2001:db8::6"),)
    assert found["aliased"].mx == (at(10, "alias-of-mx", "192.0.2.1", is_alias=True),)
    assert found["a.wild"].wildcard_mx == "wild.example"
    assert found["missing"].existence is Existence.NXDOMAIN


FAILURES = (
    ("bind-9.18.49", "lame.example", Existence.LAME, None),
    ("bind-9.18.49", "broken.test", Existence.SERVFAIL, None),
    ("bind-9.18.49", "circle.example", Existence.SERVFAIL, 0),
    ("bind-9.18.49", "elsewhere.org", Existence.REFUSED, None),
    ("dnsmasq-2.90", "lame.example", Existence.LAME, None),
    ("dnsmasq-2.90", "elsewhere.org", Existence.REFUSED, None),
    ("knot-3.2.6", "lame.example", Existence.LAME, None),
    ("knot-3.2.6", "broken.test", Existence.SERVFAIL, 24),
    ("knot-3.2.6", "circle.example", Existence.EXISTS, None),
    ("knot-3.2.6", "elsewhere.org", Existence.REFUSED, 20),
    ("unbound-1.17.1", "broken.test", Existence.SERVFAIL, None),
    ("unbound-1.17.1", "circle.example", Existence.SERVFAIL, None),
)


@pytest.mark.parametrize(("nameserver", "domain", "existence", "extended_error"), FAILURES)
def test_each_nameserver_fails_in_its_own_way(
    nameserver: str, domain: str, existence: Existence, extended_error: int | None
) -> None:
    facts = look_up(nameserver, domain)
    assert (facts.existence, facts.extended_error) == (existence, extended_error)
    assert not facts.accepts_mail


@pytest.mark.parametrize("nameserver", NAMESERVERS)
def test_every_answer_is_read_as_dnspython_reads_it(nameserver: str) -> None:
    for question, wire in recorded(nameserver).items():
        assert as_we_read(wire, question.record_type) == as_dnspython_reads(wire), question


@pytest.mark.parametrize("nameserver", NAMESERVERS)
def test_a_denial_says_how_long_it_holds(nameserver: str) -> None:
    assert look_up(nameserver, "missing.example").ttl_seconds == 300
