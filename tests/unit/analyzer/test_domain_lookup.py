"""What is asked about a domain, in which order, and what is not asked any more."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.analyzer.evidence import DomainFacts, Existence, Lookup, Lookups, MailHost, SpfPosture
from mailsift.analyzer.probes.domains import DomainLookup
from mailsift.analyzer.probes.resolver import Answer


def mx(*hosts: tuple[int, str | bytes], ttl: int = 3600) -> Answer:
    records = tuple(SimpleNamespace(priority=preference, exchange=host) for preference, host in hosts)
    return Answer(Lookup.FOUND, records, ttl)


def txt(*texts: bytes, ttl: int = 3600) -> Answer:
    return Answer(Lookup.FOUND, tuple(SimpleNamespace(data=data) for data in texts), ttl)


ADDRESS = Answer(Lookup.FOUND, (SimpleNamespace(addr="192.0.2.1"),), 3600)
NODATA = Answer(Lookup.NODATA)
NXDOMAIN = Answer(Lookup.NXDOMAIN)
TIMEOUT = Answer(Lookup.TIMEOUT)


@dataclass
class ScriptedResolver:
    answers: Mapping[str, Answer]
    otherwise: Answer = NODATA
    asked: list[str] = field(default_factory=list)

    async def ask(self, name: str, record_type: str) -> Answer:
        self.asked.append(f"{name} {record_type}")
        return self.answers.get(self.asked[-1], self.otherwise)


def _look_up(domain: str, resolver: ScriptedResolver) -> DomainFacts:
    return asyncio.run(DomainLookup(resolver.ask, ("google", "s1")).facts(domain))


HEALTHY = {
    "company.com MX": mx((20, "MX2.company.com."), (10, "mx1.company.com")),
    "company.com TXT": txt(b"v=spf1 mx -all", b"\xff\xfe"),
    "_dmarc.company.com TXT": txt(b"v=DMARC1; p=reject"),
    "google._domainkey.company.com TXT": txt(b"v=DKIM1; p=MIGf"),
}


def test_a_healthy_domain_takes_five_questions() -> None:
    resolver = ScriptedResolver(HEALTHY)
    facts = _look_up("company.com", resolver)
    assert facts.mx == (MailHost(10, "mx1.company.com"), MailHost(20, "mx2.company.com"))
    assert (facts.accepts_mail, facts.spf.valid, facts.dkim.valid, facts.dmarc.valid) == (True, True, True, True)
    assert facts.ttl_seconds == 3600
    assert sorted(resolver.asked) == sorted([*HEALTHY, "_domainkey.company.com TXT"])


@pytest.mark.parametrize(
    ("lookup", "existence", "accepts_mail", "ttl"),
    [
        (Lookup.NXDOMAIN, Existence.NXDOMAIN, False, 900),
        (Lookup.SERVFAIL, Existence.SERVFAIL, None, 60),
        (Lookup.MALFORMED, Existence.SERVFAIL, None, 60),
        (Lookup.REFUSED, Existence.REFUSED, None, 60),
        (Lookup.TIMEOUT, Existence.TIMEOUT, None, 60),
        (Lookup.UNREACHABLE, Existence.UNREACHABLE, None, 60),
        (Lookup.NOT_ASKED, Existence.UNREACHABLE, None, 60),
    ],
)
def test_a_first_question_without_an_answer_to_build_on_is_the_last(
    lookup: Lookup, existence: Existence, accepts_mail: bool | None, ttl: int
) -> None:
    resolver = ScriptedResolver({}, Answer(lookup))
    facts = _look_up("company.com", resolver)
    assert facts == DomainFacts(
        "company.com", existence, accepts_mail=accepts_mail, lookups=Lookups(mx=lookup), ttl_seconds=ttl
    )
    assert resolver.asked == ["company.com MX"]


def test_a_null_mx_ends_it() -> None:
    resolver = ScriptedResolver({"company.com MX": mx((0, ""))})
    facts = _look_up("company.com", resolver)
    assert (facts.null_mx, facts.accepts_mail, facts.existence) == (True, False, Existence.EXISTS)
    assert resolver.asked == ["company.com MX"]


@pytest.mark.parametrize(
    ("exchange", "host"),
    [("=cmd|'/c calc'!A0.evil.com", "?cmd???c?calc??a0.evil.com"), (b'\x1b[31m\xff,"\n', "??31m????")],
)
def test_a_mail_host_is_written_down_in_the_letters_of_host_names(exchange: str | bytes, host: str) -> None:
    assert _look_up("company.com", ScriptedResolver({"company.com MX": mx((10, exchange))})).mx_host == host


@pytest.mark.parametrize("record_type", ["A", "AAAA"])
def test_without_an_mx_the_domains_own_address_takes_mail(record_type: str) -> None:
    facts = _look_up("company.com", ScriptedResolver({f"company.com {record_type}": ADDRESS}))
    assert (facts.implicit_mx, facts.accepts_mail, facts.mx_host) == (True, True, "company.com")
    assert facts.spf == SpfPosture(valid=False, detail="none")


def test_neither_mx_nor_address_takes_no_mail() -> None:
    resolver = ScriptedResolver({})
    facts = _look_up("company.com", resolver)
    assert (facts.accepts_mail, facts.existence) == (False, Existence.EXISTS)
    assert resolver.asked == ["company.com MX", "company.com A", "company.com AAAA"]


def test_no_mx_and_a_silent_address_is_unknown() -> None:
    resolver = ScriptedResolver({"company.com A": TIMEOUT})
    facts = _look_up("company.com", resolver)
    assert (facts.accepts_mail, facts.ttl_seconds) == (None, 60)
    assert resolver.asked[-1] == "company.com A"


def test_dmarc_is_looked_for_at_the_organisational_domain_too() -> None:
    answers = {"a.b.company.co.uk MX": mx((1, "mx.x.example")), "_dmarc.company.co.uk TXT": txt(b"v=DMARC1; p=none")}
    resolver = ScriptedResolver(answers)
    assert _look_up("a.b.company.co.uk", resolver).dmarc.found_at == "company.co.uk"
    assert "_dmarc.b.company.co.uk TXT" not in resolver.asked


def test_no_selector_is_tried_when_nothing_exists_below_domainkey() -> None:
    resolver = ScriptedResolver({**HEALTHY, "_domainkey.company.com TXT": NXDOMAIN})
    facts = _look_up("company.com", resolver)
    assert (facts.dkim.valid, facts.dkim.detail) == (None, "no_keys")
    assert not any("google" in question for question in resolver.asked)


def test_selectors_are_tried_until_a_key_is_found() -> None:
    answers = {**HEALTHY, "google._domainkey.company.com TXT": NODATA, "s1._domainkey.company.com TXT": txt(b"p=MIGf")}
    assert _look_up("company.com", ScriptedResolver(answers)).dkim.selector == "s1"


def test_an_open_question_about_authentication_is_asked_again_soon() -> None:
    facts = _look_up("company.com", ScriptedResolver({**HEALTHY, "_dmarc.company.com TXT": TIMEOUT}))
    assert (facts.dmarc.valid, facts.dmarc.detail, facts.ttl_seconds) == (None, "timeout", 300)
    assert facts.lookups.dmarc is Lookup.TIMEOUT


@pytest.mark.parametrize(("ttl", "kept"), [(0, 300), (299, 300), (4000, 3600), (1_000_000, 3600)])
def test_facts_live_as_long_as_the_shortest_record(ttl: int, kept: int) -> None:
    answers = {**HEALTHY, "company.com MX": mx((10, "mx.company.com"), ttl=ttl)}
    assert _look_up("company.com", ScriptedResolver(answers)).ttl_seconds == kept


def test_facts_live_a_day_at_most() -> None:
    answers = {"company.com MX": mx((10, "mx.company.com"), ttl=2**31)}
    assert _look_up("company.com", ScriptedResolver(answers)).ttl_seconds == 86_400


HOSTS = st.tuples(st.integers(0, 65535), st.text(max_size=20) | st.binary(max_size=20))


@given(st.lists(HOSTS, min_size=1, max_size=30), st.lists(st.binary(max_size=60), max_size=5))
def test_no_answer_makes_it_raise(hosts: list[tuple[int, str | bytes]], texts: list[bytes]) -> None:
    facts = _look_up("company.com", ScriptedResolver({"company.com MX": mx(*hosts)}, txt(*texts)))
    assert facts.accepts_mail is not None
    assert DomainFacts.from_json(facts.to_json(), facts.domain) == facts


def test_texts_without_end_are_cut_off() -> None:
    facts = _look_up("company.com", ScriptedResolver({**HEALTHY, "company.com TXT": txt(b"v=spf1 " + b"a " * 50_000)}))
    assert facts.spf == SpfPosture(valid=False, detail="syntax")
