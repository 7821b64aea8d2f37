"""The probe against a real authoritative name server: every kind of domain, and the questions it costs."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import dns.resolver
import dns.zone
import pytest

from domain_facts import public
from mailsift.analyzer.evidence import DomainFacts, Existence, Lookup, Reach
from mailsift.analyzer.probes.breaker import CircuitBreaker
from mailsift.analyzer.probes.domains import DomainProbe
from mailsift.analyzer.probes.reading import MAX_TEXT_BYTES
from mailsift.analyzer.probes.resolver import Resolver
from mailsift.analyzer.probes.settings import ProbeSettings
from mailsift.analyzer.records.replies import Question, RecordType, Reply
from mailsift.analyzer.reference.lists import packaged_lists
from servers import run_mortal_nsd

LONG_TXT = "\n".join(f'long TXT "{"x" * 250}" "{"y" * 250}" "{number}"' for number in range(90))
ZONE = f"""
$ORIGIN example.
$TTL 1200
@ SOA ns.example. hostmaster.example. 1 3600 600 86400 300
@ NS ns
ns A 127.0.0.1
mx A 192.0.2.1
good MX 20 mx2.good
good MX 10 mx1.good
mx1.good A 192.0.2.1
mx2.good A 192.0.2.1
good TXT "v=spf1 include:_spf.exam" "ple ~all"
_spf TXT "v=spf1 ip4:192.0.2.1 -all"
_dmarc.good TXT "v=DMARC1; p=quarantine; rua=mailto:d@good.example"
selector1._domainkey.good TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
null MX 0 .
implicit A 192.0.2.1
implicit6 AAAA 2001:db8::1
bare TXT "nothing here takes mail"
alias CNAME good
dangling CNAME nowhere.example.
self MX 10 self
self A 192.0.2.1
self TXT "\\255\\254 v=spf1"
long MX 10 mx
long 60 TXT "v=spf1 -all"
{LONG_TXT}
twice MX 10 mx
twice TXT "v=spf1 -all"
twice TXT "v=spf1 mx -all"
*.wild MX 10 mx
*.wild TXT "v=spf1 -all"
lame NS ns.elsewhere.net.
unresolvable MX 10 mx.unresolvable
unresolvable MX 20 nodata
nodata TXT "a name without an address"
loopback MX 10 here
here A 127.0.0.1
private MX 10 intranet
intranet A 10.1.2.3
intranet AAAA fd00::1
six MX 10 mx6
mx6 AAAA 2001:db8::1
literal MX 10 192.0.2.7.
aliased MX 10 alias-of-mx
alias-of-mx CNAME mx
at-home A 127.0.0.1
"""
ZONES = {
    "example": ZONE,
    "published.net": """
$ORIGIN published.net.
$TTL 1200
@ SOA ns hostmaster 1 3600 600 86400 300
@ NS ns1
@ NS ns2
@ MX 10 aspmx.l.google.com.
mx A 192.0.2.1
whole MX 10 mx
whole TXT "v=spf1 mx a:mx.published.net include:a.published.net" " include:b.published.net -all"
a TXT "v=spf1 ip4:192.0.2.0/24 redirect=c.published.net"
b TXT "v=spf1 ~all"
c TXT "v=spf1 ?all"
20230601._domainkey.whole TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
k1._domainkey.whole CNAME key
key TXT "v=DKIM1; k=ed25519; " "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
_dmarc TXT "v=DMARC1; p=reject; sp=quarantine; np=reject; adkim=s; t=y; rua=mailto:d@published.net"
_mta-sts.whole TXT "v=STSv1; id=20260101T000000;"
_smtp._tls.whole TXT "v=TLSRPTv1; rua=mailto:t@published.net"
loop MX 10 mx
loop TXT "v=spf1 include:loop2.published.net -all"
loop2 TXT "v=spf1 include:loop.published.net -all"
void MX 10 mx
void TXT "v=spf1 a:x1.published.net a:x2.published.net a:x3.published.net -all"
eleven MX 10 mx
eleven TXT "v=spf1 a a a a a a a a a a a -all"
eleven A 192.0.2.1
sloppy MX 10 mx
sloppy TXT "v=spf1 include:nobody.published.net -all"
sloppy TXT "\255\254\200 not text"
_dmarc.sloppy TXT "v=DMARC1; p=\195\164"
default._domainkey.sloppy TXT "v=DKIM1; p="
chain MX 10 mx
chain TXT "v=spf1 include:c1.published.net -all"
c1 CNAME c2
c2 CNAME c3
c3 CNAME b
huge MX 10 mx
HUGE
*.sprawl MX 10 mx
parked MX 10 mail.h-email.net.
""",
    "h-email.net": """
