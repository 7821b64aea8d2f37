"""What is asked about a domain, in which order, and what is not asked any more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain_facts import public
from mailsift.analyzer.evidence import DomainFacts, Existence, Lookup, Lookups, MailHost, Reach, SpfPosture
from mailsift.analyzer.facts_json import facts_from_json, facts_to_json
from mailsift.analyzer.probes import inquiry
from mailsift.analyzer.probes.inquiry import MAX_QUESTIONS, SHARED_SECONDS, SharedMemory, Then
from mailsift.analyzer.probes.lookup import DomainLookup
from mailsift.analyzer.probes.reading import read
from mailsift.analyzer.records.message import Message
from mailsift.analyzer.records.replies import Question, RecordType, Reply


def found(record_type: RecordType, *records: object, ttl: int = 3600, is_alias: bool = False) -> Reply:
    return read(Message(0, False, records, ttl, is_alias), record_type)


def mx(*hosts: tuple[int, str], ttl: int = 3600) -> Reply:
    return found("MX", *hosts, ttl=ttl)


def txt(*texts: bytes, ttl: int = 3600) -> Reply:
    return found("TXT", *texts, ttl=ttl)


def ns(*names: str) -> Reply:
    return found("NS", *names)


def at(*addresses: str, is_alias: bool = False) -> Reply:
    return found("A", *addresses, ttl=60, is_alias=is_alias)


ADDRESS = at("192.0.2.1")
NODATA = Reply(Lookup.NODATA)
NXDOMAIN = Reply(Lookup.NXDOMAIN)
TIMEOUT = Reply(Lookup.TIMEOUT)
KEY = b"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


@dataclass
class ScriptedResolver:
    answers: Mapping[str, Reply]
    """By name and type, or by type for whatever name."""
    otherwise: Reply = NODATA
    asked: list[str] = field(default_factory=list)

    def ask(self, question: Question, then: Then) -> None:
        asked = " ".join(question)
        self.asked.append(asked)
        then(self.answers.get(asked) or self.answers.get(question.record_type, self.otherwise))


def _look_up(domain: str, resolver: ScriptedResolver) -> DomainFacts:
    async def look_up() -> DomainFacts:
        return await DomainLookup(resolver.ask).facts(domain)

    return asyncio.run(look_up())


HEALTHY = {
    "company.com MX": mx((20, "MX2.company.com"), (10, "mx1.company.com")),
    "company.com A": ADDRESS,
    "mx1.company.com A": ADDRESS,
    "mx2.company.com A": ADDRESS,
    "company.com TXT": txt(b"v=spf1 mx a -all", b"\xff\xfe"),
    "_dmarc.company.com TXT": txt(b"v=DMARC1; p=reject"),
    "google._domainkey.company.com TXT": txt(KEY),
    "_mta-sts.company.com TXT": txt(b"v=STSv1; id=1"),
    "_smtp._tls.company.com TXT": txt(b"v=TLSRPTv1; rua=mailto:t@company.com"),
    "company.com NS": ns("ns1.Company.com", "ns2.company.com"),
}


def test_a_healthy_domain_is_asked_what_is_needed_and_no_more() -> None:
    resolver = ScriptedResolver(HEALTHY)
    facts = _look_up("company.com", resolver)
    assert facts.mx == (public(10, "mx1.company.com"), public(20, "mx2.company.com"))
    assert (facts.accepts_mail, facts.spf.valid, facts.dkim.valid, facts.dmarc.valid) == (True, True, True, True)
    assert facts.ttl_seconds == 3600
    assert (facts.mta_sts.value, facts.tls_rpt.value) == ("1", "mailto:t@company.com")
    assert facts.name_servers == ("ns1.company.com", "ns2.company.com")
    assert facts.wildcard_mx is None
    asked = [question for question in resolver.asked if not question.startswith("mailsift-")]
    assert sorted(asked) == sorted([*HEALTHY, "_domainkey.company.com TXT"])
    assert len(resolver.asked) == len(set(resolver.asked)) == len(asked) + 1


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
    resolver = ScriptedResolver({}, Reply(lookup))
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
    [("=cmd|'/c calc'!A0.evil.com", "?cmd???c?calc??a0.evil.com"), ('\x1b[31m\ufffd,"\n', "??31m????")],
)
def test_a_mail_host_is_written_down_in_the_letters_of_host_names(exchange: str, host: str) -> None:
    facts = _look_up("company.com", ScriptedResolver({"company.com MX": mx((10, exchange))}))
    assert (facts.mx_host, facts.mx[0].reach) == (host, Reach.NO_ADDRESS)


@pytest.mark.parametrize("record_type", ["A", "AAAA"])
def test_without_an_mx_the_domains_own_address_takes_mail(record_type: str) -> None:
    facts = _look_up("company.com", ScriptedResolver({f"company.com {record_type}": ADDRESS}))
    assert facts.own_host == public(0, "company.com")
    assert (facts.accepts_mail, facts.mx_host) == (True, "company.com")
    assert facts.spf == SpfPosture(valid=False, detail="none")


def test_neither_mx_nor_address_takes_no_mail() -> None:
    resolver = ScriptedResolver({})
    facts = _look_up("company.com", resolver)
    assert (facts.accepts_mail, facts.existence) == (False, Existence.EXISTS)
    assert resolver.asked == ["company.com MX", "company.com A", "company.com AAAA"]


@pytest.mark.parametrize("lookup", [Lookup.NODATA, Lookup.SERVFAIL, Lookup.REFUSED])
@pytest.mark.parametrize(("is_referral", "extended_error"), [(True, None), (False, 22)])
def test_a_domain_that_nobody_answers_for_is_lame_and_no_worse(
    lookup: Lookup, is_referral: bool, extended_error: int | None
) -> None:
    first = Reply(lookup, is_referral=is_referral, extended_error=extended_error)
    facts = _look_up("company.com", ScriptedResolver({"company.com MX": first}))
    is_proof = lookup is not Lookup.NODATA or is_referral
    assert (facts.existence is Existence.LAME, facts.accepts_mail) == (is_proof, None if is_proof else False)
    assert facts.extended_error == extended_error


def test_a_failure_is_kept_with_what_the_nameserver_says_of_it() -> None:
    facts = _look_up("company.com", ScriptedResolver({}, Reply(Lookup.SERVFAIL, extended_error=6)))
    assert (facts.existence, facts.extended_error) == (Existence.SERVFAIL, 6)


@pytest.mark.parametrize(("said", "kept"), [(None, 900), (3600, 3600), (1, 300), (10**6, 86_400)])
def test_a_denial_is_kept_as_long_as_it_says(said: int | None, kept: int) -> None:
    answer = Reply(Lookup.NXDOMAIN, ttl_seconds=said)
    assert _look_up("company.com", ScriptedResolver({}, answer)).ttl_seconds == kept


def test_no_mx_and_a_silent_address_is_unknown() -> None:
    resolver = ScriptedResolver({"company.com A": TIMEOUT})
    facts = _look_up("company.com", resolver)
    assert (facts.accepts_mail, facts.ttl_seconds) == (None, 60)
    assert resolver.asked[-1] == "company.com A"


def test_dmarc_is_looked_for_up_the_tree() -> None:
    answers = {
        "a.b.company.co.uk MX": mx((1, "mx.x.example")),
        "mx.x.example A": ADDRESS,
        "_dmarc.company.co.uk TXT": txt(b"v=DMARC1; p=none"),
    }
    resolver = ScriptedResolver(answers)
    assert _look_up("a.b.company.co.uk", resolver).dmarc.found_at == "company.co.uk"
    assert "company.co.uk NS" in resolver.asked


def test_a_wildcard_beside_a_subdomain_is_noticed() -> None:
    facts = _look_up("a.company.com", ScriptedResolver({"MX": mx((1, "mx.net")), "A": ADDRESS}))
    assert facts.wildcard_mx == "company.com"


def test_no_selector_is_tried_when_nothing_exists_below_domainkey() -> None:
    resolver = ScriptedResolver({**HEALTHY, "_domainkey.company.com TXT": NXDOMAIN})
    facts = _look_up("company.com", resolver)
    assert (facts.dkim.valid, facts.dkim.detail) == (None, "no_keys")
    assert not any("google" in question for question in resolver.asked)


def test_selectors_are_tried_until_a_key_is_found() -> None:
    answers = {**HEALTHY, "google._domainkey.company.com TXT": NODATA, "s1._domainkey.company.com TXT": txt(KEY)}
    assert _look_up("company.com", ScriptedResolver(answers)).dkim.selector == "s1"


def test_an_open_question_about_authentication_is_asked_again_soon() -> None:
    facts = _look_up("company.com", ScriptedResolver({**HEALTHY, "_dmarc.company.com TXT": TIMEOUT}))
    assert (facts.dmarc.valid, facts.dmarc.detail, facts.ttl_seconds) == (None, "timeout", 300)
    assert facts.lookups.dmarc is Lookup.TIMEOUT


@pytest.mark.parametrize(("ttl", "kept"), [(0, 300), (299, 300), (4000, 3600), (1_000_000, 3600)])
def test_facts_live_as_long_as_the_shortest_record(ttl: int, kept: int) -> None:
    answers = {**HEALTHY, "company.com MX": mx((10, "mx1.company.com"), ttl=ttl)}
    assert _look_up("company.com", ScriptedResolver(answers)).ttl_seconds == kept


def test_facts_live_a_day_at_most() -> None:
    answers = {"company.com MX": mx((10, "mx.company.com"), ttl=2**31), "mx.company.com A": ADDRESS}
    assert _look_up("company.com", ScriptedResolver(answers)).ttl_seconds == 86_400


HOSTS = st.tuples(st.integers(0, 65535), st.text(max_size=20))


VERSIONS = st.sampled_from(
    [b"", b"v=spf1 ", b"v=DMARC1; p=none; rua=mailto:", b"v=DKIM1; k=", b"v=TLSRPTv1; rua=https:"]
)
TEXTS = st.builds(bytes.__add__, VERSIONS, st.binary(max_size=60))


@given(st.lists(HOSTS, min_size=1, max_size=30), st.lists(TEXTS, max_size=5))
def test_no_answer_makes_it_raise(hosts: list[tuple[int, str]], texts: list[bytes]) -> None:
    answers = {"company.com MX": mx(*hosts), "A": ADDRESS, "TXT": txt(*texts)}
    facts = _look_up("company.com", ScriptedResolver(answers))
    assert facts_from_json(facts_to_json(facts), facts.domain) == facts
    assert "\\u0000" not in json.dumps(facts_to_json(facts))


def test_a_control_character_in_a_record_is_not_kept() -> None:
    texts = txt(b"v=spf1 \x00mx -all"), txt(b"v=DMARC1; p=none; rua=mailto:a\x00@b.c")
    facts = _look_up(
        "company.com", ScriptedResolver({**HEALTHY, "company.com TXT": texts[0], "_dmarc.company.com TXT": texts[1]})
    )
    assert (facts.spf.detail, facts.spf.record) == ("syntax", "v=spf1 \ufffdmx -all")
    assert facts.dmarc.reports_to == ("mailto:a\ufffd@b.c",)


def test_texts_without_end_are_cut_off() -> None:
    facts = _look_up("company.com", ScriptedResolver({**HEALTHY, "company.com TXT": txt(b"v=spf1 " + b"a " * 50_000)}))
    assert (facts.spf.valid, facts.spf.detail) == (False, "syntax")
    assert len(facts.spf.record or "") <= 1024


HOSTS_OF_A_DOMAIN = {
    "plain.net A": ADDRESS,
    "six.net AAAA": at("2001:db8::1"),
    "gone.net A": NXDOMAIN,
    "home.net A": at("10.0.0.1", "192.168.1.1"),
    "loop.net A": at("127.0.0.1"),
    "alias.net A": at("192.0.2.1", is_alias=True),
    "silent.net A": TIMEOUT,
    "half.net AAAA": TIMEOUT,
}

WHERE_HOSTS_ARE = (
    (("plain.net",), Reach.PUBLIC, True),
    (("six.net",), Reach.PUBLIC, True),
    (("alias.net",), Reach.PUBLIC, True),
    (("gone.net",), Reach.NO_ADDRESS, False),
    (("nodata.net",), Reach.NO_ADDRESS, False),
    (("home.net",), Reach.PRIVATE, True),
    (("loop.net",), Reach.NOWHERE, False),
    (("192.0.2.7",), Reach.LITERAL, True),
    (("[192.0.2.7]",), Reach.LITERAL, True),
    (("silent.net",), Reach.UNKNOWN, None),
    (("half.net",), Reach.UNKNOWN, None),
    (("gone.net", "silent.net"), Reach.NO_ADDRESS, None),
    (("gone.net", "plain.net"), Reach.NO_ADDRESS, True),
    (("loop.net", "home.net"), Reach.NOWHERE, True),
)


@pytest.mark.parametrize(("hosts", "reach_of_the_first", "accepts_mail"), WHERE_HOSTS_ARE)
def test_mail_is_taken_where_a_host_can_be_reached(
    hosts: tuple[str, ...], reach_of_the_first: Reach, accepts_mail: bool | None
) -> None:
    answers = {**HOSTS_OF_A_DOMAIN, "company.com MX": mx(*enumerate(hosts))}
    facts = _look_up("company.com", ScriptedResolver(answers))
    assert (facts.mx[0].reach, facts.accepts_mail) == (reach_of_the_first, accepts_mail)
    assert facts.existence is Existence.EXISTS
    assert facts.mx[0].is_alias is (hosts == ("alias.net",))


def test_hosts_beyond_the_fifth_are_asked_for_only_where_none_can_be_reached() -> None:
    names = [f"mx{number}.net" for number in range(8)]
    found = ScriptedResolver({"company.com MX": mx(*enumerate(names)), "mx2.net A": ADDRESS})
    assert _look_up("company.com", found).mx[7] == MailHost(7, "mx7.net")
    assert "mx5.net A" not in found.asked
    lost = ScriptedResolver({"company.com MX": mx(*enumerate(names)), "mx7.net A": ADDRESS})
    assert _look_up("company.com", lost).accepts_mail


def test_what_many_domains_refer_to_is_asked_for_once() -> None:
    domains = [f"company{number}.com" for number in range(20)]
    resolver = ScriptedResolver({**{f"{name} MX": mx((1, "mx.net")) for name in domains}, "mx.net A": ADDRESS})

    async def look_up() -> list[DomainFacts]:
        lookup = DomainLookup(resolver.ask)
        return await asyncio.gather(*map(lookup.facts, domains))

    assert all(facts.accepts_mail for facts in asyncio.run(look_up()))
    assert resolver.asked.count("mx.net A") == 1


def test_what_many_refer_to_is_asked_for_again_after_five_minutes() -> None:
    resolver = ScriptedResolver({}, ADDRESS)
    times = iter((0.0, SHARED_SECONDS - 1, SHARED_SECONDS))
    memory = SharedMemory(resolver.ask, lambda: next(times))
    asked = []
    for _ in range(3):
        memory.ask(Question("mx.net", "A"), lambda _: None)
        asked.append(len(resolver.asked))
    assert asked == [1, 1, 2]


def test_no_more_is_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inquiry, "SHARED_SIZE", 3000)
    resolver = ScriptedResolver({}, ADDRESS)
    memory = SharedMemory(resolver.ask)
    for name in ("a.net", "b.net", "c.net", "c.net", "a.net"):
        memory.ask(Question(name, "A"), lambda _: None)
    assert resolver.asked == ["a.net A", "b.net A", "c.net A", "a.net A"]


def test_a_question_that_many_wait_for_and_nobody_answers_is_asked_again() -> None:
    resolver = ScriptedResolver({"a.com MX": mx((1, "mx.net")), "b.com MX": mx((1, "mx.net")), "mx.net A": TIMEOUT})

    async def look_up() -> None:
        lookup = DomainLookup(resolver.ask)
        await lookup.facts("a.com")
        await lookup.facts("b.com")

    asyncio.run(look_up())
    assert resolver.asked.count("mx.net A") == 2


def test_no_domain_costs_more_than_so_many_questions() -> None:
    answers = {"company.com MX": mx(*((1, f"mx{number}.net") for number in range(200)))}
    resolver = ScriptedResolver(answers, at("127.0.0.1"))
    _look_up("company.com", resolver)
    assert len(resolver.asked) <= MAX_QUESTIONS


def test_a_domain_that_answers_everything_at_length_is_asked_little() -> None:
    long = txt(*(b"%d " % number + b"x" * 8_000 for number in range(8)))
    resolver = ScriptedResolver({"company.com MX": mx((1, "mx.net"))} | {"A": ADDRESS, "TXT": long}, NODATA)
    facts = _look_up("company.com", resolver)
    assert facts.accepts_mail
    assert sum(question.endswith("TXT") for question in resolver.asked) <= 3
    assert (facts.dmarc.valid, facts.dkim.valid) == (None, None)


def test_no_question_is_begun_when_the_time_for_a_domain_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    class SlowResolver(ScriptedResolver):
        def ask(self, question: Question, then: Then) -> None:
            asyncio.get_running_loop().call_later(0.05, super().ask, question, then)

    monkeypatch.setattr(inquiry, "MAX_SECONDS", 0.01)
    resolver = SlowResolver(HEALTHY)
    facts = _look_up("company.com", resolver)
    assert resolver.asked == ["company.com MX"]
    assert (facts.existence, facts.accepts_mail) == (Existence.EXISTS, None)
    assert {host.lookup for host in facts.mx} == {Lookup.NOT_ASKED}