$ORIGIN h-email.net.
$TTL 1200
@ SOA ns hostmaster 1 3600 600 86400 300
@ NS ns
mail A 192.0.2.1
""",
    "company.co.uk": """
$ORIGIN company.co.uk.
$TTL 1200
@ SOA ns.example. hostmaster.example. 1 3600 600 86400 300
@ NS ns.example.
mail MX 10 mx
mx A 192.0.2.1
_dmarc TXT "v=DMARC1; p=reject; sp=none"
""",
}

# 60 KB in one record, and each of its strings would be a good one by itself.
SIXTY_KILOBYTES = " ".join(f'"v=spf1 {"a:mx " * 48}"' for _ in range(245))
ZONES["published.net"] = ZONES["published.net"].replace("HUGE", f"huge TXT {SIXTY_KILOBYTES}")

NameServer = Callable[[Mapping[str, str]], str]


def _probe(nameserver: str, asked: Counter[Lookup] | None = None) -> DomainProbe:
    counter = asked if asked is not None else Counter[Lookup]()
    return DomainProbe(
        ProbeSettings(nameservers=(nameserver,), query_seconds=20),
        CircuitBreaker(),
        lambda _type, lookup, _seconds: counter.update([lookup]),
    )


def _resolve(probe: DomainProbe, *domains: str) -> dict[str, DomainFacts]:
    found: list[DomainFacts] = []
    probe.resolve_all(domains, found.extend)
    return {facts.domain: facts for facts in found}


def test_every_kind_of_domain_is_told_apart(name_server: NameServer) -> None:
    names = ("good", "null", "implicit", "implicit6", "bare", "alias", "dangling", "self", "long", "twice")
    asked: Counter[Lookup] = Counter()
    probe = _probe(name_server(ZONES), asked)
    found = _resolve(
        probe,
        *(f"{name}.example" for name in names),
        "a.wild.example",
        "missing.example",
        "mail.company.co.uk",
        "elsewhere.org",
    )
    facts = {domain.removesuffix(".example"): known for domain, known in found.items()}

    assert facts["good"].mx == (public(10, "mx1.good.example"), public(20, "mx2.good.example"))
    assert (facts["good"].spf.valid, facts["good"].spf.all_policy) == (True, "softfail")
    assert (facts["good"].dkim.valid, facts["good"].dkim.selector) == (True, "selector1")
    assert (facts["good"].dmarc.valid, facts["good"].dmarc.policy) == (True, "quarantine")
    assert facts["good"].ttl_seconds == 1200
    assert (facts["null"].null_mx, facts["null"].accepts_mail) == (True, False)
    assert (facts["implicit"].own_host, facts["implicit"].accepts_mail) == (public(0, "implicit.example"), True)
    assert (facts["implicit6"].mx_host, facts["implicit6"].accepts_mail) == ("implicit6.example", True)
    assert (facts["bare"].existence, facts["bare"].accepts_mail) == (Existence.EXISTS, False)
    assert facts["alias"].mx == facts["good"].mx
    assert facts["dangling"].existence is Existence.NXDOMAIN
    assert facts["self"].mx == (public(10, "self.example"),)
    assert facts["self"].spf.detail == "none"
    assert (facts["long"].spf.valid, facts["long"].ttl_seconds) == (True, 300)
    assert facts["twice"].spf.detail == "several"
    assert (facts["a.wild"].accepts_mail, facts["a.wild"].dkim.valid) == (True, None)
    assert facts["missing"].existence is Existence.NXDOMAIN
    assert (facts["mail.company.co.uk"].dmarc.policy, facts["mail.company.co.uk"].dmarc.found_at) == (
        "none",
        "company.co.uk",
    )
    assert facts["elsewhere.org"].existence is Existence.REFUSED
    assert set(asked) == {Lookup.FOUND, Lookup.NODATA, Lookup.NXDOMAIN, Lookup.REFUSED}


WHERE_MAIL_GOES = (
    ("unresolvable", (Reach.NO_ADDRESS, Reach.NO_ADDRESS), False),
    ("loopback", (Reach.NOWHERE,), False),
    ("private", (Reach.PRIVATE,), True),
    ("six", (Reach.PUBLIC,), True),
    ("literal", (Reach.LITERAL,), True),
    ("aliased", (Reach.PUBLIC,), True),
    ("at-home", (Reach.NOWHERE,), False),
)


def test_it_is_known_where_mail_goes(name_server: NameServer) -> None:
    found = _resolve(_probe(name_server(ZONES)), *(f"{name}.example" for name, _, _ in WHERE_MAIL_GOES))
    told = tuple(
        (name, tuple(host.reach for host in facts.mail_hosts), facts.accepts_mail)
        for name, _, _ in WHERE_MAIL_GOES
        for facts in [found[f"{name}.example"]]
    )
    assert told == WHERE_MAIL_GOES
    assert found["private.example"].mx[0].addresses == ("10.1.2.3", "fd00::1")
    assert [host.is_alias for host in found["aliased.example"].mx] == [True]


def test_what_a_domain_publishes_is_found_wherever_it_stands(name_server: NameServer) -> None:
    facts = _resolve(_probe(name_server(ZONES)), "whole.published.net")["whole.published.net"]
    assert (facts.spf.valid, facts.spf.all_policy, facts.spf.lookups, facts.spf.voids) == (True, "fail", 5, 0)
    assert facts.spf.includes == ("a.published.net", "c.published.net", "b.published.net")
    assert (facts.dkim.valid, facts.dkim.selector, facts.dkim.key_type) == (True, "k1", "ed25519")
    dmarc = facts.dmarc
    assert (dmarc.policy, dmarc.found_at, dmarc.is_test) == ("quarantine", "published.net", True)
    assert (dmarc.nonexistent_policy, dmarc.dkim_alignment, dmarc.spf_alignment) == ("reject", "s", "r")
    assert dmarc.reports_to == ("mailto:d@published.net",)
    assert (facts.mta_sts.value, facts.tls_rpt.value) == ("20260101T000000", "mailto:t@published.net")
    assert facts.name_servers == ("ns1.published.net", "ns2.published.net")
    assert facts.wildcard_mx is None


SPF_FAULTS = (
    ("loop", False, "loop", "loop2.published.net"),
    ("void", False, "too_many_voids", "void.published.net"),
    ("eleven", False, "too_many_lookups", "eleven.published.net"),
    ("sloppy", False, "include_missing", "sloppy.published.net"),
    ("huge", False, "syntax", "huge.published.net"),
    ("chain", True, "valid", None),
)


def test_each_way_to_break_an_spf_record_is_named(name_server: NameServer) -> None:
    probe = _probe(name_server(ZONES))
    found = _resolve(probe, *(f"{name}.published.net" for name, *_ in SPF_FAULTS))
    told = {name: facts.spf for name, facts in found.items()}
    assert [
        (
            name,
            told[f"{name}.published.net"].valid,
            told[f"{name}.published.net"].detail,
            told[f"{name}.published.net"].at,
        )
        for name, *_ in SPF_FAULTS
    ] == list(SPF_FAULTS)
    sloppy = found["sloppy.published.net"]
    assert (sloppy.dmarc.valid, sloppy.dmarc.detail) == (False, "no_policy")
    assert (sloppy.dkim.valid, sloppy.dkim.detail, sloppy.dkim.revoked) == (None, "revoked", ("default",))


def test_wildcards_and_parking_are_noticed(name_server: NameServer) -> None:
    found = _resolve(_probe(name_server(ZONES)), "a.sprawl.published.net", "parked.published.net")
    assert found["a.sprawl.published.net"].wildcard_mx == "sprawl.published.net"
    parking = packaged_lists().parking_of(found["parked.published.net"])
    assert parking is not None
    assert parking.entry == "h-email.net"


def test_a_nameserver_that_only_points_elsewhere_proves_nothing(name_server: NameServer) -> None:
    facts = _resolve(_probe(name_server(ZONES)), "lame.example")["lame.example"]
    assert (facts.existence, facts.accepts_mail, facts.lookups.mx) == (Existence.LAME, None, Lookup.NODATA)


FAILING_ZONES = {
    "example": """
$ORIGIN example.
$TTL 1200
@ SOA ns hostmaster 1 3600 600 86400 300
@ NS ns
ns A 127.0.0.1
circle CNAME round
round CNAME circle
at-circle MX 10 circle
chain CNAME chain2
chain2 CNAME chain3
chain3 CNAME chain4
chain4 MX 10 mx-chain
mx-chain CNAME mx-chain2
mx-chain2 CNAME ns
lame NS ns.elsewhere.net.
""",
    "broken.test": "no zone at all",
}
FAILURES = (
    ("broken.test", Existence.SERVFAIL, Lookup.SERVFAIL, None),
    ("elsewhere.org", Existence.REFUSED, Lookup.REFUSED, None),
    ("lame.example", Existence.LAME, Lookup.NODATA, None),
    ("missing.example", Existence.NXDOMAIN, Lookup.NXDOMAIN, False),
    ("below.missing.example", Existence.NXDOMAIN, Lookup.NXDOMAIN, False),
    ("circle.example", Existence.EXISTS, Lookup.NODATA, False),
    ("at-circle.example", Existence.EXISTS, Lookup.FOUND, False),
    ("chain.example", Existence.EXISTS, Lookup.FOUND, False),
)


def test_each_way_to_fail_is_named(name_server: NameServer) -> None:
    found = _resolve(_probe(name_server(FAILING_ZONES)), *(name for name, *_ in FAILURES))
    told = {name: (facts.existence, facts.lookups.mx, facts.accepts_mail) for name, facts in found.items()}
    assert told == {name: tuple(expected) for name, *expected in FAILURES}
    at_circle, at_chain = found["at-circle.example"].mx[0], found["chain.example"].mx[0]
    assert (at_circle.reach, at_circle.is_alias) == (Reach.NO_ADDRESS, True)
    assert (at_chain.reach, at_chain.is_alias, at_chain.addresses) == (Reach.NOWHERE, True, ("127.0.0.1",))


def test_a_nameserver_that_says_nothing_is_no_evidence() -> None:
    with run_mortal_nsd(FAILING_ZONES) as (address, power), power.suspended():
        probe = DomainProbe(ProbeSettings((address,), query_seconds=0.5), CircuitBreaker())
        facts = _resolve(probe, "missing.example")["missing.example"]
    assert (facts.existence, facts.lookups.mx, facts.accepts_mail) == (Existence.TIMEOUT, Lookup.TIMEOUT, None)


def test_a_name_that_does_not_exist_costs_one_question(name_server: NameServer) -> None:
    asked: Counter[Lookup] = Counter()
    _resolve(_probe(name_server(ZONES), asked), *(f"missing{number}.example" for number in range(300)))
    assert asked == {Lookup.NXDOMAIN: 300}


def test_one_probe_serves_several_threads_at_once(name_server: NameServer) -> None:
    probe = _probe(name_server(ZONES))
    results: list[dict[str, DomainFacts]] = []

    def work(first: int) -> None:
        results.append(_resolve(probe, *(f"{number}.wild.example" for number in range(first, first + 100))))

    threads = [threading.Thread(target=work, args=(100 * number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(len(found) for found in results) == 400
    assert all(facts.accepts_mail for found in results for facts in found.values())


def test_what_the_callback_raises_ends_the_run(name_server: NameServer) -> None:
    class JobGone(Exception):
        pass

    seen: list[int] = []

    def on_found(news: Sequence[DomainFacts]) -> None:
        seen.append(len(news))
        if sum(seen):
            raise JobGone

    domains = [f"{number}.wild.example" for number in range(5000)]
    with pytest.raises(JobGone):
        _probe(name_server(ZONES)).resolve_all(domains, on_found)
    assert not any(seen[:-1])
    assert seen[-1] < len(domains)


def test_the_hosts_file_is_not_asked(name_server: NameServer) -> None:
    facts = _resolve(_probe(name_server(ZONES)), "localhost")["localhost"]
    assert facts.existence is Existence.REFUSED


def test_nothing_to_look_up_is_no_fault(name_server: NameServer) -> None:
    assert _resolve(_probe(name_server(ZONES))) == {}


TYPES: tuple[RecordType, ...] = ("A", "AAAA", "MX", "NS", "TXT")


def _questions() -> list[Question]:
    zones = [dns.zone.from_text(zone, name, relativize=False, check_origin=False) for name, zone in ZONES.items()]
    names = {name.to_text(omit_final_dot=True) for zone in zones for name in zone}
    asked = {*names, *(f"nobody.{name}" for name in names)}
    return [Question(name, record_type) for name in sorted(asked) for record_type in TYPES if "*" not in name]


def _told(reply: Reply) -> set[str]:
    hosts = {f"{host.preference} {host.host}" for host in reply.hosts}
    return {*hosts, *reply.addresses, *reply.names, *(text[:MAX_TEXT_BYTES] for text in reply.texts)}


def _as_dnspython_says(resolver: dns.resolver.Resolver, question: Question) -> tuple[Lookup, set[str]]:
    try:
        answer = resolver.resolve(*question, raise_on_no_answer=False)
    except dns.resolver.NXDOMAIN:
        return Lookup.NXDOMAIN, set()
    found = set()
    for data in answer.rrset or ():
        if question.record_type == "TXT":
            # A control character is not kept.
            found.add(b"".join(data.strings).decode("ascii", "replace")[:MAX_TEXT_BYTES].replace("\x01", "\ufffd"))
        else:
            found.add(data.to_text().rstrip(".").lower())
    return (Lookup.FOUND if found else Lookup.NODATA), found


def test_every_name_of_the_zones_is_told_as_dnspython_tells_it(name_server: NameServer) -> None:
    address = name_server(ZONES)
    host, _, port = address.rpartition(":")
    reference = dns.resolver.Resolver(configure=False)
    reference.nameservers, reference.port = [host], int(port)
    reference.lifetime = 20
    questions, replies = _questions(), dict[Question, Reply]()

    async def ask_all() -> None:
        ended = asyncio.get_running_loop().create_future()

        def keep(question: Question, reply: Reply) -> None:
            replies[question] = reply
            if len(replies) == len(questions):
                ended.set_result(None)

        async with Resolver(ProbeSettings((address,), query_seconds=20), CircuitBreaker()) as resolver:
            for question in questions:
                resolver.ask(question, partial(keep, question))
            await ended

    asyncio.run(ask_all())
    assert {question: (reply.lookup, _told(reply)) for question, reply in replies.items()} == {
        question: _as_dnspython_says(reference, question) for question in questions
    }
